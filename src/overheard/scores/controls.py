"""Is a control as expected: the difference of two rows, its interval over trainings, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from overheard.errors import PairingError
from overheard.scores.paired import Scores, error_over_runs, error_over_trainings, interval

AS_EXPECTED, NOT_AS_EXPECTED, UNDECIDED = "as expected", "not as expected", "undecided"

COLUMNS = (
    *("control", "change", "row", "less", "modality", "expected", "bound", "seeds", "first", "second", "difference"),
    *("level", "low", "high", "p", "low_splits", "high_splits", "verdict", "experiment"),
)
DEGRADED_COLUMNS = (
    *("test", "row", "modality", "seeds", "intact", "intact_std", "degraded", "degraded_std"),
    *("difference", "low", "high", "experiment"),
)


@dataclass(frozen=True)
class Difference:
    """A row less another, in points of percent.

    Attributes:
        values: by seed.
        first: mean of the row that is taken off.
        second: mean of the row.
        mean: of the differences.
        error: over trainings on these folds.
        df: degrees of freedom of it.
        splits: 95 % interval for other splits of the same clips; None on one split.
    """

    values: Sequence[float]
    first: float
    second: float
    mean: float
    error: float
    df: int
    splits: tuple[float, float] | None


def difference(less: Scores, row: Scores) -> Difference:
    """A row less another, paired by seed.

    Raises:
        PairingError: other seeds.
    """
    if set(less.score) != set(row.score):
        raise PairingError(f"seeds {sorted(less.score)} against {sorted(row.score)}; run both experiments again")
    values = {seed: row.score[seed] - less.score[seed] for seed in sorted(row.score)}
    error, df = error_over_trainings(values, row.fold)
    mean, splits = float(np.mean([*values.values()])), None
    if len(set(row.fold.values())) > 1:
        splits = interval(mean, *error_over_runs(values, row.fold, row.n_test, row.n_train))
    one, other = (float(np.mean([*its.score.values()])) for its in (less, row))
    return Difference([*values.values()], one, other, mean, error, df, splits)


@dataclass(frozen=True)
class Judged:
    """A difference under an expectation.

    Attributes:
        verdict: as expected, not as expected, undecided.
        level: of the interval.
        low: its lower end.
        high: its upper end.
        p: of the test that would confirm the expectation; None for the exact null.
    """

    verdict: str
    level: float
    low: float
    high: float
    p: float | None


def judged(its: Difference, expected: str, bound: float) -> Judged:
    """Is a difference as expected?

    - helps: above 0, 95 % interval; p two-sided.
    - vanishes: within ± bound by two one-sided tests at 5 %, which is a 90 % interval; not, if all of that lies beyond.
    - at most 0: the one-sided bound is below `bound`, and the other not above 0.
    - reaches: above -bound, one-sided; bound is how far it may stay behind.
    - exact null: 0 in every seed.

    Args:
        its: the difference.
        expected: one of these.
        bound: points of percent.

    Raises:
        ValueError: another expectation.
    """
    level = 0.95 if expected in ("helps", "exact null") else 0.9
    low, high = interval(its.mean, its.error, its.df, level)
    above, below = (_one_sided(its, point) for point in (-bound, bound))
    p: float | None
    if expected == "helps":
        p, yes, no = 2 * min(_one_sided(its, 0)), low > 0, high < 0
    elif expected == "vanishes":
        p = max(above[0], below[1])
        yes, no = -bound < low and high < bound, low > bound or high < -bound
    elif expected == "at most 0":
        p, yes, no = below[1], high < bound and low <= 0, low > 0
    elif expected == "reaches":
        p, yes, no = above[0], low > -bound, high < -bound
    elif expected == "exact null":
        p, yes, no = None, not any(its.values), any(its.values)
    else:
        raise ValueError(f"expected: found {expected!r}")
    return Judged(AS_EXPECTED if yes else NOT_AS_EXPECTED if no else UNDECIDED, level, low, high, p)


def _one_sided(its: Difference, point: float) -> tuple[float, float]:
    """p that the true difference is not above a point, and that it is not below it."""
    if its.error == 0:
        return float(its.mean <= point), float(its.mean >= point)
    t = (its.mean - point) / its.error
    return float(stats.t.sf(t, its.df)), float(stats.t.cdf(t, its.df))


@dataclass(frozen=True)
class Line:
    """A control: what is changed, what of whom is expected, and what came out."""

    control: str
    change: Mapping[str, Any]
    row: str
    less: str
    modality: str
    expected: str
    bound: float
    difference: Difference
    judged: Judged
    experiment: str

    @property
    def said(self) -> str:
        """The change in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.change.items()) or "nothing"


@dataclass(frozen=True)
class Worse:
    """A row on worse test clips, less the same students on intact ones."""

    test: str
    row: str
    modality: str
    intact: Sequence[float]
    degraded: Sequence[float]
    difference: Difference
    experiment: str


def csv_line(line: Line) -> dict[str, Any]:
    """A line of `COLUMNS`; numbers in percent."""
    its, found = line.difference, line.judged
    numbers = {"bound": line.bound, "first": its.first, "second": its.second, "difference": its.mean}
    numbers |= {"low": found.low, "high": found.high}
    splits = its.splits or ("", "")
    return {
        "control": line.control,
        "change": line.said,
        "row": line.row,
        "less": line.less,
        "modality": line.modality,
        "expected": line.expected,
        "seeds": len(its.values),
        "level": found.level,
        **{name: f"{value:.4f}" for name, value in numbers.items()},
        "p": "" if found.p is None else f"{found.p:.6f}",
        **{name: f"{end:.4f}" if end != "" else "" for name, end in zip(COLUMNS[-4:-2], splits, strict=True)},
        "verdict": found.verdict,
        "experiment": line.experiment,
    }


def degraded_line(one: Worse) -> dict[str, Any]:
    """A line of `DEGRADED_COLUMNS`; numbers in percent, ± of a sample."""
    low, high = interval(one.difference.mean, one.difference.error, one.difference.df)
    numbers: dict[str, float] = {"difference": one.difference.mean, "low": low, "high": high}
    for word, values in (("intact", one.intact), ("degraded", one.degraded)):
        numbers |= {word: float(np.mean(values)), f"{word}_std": float(np.std(values, ddof=1))}
    its = {"test": one.test, "row": one.row, "modality": one.modality, "seeds": len(one.intact)}
    return its | {name: f"{value:.4f}" for name, value in numbers.items()} | {"experiment": one.experiment}
