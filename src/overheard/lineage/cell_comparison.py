"""Two sets of cells against each other: the same bytes, the same digits, within seed noise, or not. Pure.

**Same bytes**: every run of the cell has the same predictions. **Within tolerance**: other bytes, and mean and
standard deviation differ by less than half a unit of the last printed digit (0.005 points of percent). **Within seed
noise**: the difference of the means is no larger than two draws of so many seeds from one population would show.
Welch's t-test (two-sided, unequal variances) asks this of each cell; of many cells one in twenty would fail at 5 % by
chance alone, so Holm's correction holds the chance of a single false alarm among all cells to 5 %. Welch's test takes
the two sets of seeds as independent, which is right where code or settings differ, and cautious where the same seeds
were only computed elsewhere. With few seeds only large differences can be distinguished from noise. A cell of one seed
has no noise to compare with: it is the same, within tolerance, or not.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

SAME, TOLERANCE, NOISE, NOT = "same bytes", "within tolerance", "within seed noise", "not"
ONLY_A, ONLY_B = "only in the first", "only in the second"
VERDICTS = (SAME, TOLERANCE, NOISE, NOT, ONLY_A, ONLY_B)

TOLERANCE_POINTS = 0.005
"""Half a unit of the last digit that a table prints, in points of percent."""

CHANCE = 0.05
"""Of one false alarm among all cells."""

Key = tuple[str, str, str, str]
"""Table, row, column, metric."""


@dataclass(frozen=True)
class Cell:
    """A cell as one side has it.

    Attributes:
        n: how many seeds.
        mean: over the seeds, in percent; None for no seed.
        std: sample standard deviation (ddof = 1); None for fewer than two seeds.
        predictions: sha256 of each run's predictions, by run; empty where they are not known.
    """

    n: int
    mean: float | None
    std: float | None
    predictions: Mapping[str, str]


@dataclass(frozen=True)
class Compared:
    """One cell of both sides.

    Attributes:
        difference: second mean less first, in points of percent; None where a side has none.
        p: Welch's p-value; None where it does not apply.
        threshold: what Holm's correction compares it with; None where nothing is to be compared.
    """

    key: Key
    verdict: str
    first: Cell | None
    second: Cell | None
    difference: float | None = None
    p: float | None = None
    threshold: float | None = None


def cell_of(line: Mapping[str, str], predictions: Mapping[str, str]) -> tuple[Key, Cell]:
    """A cell from its line of cells.csv.

    Args:
        line: as text, with table, row, column, metric, n, mean, std, runs.
        predictions: sha256 of predictions by run (`method/modality/seed-k`), of as many runs as are known.
    """
    mean, std = (float(line[name]) if line[name] else None for name in ("mean", "std"))
    runs = line["runs"].split()
    known = {run: predictions[run] for run in runs if run in predictions}
    key = (line["table"], line["row"], line["column"], line["metric"])
    return key, Cell(int(line["n"]), mean, std, known if len(known) == len(runs) else {})


def compare(first: Mapping[Key, Cell], second: Mapping[Key, Cell]) -> list[Compared]:
    """Every cell of either side, in the order of the first, then those only the second has."""
    return judged([_compared(key, first.get(key), second.get(key)) for key in dict.fromkeys([*first, *second])])


def _compared(key: Key, a: Cell | None, b: Cell | None) -> Compared:
    if a is None or b is None:
        return Compared(key, ONLY_B if a is None else ONLY_A, a, b)
    difference = None if a.mean is None or b.mean is None else b.mean - a.mean
    if _alike(a, b):
        same = a.predictions and a.predictions == b.predictions
        return Compared(key, SAME if same else TOLERANCE, a, b, difference)
    return Compared(key, NOT, a, b, difference, p_value(a, b))


def _alike(a: Cell, b: Cell) -> bool:
    return a.n == b.n and all(
        x == y or (x is not None and y is not None and abs(x - y) < TOLERANCE_POINTS)
        for x, y in ((a.mean, b.mean), (a.std, b.std))
    )


def p_value(a: Cell, b: Cell) -> float | None:
    """Two-sided p of Welch's t-test; None where a side has fewer than two seeds, or neither side any spread."""
    if min(a.n, b.n) < 2 or None in (a.mean, b.mean, a.std, b.std) or a.std == b.std == 0:
        return None
    from scipy.stats import ttest_ind_from_stats

    p = float(ttest_ind_from_stats(a.mean, a.std, a.n, b.mean, b.std, b.n, equal_var=False).pvalue)
    return None if math.isnan(p) else p


def judged(found: Sequence[Compared]) -> list[Compared]:
    """Holm's correction: the smallest p against CHANCE / m, the next against CHANCE / (m - 1), … until one passes."""
    tested = sorted((one.p, position) for position, one in enumerate(found) if one.p is not None)
    told, rejecting = list(found), True
    for rank, (p, position) in enumerate(tested):
        threshold = CHANCE / (len(tested) - rank)
        rejecting = rejecting and p <= threshold
        told[position] = replace(found[position], verdict=NOT if rejecting else NOISE, threshold=threshold)
    return told


def counts(found: Iterable[Compared]) -> dict[str, int]:
    """How many cells have each verdict, in the order of VERDICTS; those of none left out."""
    verdicts = [one.verdict for one in found]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS if verdict in verdicts}


def as_lines(found: Iterable[Compared]) -> list[str]:
    """One Markdown row a cell, under a head."""
    lines = [
        "| Table | Row | Column | Metric | First | Second | Difference | p (threshold) | Verdict |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in found:
        difference = "" if one.difference is None else f"{one.difference:+.2f}"
        p = "" if one.p is None else f"{one.p:.2g} ({one.threshold:.2g})"
        cells = [*one.key, _number(one.first), _number(one.second), difference, p, one.verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _number(cell: Cell | None) -> str:
    if cell is None or cell.mean is None:
        return "–"
    spread = "" if cell.std is None else f" ± {cell.std:.2f}"
    return f"{cell.mean:.2f}{spread} (n = {cell.n})"
