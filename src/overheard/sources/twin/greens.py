"""Scenes of open land: farmland, forest, grassland, orchard, sparse shrub land."""

import math

import numpy as np

from overheard.sources.twin import backdrops, things
from overheard.sources.twin.canvas import REACH, Canvas, box, mix, shade, winding


def farmland(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Parcels: a mosaic, long strips, or large round irrigated fields; near grassland their contrast fades."""
    rng = canvas.rng
    contrast = 1.0 - 0.86 * ambiguity
    target = (70, 90, 150)[subtype] * rng.uniform(0.8, 1.2) * (1 + 0.7 * ambiguity)
    backdrops.parcels(canvas, target, contrast, True, stretch=(1.0, 0.35, 1.0)[subtype])
    if subtype == 2:
        pivots(canvas, contrast)
    things.trees(canvas, things.scatter(canvas, round(10 + 40 * ambiguity)), 5, False)
    if rng.random() < 0.6:
        things.road(canvas, winding(rng, rng.uniform(-90, 90), 5), rng.uniform(4, 7), 0.3 * activity)
    points = rng.normal(rng.uniform(-80, 80, 2), 22, (round(1 + 4 * activity), 2))
    things.houses(canvas, points, rng.uniform(10, 26, len(points)), 12, rng.choice([0, math.pi / 2]), False)


def pivots(canvas: Canvas, contrast: float) -> None:
    """Round fields watered by a turning arm."""
    spots = np.array([(-75, -75), (75, -75), (-75, 75), (75, 75)]) + canvas.rng.normal(0, 12, 2)
    colours = backdrops.crops(canvas, 4, contrast)
    canvas.discs(spots, 66, [shade(c, 1.08) for c in colours], True)
    for spot, angle in zip(spots, canvas.rng.uniform(0, 6.28, 4), strict=True):
        arm = np.stack([spot, spot + 66 * np.array([math.cos(angle), math.sin(angle)])])
        canvas.line(arm, 1.6, (*canvas.palette.sand, round(60 + 160 * contrast)))


def forest(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Closed canopy, with a track, or mixed with clearings; near shrub land it opens and its crowns shrink."""
    rng = canvas.rng
    dryness = rng.uniform(0, 1)
    backdrops.open_ground(canvas, dryness)
    if ambiguity > 0.3:
        canvas.fill(
            canvas.ground(canvas.palette.soil, canvas.palette.straw, 60), canvas.patches(80, ambiguity * 0.7, 3)
        )
    cover = (0.97, 0.93, 0.8)[subtype] - 0.68 * ambiguity
    things.wood(canvas, canvas.patches(70, cover, 9), rng.uniform(6, 11) * (1 - 0.35 * ambiguity), True)
    count = round(60 + 160 * ambiguity)
    things.trees(canvas, things.scatter(canvas, count), rng.uniform(4, 8) * (1 - 0.4 * ambiguity), True)
    if subtype == 1:
        things.road(canvas, winding(rng, rng.uniform(-60, 60), 40), rng.uniform(4, 7), 0.6 * activity, False)
    else:
        # huts of foresters, or a hamlet in the clearings
        spots = rng.uniform(-110, 110, (round(2 * activity + subtype * (0.5 + activity)), 2))
        things.houses(canvas, spots, 15, 11, rng.uniform(0, 3), False)


def grassland(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Plain grass, grass with a path and grazing animals, or tussocks; near farmland old parcels show through."""
    rng = canvas.rng
    backdrops.open_ground(canvas, rng.uniform(0, 0.7))
    if ambiguity > 0.12:
        backdrops.parcels(canvas, rng.uniform(90, 140), 0.05 + 0.3 * ambiguity)
    canvas.telling.paste(255, (0, 0, canvas.size, canvas.size))
    worn = canvas.patches(90, 0.25 + 0.15 * subtype, 3).point(lambda v: v * (130 if subtype else 70) // 255)
    canvas.fill(canvas.ground(shade(canvas.palette.straw, 0.9), canvas.palette.straw, 30), worn)
    if subtype == 1:
        canvas.line(winding(rng, rng.uniform(-70, 70), 40), rng.uniform(2.5, 5), canvas.palette.sand, False)
        flock = rng.normal(rng.uniform(-80, 80, 2), 26, (round(4 + 40 * activity), 2))
        canvas.discs(flock, 1.7, [(224, 220, 210)] * len(flock))
    if subtype == 2:
        tussocks = things.scatter(canvas, 220)
        tone = shade(mix(canvas.palette.grass, canvas.palette.straw, 0.3), 0.8)
        canvas.discs(tussocks, rng.uniform(1.5, 4, len(tussocks)), [tone] * len(tussocks))
    side = rng.choice([-1, 1]) * rng.uniform(95, 150)
    if rng.random() < 0.5:
        things.road(canvas, winding(rng, side, 12), rng.uniform(6, 10), activity, False)
        line = winding(rng, side + 16, 12, 30)
        things.trees(canvas, line + rng.normal(0, 2, line.shape), 6, False)
    things.trees(canvas, things.scatter(canvas, rng.integers(4, 14), 120.0), 6, False)


def lattice(rng: np.random.Generator, spacing: float, tight: float, jitter: float, dropout: float) -> np.ndarray:
    """Points in rows `spacing` apart, `tight` times closer within a row, moved by `jitter` spacings, some missing."""
    x, y = np.meshgrid(np.arange(-REACH, REACH, spacing * tight), np.arange(-REACH, REACH, spacing))
    points = np.stack([x.ravel(), y.ravel()], 1)
    points = points + rng.normal(0, jitter * spacing, points.shape)
    return points[rng.random(len(points)) > dropout]


def inside(points: np.ndarray, half: np.ndarray, angle: float, centre: np.ndarray) -> np.ndarray:
    """Those of the points that lie in a rectangle about the origin, turned and moved with it."""
    kept = points[(np.abs(points) <= half).all(axis=1)]
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return kept @ turn + centre


def orchard(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Trees in a grid, in hedge-like rows, or in blocks; near shrub land rows dissolve and trees are missing."""
    rng = canvas.rng
    backdrops.backdrop(canvas, activity, (1, 0.5, 3, 0.3, 1))
    spacing = (15, 12, 13)[subtype] * rng.uniform(0.9, 1.25)
    radius = spacing * rng.uniform(0.32, 0.42)
    blocks = [(0.0, 0.0, 120.0, 110.0, 0.0)]
    if subtype == 2:
        blocks = [(-72, -60, 62, 55, 0), (70, -64, 60, 52, 1.57), (0, 62, 120, 58, rng.uniform(-0.1, 0.1))]
    for x, y, length, width, angle in blocks:
        half = np.array([length, width]) * (1.25 - 0.5 * ambiguity)
        floor = mix(canvas.palette.soil, canvas.palette.straw, rng.uniform(0, 1))
        canvas.polygon(box(x, y, 2 * half[0], 2 * half[1], angle), (*floor, 235))
        tight = 0.55 if subtype == 1 else 1.0
        points = lattice(rng, spacing, tight, 0.05 + 0.33 * ambiguity**1.3, 0.04 + 0.5 * ambiguity)
        points = inside(points, half, angle, np.array([x, y]))
        things.trees(canvas, points, radius, True)
    if rng.random() < 0.6:
        canvas.line(winding(rng, rng.choice([-1, 1]) * rng.uniform(0, 130), 6), 5, canvas.palette.sand, False)
    spots = rng.uniform(-150, 150, (round(3 * activity), 2))
    things.houses(canvas, spots, 18, 12, 0.0, False)


def shrub_land(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Shrubs strewn, in clumps, or crossed by tracks on dry ground; near an orchard they stand in ragged rows."""
    rng, colours = canvas.rng, canvas.palette
    light = mix(colours.sand, colours.straw, rng.uniform(0, 1))
    canvas.fill(canvas.ground(mix(colours.soil, light, rng.uniform(0.2, 0.9)), light, rng.uniform(40, 90)))
    if ambiguity > 0.25:
        grown = canvas.patches(90, ambiguity * 0.5, 3)
        canvas.fill(canvas.ground(colours.grass, colours.straw, 40), grown)
    radius = rng.uniform(2.2, 4.2) + 1.4 * ambiguity
    count = round(rng.uniform(120, 330))
    points = things.scatter(canvas, count)
    if subtype == 1:
        points = points[rng.integers(0, 26, count)] + rng.normal(0, 17, (count, 2))
    rows = lattice(rng, rng.uniform(13, 18), 1.0, 0.38, 0.5)
    rows = rows[(np.abs(rows) < 150).all(axis=1)]
    kept = round(min(1.0, ambiguity) * len(rows))
    points = np.concatenate([points[: round(count * (1 - 0.8 * ambiguity))], rng.permutation(rows)[:kept]])
    things.trees(canvas, points, radius, True, backdrops.shrub_colour(canvas))
    if subtype == 2:
        for _ in range(3):
            canvas.line(winding(rng, rng.uniform(-120, 120), 60), rng.uniform(1.5, 3), shade(light, 1.1), False)
    if rng.random() < 0.4:
        things.road(canvas, winding(rng, rng.choice([-1, 1]) * rng.uniform(60, 150), 10), 9, activity, False)
    spots = rng.normal(rng.uniform(-130, 130, 2), 24, (round(4 * activity), 2))
    things.houses(canvas, spots, 20, 14, rng.uniform(0, 3), False)
    if rng.random() < 0.1:
        backdrops.pond(canvas, *rng.uniform(-100, 100, 2), 20)
