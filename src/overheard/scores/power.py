"""How small a difference between two rows a study can show: its standard error over folds, or over test locations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overheard.scores.over_seeds import error_of_fold_mean

Floats = NDArray[np.float64]

DETECTABLE = 2.8
"""Standard errors of a difference that is found in 4 of 5 studies at the 5 % level: 1.96 + 0.84."""


def fold_error(differences: Sequence[float], fold: Sequence[int], n_test: float, n_train: float) -> float:
    """Standard error of the mean difference, over folds that share training clips.

    Args:
        differences: one a seed, row A minus row B.
        fold: of each seed; seeds of one fold are averaged first.
        n_test: test clips of a fold.
        n_train: training clips of a fold.

    Raises:
        ValueError: fewer than two folds.
    """
    return error_of_fold_mean(by_fold(differences, fold), n_test, n_train)


def by_fold(values: Sequence[float], fold: Sequence[int]) -> list[float]:
    """The mean of each fold's values, in the order of the folds."""
    pairs = list(zip(values, fold, strict=True))
    return [float(np.mean([value for value, its in pairs if its == one])) for one in sorted(set(fold))]


def seeds_for(detectable: float, wanted: float, seeds: int) -> int:
    """About how many seeds (and folds' worth of locations) would show `wanted`, if `seeds` show `detectable`."""
    return int(np.ceil(seeds * (detectable / wanted) ** 2))


def location_error(
    label: NDArray[np.integer],
    location: NDArray[np.str_],
    predicted: tuple[NDArray[np.integer], NDArray[np.integer]],
    classes: int,
    resamples: int = 2000,
) -> float:
    """Standard error, in percent, of the difference of two weighted F over test locations drawn again within classes.

    All clips of a location, of every seed, are drawn together; of seeds nothing is drawn.

    Args:
        label: (clips,) true scene; a clip stands once for each seed that tested it.
        location: (clips,).
        predicted: (clips,) of row A and of row B.
        classes: number of scenes.
        resamples: how often locations are drawn.
    """
    names, place = np.unique(location, return_inverse=True)
    scene = np.zeros(len(names), dtype=np.int64)
    scene[place] = label
    counts = np.zeros((2, len(names), classes))
    for side, said in enumerate(predicted):
        np.add.at(counts[side], (place, said), 1)
    rng = np.random.default_rng(0)
    weight = np.zeros((resamples, len(names)))
    for one in range(classes):
        own = np.flatnonzero(scene == one)
        weight[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=resamples)
    a, b = (_weighted_f(weight, scene, its, classes) for its in counts)
    return float(100 * np.std(a - b, ddof=1))


def _weighted_f(weight: Floats, scene: NDArray[np.int64], counts: Floats, classes: int) -> Floats:
    """(resamples,) weighted F of confusions (classes, classes) summed over weighted locations."""
    own = np.eye(classes)[scene]
    confusion = np.einsum("rl,lk,lc->rkc", weight, own, counts, optimize=True)
    right, support, said = np.einsum("rkk->rk", confusion), confusion.sum(axis=2), confusion.sum(axis=1)
    f_score = 2 * right / np.maximum(support + said, 1)
    weighted: Floats = (f_score * support).sum(axis=1) / support.sum(axis=1)
    return weighted
