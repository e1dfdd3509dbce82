"""Thirty classes of aerial pictures, in the place of AID: the image network of the twin is pre-trained on them.

Where AID and ADVANCE name the same thing, the scene's own drawing serves, with latents drawn here.
"""

import math
from collections.abc import Callable

import numpy as np

from overheard.sources.twin import backdrops, greens, photograph, scenes, things, towns
from overheard.sources.twin.backdrops import backdrop, open_ground
from overheard.sources.twin.canvas import REACH, Canvas, blob, box, mix, shade, winding
from overheard.sources.twin.canvas import boxes as rectangles

Drawing = Callable[[Canvas], None]
WHITE = (230, 230, 226)
MARGIN = 1.2  # a place is so much larger than its picture, so that it can be turned


def scene(name: str, subtypes: tuple[int, ...] = (0, 1, 2)) -> Drawing:
    """One of ADVANCE's scenes, its latents drawn by the canvas' own generator."""
    drawing = scenes.DRAWINGS[name]

    def drawn(canvas: Canvas) -> None:
        rng = canvas.rng
        drawing(canvas, int(rng.choice(subtypes)), rng.uniform(0, 1), 0.8 * rng.beta(1, 3))

    return drawn


def bare_land(canvas: Canvas) -> None:
    """Soil with tracks."""
    colours = canvas.palette
    canvas.fill(canvas.ground(colours.soil, mix(colours.soil, colours.sand, 0.6), 50))
    for _ in range(canvas.rng.integers(1, 5)):
        canvas.line(winding(canvas.rng, canvas.rng.uniform(-120, 120), 40), 2.5, shade(colours.soil, 0.8))
    things.trees(canvas, things.scatter(canvas, canvas.rng.integers(0, 12)), 3)


def desert(canvas: Canvas) -> None:
    """Dunes and ripples."""
    rng = canvas.rng
    canvas.fill(canvas.relief(mix(canvas.palette.sand, (206, 168, 104), rng.uniform(0, 0.8)), rng.uniform(30, 70), 0.3))
    x = np.linspace(-REACH, REACH, 30)
    for y in np.arange(-REACH, REACH, rng.uniform(9, 22)):
        ripple = np.stack([x, y + 9 * np.sin(x / 50 + y / 60) + rng.normal(0, 1.5, 30)], 1)
        canvas.line(ripple, 3, (*shade(canvas.palette.sand, 0.8), 90))


def mountain(canvas: Canvas) -> None:
    """Ridges, some with snow or woods."""
    rng = canvas.rng
    rock = mix(canvas.palette.soil, canvas.palette.grass, rng.uniform(0, 1))
    canvas.fill(canvas.relief(rock, rng.uniform(45, 80), 0.9))
    canvas.fill(canvas.relief(shade(rock, 0.85), 18, 0.9), canvas.patches(70, 0.5, 1.5))
    if rng.random() < 0.5:
        canvas.fill(canvas.relief((226, 228, 234), 22, 0.3), canvas.patches(90, rng.uniform(0.1, 0.4), 5))
    if rng.random() < 0.6:
        things.wood(canvas, canvas.patches(80, rng.uniform(0.1, 0.5), 4), 5)


def big_buildings(canvas: Canvas, spots: np.ndarray, low: float, high: float, colours=None) -> None:
    """Large buildings with plant on their roofs, at one of two right angles."""
    rng, n = canvas.rng, len(spots)
    lengths, widths = rng.uniform(low, high, n), rng.uniform(low, high, n)
    turn = rng.choice([0, math.pi / 2], n)
    things.houses(canvas, spots, lengths, widths, turn, colours=colours)
    plant = spots + rng.normal(0, 0.15 * low, spots.shape)
    canvas.polygons(rectangles(plant, lengths * 0.3, widths * 0.25, turn), [(176, 176, 178)] * n)


