"""All tables' cells in one file, and as nested numbers that DVC shows as metrics."""

import pandas as pd

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes
from overheard.scores import frames
from overheard.scores.cells import COLUMNS, DECIMALS


def cells(tables: list[Reads], cells: Writes, metrics: Writes) -> None:
    """Gather the cells of all tables of an experiment.

    Args:
        tables: the cells of each table, in the study's order.
        cells: all of them, one line a cell.
        metrics: mean and std in percent, nested: table, row, column, metric.
    """
    lines = [line for table in tables for line in artifacts.read_table(table, COLUMNS)]

    found = pd.DataFrame(lines, columns=list(COLUMNS))
    nested = frames.nested_metrics(found)

    artifacts.write_text(cells, frames.as_csv(found, DECIMALS))
    artifacts.write_json(metrics, nested)
