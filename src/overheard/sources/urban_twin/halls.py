"""Airports, shopping malls and metro stations as still views: one hall, shaped by the scene and what it passes for."""

from typing import NamedTuple

import numpy as np

from overheard.sources.twin.canvas import Colour, mix, shade
from overheard.sources.urban_twin.view import NEAR, Lane, View, bench


class Hall(NamedTuple):
    """How a hall is built; lengths in metres, shares and chances 0..1, movers in ten seconds."""

    half_width: float
    height: float
    depth: float
    glazed: float  # share of the left wall
    shops: float  # share of the walls
    gallery: float  # chance of an upper floor
    track: float  # chance of rails
    columns: float  # chance
    counters: float  # chance of desks
    seats: float  # rows
    daylight: float  # chance of a roof of glass
    walkers: float
    travellers: float
    standers: float
    trains: float


SHAPES = {
    "airport": Hall(13, 7.0, 55, 0.75, 0.3, 0.12, 0.03, 0.55, 0.7, 2.5, 0.15, 3.0, 4.5, 4.5, 0.0),
    "metro_station": Hall(6.0, 4.2, 60, 0.03, 0.08, 0.05, 0.88, 0.5, 0.05, 0.8, 0.05, 6.0, 0.5, 4.5, 0.9),
    "shopping_mall": Hall(8.0, 8.0, 50, 0.08, 0.95, 0.8, 0.02, 0.35, 0.08, 0.6, 0.55, 9.0, 0.5, 3.0, 0.0),
}


def draw(view: View, shape: Hall) -> list[Lane]:
    """Draw the hall, far things first; returns where people and trains move."""
    rng = view.rng
    view.marker.rectangle((0, 0, view.size, view.size), fill=0)
    track = rng.random() < shape.track
    gallery = not track and rng.random() < shape.gallery
    centre = rng.uniform(-0.35, 0.35) * shape.half_width
    left, right = centre - shape.half_width, centre + shape.half_width
    left, right = min(left, -1.4), max(right, 1.4)
    stone = mix(view.look.stones[rng.integers(4)], (206, 206, 204), 0.5)
    view.picture.paste(shade(stone, 0.8), (0, 0, view.size, view.size))
    _shell(view, shape, left, right, stone)
    edge = left + 0.45 * (right - left) if track else left
    edge = min(edge, -0.6)
    if track:
        _track(view, shape, left, edge, stone)
    else:
        _left_wall(view, shape, left)
    _wall_of_shops(view, shape, right, shape.shops if not track else 0.3 * shape.shops, stone)
    if gallery:
        _gallery(view, shape, left, right, stone)
    _furniture(view, shape, edge, right, track)
    return _lanes(shape, left, edge, right, track)


def _shell(view: View, shape: Hall, left: float, right: float, stone: Colour) -> None:
    """End wall, ceiling with its lights, floor with its joints and shine."""
    rng, depth, top = view.rng, shape.depth, shape.height
    view.wall((left, depth), (right, depth), 0, top, shade(stone, rng.uniform(0.7, 1.0)))
    sky = rng.random() < shape.daylight
    ceiling = (196, 212, 226) if sky else shade(stone, rng.uniform(0.45, 0.95))
    view.floor((left, right), (NEAR, depth), ceiling, y=top)
    if sky:
        for z in np.arange(2, depth, 3.0):
            view.line(np.array([(left, top, z), (right, top, z)]), 1.2, (110, 116, 122))
    else:
        step = rng.uniform(2.5, 5)
        for x in np.arange(left + step / 2, right, step):
            view.floor((x - 0.15, x + 0.15), (NEAR, depth), (248, 246, 232), y=top - 0.02)
        for z in np.arange(2, depth, step):
            view.line(np.array([(left, top, z), (right, top, z)]), 1.0, shade(ceiling, 0.85))
    tiles = mix(stone, ((214, 208, 198), (120, 118, 116), (168, 150, 128))[rng.integers(3)], 0.6)
    whole = np.array([(left, 0, NEAR), (right, 0, NEAR), (right, 0, depth), (left, 0, depth)])
    view.textured(whole, shade(tiles, 0.86), shade(tiles, 1.06), 120)
    step = rng.uniform(0.9, 2.0)
    for x in np.arange(left, right, step):
        view.line(np.array([(x, 0, NEAR), (x, 0, depth)]), 0.6, shade(tiles, 0.9))
    for z in np.geomspace(1.6, depth, 14):
        view.line(np.array([(left, 0, z), (right, 0, z)]), 0.6, shade(tiles, 0.9))


