"""All tables' cells in one file, and as nested numbers that DVC shows as metrics."""

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes
from overheard.scores.cells import COLUMNS, nested_metrics


def cells(tables: list[Reads], cells: Writes, metrics: Writes) -> None:
    """Gather the cells of all tables of an experiment.

    Args:
        tables: the cells of each table, in the study's order.
        cells: all of them, one line a cell.
        metrics: mean and std in percent, nested: table, row, column, metric.
    """
    lines = [line for table in tables for line in artifacts.read_table(table, COLUMNS)]

    nested = nested_metrics(lines)

    artifacts.write_table(cells, COLUMNS, lines)
    artifacts.write_json(metrics, nested)
