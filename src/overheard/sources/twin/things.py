"""Things seen from above that stand in many scenes: trees, houses, roads, vehicles, boats, aircraft, people."""

import math

import numpy as np

from overheard.sources.twin.canvas import REACH, Canvas, Colour, boxes, mix, shade, tint

PAINT: tuple[Colour, ...] = (
    (226, 226, 224),
    (40, 42, 46),
    (150, 152, 156),
    (168, 44, 40),
    (52, 82, 140),
    (196, 176, 70),
)
SHADOW = (10, 14, 24, 110)


def scatter(canvas: Canvas, count: int, reach: float = REACH * 0.75) -> np.ndarray:
    """Points (count, 2) anywhere on the canvas."""
    return canvas.rng.uniform(-reach, reach, size=(max(0, count), 2))


def trees(canvas: Canvas, points: np.ndarray, radius: float, telling: bool | None = None, colour=None) -> None:
    """Tree crowns (n, 2) with shadow and a lit side; telling or hiding what is below them."""
    rng, n = canvas.rng, len(points)
    if not n:
        return
    colour = colour or canvas.palette.tree
    radii = radius * rng.uniform(0.7, 1.3, n)
    away = canvas_step(canvas, radii * 0.7)
    canvas.discs(points - away, radii, [SHADOW] * n)
    crowns = [shade(colour, f) for f in rng.uniform(0.8, 1.25, n)]
    canvas.discs(points, radii, crowns, telling)
    if radius > 3:
        canvas.discs(points + away * 0.4, radii * 0.5, [shade(crown, 1.3) for crown in crowns])


def canvas_step(canvas: Canvas, lengths: np.ndarray) -> np.ndarray:
    """Steps (n, 2) in the place's frame towards the sun, of such lengths."""
    return np.outer(lengths, np.asarray(canvas.sun) @ canvas.axes.T)


def wood(canvas: Canvas, area, crown: float = 7.0, telling: bool | None = None) -> None:
    """Closed canopy where the area (levels 0..255) lets it through."""
    canvas.fill(canvas.relief(canvas.palette.tree, crown, 0.75), area, telling)


def houses(canvas: Canvas, points, lengths, widths, angles, telling: bool | None = None, colours=None) -> None:
    """Buildings (n, 2) with shadow and a ridged roof of two tones."""
    rng, n = canvas.rng, len(points)
    if not n:
        return
    roofs = (canvas.palette.roof, canvas.palette.other_roof)
    if colours is None:
        colours = [
            tint(mix(*roofs, share), *move)
            for share, move in zip(rng.uniform(0, 1, n) ** 2, rng.normal(0, 9, (n, 3)), strict=True)
        ]
    corners = boxes(points, lengths, widths, angles)
    canvas.polygons(corners - canvas_step(canvas, np.full(n, 5.0))[:, None, :], [SHADOW] * n)
    canvas.polygons(corners, [shade(c, 1.25) for c in colours], telling)
    ridge = np.stack(
        [corners[:, 0], corners[:, 1], (corners[:, 1] + corners[:, 2]) / 2, (corners[:, 3] + corners[:, 0]) / 2], 1
    )
    canvas.polygons(ridge, [shade(c, 0.8) for c in colours])


def road(canvas: Canvas, points: np.ndarray, width: float, traffic: float = 0.0, telling: bool | None = None) -> None:
    """A road along a line of points, with a middle line where it is wide, and `traffic` (0..1) of cars."""
    colour = canvas.palette.road
    canvas.line(points, width + 3, shade(colour, 1.18), telling)
    canvas.line(points, width, colour, telling)
    if width >= 9:
        canvas.line(points, 0.8, (214, 210, 196))
    if traffic > 0:
        cars_along(canvas, points, width, round(traffic * 16))


def cars_along(canvas: Canvas, points: np.ndarray, width: float, count: int) -> None:
    """Cars in both lanes of a line of points."""
    rng = canvas.rng
    first = rng.integers(0, len(points) - 1, count)
    along = points[first + 1] - points[first]
    angles = np.arctan2(along[:, 1], along[:, 0])
    lane = np.where(rng.random(count) < 0.5, -1, 1) * width / 4
    places = points[first] + along * rng.random((count, 1))
    places = places + np.stack([-np.sin(angles), np.cos(angles)], 1) * lane[:, None]
    cars(canvas, places, angles)