def _left_wall(view: View, shape: Hall, left: float) -> None:
    """Glass onto a bright outside, or shops."""
    rng, depth = view.rng, shape.depth
    start, end = (left, 0.6), (left, depth)
    if rng.random() >= shape.glazed:
        _wall_of_shops(view, shape, left, shape.shops, view.look.stones[0])
        return
    view.wall(start, end, 0, shape.height, (206, 220, 232))
    view.wall(start, end, 0, 1.1, (150, 152, 150))
    if rng.random() < 0.7:  # an aircraft at its gate: fin, body, engines
        z = rng.uniform(0.25, 0.5) * depth
        view.wall((left, z), (left, z + 16), 1.5, 3.0, (236, 238, 240))
        view.polygon(np.array([(left, 3.0, z + 13), (left, 6.4, z + 16), (left, 6.4, z + 18), (left, 3.0, z + 16)]),
                     view.look.livery)  # fmt: skip
    for z in np.arange(1.0, depth, rng.uniform(1.8, 3.0)):
        view.strip((left, 0, z), (left, shape.height, z), 0.12, (84, 88, 94))
    view.wall(start, end, 2.7, 2.85, (84, 88, 94))


def _wall_of_shops(view: View, shape: Hall, x: float, share: float, stone: Colour) -> None:
    """A long wall at x: bays that are shops, posters or plain; each floor of it alike."""
    rng = view.rng
    view.wall((x, 0.6), (x, shape.depth), 0, shape.height, shade(stone, 0.85))
    bay = rng.uniform(4, 7)
    for z in np.arange(0.6, shape.depth - bay, bay)[::-1]:
        start, end = (x, z), (x, z + bay)
        if rng.random() < share:
            bright = [int(c) for c in rng.integers(150, 250, 3)]
            view.rects(start, end, np.array([(0.3, bay - 0.3, 0.1, 2.6)]), [tuple(bright)])
            for _ in range(5):
                at = rng.uniform(0.4, bay - 1.0)
                view.rects(start, end, np.array([(at, at + 0.5, 0.3, rng.uniform(0.9, 1.9))]),
                           [tuple(int(c) for c in rng.integers(30, 220, 3))])  # fmt: skip
            view.rects(
                start, end, np.array([(0.3, bay - 0.3, 2.7, 3.3)]), [tuple(int(c) for c in rng.integers(20, 230, 3))]
            )
        elif rng.random() < 0.5:
            view.rects(start, end, np.array([(1, min(3.0, bay - 1), 0.9, 2.3)]),
                       [tuple(int(c) for c in rng.integers(60, 235, 3))])  # fmt: skip


def _gallery(view: View, shape: Hall, left: float, right: float, stone: Colour) -> None:
    """An upper floor along both sides with a balustrade of glass, and perhaps an escalator."""
    rng, depth = view.rng, shape.depth
    low, wide = 0.5 * shape.height, 0.28 * (right - left)
    for x0, x1, front in ((left, left + wide, left + wide), (right - wide, right, right - wide)):
        view.floor((x0, x1), (1.2, depth), shade(stone, 0.75), y=low)
        view.wall((front, 1.2), (front, depth), low, low + 0.35, shade(stone, 1.1))
        view.wall((front, 1.2), (front, depth), low + 0.35, low + 1.2, (170, 194, 202))
        view.wall((front, 1.2), (front, depth), low + 1.2, low + 1.28, (90, 92, 96))
    if rng.random() < 0.7:
        x, z = rng.uniform(-1.5, 1.5), rng.uniform(9, 18)
        for side in (x - 0.7, x + 0.7):
            view.polygon(
                np.array([(side, 0, z), (side, 1, z), (side, low + 1, z + 7), (side, low, z + 7)]), (92, 96, 102)
            )
        view.polygon(
            np.array([(x - 0.7, 0, z), (x + 0.7, 0, z), (x + 0.7, low, z + 7), (x - 0.7, low, z + 7)]), (64, 66, 70)
        )


