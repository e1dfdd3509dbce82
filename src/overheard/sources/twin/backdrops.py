"""What lies around and between the telling objects: fields, woods, houses, dry ground; shared by every scene."""

import math

import numpy as np

from overheard.sources.twin import things
from overheard.sources.twin.canvas import REACH, Canvas, blob, mix, shade, tint, winding

KINDS = ("meadow", "wood", "fields", "town", "dry")


def backdrop(canvas: Canvas, activity: float, weights: tuple[float, ...] = (1, 1, 1, 1, 1)) -> str:
    """Fill the canvas with one of `KINDS`, drawn with `weights`; returns which."""
    share = np.array(weights) / sum(weights)
    kind = KINDS[canvas.rng.choice(len(KINDS), p=share)]
    BACKDROPS[kind](canvas, activity)
    if canvas.rng.random() < 0.12:
        pond(canvas, *canvas.rng.uniform(-150, 150, 2), canvas.rng.uniform(12, 30))
    if canvas.rng.random() < 0.35:
        side = canvas.rng.choice([-1, 1]) * canvas.rng.uniform(80, 170)
        things.road(canvas, winding(canvas.rng, side, 15), canvas.rng.uniform(6, 12), activity)
    return kind


def open_ground(canvas: Canvas, dryness: float) -> None:
    """Grass, drier or greener, with patches of straw and soil."""
    colours = canvas.palette
    base = mix(colours.grass, colours.straw, dryness)
    canvas.fill(canvas.ground(shade(base, 0.86), shade(mix(base, colours.straw, 0.35), 1.1), 60))


def meadow(canvas: Canvas, activity: float) -> None:
    """Open grass with single trees."""
    open_ground(canvas, canvas.rng.uniform(0, 0.8))
    things.trees(canvas, things.scatter(canvas, canvas.rng.integers(5, 50)), canvas.rng.uniform(4, 8))


def wooded(canvas: Canvas, activity: float) -> None:
    """Canopy over a third to three quarters of the grass."""
    open_ground(canvas, canvas.rng.uniform(0, 1))
    things.wood(canvas, canvas.patches(110, canvas.rng.uniform(0.35, 0.75)), canvas.rng.uniform(5, 9))


def fields(canvas: Canvas, activity: float) -> None:
    """Parcels with their crops."""
    parcels(canvas, canvas.rng.uniform(70, 130), 0.7)
    things.trees(canvas, things.scatter(canvas, 20), 5)


def town(canvas: Canvas, activity: float) -> None:
    """Houses along streets."""
    open_ground(canvas, canvas.rng.uniform(0.1, 0.9))
    streets(canvas, canvas.rng.uniform(66, 96), canvas.rng.uniform(0.4, 0.8), activity * 0.5)


def dry(canvas: Canvas, activity: float) -> None:
    """Bare ground with shrubs."""
    colours = canvas.palette
    canvas.fill(canvas.ground(colours.soil, mix(colours.sand, colours.straw, canvas.rng.uniform(0, 1)), 70))
    count = canvas.rng.integers(10, 160)
    things.trees(canvas, things.scatter(canvas, count), canvas.rng.uniform(2.2, 4.5), colour=shrub_colour(canvas))


def shrub_colour(canvas: Canvas):
    """Shrubs: the colour of trees, faded towards straw."""
    return mix(canvas.palette.tree, canvas.palette.straw, canvas.rng.uniform(0, 0.4))


BACKDROPS = {"meadow": meadow, "wood": wooded, "fields": fields, "town": town, "dry": dry}


def split(rng: np.random.Generator, corners: np.ndarray, target: float) -> list[np.ndarray]:
    """Cut a four-sided piece of land (4, 2) into pieces of about `target` units across."""
    lengths = [np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))]
    if max(lengths) < target * rng.uniform(1.1, 2.2):
        return [corners]
    a, b, c, d = corners if lengths[0] >= lengths[1] else np.roll(corners, -1, axis=0)
    first, second = np.clip(rng.uniform(0.35, 0.65) + rng.normal(0, 0.05, 2), 0.2, 0.8)
    p, q = a + (b - a) * first, d + (c - d) * second
    return split(rng, np.array([a, p, q, d]), target) + split(rng, np.array([p, b, c, q]), target)


def crops(canvas: Canvas, count: int, contrast: float) -> list:
    """Colours of parcels; without contrast all are the colour of grass."""
    colours = canvas.palette
    base = mix(colours.grass, colours.straw, canvas.rng.uniform(0, 0.5))
    sorts = (
        shade(colours.grass, 1.1),
        colours.straw,
        colours.soil,
        shade(colours.tree, 1.3),
        shade(colours.soil, 1.25),
    )
    kinds = [mix(base, sorts[k], contrast) for k in canvas.rng.integers(len(sorts), size=count)]
    return [
        tint(kind, *move) for kind, move in zip(kinds, canvas.rng.normal(0, 3 + 7 * contrast, (count, 3)), strict=True)
    ]


