"""Bodies of moving objects as polygons: people flat towards the camera, vehicles as boxes.

Each kind is a function of a body's own random numbers and the place's colours; it returns how the body looks at a time:
polygons (n, corners, 3) in metres about the point of the floor where it stands, moving along +z, and n colours.
"""

import math
from collections.abc import Callable

import numpy as np

from overheard.sources.twin.canvas import Colour, shade
from overheard.sources.twin.things import PAINT
from overheard.sources.urban_twin.cities import Look
from overheard.sources.urban_twin.view import CHEST, GLASS

Body = tuple[np.ndarray, list[Colour]]
Moves = Callable[[float], Body]  # by the seconds since it entered
_ROUND = np.array([(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 8, endpoint=False)])
_SKIN: tuple[Colour, ...] = ((222, 184, 156), (188, 142, 112), (128, 90, 66), (236, 204, 180))
_CLOTH: tuple[Colour, ...] = ((34, 36, 44), (58, 62, 76), (92, 88, 84), (36, 52, 88), (128, 46, 46), (176, 170, 158),
                              (70, 92, 72), (204, 196, 190), (150, 106, 60), (92, 128, 160))  # fmt: skip


def _octagon(points: list[tuple[float, float]]) -> np.ndarray:
    """Corners repeated to eight, so that all parts of a person are one array."""
    return np.array([points[k * len(points) // 8] for k in range(8)])


def _flat(parts: list[np.ndarray]) -> np.ndarray:
    shapes = np.stack(parts)
    return np.concatenate([shapes, np.zeros((*shapes.shape[:2], 1))], axis=-1)


def person(rng: np.random.Generator, swing: float, hip_m: float | None = None, lift_m: float = 0.0) -> Moves:
    """Somebody with or without a bag.

    Args:
        rng: who it is.
        swing: metres that feet and hands go to and fro.
        hip_m: height of the hip above the floor; None for standing upright.
        lift_m: how far all of it is above the floor.
    """
    tall, wide = rng.uniform(1.5, 1.88), rng.uniform(0.19, 0.26)
    coat, trousers, skin = (kind[rng.integers(len(kind))] for kind in (_CLOTH, _CLOTH, _SKIN))
    hair = shade(((44, 34, 28), (96, 72, 44), (150, 144, 138))[rng.integers(3)], rng.uniform(0.7, 1.2))
    colours = [shade(trousers, 0.8), trousers, coat, shade(coat, 0.82), shade(coat, 0.9), skin, hair]
    bag = [_octagon([(wide, 0.8), (wide + 0.22, 0.8), (wide + 0.22, 0.42), (wide, 0.42)])] * (rng.random() < 0.35)
    colours += [_CLOTH[rng.integers(len(_CLOTH))]] * len(bag)
    phase, hip = 2 * math.pi * rng.random(), hip_m or 0.48 * tall
    top = hip + 0.36 * tall

    def at(time_s: float) -> Body:
        step, lean = swing * math.sin(6 * time_s + phase), 0.02 * math.sin(1.9 * time_s + phase)
        head = (lean, top + 0.1 * tall)
        parts = [
            _octagon([(-0.09, hip), (0.01, hip), (0.02 - step, 0), (-0.1 - step, 0)]),
            _octagon([(-0.01, hip), (0.1, hip), (0.1 + step, 0), (-0.02 + step, 0)]),
            _octagon([(-0.7 * wide, hip - 0.06), (0.7 * wide, hip - 0.06), (wide + lean, top - 0.08),
                      (0.6 * wide + lean, top), (-0.6 * wide + lean, top), (-wide + lean, top - 0.08)]),
            _octagon([(-wide, top - 0.08), (-wide - 0.1, top - 0.14), (-wide - 0.06 + step, hip),
                      (-wide + 0.04 + step, hip)]),
            _octagon([(wide, top - 0.08), (wide + 0.1, top - 0.14), (wide + 0.06 - step, hip),
                      (wide - 0.04 - step, hip)]),
            _ROUND * (0.062 * tall, 0.078 * tall) + head,
            _ROUND * (0.066 * tall, 0.045 * tall) + head + (0, 0.045 * tall),
        ]  # fmt: skip
        return _flat(parts + bag) + np.array((0, lift_m, 0)), colours

    return at


def walker(rng: np.random.Generator, look: Look) -> Moves:
    return person(rng, 0.16)


def stander(rng: np.random.Generator, look: Look) -> Moves:
    return person(rng, 0.03)


def sitter(rng: np.random.Generator, look: Look) -> Moves:
    return person(rng, 0.01, hip_m=0.48)


def traveller(rng: np.random.Generator, look: Look) -> Moves:
    """Somebody with a case on wheels."""
    somebody, paint = person(rng, 0.16), _CLOTH[rng.integers(len(_CLOTH))]
    case = _flat([_octagon([(-0.55, 0.05), (-0.25, 0.05), (-0.25, 0.6), (-0.55, 0.6)])])

    def at(time_s: float) -> Body:
        shapes, colours = somebody(time_s)
        return np.concatenate([shapes, case]), [*colours, paint]

    return at


def bicycle(rng: np.random.Generator, look: Look) -> Moves:
    """A cyclist, as seen from the front."""
    somebody = person(rng, 0.08, lift_m=0.35)
    wheel = _flat([_ROUND * (0.06, 0.33) + (0, 0.33)])

    def at(time_s: float) -> Body:
        shapes, colours = somebody(time_s)
        return np.concatenate([wheel, shapes]), [(30, 30, 32), *colours]

    return at


def dog(rng: np.random.Generator, look: Look) -> Moves:
    """A dog that trots, of a coat of its own."""
    coat, phase = shade((120, 92, 62), rng.uniform(0.4, 1.6)), 2 * math.pi * rng.random()
    colours = [shade(coat, 0.8), shade(coat, 0.8), coat, shade(coat, 0.9)]

    def at(time_s: float) -> Body:
        step = 0.08 * math.sin(12 * time_s + phase)
        parts = [
            _octagon([(x - 0.03 + s, 0), (x + 0.03 + s, 0), (x + 0.03, 0.3), (x - 0.03, 0.3)])
            for x, s in ((-0.25, step), (0.22, -step))
        ]
        parts += [_octagon([(-0.32, 0.26), (0.3, 0.26), (0.3, 0.5), (-0.32, 0.5)]), _ROUND * 0.12 + (0.4, 0.55)]
        return _flat(parts), colours

    return at


def door(rng: np.random.Generator, look: Look) -> Moves:
    """Two leaves of a cabin's door, which stand open about time 0; where they are shut there is nothing to draw."""
    leaf, bright, glass = shade(look.livery, 0.85), (226, 230, 232), GLASS[rng.integers(len(GLASS))]
    stays = rng.uniform(1.5, 3.0)

    def upright(left: float, right: float, low: float, high: float) -> np.ndarray:
        return _octagon([(left, low), (right, low), (right, high), (left, high)])

    def at(time_s: float) -> Body:
        open_m = 0.65 * min(1.0, stays - abs(time_s))
        if open_m <= 0:
            return np.zeros((0, 8, 3)), []
        parts = [upright(-open_m, open_m, 0.02, 2.05)]
        for inner in (-open_m - 0.7, open_m):
            parts += [upright(inner, inner + 0.7, 0.02, 2.05), upright(inner + 0.1, inner + 0.6, 0.5, 1.9)]
        return _flat(parts), [bright, leaf, glass, leaf, glass]

    return at


def _boxes(boxes: list[tuple[tuple, tuple, tuple, Colour, str]]) -> Moves:
    """Boxes (x, y, z ranges, colour, faces), each after the one it stands on; they keep still.

    Faces, a letter each: l and r to the sides, f front, b back, t top.
    """
    shapes, colours = [], []
    for (x0, x1), (y0, y1), (z0, z1), colour, faces in boxes:
        corners = {
            "l": [(x0, y0, z0), (x0, y0, z1), (x0, y1, z1), (x0, y1, z0)],
            "r": [(x1, y0, z0), (x1, y0, z1), (x1, y1, z1), (x1, y1, z0)],
            "f": [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
            "b": [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)],
            "t": [(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)],
        }
        shapes += [corners[face] for face in faces]
        colours += [shade(colour, {"f": 1.0, "b": 1.0, "t": 1.2}.get(face, 0.85)) for face in faces]
    body = np.array(shapes, dtype=float), colours
    return lambda time_s: body


def car(rng: np.random.Generator, look: Look) -> Moves:
    paint = shade(PAINT[rng.integers(len(PAINT))], rng.uniform(0.8, 1.05))
    half, long, high = rng.uniform(0.82, 0.95), rng.uniform(1.9, 2.3), rng.uniform(1.4, 1.7)
    glass, axle = GLASS[rng.integers(2)], 0.6 * long
    return _boxes([
        ((-half, half), (0.0, 0.32), (-long * 0.8, long * 0.8), (26, 26, 28), "lrfb"),
        ((-half, half), (0.25, 0.85), (-long, long), paint, "lrfbt"),
        *(((-half - 0.02, half + 0.02), (0.0, 0.55), (z - 0.3, z + 0.3), (22, 22, 24), "lr") for z in (-axle, axle)),
        ((-0.86 * half, 0.86 * half), (0.85, high - 0.1), (-long * 0.75, long * 0.4), glass, "lrfb"),
        ((-0.84 * half, 0.84 * half), (high - 0.1, high), (-long * 0.7, long * 0.32), paint, "lrfbt"),
        *_lamps(half, (0.55, 0.72), long),
    ])  # fmt: skip


def _lamps(half: float, y: tuple[float, float], long: float) -> list:
    """White lamps at the front, red ones at the back, of something `long` to either side."""
    ends = (-long - 0.02, long + 0.02)
    return [((side * half - 0.14, side * half + 0.14), y, ends, colour, face)
            for face, colour in (("b", (190, 40, 34)), ("f", (250, 244, 214))) for side in (-0.75, 0.75)]  # fmt: skip


def _long(paint: Colour, half: float, length: float, low: float, high: float) -> Moves:
    """A bus, tram or train: paint, a band of windows, a dark skirt, lights."""
    end = length / 2
    panes = [((-half - 0.02, half + 0.02), (0.45 * high, 0.78 * high), (z, z + 1.5), GLASS[int(z) % 2], "lr")
             for z in np.arange(0.5 - end, end - 1.5, 1.9)]  # fmt: skip
    return _boxes([
        ((-half, half), (0.0, low), (-end, end), (34, 34, 36), "lrfb"),
        ((-half, half), (low, high), (-end, end), paint, "lrfbt"),
        *panes,
        ((-0.85 * half, 0.85 * half), (0.42 * high, 0.8 * high), (-end - 0.02, end + 0.02), (42, 50, 60), "fb"),
        *_lamps(half, (0.2 * high, 0.28 * high), end),
    ])  # fmt: skip


def bus(rng: np.random.Generator, look: Look) -> Moves:
    return _long(shade(look.livery, rng.uniform(0.85, 1.15)), 1.25, 11.0, 0.35, 3.0)


def tram(rng: np.random.Generator, look: Look) -> Moves:
    return _long(shade(look.livery, rng.uniform(0.85, 1.15)), 1.2, 24.0, 0.3, 3.3)


def train(rng: np.random.Generator, look: Look) -> Moves:
    # longer than what a platform shows of it: its tail never comes out of the tunnel
    return _long(shade(look.livery, rng.uniform(0.9, 1.1)), 1.35, 70.0, 0.9, 3.2)


KINDS: dict[str, Callable[[np.random.Generator, Look], Moves]] = {
    function.__name__: function
    for function in (walker, stander, sitter, traveller, dog, bicycle, door, car, bus, tram, train)
}


def placed(body: Body, x: float, y: float, z: float, heading: float) -> Body:
    """A body standing at (x, y, z), turned by `heading` (radians from +z to +x), far parts first.

    Faces of boxes that look away from the camera are left out; flat bodies always look at it.
    """
    shapes, colours = body
    if shapes.shape[1] == 8:  # people, flat
        mirror = -1.0 if math.sin(heading) < 0 else 1.0
        return shapes * (mirror, 1, 1) + np.array((x, y, z)), colours
    cos, sin = math.cos(heading), math.sin(heading)
    turned = np.stack([shapes[..., 0] * cos + shapes[..., 2] * sin, shapes[..., 1],
                       shapes[..., 2] * cos - shapes[..., 0] * sin], axis=-1)  # fmt: skip
    there = turned + np.array((x, y, z))
    # a face of a box has one coordinate in common, and looks to that side of the body
    axis = np.ptp(shapes, axis=1).argmin(axis=1)
    ahead = np.where(axis == 1, 1.0, np.sign(shapes[np.arange(len(shapes)), 0, axis]))
    outward = np.array([(cos, 0, -sin), (0, 1, 0), (sin, 0, cos)])[axis] * ahead[:, None]
    towards = np.array([0.0, CHEST, 0.0]) - there.mean(axis=1)
    keep = np.flatnonzero(np.einsum("ij,ij->i", outward, towards) > 0)
    return there[keep], [colours[k] for k in keep]