def _track(view: View, shape: Hall, left: float, edge: float, stone: Colour) -> None:
    """The pit with its rails, the wall behind it with tiles, posters and the station's name, the platform's edge."""
    rng, depth = view.rng, shape.depth
    tile = shade(mix(view.look.livery, stone, rng.uniform(0.2, 0.9)), rng.uniform(0.6, 1.0))
    view.floor((left, edge), (NEAR, depth), (48, 46, 44), y=-1.0)
    view.wall((left, 0.6), (left, depth), -1.0, shape.height, tile)
    for z in np.arange(2, depth, rng.uniform(5, 8)):
        view.rects(
            (left, z), (left, z + 3), np.array([(0, 2.6, 0.6, 2.0)]), [tuple(int(c) for c in rng.integers(60, 235, 3))]
        )
    view.wall((left, 0.6), (left, depth), 2.3, 2.7, (236, 238, 240) if rng.random() < 0.5 else view.look.livery)
    for share in (0.35, 0.65):
        x = left + share * (edge - left)
        view.line(np.array([(x, -0.95, 1.2), (x, -0.95, depth)]), 1.6, (128, 122, 116))
    view.wall((left, depth), (edge, depth), -1.0, 3.6, (16, 16, 18))
    view.floor((edge, edge + 0.25), (NEAR, depth), (226, 224, 214))
    view.floor((edge + 0.45, edge + 0.75), (NEAR, depth), (220, 184, 52))


def _furniture(view: View, shape: Hall, edge: float, right: float, track: bool) -> None:
    """Columns, signs, desks and seats, far ones first; near columns stand in front of everybody."""
    rng, top = view.rng, shape.height
    columns, desks = rng.random() < shape.columns, rng.random() < shape.counters and not track
    stone = shade(view.look.stones[1], rng.uniform(0.7, 1.1))
    aside = edge + 1.6 if track else right - 0.25 * (right - edge)
    if desks:
        for z in np.arange(10, 30, 3.0)[::-1]:
            x = right - 2.4
            view.block((x, x + 1.6), (0, 1.1), (z, z + 1.8), shade(view.look.livery, 0.9))
            view.wall((x, z + 0.9), (x + 1.6, z + 0.9), 2.1, 2.6, (28, 34, 60))
    for _ in range(rng.poisson(shape.seats)):
        z = rng.uniform(5, 12)
        x = rng.uniform(max(edge + 1, -5), max(edge + 1.5, min(right - 1, 5)))
        for seat in range(1 + (not track) * 2):
            bench(view, x + 1.8 * seat, z)
    for _ in range(rng.integers(1, 4)):
        x, z = rng.uniform(edge, right - 2), rng.uniform(5, 18)
        ground = ((236, 190, 40), (24, 40, 92), (30, 30, 34), view.look.livery)[rng.integers(4)]
        low = min(top - 1.0, rng.uniform(2.5, 3.2))
        view.rects((x, z), (x + 3, z), np.array([(0, 2.6, low, low + 0.55)]), [ground])
        for letter in np.arange(0.2, 2.2, 0.35):
            view.rects((x, z), (x + 3, z), np.array([(letter, letter + 0.2, low + 0.15, low + 0.4)]), [(240, 240, 236)])
    if columns:
        for z in np.arange(rng.uniform(3, 6), shape.depth * 0.8, rng.uniform(5, 8))[::-1]:
            view.block((aside, aside + 0.6), (0, top), (z, z + 0.6), stone, True if z < 7 else None)


def _lanes(shape: Hall, left: float, edge: float, right: float, track: bool) -> list[Lane]:
    middle, half = (edge + 1.0 + right) / 2, (right - edge - 1.0) / 2
    middle, far = float(np.clip(middle, -2, 4)), min(shape.depth - 2, 35.0)
    spread = min(2.5, 0.45 * half)
    lanes = [Lane("stander", (middle - half * 0.5, 5), (middle + half * 0.5, 12), shape.standers, aside=0.5)]
    for kind, number in (("walker", shape.walkers), ("traveller", shape.travellers)):
        lanes += [
            Lane(kind, (middle, far), (middle, 1.3), 0.35 * number, 1.4, aside=spread),
            Lane(kind, (middle + 0.5, 2.0), (middle + 0.5, far), 0.3 * number, 1.4, aside=spread),
            Lane(kind, (min(right - 0.5, 6), 8), (max(edge + 1, -6), 9), 0.35 * number, 1.2, behind=True, aside=1.0),
        ]
    if track:
        lanes.append(
            Lane("train", ((left + edge) / 2, 115), ((left + edge) / 2, 37), shape.trains, 14, floor=-1.0, stops=True)
        )
    return lanes
