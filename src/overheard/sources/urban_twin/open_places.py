"""Streets, squares and parks as still views: one drawing, shaped by the scene and by what the place passes for."""

from typing import NamedTuple

import numpy as np

from overheard.sources.twin.canvas import mix, shade
from overheard.sources.urban_twin.view import FAR, NEAR, Lane, View, bench, houses, lamp, tree


class Open(NamedTuple):
    """How an open place is built; lengths in metres, shares and chances 0..1, movers in ten seconds."""

    half_width: float  # to the houses at either side
    closing: float  # to the houses that end the view
    height: float  # of the houses
    road: float  # half width of the carriageway
    grass: float  # share of the ground
    trees: float
    shops: float  # share of the houses
    monument: float  # chance
    benches: float
    walkers: float
    standers: float
    vehicles: float


SHAPES = {
    "park": Open(26, 60, 9, 0.4, 0.95, 24, 0.05, 0.12, 2.5, 3.0, 1.5, 0.3),
    "public_square": Open(24, 48, 15, 0.9, 0.12, 4, 0.4, 0.8, 1.2, 7.0, 5.0, 0.6),
    "street_pedestrian": Open(6.5, 70, 14, 0.4, 0.03, 1.5, 0.9, 0.08, 0.7, 9.0, 3.0, 0.3),
    "street_traffic": Open(11, 95, 15, 5.2, 0.06, 4, 0.4, 0.04, 0.2, 3.0, 1.0, 11.0),
}
_ROAD_FROM = 1.8  # metres; narrower ones are footpaths


def draw(view: View, shape: Open) -> list[Lane]:
    """Draw the place, far things first; returns where people and vehicles move."""
    rng = view.rng
    cloud = rng.random()
    view.sky(cloud)
    across = rng.random() < 0.35
    side = rng.choice([-1.0, 1.0])
    # the camera stands on one pavement of a street, anywhere on a square
    centre = side * shape.half_width * rng.uniform(0.1, 0.6)
    if shape.road > _ROAD_FROM:
        centre = side * (shape.road + 0.3 * max(1.5, shape.half_width - shape.road))
    end = shape.half_width * 1.6 + 3 if across else shape.closing
    _ground(view, shape, centre, end, across)
    _built(view, shape, centre, end, across)
    _things(view, shape, centre, end, across)
    return _lanes(shape, centre, end, across)


def _ground(view: View, shape: Open, centre: float, end: float, across: bool) -> None:
    rng, land = view.rng, view.palette
    wide, deep = (-FAR, FAR), (NEAR, FAR)
    green = mix(land.grass, land.straw, rng.uniform(0, 0.4))
    whole = np.array([(x, 0, z) for x, z in zip((*wide, *wide[::-1]), np.repeat(deep, 2), strict=True)])
    grassy = shape.grass > 0.5
    base = green if grassy else land.paving
    view.textured(whole, shade(base, 0.88), shade(base, 1.1), 40 if grassy else 90)
    if grassy:
        for x, half in ((centre * 0.3, rng.uniform(1.2, 2.4)), (centre + rng.uniform(-12, 12), 1.0)):
            tip = rng.uniform(-9, 9)
            path = [(x - half, 0, NEAR), (x + half, 0, NEAR), (x + tip + half, 0, end), (x + tip - half, 0, end)]
            view.polygon(np.array(path), shade(mix(land.sand, land.paving, rng.random()), 0.95))
    else:
        for z in np.geomspace(1.8, 60, 16):
            view.line(np.array([(-FAR, 0, z), (FAR, 0, z)]), 0.7, shade(base, 0.9))
        for x in np.arange(-18, 19, rng.uniform(1.5, 3)):
            view.line(np.array([(x, 0, 1.0), (x, 0, 50)]), 0.7, shade(base, 0.92))
        for _ in range(rng.poisson(12 * shape.grass)):
            x, z = rng.uniform(-shape.half_width, shape.half_width), rng.uniform(5, end * 0.7)
            view.floor((x, x + rng.uniform(2, 8)), (z, z + rng.uniform(2, 8)), green)
    if shape.road > _ROAD_FROM:
        _road(view, shape.road, centre, end, across)


