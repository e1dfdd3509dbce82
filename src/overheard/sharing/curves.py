"""What `dvc plots` draws of an experiment, as two small tables. Pure: takes rows, returns rows."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from overheard.io import artifacts
from overheard.study.layout import SAVED


def f_scores(cells: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a cell: its name and its F-score, the mean over seeds in percent.

    Args:
        cells: rows of `tables/cells.csv`.
    """
    return [
        {"cell": f"{cell['table']}: {cell['row']} ({cell['column']})", "f_score": cell["mean"]}
        for cell in cells
        if cell["metric"] == "f_score"
    ]


def learning(histories: Mapping[str, Sequence[Sequence[Mapping[str, str]]]]) -> list[dict[str, str]]:
    """The best validation F-score up to each epoch, in percent: the mean over all runs of a modality.

    The best so far, as that is the student which is kept; a run that stopped early keeps its last value.

    Args:
        histories: modality to its runs' `history.csv`, each as rows.

    Returns:
        One row an epoch: `epoch`, and a column for each modality.
    """
    epochs = max((len(history) for runs in histories.values() for history in runs), default=0)
    rows = [{"epoch": str(epoch + 1)} for epoch in range(epochs)]
    for modality, runs in histories.items():
        curves = [best for history in runs if (best := _best_so_far(history))]
        for epoch, row in enumerate(rows):
            values = [curve[min(epoch, len(curve) - 1)] for curve in curves]
            row[modality] = f"{sum(values) / len(values):.4f}" if values else ""
    return rows


def _best_so_far(history: Iterable[Mapping[str, str]]) -> list[float]:
    curve: list[float] = []
    for row in history:
        value = 100 * float(row["val_f_score"])
        curve.append(max(value, curve[-1]) if curve else value)
    return curve


def write_curves(folder: Path) -> None:
    """Write the two tables that `dvc plots` draws."""
    cells = f_scores(artifacts.read_table(folder / "tables" / "cells.csv"))
    artifacts.write_table(folder / SAVED / "f_scores.csv", ["cell", "f_score"], cells)
    histories: dict[str, list] = {}
    for path in sorted(folder.glob("train/*/*/*/history.csv")):
        histories.setdefault(path.parts[-3], []).append(artifacts.read_table(path, ["epoch", "val_f_score"]))
    histories = dict(sorted(histories.items()))
    artifacts.write_table(folder / SAVED / "curves.csv", ["epoch", *histories], learning(histories))