def cars(canvas: Canvas, points: np.ndarray, angles) -> None:
    """Cars (n, 2) of about 7 by 3.4 units: larger than life, so that the study's 64 pixels show them."""
    n = len(points)
    if n:
        shapes = boxes(points, canvas.rng.uniform(6.0, 8.0, n), 3.4, angles)
        canvas.polygons(shapes, [PAINT[k] for k in canvas.rng.integers(len(PAINT), size=n)])


def people(canvas: Canvas, points: np.ndarray) -> None:
    """People, towels and parasols: bright dots of about two units."""
    n = len(points)
    colours = [PAINT[k] for k in canvas.rng.integers(len(PAINT), size=n)]
    canvas.discs(points, canvas.rng.uniform(0.9, 2.2, n), colours)


AIRCRAFT = np.array(
    [(1.0, 0), (0.9, 0.05), (0.3, 0.06), (-0.1, 0.62), (-0.25, 0.62), (-0.05, 0.06), (-0.6, 0.05), (-0.78, 0.24),
     (-0.88, 0.24), (-0.82, 0), (-0.88, -0.24), (-0.78, -0.24), (-0.6, -0.05), (-0.05, -0.06), (-0.25, -0.62),
     (-0.1, -0.62), (0.3, -0.06), (0.9, -0.05)]
)  # fmt: skip
HULL = np.array([(1.0, 0), (0.55, 0.3), (-0.9, 0.28), (-1.0, 0), (-0.9, -0.28), (0.55, -0.3)])
CABIN = np.array([(0.3, 0.14), (-0.6, 0.16), (-0.6, -0.16), (0.3, -0.14)])


def turned(shape: np.ndarray, points: np.ndarray, sizes, angles) -> np.ndarray:
    """Copies (n, corners, 2) of a shape, its half length `sizes`, at points and angles."""
    n = len(points)
    cos, sin = np.cos(angles) * np.ones(n), np.sin(angles) * np.ones(n)
    x = shape[None, :, 0] * cos[:, None] - shape[None, :, 1] * sin[:, None]
    y = shape[None, :, 0] * sin[:, None] + shape[None, :, 1] * cos[:, None]
    return np.stack([x, y], 2) * (np.ones(n) * sizes)[:, None, None] + points[:, None, :]


def aircraft(canvas: Canvas, points: np.ndarray, sizes, angles, paint: Colour = (232, 234, 236)) -> None:
    """Aircraft (n, 2) of half length `sizes`; always telling."""
    points = np.reshape(points, (-1, 2))
    n = len(points)
    if n:
        shapes = turned(AIRCRAFT, points, 1.35 * sizes, angles)
        canvas.polygons(shapes - canvas_step(canvas, np.full(n, 4.0))[:, None, :], [SHADOW] * n)
        canvas.polygons(shapes, [paint] * n, True)


def boats(canvas: Canvas, points: np.ndarray, sizes, angles, telling: bool | None = True) -> None:
    """Boats (n, 2) of half length `sizes`."""
    points = np.reshape(points, (-1, 2))
    n = len(points)
    if n:
        sizes = 1.3 * np.asarray(sizes)
        light = [shade((222, 222, 218), f) for f in canvas.rng.uniform(0.75, 1.1, n)]
        canvas.polygons(turned(HULL, points, sizes, angles), light, telling)
        dark = [PAINT[k] for k in canvas.rng.integers(1, len(PAINT), size=n)]
        canvas.polygons(turned(CABIN, points, sizes, angles), dark)


