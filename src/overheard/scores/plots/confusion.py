"""Confusion matrices: what share of each true class was taken for each class, over all folds, one panel a row."""

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from overheard.scores.cells import runs_of_table, table_cells
from overheard.scores.metrics import shares
from overheard.scores.over_seeds import Row, Run, clips_tested, summed
from overheard.scores.plots.given import Files, NotDrawnError, Settings, ask_of, caption_of, row_title, runs_of
from overheard.scores.plots.style import figure, shortened
from overheard.scores.tabular import conditions, left_out_notes, measured

_SIDE_BY_SIDE = 16
"""Classes up to which two panels stand side by side; of more, each has a page."""
_NAME = 30
"""Signs of a class's name that are shown."""
_LEAST = 0.005
"""A share below is empty: it would read 0."""


def matrix(ax: Axes, share: NDArray[np.float64], classes: list[str]) -> None:
    """Draw shares as a heat map with percents in it.

    Args:
        ax: where.
        share: (classes, classes), true classes as rows; a row that is no number is empty.
        classes: names.
    """
    text = [[f"{100 * value:.0f}" if value >= _LEAST else "" for value in row] for row in share]
    names = [shortened(name, _NAME) for name in classes]
    sns.heatmap(
        share, ax=ax, annot=np.array(text), fmt="", vmin=0, vmax=1, cmap="cividis", cbar=False, square=True,
        annot_kws={"size": 5.5}, xticklabels=names, yticklabels=names, linewidths=0.2,
    )  # fmt: skip
    ax.tick_params(axis="x", length=0, labelsize=6.5, labelrotation=90)
    ax.tick_params(axis="y", length=0, labelsize=6.5, labelrotation=0)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(False)
    ax.set_xlabel("said", size=7.5)
    ax.set_ylabel("true", size=7.5)


def draw(settings: Settings, files: Files) -> list[Figure]:
    """A panel a row, two side by side; of many classes a page a row.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: no row has a run.
        PairingError: a run is missing that was asked for, or given twice, or rows have other classes.
    """
    ask, runs = ask_of(settings, "confusion"), runs_of(files)
    cells = table_cells("confusion", settings.spec | {"metrics": ["f_score"]}, runs, ask, {})
    found = {
        row: list(its.values()) for row, its in runs_of_table("confusion", settings.spec, runs, ask).items() if its
    }
    if not found:
        raise NotDrawnError("; ".join(left_out_notes(settings.labels or {}, cells, ask)) or "no run of its rows")
    said = [
        *conditions(ask, clips_tested(runs), settings.remarks or []),
        *caption_of(settings),
        "Rows: true classes, of which each sums to 100 %; beside the name the weighted F-score.",
        *left_out_notes(settings.labels or {}, cells, ask),
    ]
    scores = {(cell["row"], cell["column"]): measured(cell) for cell in cells}
    return _pages(settings, found, scores, said)


def _pages(settings: Settings, found: dict[Row, list[Run]], scores: dict[Row, str], said: list[str]) -> list[Figure]:
    classes = list(next(iter(found.values()))[0]["classes"])
    many = len(classes) > _SIDE_BY_SIDE
    groups = [[row] for row in found] if many else [list(found)]
    pages = []
    for rows in groups:
        across = 1 if many else 2
        down = -(-len(rows) // across)
        made = figure(settings.spec["title"], said, settings.origin, down * (7.4 if many else 4.1))
        axes = made.subplots(down, across, squeeze=False).ravel()
        for ax, row in zip(axes, rows, strict=False):
            counts = summed(found[row])
            assert counts is not None
            matrix(ax, shares(counts), classes)
            ax.set_title(f"{row_title(settings, row)}: {scores[row]}", size=8, loc="left")
        for ax in axes[len(rows) :]:
            ax.axis("off")
        pages.append(made)
    return pages
