"""A difference paired by seed and fold: its standard error over runs, and the t interval that follows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from overheard.scores.over_seeds import error_of_fold_mean

LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True)
class Scores:
    """A row's scores in percent and folds by seed, and a fold's mean numbers of test and training clips."""

    score: Mapping[int, float]
    fold: Mapping[int, int | None]
    n_test: float
    n_train: float


def grouped(fold: Mapping[int, int | None]) -> list[list[int]]:
    """The seeds that are averaged before anything is counted: those of a fold, or, on one split, each by itself."""
    folds = dict.fromkeys(fold[seed] for seed in sorted(fold))
    if len(folds) == 1:
        return [[seed] for seed in sorted(fold)]
    return [[seed for seed in sorted(fold) if fold[seed] == one] for one in folds]


def shared_training(groups: int, folds: int, n_test: float, n_train: float) -> float:
    """What the variance of a mean over folds is too small by, as they share training clips; 1 on one split.

    Nadeau and Bengio's 1/J + n_test/n_train in place of 1/J (`over_seeds.error_of_fold_mean`).
    """
    return 1 + groups * n_test / n_train if folds > 1 else 1.0


def error_over_runs(
    values: Mapping[int, float], fold: Mapping[int, int | None], n_test: float, n_train: float
) -> tuple[float, int]:
    """Standard error of a mean over seeds, and its degrees of freedom.

    Over folds, which share training clips, it is Nadeau and Bengio's; seeds of one fold are averaged first. On one
    split it is over seeds, and says nothing of another split.

    Args:
        values: one number a seed.
        fold: of each seed.
        n_test: test clips of a fold.
        n_train: training clips of a fold.

    Raises:
        ValueError: fewer than two seeds, or no training or test clips.
    """
    groups = grouped({seed: fold[seed] for seed in values})
    means = [float(np.mean([values[seed] for seed in group])) for group in groups]
    if len(set(fold[seed] for seed in values)) > 1:
        return error_of_fold_mean(means, n_test, n_train), len(means) - 1
    if len(means) < 2:
        raise ValueError(f"expected two seeds or more, got {len(means)}")
    return float(stats.sem(means)), len(means) - 1


def error_over_trainings(values: Mapping[int, float], fold: Mapping[int, int | None]) -> tuple[float, int]:
    """Standard error of the mean of fold means for new trainings on these very folds, and its degrees of freedom.

    The folds are fixed, seeds are drawn within them: a pooled variance within folds. It says nothing of other locations
    or splits, where `error_over_runs` does.

    Args:
        values: one number a seed.
        fold: of each seed.

    Raises:
        ValueError: no fold has two seeds.
    """
    of_fold: dict[int | None, list[float]] = {}
    for seed, value in values.items():
        of_fold.setdefault(fold[seed], []).append(value)
    df = len(values) - len(of_fold)
    if df < 1:
        raise ValueError(f"expected two seeds or more in a fold, got {len(values)} in {len(of_fold)} folds")
    squares = sum(float(np.var(its)) * len(its) for its in of_fold.values())
    share = sum(1 / len(its) for its in of_fold.values()) / len(of_fold) ** 2
    return math.sqrt(squares / df * share), df


def interval(mean: float, error: float, df: float, level: float = LEVEL) -> tuple[float, float]:
    """The t interval around a mean."""
    half = float(stats.t.ppf((1 + level) / 2, df)) * error
    return mean - half, mean + half


def together(values: np.ndarray, covariance: np.ndarray, inflation: float, df_locations: float) -> tuple[float, float]:
    """Standard error of a mean over runs (or folds) for new test locations and new trainings together, and its df.

    The variance over test locations, and of the variance over runs what those do not explain: V + c (s² - s²_V) / J,
    where s²_V is the part of s² that locations alone would give. So neither locations nor trainings are counted twice,
    on one split as over folds. Degrees of freedom by Satterthwaite; a difference of two variances is less well known
    than J - 1 say, so half of what locations explain counts as known from runs, too: chosen by simulated coverage
    (benchmarks/coverage.py; docs/decisions.md).

    Args:
        values: (J,) differences, one a run or fold, at least two.
        covariance: (J, J) of them over test locations drawn again.
        inflation: c, see `shared_training`.
        df_locations: degrees of freedom of the variance over locations.
    """
    n = len(values)
    measured, of_locations = float(np.var(values, ddof=1)), float(covariance.mean())
    explained = n / (n - 1) * (float(np.diag(covariance).mean()) - of_locations)
    of_trainings = inflation * max(0.0, measured - explained) / n
    variance = of_locations + of_trainings
    if variance == 0:
        return 0.0, float(n - 1)
    of_runs = of_trainings + min(measured, explained) / (2 * n)
    df = variance**2 / (of_locations**2 / df_locations + of_runs**2 / (n - 1))
    return math.sqrt(variance), df
