"""Land on Earth: its outlines, for a map, and coordinates on it, for the twin.

`sources/land.geojson` is Natural Earth's 1:110m land (public domain), by way of the npm package world-atlas 1.1.4.
Small islands are not in it.
"""

import json
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

_SOUTH, _NORTH = -56, 72
"""Between these degrees of latitude the twin's places lie."""


@cache
def polygons() -> tuple[tuple[np.ndarray, ...], ...]:
    """Every piece of land as rings, the outer one, then its lakes: (points, 2) longitude and latitude, closed."""
    text = files("overheard").joinpath("sources/land.geojson").read_text(encoding="utf-8")
    pieces = [feature["geometry"]["coordinates"] for feature in json.loads(text)["features"]]
    return tuple(tuple(np.array(ring) for ring in rings) for rings in pieces)


@cache
def cells() -> np.ndarray:
    """(cells, 2) south and west edge, in degrees, of each one-degree cell on land, from south-west on.

    Of such a cell every point is on land that is a whole number of tenths of a degree, its corners and sides too.
    Coasts are left out: a coordinate says "on land, somewhere", never that a beach is at the sea.
    """
    points = _on_land(np.arange(10 * _SOUTH, 10 * _NORTH + 1) / 10, np.arange(-1800, 1801) / 10)
    whole = sliding_window_view(points, (11, 11))[::10, ::10].all(axis=(2, 3))
    south, west = np.nonzero(whole)
    return np.stack([south + _SOUTH, west - 180], axis=1)


def _on_land(latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    """(latitudes, longitudes) whether a point is on land: an odd number of edges lies west of it.

    Counted with and without edges that pass through it, so that no point of an outline is on land.
    """
    rings = [ring for rings in polygons() for ring in rings]
    start, end = (np.concatenate([ring[part] for ring in rings]) for part in (slice(-1), slice(1, None)))
    inside = np.zeros((len(latitudes), len(longitudes)), dtype=bool)
    for row, latitude in enumerate(latitudes):
        cut = (start[:, 1] > latitude) != (end[:, 1] > latitude)
        (x, y), (to_x, to_y) = start[cut].T, end[cut].T
        crossings = np.sort(x + (latitude - y) * (to_x - x) / (to_y - y))
        west, not_east = (np.searchsorted(crossings, longitudes, side) for side in ("left", "right"))
        inside[row] = west & not_east & 1
    return inside


def coordinates(count: int, rng: np.random.Generator) -> np.ndarray:
    """Different points on land, spread evenly over its area.

    Returns:
        (count, 2) latitude and longitude in degrees, to 0.0001 degree, no two equal.
    """
    south_west = cells()
    area = np.cos(np.radians(south_west[:, 0] + 0.5))
    found = np.empty((0, 2))
    while len(found) < count:
        chosen = rng.choice(len(south_west), count, p=area / area.sum())
        points = np.round(south_west[chosen] + rng.uniform(0.0001, 0.9999, (count, 2)), 4)
        merged = np.concatenate([found, points])
        _, first = np.unique(merged, axis=0, return_index=True)
        found = merged[np.sort(first)]
    return found[:count]
