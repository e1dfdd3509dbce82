"""Buses, metros and trams from inside, as still views: one cabin, shaped by the scene and by what it passes for."""

from typing import NamedTuple

import numpy as np

from overheard.sources.twin.canvas import Colour, mix, shade
from overheard.sources.urban_twin.view import NEAR, Lane, View, houses, tree


class Cabin(NamedTuple):
    """How a cabin is built; lengths in metres, shares and chances 0..1, movers in ten seconds."""

    half_width: float
    height: float
    depth: float
    rows: float  # chance of seats in rows rather than along the walls
    tunnel: float  # chance that it is dark outside
    sill: float  # lower edge of the windows
    lintel: float  # their upper edge
    joint: float  # chance of a bellows
    windscreen: float  # chance that the view ends in a window
    bars: float  # number of upright poles
    sitters: float
    standers: float
    walkers: float


SHAPES = {
    "bus": Cabin(1.25, 2.2, 9, 0.95, 0.04, 0.9, 1.85, 0.2, 0.55, 4, 3.5, 1.5, 0.5),
    "metro": Cabin(1.35, 2.2, 15, 0.3, 0.75, 1.05, 1.8, 0.35, 0.06, 5, 4.0, 3.0, 0.6),
    "tram": Cabin(1.2, 2.3, 13, 0.75, 0.08, 0.85, 1.95, 0.55, 0.2, 5, 4.0, 2.0, 0.6),
}


def draw(view: View, shape: Cabin) -> tuple[list[Lane], bool, bool]:
    """Draw the cabin, all of it near but for its panes.

    Returns:
        Where people are, whether it is dark outside, and whether the camera looks across instead of down the aisle.
    """
    rng = view.rng
    view.marker.rectangle((0, 0, view.size, view.size), fill=255)
    dark = rng.random() < shape.tunnel
    lining = mix(view.look.stones[rng.integers(4)], (208, 208, 204), rng.uniform(0.6, 0.95))
    across = rng.random() < 0.35
    return (_across if across else _along)(view, shape, lining), dark, across


def _panes(view: View, start: tuple, end: tuple, shape: Cabin, step: float) -> None:
    """Windows of a wall with their frames: only the panes let the outside through."""
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    left = np.arange(0.15, length - 0.4, step)
    right = np.minimum(left + step - 0.22, length)
    low, high = np.full(len(left), shape.sill), np.full(len(left), shape.lintel)
    view.rects(
        start, end, np.stack([left - 0.06, right + 0.06, low - 0.06, high + 0.06], 1), [(44, 46, 50)] * len(left)
    )
    view.rects(start, end, np.stack([left, right, low, high], 1), [(120, 130, 138)] * len(left), False)


def _lights(view: View, x: tuple[float, float], depth: float, top: float) -> None:
    for side in (-0.45, 0.45) if view.rng.random() < 0.5 else (0.0,):
        middle = (x[0] + x[1]) / 2 + side * (x[1] - x[0]) / 2
        view.floor((middle - 0.12, middle + 0.12), (NEAR, depth), (252, 250, 240), y=top - 0.01)