def grid(canvas: Canvas, spacing: float, jitter: float) -> np.ndarray:
    """Points (n, 2) of a square grid, a few missing."""
    return greens.lattice(canvas.rng, spacing, 1.0, jitter, 0.08)


def commercial(canvas: Canvas) -> None:
    """Large buildings close together."""
    canvas.fill(canvas.ground(shade(canvas.palette.road, 0.9), shade(canvas.palette.paving, 0.9), 50))
    spacing = canvas.rng.uniform(52, 72)
    big_buildings(canvas, grid(canvas, spacing, 0.06), 0.5 * spacing, 0.85 * spacing)
    for y in np.arange(-REACH + spacing / 2, REACH, 2 * spacing):
        things.road(canvas, np.array([(-REACH, y), (0, y), (REACH, y)]), 11, 0.9)


def industrial(canvas: Canvas) -> None:
    """Rows of long sheds."""
    rng = canvas.rng
    canvas.fill(canvas.ground(canvas.palette.paving, shade(canvas.palette.road, 1.1), 60))
    x = np.arange(-200, 200, rng.uniform(24, 34))
    for y in np.arange(-180, 190, 95):
        kept = x[rng.random(len(x)) < 0.85]
        roof = [mix((82, 118, 168), (202, 202, 204), share) for share in rng.choice([0, 0.5, 1], len(kept))]
        things.houses(canvas, np.stack([kept, 0 * kept + y], 1), 72, 20, math.pi / 2, colours=roof)
        things.road(canvas, np.array([(-REACH, y + 47), (REACH, y + 47)]), 9, 0.5)


def dense_residential(canvas: Canvas) -> None:
    """Small houses wall to wall."""
    open_ground(canvas, canvas.rng.uniform(0.2, 0.9))
    backdrops.streets(canvas, canvas.rng.uniform(42, 50), 1.0, 0.6)


def medium_residential(canvas: Canvas) -> None:
    """Houses with gardens."""
    open_ground(canvas, canvas.rng.uniform(0, 0.8))
    backdrops.streets(canvas, canvas.rng.uniform(68, 90), canvas.rng.uniform(0.6, 0.8), 0.4)


def sparse_residential(canvas: Canvas) -> None:
    """A few houses on open land."""
    rng = canvas.rng
    backdrop(canvas, 0.2, (2, 3, 0.5, 0, 1))
    things.road(canvas, winding(rng, rng.uniform(-50, 50), 40), 6, 0.2)
    spots = rng.uniform(-70, 70, (rng.integers(2, 5), 2))
    canvas.discs(spots, 24, [shade(canvas.palette.grass, 1.15)] * len(spots))
    things.houses(canvas, spots, rng.uniform(18, 28), rng.uniform(13, 18), rng.uniform(0, 3))


def hall(canvas: Canvas, outline: np.ndarray, colour) -> None:
    """A large roof with ribs to its middle, and its shadow."""
    canvas.polygon(outline - things.canvas_step(canvas, np.array([9.0])), things.SHADOW)
    canvas.polygon(outline, colour)
    middle = outline.mean(0)
    canvas.lines(np.stack([outline[::2], np.broadcast_to(middle, outline[::2].shape)], 1), 1.2, shade(colour, 0.8))
    canvas.polygon(middle + (outline - middle) * 0.4, shade(colour, 1.1))


def plaza(canvas: Canvas, radius: float) -> None:
    """A round paved place."""
    canvas.discs(np.zeros((1, 2)), radius, [canvas.palette.paving])


def center(canvas: Canvas) -> None:
    """A large hall on a paved place."""
    rng = canvas.rng
    backdrop(canvas, 0.6, (1, 0.3, 0, 3, 0.5))
    plaza(canvas, 125)
    things.road(canvas, np.array([(-REACH, 118), (REACH, 118)]), 12, 0.8)
    towns.lots(canvas, 0, -98, 130, 36, 0.7)
    hall(canvas, blob(rng, 0, 0, rng.uniform(55, 75), rng.uniform(0, 0.25), rng.uniform(1, 1.3)), (206, 208, 212))


