"""Figure 6: the F-score of each method, its mean a bar, its seeds points, their standard deviation a whisker.

Beside the bars, each method's difference to the row that the figure's setting `against` names, with its interval.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.scores.cells import table_cells
from overheard.scores.differences import LEVEL, OVER, Difference, differences
from overheard.scores.origin import Origin
from overheard.scores.over_seeds import Run, clips_tested, epoch_remarks, event_remarks, shown
from overheard.scores.plots.given import Files, Settings, ask_of, column_name, lines_of, runs_of
from overheard.scores.plots.style import COLOURS, INK, figure, math
from overheard.scores.tabular import conditions, left_out_notes, measured

_GREY = "#999999"
_SPREAD = 0.44  # of a bar's thickness: seeds stand beside each other, so that equal scores stay visible


@dataclass(frozen=True)
class Bar:
    """One row of the figure; numbers in percent."""

    group: str  # modality
    heading: str
    label: str
    values: tuple[float, ...]  # one a seed, in the order of the seeds
    mean: float | None
    std: float | None
    text: str  # beside the bar: the number, or why there is none
    difference: Difference | None = None  # to the row that the others of its group are held against


def places(bars: Sequence[Bar]) -> tuple[list[float], list[tuple[float, str]]]:
    """Where bars and group headings stand, downwards from 0: a heading takes a bar's room."""
    rows: list[float] = []
    headings: list[tuple[float, str]] = []
    place, group = -1.0, None
    for bar in bars:
        if bar.group != group:
            place += 1.0 if group is None else 1.25
            headings.append((place, bar.heading))
            group = bar.group
        place += 0.95
        rows.append(place)
    return rows, headings


def f_score_by_method(ax: Axes, bars: Sequence[Bar]) -> None:
    """Draw one horizontal bar a row from zero, with its seeds as points and the std as a whisker."""
    rows, headings = places(bars)
    for row, bar in zip(rows, bars, strict=True):
        if bar.mean is not None:
            ax.barh(row, bar.mean, height=0.72, color=COLOURS.get(bar.group, _GREY))
            _seeds(ax, row, bar)
    ticks = sorted([(row, bar.label) for row, bar in zip(rows, bars, strict=True)] + headings)
    ax.set_yticks([row for row, _ in ticks], [math(text) for _, text in ticks])
    names = {row for row, _ in headings}
    for (row, _), label in zip(ticks, ax.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if row in names else "normal")
    ax.set_ylim(rows[-1] + 0.6, headings[0][0] - 0.5)
    ax.set_xlim(0, _ceiling(bars))
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_xlabel("test F-score, weighted (%)")


def close_up(ax: Axes, bars: Sequence[Bar], group: str) -> None:
    """Draw the rows of one group again, on an axis from its least to its greatest seed."""
    rows, _ = places(bars)
    own = [(row, bar) for row, bar in zip(rows, bars, strict=True) if bar.group == group]
    shown = [(row, bar, bar.mean) for row, bar in own if bar.mean is not None]
    for row, bar, mean in shown:
        ax.plot([mean, mean], [row - 0.34, row + 0.34], color=COLOURS.get(group, _GREY), linewidth=3)
        _seeds(ax, row, bar)
    ends = [end for _, bar, mean in shown for end in (*bar.values, mean - (bar.std or 0), mean + (bar.std or 0))]
    margin = max(0.08 * (max(ends) - min(ends)), 0.1)
    ax.set_xlim(min(ends) - margin, max(ends) + margin)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.grid(axis="x")
    ax.set_xlabel(f"{shown[0][1].heading}, closer (%)")


def paired_differences(ax: Axes, bars: Sequence[Bar], against: str) -> None:
    """Draw each row's difference to another of its group as a point, with its interval; 0 is a line.

    Args:
        ax: where; its rows are those of the bars.
        bars: all rows; those without a difference stay empty.
        against: the label of the row that they are held against.
    """
    rows, _ = places(bars)
    ax.axvline(0, color=INK, linewidth=0.8)
    for row, bar in zip(rows, bars, strict=True):
        its, colour = bar.difference, COLOURS.get(bar.group, _GREY)
        if its is None or its.value is None:
            continue
        if its.low is not None and its.high is not None:
            ax.plot([its.low, its.high], [row, row], color=INK, linewidth=1.2, solid_capstyle="butt")
        ax.plot(its.value, row, "D", color=colour, markersize=4.5, markeredgecolor=INK, markeredgewidth=0.7, zorder=3)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)  # else 0 would be one of two lines
    ax.set_xlabel(f"minus {math(against)} (points)")


def _seeds(ax: Axes, row: float, bar: Bar) -> None:
    offsets = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(bar.values)) if len(bar.values) > 1 else 0.0
    if bar.mean is not None and bar.std is not None:
        ax.errorbar(bar.mean, row, xerr=bar.std, color=INK, capsize=3, linewidth=1.2, zorder=3)
    look: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 0.7, "markersize": 3.2}
    ax.plot(bar.values, row + np.broadcast_to(offsets, len(bar.values)), "o", zorder=4, **look)