def _along(view: View, shape: Cabin, lining: Colour) -> list[Lane]:
    """Down the aisle."""
    rng, depth, top, fabric = view.rng, shape.depth, shape.height, view.look.livery
    centre = rng.uniform(-0.35, 0.35)
    left, right = centre - shape.half_width, centre + shape.half_width
    view.floor((left, right), (NEAR, depth), shade(lining, 1.02), y=top)
    _lights(view, (left, right), depth, top)
    view.floor((left, right), (NEAR, depth), shade(mix(lining, (92, 92, 96), 0.75), rng.uniform(0.7, 1.2)))
    view.wall((left, depth), (right, depth), 0, top, shade(lining, 0.85))
    middle = shape.half_width
    if rng.random() < shape.windscreen:
        view.rects((left, depth), (right, depth), np.array([(0.15, 2 * middle - 0.15, 0.8, 1.95)]),
                   [(120, 130, 138)], False)  # fmt: skip
    else:
        view.rects((left, depth), (right, depth), np.array([(middle - 0.4, middle + 0.4, 0.05, 1.95)]),
                   [(70, 74, 80)])  # fmt: skip
    step = rng.uniform(1.3, 2.1)
    for x, light in ((left, 0.92), (right, 0.98)):
        view.wall((x, NEAR), (x, depth), 0, top, shade(lining, light))
        _panes(view, (x, NEAR), (x, depth), shape, step)
        door = rng.uniform(2.5, 6)
        view.rects((x, door), (x, door + 1.3), np.array([(0, 1.3, 0.02, 2.05)]), [shade(fabric, 0.9)], True)
        view.rects(
            (x, door),
            (x, door + 1.3),
            np.array([(0.1, 0.6, 0.5, 1.9), (0.7, 1.2, 0.5, 1.9)]),
            [(120, 130, 138)] * 2,
            False,
        )
    if rng.random() < shape.joint:
        z = rng.uniform(5, 9)
        for k, ring in enumerate(np.arange(z + 0.8, z - 0.01, -0.2)):
            grey = (54, 56, 60) if k % 2 else (84, 86, 90)
            for x in (left, right):
                view.wall((x, ring), (x * 0.9 + centre * 0.1, ring), 0, top, grey, True)
            view.floor((left, right), (ring, ring + 0.2), grey, y=top - 0.05, telling=True)
    rows = rng.random() < shape.rows
    _seats(view, rows, left, right, depth, fabric)
    _bars(view, shape, centre, depth)
    inner = shape.half_width - 0.35
    lanes = [
        Lane("stander", (centre, 2.6), (centre, depth - 1), shape.standers, aside=0.3),
        Lane("walker", (centre, depth - 1), (centre, 1.5), shape.walkers, 0.8, aside=0.1),
    ]
    for side in (-1, 1):
        lanes.append(
            Lane("sitter", (centre + side * inner, 2.2), (centre + side * inner, depth - 1), shape.sitters / 2)
        )
    return lanes


def _seats(view: View, rows: bool, left: float, right: float, depth: float, fabric: Colour) -> None:
    """Seats in rows whose backs are seen, or benches along the walls."""
    if not rows:
        for inner, x in ((left + 0.5, left), (right - 0.5, right)):
            span = (min(inner, x), max(inner, x))
            view.block(span, (0.38, 0.48), (1.0, depth - 0.5), fabric, True)
            view.wall((x * 0.97, 1.0), (x * 0.97, depth - 0.5), 0.48, 0.95, shade(fabric, 0.85), True)
        return
    pitch = view.rng.uniform(0.8, 1.0)
    for z in np.arange(1.5, depth - 0.6, pitch)[::-1]:
        for first, last in ((left + 0.05, left + 0.75), (right - 0.75, right - 0.05)):
            view.block((first, last), (0.35, 0.48), (z, z + 0.45), shade(fabric, 0.8), True)
            view.block((first, last), (0.48, 1.15), (z + 0.4, z + 0.5), fabric, True)
            view.line(np.array([(first, 1.17, z + 0.4), (last, 1.17, z + 0.4)]), 2.0, view.look.bar, True)


def _bars(view: View, shape: Cabin, centre: float, depth: float) -> None:
    rng = view.rng
    for side in (-0.5, 0.5):
        x = centre + side
        view.line(np.array([(x, shape.height - 0.25, 0.8), (x, shape.height - 0.25, depth)]), 2.0, view.look.bar, True)
    for z in np.sort(rng.uniform(1.6, depth - 1, rng.poisson(shape.bars)))[::-1]:
        x = centre + rng.choice([-0.45, 0.45])
        view.strip((x, 0, z), (x, shape.height, z), 0.04, view.look.bar, True)
    for z in np.arange(1.2, depth - 1, 0.7)[::-1]:
        if rng.random() < 0.25:
            x = centre + rng.choice([-0.5, 0.5])
            view.strip((x, shape.height - 0.25, z), (x, shape.height - 0.55, z), 0.05, shade(view.look.bar, 0.8), True)