def parcels(canvas: Canvas, target: float, contrast: float, telling: bool | None = None, stretch: float = 1.0) -> None:
    """Parcels over the whole canvas, each with its crop, furrows and a boundary, weaker as `contrast` falls."""
    rng = canvas.rng
    land = np.array([(-REACH, -REACH), (REACH, -REACH), (REACH, REACH), (-REACH, REACH)]) / (1, stretch)
    pieces = np.stack(split(rng, land, target)) * (1, stretch)
    colours = crops(canvas, len(pieces), contrast)
    canvas.polygons(pieces, colours, telling)
    for piece, colour in zip(pieces, colours, strict=True):
        furrows(canvas, piece, colour, rng.uniform(0, 0.22) * contrast)
    edge = (*shade(canvas.palette.soil, rng.choice([0.7, 1.25])), round(30 + 200 * contrast))
    outlines = np.stack([pieces, np.roll(pieces, -1, axis=1)], 2).reshape(-1, 2, 2)
    canvas.lines(outlines, rng.uniform(1, 3.5), edge, None if telling is None else False)
    grain = canvas.ground((0, 0, 0), (255, 255, 255), 25).convert("L").point(lambda v: round(22 + v * 0.12))
    canvas.fill(canvas.ground(shade(canvas.palette.soil, 0.7), canvas.palette.straw, 40), grain)


def furrows(canvas: Canvas, corners: np.ndarray, colour, depth: float) -> None:
    """Parallel lines between two opposite sides of a parcel."""
    if depth < 0.03:
        return
    a, b, c, d = np.roll(corners, canvas.rng.integers(2), axis=0)
    count = int(np.hypot(*(b - a)) / 6)
    share = ((np.arange(count) + 0.5) / max(1, count))[:, None]
    canvas.lines(np.stack([a + (b - a) * share, d + (c - d) * share], 1), 2.4, shade(colour, 1 - depth))


def streets(canvas: Canvas, spacing: float, density: float, activity: float, telling: bool | None = None) -> None:
    """Parallel streets with houses, gardens and trees on both sides; `density` is the share of plots built on."""
    rng = canvas.rng
    rows = np.arange(-REACH, REACH, spacing) + rng.uniform(0, spacing)
    bend = rng.uniform(0, 26)
    phase = rng.uniform(0, 2 * math.pi)
    x = np.linspace(-REACH, REACH, 21)
    for y in rows:
        things.road(canvas, np.stack([x, y + bend * np.sin(x / 80 + phase)], 1), 7, activity)
    for cross in rng.uniform(-REACH, REACH, rng.integers(1, 4)):
        canvas.line(np.array([(cross, -REACH), (cross, REACH)]), 7, canvas.palette.road)
    plot = rng.uniform(20, 30)
    along, row = np.meshgrid(np.arange(-220, 220, plot), rows)
    points = np.concatenate([np.stack([along.ravel(), (row + side * spacing * 0.27).ravel()], 1) for side in (-1, 1)])
    points = points + rng.normal(0, 1.5, points.shape)
    angles = np.arctan(bend / 80 * np.cos(points[:, 0] / 80 + phase))
    points[:, 1] += bend * np.sin(points[:, 0] / 80 + phase)
    green = rng.random(len(points)) < 0.75
    garden = points[green] + rng.normal(0, 0.28 * plot, (green.sum(), 2)) + (0.5 * plot, 0)
    built = (rng.random(len(points)) < density) & (np.abs(points) < 220).all(axis=1)
    n = built.sum()
    things.houses(
        canvas, points[built], rng.uniform(0.45, 0.8, n) * plot, rng.uniform(13, 19, n), angles[built], telling
    )
    things.trees(canvas, garden[(np.abs(garden) < 220).all(axis=1)], 4.2, False)


def water(canvas: Canvas, area=None, telling: bool | None = None) -> None:
    """Water with waves, over everything or in an area."""
    colour = tint(canvas.palette.water, *canvas.rng.normal(0, 4, 3))
    swell = canvas.relief(colour, canvas.rng.uniform(4, 9), canvas.rng.uniform(0.04, 0.16))
    canvas.fill(swell, area, telling)


def pond(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A small water that tells of no scene."""
    outline = blob(canvas.rng, x, y, radius, 0.4)
    canvas.polygon(outline, shade(canvas.palette.water, 0.9), False)
