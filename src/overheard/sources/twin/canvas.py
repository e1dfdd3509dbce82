"""Drawing primitives of the simulated twin: a canvas seen from above, its colours, textures, polygons.

Conventions: a place is drawn in its own frame, origin in the middle, x along the place's main axis, lengths in units
of 1/400 of the canvas (about one metre); `Canvas` turns the frame by the place's bearing and scales it to pixels.
A second picture of the same size marks the visible pixels of the scene's telling object.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps

from overheard.sources.twin.difficulty import DIFFICULTY

EXTENT = 400.0  # units along one side of a canvas
REACH = 330.0  # half the diagonal and the drift: what is drawn to here covers every corner at every bearing

SKEW = 0.2  # standard deviation of a place's bearing from the compass, radians

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colours of a landscape; every scene may lie in every landscape, so that no colour names a scene."""

    grass: Colour
    straw: Colour
    soil: Colour
    tree: Colour
    sand: Colour
    water: Colour
    road: Colour
    paving: Colour
    roof: Colour
    other_roof: Colour


LANDSCAPES = (
    Palette((88, 118, 62), (140, 138, 84), (122, 98, 72), (44, 72, 36), (196, 178, 140), (44, 84, 104), (104, 104, 106),
            (158, 154, 148), (150, 86, 64), (96, 92, 92)),
    Palette((132, 128, 84), (172, 156, 112), (168, 140, 106), (74, 84, 50), (208, 186, 146), (52, 98, 122),
            (128, 122, 116), (182, 172, 158), (178, 118, 84), (190, 178, 164)),
    Palette((66, 108, 66), (108, 128, 74), (108, 78, 58), (30, 62, 40), (186, 176, 156), (34, 68, 92), (88, 90, 94),
            (138, 138, 136), (112, 72, 60), (78, 84, 98)),
    Palette((106, 134, 70), (158, 160, 92), (148, 102, 72), (52, 92, 48), (220, 206, 172), (38, 114, 132),
            (116, 114, 110), (176, 172, 166), (198, 196, 192), (92, 128, 160)),
    Palette((98, 104, 80), (146, 138, 116), (134, 120, 108), (60, 70, 58), (180, 172, 160), (54, 84, 104),
            (98, 98, 100), (150, 148, 148), (134, 106, 94), (160, 160, 162)),
)  # fmt: skip


