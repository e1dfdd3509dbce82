"""A trace as a picture: Graphviz text, and an SVG that needs no Graphviz. Touches files: writes one.

In the SVG the runs are one box, one line a seed; a pale arrow says "read from" where a longer way leads there too.
"""

import io
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from overheard.lineage.trace import Trace

Place = tuple[int, float]
Arrow = tuple[str, str]

_CELL = "cell"
_COLOURS = {
    "draw": "#F0E6D2",
    "media": "#F0E6D2",
    "split": "#F0E6D2",
    "features": "#DCEAF4",
    "normaliser": "#DCEAF4",
    "pretrain": "#E4DCEF",
    "teacher": "#E4DCEF",
    "prior": "#E4DCEF",
    "relevance": "#E4DCEF",
    "train": "#DDEFE3",
    "evaluate": "#DDEFE3",
}
_OTHER = "#F4F4F4"
_WIDTH = 0.78  # of a box, in columns
_INK, _LINE, _PALE = "#222222", "#555555", "#DDDDDD"


@dataclass(frozen=True)
class Node:
    """A box: its lines of text, the stage that colours it, and the boxes it read from."""

    lines: Sequence[str]
    stage: str
    parents: Sequence[str]


def as_dot(trace: Trace) -> str:
    """A Graphviz graph: every job a box with its digest of what others read, every arrow a file's way."""
    nodes = _nodes(trace, together=False)
    lines = [
        "digraph trace {",
        "  rankdir=LR;",
        '  node [shape=box, style=filled, fontname="sans-serif", fontsize=10];',
    ]
    for name, node in nodes.items():
        label = "\\n".join(_escaped(line) for line in node.lines)
        colour = _COLOURS.get(node.stage, _OTHER)
        lines.append(f'  "{_escaped(name)}" [label="{label}", fillcolor="{colour}"];')
    for name, node in nodes.items():
        lines += [f'  "{_escaped(parent)}" -> "{_escaped(name)}";' for parent in node.parents]
    return "\n".join([*lines, "}"]) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _nodes(trace: Trace, together: bool) -> dict[str, Node]:
    """The boxes, each after those it read from; with `together` the runs' trainings are one."""
    runs = {run.train: run for run in trace.runs}
    group = next(iter(runs), "") if together else ""
    found = {}
    for job in trace.jobs.values():
        parents = [group if together and parent in runs else parent for parent in job.parents if parent in trace.jobs]
        lines = [job.name]
        if job.name in runs:
            of_group = list(runs.values()) if together else [runs[job.name]]
            lines = [f"train/{job.settings['method']}/{job.settings['modality']}"]
            lines += [
                f"seed {run.seed}" + (f": {run.score:.2f} %" if run.score is not None else "") for run in of_group
            ]
            if together and job.name != group:
                continue
        if job.put_back:
            lines.append("(put back)")
        found[job.name] = Node(lines, job.stage, list(dict.fromkeys(parents)))
    if trace.cell:
        std = f" ± {float(trace.cell['std']):.2f}" if trace.cell["std"] else ""
        words = [trace.cell[key] for key in ("table", "row", "column", "metric")]
        lines = [*words, f"{float(trace.cell['mean']):.2f}{std} %", f"n = {trace.cell['n']}"]
        found[_CELL] = Node(lines, _CELL, [list(found)[-1]])
    return found


def write_svg(trace: Trace, path: Path) -> None:
    """Write the picture as SVG; the same trace gives the same bytes."""
    path.write_bytes(svg(trace))


