"""Differences of two rows as the stage `statistics` wrote them, to be asked for in either direction."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scipy import optimize, stats

from overheard.errors import PairingError
from overheard.scores.over_seeds import Row

_NUMBERS = ("difference", "seed_error", "location_error", "location_low", "location_high", "n")
COLUMNS = ("row_a", "column_a", "row_b", "column_b", "metric", *_NUMBERS, "covers")
"""What is read here of comparisons.csv."""

OVER = "over seeds and test locations together"
"""What the intervals cover that decide."""

_LAST_DIGITS = 5e-4
"""Of four decimals, which differ with the order of sums where a pair stands in two tables."""

LEVEL = 0.95
"""Of these intervals."""


class Difference(NamedTuple):
    """First less second, in points of percent; None where it cannot be said.

    Attributes:
        value: of the means.
        low: of its 95 % interval over seeds and locations together; None where there is no second seed.
        high: of it.
        error: the standard error that the interval has a t multiple of.
        n: seeds.
        covers: what the interval covers, or why there is none.
    """

    value: float | None
    low: float | None
    high: float | None
    error: float | None
    n: int | None
    covers: str

    def turned(self) -> "Difference":
        """Second less first."""
        value, low, high = (None if number is None else -number for number in (self.value, self.high, self.low))
        return self._replace(value=value, low=low, high=high)

    def p(self, margin: float = 0.0) -> float | None:
        """Two-sided, of the difference being the margin, by the very t that the interval is made of."""
        if self.value is None or self.low is None or self.high is None or self.error is None:
            return None
        if self.error == 0:
            return float(self.value == margin)
        multiple = (self.high - self.low) / 2 / self.error
        return float(2 * stats.t.sf(abs(self.value - margin) / self.error, _df(multiple)))


Differences = Mapping[tuple[Row, Row, str], Difference]
"""By first row, second row and metric."""


def _df(multiple: float) -> float:
    """The degrees of freedom whose t gives a 95 % interval of so many errors to either side."""
    quantile = (1 + LEVEL) / 2
    if multiple <= stats.t.ppf(quantile, 1e6):
        return math.inf
    return float(optimize.brentq(lambda df: stats.t.ppf(quantile, df) - multiple, 0.1, 1e6))


def differences(lines: Iterable[Mapping[str, str]], where: str) -> Differences:
    """Every pair of rows, in both directions.

    Args:
        lines: of comparisons.csv, as text, where a difference is b less a; of several tables one after the other.
        where: the files, for messages.

    Raises:
        PairingError: a pair stands there twice with other numbers, or a number is none.
    """
    found: dict[tuple[Row, Row, str], Difference] = {}
    for line in lines:
        a, b = (line["row_a"], line["column_a"]), (line["row_b"], line["column_b"])
        pair = f"{where}: {'@'.join(a)}, {'@'.join(b)}, {line['metric']}"
        value, seed_error, error, low, high, n = (_number(line[name], pair) for name in _NUMBERS)
        if seed_error is None:
            # over locations alone: of other trainings it says nothing
            low, high = None, None
        its = Difference(value, low, high, error, None if n is None else int(n), line["covers"])
        if not _alike(found.get((b, a, line["metric"]), its), its):
            raise PairingError(f"{pair} stands there twice with other numbers; delete it and run statistics again")
        found[b, a, line["metric"]], found[a, b, line["metric"]] = its, its.turned()
    return found


def _alike(one: Difference, other: Difference) -> bool:
    """Whether two are the same but for the order in which sums were made."""
    pairs = zip(one[:4], other[:4], strict=True)
    return all(a == b or (a is not None and b is not None and abs(a - b) <= _LAST_DIGITS) for a, b in pairs)


def _number(text: str, pair: str) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not math.isfinite(value):
        raise PairingError(f"{pair}: found {text!r}, expected a number or nothing; delete it and run statistics again")
    return value
