"""Boxes and arrows for diagrams: placed in inches from the lower left corner, drawn on one bare axes."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from overheard.scores.plots.style import INK, math, wrapped

_LINE_IN = 0.125
_PT = 6.8
_PAD_IN = 0.06
_GAP_IN = 0.1
_BOLD = 1.12
"""How much wider than plain letters bold ones are."""
_TINT = 0.45
"""How strong a box's colour is: dark letters stay readable on it in grey too."""


class Box(NamedTuple):
    """A box; its first line is its heading."""

    x: float  # of its left side
    y: float  # of its middle
    width: float
    lines: Sequence[str]  # as they are drawn
    colour: str = "white"
    dashed: bool = False

    @property
    def height(self) -> float:
        """As its lines need."""
        return _LINE_IN * len(self.lines) + 2 * _PAD_IN

    @property
    def left(self) -> tuple[float, float]:
        """The middle of its left side."""
        return self.x, self.y

    @property
    def right(self) -> tuple[float, float]:
        """The middle of its right side."""
        return self.x + self.width, self.y


def box(x: float, y: float, width: float, texts: Sequence[str], colour: str = "white", dashed: bool = False) -> Box:
    """A box as wide as asked, whose texts are wrapped to it."""
    room = width - 2 * _PAD_IN
    heading = wrapped(texts[0], room / _BOLD, _PT)
    lines = [*heading, *(line for text in texts[1:] for line in wrapped(text, room, _PT))]
    return Box(x, y, width, lines, colour, dashed)


def stacked(
    x: float, width: float, height: float, texts: Sequence[Sequence[str]], colour: str = "white", dashed: bool = False
) -> list[Box]:
    """Boxes one below the other from a height down to 0, with equal spaces around them."""
    found = [box(x, 0, width, each, colour, dashed) for each in texts]
    space, top, placed = (height - sum(its.height for its in found)) / max(len(found), 1), height, []
    for its in found:
        placed.append(its._replace(y=top - (its.height + space) / 2))
        top -= its.height + space
    return placed


def height_of(texts: Sequence[Sequence[str]], width: float) -> float:
    """What boxes of these texts need, with a little space between them."""
    return sum(box(0, 0, width, each).height + _GAP_IN for each in texts)


def at(its: Box, side: Literal["left", "right"], up: float = 0.0) -> tuple[float, float]:
    """A point on a side of a box, so many of its heights above the middle."""
    x, y = its.left if side == "left" else its.right
    return x, y + up * its.height


def canvas(made: Figure, width: float, height: float) -> Axes:
    """A bare axes whose units are inches of the figure, as nearly as its layout lets it."""
    ax = made.add_subplot()
    ax.set(xlim=(-0.02, width + 0.02), ylim=(-0.02, height + 0.02), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def draw_box(ax: Axes, its: Box) -> None:
    """Draw a box: its first line bold, the paper's symbols as mathematics; what is not trained is dashed."""
    edge = FancyBboxPatch(
        (its.x, its.y - its.height / 2), its.width, its.height, boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=to_rgba(its.colour, _TINT), edgecolor=INK, linewidth=0.8, linestyle="--" if its.dashed else "-",
    )  # fmt: skip
    ax.add_patch(edge)
    first = its.y + (len(its.lines) - 1) * _LINE_IN / 2
    for number, line in enumerate(its.lines):
        weight = "bold" if number == 0 else "normal"
        look: dict[str, Any] = {"size": _PT, "ha": "center", "va": "center", "weight": weight}
        ax.text(its.x + its.width / 2, first - number * _LINE_IN, math(line), gid="box", **look)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], dashed: bool = False) -> None:
    """Draw an arrow from one point to another; dashed where no gradient goes back along it."""
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=7, color=INK, linewidth=0.8, shrinkA=0, shrinkB=0,
            linestyle="--" if dashed else "-",
        )
    )  # fmt: skip


def said(values: Mapping[str, Any]) -> list[str]:
    """Settings by name as one text for a box; none where there are none."""
    shown = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in values.items()}
    lines = [f"{name.replace('_', ' ')}: {str(value).replace('_', ' ')}" for name, value in shown.items()]
    return ["; ".join(lines)] if lines else []


def bus(
    ax: Axes, start: tuple[float, float], x: float, ends: Sequence[tuple[float, float]], dashed: bool = False
) -> None:
    """Draw arrows from one point to several: to a common upright line, and from there straight to each.

    Args:
        ax: where.
        start: where they begin.
        x: of the upright line.
        ends: where they end.
        dashed: as of `arrow`.
    """
    look: dict[str, Any] = {"color": INK, "linewidth": 0.8, "linestyle": "--" if dashed else "-"}
    levels = [start[1], *(y for _, y in ends)]
    ax.plot([start[0], x], [start[1], start[1]], **look)
    ax.plot([x, x], [min(levels), max(levels)], **look)
    for end in ends:
        arrow(ax, (x, end[1]), end, dashed)