def _across(view: View, shape: Cabin, lining: Colour) -> list[Lane]:
    """From one side to the other: a wall of windows with seats below."""
    rng, top, fabric = view.rng, shape.height, view.look.livery
    far = 2 * shape.half_width - 0.3
    wide = (-6.0, 6.0)
    view.floor(wide, (NEAR, far), shade(lining, 1.0), y=top)
    view.floor(wide, (0.9, 1.15), (252, 250, 240), y=top - 0.01)
    view.floor(wide, (NEAR, far), shade(mix(lining, (92, 92, 96), 0.75), rng.uniform(0.7, 1.2)))
    view.wall((wide[0], far), (wide[1], far), 0, top, lining)
    _panes(view, (wide[0] + rng.uniform(0, 1), far), (wide[1], far), shape, rng.uniform(1.4, 2.2))
    if rng.random() < shape.rows:
        pitch = rng.uniform(0.9, 1.2)
        for x in np.arange(wide[0] + rng.uniform(0, 1), wide[1], pitch):
            view.block((x, x + 0.5), (0.35, 0.48), (far - 0.9, far - 0.1), shade(fabric, 0.85), True)
            view.block((x, x + 0.12), (0.48, 1.15), (far - 0.9, far - 0.1), fabric, True)
    else:
        view.block(wide, (0.36, 0.48), (far - 0.5, far), shade(fabric, 0.9), True)
        view.wall((wide[0], far - 0.03), (wide[1], far - 0.03), 0.48, shape.sill - 0.08, fabric, True)
    door = rng.uniform(-2.5, 1.2)
    view.rects(
        (door, far - 0.04), (door + 1.4, far - 0.04), np.array([(0, 1.4, 0.02, 2.05)]), [shade(fabric, 0.95)], True
    )
    view.rects((door, far - 0.04), (door + 1.4, far - 0.04), np.array([(0.1, 0.65, 0.5, 1.9), (0.75, 1.3, 0.5, 1.9)]),
               [(120, 130, 138)] * 2, False)  # fmt: skip
    view.line(np.array([(wide[0], top - 0.25, far - 0.7), (wide[1], top - 0.25, far - 0.7)]), 3.0, view.look.bar, True)
    for _ in range(rng.poisson(shape.bars / 2)):
        x, z = rng.uniform(-2, 2), rng.uniform(1.2, far - 0.4)
        view.strip((x, 0, z), (x, top, z), 0.04, view.look.bar, True)
    return [
        Lane("door", (door + 0.7, far - 0.05), (door + 0.7, far - 0.05), 0.4),
        Lane("sitter", (-2.2, far - 0.45), (2.2, far - 0.4), shape.sitters, aside=0.02),
        Lane("stander", (-1.8, far - 0.9), (1.8, far - 0.9), 0.7 * shape.standers, aside=0.1),
        Lane("walker", (-2.5, 1.7), (2.5, 1.7), shape.walkers, 0.8),
    ]


def outside(view: View, dark: bool) -> None:
    """What passes by the windows: a street's houses and trees, or the wall of a tunnel; drawn over a whole canvas."""
    rng = view.rng
    if dark:
        view.picture.paste((18, 18, 20), (0, 0, view.size, view.size))
        for y in (0.9, 1.2, 2.1):
            view.line(np.array([(-40, y, 6.0), (40, y, 6.0)]), 2.0, (44, 42, 40))
        for x in np.arange(-14, 14, rng.uniform(3, 5)):
            view.rects((x, 6.0), (x + 1, 6.0), np.array([(0, 0.5, 1.6, 1.9)]), [(236, 222, 170)])
            view.wall((x + 1.5, 6.0), (x + 1.9, 6.0), 0, 3, (32, 32, 34))
        return
    view.sky(rng.random())
    view.floor((-90, 90), (NEAR, 90), view.palette.road)
    view.floor((-90, 90), (9, 14), view.palette.paving)
    houses(view, (-40, 14), (40, 14), rng.uniform(7, 14), 0.5)
    for x in rng.uniform(-18, 18, rng.poisson(4)):
        tree(view, x, 10.5, rng.uniform(4, 8))
