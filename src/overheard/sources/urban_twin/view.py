"""The canvas of the urban twin: the existing one, seen from chest height instead of from above.

Points of three numbers are metres: x to the right, y up from the floor, z away from the camera. Points of two numbers
are the canvas's own units (1/400 of its side), right and down from its middle. What the canvas calls telling marks
here what moving objects may pass behind: pillars, seats, everything in a cabin but its panes.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageOps

from overheard.sources.twin.canvas import EXTENT, Canvas, Colour, shade
from overheard.sources.urban_twin.cities import Look

FOCAL = 238.0  # units; a field of view of 80 degrees
CHEST = 1.35  # m, height of the camera
NEAR = 0.35  # m; what is nearer is drawn as if it were there
FAR = 150.0  # m

GLASS: tuple[Colour, ...] = ((52, 64, 78), (78, 92, 106), (104, 118, 128), (38, 44, 52))


Built = TypeVar("Built", bound=NamedTuple)


def mixed(own: Built, other: Built, share: float, rng: np.random.Generator, spread: float) -> Built:
    """How a place is built between two scenes, at `share` of the way from its own to the other.

    Args:
        own: numbers of the scene, a named tuple.
        other: those of another scene.
        share: 0..1.
        rng: each number is varied by itself,
        spread: by a factor of about e**(0.25 spread).
    """
    between = [(1 - share) * a + share * b for a, b in zip(own, other, strict=True)]
    return type(own)(*(float(number * np.exp(0.25 * spread * rng.normal())) for number in between))


@dataclass(frozen=True)
class Lane:
    """Where objects of one kind move or stand.

    Attributes:
        kind: of moving object, a key of `bodies.KINDS`.
        start: (x, z) in metres.
        end: (x, z) in metres.
        number: how many there are in ten seconds of usual activity.
        speed: metres a second; 0 for what stands or sits anywhere between the ends.
        behind: passes behind what the canvas marks as near.
        floor: metres, height of what it stands on.
        stops: comes to rest at the end instead of leaving there.
        aside: metres, how far objects keep off the line, standard deviation.
    """

    kind: str
    start: tuple[float, float]
    end: tuple[float, float]
    number: float
    speed: float = 0.0
    behind: bool = False
    floor: float = 0.0
    stops: bool = False
    aside: float = 0.0


class View(Canvas):
    """A place being drawn as its camera sees it."""

    def __init__(self, size: int, rng: np.random.Generator, look: Look, pan: float = 0.0) -> None:
        """Start an empty view of `size` pixels a side; `pan` (units) moves the vanishing point to the right."""
        super().__init__(size, rng)
        self.look, self.palette, self.pan = look, look.land, pan
        self.axes, self.middle = np.eye(2), np.full(2, size / 2)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) in metres or (..., 2) in units as pixels of the picture."""
        return super().pixels(self.units(points))

    def units(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) in metres as the canvas's units; those of two numbers are units already."""
        points = np.asarray(points, dtype=float)
        if points.shape[-1] == 2:
            return points
        scale = FOCAL / np.maximum(points[..., 2:], NEAR)
        return np.concatenate([points[..., :1], CHEST - points[..., 1:2]], axis=-1) * scale + (self.pan, 0.0)

    def floor(self, x: tuple[float, float], z: tuple[float, float], colour: tuple, y: float = 0.0, **marks) -> None:
        """A level rectangle: floor, road, ceiling."""
        self.polygon(np.array([(x[0], y, z[0]), (x[1], y, z[0]), (x[1], y, z[1]), (x[0], y, z[1])]), colour, **marks)

    def rects(self, start: tuple, end: tuple, rects: np.ndarray, colours: list, telling: bool | None = None) -> None:
        """Upright rectangles on the wall from `start` to `end`, (x, z) in metres.

        Args:
            start: of the wall.
            end: of the wall.
            rects: (n, 4) from, to (metres along the wall), bottom, top (metres).
            colours: n of them.
            telling: as in `polygon`.
        """
        rects = np.reshape(np.asarray(rects, dtype=float), (-1, 4))
        if not len(rects):
            return
        (x0, z0), (x1, z1) = start, end
        length = float(np.hypot(x1 - x0, z1 - z0))
        along, up = rects[:, [0, 1, 1, 0]] / length, rects[:, [2, 2, 3, 3]]
        self.polygons(np.stack([x0 + (x1 - x0) * along, up, z0 + (z1 - z0) * along], axis=-1), colours, telling)

    def wall(
        self, start: tuple, end: tuple, low: float, high: float, colour: tuple, telling: bool | None = None
    ) -> None:
        """One upright rectangle over the whole length from `start` to `end`, (x, z) in metres."""
        length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
        self.rects(start, end, np.array([(0, length, low, high)]), [colour], telling)

    def block(self, x: tuple, y: tuple, z: tuple, colour: Colour, telling: bool | None = None) -> None:
        """A box: its side towards the camera, its top or bottom, its front."""
        if x[0] > 0 or x[1] < 0:
            side = x[0] if x[0] > 0 else x[1]
            self.wall((side, z[0]), (side, z[1]), *y, shade(colour, 0.72), telling)
        if y[1] < CHEST:
            self.floor(x, z, shade(colour, 1.15), y=y[1], telling=telling)
        elif y[0] > CHEST:
            self.floor(x, z, shade(colour, 0.6), y=y[0], telling=telling)
        self.wall((x[0], z[0]), (x[1], z[0]), *y, colour, telling)

    def body(self, shapes: np.ndarray, colours: list, mark: int) -> None:
        """A moving object's polygons, (n, corners, 3) in metres; the mask takes its number `mark`, 1..254."""
        flat = self.pixels(shapes).reshape(len(shapes), 2 * shapes.shape[1]).tolist()
        for corners, colour in zip(flat, colours, strict=True):
            self.pen.polygon(corners, fill=colour)
            self.marker.polygon(corners, fill=mark)

    def balls(self, centres: np.ndarray, radii: np.ndarray, colours: list, telling: bool | None = None) -> None:
        """Balls, centres (n, 3) and radii (n,) in metres."""
        centres = np.reshape(centres, (-1, 3))
        self.discs(self.units(centres), np.asarray(radii) * FOCAL / np.maximum(centres[:, 2], NEAR), colours, telling)

    def strip(self, first: tuple, second: tuple, width: float, colour: tuple, telling: bool | None = None) -> None:
        """A pole or rail between two points (x, y, z) at about the same distance, `width` in metres."""
        near = max(NEAR, min(first[2], second[2]))
        self.line(np.array([first, second]), width * FOCAL / near, colour, telling)

    def shaded(self, top: Colour, bottom: Colour, low: float) -> None:
        """Fill everything with a gradient from the upper edge to `low` units below the middle."""
        height = max(1, round((low / EXTENT + 0.5) * self.size))
        ramp = Image.linear_gradient("L").resize((self.size, height))
        self.picture.paste(ImageOps.colorize(ramp, top, bottom), (0, 0))

    def sky(self, cloud: float) -> None:
        """A sky down to the horizon, blue to overcast, with clouds over the share `cloud`."""
        grey = 0.25 + 0.75 * cloud
        top = tuple(round((1 - grey) * a + grey * b) for a, b in zip((92, 142, 206), (186, 190, 196), strict=True))
        self.shaded(top, (214, 222, 228), 10)
        self.fill(Image.new("RGB", (self.size, self.size), (232, 234, 238)), self.patches(90, 0.1 + 0.6 * cloud, 3.0))
        self.marker.rectangle((0, 0, self.size, self.size), fill=0)

    def textured(self, points: np.ndarray, low: Colour, high: Colour, cell: float) -> None:
        """A polygon of ground or plaster with spots of about `cell` units."""
        self.fill(self.ground(low, high, cell), self.area(points))