def church(canvas: Canvas) -> None:
    """A cross-shaped nave with a dome among blocks of houses."""
    rng = canvas.rng
    towns.courts(canvas, 1.0)
    plaza(canvas, rng.uniform(75, 95))
    roof = [shade(mix(canvas.palette.roof, (150, 150, 146), rng.random()), 1.1)]
    here = np.zeros((1, 2))
    things.houses(canvas, here, 112, 30, 0.0, colours=roof)
    things.houses(canvas, here + np.array([18, 0]), 72, 26, math.pi / 2, colours=roof)
    canvas.discs(here + np.array([18, 0]), 15, [(112, 150, 136)])
    canvas.discs(here + np.array([15, -3]), 7, [(160, 190, 178)])
    things.houses(canvas, np.array([(-56, -15), (-56, 15)]), 13, 13, 0.0, colours=roof * 2)


def park(canvas: Canvas) -> None:
    """Lawns, paths, ponds and groves."""
    rng = canvas.rng
    open_ground(canvas, rng.uniform(0, 0.4))
    things.wood(canvas, canvas.patches(60, 0.3, 6), 7)
    for _ in range(4):
        canvas.line(winding(rng, rng.uniform(-110, 110), 70), 4, canvas.palette.sand)
    for spot in rng.uniform(-80, 80, (2, 2)):
        backdrops.water(canvas, canvas.area(blob(rng, *spot, rng.uniform(25, 45), 0.5)))
    turn = np.linspace(0, 2 * math.pi, 24)
    for reach in (20, 32, 44):
        canvas.line(np.stack([np.cos(turn), np.sin(turn)], 1) * reach + rng.uniform(-4, 4, 2), 4, canvas.palette.paving)
    things.trees(canvas, things.scatter(canvas, 60), 5)


def parking(canvas: Canvas) -> None:
    """Rows of parked cars."""
    rng = canvas.rng
    canvas.fill(canvas.ground(shade(canvas.palette.road, 0.95), shade(canvas.palette.road, 1.08), 60))
    for y in np.arange(-170, 180, 34):
        towns.lots(canvas, 0, y, 330, 24, rng.uniform(0, 1))
    strip = rng.choice([-1, 1]) * rng.uniform(105, 150)
    canvas.polygon(box(0, strip, 2 * REACH, 14), canvas.palette.grass)
    things.trees(canvas, np.array([(x, strip) for x in np.arange(-200, 200, 17.0)]), 5)


def river(canvas: Canvas) -> None:
    """A winding river."""
    rng = canvas.rng
    backdrop(canvas, 0.3)
    line, width = winding(rng, 0, 75, 60), rng.uniform(25, 60)
    bank = mix(canvas.palette.sand, canvas.palette.tree, rng.random())
    canvas.line(line, width + 10, bank)
    side = np.array([0, width / 2])
    backdrops.water(canvas, canvas.area(np.concatenate([line - side, (line + side)[::-1]])))


def resort(canvas: Canvas) -> None:
    """Pools among houses, often by the sea."""
    rng = canvas.rng
    backdrop(canvas, 0.5, (2, 1, 0, 0.5, 1))
    if rng.random() < 0.5:
        shore = winding(rng, 100, 12)
        canvas.polygon(np.concatenate([shore - (0, 30), [(REACH, REACH), (-REACH, REACH)]]), canvas.palette.sand)
        backdrops.water(canvas, canvas.area(np.concatenate([shore, [(REACH, REACH), (-REACH, REACH)]])))
    canvas.polygon(blob(rng, 0, 0, 80, 0.2, 1.3), canvas.palette.paving)
    for spot in rng.uniform(-45, 45, (rng.integers(2, 5), 2)):
        canvas.polygon(blob(rng, *spot, rng.uniform(10, 22), 0.5), (78, 186, 208))
    turn = np.linspace(0, 2 * math.pi, 14, endpoint=False)
    ring = np.stack([110 * np.cos(turn), 84 * np.sin(turn)], 1)
    things.houses(canvas, ring, 28, 18, turn + math.pi / 2, colours=[canvas.palette.roof] * 14)
    things.trees(canvas, rng.normal(0, 70, (50, 2)), 4.5)
    things.people(canvas, rng.normal(0, 40, (40, 2)))


