"""What is seen in a piece: the still view of its location, and the people, cars, trains and scenery that move in it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from overheard.sources.twin import photograph
from overheard.sources.twin.world import CLIP_S, Bout
from overheard.sources.urban_twin import bodies, cabins, cities, event_table, halls, open_places, world
from overheard.sources.urban_twin.difficulty import DIFFICULTY, Difficulty
from overheard.sources.urban_twin.view import CHEST, FAR, Lane, View, mixed

SIDE = 128  # pixels of a frame
FRAME_RATE = 5  # frames a second
TIMES_S = np.arange(50) / FRAME_RATE  # of the frames of a piece
_FINE = 2  # drawn so many times larger, so that edges are smooth
_OUTSIDE = 255  # mark of what passes by a cabin's windows
_PANES = "panes"

# lanes of these kinds may show who makes an event of the table's word
_MAKERS = {"person": ("walker", "traveller", "stander", "sitter")}


@dataclass(frozen=True)
class Still:
    """A location as its camera sees it when nothing moves.

    Attributes:
        picture: (256, 256, 3) uint8, twice as large as a frame.
        near: (256, 256) bool, what objects pass behind.
        lanes: where they do.
        look: the colours of the place.
        pan: units, as in `View`.
        scenery: (256, w, 3) uint8 that passes by the windows; None where there is none.
        fork: column of the picture; left of it the scenery goes to the left, right of it to the right.
        outdoors: whether seasons show.
    """

    picture: np.ndarray
    near: np.ndarray
    lanes: tuple[Lane, ...]
    look: cities.Look
    pan: float
    scenery: np.ndarray | None
    fork: int
    outdoors: bool


@dataclass(frozen=True)
class Seen:
    """A moving object in one frame: the box about the pixels of it that can be seen.

    Attributes:
        frame: number of the frame.
        mark: of the object in its piece.
        kind: key of `bodies.KINDS`, or `panes`: what passes by a cabin's windows.
        box: left, top, right, bottom in pixels; right and bottom are just outside.
    """

    frame: int
    mark: int
    kind: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Film:
    """Ten seconds of pictures.

    Attributes:
        frames: (n, 128, 128, 3) uint8.
        still: (128, 128, 3) uint8, the view in the same light, without moving objects and noise.
        seen: every moving object in every frame.
    """

    frames: np.ndarray
    still: np.ndarray
    seen: list[Seen]


@dataclass(frozen=True)
class _Mover:
    """A moving object: its lane, who it is, when it enters and how far off the line it keeps."""

    lane: Lane
    moves: bodies.Moves
    enters_s: float
    aside: float
    rest: float  # 0..1, where on the lane it stands, if it does

    def place(self, time_s: float) -> tuple[float, float] | None:
        """(x, z) in metres, or None while it is not there."""
        (x0, z0), (x1, z1) = self.lane.start, self.lane.end
        length = max(1e-6, math.hypot(x1 - x0, z1 - z0))
        way = self.rest
        if self.lane.speed:
            way = (time_s - self.enters_s) * self.lane.speed / length
            if self.lane.stops and way > 0:
                slow = min(1.0, way / 2)  # even braking takes twice the time
                way = slow * (2 - slow)
            if not 0 <= way <= 1:
                return None
        across = (self.aside * (z1 - z0) / length, -self.aside * (x1 - x0) / length)
        return x0 + way * (x1 - x0) + across[0], z0 + way * (z1 - z0) + across[1]


def still(location: world.Location, difficulty: Difficulty = DIFFICULTY) -> Still:
    """Draw the fixed view of a location."""
    rng = location.generator("urban view")
    look = cities.look(location.city, rng, difficulty)
    pan = float(rng.uniform(-45, 45))
    view = View(_FINE * SIDE, rng, look, pan)
    scenery, fork, scene = None, 0, location.scene
    between = (scene, location.picture.other)
    how = (location.picture.share, rng, difficulty.shape_spread)
    if scene in open_places.SHAPES:
        lanes = open_places.draw(view, mixed(*(open_places.SHAPES[name] for name in between), *how))
    elif scene in halls.SHAPES:
        lanes = halls.draw(view, mixed(*(halls.SHAPES[name] for name in between), *how))
    else:
        # cabins are built to a few measures, halls and streets are not
        shape = mixed(*(cabins.SHAPES[name] for name in between), *how[:2], 0.3 * difficulty.shape_spread)
        lanes, dark, across = cabins.draw(view, shape)
        fork = view.size if across else round(view.pixels(np.array((0.0, CHEST, FAR)))[0])
        wide = View(2 * _FINE * SIDE, location.generator("urban scenery"), look)
        cabins.outside(wide, dark)
        middle = np.asarray(wide.picture)[_FINE * SIDE // 2 : -_FINE * SIDE // 2]
        scenery = np.concatenate([middle, middle[:, ::-1]], axis=1)  # its ends meet
    picture, near = view.arrays()
    outdoors = scene in open_places.SHAPES
    drawn = Still(picture, near, tuple(lanes), look, pan, scenery, fork, outdoors)
    return drawn if scenery is None else replace(drawn, picture=np.asarray(_passed(drawn, 0.0)))


def _passed(drawn: Still, metres: float) -> Image.Image:
    """The picture with the scenery moved on behind the panes: outwards from its fork."""
    picture = Image.fromarray(drawn.picture)
    if drawn.scenery is None:
        return picture
    size, wide = len(drawn.picture), drawn.scenery.shape[1]
    step = round(metres * 11)  # pixels, as houses pass 14 m away
    columns = np.arange(size)
    shown = np.where(columns < drawn.fork, columns + step, size - columns + step) % wide
    outside = Image.fromarray(drawn.scenery[:, shown])
    outside.paste(picture, (0, 0), Image.fromarray(drawn.near))
    return outside


def film(
    piece: world.Piece,
    drawn: Still,
    bouts: list[Bout],
    difficulty: Difficulty = DIFFICULTY,
    times_s: np.ndarray = TIMES_S,
) -> Film:
    """Draw the frames of a piece.

    Args:
        piece: how busy it is to the eye, its session and its coupling.
        drawn: the view of its location.
        bouts: the events of its sound; with the chance `piece.coupling` who makes one is seen at its middle.
        difficulty: the constants.
        times_s: when a frame is taken, seconds from the piece's start.
    """
    movers = _movers(piece, drawn, bouts, difficulty)
    rng = piece.location.generator("urban film", piece.number)
    travelled = _travelled(rng) if drawn.scenery is not None else None
    view = View(len(drawn.picture), rng, drawn.look, drawn.pan)
    near = Image.fromarray(drawn.near)
    frames, seen = [], []
    for number, time_s in enumerate(times_s.tolist()):
        metres = 0.0 if travelled is None else travelled(time_s)
        frames.append(_frame(view, drawn, near, movers, time_s, metres))
        seen += _boxes(number, np.asarray(view.telling), movers)
    session = piece.location.generator("urban light", piece.session)
    light = photograph.conditions(session, difficulty.variation)
    light = replace(light, shadow=0.0, noise=0.0, turning=light.turning * drawn.outdoors)
    empty = np.asarray(Image.fromarray(drawn.picture).reduce(_FINE))
    # all frames as one tall picture: the light is the same in them
    tall = photograph.expose(np.concatenate(frames), replace(light, noise=difficulty.sensor_noise), rng)
    return Film(tall.reshape(-1, SIDE, SIDE, 3), photograph.expose(empty, light, rng), seen)


def _movers(piece: world.Piece, drawn: Still, bouts: list[Bout], difficulty: Difficulty) -> list[_Mover]:
    """Who and what moves in a piece, by its activity; then the makers of its events."""
    rng = piece.location.generator("urban movers", piece.number)
    found = []
    for lane in drawn.lanes:
        for _ in range(rng.poisson(lane.number * difficulty.crowding * piece.seen)):
            enters = rng.uniform(-_length(lane) / max(lane.speed, 0.1), CLIP_S)
            found.append(_mover(lane, drawn, rng, enters))
    makers = piece.location.generator("urban makers", piece.number)
    table = event_table.load()
    for bout in bouts:
        shown, which = makers.random(2)
        word = table.seen[bout.event]
        lanes = [lane for lane in drawn.lanes if lane.kind in _MAKERS.get(word, (word,))]
        if lanes and shown < piece.coupling:
            lane = lanes[int(which * len(lanes))]
            middle = bout.onset_s + bout.duration_s / 2
            found.append(_mover(lane, drawn, makers, middle - 0.5 * _length(lane) / max(lane.speed, 0.1)))
    return found[: _OUTSIDE - 1]


def _length(lane: Lane) -> float:
    return math.dist(lane.start, lane.end)


def _mover(lane: Lane, drawn: Still, rng: np.random.Generator, enters_s: float) -> _Mover:
    aside, rest = rng.normal(0, lane.aside), rng.random()
    return _Mover(lane, bodies.KINDS[lane.kind](rng, drawn.look), float(enters_s), float(aside), float(rest))


def _travelled(rng: np.random.Generator):
    """Metres that a vehicle has gone by a time: it rolls, stops or sets off, once or twice in ten seconds."""
    speed = 9 * rng.uniform(0.2, 1, 4) * (rng.random(4) < 0.75)
    times = np.linspace(0, CLIP_S, 101)
    gone = np.cumsum(np.interp(times, np.linspace(0, CLIP_S, 4), speed)) * 0.1
    return lambda time_s: float(np.interp(time_s, times, gone - gone[0]))


def _frame(
    view: View, drawn: Still, near: Image.Image, movers: list[_Mover], time_s: float, metres: float
) -> np.ndarray:
    """One frame (128, 128, 3) uint8; the view's mask then has the mark of the mover seen at each pixel."""
    ground = _passed(drawn, metres)
    view.picture, view.telling = ground.copy(), Image.new("L", ground.size, _OUTSIDE if metres else 0)
    view.pen, view.marker = ImageDraw.Draw(view.picture), ImageDraw.Draw(view.telling)
    there = [(place, mark) for mark, mover in enumerate(movers, 1) if (place := mover.place(time_s))]
    there.sort(key=lambda one: -one[0][1])  # far ones first
    for behind in (True, False):
        for (x, z), mark in there:
            lane = movers[mark - 1].lane
            if lane.behind == behind:
                (x0, z0), (x1, z1) = lane.start, lane.end
                mover = movers[mark - 1]
                body = mover.moves(time_s - mover.enters_s)
                view.body(*bodies.placed(body, x, lane.floor, z, math.atan2(x1 - x0, z1 - z0)), mark)
        if behind:
            view.picture.paste(ground, (0, 0), near)
            view.telling.paste(0, (0, 0), near)
    return np.asarray(view.picture.reduce(_FINE))


def _boxes(frame: int, marks: np.ndarray, movers: list[_Mover]) -> Iterator[Seen]:
    """The boxes about the marks of a frame, in its pixels."""
    for mark, found in enumerate(ndimage.find_objects(marks), 1):
        if found is not None:
            rows, columns = found
            kind = _PANES if mark == _OUTSIDE else movers[mark - 1].lane.kind
            box = (columns.start // _FINE, rows.start // _FINE, -(-columns.stop // _FINE), -(-rows.stop // _FINE))
            yield Seen(frame, mark, kind, box)