def facade(view: View, start: tuple, end: tuple, height: float, shops: float, light: float = 1.0) -> None:
    """A house front from `start` to `end`, (x, z) in metres: floors of windows, a door or a shop, a roof's edge."""
    rng, look = view.rng, view.look
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    stone = shade(look.stones[rng.integers(len(look.stones))], light * rng.uniform(0.85, 1.1))
    floor = rng.uniform(3.0, 3.8)
    view.wall(start, end, 0, height, stone)
    columns, floors = max(1, int(length / rng.uniform(2.2, 3.4))), max(1, int(height / floor) - 1)
    step, wide = length / columns, rng.uniform(0.32, 0.6)
    left, level = np.meshgrid((np.arange(columns) + 0.5 - wide / 2) * step, (np.arange(floors) + 1) * floor + 0.7)
    left, level = left.ravel(), level.ravel()
    tall = rng.uniform(1.4, 2.2)
    frames = np.stack([left - 0.12, left + wide * step + 0.12, level - 0.12, level + tall + 0.12], axis=1)
    panes = np.stack([left, left + wide * step, level, level + tall], axis=1)
    view.rects(start, end, frames, [shade(stone, 1.18)] * len(frames))
    view.rects(start, end, panes, [shade(GLASS[k], light) for k in rng.integers(len(GLASS), size=len(panes))])
    if rng.random() < shops:
        _shop(view, start, end, length, light)
    else:
        low = np.stack([panes[:columns, 0], panes[:columns, 1], np.full(columns, 0.9), np.full(columns, 2.5)], axis=1)
        low[rng.integers(columns), 2] = 0.0
        view.rects(start, end, low, [shade(GLASS[rng.integers(4)], 0.8 * light)] * columns)
    view.wall(start, end, height, height + rng.uniform(0.3, 1.6), shade(look.land.roof, light))


