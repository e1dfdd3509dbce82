"""What a change is worth: the difference of two experiments' scores, paired by seed, with simultaneous intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from overheard.errors import PairingError
from overheard.scores.paired import Scores, error_over_runs, interval

CHANCE = 0.05
"""Of one interval among all that leaves out its true value."""


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
    """

    n: int
    first: float
    second: float
    difference: float
    error: float
    df: int
    half: float | None
    paired: bool
    one_split: bool


def worth(first: Scores, second: Scores, paired: bool = True) -> Worth:
    """The difference of two rows.

    Folds share training clips, so the error of a mean over J folds is Nadeau and Bengio's; seeds of one fold are
    averaged first. With one split the error is over seeds, and says nothing of another split.

    Args:
        first: of the base.
        second: of the change.
        paired: whether a seed of one side and the same of the other differ by the change alone.

    Raises:
        PairingError: the two sides have other seeds, or fewer than two.
    """
    seeds = sorted(first.score)
    if seeds != sorted(second.score) or len(seeds) < 2:
        raise PairingError(
            f"seeds {seeds} against {sorted(second.score)}; expected the same, at least two; run both experiments again"
        )
    folds = {first.fold[seed] for seed in seeds}

    def error(values: Mapping[int, float]) -> tuple[float, int]:
        return error_over_runs(values, first.fold, first.n_test, first.n_train)

    pairs = {seed: second.score[seed] - first.score[seed] for seed in seeds}
    one, other = (float(np.mean([side.score[seed] for seed in seeds])) for side in (first, second))
    its, df = error(pairs)
    if not paired:
        its = math.hypot(error(first.score)[0], error(second.score)[0])
    return Worth(len(seeds), one, other, other - one, its, df, None, paired, len(folds) == 1)


def simultaneous(found: Sequence[Worth]) -> list[Worth]:
    """The same with intervals that all hold together in 95 of 100 ablations (Bonferroni's t)."""
    level = 1 - CHANCE / max(1, len(found))
    return [replace(one, half=interval(0.0, one.error, one.df, level)[1]) for one in found]
