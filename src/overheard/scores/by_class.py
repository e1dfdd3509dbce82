"""Scores of each class, seed by seed, and by how much a row differs from another in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from overheard.errors import PairingError
from overheard.scores.metrics import METRICS
from overheard.scores.over_seeds import Run, run_name


class OfClass(NamedTuple):
    """One class and seed.

    Attributes:
        scene: the class.
        seed: of both runs.
        difference: of the class's F-scores, the row less the other, in points of percent.
    """

    scene: str
    seed: int
    difference: float


def differences(runs: Mapping[int, Run], less: Mapping[int, Run]) -> Iterator[OfClass]:
    """A row's F-scores by class, less another's of the same seed; classes without test clips there are passed over.

    Args:
        runs: the row's, by seed.
        less: the other's, by seed.

    Raises:
        PairingError: two runs of a seed were tested on other classes or other numbers of clips.
    """
    for seed in sorted(runs.keys() & less.keys()):
        own, other = runs[seed]["per_class"], less[seed]["per_class"]
        for scene in runs[seed]["classes"]:
            if scene not in other or own[scene]["support"] != other[scene]["support"]:
                name = run_name(runs[seed]["method"], runs[seed]["modality"], seed)
                raise PairingError(f"{name}: {scene} was not tested alike by both rows; run evaluate again")
            if own[scene]["support"]:
                yield OfClass(scene, seed, 100.0 * (own[scene]["f_score"] - other[scene]["f_score"]))


class OfScene(NamedTuple):
    """One class of a run.

    Attributes:
        scene: the class.
        seed: of the run.
        score: as it is shown; see `scores.metrics.METRICS`.
    """

    scene: str
    seed: int
    score: float


BY_METRIC: Mapping[str, str] = {"f_score": "f_score", "accuracy": "recall", "log_loss": "log_loss"}
"""What scores of a class are called in a scores file, by metric: of one class alone accuracy is its recall."""


def scores_of_scenes(runs: Mapping[int, Run], metric: str) -> list[OfScene]:
    """A row's scores of each class and seed; classes without test clips in a fold are passed over.

    Args:
        runs: the row's, by seed.
        metric: a word of `BY_METRIC`.

    Raises:
        PairingError: a run has no such score of its classes.
    """
    found, scale = [], METRICS[metric].scale
    for seed in sorted(runs):
        for scene in runs[seed]["classes"]:
            its = runs[seed]["per_class"][scene]
            if BY_METRIC[metric] not in its:
                name = run_name(runs[seed]["method"], runs[seed]["modality"], seed)
                raise PairingError(f"{name}: no {metric} of {scene}; run evaluate again")
            if its["support"]:
                found.append(OfScene(scene, seed, scale * its[BY_METRIC[metric]]))
    return found


def tested_locations(
    index: Iterable[Mapping[str, str]], splits: Iterable[Iterable[Mapping[str, str]]]
) -> dict[str, int]:
    """How many different locations of each class the folds test, all together; none of a class without.

    Args:
        index: lines with id, class and location.
        splits: of each fold lines with id and split.
    """
    tested = {line["id"] for split in splits for line in split if line["split"] == "test"}
    places = {(line["class"], line["location"]) for line in index if line["id"] in tested}
    return Counter(scene for scene, _ in places)
