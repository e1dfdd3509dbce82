"""A trace as a picture: Graphviz text, and an SVG that needs no Graphviz. Pure.

In the SVG the runs are one box, one line a seed; a pale arrow says "read from" where a longer way leads there too.
"""

import io
import json
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from overheard.lineage.trace import Trace
from overheard.scores.metrics import METRICS

Place = tuple[int, float]
Arrow = tuple[str, str]

_CELL = "cell"
_COLOURS = {
    **dict.fromkeys(("draw", "media", "split"), "#F0E6D2"),
    **dict.fromkeys(("features", "normaliser"), "#DCEAF4"),
    **dict.fromkeys(("pretrain", "frozen", "teacher", "shuffle", "prior", "relevance"), "#E4DCEF"),
    **dict.fromkeys(("train", "evaluate"), "#DDEFE3"),
}
_OTHER = "#F4F4F4"
_WIDTH = 0.78  # of a box, in columns
_INK, _LINE, _PALE = "#222222", "#555555", "#DDDDDD"


class Node(NamedTuple):
    """A box: its lines of text, the stage that colours it, and the boxes it read from."""

    lines: Sequence[str]
    stage: str
    parents: Sequence[str]


def as_dot(trace: Trace) -> str:
    """A Graphviz graph: every job a box with its digest of what others read, every arrow a file's way."""
    nodes, quoted = _nodes(trace, together=False), partial(json.dumps, ensure_ascii=False)
    boxes = '  node [shape=box, style=filled, fontname="sans-serif", fontsize=10];'
    lines = ["digraph trace {", "  rankdir=LR;", boxes]
    for name, node in nodes.items():
        label, colour = quoted("\n".join(node.lines)), _COLOURS.get(node.stage, _OTHER)
        lines.append(f'  {quoted(name)} [label={label}, fillcolor="{colour}"];')
    for name, node in nodes.items():
        lines += [f"  {quoted(parent)} -> {quoted(name)};" for parent in node.parents]
    return "\n".join([*lines, "}"]) + "\n"


def _nodes(trace: Trace, together: bool) -> dict[str, Node]:
    """The boxes, each after those it read from; with `together` the runs' trainings are one."""
    stands_for = {run.train: (trace.runs[0] if together else run).train for run in trace.runs}
    found: dict[str, Node] = {}
    sign = METRICS[trace.cell["metric"]].sign if trace.cell else ""
    for job in trace.jobs.values():
        if stands_for.get(job.name, job.name) != job.name:
            continue
        parents = [stands_for.get(parent, parent) for parent in job.parents if parent in trace.jobs]
        lines = [job.name]
        if runs := [run for run in trace.runs if stands_for[run.train] == job.name]:
            settings = job.record["settings"]
            lines = [f"train/{settings['method']}/{settings['modality']}"]
            for run in runs:
                seed = trace.jobs[run.train].record["settings"]["seed"]
                lines.append(f"seed {seed}" + (f": {run.score:.2f} {sign}" if run.score is not None else ""))
        if job.put_back:
            lines.append("(put back)")
        found[job.name] = Node(lines, job.record["stage"], list(dict.fromkeys(parents)))
    if trace.cell:
        std = f" ± {float(trace.cell['std']):.2f}" if trace.cell["std"] else ""
        words = [trace.cell[key] for key in ("table", "row", "column", "metric")]
        lines = [*words, f"{float(trace.cell['mean']):.2f}{std} {sign}", f"n = {trace.cell['n']}"]
        found[_CELL] = Node(lines, _CELL, [list(found)[-1]])
    return found


