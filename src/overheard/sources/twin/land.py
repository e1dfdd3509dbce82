"""Coordinates on land: one-degree cells that lie wholly on land, from Natural Earth's 1:110m land (public domain).

`sources/twin/land.csv` has one line for each run of such cells along a parallel, from 56 degrees south to 72 north.
Small islands and coasts are left out: a coordinate says "on land, somewhere", never that a beach is at the sea.
"""

import csv
import io
from functools import cache
from importlib.resources import files

import numpy as np


@cache
def cells() -> np.ndarray:
    """(cells, 2) south and west edge of each one-degree cell on land, in degrees."""
    text = files("overheard").joinpath("sources/twin/land.csv").read_text(encoding="utf-8")
    runs = [(int(row["south"]), int(row["west"]), int(row["east"])) for row in csv.DictReader(io.StringIO(text))]
    return np.array([(south, west) for south, start, end in runs for west in range(start, end)])


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
