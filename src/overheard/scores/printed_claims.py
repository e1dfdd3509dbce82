"""Printed numbers as evidence on a claim: Welch's test from mean ± deviation and n, and what would decide without one.

All of it holds only if ± is the sample deviation of n independent runs; it then covers runs alone, no test locations.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from scipy import optimize, stats

from overheard.scores.claims import CHANCE, Evidence, Question
from overheard.scores.published import Printed, printed_values

_LARGEST_STD, _LARGEST_N = 50.0, 1000
"""Points of percent, and runs, beyond which nothing is looked for."""


class Side(NamedTuple):
    """Mean, sample deviation and number of runs, none of them unknown."""

    mean: float
    std: float
    n: int


def welch(first: Side, second: Side, margin: float = 0.0) -> Evidence:
    """Welch's test of a difference against a margin, and its 95 % interval (unequal variances, unpaired)."""
    errors = [side.std**2 / side.n for side in (first, second)]
    error, difference = math.sqrt(sum(errors)), first.mean - second.mean
    if error == 0:
        return Evidence(difference, difference, difference, float(difference == margin), min(first.n, second.n))
    df = sum(errors) ** 2 / sum(one**2 / (side.n - 1) for one, side in zip(errors, (first, second), strict=True))
    half = float(stats.t.ppf(1 - CHANCE / 2, df)) * error
    p = 2 * float(stats.t.sf(abs(difference - margin) / error, df))
    return Evidence(difference, difference - half, difference + half, p, min(first.n, second.n))


def numbers(lines: Sequence[Mapping[str, str]], where: str) -> dict[tuple[str, str, str], Printed]:
    """Every printed number by (row, column, metric); of two the one that says more of itself, then the first."""
    found: dict[tuple[str, str, str], Printed] = {}
    for table in dict.fromkeys(line["table"] for line in lines):
        for cell, printed in printed_values(lines, table, where).items():
            if cell not in found or (found[cell].std is None and printed.std is not None):
                found[cell] = printed
    return found


def evidences(asked: Sequence[Question], printed: Mapping[tuple[str, str, str], Printed]) -> dict[Question, Evidence]:
    """What the printed numbers say of each question."""
    both = (one.family for one in asked if all((*row, one.metric) in printed for row in (one.first, one.second)))
    tests = Counter(both)
    return {one: evidence(one, printed, tests[one.family]) for one in asked}


def evidence(asked: Question, printed: Mapping[tuple[str, str, str], Printed], tests: int) -> Evidence:
    """What the printed numbers say of a question; where a number is unknown, which values of it would decide.

    Args:
        asked: the question.
        printed: by (row, column, metric).
        tests: comparisons of its family with printed means: what would decide must pass Holm's strictest step.
    """
    sides = {
        "@".join(row): found for row in (asked.first, asked.second) if (found := printed.get((*row, asked.metric)))
    }
    if len(sides) < 2:
        lacking = [name for row in (asked.first, asked.second) if (name := "@".join(row)) not in sides]
        return Evidence(missing=f"no printed number of {' and '.join(lacking)}")
    inferred = " and ".join(name for name, side in sides.items() if side.inferred)
    note = f"a digit of {inferred} could not be read and was inferred" if inferred else ""
    return _tested(asked, sides, CHANCE / tests)._replace(note=note)


def _tested(asked: Question, sides: Mapping[str, Printed], level: float) -> Evidence:
    first, second = sides.values()
    difference = first.mean - second.mean
    no_std = [name for name, side in sides.items() if side.std is None]
    no_n = [name for name, side in sides.items() if side.runs is None]
    if any(side.runs is not None and side.runs < 2 for side in (first, second)):
        return Evidence(difference, missing="one run: no deviation and no test")
    if no_std and no_n:
        return Evidence(difference, missing="neither the number of runs nor every ± is known")

    def tested(std: float, n: int) -> Evidence:
        one, two = (Side(its.mean, std if its.std is None else its.std, its.runs or n) for its in (first, second))
        return welch(one, two, asked.margin)

    if no_std:
        return Evidence(difference, missing=_std_that_decides(tested, no_std, level, _would(asked, difference)))
    if no_n:
        return Evidence(difference, missing=_n_that_decides(tested, level, _would(asked, difference)))
    return tested(0.0, 0)


def _would(asked: Question, difference: float) -> str:
    return "support it" if (difference > asked.margin) == asked.above else "contradict it"


def _std_that_decides(tested: Callable[[float, int], Evidence], of: Sequence[str], level: float, would: str) -> str:
    unknown, at = f"± of {' and '.join(of)} is not known", f"(p at most {level:.2g})"

    def beyond(std: float) -> float:
        return (tested(std, 0).p or 0.0) - level

    if beyond(1e-9) > 0:
        return f"{unknown}; no value of it would decide {at}"
    if beyond(_LARGEST_STD) <= 0:
        return f"{unknown}; any value of it would {would} {at}"
    bound = float(optimize.brentq(beyond, 1e-9, _LARGEST_STD))
    both = "" if len(of) == 1 else " for both"
    return f"{unknown}; up to {bound:.2f}{both} would {would} {at}"


def _n_that_decides(tested: Callable[[float, int], Evidence], level: float, would: str) -> str:
    unknown, at = "the number of runs is not known", f"(p at most {level:.2g})"
    n = next((n for n in range(2, _LARGEST_N + 1) if (tested(0.0, n).p or 0.0) <= level), None)
    return (
        f"{unknown}; up to {_LARGEST_N} would not decide {at}"
        if n is None
        else f"{unknown}; {n} or more would {would} {at}"
    )