def svg(trace: Trace) -> bytes:
    """The picture; the same trace gives the same bytes."""
    import matplotlib
    import networkx
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    from overheard.scores.plots.style import styled

    nodes = _nodes(trace, together=True)
    arrows = [(parent, name) for name, node in nodes.items() for parent in node.parents]
    # the others say what a longer way says: drawn behind all else, they need no way of their own between the boxes
    shown = networkx.transitive_reduction(networkx.DiGraph(arrows)).edges
    places, ways = layout({name: [one for one in nodes[name].parents if (one, name) in shown] for name in nodes})
    columns = max(4, 1 + max(column for column, _ in places.values()))  # room for the title
    rows = 2 * max(abs(row) for _, row in places.values()) + 1
    with styled(), matplotlib.rc_context({"svg.fonttype": "none"}):
        figure = Figure(figsize=(1.75 * columns, max(0.85 * rows, 1.6) + 0.5))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-0.5, columns - 0.5), ylim=(-rows / 2 - 0.1, rows / 2 + 0.5))
        axes.axis("off")
        axes.text(-0.4, rows / 2 + 0.2, f"{trace.target}   ({trace.folder})", fontsize=10, fontweight="bold")
        for parent, name in arrows:
            if (parent, name) in ways:
                _line(axes, ways[parent, name], _LINE, 2)
            else:
                _line(axes, [places[parent], places[name]], _PALE, 1)
        for name, node in nodes.items():
            _box(axes, node, places[name])
        figure.savefig(stream := io.BytesIO(), format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _box(axes: Any, node: Node, place: Place) -> None:
    from matplotlib.patches import FancyBboxPatch

    lines = [line for text in node.lines for line in _folded(text)]
    height = 0.17 * len(lines) + 0.1
    corner = (place[0] - _WIDTH / 2, place[1] - height / 2)
    look: dict[str, Any] = {"facecolor": _COLOURS.get(node.stage, _OTHER), "edgecolor": _LINE, "linewidth": 0.8}
    axes.add_patch(FancyBboxPatch(corner, _WIDTH, height, "round,pad=0,rounding_size=0.05", zorder=3, **look))
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

    points: list[tuple[float, float]] = []
    codes: list[Any] = []
    for (from_x, from_y), (to_x, to_y) in pairwise(way):
        start, end = from_x + _WIDTH / 2, to_x - _WIDTH / 2
        middle = (start + end) / 2
        points += [(start, from_y), (middle, from_y), (middle, to_y), (end, to_y)]
        codes += [Line.LINETO if codes else Line.MOVETO, *[Line.CURVE4] * 3]
    look: dict[str, Any] = {"linewidth": 0.9, "color": colour, "fill": False, "zorder": order}
    look["arrowstyle"] = "-|>,head_length=4,head_width=2"
    axes.add_patch(FancyArrowPatch(path=Line(points, codes), **look))


def layout(parents: Mapping[str, Sequence[str]]) -> tuple[dict[str, Place], dict[Arrow, list[Place]]]:
    """Where each box stands, and the way of each arrow: columns by the longest way from a source, few crossings.

    Args:
        parents: for each box those it read from.

    Returns:
        (column, row) of each box, rows around 0; for each arrow (column, row) in every column it passes.
    """
    from grandalf.graphs import Edge, Vertex, graph_core
    from grandalf.layouts import SugiyamaLayout, VertexViewer

    boxes = {name: Vertex(name) for name in parents}
    for box in boxes.values():
        box.view = VertexViewer()
    arrows = {(parent, name): Edge(boxes[parent], boxes[name]) for name in parents for parent in parents[name]}
    layered = SugiyamaLayout(graph_core([*boxes.values()], [*arrows.values()]))
    layered.init_all(roots=[boxes[name] for name in parents if not parents[name]], inverted_edges=[])
    # of the library counts the order in each column: its own places of boxes sometimes overlap
    for _ in layered.ordering_step():
        pass
    places: dict[Any, Place] = {}
    for column, layer in enumerate(layered.layers):
        places |= {box: (column, row - (len(layer) - 1) / 2) for row, box in enumerate(layer)}
    ways = {}
    for (parent, name), arrow in arrows.items():
        passed = layered.ctrls.get(arrow) or dict(enumerate((boxes[parent], boxes[name])))
        ways[parent, name] = [places[passed[column]] for column in sorted(passed)]
    return {name: places[box] for name, box in boxes.items()}, ways
