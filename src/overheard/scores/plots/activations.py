"""Figures 1 and 7: class activation maps of several methods on the same pictures, with the true class's probability."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from overheard.scores.plots.given import Files, NotDrawnError, Settings, ask_of, caption_of, column_name
from overheard.scores.plots.style import INK, figure, math
from overheard.scores.pointing import HALF, field_middles
from overheard.scores.tabular import origin, sentence

_WIDTH_IN, _LARGEST_IN, _GAP_IN, _LINE_IN = 7.3, 1.62, 0.05, 0.13
_SIZE_PT = 7.4
_SIDE = 256  # pixels that a picture and its map are drawn with
_MAP = "cividis"  # from dark to bright, so that it can be read in grey
_STRENGTH = 0.68  # of the map over the picture, whose own contrast is halved, so that bright means the map
_BLUR = 3  # pixels; what is finer than this of an object's outline would hide the map

Row = tuple[str, str]
Kept = Mapping[str, NDArray[Any]]
"""Maps of a row, as the stage `maps` keeps them."""


class _Grid(NamedTuple):
    """A page: the pictures (rows of the page) and the study's rows (its columns)."""

    heading: str
    clips: list[tuple[str, str]]  # id, and what stands beside it
    columns: list[tuple[Row, str]]  # a row of the study, and what stands above it


def draw(settings: Settings, files: Files) -> list[Figure]:
    """A page for each class, or one for some classes.

    Args:
        settings: of rows; of its own `classes`, how many classes one page shows, and `pictures` of each class.
        files: `activations`, of each row.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: no run of any row.
    """
    ask, labels, own = ask_of(settings, "activations"), settings.labels or {}, settings.own or {}
    kept = {(str(one.content["method"]), str(one.content["modality"])): one.content for one in files["activations"]}
    wanted = [
        (row, column) for block in settings.spec["blocks"] for row in block["rows"] for column in block["columns"]
    ]
    names = {row: f"{labels.get(row[0], row[0])} ({column_name(settings, row[1]).lower()})" for row in wanted}
    seed = next((seed for seed in ask.seeds if any(int(one["seed"]) == seed for one in kept.values())), None)
    there = {row: kept[row] for row in wanted if row in kept and int(kept[row]["seed"]) == seed}
    absent = _absent(wanted, names, there, ask.left_out, seed)
    if not there:
        raise NotDrawnError(" ".join(absent) or "no run of its rows.")

    first = next(iter(there.values()))
    columns = [(row, f"{labels.get(row[0], row[0])}\n{column_name(settings, row[1])}") for row in there]
    said = [origin(ask), *caption_of(settings), *_rules(first, seed, own), *absent]
    said += [sentence(remark) for remark in settings.remarks or ()]
    pages = []
    for grid in _grids(first, columns, own):
        page = _Page(grid)
        made = figure(settings.spec["title"], said, settings.origin, body_in=page.height_in + 0.15)
        page.draw(made.add_subplot(), there)
        pages.append(made)
    return pages


def _absent(
    wanted: Sequence[Row], names: Mapping[Row, str], there: Mapping[Row, Kept], left_out: Mapping[Row, str], seed: Any
) -> list[str]:
    """Sentences on the rows that are not shown."""
    found: dict[str, list[str]] = {}
    for row in wanted:
        if row not in there:
            reason = f"Left out, because {left_out[row]}" if row in left_out else f"No run of seed {seed}"
            found.setdefault("No run" if seed is None and row not in left_out else reason, []).append(names[row])
    return [sentence(f"{reason}: {'; '.join(rows)}") for reason, rows in found.items()]


