"""By how much each row differs from one row in each class: seeds as points, their mean as a bar."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.scores.by_class import OfClass, differences
from overheard.scores.cells import runs_of_table, table_cells
from overheard.scores.over_seeds import Row, clips_tested
from overheard.scores.plots.given import Files, NotDrawnError, Settings, ask_of, caption_of, row_title, runs_of
from overheard.scores.plots.style import BAR, INK, figure, shortened
from overheard.scores.tabular import conditions, left_out_notes

_ACROSS = 5
_NAME = 30
"""Signs of a class's name that are shown."""


def by_class(ax: Axes, found: list[OfClass], classes: list[str]) -> None:
    """Draw the mean over seeds as a bar and each seed as a point, a class a line.

    Args:
        ax: where.
        found: differences in points of percent.
        classes: in the order of lines.
    """
    drawn = pd.DataFrame(found)
    look: dict[str, Any] = {"x": "difference", "y": "scene", "order": classes, "ax": ax}
    sns.barplot(drawn, errorbar=None, color=BAR, width=0.7, **look)
    # seeds stand beside each other, as drawn jitter would differ from one drawing to the next
    points: dict[str, Any] = {
        "hue": "seed",
        "palette": ["white"] * drawn["seed"].nunique(),
        "dodge": True,
        "jitter": False,
    }
    sns.stripplot(drawn, **points, size=2.8, edgecolor=INK, linewidth=0.6, legend=False, **look)
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set(xlabel="", ylabel="")
    ax.set_yticks(range(len(classes)), [shortened(name, _NAME) for name in classes], size=7, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=7)
    ax.grid(axis="x")


def draw(settings: Settings, files: Files) -> Figure:
    """A panel for each row that is compared, five side by side.

    Args:
        settings: of the figure; its own say less which row, of the same modality.
        files: `scores` of the runs.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: that row has no run, or no other row has one of its modality and seeds.
        PairingError: a run is missing that was asked for, or given twice, or two were not tested alike.
    """
    ask, runs, less = ask_of(settings, "class_differences"), runs_of(files), str((settings.own or {}).get("less"))
    cells = table_cells("class_differences", settings.spec | {"metrics": ["f_score"]}, runs, ask, {})
    rows = runs_of_table("class_differences", settings.spec, runs, ask)
    found = {row: list(differences(its, rows.get((less, row[1]), {}))) for row, its in rows.items() if row[0] != less}
    found = {row: lines for row, lines in found.items() if lines}
    notes = left_out_notes(settings.labels or {}, cells, ask)
    if not found:
        raise NotDrawnError(" ".join([f"no two rows to compare, of which one is {less}.", *notes]))
    classes = list(runs[0]["classes"])
    counts = [its["support"] for run in runs for its in run["per_class"].values()]
    said = [
        *conditions(ask, clips_tested(runs), settings.remarks or []),
        *caption_of(settings),
        f"F-score of the class, less that of {(settings.labels or {}).get(less, less)} of the same seed, in points of "
        f"percent; points: the seeds, from the first downwards; bars: their mean. A class has {min(counts)} to "
        f"{max(counts)} test clips in a fold: a difference of one class is mostly chance.",
        *([f"Without test clips: {', '.join(empty)}."] if (empty := _empty(found, classes)) else []),
        *notes,
    ]
    down = -(-len(found) // _ACROSS)
    height = 0.9 + 0.24 * max(len(classes), 5)
    made = figure(settings.spec["title"], said, settings.origin, down * height)
    axes = made.subplots(down, min(len(found), _ACROSS), sharex=True, sharey=True, squeeze=False).ravel()
    for ax, (row, lines) in zip(axes, found.items(), strict=False):
        by_class(ax, lines, classes)
        ax.set_title(row_title(settings, row), size=7.5, loc="left")
    for ax in axes[len(found) :]:
        ax.axis("off")
    made.supxlabel("difference of F-scores (points of percent)", size=8)
    return made


def _empty(found: Mapping[Row, list[OfClass]], classes: list[str]) -> list[str]:
    return [name for name in classes if not any(line.scene == name for lines in found.values() for line in lines)]
