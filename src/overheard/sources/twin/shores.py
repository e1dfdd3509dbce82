"""Scenes of water: beach, bridge, harbour, lake."""

import math

import numpy as np

from overheard.sources.twin import backdrops, things
from overheard.sources.twin.canvas import REACH, Canvas, blob, box, mix, shade, winding


def below(line: np.ndarray) -> np.ndarray:
    """The land on the negative-y side of a line across the canvas, as a polygon."""
    return np.concatenate([line, [(REACH, -REACH), (-REACH, -REACH)]])


def beach(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """A strip of sand between land and surf: open, a bay full of people, or a narrow one below houses.

    Near a lake the sand narrows, the surf fades and an opposite shore comes into view.
    """
    rng = canvas.rng
    backdrops.backdrop(canvas, activity, ((1.5, 0.6, 0.3, 0.6, 2), (1, 1, 0.3, 1, 2), (0.3, 0.3, 0.1, 3, 1))[subtype])
    shore = winding(rng, rng.uniform(-15, 30), (12, 10, 25)[subtype])
    if subtype == 1:
        shore[:, 1] += 0.0016 * rng.choice([-1, 1.4]) * shore[:, 0] ** 2
    width = (75, 60, 32)[subtype] * rng.uniform(0.8, 1.3) * (1 - 0.72 * ambiguity)
    sea = canvas.area(below(shore * (1, -1)) * (1, -1))
    strip = np.concatenate([shore, (shore + np.array([0, -width]) + rng.normal(0, 2, shore.shape))[::-1]])
    canvas.fill(
        canvas.ground(shade(canvas.palette.sand, 0.93), shade(canvas.palette.sand, 1.1), 30), canvas.area(strip), True
    )
    backdrops.water(canvas, sea, False)
    canvas.line(shore, 7, (*shade(canvas.palette.sand, 0.75), 130))
    for k in range(1, 1 + round(5 * (1 - ambiguity))):
        surf = shore + np.stack([np.zeros(25), k * 11 + rng.normal(0, 2.5, 25)], 1)
        canvas.line(
            surf, rng.uniform(3.5, 7) / k**0.4, (236, 240, 240, round(210 * (1 - 0.7 * ambiguity) / k**0.5)), True
        )
    if ambiguity > 0.35:
        far = shore[:, 1].max() + 190 - 90 * ambiguity
        bank = winding(rng, far, 12) * (1, -1)
        things.wood(canvas, canvas.area(below(bank) * (1, -1)), 8, False)
    spots = rng.integers(0, 25, round(150 * activity * (1 - 0.8 * ambiguity)))
    things.people(
        canvas,
        shore[spots]
        + rng.normal(0, 6, (len(spots), 2))
        + np.stack([np.zeros(len(spots)), -rng.uniform(4, max(5, width), len(spots))], 1),
    )
    swim = np.stack([rng.uniform(-150, 150, 4), rng.uniform(70, 150, 4)], 1)
    things.boats(canvas, swim[: round(4 * activity)], 5, rng.uniform(0, 6), None)


def bridge(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """A deck across a river, two decks across wide water, or a low bridge in a town.

    Near a harbour the deck is narrow and dull, and quays, jetties and boats stand along the banks.
    """
    rng = canvas.rng
    backdrops.backdrop(canvas, activity, ((2, 1, 0.5, 2, 0.5), (1.5, 1, 0.3, 2, 0.5), (0.6, 0.2, 0.1, 4, 0.2))[subtype])
    half = (60, 115, 40)[subtype] * rng.uniform(0.85, 1.3)
    bank, other = winding(rng, -half, 14), winding(rng, half, 14)
    backdrops.water(canvas, canvas.area(np.concatenate([bank, other[::-1]])), False)
    for line in (bank, other):
        canvas.line(line, rng.uniform(2, 6), mix(canvas.palette.sand, canvas.palette.paving, rng.random()))
    moored(canvas, half, ambiguity, activity)
    lean = rng.uniform(-0.5, 0.5)
    decks = (0,) if subtype != 1 else (-17, 17)
    width = (27, 21, 24)[subtype] * rng.uniform(0.85, 1.3) * (1 - 0.6 * ambiguity)
    colour = mix(shade(canvas.palette.paving, rng.choice([0.75, 1.15])), canvas.palette.water, 0.55 * ambiguity)
    for x in np.array(decks) + rng.uniform(-40, 40):
        deck(canvas, x, half * 1.15, width, lean, colour, activity)


def deck(canvas: Canvas, x: float, half: float, width: float, lean: float, colour, activity: float) -> None:
    """A bridge along y with its shadow, edges, piers and cars, and the roads that lead to it."""
    ends = np.array(
        [(x - REACH * math.sin(lean), -REACH * math.cos(lean)), (x + REACH * math.sin(lean), REACH * math.cos(lean))]
    )
    things.road(canvas, ends, 0.7 * width)
    span = np.array([(x - half * math.tan(lean), -half), (x + half * math.tan(lean), half)])
    canvas.line(span - things.canvas_step(canvas, np.array([0.7 * width])), width, things.SHADOW)
    canvas.line(span, width, colour, True)
    canvas.line(span, 0.7 * width, shade(colour, 0.82))
    canvas.line(span, 1.6, (220, 216, 200))
    things.cars_along(canvas, ends, width, round(28 * activity))


def moored(canvas: Canvas, half: float, ambiguity: float, activity: float) -> None:
    """Jetties and boats along the banks of a river, more of them with ambiguity."""
    rng = canvas.rng
    for _ in range(round(4 * ambiguity)):
        x, side = rng.uniform(-110, 110), rng.choice([-1, 1])
        things.jetty(canvas, (x, side * half), (x, side * half * 0.55), 3.5, round(2 + 7 * activity))
    canvas.telling.paste(0, (0, 0, canvas.size, canvas.size))
    free = np.stack([rng.uniform(-150, 150, 8), rng.uniform(-0.8, 0.8, 8) * half], 1)[
        : round(4 * activity + 4 * ambiguity)
    ]
    things.boats(canvas, free, 5.5, rng.uniform(0, 6, len(free)), None)


def harbour(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """A marina of jetties, a quay with ships and containers, or a basin behind two breakwaters.

    Near a lake the water is closed, its shore round, and few jetties and boats remain.
    """
    rng = canvas.rng
    backdrops.backdrop(canvas, activity, (1, 0.5, 0.2, 4, 0.8))
    level = rng.uniform(-55, -20)
    if ambiguity > rng.uniform(0.25, 0.9):
        backdrops.water(canvas, canvas.area(blob(rng, 0, 45, 105, 0.25, 1.3)))
    else:
        shore = winding(rng, level, 22 * ambiguity + 2)
        backdrops.water(canvas, canvas.area(below(shore * (1, -1)) * (1, -1)))
    clear = 1 - 0.75 * ambiguity
    paving = shade(canvas.palette.paving, rng.uniform(0.85, 1.15))
    length = 2 * REACH * (1 - 0.75 * ambiguity)
    canvas.polygon(box(0, level - 10, length, 26 * clear), paving, True)
    (marina, port, basin)[subtype](canvas, level, clear, activity)
    things.cars(
        canvas, np.stack([rng.uniform(-150, 150, 12), np.full(12, level - 14)], 1)[: round(12 * activity * clear)], 0.0
    )


def marina(canvas: Canvas, level: float, clear: float, activity: float) -> None:
    """Jetties in a row, boats on both sides."""
    count = max(1, round(5.5 * clear))
    for x in np.linspace(-110, 110, count + 2)[1:-1] + canvas.rng.normal(0, 6, count):
        reach = canvas.rng.uniform(70, 105) * (0.45 + 0.55 * clear)
        things.jetty(canvas, (x, level), (x, level + reach), 4, round((4 + 22 * activity) * clear))


def port(canvas: Canvas, level: float, clear: float, activity: float) -> None:
    """A pier, ships beside it, containers on the quay."""
    rng = canvas.rng
    pier = rng.uniform(-60, 60)
    canvas.polygon(box(pier, level + 38 * clear, 34 * clear, 90 * clear), shade(canvas.palette.paving, 1.05), True)
    spots = np.array(
        [(pier - 34, level + 45), (pier + 36, level + 45), (-70, level + 18), (80, level + 18), (30, level + 110)]
    )
    turns = np.array([1.57, 1.57, 0, 0, 0.5]) + rng.normal(0, 0.05, 5)
    kept = max(1, round((1.5 + 3.5 * activity) * clear))
    things.ships(canvas, spots[:kept], rng.uniform(26, 42, kept) * (0.4 + 0.6 * clear), turns[:kept])
    stack = np.stack(np.meshgrid(np.arange(-120, 120, 13), [level - 24, level - 18, level - 12]), -1).reshape(-1, 2)
    stack = stack[rng.random(len(stack)) < (0.25 + 0.6 * activity) * clear]
    things.houses(canvas, stack, 11, 4.5, 0.0, True, [things.PAINT[k] for k in rng.integers(6, size=len(stack))])


def basin(canvas: Canvas, level: float, clear: float, activity: float) -> None:
    """Two breakwaters and a gap between them, boats at anchor inside."""
    rng = canvas.rng
    rock = mix(canvas.palette.soil, canvas.palette.paving, 0.7)
    gap = 26 + 60 * (1 - clear)
    arms = (
        [(-118, level), (-118, level + 115), (-gap, level + 128)],
        [(120, level), (112, level + 92), (gap, level + 106)],
    )
    for arm in arms:
        canvas.line(np.array(arm), 10 * (0.4 + 0.6 * clear), rock, True)
    for x in np.array([-60, 10, 70])[: max(1, round(3 * clear))]:
        things.jetty(canvas, (x, level), (x, level + 55 * (0.4 + 0.6 * clear)), 4, round((3 + 12 * activity) * clear))
    n = round((2 + 10 * activity) * clear)
    things.boats(
        canvas, np.stack([rng.uniform(-95, 95, n), level + rng.uniform(65, 100, n)], 1), 6, rng.uniform(0, 6, n)
    )


def lake(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Round water, a long one with islands, or a pond among trees and houses.

    Near a harbour it has a straight paved shore, jetties and boats.
    """
    rng = canvas.rng
    backdrops.backdrop(
        canvas, activity, ((2, 3, 0.6, 0.3, 0.6), (1.5, 3, 0.3, 0.3, 0.6), (1.5, 2, 0.3, 1, 0.4))[subtype]
    )
    radius = (88, 68, 60)[subtype] * rng.uniform(0.85, 1.25)
    outline = blob(
        rng, rng.uniform(-15, 15), rng.uniform(-15, 15), radius, (0.3, 0.4, 0.5)[subtype], (1.1, 1.9, 1.2)[subtype]
    )
    if ambiguity > 0.2:
        outline[:, 1] = np.maximum(outline[:, 1], -radius * (1.1 - 0.75 * ambiguity))
    rim = mix(canvas.palette.sand, canvas.palette.grass, rng.uniform(0, 1))
    canvas.polygon(outline * (1.05, 1.06), rim)
    backdrops.water(canvas, canvas.area(outline), True)
    if subtype == 1:
        for spot in rng.uniform(-40, 40, (2, 2)) * (1.6, 0.7):
            islet = blob(rng, *spot, rng.uniform(7, 15), 0.4)
            canvas.polygon(islet, canvas.palette.grass, False)
            things.trees(canvas, islet[::8], 5, False)
    ring = outline * rng.uniform(1.06, 1.3, (48, 1)) + rng.normal(0, 4, (48, 2))
    things.trees(canvas, ring[rng.random(48) < rng.uniform(0.1, 0.9)], 6, False)
    low = outline[:, 1].min()
    if ambiguity > 0.2:
        canvas.polygon(box(0, low - 8, 200 * ambiguity, 16 * ambiguity), canvas.palette.paving, False)
    kept = canvas.telling.copy()
    for x in rng.uniform(-70, 70, round(2 * ambiguity + 0.5 * activity)):
        things.jetty(canvas, (x, low - 2), (x, low + 22 + 30 * ambiguity), 3.5, round(1 + 7 * activity * ambiguity))
    canvas.telling.paste(kept)
    afloat = rng.normal(0, radius * 0.35, (round(5 * activity), 2))
    things.boats(canvas, afloat, 4.5, rng.uniform(0, 6, len(afloat)), None)
