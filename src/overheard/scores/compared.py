"""Differences of two rows as the stage `statistics` wrote them, to be asked for in either direction."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from overheard.errors import PairingError
from overheard.scores.over_seeds import Row

COLUMNS = (
    *("row_a", "column_a", "row_b", "column_b", "metric", "n", "difference", "df"),
    *("location_low", "location_high", "covers"),
)
"""What is read here of `statistics/comparisons.csv`."""

OVER = "over seeds and test locations together"
"""What the intervals cover that decide."""


class Difference(NamedTuple):
    """First less second, in points of percent; None where it cannot be said.

    Attributes:
        value: of the means.
        low: of its 95 % interval over seeds and locations together.
        high: of it.
        df: degrees of freedom of its t; None for a normal one.
        n: seeds.
        covers: what the interval covers, or why there is none.
    """

    value: float | None
    low: float | None
    high: float | None
    df: float | None
    n: int | None
    covers: str

    def turned(self) -> "Difference":
        """Second less first."""
        value, low, high = (None if number is None else -number for number in (self.value, self.high, self.low))
        return self._replace(value=value, low=low, high=high)


Differences = Mapping[tuple[Row, Row, str], Difference]
"""By first row, second row and metric."""


def differences(lines: Iterable[Mapping[str, str]], where: str) -> Differences:
    """Every pair of the file, in both directions.

    Args:
        lines: of `statistics/comparisons.csv`, as text; there a difference is b less a.
        where: the file, for messages.

    Raises:
        PairingError: a pair stands there twice, or a number is none.
    """
    found: dict[tuple[Row, Row, str], Difference] = {}
    for line in lines:
        a, b = (line["row_a"], line["column_a"]), (line["row_b"], line["column_b"])
        pair = f"{where}: {'@'.join(a)}, {'@'.join(b)}, {line['metric']}"
        if (a, b, line["metric"]) in found:
            raise PairingError(f"{pair} stands there twice; delete the file and run statistics again")
        numbers = [_number(line[name], pair) for name in ("difference", "location_low", "location_high", "df", "n")]
        value, low, high, df, n = numbers
        found[b, a, line["metric"]] = Difference(value, low, high, df, None if n is None else int(n), line["covers"])
        found[a, b, line["metric"]] = found[b, a, line["metric"]].turned()
    return found


def _number(text: str, pair: str) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not math.isfinite(value):
        raise PairingError(f"{pair}: found {text!r}, expected a number or nothing; delete it and run statistics again")
    return value
