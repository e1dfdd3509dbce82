"""What a change is worth: the difference of two experiments' scores, paired by seed, with simultaneous intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from overheard.errors import PairingError
from overheard.scores.paired import Scores, error_over_runs, grouped, interval, shared_training, together

CHANCE = 0.05
"""Of one interval among all that leaves out its true value."""


class OverLocations(NamedTuple):
    """How the differences of a pair's folds (or seeds, on one split) vary over test locations drawn again.

    Attributes:
        covariance: (groups, groups), groups as `paired.grouped` has them.
        df: degrees of freedom of a variance over these locations.
    """

    covariance: np.ndarray
    df: float


@dataclass(frozen=True)
class Worth:
    """A difference: second less first, in points of percent.

    Attributes:
        n: seeds.
        first: mean over seeds.
        second: mean over seeds.
        difference: of the means.
        error: its standard error.
        df: degrees of freedom of it.
        half: half the width of its interval; None until `simultaneous`.
        paired: by seed and fold; else the two sides were tested on other pictures or splits.
        one_split: all seeds have one split, so that error and interval are of that split alone.
        over_locations: error and interval are over seeds and test locations together; else over folds or seeds alone.
    """

    n: int
    first: float
    second: float
    difference: float
    error: float
    df: float
    half: float | None
    paired: bool
    one_split: bool
    over_locations: bool = False


def worth(first: Scores, second: Scores, paired: bool = True, locations: OverLocations | None = None) -> Worth:
    """The difference of two rows.

    Where both sides said what they did of the same test clips, the error is over seeds and test locations together, as
    in the study's own comparisons (`paired.together`). Else it is over runs alone: folds share training clips, so the
    error of a mean over J folds is Nadeau and Bengio's; seeds of one fold are averaged first. With one split the error
    is over seeds, and says nothing of another split.

    Args:
        first: of the base.
        second: of the change.
        paired: whether a seed of one side and the same of the other differ by the change alone.
        locations: of the differences, where they are paired and the predictions are there.

    Raises:
        PairingError: the two sides have other seeds, or fewer than two.
    """
    seeds = sorted(first.score)
    if seeds != sorted(second.score) or len(seeds) < 2:
        raise PairingError(
            f"seeds {seeds} against {sorted(second.score)}; expected the same, at least two; run both experiments again"
        )
    folds = {first.fold[seed] for seed in seeds}
    pairs = {seed: second.score[seed] - first.score[seed] for seed in seeds}
    its, df = _error(pairs, first, locations if paired else None)
    if not paired:
        its = math.hypot(*(_error(side.score, first, None)[0] for side in (first, second)))
    one, other = (float(np.mean([side.score[seed] for seed in seeds])) for side in (first, second))
    together_with = paired and locations is not None
    return Worth(len(seeds), one, other, other - one, its, df, None, paired, len(folds) == 1, together_with)


def _error(values: Mapping[int, float], of: Scores, locations: OverLocations | None) -> tuple[float, float]:
    """Standard error of the mean of one number a seed, and its degrees of freedom."""
    if locations is None:
        return error_over_runs(values, of.fold, of.n_test, of.n_train)
    groups = grouped({seed: of.fold[seed] for seed in values})
    means = np.array([np.mean([values[seed] for seed in group]) for group in groups])
    folds = len({of.fold[seed] for seed in values})
    return together(
        means, locations.covariance, shared_training(len(groups), folds, of.n_test, of.n_train), locations.df
    )


def simultaneous(found: Sequence[Worth]) -> list[Worth]:
    """The same with intervals that all hold together in 95 of 100 ablations (Bonferroni's t)."""
    level = 1 - CHANCE / max(1, len(found))
    return [replace(one, half=interval(0.0, one.error, one.df, level)[1]) for one in found]