def _ceiling(bars: Sequence[Bar]) -> float:
    """The next ten above everything drawn, 100 at most."""
    ends = [end for bar in bars if bar.mean is not None for end in (*bar.values, bar.mean + (bar.std or 0))]
    return min(100.0, 10.0 * float(np.ceil((max(ends, default=0.0) + 1.0) / 10.0)))


def _numbers(ax: Axes, bars: Sequence[Bar]) -> None:
    """The numbers in a column right of the axes, where no point can cover them."""
    rows, headings = places(bars)
    axes = ("axes fraction", "data")
    place: dict[str, Any] = {"xycoords": axes, "textcoords": "offset points", "va": "center", "size": 8}
    head = "mean ± std" if any(bar.std is not None for bar in bars) else "mean"
    for row, bar in zip(rows, bars, strict=True):
        ax.annotate(bar.text, (1, row), (8, 0), parse_math=False, annotation_clip=False, **place)
    ax.annotate(head, (1, headings[0][0]), (8, 0), weight="bold", annotation_clip=False, **place)


def draw(settings: Settings, files: Files) -> Figure:
    """Figure 6 from the scores of its rows' runs, and the comparisons of its table.

    Raises:
        ConfigError: settings of rows are missing, or `against` names none of them.
        PairingError: a run is missing that was asked for, or given twice.
    """
    ask, runs = ask_of(settings, "f_score_by_method"), runs_of(files)
    labels: Mapping[str, str] = settings.labels or {}
    cells = table_cells("figure6", settings.spec | {"metrics": ["f_score"]}, runs, ask, {})
    against, compared = str((settings.own or {}).get("against", "")), lines_of(files, "comparisons")
    if against and against not in labels:
        raise ConfigError(f"f_score_by_method: settings.against: found {against}; allowed: {', '.join(labels)}")
    found = differences(compared, "comparisons") if against else {}
    pairs = [((cell["row"], cell["column"]), (against, cell["column"]), "f_score") for cell in cells]
    bars = [
        _bar(cell, column_name(settings, cell["column"]), labels, runs, found.get(pair))
        for cell, pair in zip(cells, pairs, strict=True)
    ]
    remarks = [*(settings.remarks or ()), *event_remarks(runs), *epoch_remarks(runs)]
    sentences = conditions(ask, clips_tested(runs), remarks)
    sentences += ["Bars: means; whiskers: ± one std; points: the seeds.", *left_out_notes(labels, cells, ask)]
    of = labels.get(against, against)
    sentences += _said(bars, of)
    return of_bars(bars, settings.spec["title"], sentences, settings.origin, of)


def _said(bars: Sequence[Bar], against: str) -> list[str]:
    """What the diamonds are, and why one has no interval."""
    shown = [bar.difference for bar in bars if bar.difference and bar.difference.value is not None]
    if not shown:
        return []
    lines = [f"Diamonds: F-score less that of {against} on the same input, with the {LEVEL:.0%} interval {OVER}."]
    if len(shown) > 1:
        lines.append(f"Each interval stands by itself: none is corrected for there being {len(shown)}.")
    bare = dict.fromkeys(one.covers for one in shown if one.low is None)
    return lines + [f"No interval: {why}." for why in bare]


def _bar(
    cell: Mapping[str, Any], heading: str, labels: Mapping[str, str], runs: Sequence[Run], its: Difference | None
) -> Bar:
    own = {run["seed"]: run for run in runs if (run["method"], run["modality"]) == (cell["row"], cell["column"])}
    return Bar(
        group=cell["column"],
        heading=heading,
        label=labels.get(cell["row"], cell["row"]),
        values=tuple(shown(own[seed], "f_score") for seed in sorted(own)),
        mean=cell["mean"],
        std=cell["std"],
        text=measured(dict(cell)) if cell["n"] or cell["diverged"] else _none(cell["note"]),
        difference=its,
    )


def _none(note: str) -> str:
    return "left out" if "left out" in note else "no run"


def of_bars(bars: Sequence[Bar], title: str, sentences: Sequence[str], source: Origin, against: str = "") -> Figure:
    """Figure 6: all rows from zero; beside them the largest group again, closer, and the differences that there are.

    Args:
        bars: the rows, groups together.
        title: one line.
        sentences: what every number is, and what was left out.
        source: whose numbers these are.
        against: the label of the row that the others are held against.
    """
    rows, _ = places(bars)
    made = figure(title, sentences, source, body_in=0.75 + 0.27 * (rows[-1] + 1.1))
    sizes = {bar.group: sum(other.group == bar.group and bool(other.values) for other in bars) for bar in bars}
    largest = max(sizes, key=sizes.__getitem__)
    panels: list[tuple[int, Callable[[Axes], None]]] = [(3, partial(f_score_by_method, bars=bars))]
    if sizes[largest] > 1:
        panels.append((2, partial(close_up, bars=bars, group=largest)))
    if any(bar.difference and bar.difference.value is not None for bar in bars):
        panels.append((2, partial(paired_differences, bars=bars, against=against)))
    axes = made.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=[width for width, _ in panels])[0]
    for ax, (_, panel) in zip(axes, panels, strict=True):
        panel(ax)
    _numbers(axes[-1], bars)
    return made
