"""Test locations drawn again, or exchanged between rows: how far a difference rests on which places were tested.

All clips of a location, of every run that tested it, go together. One draw of weights serves all rows, so that their
differences share it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overheard.scores.metrics import METRICS, Sums
from overheard.seeds import generator

Floats = NDArray[np.float64]
Indices = NDArray[np.integer]

RESAMPLES = 10_000
_CHUNK = 500
_TIE = 1e-12  # two ways to add the same numbers differ by less


class Answers(NamedTuple):
    """What some runs said of the same test clips, those of one fold.

    Attributes:
        location: (clips,) index into the study's locations.
        label: (clips,) index of the true class.
        predicted: (runs, clips) index of the class that each run said.
        lost: (runs, clips) minus the logarithm of the probability that each run gave the true class; or None.
    """

    location: Indices
    label: Indices
    predicted: Indices
    lost: Floats | None = None


@dataclass(frozen=True)
class Counts:
    """`Answers`, counted by location.

    Attributes:
        place: (places,) index into the study's locations of those tested here.
        support: (places, classes) clips.
        right: (places, runs, classes) clips of a class that a run knew.
        said: (places, runs, classes) clips of which a run said the class.
        lost: (places, runs, classes) of clips of a class, minus the logarithm of its probability, summed; or None.
    """

    place: Indices
    support: Floats
    right: Floats
    said: Floats
    lost: Floats | None = None

    @property
    def of_runs(self) -> list[Floats]:
        """What differs between runs: right, said, and lost where that is known."""
        return [self.right, self.said, *([] if self.lost is None else [self.lost])]


def counted(tested: Answers, classes: int) -> Counts:
    """Count clips by location, for `classes` classes."""
    place, own = np.unique(tested.location, return_inverse=True)
    runs = len(tested.predicted)
    support = np.zeros((len(place), classes))
    right, said = np.zeros((2, len(place), runs, classes))
    np.add.at(support, (own, tested.label), 1)
    for run, predicted in enumerate(tested.predicted):
        np.add.at(said[:, run], (own, predicted), 1)
        np.add.at(right[:, run], (own, tested.label), predicted == tested.label)
    if tested.lost is None:
        return Counts(place, support, right, said)
    lost = np.zeros_like(right)
    for run, own_lost in enumerate(tested.lost):
        np.add.at(lost[:, run], (own, tested.label), own_lost)
    return Counts(place, support, right, said, lost)


def scores_of(metrics: Sequence[str], sums: Sums) -> Floats:
    """Scores (..., metrics) as they are shown, of sums (..., classes); see `scores.metrics.METRICS`."""
    return np.stack([METRICS[metric].scale * METRICS[metric].of(sums) for metric in metrics], axis=-1)


def _sums(of_runs: Sequence[Floats], support: Floats) -> Sums:
    """Sums of `Counts.of_runs`."""
    right, said, *lost = of_runs
    return Sums(right, said, support, *lost)


def strata(classes: Sequence[str], folds: Sequence[object]) -> list[Indices]:
    """Groups of locations within which they are drawn: of one class and of the same fold, or folds, that test them.

    Of a location alone in its group nothing can be learnt about others: such ones are drawn among those of their class,
    whatever the fold, and, where a class has one alone, among the others left over. One that is left at last is in no
    group and always counts once.

    Args:
        classes: of each location.
        folds: what tests each location.
    """
    found: list[Indices] = []
    left = np.arange(len(classes))
    for key in (lambda place: (classes[place], folds[place]), lambda place: (classes[place],), lambda place: ()):
        groups: dict[tuple[object, ...], list[int]] = {}
        for place in left:
            groups.setdefault(key(int(place)), []).append(int(place))
        found += [np.array(group) for group in groups.values() if len(group) > 1]
        left = np.array([group[0] for group in groups.values() if len(group) == 1], dtype=np.int64)
    return found


def draws(groups: Sequence[Indices], locations: int, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """Weights (draws, locations) of resamples, some hundred at a time, with the mean 1 and the variance of a sample.

    Of n locations of a group n - 1 are drawn with replacement, each with the weight n / (n - 1): for a mean the
    variance over draws is then s² / n also where n is 2; n draws give (n - 1) / n of it (Rao and Wu 1988, Resampling
    inference with complex survey data, JASA 83).
    """
    rng = generator("test locations drawn again")
    for first in range(0, resamples, _CHUNK):
        weights = np.ones((min(_CHUNK, resamples - first), locations))
        for group in groups:
            n = len(group)
            weights[:, group] = rng.multinomial(n - 1, np.full(n, 1 / n), size=len(weights)) * (n / (n - 1))
        yield weights


def scores_under(weights: Floats, folds: Sequence[Counts], metrics: Sequence[str]) -> Floats:
    """Scores (draws, runs, metrics) of all runs, fold by fold, each location counted by its weight."""
    found = []
    for counts in folds:
        own = weights[:, counts.place]
        places, runs, classes = counts.right.shape
        of_runs = [(own @ its.reshape(places, -1)).reshape(-1, runs, classes) for its in counts.of_runs]
        found.append(scores_of(metrics, _sums(of_runs, (own @ counts.support)[:, None])))
    return np.concatenate(found, axis=1)


def covariance(
    folds: Sequence[Counts],
    groups: Sequence[Indices],
    locations: int,
    metrics: Sequence[str],
    resamples: int = RESAMPLES,
) -> Floats:
    """Covariances (metrics, runs, runs) of all runs' scores over test locations drawn again.

    Args:
        folds: the counts of each fold; runs are numbered through them.
        groups: see `strata`.
        locations: how many the study has.
        metrics: words of `scores.metrics.METRICS`.
        resamples: how often they are drawn.
    """
    observed = scores_under(np.ones((1, locations)), folds, metrics)
    runs = observed.shape[1]
    sums, squares = np.zeros((len(metrics), runs)), np.zeros((len(metrics), runs, runs))
    for weights in draws(groups, locations, resamples):
        # from what was observed, so that sums of squares lose no digits
        off = np.moveaxis(scores_under(weights, folds, metrics) - observed, 2, 0)
        sums += off.sum(axis=1)
        squares += np.swapaxes(off, 1, 2) @ off
    means = sums / resamples
    found: Floats = (squares - resamples * means[:, :, None] * means[:, None, :]) / (resamples - 1)
    return found


Pair = Mapping[tuple[int, int, int], float]
"""Of two rows: (fold, run of the first in it, of the second) with what the difference of their scores counts for."""


def exchanged(
    folds: Sequence[Counts],
    pairs: Sequence[Pair],
    locations: int,
    metrics: Sequence[str],
    exchanges: int = RESAMPLES,
) -> Floats:
    """Exchange tests (pairs, metrics): p of a difference as large, if it did not matter which row said what.

    At each location, with probability one half, all that the two rows' runs said of it is exchanged, and scores are
    computed again, since F is no sum over locations. The trainings are those that there are: p says nothing of others.
    What was observed counts as one of the exchanges, so that p is never 0 (Phipson and Smyth 2010).

    Args:
        folds: the counts of each fold.
        pairs: of rows.
        locations: how many the study has.
        metrics: words of `scores.metrics.METRICS`.
        exchanges: how many are tried, the same for all pairs.
    """
    rng = generator("labels exchanged by location")
    observed = np.abs(_differences(np.zeros((1, locations)), folds, pairs, metrics))[:, 0]
    beyond = np.zeros_like(observed)
    for first in range(0, exchanges, _CHUNK):
        swaps = rng.integers(0, 2, size=(min(_CHUNK, exchanges - first), locations)).astype(np.float64)
        beyond += (np.abs(_differences(swaps, folds, pairs, metrics)) >= observed[:, None] - _TIE).sum(axis=1)
    found: Floats = (1 + beyond) / (1 + exchanges)
    return found


def _differences(swaps: Floats, folds: Sequence[Counts], pairs: Sequence[Pair], metrics: Sequence[str]) -> Floats:
    """(pairs, exchanges, metrics) of second less first, where the locations of each exchange are the other's."""
    found = np.zeros((len(pairs), len(swaps), len(metrics)))
    for fold, counts in enumerate(folds):
        places, runs, classes = counts.right.shape
        # (what differs between runs, runs, exchanges, classes): in all, and at the exchanged locations
        of_runs = np.stack(counts.of_runs)
        both = of_runs.reshape(len(of_runs), places, -1)
        moved = (swaps[:, counts.place] @ both).reshape(-1, len(swaps), runs, classes).transpose(0, 2, 1, 3)
        whole = both.sum(axis=1).reshape(-1, runs, 1, classes)
        support = counts.support.sum(axis=0)
        for place, pair in enumerate(pairs):
            for (its, a, b), share in pair.items():
                if its == fold:
                    across = moved[:, b] - moved[:, a]
                    first = scores_of(metrics, _sums(list(whole[:, a] + across), support))
                    second = scores_of(metrics, _sums(list(whole[:, b] - across), support))
                    found[place] += share * (second - first)
    return found
