"""The runs of a study by the test clips that they share, so that rows can be compared: by seed, fold and location."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from overheard.errors import PairingError
from overheard.scores import locations
from overheard.scores.locations import Answers, Counts, Floats, Indices
from overheard.scores.metrics import METRICS
from overheard.scores.over_seeds import Row, Run, run_name

Fold = int | None


class Clip(NamedTuple):
    """A test clip."""

    name: str
    scene: str
    location: str


class Split(NamedTuple):
    """The test clips of a fold in their order, and how many clips it trains on."""

    test: Sequence[Clip]
    n_train: int


class Said(NamedTuple):
    """What a run said of its test clips, or of pieces of them.

    Attributes:
        run: the content of its scores file.
        ids: of the clips, or pieces.
        label: (clips,) index into the run's classes.
        predicted: (clips,) the same, of what it said.
        lost: (clips,) minus the logarithm of the probability that it gave the true class.
        pieces_of: the clip of each piece; None where clips are tested.
    """

    run: Run
    ids: Sequence[str]
    label: Indices
    predicted: Indices
    lost: Floats
    pieces_of: Sequence[str] | None = None

    @property
    def clips(self) -> list[str]:
        """The clip of each."""
        return [str(clip) for clip in (self.ids if self.pieces_of is None else self.pieces_of)]


@dataclass(frozen=True)
class Arranged:
    """A study's runs.

    Attributes:
        classes: names of the scenes, in the order of every class axis.
        places: names of the test locations.
        scenes: the scene of each location.
        splits: of each fold.
        runs: of each row and seed.
        tested: what the runs of each fold said.
        position: (fold, position among its runs) of each row and seed.
        metrics: by which rows are compared.
    """

    classes: Sequence[str]
    places: Sequence[str]
    scenes: Sequence[str]
    splits: Mapping[Fold, Split]
    runs: Mapping[Row, Mapping[int, Run]]
    tested: Mapping[Fold, Answers]
    position: Mapping[tuple[Row, int], tuple[int, int]]
    metrics: Sequence[str]

    @cached_property
    def counts(self) -> list[Counts]:
        """By fold, in the order of `tested`."""
        return [locations.counted(each, len(self.classes)) for each in self.tested.values()]

    @cached_property
    def tested_places(self) -> dict[Fold, set[int]]:
        """The locations that each fold tests, by their positions."""
        number = {name: place for place, name in enumerate(self.places)}
        return {fold: {number[clip.location] for clip in split.test} for fold, split in self.splits.items()}

    @cached_property
    def groups(self) -> list[Indices]:
        """The locations that are drawn among each other."""
        by_fold = self.tested_places.items()
        folds = [tuple(fold for fold, own in by_fold if place in own) for place in range(len(self.places))]
        return locations.strata(self.scenes, folds)

    @cached_property
    def covariance(self) -> Floats:
        """(metrics, runs, runs) of all runs' scores over test locations drawn again, fold after fold."""
        return locations.covariance(self.counts, self.groups, len(self.places), self.metrics)

    def column(self, row: Row, seed: int) -> int:
        """Where a run stands in `covariance`."""
        fold, own = self.position[row, seed]
        return own + sum(len(each.predicted) for each in list(self.tested.values())[:fold])

    def locations_of(self, folds: Sequence[Fold]) -> tuple[int, int]:
        """How many different locations these folds test, and the degrees of freedom of a variance over them."""
        own = set().union(*(self.tested_places[fold] for fold in folds))
        drawn = sum(not own.isdisjoint(group.tolist()) for group in self.groups)
        return len(own), max(1, len(own) - drawn)


def arranged(said: Sequence[Said], splits: Mapping[Fold, Split], metrics: Sequence[str]) -> Arranged:
    """Join runs with the test clips of their folds, by id.

    Raises:
        PairingError: a run twice, of a fold without split, of other clips, labels or classes than its fold has.
    """
    classes = [str(name) for name in said[0].run["classes"]] if said else []
    runs: dict[Row, dict[int, Run]] = {}
    by_fold: dict[Fold, list[Said]] = {}
    position = {}
    present = [fold for fold in splits if any(each.run["fold"] == fold for each in said)]
    for each in said:
        row, seed, fold = (each.run["method"], each.run["modality"]), each.run["seed"], each.run["fold"]
        name = run_name(*row, seed)
        if seed in runs.setdefault(row, {}):
            raise PairingError(f"{name} is given twice; give each run once")
        if fold not in splits:
            raise PairingError(f"{name}: tested on fold {fold}; there are splits of {list(splits)}; run evaluate again")
        _check_clips(name, each, splits[fold].test, classes)
        _check_pieces(name, each, by_fold.get(fold, [each])[0])
        runs[row][seed] = each.run
        position[row, seed] = present.index(fold), len(by_fold.setdefault(fold, []))
        by_fold[fold].append(each)
    by_probabilities = any(METRICS[metric].needs_probabilities for metric in metrics)
    place_of = {clip.location: clip.scene for split in splits.values() for clip in split.test}
    places = sorted(place_of)
    number = {name: place for place, name in enumerate(places)}
    clips = {fold: _tested(by_fold[fold][0], splits[fold].test) for fold in present}
    tested = {
        fold: Answers(
            np.array([number[clip.location] for clip in clips[fold]], dtype=np.int64),
            np.array([classes.index(clip.scene) for clip in clips[fold]], dtype=np.int64),
            np.array([each.predicted for each in by_fold[fold]]).astype(np.int64),
            np.array([each.lost for each in by_fold[fold]]) if by_probabilities else None,
        )
        for fold in present
    }
    return Arranged(classes, places, [place_of[name] for name in places], splits, runs, tested, position, metrics)


def _check_clips(name: str, said: Said, test: Sequence[Clip], classes: Sequence[str]) -> None:
    own = [str(scene) for scene in said.run["classes"]]
    if own != list(classes):
        raise PairingError(f"{name}: classes {', '.join(own)}, expected {', '.join(classes)}; run evaluate again")
    expected = [clip.name for clip in test]
    clips = said.clips if said.pieces_of is None else list(dict.fromkeys(said.clips))
    if clips != expected:
        other = sorted(set(clips) ^ set(expected))
        what = f"{len(other)} clips differ: {', '.join(other[:10])}" if other else "they stand in another order"
        raise PairingError(f"{name}: not the test clips of its fold ({what}); run evaluate again")
    tested = zip(_tested(said, test), said.label, strict=True)
    wrong = [clip.name for clip, label in tested if own[int(label)] != clip.scene]
    if wrong:
        raise PairingError(f"{name}: other labels than the index has: {', '.join(wrong[:10])}; run evaluate again")


def _check_pieces(name: str, said: Said, other: Said) -> None:
    """Runs of a fold are compared on the very same clips, or the very same pieces."""
    if [*map(str, said.ids)] != [*map(str, other.ids)]:
        first = run_name(other.run["method"], other.run["modality"], other.run["seed"])
        raise PairingError(
            f"{name}: {len(said.ids)} clips or pieces, other than the {len(other.ids)} of {first}; compare rows of "
            "one column, or run evaluate again"
        )


def _tested(said: Said, test: Sequence[Clip]) -> list[Clip]:
    """The clip of each clip or piece that a run was tested on."""
    known = {clip.name: clip for clip in test}
    return [known[clip] for clip in said.clips]
