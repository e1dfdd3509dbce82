"""Draw the simulated twin of a fusion study: clips as a user's folder would hold them, and unlabelled places."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import ConfigError
from overheard.io import artifacts, progress
from overheard.io.parallel import in_processes
from overheard.io.signature import Writes
from overheard.io.sound_files import write_sound
from overheard.io.video_files import write_video
from overheard.media.folds import FOLD_FILES
from overheard.seeds import generator
from overheard.sources.twin.oscillators import RATE
from overheard.sources.urban_twin import correspondence, event_table, sounds, views, world
from overheard.sources.urban_twin.world import Bout, Location, Piece

_TRAINED = 0.7  # of a scene's locations, as in the record
_WORLDS = (0, 2**63 - 1)
_META = ("filename_audio", "filename_video", "scene_label", "identifier", "source_label")
_EVENTS = ("id", "event", "onset_s", "duration_s", "level_db", "audible", "foreign")
_OBJECTS = ("id", "frame", "object", "kind", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class Settings:
    """What to draw.

    Attributes:
        world: the generator's seed; names the world.
        coupling: 0 to 1, how far what is seen and heard of a piece go together.
        scale: of clips: size, 1 for the record's 431 locations.
        pieces: of clips: at most so many of a location.
        places: how many unlabelled places.
    """

    world: int
    coupling: float
    scale: float | None = None
    pieces: int | None = None
    places: int | None = None


def draw(design: str, collection: str, settings: Settings, media: Writes, workers: int = 1) -> None:
    """Draw one collection of the urban twin into a folder.

    Args:
        design: of the study, by which the command finds this stage.
        collection: clips (video/, audio/, meta.csv, evaluation_setup/ and truth/), or places (frames.npy: places, 10
            frames of 128 x 128 x 3 uint8; seconds.npy: places, 10, 16000 int16, the mean of both ears at 16 kHz).
        settings: seed of the world and the sizes.
        media: the folder.
        workers: processes; they do not change a byte.
    """
    _check(collection, settings)
    media.mkdir(parents=True)
    (_draw_clips if collection == "clips" else _draw_places)(settings, media, workers)


def _check(collection: str, settings: Settings) -> None:
    sizes = {"clips": {"scale": (0.001, 1), "pieces": (1, 100)}, "places": {"places": (2, 100_000)}}
    if collection not in sizes:
        raise ConfigError(f"--collection: expected {' or '.join(sizes)}, found {collection}")
    for name, (low, high) in {"world": _WORLDS, "coupling": (0, 1), **sizes[collection]}.items():
        value = getattr(settings, name)
        if value is None or not low <= value <= high:
            raise ConfigError(f"settings of draw, {name}: expected {low} to {high}, found {value}")


# clips


def _draw_clips(settings: Settings, media: Path, workers: int) -> None:
    places = world.locations(settings.world, settings.scale, settings.pieces)
    for folder in ("audio", "video", "truth", "evaluation_setup"):
        (media / folder).mkdir()
    pieces, events, objects = [], [], []
    work = partial(_draw_location, coupling=settings.coupling, media=media)
    for done, its in enumerate(in_processes(work, places, workers), start=1):
        progress.step(done, len(places), "locations")
        for told, rows in zip((pieces, events, objects), its, strict=True):
            told += rows
    artifacts.write_table(media / "truth/pieces.csv", list(pieces[0]), pieces)
    artifacts.write_table(media / "truth/events.csv", _EVENTS, events)
    artifacts.write_table(media / "truth/objects.csv", _OBJECTS, objects)
    _write_tables(settings.world, places, media)


def _write_tables(world_seed: int, places: Sequence[Location], media: Path) -> None:
    """meta.csv and the fold, as the record has them: tab separated, the test fold with scenes and without."""
    trains = _training_locations(world_seed, places)
    lines = [(place, _names(place, number)) for place in places for number in range(place.pieces)]
    meta = [
        {**names, "scene_label": place.scene, "identifier": f"{place.city}-{place.number}", "source_label": "twin"}
        for place, names in lines
    ]
    _write_tabs(media / "meta.csv", _META, meta)
    for word, file in FOLD_FILES.items():
        rows = [
            line for (place, _), line in zip(lines, meta, strict=True) if (place.number in trains) == (word == "train")
        ]
        _write_tabs(media / file, _META[: 2 if word == "test" else 3], rows)


def _names(place: Location, number: int) -> dict[str, str]:
    name = Piece(place, number, 0, 0, 0, 0).name
    return {"filename_audio": f"audio/{name}.wav", "filename_video": f"video/{name}.mp4"}


def _training_locations(world_seed: int, places: Sequence[Location]) -> set[int]:
    """Numbers of the locations of the training fold: of each scene's the share that the record has."""
    found: set[int] = set()
    for scene in world.SCENES:
        its = [place.number for place in places if place.scene == scene]
        shuffled = generator("urban fold", world_seed, scene).permutation(its).tolist()
        found |= set(shuffled[: round(_TRAINED * len(its))])
    return found


