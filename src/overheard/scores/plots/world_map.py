"""Figure 4: where the pairs are from, on a map of the world, with a pair of each class beside it."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, PathPatch
from matplotlib.path import Path

from overheard.scores.plots.given import Files, NotDrawnError, Settings, caption_of, lines_of, origin_of
from overheard.scores.plots.style import INK, MARK, PALE, figure
from overheard.sources import land

_A_ROW = 7
"""Pairs above the map, and as many below it."""
_ROW_IN = 1.75
"""Height of a row of pairs."""
_SOUTH, _NORTH = -60.0, 85.0


class Pair(NamedTuple):
    """A pair beside the map."""

    name: str  # its class
    latitude: float
    longitude: float
    picture: np.ndarray  # (height, width, 3) uint8
    log_mel: np.ndarray  # (time, band)


def draw(settings: Settings, files: Files) -> Figure:
    """Figure 4.

    Args:
        settings: of the figure.
        files: `index`, lines of the pairs' index; `pairs`, arrays of a pair of each class.

    Raises:
        NotDrawnError: no location has coordinates.
    """
    lines = lines_of(files, "index")
    where = {
        line["location"]: (float(line["lat"]), float(line["lon"])) for line in lines if line["lat"] and line["lon"]
    }
    if not where:
        raise NotDrawnError("no coordinates: the index of the pairs has no lat and lon (columns of metadata.csv)")
    pairs = [pair for file in files.get("pairs", ()) for pair in pairs_of(file.content)]
    shown = pairs[: 2 * _A_ROW]
    sentences = [origin_of(settings), *caption_of(settings), *_said(lines, len(where), len(shown))]
    if settings.origin.coordinates:
        sentences.append(settings.origin.coordinates)
    title = f"{settings.spec['title']}: {len(where)} locations"
    above, below = beside(shown)
    made = figure(title, sentences, settings.origin, body_in=3.2 + _ROW_IN * sum(map(bool, (above, below))))
    _draw_on(made, list(where.values()), above, below)
    return made


def _said(lines: Sequence[Mapping[str, str]], located: int, shown: int) -> list[str]:
    """How many locations have no coordinates, and which pairs are shown."""
    total, classes = len({line["location"] for line in lines}), len({line["class"] for line in lines})
    said = [f"{total - located} of {total} locations have no coordinates."] if located < total else []
    if shown:
        which = f"{shown} of the {classes} classes" if shown < classes else "each class"
        said.append(
            f"Beside the map: the first pair by id of {which}, its picture above its sound (log-mel: time to the "
            "right, frequency upwards)."
        )
    return said


def pairs_of(arrays: Mapping[str, np.ndarray]) -> list[Pair]:
    """The pairs that have coordinates, by class."""
    columns = (arrays[name] for name in ("class", "lat", "lon", "image", "sound"))
    found = [Pair(str(name), float(lat), float(lon), *media) for name, lat, lon, *media in zip(*columns, strict=True)]
    return [pair for pair in found if math.isfinite(pair.latitude) and math.isfinite(pair.longitude)]


def beside(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Which pairs stand above the map and which below: the northern half above, each from west to east.

    So their lines cross little.
    """
    by_latitude = sorted(pairs, key=lambda pair: -pair.latitude)
    half = math.ceil(len(pairs) / 2)
    above, below = (sorted(part, key=lambda pair: pair.longitude) for part in (by_latitude[:half], by_latitude[half:]))
    return above, below


def world_map(ax: Axes, places: Sequence[tuple[float, float]]) -> None:
    """Draw the land and points on it: degrees of longitude to the right, of latitude upwards, at one scale.

    Args:
        ax: where.
        places: latitude and longitude in degrees.
    """
    for rings in land.polygons():
        outline = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        ax.add_patch(PathPatch(outline, facecolor=PALE, edgecolor="#999999", linewidth=0.4))
    south = min([_SOUTH, *(latitude for latitude, _ in places)])
    north = max([_NORTH, *(latitude for latitude, _ in places)])
    ax.plot(
        [longitude for _, longitude in places], [latitude for latitude, _ in places], "o",
        color=MARK, markersize=3.0, markeredgecolor="white", markeredgewidth=0.3, alpha=0.9,
    )  # fmt: skip
    ax.set(xlim=(-180, 180), ylim=(south, north), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _draw_on(made: Figure, places: Sequence[tuple[float, float]], above: Sequence[Pair], below: Sequence[Pair]) -> None:
    rows = [("above", above, _ROW_IN), ("map", (), 3.2), ("below", below, _ROW_IN)]
    rows = [row for row in rows if row[0] == "map" or row[1]]
    grid = made.add_gridspec(len(rows), 1, height_ratios=[height for *_, height in rows])
    ax = made.add_subplot(grid[[name for name, *_ in rows].index("map")])
    world_map(ax, places)
    for place, (name, pairs, _) in enumerate(rows):
        if not pairs:
            continue
        cells = grid[place].subgridspec(2, _A_ROW, height_ratios=[2, 1], hspace=0.03)
        # fewer pairs than there is room for stand in the middle
        first = (_A_ROW - len(pairs)) // 2
        for column, pair in enumerate(pairs, start=first):
            picture, sound = (made.add_subplot(cells[part, column]) for part in (0, 1))
            # the name stands where no line comes
            _pair(picture, sound, pair, above=name == "above")
            from_ax, from_y = (sound, 0.0) if name == "above" else (picture, 1.0)
            line = ConnectionPatch(
                (0.5, from_y), (pair.longitude, pair.latitude), from_ax.transAxes, ax.transData,
                color=INK, linewidth=0.5,
            )  # fmt: skip
            line.set_in_layout(False)
            made.add_artist(line)
            ax.plot(
                pair.longitude, pair.latitude, "D", color=MARK, markersize=5, markeredgecolor=INK, markeredgewidth=0.7
            )


def _pair(picture: Axes, sound: Axes, pair: Pair, above: bool) -> None:
    picture.imshow(pair.picture)
    sound.imshow(pair.log_mel.astype(np.float32).T, origin="lower", aspect="auto", cmap="cividis")
    name = "\n".join(textwrap.wrap(pair.name, 17, max_lines=2, placeholder="…"))
    look: dict[str, Any] = {"size": 7.0, "parse_math": False}
    picture.set_title(name, pad=2, **look) if above else sound.set_xlabel(name, labelpad=2, **look)
    for ax in (picture, sound):
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