def _road(view: View, half: float, centre: float, end: float, across: bool) -> None:
    """A carriageway with kerbs and a broken middle line."""
    tar, kerb, white = view.palette.road, shade(view.palette.paving, 1.12), (222, 220, 210)
    if across:
        first, last = _crossing(half, end)
        view.floor((-FAR, FAR), (first - 0.3, last + 0.3), kerb)
        view.floor((-FAR, FAR), (first, last), tar)
        middle = (first + last) / 2
        for x in np.arange(-40, 40, 4.0):
            view.floor((x, x + 2), (middle, middle + 0.2), white)
        return
    view.floor((centre - half - 0.3, centre + half + 0.3), (NEAR, end), kerb)
    view.floor((centre - half, centre + half), (NEAR, end), tar)
    for z in np.arange(2, min(60, end), 5.0):
        view.floor((centre - 0.08, centre + 0.08), (z, z + 2.5), white)
    if view.rng.random() < 0.4:
        z = view.rng.uniform(4, 14)
        for x in np.arange(centre - half + 0.3, centre + half - 0.3, 1.0):
            view.floor((x, x + 0.5), (z, z + 3), white)


def _crossing(half: float, end: float) -> tuple[float, float]:
    """From where to where (m) a road lies that crosses the view."""
    return 2.6, min(2.6 + 2 * half, end - 1.5)


def _built(view: View, shape: Open, centre: float, end: float, across: bool) -> None:
    rng, height = view.rng, shape.height
    # a park has houses behind its trees, if any
    if shape.grass > 0.5:
        for _ in range(14):
            tree(view, rng.uniform(-55, 55), rng.uniform(0.8, 1.0) * end, rng.uniform(7, 14))
        if rng.random() < 0.5:
            x = rng.uniform(-50, 20)
            houses(view, (x, end), (x + 35, end), height, 0.0, 0.95)
        return
    houses(view, (-90, end), (90, end), height, shape.shops, 0.95)
    if across:
        return
    lit = rng.permutation([0.72, 1.05])
    for direction, light in zip((-1, 1), lit, strict=True):
        x = (centre if shape.road > _ROAD_FROM else 0.4 * centre) + direction * shape.half_width
        x = direction * max(1.2, direction * x)
        near = 1.0 if shape.half_width < 14 else rng.uniform(4, 22)
        houses(view, (x, near), (x, end), height, shape.shops, light)


def _things(view: View, shape: Open, centre: float, end: float, across: bool) -> None:
    """Monument, trees, benches, lamps, parked cars: far ones first."""
    rng = view.rng
    if rng.random() < shape.monument:
        _monument(view, rng.uniform(-6, 6), rng.uniform(11, 0.5 * end + 6))
    places = []
    for _ in range(rng.poisson(shape.trees)):
        deep = rng.uniform(0.12, 0.9) * end
        places.append((_beside(view, shape, centre, across, deep), deep))
    for x, z in sorted(places, key=lambda place: -place[1]):
        tree(view, x, z, rng.uniform(4.5, 9) * (1.3 if shape.grass > 0.5 else 1.0), True if z < 9 else None)
    for _ in range(rng.poisson(shape.benches)):
        z = rng.uniform(4, 14)
        bench(view, _beside(view, shape, centre, across, z), z)
    if shape.grass < 0.5:
        for z in sorted(rng.uniform(5, 30, rng.poisson(2.5)), reverse=True):
            lamp(view, _beside(view, shape, centre, across, z), z)


def _beside(view: View, shape: Open, centre: float, across: bool, z: float) -> float:
    """Where something may stand at a distance, off the road: metres to the right."""
    rng = view.rng
    reach = min(shape.half_width, 0.85 * z + 3)
    if shape.road <= _ROAD_FROM or across:
        return float(rng.uniform(-reach, reach))
    return float(centre + rng.choice([-1, 1]) * (shape.road + rng.uniform(0.6, 2.0)))


