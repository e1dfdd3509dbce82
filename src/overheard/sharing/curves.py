"""What `dvc plots` draws of an experiment, as two small tables. Touches files: reads results, writes the tables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from overheard.io import artifacts
from overheard.study.flow import STAGES
from overheard.study.layout import SAVED, values_of


def _f_scores(folder: Path) -> pd.DataFrame:
    """One row a cell: its name and its F-score, the mean over seeds in percent, with the digits that it has there."""
    columns = ["table", "row", "column", "metric", "mean"]
    cells = pd.DataFrame(artifacts.read_table(folder / STAGES["cells"].writes["cells"], columns), columns=columns)
    shown = cells[cells["metric"] == "f_score"]
    names = shown["table"] + ": " + shown["row"] + " (" + shown["column"] + ")"
    return pd.DataFrame({"cell": names, "f_score": shown["mean"]})


def learning(histories: Mapping[str, Sequence[Sequence[Mapping[str, str]]]]) -> pd.DataFrame:
    """The best validation F-score up to each epoch, in percent: the mean over all runs of a modality.

    The best so far, as that is the student which is kept; a run that stopped early keeps its last value.

    Args:
        histories: modality to its runs' `history.csv`, each as rows.

    Returns:
        One row an epoch: `epoch`, and a column for each modality.
    """
    means = {}
    for modality, runs in sorted(histories.items()):
        values = [pd.Series([100 * float(row["val_f_score"]) for row in run], dtype=float) for run in runs]
        means[modality] = pd.concat([run.cummax() for run in values], axis=1).ffill().mean(axis=1)
    table = pd.DataFrame(means).ffill()
    table.insert(0, "epoch", range(1, len(table) + 1))
    return table


def _from_histories(folder: Path) -> pd.DataFrame:
    histories = defaultdict(list)
    for path in sorted(folder.rglob("*.csv")):
        if values := values_of(path.relative_to(folder).as_posix(), "train", "history"):
            run = artifacts.read_table(path, ["epoch"])
            # a student that is tested as it starts has no curve
            if [line["epoch"] for line in run] != ["0"]:
                histories[values["modality"]].append(artifacts.read_table(path, ["val_f_score"]))
    return learning(histories)


TABLES = {"f_scores.csv": ("tables", _f_scores), "curves.csv": ("train", _from_histories)}
"""By its name under `saved/`, the stage that a table is made from, and what makes it."""


def table(folder: Path, name: str) -> str:
    """The text of one of TABLES.

    Raises:
        MediaError: a table that it is made from is not one, or has no such columns.
        ValueError: a number in there is none.
    """
    return TABLES[name][1](folder).to_csv(index=False, float_format="%.4f", lineterminator="\n")


def write_curves(folder: Path) -> None:
    """Write TABLES; raises what `table` does."""
    for name in TABLES:
        artifacts.write_text(folder / SAVED / name, table(folder, name))
