"""The map of land: the twin's cells are the ones it always had; the outlines are Natural Earth's."""

import hashlib

import numpy as np
from matplotlib.path import Path as Outline

from overheard.seeds import generator
from overheard.sources import land


def contains(points):
    """Whether points are on land, by matplotlib: in an outer ring and in no lake."""
    inside = np.zeros(len(points), dtype=bool)
    for outer, *lakes in land.polygons():
        within = Outline(outer).contains_points(points)
        for lake in lakes:
            within &= ~Outline(lake).contains_points(points)
        inside |= within
    return inside


def test_the_cells_are_those_of_every_world_ever_drawn():
    """Before the outlines were shipped, a table of these cells was: a cell more or less would move every location."""
    cells = land.cells()
    assert cells.shape == (12782, 2)
    digest = hashlib.sha256(cells.astype("<i8").tobytes()).hexdigest()
    assert digest == "ed101c2a9a9e60262ae04bc9288a0a7eb1f3f5fa843c6b39dfaecbaa444a52a5"
    first = land.coordinates(1000, generator("land", 0))
    assert (
        hashlib.sha256(first.tobytes()).hexdigest()
        == "e77bf69ef2cf8999915fe52d64db4dccbc38565c70bc5a71205a7298fc64cceb"
    )


def test_points_on_land_are_those_that_matplotlib_finds_inside_outlines_and_outside_lakes():
    latitudes, longitudes = np.arange(-89.95, 90, 1.3), np.arange(-179.95, 180, 1.1)
    points = np.stack(np.meshgrid(longitudes, latitudes), axis=-1).reshape(-1, 2)
    np.testing.assert_array_equal(land._on_land(latitudes, longitudes).ravel(), contains(points))
    caspian, sahara, pacific, date_line = (42.0, 51.0), (23.0, 10.0), (0.0, -140.0), (67.0, 180.0)
    found = [bool(land._on_land(np.array([lat]), np.array([lon])).item()) for lat, lon in (caspian, sahara, pacific)]
    assert found == [False, True, False]
    assert not land._on_land(np.array([date_line[0]]), np.array([-180.0, date_line[1]])).any(), "a cut is an outline"


def test_outlines_are_closed_rings_on_the_globe():
    rings = [ring for rings in land.polygons() for ring in rings]
    assert len(land.polygons()) == 127
    assert all(len(ring) > 3 and (ring[0] == ring[-1]).all() for ring in rings)
    every = np.concatenate(rings)
    assert (abs(every) <= [180, 90]).all()
    assert [len(rings) - 1 for rings in land.polygons() if len(rings) > 1] == [4, 1]