def _write_tabs(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    lines = [columns, *([row[column] for column in columns] for row in rows)]
    artifacts.write_text(path, "".join("\t".join(cells) + "\n" for cells in lines))


def _draw_location(place: Location, coupling: float, media: Path) -> tuple[list[dict], list[dict], list[dict]]:
    """Write the clips of one location; returns the truth about them, their events and the objects in their frames."""
    still = views.still(place)
    pieces, events, objects = [], [], []
    for piece in world.pieces(place, coupling):
        bouts = world.bouts(piece)
        heard_as, heard = sounds.sound(piece, bouts)
        film = views.film(piece, still, bouts)
        names = _names(place, piece.number)
        write_sound(media / names["filename_audio"], heard_as.T, RATE)
        write_video(media / names["filename_video"], film.frames, views.FRAME_RATE)
        pieces.append(_piece(piece))
        events += _events(piece, bouts, heard)
        objects += [
            dict(zip(_OBJECTS, (piece.name, one.frame, one.mark, one.kind, *one.box), strict=True)) for one in film.seen
        ]
    return pieces, events, objects


def _piece(piece: Piece) -> dict[str, Any]:
    place = piece.location
    return {
        "id": piece.name,
        "class": place.scene,
        "city": place.city,
        "location": f"{place.city}-{place.number}",
        "session": piece.session,
        "seen": round(piece.seen, 6),
        "heard": round(piece.heard, 6),
        "looks_like": place.picture.other,
        "looks_share": place.picture.share,
        "sounds_like": place.sound.other,
        "sounds_share": place.sound.share,
    }


def _events(piece: Piece, bouts: Sequence[Bout], heard: Sequence[Any]) -> Iterator[dict[str, Any]]:
    names = event_table.load().names
    for bout, its in zip(bouts, heard, strict=True):
        cells = (names[bout.event], bout.onset_s, bout.duration_s, its.level_db, int(its.audible), int(bout.foreign))
        yield dict(zip(_EVENTS, (piece.name, *cells), strict=True))


# places


def _draw_places(settings: Settings, media: Path, workers: int) -> None:
    frames = artifacts.create_array(
        media / "frames.npy", (settings.places, correspondence.MOMENTS, views.SIDE, views.SIDE, 3), np.uint8
    )
    seconds = artifacts.create_array(media / "seconds.npy", (settings.places, correspondence.MOMENTS, RATE), np.int16)
    work = partial(correspondence.place, settings.world, coupling=settings.coupling)
    for number, (its, ears) in enumerate(in_processes(work, range(settings.places), workers)):
        frames[number] = its
        seconds[number] = np.round(ears.mean(axis=1) * 32767).astype(np.int16)
        progress.step(number + 1, settings.places, "unlabelled places")
    frames.flush()
    seconds.flush()