def school(canvas: Canvas) -> None:
    """Long buildings and a sports ground in one yard."""
    rng = canvas.rng
    backdrop(canvas, 0.6, (1, 0.3, 0, 4, 0.3))
    canvas.polygon(box(0, 0, 260, 210), shade(canvas.palette.paving, 0.95))
    canvas.polygon(box(-70, 50, 110, 80), (172, 92, 70))
    canvas.polygon(box(-70, 50, 86, 56), canvas.palette.grass)
    spots = np.array([(60, -70), (60, -20), (60, 30), (105, -20), (-60, -65)])
    turns = [0, 0, 0, 1.57, 0]
    things.houses(canvas, spots, [86, 86, 86, 100, 90], [20, 20, 20, 18, 24], turns, colours=[canvas.palette.roof] * 5)
    things.trees(canvas, rng.uniform(-120, 120, (45, 2)), 5)


def square(canvas: Canvas) -> None:
    """A paved square with flower beds about a fountain."""
    rng = canvas.rng
    backdrop(canvas, 0.6, (0.5, 0.3, 0, 4, 0))
    radius, spokes = rng.uniform(85, 115), int(rng.choice([4, 6, 8]))
    plaza(canvas, radius)
    turn = np.linspace(0, 2 * math.pi, spokes, endpoint=False)
    beds = np.stack([np.cos(turn), np.sin(turn)], 1) * 0.6 * radius
    shape = rng.uniform(14, 22)
    canvas.polygons(rectangles(beds, 1.6 * shape, shape, turn), [shade(canvas.palette.grass, 1.05)] * spokes)
    canvas.discs(np.zeros((3, 2)), np.array([26, 18, 6]), [shade(canvas.palette.paving, 0.8), (90, 150, 170), WHITE])
    things.trees(canvas, np.array([(math.cos(t), math.sin(t)) for t in np.linspace(0, 6.28, 40)]) * radius, 5)
    things.people(canvas, rng.normal(0, 0.4 * radius, (50, 2)))


def stadium(canvas: Canvas) -> None:
    """An oval of stands about a pitch."""
    rng = canvas.rng
    backdrop(canvas, 0.6, (1, 0.5, 0, 2, 0.5))
    plaza(canvas, 130)
    towns.lots(canvas, 0, 140, 200, 40, rng.uniform(0, 1))
    turn = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    oval = np.stack([105 * np.cos(turn), 82 * np.sin(turn)], 1) * rng.uniform(0.85, 1.1)
    stand = mix(WHITE, canvas.palette.other_roof, rng.uniform(0, 0.6))
    canvas.polygon(oval - things.canvas_step(canvas, np.array([10.0])), things.SHADOW)
    canvas.polygon(oval, stand)
    canvas.lines(np.stack([oval[::3], oval[::3] * 0.7], 1), 1.5, shade(stand, 0.75))
    canvas.polygon(oval * 0.7, (156, 84, 66))
    canvas.polygon(oval * 0.6, shade(canvas.palette.grass, 1.1))
    towns.pitch(canvas, 0.62, shade(canvas.palette.grass, 1.1), (232, 232, 226, 220), 1.0)


