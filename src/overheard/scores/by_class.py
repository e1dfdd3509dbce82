"""By how much a row differs from another in each class, seed by seed."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from overheard.errors import PairingError
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