def palette(rng: np.random.Generator) -> Palette:
    """A landscape between those of `LANDSCAPES`, each of its colours moved a little by itself."""
    shares = rng.dirichlet(np.full(len(LANDSCAPES), 0.6))
    colours = {}
    for name in Palette.__dataclass_fields__:
        moved = shares @ np.array([getattr(landscape, name) for landscape in LANDSCAPES])
        colours[name] = tint(moved, *rng.normal(0, 8, 3))
    return Palette(**colours)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour at `share` of the way from the first to the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def tint(colour: Colour, red: float, green: float, blue: float) -> Colour:
    """A colour moved by so many levels, held within 0..255."""
    return tuple(min(255, max(0, round(a + b))) for a, b in zip(colour, (red, green, blue), strict=True))


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made brighter or darker."""
    return tuple(min(255, max(0, round(a * factor))) for a in colour)


def noise(rng: np.random.Generator, size: int, cell: float) -> Image.Image:
    """Smooth noise, (size,size) levels 0..255 about 128, with spots of about `cell` pixels."""
    cells = max(2, round(size / cell)) + 1
    grid = rng.integers(0, 256, size=(cells, cells), dtype=np.uint8)
    return Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC)


def rough(rng: np.random.Generator, size: int, cell: float) -> Image.Image:
    """Noise of two sizes, coarse and five times finer, as ground has."""
    return Image.blend(noise(rng, size, cell), noise(rng, size, max(2.0, cell / 5)), 0.4)


class Canvas:
    """A place being drawn: its picture, the mask of its telling object, its frame and its colours."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        """Start an empty place of `size` pixels a side; bearing, sun and landscape are drawn from `rng`."""
        self.size, self.unit, self.rng = size, size / EXTENT, rng
        self.palette = palette(rng)
        self.picture = Image.new("RGB", (size, size), self.palette.grass)
        self.telling = Image.new("L", (size, size), 0)
        self.pen = ImageDraw.Draw(self.picture, "RGBA")
        self.marker = ImageDraw.Draw(self.telling)
        sun = rng.uniform(0, 2 * math.pi)
        # most of what is built or tilled lies along the compass, more or less
        bearing = rng.integers(4) * math.pi / 2 + rng.normal(0, SKEW)
        self.axes = np.array([[math.cos(bearing), math.sin(bearing)], [-math.sin(bearing), math.cos(bearing)]])
        self.sun = (math.cos(sun), math.sin(sun))
        # what a place is known by may be cut by the picture's edge
        self.middle = size / 2 + rng.uniform(-DIFFICULTY.drift, DIFFICULTY.drift, 2) * self.unit

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Points of the place's frame, (..., 2) units, as pixels of the picture."""
        return (np.asarray(points, dtype=float) @ self.axes) * self.unit + self.middle

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """The picture (size,size,3) uint8 and the mask (size,size) bool."""
        return np.array(self.picture), np.asarray(self.telling) > 127

    def fill(self, texture: Image.Image, area: Image.Image | None = None, telling: bool | None = None) -> None:
        """Lay a texture over everything, or where `area` (levels 0..255) lets it through."""
        self.picture.paste(texture, (0, 0), area)
        if telling is not None:
            self.telling.paste(255 if telling else 0, (0, 0, self.size, self.size), area)

    def polygon(self, points: np.ndarray, colour: tuple, telling: bool | None = None) -> None:
        """A filled polygon; `telling` adds it to the mask (True), takes it away (False) or leaves the mask."""
        flat = self.pixels(points).ravel().tolist()
        self.pen.polygon(flat, fill=colour)
        if telling is not None:
            self.marker.polygon(flat, fill=255 if telling else 0)

    def polygons(self, shapes: np.ndarray, colours: list, telling: bool | None = None) -> None:
        """Many polygons of as many corners each, (n, corners, 2)."""
        flat = self.pixels(shapes).reshape(len(shapes), -1).tolist()
        for corners, colour in zip(flat, colours, strict=True):
            self.pen.polygon(corners, fill=colour)
        if telling is not None:
            for corners in flat:
                self.marker.polygon(corners, fill=255 if telling else 0)

    def line(self, points: np.ndarray, width: float, colour: tuple, telling: bool | None = None) -> None:
        """A line through points, its width in units."""
        flat = self.pixels(points).ravel().tolist()
        thick = max(1, round(width * self.unit))
        self.pen.line(flat, fill=colour, width=thick, joint="curve" if len(flat) > 4 and thick > 2 else None)
        if telling is not None:
            self.marker.line(flat, fill=255 if telling else 0, width=thick)

    def lines(self, ends: np.ndarray, width: float, colour: tuple, telling: bool | None = None) -> None:
        """Many straight lines, (n, 2, 2)."""
        thick = max(1, round(width * self.unit))
        for flat in self.pixels(ends).reshape(len(ends), -1).tolist():
            self.pen.line(flat, fill=colour, width=thick)
            if telling is not None:
                self.marker.line(flat, fill=255 if telling else 0, width=thick)

    def discs(self, centres: np.ndarray, radii: np.ndarray, colours: list, telling: bool | None = None) -> None:
        """Filled discs, centres (n, 2) and radii (n,) in units."""
        centres = self.pixels(np.reshape(centres, (-1, 2)))
        radii = np.broadcast_to(np.asarray(radii, dtype=float) * self.unit, len(centres))[:, None]
        for corners, colour in zip(np.hstack([centres - radii, centres + radii]).tolist(), colours, strict=True):
            self.pen.ellipse(corners, fill=colour)
            if telling is not None:
                self.marker.ellipse(corners, fill=255 if telling else 0)

    def ground(self, low: Colour, high: Colour, cell: float) -> Image.Image:
        """A texture between two colours with spots of about `cell` units."""
        return ImageOps.colorize(rough(self.rng, self.size, cell * self.unit), low, high)

    def relief(self, colour: Colour, cell: float, depth: float) -> Image.Image:
        """A texture lit from the side (tree crowns, waves, dunes), bumps of `cell` units."""
        coarse, fine = (noise(self.rng, self.size, max(2.0, cell * self.unit / part)) for part in (1, 2))
        bumps = Image.blend(coarse, fine, 0.45)
        reach = max(1.0, cell * self.unit / 3)
        moved = ImageChops.offset(bumps, round(reach * self.sun[0]), round(reach * self.sun[1]))
        slope = ImageChops.subtract(bumps, moved, 1.0, 128)
        return ImageOps.colorize(slope, shade(colour, 1 - depth), shade(colour, 1 + depth), mid=colour)

    def patches(self, cell: float, cover: float, sharpness: float = 6.0) -> Image.Image:
        """An area of irregular patches over about `cover` (0..1) of the canvas."""
        field = rough(self.rng, self.size, cell * self.unit)
        # the share of pixels asked for, whatever the spread of this noise
        counts = np.cumsum(field.histogram())
        level = int(np.searchsorted(counts, (1 - cover) * counts[-1]))
        return field.point([min(255, max(0, round(128 + (v - level) * sharpness))) for v in range(256)])

    def area(self, points: np.ndarray) -> Image.Image:
        """The inside of a polygon, as an area for `fill`."""
        inside = Image.new("L", (self.size, self.size), 0)
        ImageDraw.Draw(inside).polygon(self.pixels(points).ravel().tolist(), fill=255)
        return inside