def storage_tanks(canvas: Canvas) -> None:
    """Round tanks in rows."""
    rng = canvas.rng
    canvas.fill(canvas.ground(canvas.palette.soil, canvas.palette.paving, 60))
    spacing = rng.uniform(36, 66)
    spots = grid(canvas, spacing, 0.04)
    n = len(spots)
    radii = spacing * rng.choice([0.24, 0.38], n)
    side, ground = spacing * 0.94, shade(canvas.palette.grass, 0.95)
    canvas.polygons(rectangles(spots, side, side, np.zeros(n)), [ground] * n)
    canvas.discs(spots - things.canvas_step(canvas, radii * 0.6), radii, [things.SHADOW] * n)
    tops = [shade((222, 222, 218), f) for f in rng.uniform(0.7, 1.1, n)]
    canvas.discs(spots, radii, tops)
    canvas.discs(spots, radii * 0.75, [shade(top, 0.92) for top in tops])
    for y in (-1.5, 1.5):
        canvas.line(np.array([(-REACH, y * spacing), (REACH, y * spacing)]), 4, canvas.palette.road)


def viaduct(canvas: Canvas) -> None:
    """Motorways over each other and the loops that join them."""
    rng = canvas.rng
    backdrop(canvas, 0.6, (2, 1, 0.5, 1.5, 1))
    turn = np.linspace(0, 2 * math.pi, 28)
    for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1))[: rng.integers(2, 5)]:
        reach = rng.uniform(32, 46)
        loop = np.stack([np.cos(turn), np.sin(turn)], 1) * reach + np.array([x, y]) * (reach + 8)
        things.road(canvas, loop, 9, 0.3)
        ramp = np.array([(x * t, y * 120 * math.exp(-t / 55)) for t in np.linspace(8, 260, 20)])
        things.road(canvas, ramp, 9, 0.2)
    x = np.linspace(-REACH, REACH, 12)
    bent = 0.0006 * rng.normal() * x**2
    for line in (np.stack([x, bent], 1), np.stack([0.3 * rng.normal() * x + bent, x], 1)):
        canvas.line(line - things.canvas_step(canvas, np.array([6.0])), 24, things.SHADOW)
        for side in (-7, 7):
            things.road(canvas, line + np.array([side, side]), 12, 0.8)


DRAWINGS: dict[str, Drawing] = {
    "Airport": scene("airport"),
    "BareLand": bare_land,
    "BaseballField": scene("sports land", (1,)),
    "Beach": scene("beach"),
    "Bridge": scene("bridge"),
    "Center": center,
    "Church": church,
    "Commercial": commercial,
    "DenseResidential": dense_residential,
    "Desert": desert,
    "Farmland": scene("farmland"),
    "Forest": scene("forest"),
    "Industrial": industrial,
    "Meadow": scene("grassland"),
    "MediumResidential": medium_residential,
    "Mountain": mountain,
    "Park": park,
    "Parking": parking,
    "Playground": scene("sports land", (0, 2)),
    "Pond": scene("lake"),
    "Port": scene("harbour"),
    "RailwayStation": scene("train station"),
    "Resort": resort,
    "River": river,
    "School": school,
    "SparseResidential": sparse_residential,
    "Square": square,
    "Stadium": stadium,
    "StorageTanks": storage_tanks,
    "Viaduct": viaduct,
}

AERIAL_CLASSES: tuple[str, ...] = tuple(sorted(DRAWINGS))


def draw(name: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """An aerial picture of a class, (size,size,3) uint8, its place and its conditions drawn from `rng`.

    Args:
        name: one of `AERIAL_CLASSES`.
        rng: everything about the picture.
        size: pixels a side.

    Raises:
        ValueError: an unknown class.
    """
    if name not in DRAWINGS:
        raise ValueError(f"expected one of {', '.join(AERIAL_CLASSES)}, got {name!r}")
    canvas = Canvas(round(MARGIN * size), rng)
    DRAWINGS[name](canvas)
    if rng.random() < 0.8:  # what goes on in a place tells no class
        scenes.populate(canvas, name, int(rng.integers(scenes.SUBTYPES)), rng.uniform(0, 1))
    picture, _ = photograph.take(*canvas.arrays(), (0, 0), photograph.conditions(rng), rng, size)
    return picture