def _monument(view: View, x: float, z: float) -> None:
    """A statue on its pedestal, an obelisk, or a fountain."""
    stone, rng = shade(view.look.stones[0], 0.95), view.rng
    kind = rng.integers(3)
    if kind == 2:
        view.block((x - 4, x + 4), (0, 0.6), (z - 3, z + 3), stone)
        view.floor((x - 3.7, x + 3.7), (z - 2.7, z + 2.7), view.palette.water, y=0.6)
        view.block((x - 0.4, x + 0.4), (0.5, 2.6), (z - 0.4, z + 0.4), stone)
        spray = rng.normal(0, 0.7, (40, 3)) * (1, 0.8, 0) + (x, 2.6, z)
        view.balls(spray, np.full(40, 0.1), [(222, 232, 238)] * 40)
        return
    view.block((x - 2, x + 2), (0, 0.5), (z - 2, z + 2), stone)
    view.block((x - 1.2, x + 1.2), (0.5, 3.2), (z - 1.2, z + 1.2), shade(stone, 0.9))
    if kind == 1:
        view.polygon(np.array([(x - 0.9, 3.2, z), (x + 0.9, 3.2, z), (x + 0.3, 14, z), (x - 0.3, 14, z)]), stone)
        return
    bronze = (72, 92, 82)
    view.polygon(np.array([(x - 0.7, 3.2, z), (x + 0.7, 3.2, z), (x + 0.5, 6.0, z), (x - 0.5, 6.0, z)]), bronze)
    view.balls(np.array([(x, 6.4, z)]), np.array([0.4]), [bronze])


def _lanes(shape: Open, centre: float, end: float, across: bool) -> list[Lane]:
    walk, far = shape.walkers, min(end - 1, 40.0)
    lanes = [Lane("stander", (-3, 3.5), (3, 15), shape.standers, aside=2.5)]
    if across:
        first, last = _crossing(shape.road, end)
        beyond = (last if shape.road > _ROAD_FROM else 9.0) + 1.0
        lanes += [
            Lane("walker", (-beyond, beyond), (beyond, beyond), walk / 2, 1.4, aside=0.7),
            Lane("walker", (7, beyond), (-7, beyond + 1), walk / 2, 1.3, aside=0.7),
        ]
        if shape.road > _ROAD_FROM:
            for kind, share in (("car", 0.9), ("bus", 0.06), ("tram", 0.04)):
                for toward, lane in ((1, 0.3), (-1, 0.7)):
                    deep = first + lane * (last - first)
                    lanes.append(Lane(kind, (-18 * toward, deep), (18 * toward, deep), share * shape.vehicles / 2, 7))
        return lanes
    aside = shape.road + 1.2 if shape.road > _ROAD_FROM else 0.0
    way = centre if shape.road > _ROAD_FROM else 0.0
    spread = min(3.0, 0.3 * shape.half_width)
    for direction in (-1, 1) if aside else (0,):
        x = way + direction * aside
        lanes += [
            Lane("walker", (x, far), (x, 1.2), walk / 3, 1.4, aside=spread if not aside else 0.5),
            Lane("walker", (x + 0.6, 2.0), (x + 0.6, far), walk / 4, 1.4, aside=spread if not aside else 0.5),
        ]
    if not aside:
        lanes.append(Lane("walker", (-8, 8), (8, 10), walk / 3, 1.3, behind=True, aside=2.0))
        lanes.append(Lane("bicycle", (1.5, far), (1.5, 1.2), 0.4, 4.5, aside=spread))
    if shape.grass > 0.5:
        lanes.append(Lane("dog", (-6, 6), (6, 9), 0.5, 2.0, aside=1.0))
    if shape.road > _ROAD_FROM:
        for kind, share in (("car", 0.88), ("bus", 0.07), ("tram", 0.05)):
            for start, stop, lane in ((70.0, 1.0, -0.5), (1.0, 70.0, 0.5)):
                x = way + lane * shape.road
                lanes.append(Lane(kind, (x, start), (x, stop), share * shape.vehicles / 2, 9, behind=True))
    elif shape.vehicles > 0.25 and shape.half_width > 14:
        lanes.append(Lane("car", (-30, end - 2), (30, end - 2), shape.vehicles, 8, behind=True))
    return lanes
