"""What a study can decide at all: ranks of few seeds, the difference it would find, and what would decide this one."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from overheard.errors import PairingError

DETECTABLE = 2.8
"""Standard errors of a difference that is found in 4 of 5 studies at the 5 % level: 1.96 + 0.84."""


def rank_floor(n: int) -> float:
    """The smallest two-sided p that any exact test of signs or signed ranks of n paired numbers can give."""
    return float(2.0 ** (1 - n))


def needed(difference: float, error: float, now: int) -> int | None:
    """About how many of what there are `now` would make a difference detectable; None for no difference.

    Its error shrinks with the root of their number, if all that it rests on grows alike: seeds and locations together.
    """
    if difference == 0:
        return None
    return max(2, math.ceil(now * (DETECTABLE * error / difference) ** 2))


def equivalence_power(margin: float, error: float, df: int, level: float = 0.05) -> float:
    """Power of two one-sided t tests (TOST) to find a difference of 0 within the margin.

    Both tests reject where |d| < margin - t s; averaged over the estimated error s.

    Args:
        margin: of equivalence, either way.
        error: true standard error of the difference.
        df: degrees of freedom of its estimate.
        level: of each test.
    """
    from scipy.integrate import quad

    critical = float(stats.t.ppf(1 - level, df))

    def rejected(ratio: float) -> float:
        inside = margin / error - critical * ratio
        return float((2 * stats.norm.cdf(inside) - 1) * stats.chi.pdf(ratio * math.sqrt(df), df) * math.sqrt(df))

    # beyond twelve errors nothing is rejected that another estimate would change
    return float(quad(rejected, 0, min(margin / error / critical, 12.0), limit=200)[0])


def trainings_for_equivalence(
    margin: float, deviation: float, power: float, folds: int = 1, level: float = 0.05
) -> int:
    """How many seeds, as many in each fold and two or more, find a difference of 0 to vanish with this power.

    The error is that of `paired.error_over_trainings`: deviation / sqrt(n), known from n - folds differences.

    Args:
        margin: points.
        deviation: of paired differences over the seeds of a fold.
        power: at a difference of 0.
        folds: over which the seeds are spread.
        level: of each of the two tests.
    """
    n = 2 * folds
    while equivalence_power(margin, deviation / math.sqrt(n), n - folds, level) < power:
        n += folds
    return n


def improvement(first: Sequence[float], second: Sequence[float]) -> float:
    """Probability of improvement: the share of pairs of runs in which the second is higher; ties count half."""
    return float(stats.mannwhitneyu(second, first).statistic) / (len(first) * len(second))


def holm(p: Sequence[float]) -> list[float]:
    """The p of a family of tests, adjusted so that one false rejection among all is as unlikely as it says (Holm)."""
    from statsmodels.stats.multitest import multipletests

    return [float(value) for value in multipletests(p, method="holm")[1]] if len(p) else []


def mcnemar(label: ArrayLike, first: ArrayLike, second: ArrayLike, location: Sequence[str]) -> float:
    """Exact p of McNemar's test of two runs, of one named seed, on the same test clips.

    Args:
        label: true class of each clip.
        first: class that one run said.
        second: class that the other said.
        location: of each clip.

    Raises:
        PairingError: a location has several clips, which are not independent.
    """
    if len(set(location)) < len(location):
        raise PairingError(
            f"{len(location)} clips of {len(set(location))} locations: McNemar's test takes clips for independent; "
            "take the exchange test by location"
        )
    from statsmodels.stats.contingency_tables import mcnemar as exact

    right = [np.asarray(said) == np.asarray(label) for said in (first, second)]
    table = [[int(np.sum((right[0] == a) & (right[1] == b))) for b in (True, False)] for a in (True, False)]
    return float(exact(table, exact=True).pvalue)
