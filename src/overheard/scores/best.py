"""What is bold in a table: the rows that cannot be told from the best of their block and column."""

from collections.abc import Mapping, Sequence
from typing import Any

from overheard.scores.cells import Cell
from overheard.scores.differences import OVER, Differences
from overheard.scores.metrics import METRICS
from overheard.scores.over_seeds import Row

BOLD = (
    "Bold: not distinguishable from the best of the same input and metric: the 95 % interval of the difference, "
    f"{OVER}, has 0 in it (statistics/, where each difference stands)."
)
NO_BOLD = (
    "No bold: which rows can be told from the best is not known here, because differences have no interval "
    "(it needs two seeds or more, and every run)."
)


def not_distinguished(
    spec: Mapping[str, Any], cells: Sequence[Cell], found: Differences
) -> tuple[set[tuple[Row, str]], str]:
    """The cells that cannot be told from the best of their block and column, itself among them; and what to say of it.

    Nothing is bold where a row is alone, or an interval or a seed is missing.

    Args:
        spec: the table's entry of the study file (blocks, metrics).
        cells: the table's.
        found: differences of its rows.
    """
    by_place = {((cell["row"], cell["column"]), cell["metric"]): cell for cell in cells}
    bold: set[tuple[Row, str]] = set()
    lacking = False
    for block in spec["blocks"]:
        for column in block["columns"]:
            for metric in spec["metrics"]:
                group = [by_place[(row, column), metric] for row in block["rows"]]
                shown = [cell for cell in group if cell["n"]]
                if len(shown) < 2:
                    continue
                level = _level(shown, column, metric, found)
                lacking |= not level
                bold |= {((cell["row"], column), metric) for cell in level}
    return bold, BOLD if bold else NO_BOLD if lacking else ""


def _level(shown: Sequence[Cell], column: str, metric: str, found: Differences) -> list[Cell]:
    """Those of a group that are level with its best; none where that is not known of all of them."""
    choose = max if METRICS[metric].higher_is_better else min
    best = choose(shown, key=lambda cell: cell["mean"])
    level = []
    for cell in shown:
        between = found.get(((best["row"], column), (cell["row"], column), metric))
        if cell is not best and (between is None or between.low is None or between.high is None):
            return []
        if cell["n"] < cell["asked"]:
            return []
        if cell is best or (between and (between.low or 0) <= 0 <= (between.high or 0)):
            level.append(cell)
    return level
