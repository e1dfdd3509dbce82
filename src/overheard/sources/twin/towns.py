"""Built scenes: airport, residential, sports land, train station."""

import math

import numpy as np

from overheard.sources.twin import backdrops, things
from overheard.sources.twin.canvas import REACH, Canvas, box, mix, shade, winding

WHITE = (232, 232, 226)


def airport(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """A runway with its marks, a terminal and its apron, or a small airfield.

    Near a train station the paved land is narrow, the aircraft small and few, the hall large.
    """
    backdrops.backdrop(
        canvas, activity, ((4, 0.6, 0.8, 0.5, 1.5), (3, 0.4, 0.4, 1, 1.5), (4, 0.6, 1.5, 0.3, 1))[subtype]
    )
    (runway, terminal, airfield)[subtype](canvas, activity, ambiguity)


def runway(canvas: Canvas, activity: float, ambiguity: float) -> None:
    """A long runway, its marks, and a taxiway beside it."""
    rng, colours = canvas.rng, canvas.palette
    y, width = rng.uniform(-25, 25), rng.uniform(42, 58) * (1 - 0.5 * ambiguity)
    canvas.polygon(box(0, y, 2 * REACH, width * 2.6), shade(mix(colours.grass, colours.straw, 0.6), 1.05))
    tarmac = shade(mix(colours.road, colours.paving, rng.uniform(0.5, 1)), 1.05)
    canvas.polygon(box(0, y, 2 * REACH, width), tarmac, True)
    marks(canvas, y, width, 1 - 0.8 * ambiguity)
    side = rng.choice([-1, 1])
    taxi = y + side * width * 1.75
    canvas.line(np.array([(-REACH, taxi), (REACH, taxi)]), 15 * (1 - 0.5 * ambiguity), shade(tarmac, 1.1), True)
    for x in rng.uniform(-120, 120, 3):
        canvas.line(np.array([(x, y), (x + 26, taxi)]), 11 * (1 - 0.5 * ambiguity), shade(tarmac, 1.1), True)
    size = rng.uniform(16, 26) * (1 - 0.6 * ambiguity)
    n = max(1, round((1 + 4 * activity) * (1 - 0.6 * ambiguity)))
    spots = np.stack([rng.uniform(-120, 120, n), np.where(rng.random(n) < 0.3, y, taxi)], 1)
    things.aircraft(canvas, spots, size, rng.choice([0, math.pi], n))


def marks(canvas: Canvas, y: float, width: float, strength: float) -> None:
    """Threshold bars, middle dashes and edges of a runway."""
    paint = (*WHITE, round(230 * strength))
    x = np.arange(-280, 280, 26.0)
    canvas.lines(np.stack([np.stack([x, 0 * x + y], 1), np.stack([x + 14, 0 * x + y], 1)], 1), 3, paint)
    start = canvas.rng.uniform(-110, 60)
    for bar in np.linspace(-0.38, 0.38, 8) * width:
        canvas.line(np.array([(start, y + bar), (start + 30, y + bar)]), 3, paint)
    for edge in (-0.47, 0.47):
        canvas.line(np.array([(-REACH, y + edge * width), (REACH, y + edge * width)]), 1, paint)


def terminal(canvas: Canvas, activity: float, ambiguity: float) -> None:
    """A terminal with piers, aircraft on their stands, one taxiing, cars behind the hall."""
    rng, colours = canvas.rng, canvas.palette
    apron = shade(mix(colours.paving, colours.road, rng.uniform(0, 0.5)), 1.05)
    canvas.polygon(box(0, 20, 2 * REACH * (1 - 0.35 * ambiguity), 190 * (1 - 0.45 * ambiguity)), apron, True)
    hall = mix(colours.other_roof, (206, 208, 210), rng.uniform(0, 1))
    top = 20 - 95 * (1 - 0.45 * ambiguity)
    depth = 34 + 30 * ambiguity
    things.houses(canvas, np.array([(0, top)]), 230 * (1 - 0.3 * ambiguity), depth, 0.0, True, [hall])
    size = rng.uniform(15, 24) * (1 - 0.55 * ambiguity)
    piers = np.linspace(-95, 95, rng.integers(2, 4))
    reach = 62 * (1 - 0.6 * ambiguity)
    for x in piers:
        things.houses(canvas, np.array([(x, top + depth / 2 + reach / 2)]), 13, reach, 0.0, True, [hall])
    stands = np.array(
        [
            (x + side * (9 + size), top + depth / 2 + row)
            for x in piers
            for side in (-1, 1)
            for row in (0.3 * reach, 0.95 * reach)
        ]
    )
    stands = stands[rng.random(len(stands)) < (0.25 + 0.7 * activity) * (1 - 0.6 * ambiguity)]
    turns = rng.normal(0, 0.25, len(stands)) + np.where(rng.random(len(stands)) < 0.5, 0, math.pi)
    things.aircraft(canvas, stands, size, turns)
    y = top + depth / 2 + reach + 1.5 * size + 12
    canvas.line(np.array([(-REACH, y), (REACH, y)]), 1.2, (206, 176, 70, round(220 * (1 - ambiguity))))
    taxiing = np.stack([rng.uniform(-110, 110, 2), np.full(2, y)], 1)[: max(1, round(2 * activity))]
    things.aircraft(canvas, taxiing, size, rng.choice([0, math.pi], len(taxiing)))
    lots(canvas, 0, top - depth, 200, 50, activity)


def airfield(canvas: Canvas, activity: float, ambiguity: float) -> None:
    """A narrow strip, a small apron, hangars and light aircraft."""
    rng, colours = canvas.rng, canvas.palette
    strip = mix(shade(colours.grass, 1.2), colours.paving, rng.choice([0.5, 1.0]))
    y, width = rng.uniform(-40, 20), 32 * (1 - 0.45 * ambiguity)
    canvas.polygon(box(0, y, 2 * REACH, width), strip, True)
    x = np.arange(-280, 280, 20.0)
    canvas.lines(
        np.stack([np.stack([x, 0 * x + y], 1), np.stack([x + 9, 0 * x + y], 1)], 1),
        1.4,
        (*WHITE, round(200 * (1 - 0.8 * ambiguity))),
    )
    canvas.polygon(box(0, y + 54, 190, 54), mix(colours.paving, strip, 0.3), True)
    canvas.line(np.array([(-40, y), (-40, y + 40)]), 9, strip, True)
    hangars = np.stack([np.linspace(-55, 55, 4), np.full(4, y + 86)], 1)
    things.houses(canvas, hangars, 24, 20, 0.0, False, [mix(colours.other_roof, WHITE, 0.4)] * 4)
    n = max(1, round((2 + 7 * activity) * (1 - 0.7 * ambiguity)))
    spots = np.stack([np.linspace(-86, 86, 9), np.full(9, y + 52) + rng.normal(0, 4, 9)], 1)
    things.aircraft(
        canvas, rng.permutation(spots)[:n], rng.uniform(9, 13) * (1 - 0.4 * ambiguity), 1.57 + rng.normal(0, 0.2, n)
    )


def lots(
    canvas: Canvas, x: float, y: float, length: float, width: float, activity: float, telling: bool | None = False
) -> None:
    """A car park: paved, bays marked, so many of them taken."""
    canvas.polygon(box(x, y, length, width), canvas.palette.road, telling)
    rows = np.arange(-width / 2 + 6, width / 2 - 3, 11)
    bays = np.arange(-length / 2 + 5, length / 2 - 4, 4.6)
    spots = np.stack(np.meshgrid(bays, rows), -1).reshape(-1, 2) + np.array([x, y])
    canvas.lines(np.stack([spots - np.array([2.3, 3]), spots + np.array([-2.3, 3])], 1), 0.6, (200, 200, 196))
    spots = spots[canvas.rng.random(len(spots)) < 0.1 + 0.8 * activity]
    things.cars(canvas, spots, math.pi / 2)


def residential(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Detached houses on straight streets, on winding ones, or closed blocks about courtyards.

    Near sports land part of it is a park with a lawn the shape of a pitch.
    """
    rng = canvas.rng
    backdrops.open_ground(canvas, rng.uniform(0, 0.9))
    if subtype == 2:
        courts(canvas, 0.6 + 0.4 * activity)
    else:
        density = (0.6 + 0.4 * activity) * (1 - 0.3 * ambiguity)
        backdrops.streets(canvas, rng.uniform(56, 84) + 16 * subtype, density, activity, True)
    things.trees(canvas, things.scatter(canvas, rng.integers(10, 60)), rng.uniform(4, 7), False)
    if ambiguity > 0.15:
        lawn = mix(shade(canvas.palette.grass, 1.1), canvas.palette.straw, rng.uniform(0, 0.5))
        side = 1.0 * ambiguity
        x, y = rng.normal(0, 18, 2)
        canvas.polygon(box(x, y, 40 + 130 * side, 30 + 85 * side), mix(lawn, canvas.palette.tree, 0.25), False)
        canvas.polygon(box(x, y, 24 + 120 * side, 18 + 75 * side), lawn, False)
        edge = rng.uniform(-1, 1, (14, 2)) * (0.5 * (40 + 130 * side), 0.5 * (30 + 85 * side))
        things.trees(canvas, edge + np.array([x, y]), 6, False)


def courts(canvas: Canvas, density: float) -> None:
    """Blocks of houses about courtyards, streets between them."""
    rng, colours = canvas.rng, canvas.palette
    canvas.fill(canvas.ground(shade(colours.road, 0.95), shade(colours.road, 1.08), 40))
    side, street = rng.uniform(62, 86), rng.uniform(10, 15)
    spots = np.stack(np.meshgrid(np.arange(-200, 210, side + street), np.arange(-200, 210, side + street)), -1).reshape(
        -1, 2
    )
    spots = spots[rng.random(len(spots)) < density]
    n, ring = len(spots), 0.8 * side
    roof = [
        shade(mix(colours.roof, colours.other_roof, s), f)
        for s, f in zip(rng.uniform(0, 0.8, n), rng.uniform(0.85, 1.1, n), strict=True)
    ]
    canvas.polygons(boxes_about(spots, side, side), [shade(colours.paving, 0.9)] * n)
    for dx, dy, angle in ((0, 0.4, 0), (0, -0.4, 0), (0.4, 0, 1.571), (-0.4, 0, 1.571)):
        kept = rng.random(n) < 0.93
        places = (spots + np.array([dx, dy]) * side)[kept]
        things.houses(
            canvas, places, ring * 1.2, side * 0.2, angle, True, [c for c, k in zip(roof, kept, strict=True) if k]
        )
    garden = spots + rng.normal(0, side * 0.12, (n, 2))
    canvas.polygons(boxes_about(spots, 0.5 * side, 0.5 * side), [shade(colours.grass, 0.9)] * n)
    things.trees(canvas, garden, 6, False)


def boxes_about(spots: np.ndarray, length: float, width: float) -> np.ndarray:
    """One rectangle (n, 4, 2) about each spot (n, 2)."""
    return spots[:, None, :] + box(0, 0, length, width)[None]


def sports_land(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """A pitch within a running track, ball diamonds, or courts in rows; near residential land small, worn, unmarked."""
    rng = canvas.rng
    backdrops.backdrop(canvas, activity, (2, 0.6, 0.2, 2 + 5 * ambiguity, 0.3))
    size = rng.uniform(0.95, 1.25) * (1 - 0.4 * ambiguity)
    turf = mix(
        mix(shade(canvas.palette.grass, 1.15), (74, 142, 62), rng.uniform(0.3, 0.9)),
        canvas.palette.straw,
        rng.uniform(0, 0.3) + 0.3 * ambiguity,
    )
    canvas.polygon(box(0, 0, 235 * size, 165 * size), mix(turf, canvas.palette.straw, 0.3))
    lines = (*WHITE, round(235 * (1 - 0.75 * ambiguity)))
    (pitch, diamonds, tennis)[subtype](canvas, size, turf, lines, ambiguity)
    n = round(22 * activity)
    things.people(canvas, rng.normal(0, 30 * size, (n, 2)))
    lots(canvas, *(rng.uniform(-20, 20), rng.choice([-1, 1]) * 105 * size), 90, 30, activity)
    things.trees(canvas, rng.uniform(-1, 1, (round(5 + 30 * ambiguity), 2)) * (125 * size, 90 * size), 6, False)


def pitch(canvas: Canvas, size: float, turf, lines, ambiguity: float) -> None:
    """A marked pitch in mown stripes, mostly inside a running track."""
    rng = canvas.rng
    if rng.random() < 0.75 * (1 - 0.7 * ambiguity):
        track = ((172, 88, 66), (70, 96, 132), canvas.palette.soil)[rng.integers(3)]
        for reach, colour, telling in ((62, track, True), (45, turf, True)):
            canvas.polygon(box(0, 0, 120 * size, 2 * reach * size), colour, telling)
            canvas.discs(np.array([(-60, 0), (60, 0)]) * size, reach * size, [colour] * 2, telling)
        for reach in (49, 53, 57):
            for y in (-reach, reach):
                canvas.line(np.array([(-60, y), (60, y)]) * size, 0.6, lines)
    field = box(0, 0, 142 * size, 86 * size)
    canvas.polygon(field, turf, True)
    edges = np.linspace(-71, 71, 13)
    stripes = [
        box((a + b) / 2 * size, 0, (b - a) * size, 86 * size) for a, b in zip(edges[:-1:2], edges[1::2], strict=True)
    ]
    canvas.polygons(np.stack(stripes), [shade(turf, 1.08)] * len(stripes))
    for rectangle in (field, box(-62 * size, 0, 18 * size, 42 * size), box(62 * size, 0, 18 * size, 42 * size)):
        canvas.line(np.concatenate([rectangle, rectangle[:1]]), 2.6, lines)
    canvas.line(np.array([(0, -43), (0, 43)]) * size, 2.6, lines)
    turn = np.linspace(0, 2 * math.pi, 20)
    canvas.line(np.stack([np.cos(turn), np.sin(turn)], 1) * 13 * size, 2.4, lines)


def diamonds(canvas: Canvas, size: float, turf, lines, ambiguity: float) -> None:
    """Ball fields: a fan of grass, its infield of clay."""
    rng = canvas.rng
    clay = mix(mix((178, 122, 80), canvas.palette.soil, 0.5), turf, 0.45 * ambiguity)
    count = 1 if ambiguity > 0.6 else rng.integers(1, 4)
    start = rng.uniform(0, 6.28)
    reach = size * (108 if count == 1 else 78)
    for k in range(count):
        facing = start + k * 2.09
        home = np.array([math.cos(facing), math.sin(facing)]) * (-0.5 * reach if count == 1 else 14)
        fan(canvas, home, facing, reach, shade(turf, 1.06))
        fan(canvas, home, facing, reach * 0.5 * (1 - 0.25 * ambiguity), clay)
        middle = home + 0.24 * reach * np.array([math.cos(facing), math.sin(facing)])
        canvas.polygon(box(*middle, 0.22 * reach, 0.22 * reach, facing + math.pi / 4), turf)
        for turn in (-0.785, 0.785):
            far = home + reach * np.array([math.cos(facing + turn), math.sin(facing + turn)])
            canvas.line(np.stack([home, far]), 2.6, lines)


def fan(canvas: Canvas, home: np.ndarray, facing: float, reach: float, colour) -> None:
    """A quarter circle of a ball field."""
    turns = facing + np.linspace(-0.785, 0.785, 14)
    arc = home + reach * np.stack([np.cos(turns), np.sin(turns)], 1)
    canvas.polygon(np.concatenate([home[None], arc]), colour, True)


def tennis(canvas: Canvas, size: float, turf, lines, ambiguity: float) -> None:
    """Courts in rows, each with its lines."""
    rng = canvas.rng
    paint = ((60, 104, 132), (64, 116, 84), (170, 92, 66))[rng.integers(3)]
    hard = mix(paint, turf, 0.5 * ambiguity)
    columns, rows = (2, 1) if ambiguity > 0.7 else (rng.integers(2, 5), rng.integers(1, 3))
    for x in (np.arange(columns) - (columns - 1) / 2) * 44 * size:
        for y in (np.arange(rows) - (rows - 1) / 2) * 76 * size:
            canvas.polygon(box(x, y, 42 * size, 72 * size), shade(hard, 0.85), True)
            court = box(x, y, 24 * size, 52 * size)
            canvas.polygon(court, hard, True)
            canvas.line(np.concatenate([court, court[:1]]), 2.4, lines)
            net = np.array([(x - 14 * size, y), (x + 14 * size, y)])
            canvas.line(net, 2.4, lines)


def train_station(canvas: Canvas, subtype: int, activity: float, ambiguity: float) -> None:
    """Rails past platforms, a hall over the ends of rails, or a yard of many tracks.

    Near an airport the tracks are few, dull and half hidden, and the hall is large.
    """
    rng, colours = canvas.rng, canvas.palette
    backdrops.backdrop(canvas, activity, (1, 0.4, 0.3, 4, 0.6))
    tracks = max(2, round((8, 8, 13)[subtype] * rng.uniform(0.8, 1.2) * (1 - 0.6 * ambiguity)))
    gauge = (12.5, 12.5, 10)[subtype]
    rows = (np.arange(tracks) - (tracks - 1) / 2) * gauge
    bed = mix(shade(mix(colours.soil, colours.road, rng.uniform(0.3, 0.8)), 0.8), colours.paving, 0.5 * ambiguity)
    end = rng.uniform(20, 60) if subtype == 1 else REACH
    middle = (end - REACH) / 2
    canvas.polygon(box(middle, 0, REACH + end, tracks * gauge + 8), bed, True)
    for y in rows:
        rails(canvas, y, -REACH, end, bed, 1 - 0.7 * ambiguity)
    if subtype < 2:
        platforms(canvas, rows, gauge, end, ambiguity)
    trains(canvas, rows, end, round(1 + activity * 0.75 * tracks * (1 - 0.5 * ambiguity)))
    station_hall(canvas, subtype, tracks * gauge, end, ambiguity)
    things.cars(canvas, rng.normal((0, tracks * gauge / 2 + 40), (60, 5), (round(14 * activity), 2)), rng.uniform(0, 3))


def rails(canvas: Canvas, y: float, start: float, end: float, bed, strength: float) -> None:
    """One track: sleepers and two rails."""
    x = np.arange(start, end, 4.0)
    ties = np.stack([np.stack([x, 0 * x + y - 2.6], 1), np.stack([x, 0 * x + y + 2.6], 1)], 1)
    canvas.lines(ties[:: 1 if strength > 0.5 else 2], 1.4, shade(bed, 1 - 0.35 * strength))
    for side in (-1.7, 1.7):
        canvas.line(np.array([(start, y + side), (end, y + side)]), 1.8, (206, 200, 194, round(240 * strength)))


def platforms(canvas: Canvas, rows: np.ndarray, gauge: float, end: float, ambiguity: float) -> None:
    """Platforms between every second pair of tracks, some of them roofed."""
    rng = canvas.rng
    start = -150 if end > 200 else -170
    stop = min(end, 150)
    for y in rows[:-1:2] + gauge / 2:
        canvas.polygon(
            box((start + stop) / 2, y, (stop - start) * (1 - 0.3 * ambiguity), 6),
            shade(canvas.palette.paving, 1.12),
            True,
        )
        if rng.random() < 0.7 * (1 - ambiguity):
            things.houses(
                canvas, np.array([((start + stop) / 2, y)]), 150, 7, 0.0, True, [shade(canvas.palette.other_roof, 1.05)]
            )


def trains(canvas: Canvas, rows: np.ndarray, end: float, count: int) -> None:
    """Trains of carriages standing on so many tracks."""
    rng = canvas.rng
    for y in rng.permutation(rows)[:count]:
        carriages = rng.integers(3, 9)
        first = rng.uniform(-170, min(end, 120) - 26 * carriages / 2)
        x = first + 26.0 * np.arange(carriages)
        x = x[x < end - 13]
        paint = things.PAINT[rng.integers(len(things.PAINT))]
        spots = np.stack([x, 0 * x + y], 1)
        things.houses(canvas, spots, 24, 6, 0.0, True, [mix(paint, (150, 150, 150), 0.4)] * len(x))


def station_hall(canvas: Canvas, subtype: int, width: float, end: float, ambiguity: float) -> None:
    """The station's building: beside the tracks, or across their ends."""
    rng = canvas.rng
    roof = mix(canvas.palette.roof, (196, 198, 202), rng.uniform(0.2, 1))
    if subtype == 1:
        things.houses(canvas, np.array([(end + 20, 0)]), 44 + 20 * ambiguity, width + 46, 0.0, True, [roof])
        for y in np.linspace(-width / 2, width / 2, 4):
            things.houses(canvas, np.array([(end - 45, y)]), 90, width / 4.2, 0.0, True, [shade(roof, 1.05)])
        return
    y = -width / 2 - 20
    canvas.polygon(box(0, y - 8, 190, 36), canvas.palette.paving)
    length = (110 if subtype == 0 else 60) + 60 * ambiguity
    things.houses(canvas, np.array([(rng.uniform(-25, 25), y)]), length, 20 + 14 * ambiguity, 0.0, True, [roof])
    if ambiguity > 0.4:
        canvas.line(winding(rng, rng.uniform(-0.4, 0.4) * width, 4), 7, canvas.palette.road, False)