def ships(canvas: Canvas, points: np.ndarray, sizes, angles) -> None:
    """Ships (n, 2): a dark hull, hatches in a row, a light bridge aft."""
    points = np.reshape(points, (-1, 2))
    n = len(points)
    if not n:
        return
    slim = HULL * (1, 0.62)
    canvas.polygons(turned(slim, points, sizes, angles), [(110, 58, 50)] * n, True)
    for start in (-0.3, 0.0, 0.3):
        hatch = np.array([(start, 0.12), (start + 0.22, 0.12), (start + 0.22, -0.12), (start, -0.12)])
        canvas.polygons(turned(hatch, points, sizes, angles), [PAINT[k] for k in canvas.rng.integers(6, size=n)])
    aft = np.array([(-0.85, 0.15), (-0.6, 0.15), (-0.6, -0.15), (-0.85, -0.15)])
    canvas.polygons(turned(aft, points, sizes, angles), [(230, 230, 228)] * n)


def jetty(canvas: Canvas, start, end, width: float, boat_count: int, boat_size: float = 5.0) -> None:
    """A jetty from start to end with boats moored at right angles on both sides."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    canvas.line(np.stack([start, end]), width, shade(canvas.palette.paving, 1.1), True)
    along = (end - start) / max(1e-6, float(np.hypot(*(end - start))))
    across = np.array([-along[1], along[0]])
    share = canvas.rng.uniform(0.15, 1, boat_count)[:, None]
    side = np.where(canvas.rng.random(boat_count) < 0.5, -1.0, 1.0)
    points = start + (end - start) * share + across * (side * (width / 2 + boat_size))[:, None]
    angles = math.atan2(across[1], across[0]) + np.where(side > 0, 0, math.pi)
    boats(canvas, points, boat_size * canvas.rng.uniform(0.7, 1.2, boat_count), angles)


def life(canvas: Canvas, subtype: int, activity: float, spot: tuple[float, float], afloat: bool = False) -> None:
    """What can be heard can be seen: animals, people or vehicles about a spot, in every scene alike; never telling.

    Args:
        canvas: the place.
        subtype: 0 a herd or a flock; 1 a crowd and its tents, on water small boats; 2 a row of lorries and cars on a
            paved strip, on water ships.
        activity: 0..1, how many.
        spot: units; their middle.
        afloat: the spot is on water.
    """
    rng, middle = canvas.rng, np.asarray(spot, float)
    busy = rng.random() < 0.9  # a few places are empty when they are photographed
    count = round((4, 12, 3)[subtype] + (36, 80, 26)[subtype] * activity) if busy else 0
    if subtype == 0:
        herd = middle + rng.normal(0, 24, (count, 2))
        coat = PAINT[rng.integers(2)]
        canvas.discs(herd, rng.uniform(1.8, 3.0, count), [shade(coat, f) for f in rng.uniform(0.8, 1.1, count)], False)
    elif afloat:
        count = round(count / (6, 3)[subtype - 1])
        spots = middle + rng.normal(0, 30, (count, 2))
        sizes = (6.5, 15)[subtype - 1] * rng.uniform(0.8, 1.25, count)
        boats(canvas, spots, sizes, rng.uniform(0, 0.6) + rng.choice([0, math.pi], count), False)
    elif subtype == 1:
        canvas.discs(middle + rng.normal(0, 6, (1, 2)), 26, [(*canvas.palette.sand, 170)])
        tents = middle + rng.normal(0, 20, (count // 6, 2))
        canvas.discs(tents, 5.0, [PAINT[k] for k in rng.choice([0, 0, 3, 4, 5], len(tents))], False)
        crowd = middle + rng.normal(0, 20, (count, 2))
        canvas.discs(crowd, rng.uniform(1.2, 2.2, count), [PAINT[k] for k in rng.integers(6, size=count)], False)
    else:
        canvas.polygon(boxes(middle, 124, 30, 0.0)[0], canvas.palette.road, False)
        bays = np.stack(np.meshgrid(np.arange(-54, 55, 12.0), (-9.0, 0.0, 9.0)), -1).reshape(-1, 2)
        spots = middle + rng.permutation(bays)[:count]
        if not len(spots):
            return
        lorries = np.where(rng.random(len(spots)) < 0.4, 11.0, 8.0)
        canvas.polygons(boxes(spots, lorries, 4.6, 0.0), [PAINT[k] for k in rng.integers(6, size=len(spots))], False)