def boxes(centres: np.ndarray, lengths: np.ndarray, widths: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Corners (n, 4, 2) of rectangles; angles in radians, from the x axis to the length."""
    centres = np.reshape(centres, (-1, 2))
    n = len(centres)
    along = np.stack([np.cos(angles) * np.ones(n), np.sin(angles) * np.ones(n)], axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half_length = (np.ones(n) * lengths / 2)[:, None] * along
    half_width = (np.ones(n) * widths / 2)[:, None] * across
    steps = np.stack([-half_length - half_width, half_length - half_width, half_length + half_width,
                      -half_length + half_width], axis=1)  # fmt: skip
    return centres[:, None, :] + steps


def box(x: float, y: float, length: float, width: float, angle: float = 0.0) -> np.ndarray:
    """Corners (4, 2) of one rectangle."""
    return boxes(np.array([[x, y]]), length, width, angle)[0]


def blob(
    rng: np.random.Generator, x: float, y: float, radius: float, wobble: float, stretch: float = 1.0
) -> np.ndarray:
    """Outline (48, 2) of an irregular round shape, longer along x by `stretch`."""
    angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    radii = np.full(48, radius)
    for order in range(2, 6):
        radii = radii + radius * wobble / order * rng.normal() * np.cos(order * angles + rng.uniform(0, 2 * math.pi))
    radii = np.clip(radii, 0.35 * radius, 1.8 * radius)
    return np.stack([x + radii * np.cos(angles) * stretch, y + radii * np.sin(angles)], axis=1)


def winding(rng: np.random.Generator, y: float, swing: float, points: int = 25) -> np.ndarray:
    """A winding line (points, 2) across the whole canvas along x, about `y`, swinging so many units."""
    x = np.linspace(-REACH, REACH, points)
    waves = sum(
        rng.normal() / order * np.sin(order * x / 90 + rng.uniform(0, 2 * math.pi)) for order in (0.6, 1.3, 2.7)
    )
    return np.stack([x, y + swing * 0.5 * waves], axis=1)