def _rules(first: Kept, seed: Any, own: Mapping[str, Any]) -> list[str]:
    """How pictures were chosen, and how a map is to be read."""
    pictures = int(own.get("pictures", 1))
    which = "its first location" if pictures == 1 else f"each of its first {pictures} locations"
    said = [
        f"Pictures: test clips of seed {seed}; of a class the first clip, by its name, of {which}, "
        "whatever the maps show.",
        "A map is of the picture's true class: what each place adds to its score, from the least (dark) to the most "
        "(bright) in each map by itself; p: that class's probability.",
    ]
    if first["mask"].any():
        said.append(
            "Outline, smoothed: the object's mask, unless it covers over half of the picture. "
            "Cross: where the map points."
        )
    if unseen := [name for name in first["classes"].tolist() if name not in first["class"].tolist()]:
        said.append(sentence(f"No test clip of seed {seed}, so not shown: {', '.join(unseen)}"))
    return said


def _grids(first: Kept, columns: list[tuple[Row, str]], own: Mapping[str, Any]) -> Iterator[_Grid]:
    ids, classes, shown = first["id"].tolist(), first["class"].tolist(), int(own.get("pictures", 1))
    of = {name: [clip for clip, its in zip(ids, classes, strict=True) if its == name][:shown] for name in classes}
    if "classes" not in own:
        for name, clips in of.items():
            yield _Grid(name, [(clip, clip) for clip in clips], columns)
        return
    places = np.linspace(0, len(of) - 1, min(int(own["classes"]), len(of))).round().astype(int)
    names = [list(of)[place] for place in places]
    yield _Grid("", [(clip, f"{name}\n{clip}") for name in names for clip in of[name]], columns)


class _Page:
    """Where things stand on a page, in inches from its upper left corner, and their drawing."""

    def __init__(self, grid: _Grid) -> None:
        self.grid = grid
        self.left = 0.5
        for _ in range(3):  # names beside the pictures take room from these, which have to hold the names
            self.cell = min(_LARGEST_IN, (_WIDTH_IN - self.left) / (1 + len(grid.columns)) - _GAP_IN)
            self.beside = [_in_lines(text, self.cell) for _, text in grid.clips]
            self.left = 0.06 + _LINE_IN * max(len(lines) for lines in self.beside)
        self.above = [_in_lines(text, self.cell) for _, text in grid.columns]
        self.heading = textwrap.wrap(grid.heading, 90)
        self.head = 0.19 * len(self.heading)
        self.top = self.head + 0.05 + _LINE_IN * max(len(lines) for lines in self.above)
        self.row = self.cell + 0.2
        self.height_in = self.top + self.row * len(grid.clips)

    def draw(self, ax: Axes, there: Mapping[Row, Kept]) -> None:
        """Draw all pictures and maps into one axes: hundreds of axes would take minutes."""
        ax.set_axis_off()
        look: dict[str, Any] = {"size": _SIZE_PT, "color": INK, "linespacing": 1.15}
        ax.text(0, 0, "\n".join(self.heading), va="top", size=10, weight="bold", parse_math=False)
        for place, lines in enumerate([["Picture"], *self.above]):
            middle = self._x(place) + self.cell / 2
            ax.text(middle, self.top - 0.04, "\n".join(map(math, lines)), ha="center", va="bottom", **look)
        for row, (clip, _) in enumerate(self.grid.clips):
            y = self.top + row * self.row
            text = "\n".join(self.beside[row])
            ax.text(
                self.left - 0.04,
                y + self.cell / 2,
                text,
                rotation=90,
                ha="right",
                va="center",
                parse_math=False,
                **look,
            )
            for place, (name, _) in enumerate(self.grid.columns):
                kept = there[name]
                if place == 0:
                    self._picture(ax, kept, clip, y)
                if clip in kept["id"]:
                    self._map(ax, kept, clip, (self._x(place + 1), y))
        ax.set(xlim=(0, _WIDTH_IN), ylim=(self.height_in, 0), aspect="equal")
        for written in ax.texts:
            written.set_in_layout(False)  # all stand inside the axes; measuring them takes a tenth of the time

    def _x(self, place: int) -> float:
        return self.left + place * (self.cell + _GAP_IN)

    def _picture(self, ax: Axes, kept: Kept, clip: str, y: float) -> None:
        at = kept["id"].tolist().index(clip)
        self._show(ax, _enlarged(kept["picture"][at]), kept["mask"][at], (self._x(0), y))

    def _map(self, ax: Axes, kept: Kept, clip: str, corner: tuple[float, float]) -> None:
        at = kept["id"].tolist().index(clip)
        activation, mask, middle = kept["map"][at], kept["mask"][at], float(kept["middle"])
        self._show(ax, overlaid(kept["picture"][at], activation, middle), mask, corner)
        (x, y), scale = corner, self.cell / _SIDE
        rows, columns = field_middles(activation.shape, (_SIDE, _SIDE), middle)
        row, column = np.unravel_index(activation.argmax(), activation.shape)
        if mask.any():
            point = x + columns[0, column] * scale, y + rows[row, 0] * scale
            edge = [withStroke(linewidth=2.6, foreground=INK)]
            ax.plot(*point, "x", color="white", markersize=5, markeredgewidth=1.3, path_effects=edge)
        said = f"p = {float(kept['probability'][at]):.2f}"
        ax.text(x + self.cell / 2, y + self.cell + 0.02, said, ha="center", va="top", size=_SIZE_PT, color=INK)

    def _show(self, ax: Axes, picture: NDArray[Any], mask: NDArray[Any], corner: tuple[float, float]) -> None:
        x, y = corner
        ax.imshow(picture, extent=(x, x + self.cell, y + self.cell, y), interpolation="antialiased")
        if 0 < mask.mean() <= HALF:
            places = (np.arange(_SIDE) + 0.5) * self.cell / _SIDE
            line = ax.contour(x + places, y + places, _soft(mask), levels=[0.5], colors="white", linewidths=0.7)
            line.set_path_effects([withStroke(linewidth=1.4, foreground=INK)])