def svg(trace: Trace) -> bytes:
    """The picture."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    from overheard.scores.plots.style import styled

    nodes = _nodes(trace, together=True)
    parents = {name: node.parents for name, node in nodes.items()}
    short = _by_a_longer_way(parents)
    places, ways = layout(parents, short)
    columns = 1 + max(column for column, _ in places.values())
    rows = 2 * max(abs(row) for _, row in places.values()) + 1
    with styled(), matplotlib.rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(1.75 * columns, max(0.85 * rows, 1.6) + 0.5))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-0.5, columns - 0.5), ylim=(-rows / 2 - 0.1, rows / 2 + 0.5))
        axes.axis("off")
        axes.text(-0.4, rows / 2 + 0.2, f"{trace.target}   ({trace.folder})", fontsize=10, fontweight="bold")
        for parent, name in short:
            _line(axes, [places[parent], places[name]], _PALE, 1)
        for way in ways:
            _line(axes, way, _LINE, 2)
        for name, node in nodes.items():
            _box(axes, node, places[name])
        figure.savefig(stream := io.BytesIO(), format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _box(axes: Any, node: Node, place: Place) -> None:
    from matplotlib.patches import FancyBboxPatch

    lines = [line for text in node.lines for line in _folded(text)]
    height = 0.17 * len(lines) + 0.1
    corner = (place[0] - _WIDTH / 2, place[1] - height / 2)
    colour = _COLOURS.get(node.stage, _OTHER)
    box = FancyBboxPatch(
        corner,
        _WIDTH,
        height,
        "round,pad=0,rounding_size=0.05",
        facecolor=colour,
        edgecolor=_LINE,
        linewidth=0.8,
        zorder=3,
    )
    axes.add_patch(box)
    weight = "bold" if node.stage == _CELL else "normal"
    axes.text(*place, "\n".join(lines), ha="center", va="center", fontsize=7, color=_INK, fontweight=weight, zorder=4)


def _folded(text: str, width: int = 20) -> list[str]:
    """A name over as many lines as it needs, broken after slashes."""
    lines = [""]
    for part in text.replace("/", "/\n").split("\n"):
        if lines[-1] and len(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def _line(axes: Any, way: Sequence[Place], colour: str, order: int) -> None:
    """A smooth line from box to box through the places between, with an arrow's head."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Line

    half = _WIDTH / 2
    points, codes = [(way[0][0] + half, way[0][1])], [Line.MOVETO]
    for position, (x, y) in enumerate(way[1:], start=1):
        between = position < len(way) - 1
        (from_x, from_y), to_x = points[-1], x - half
        middle = (from_x + to_x) / 2
        points += [(middle, from_y), (middle, y), (to_x, y)]
        codes += [Line.CURVE4] * 3
        if between:
            points.append((x + half, y))
            codes.append(Line.LINETO)
    style = "-|>,head_length=4,head_width=2"
    axes.add_patch(
        FancyArrowPatch(
            path=Line(points, codes), arrowstyle=style, linewidth=0.9, color=colour, fill=False, zorder=order
        )
    )


def layout(
    parents: Mapping[str, Sequence[str]], short: Collection[Arrow] = ()
) -> tuple[dict[str, Place], list[list[Place]]]:
    """Where each node stands, and the way of each arrow: columns by the longest way from a source, few crossings.

    Args:
        parents: for each node those it read from, every node after its parents.
        short: arrows that are drawn behind all else, and so need no way of their own between the boxes.

    Returns:
        (column, row) of each node, rows around 0; for each other arrow (column, row) in every column it passes.
    """
    column = _columns(parents)
    above: dict[str, list[str]] = {name: [] for name in parents}
    ways = []
    for name, direct in parents.items():
        for parent in direct:
            if (parent, name) in short:
                continue
            steps = [parent, *(f"{parent} > {name} {at}" for at in range(column[parent] + 1, column[name])), name]
            ways.append(steps)
            for at, (step, following) in enumerate(pairwise(steps), start=column[parent]):
                column.setdefault(step, at)
                above.setdefault(following, []).append(step)
                above.setdefault(step, [])
    row = _rows(column, above)
    places = {name: (column[name], row[name]) for name in column}
    return {name: places[name] for name in parents}, [[places[step] for step in steps] for steps in ways]


def _columns(parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    column: dict[str, int] = {}
    for name, direct in parents.items():
        column[name] = 1 + max((column[parent] for parent in direct), default=-1)
    return column


def _rows(column: Mapping[str, int], above: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Rows within each column, by the mean of their neighbours' rows, swept to and fro."""
    below: dict[str, list[str]] = defaultdict(list)
    columns: dict[int, list[str]] = defaultdict(list)
    for name in column:
        columns[column[name]].append(name)
        for parent in above[name]:
            below[parent].append(name)
    row = {name: place - (len(names) - 1) / 2 for names in columns.values() for place, name in enumerate(names)}
    for sweep in range(8):
        towards = below if sweep % 2 else above
        for number in sorted(columns, reverse=bool(sweep % 2)):
            names = columns[number]
            means = {
                name: sum(row[near] for near in towards[name]) / len(towards[name]) if towards[name] else row[name]
                for name in names
            }
            names.sort()
            names.sort(key=means.__getitem__)
            row |= {name: place - (len(names) - 1) / 2 for place, name in enumerate(names)}
    return row


def _by_a_longer_way(parents: Mapping[str, Sequence[str]]) -> list[Arrow]:
    """Arrows (parent, child) beside which a longer way leads from parent to child."""
    above: dict[str, set[str]] = {}
    for name, direct in parents.items():
        above[name] = set(direct).union(*(above[parent] for parent in direct))
    return [
        (parent, name)
        for name, direct in parents.items()
        for parent in direct
        if any(parent in above[other] for other in direct if other != parent)
    ]