def _shop(view: View, start: tuple, end: tuple, length: float, light: float) -> None:
    """The ground floor of a shop: a bright pane, a sign, often an awning."""
    rng = view.rng
    paint = tuple(int(level) for level in rng.choice([40, 90, 150, 210], 3))
    inside = (rng.integers(120, 235), rng.integers(110, 210), rng.integers(80, 180))
    view.wall(start, end, 0, 3.0, shade(paint, 0.55 * light))
    view.rects(start, end, np.array([(0.3, length - 0.3, 0.4, 2.4)]), [tuple(map(int, inside))])
    goods = rng.uniform(0.3, max(0.4, length - 0.8), 6)
    view.rects(start, end, np.stack([goods, goods + 0.4, np.full(6, 0.5), rng.uniform(0.8, 1.7, 6)], axis=1),
               [tuple(int(c) for c in rng.integers(20, 240, 3)) for _ in range(6)])  # fmt: skip
    view.rects(start, end, np.array([(0.2, length - 0.2, 2.5, 3.1)]), [shade(paint, light)])


def houses(view: View, start: tuple, end: tuple, height: float, shops: float, light: float = 1.0) -> None:
    """A closed row of house fronts, far ones first."""
    rng = view.rng
    (x0, z0), (x1, z1) = start, end
    length = float(np.hypot(x1 - x0, z1 - z0))
    cuts = np.concatenate([[0.0], np.cumsum(rng.uniform(6, 14, 40))])
    cuts = np.append(cuts[cuts < length - 3], length) / length
    for first, last in reversed(list(pairwise(cuts))):
        ends = [(x0 + (x1 - x0) * s, z0 + (z1 - z0) * s) for s in (first, last)]
        facade(view, ends[0], ends[1], height * rng.uniform(0.75, 1.25), shops, light)


def tree(view: View, x: float, z: float, height: float, telling: bool | None = None) -> None:
    """A trunk under a crown of leaves, lit from above."""
    rng, leaves = view.rng, view.palette.tree
    crown = height * rng.uniform(0.28, 0.4)
    view.strip((x, 0, z), (x, height * 0.6, z), height * 0.035, (70, 58, 48), telling)
    around = rng.normal(0, 0.42, (26, 3)) * crown
    around = around[np.argsort(around[:, 1])]
    middles = around * (1, 0.9, 0) + (x, height - crown, z)
    lit = 0.75 + 0.55 * np.linspace(0, 1, 26) + rng.uniform(-0.15, 0.15, 26)
    view.balls(middles, crown * rng.uniform(0.25, 0.5, 26), [shade(leaves, f) for f in lit], telling)


def lamp(view: View, x: float, z: float) -> None:
    """A street lamp."""
    view.strip((x, 0, z), (x, 4.6, z), 0.1, (60, 62, 66), True)
    view.balls(np.array([(x, 4.7, z)]), np.array([0.22]), [(236, 232, 210)], True)


def bench(view: View, x: float, z: float, y: float = 0.0) -> None:
    """A bench seen from the front."""
    view.block((x - 0.8, x + 0.8), (y + 0.38, y + 0.46), (z, z + 0.4), (124, 92, 62))
    view.wall((x - 0.8, z + 0.42), (x + 0.8, z + 0.42), y + 0.55, y + 0.85, (112, 84, 58))
    for side in (-0.65, 0.65):
        view.strip((x + side, y, z), (x + side, y + 0.4, z), 0.06, (50, 50, 52))