def _in_lines(text: str, width_in: float) -> list[str]:
    """Lines that fit a width, about; words without a blank are cut."""
    signs = max(8, int(width_in * 72 / (0.56 * _SIZE_PT)))
    joined = text.replace(" on ", " on\u00a0")  # no line ends before the last symbol of a label
    return [line for part in joined.split("\n") for line in textwrap.wrap(part, signs) or [""]]


def _soft(mask: NDArray[Any]) -> NDArray[Any]:
    """A mask (height, width) bool in 0..1 without its finest details, (256, 256)."""
    whole = Image.fromarray(mask.astype(np.uint8) * 255).resize((_SIDE, _SIDE)).filter(ImageFilter.GaussianBlur(_BLUR))
    return np.asarray(whole, dtype=float) / 255


def _enlarged(picture: NDArray[Any]) -> NDArray[Any]:
    """A picture (height, width, 3) uint8 as it is drawn, (256, 256, 3)."""
    return np.asarray(Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))


def overlaid(picture: NDArray[Any], activation: NDArray[Any], middle: float) -> NDArray[Any]:
    """A map's colours over a picture in grey.

    Args:
        picture: (height, width, 3) uint8.
        activation: (rows, columns); its least value is dark, its greatest bright.
        middle: where in its cell each value is drawn; see scores.pointing.field_middles.

    Returns:
        (256, 256, 3) in 0..1.
    """
    grey = np.asarray(Image.fromarray(_enlarged(picture)).convert("L"), dtype=float)[:, :, None] / 255
    least, most = float(activation.min()), float(activation.max())
    scaled = (activation - least) / (most - least) if most > least else np.zeros_like(activation)
    edged = Image.fromarray(np.pad(scaled.astype(np.float32), 1, mode="edge"))
    (rows, columns), first = scaled.shape, 1.5 - middle
    places = (columns / _SIDE, 0, first, 0, rows / _SIDE, first)
    whole = edged.transform((_SIDE, _SIDE), Image.Transform.AFFINE, places, Image.Resampling.BILINEAR)
    colours = colormaps[_MAP](np.asarray(whole))[:, :, :3]
    return np.asarray(_STRENGTH * colours + (1 - _STRENGTH) * (0.25 + 0.5 * grey))
