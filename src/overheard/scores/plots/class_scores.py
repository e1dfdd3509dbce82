"""Rows side by side in each class: means as bars, seeds as points, and on how many test locations each class rests."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.scores.by_class import BY_METRIC, OfScene, scores_of_scenes, tested_locations
from overheard.scores.cells import runs_of_table, table_cells
from overheard.scores.metrics import METRICS
from overheard.scores.over_seeds import clips_tested, piece_remarks
from overheard.scores.plots.given import (
    Files,
    NotDrawnError,
    Settings,
    ask_of,
    caption_of,
    column_name,
    lines_of,
    row_title,
    runs_of,
)
from overheard.scores.plots.style import INK, figure, math, shortened
from overheard.scores.tabular import conditions, left_out_notes

_NAME = 30
"""Signs of a class's name that are shown."""
_ACROSS = 3
"""Of the legend's entries."""
_THICK = 0.8
"""Of a class's line, what bars take."""
_COLOURS = ("#F0E442", "#56B4E9", "#0072B2", INK, "#009E73")
"""Of the rows: those of Okabe and Ito's colours that are told apart in grey too."""


def class_scores(ax: Axes, rows: Mapping[str, Sequence[OfScene]], places: Mapping[str, int]) -> None:
    """Draw a line a class with a bar a row, its mean over the seeds, and each seed as a point.

    Args:
        ax: where.
        rows: scores by the row's label.
        places: test locations of each class, in the order of lines.
    """
    thick = _THICK / len(rows)
    look: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 0.6, "markersize": 2.8}
    look |= {"clip_on": False, "zorder": 3}
    for place, (label, found) in enumerate(rows.items()):
        middle = (place - (len(rows) - 1) / 2) * thick
        each = {scene: [one.score for one in found if one.scene == scene] for scene in places}
        lines = [line for line, values in enumerate(each.values()) if values]
        means = [float(np.mean(values)) for values in each.values() if values]
        ax.barh([line + middle for line in lines], means, thick, color=_COLOURS[place], edgecolor="white", label=label)
        # seeds stand beside each other, from the first downwards
        points = [
            (value, line + middle + thick * ((k + 1) / (len(values) + 1) - 0.5))
            for line, values in enumerate(each.values())
            for k, value in enumerate(values)
        ]
        ax.plot(*zip(*points, strict=True), "o", **look)
    names = [f"{shortened(name, _NAME)}\n{_locations(count)}" for name, count in places.items()]
    ax.set_yticks(range(len(places)), names, size=7.5, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.margins(y=0.01)
    ax.set_xlim(left=0)
    ax.invert_yaxis()
    ax.grid(axis="x")


def _locations(count: int) -> str:
    return f"{count} test location{'' if count == 1 else 's'}"


def draw(settings: Settings, files: Files) -> Figure:
    """The rows of the figure, of every class.

    Args:
        settings: of the figure; its own say which metric, a word of `by_class.BY_METRIC`.
        files: `scores` of the runs, `index` of the clips and `splits` of the folds.

    Raises:
        ConfigError: settings of rows are missing, no such metric, or more rows than there are colours.
        NotDrawnError: no row has a run.
        PairingError: a run is missing that was asked for, or given twice, or has no such scores of its classes.
    """
    ask, runs, metric = ask_of(settings, "class_scores"), runs_of(files), str((settings.own or {}).get("metric"))
    if metric not in BY_METRIC:
        raise ConfigError(f"class_scores: settings.metric: found {metric}; allowed: {', '.join(BY_METRIC)}")
    rows = runs_of_table("class_scores", settings.spec, runs, ask)
    if len(rows) > len(_COLOURS):
        raise ConfigError(f"class_scores: blocks: found {len(rows)} rows, at most {len(_COLOURS)} can be told apart")
    notes = left_out_notes(
        settings.labels or {}, table_cells("class_scores", settings.spec | {"metrics": [metric]}, runs, ask, {}), ask
    )
    found = {row: scores_of_scenes(its, metric) for row, its in rows.items() if its}
    if not found:
        raise NotDrawnError(" ".join(notes) or "no run of its rows")
    counts = tested_locations(lines_of(files, "index"), [file.content for file in files.get("splits", ())])
    places = {str(name): counts[str(name)] for name in runs[0]["classes"]}
    remarks = [*piece_remarks(runs), *(settings.remarks or ())]
    said = [
        *conditions(ask, clips_tested(runs), remarks, [metric]),
        *caption_of(settings),
        "Bars: means; points: the seeds, from the first downwards. Each class rests on the test locations written "
        "below it; clips of one place are alike, so its number of clips makes it look surer than it is.",
        *notes,
    ]
    made = figure(settings.spec["title"], said, settings.origin, 0.7 + (0.16 + 0.12 * len(found)) * len(places))
    ax = made.add_subplot()
    columns = list(dict.fromkeys(column for _, column in found))
    alone = len(columns) == 1
    label_of = settings.labels or {}
    labels = {row: math(label_of.get(row[0], row[0])) if alone else row_title(settings, row) for row in found}
    class_scores(ax, {labels[row]: its for row, its in found.items()}, places)
    its = METRICS[metric]
    of = f", {column_name(settings, columns[0]).lower()}" if alone else ""
    ax.set_xlabel(f"{its.by_class.words.lower()} of the class ({its.unit}){of}")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=_ACROSS, borderaxespad=0.2, fontsize=7.5)
    return made
