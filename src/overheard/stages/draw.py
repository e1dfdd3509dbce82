"""Draw the simulated twin: pairs of pictures and sounds with their ground truth, labelled scenes, tagged sounds."""

import io
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from overheard.errors import ConfigError
from overheard.io import artifacts, progress
from overheard.io.parallel import in_processes
from overheard.io.signature import Writes
from overheard.io.sound_files import write_sound
from overheard.seeds import generator
from overheard.sources.twin import acoustics, aerial, event_table, mixing, photograph, scenes, world
from overheard.sources.twin.difficulty import BY_EVENTS, Difficulty
from overheard.sources.twin.oscillators import RATE, samples

_SIZE = 400  # pixels of a place; a photograph shows 256 of them
_REACH = 60  # pixels a copy's picture may lie from the location's own
_QUALITY = 90
_SOUNDING = 0.26  # share of the tagged sounds with an event; among so much silence the tagger's mean output stays low
_WORLDS = (0, 2**63 - 1)


@dataclass(frozen=True)
class Settings:
    """What to draw; besides the world, what is of the collection.

    Attributes:
        world: the generator's seed; names the world.
        scale: size of the pairs, 1 for about ADVANCE's 5,075.
        coupling: 0 to 1, how far a location's picture and sound share their latents.
        clips: at most so many of a location; None for as many as ADVANCE has.
        events: which constants the pairs are drawn with: a word of `BY_EVENTS`.
        scenes: pictures for each class of aerial scenes.
        sounds: tagged clips.
    """

    world: int
    scale: float | None = None
    coupling: float | None = None
    clips: int | None = None
    events: str | None = None
    scenes: int | None = None
    sounds: int | None = None


def draw(collection: str, settings: Settings, media: Writes, workers: int = 1) -> None:
    """Draw one collection of the simulated twin into a folder.

    Args:
        collection: pairs (pictures with sounds, and their ground truth), scenes (pictures by class) or sounds (tagged).
        settings: seed of the world and the sizes.
        media: the folder.
        workers: processes; they do not change a byte.
    """
    _check(collection, settings, workers)
    media.mkdir(parents=True)
    if collection == "pairs":
        _draw_pairs(settings, media, workers)
    elif collection == "scenes":
        _draw_scenes(settings, media, workers)
    else:
        _draw_sounds(settings, media, workers)


def _check(collection: str, settings: Settings, workers: int) -> None:
    limits = {
        "pairs": {"world": _WORLDS, "scale": (0.001, 10), "coupling": (0, 1)},
        "scenes": {"world": _WORLDS, "scenes": (1, 100_000)},
        "sounds": {"world": _WORLDS, "sounds": (1, 1_000_000)},
    }
    if collection not in limits:
        raise ConfigError(f"--collection: expected pairs, scenes or sounds, found {collection}")
    for name, (low, high) in limits[collection].items():
        value = getattr(settings, name)
        if value is None or not low <= value <= high:
            raise ConfigError(f"settings of draw, {name}: expected {low} to {high}, found {value}")
    if collection == "pairs" and settings.events not in BY_EVENTS:
        raise ConfigError(f"settings of draw, events: expected {' or '.join(BY_EVENTS)}, found {settings.events}")
    if workers < 1:
        raise ConfigError(f"--workers: expected at least 1, found {workers}")


def _spread(work: Callable[[Any], Any], tasks: list[Any], workers: int, what: str) -> Iterator[Any]:
    """The results of `work` on each task, in the tasks' order, made by so many processes, with progress."""
    for done, result in enumerate(in_processes(work, tasks, workers), start=1):
        yield result
        progress.step(done, len(tasks), what)


# pairs


def _draw_pairs(settings: Settings, media: Path, workers: int) -> None:
    difficulty = BY_EVENTS[settings.events]
    places = world.locations(settings.world, settings.scale, settings.coupling, clips=settings.clips)
    for folder in ("vision", "sound", "mask"):
        for scene in world.CLASSES:
            (media / folder / scene).mkdir(parents=True)
    (media / "truth").mkdir()

    pairs: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    work = partial(_draw_location, world_seed=settings.world, difficulty=difficulty, media=media)
    for its_pairs, its_events in _spread(work, places, workers, "locations"):
        pairs += its_pairs
        events += its_events

    pairs.sort(key=lambda pair: pair["id"])
    events.sort(key=lambda event: (event["id"], event["onset_s"], event["source"], event["index"]))
    columns = ["id", "class", "location", "lat", "lon", "recording"]
    rows = [{column: pair[column] for column in columns} for pair in pairs]
    artifacts.write_table(media / "metadata.csv", columns, rows)
    artifacts.write_table(media / "truth" / "pairs.csv", list(pairs[0]), pairs)
    event_columns = ["id", "index", "source", "onset_s", "duration_s", "level_db", "audible", "foreign"]
    artifacts.write_table(media / "truth" / "events.csv", event_columns, events)
    artifacts.write_event_matrix(media / "truth" / "prior.csv", world.CLASSES, world.true_prior(difficulty))


def _draw_location(
    place: world.Location, world_seed: int, difficulty: Difficulty, media: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Write the pictures, masks and sounds of one location; returns the truth about its pairs and their events."""
    bouts = world.bouts(place, world_seed, difficulty)
    recording, heard = acoustics.recording(place, world_seed, bouts, difficulty)
    rng = generator("twin place", world_seed, int(place.number))
    seen = place.picture
    ground, mask = scenes.draw(place.scene, seen.subtype, seen.activity, place.ambiguity, rng, _SIZE)

    pairs, events = [], []
    for copy, (clip, start_s) in enumerate(zip(place.ids, place.windows_s, strict=True)):
        view = generator("twin view", world_seed, int(place.number), copy)
        offset = _offset(copy, place.clips)
        conditions = photograph.conditions(view)
        picture, marked = photograph.take(ground, mask, offset, conditions, view)
        start = round(start_s * RATE)
        _write_picture(media / "vision" / place.scene / f"{clip}.jpg", picture)
        _write_picture(media / "mask" / place.scene / f"{clip}.png", marked.astype(np.uint8) * 255)
        its = recording[start : start + samples(world.CLIP_S)]
        write_sound(media / "sound" / place.scene / f"{clip}.wav", its, RATE)
        inside = [(bout, level) for bout, level in zip(bouts, heard, strict=True) if bout.is_in(start_s)]
        pairs.append(_pair(place, clip, start_s, offset, inside) | asdict(conditions))
        events += [row for bout, level in inside for row in _event_rows(clip, start_s, bout, level)]
    return pairs, events


def _offset(copy: int, clips: int) -> tuple[int, int]:
    """Where the picture of a copy lies, in pixels right and down of the location's own: on a ring about it."""
    if copy == 0:
        return 0, 0
    turn = 2 * np.pi * copy / (clips - 1)
    return round(_REACH * np.cos(turn)), round(_REACH * np.sin(turn))


def _pair(
    place: world.Location,
    clip: str,
    start_s: float,
    offset: tuple[int, int],
    inside: list[tuple[world.Bout, mixing.Heard]],
) -> dict[str, Any]:
    """The truth about one pair, but for the conditions of its picture."""
    audible = [bout.event for bout, level in inside if level.audible]
    return {
        "id": clip,
        "class": place.scene,
        "location": place.number,
        "lat": place.latitude,
        "lon": place.longitude,
        "recording": f"r{place.number}",
        "recording_s": place.recording_s,
        "window_start_s": round(start_s, 6),
        "sound_subtype": place.sound.subtype,
        "sound_activity": place.sound.activity,
        "picture_subtype": place.picture.subtype,
        "picture_activity": place.picture.activity,
        "ambiguity": place.ambiguity,
        "events": " ".join(map(str, world.labels([bout.event for bout, _ in inside]))),
        "audible": " ".join(map(str, world.labels(audible))),
        "offset_right_px": offset[0],
        "offset_down_px": offset[1],
    }


def _event_rows(clip: str, start_s: float, bout: world.Bout, level: mixing.Heard) -> Iterator[dict[str, Any]]:
    """One line for the event that sounds and one for each event it implies."""
    source = world.labels([bout.event])
    onset = max(0.0, bout.onset_s - start_s)
    for index in source:
        yield {
            "id": clip,
            "index": index,
            "source": int(event_table.load().index[bout.event]),
            "onset_s": round(onset, 3),
            "duration_s": round(bout.overlap_s(start_s), 3),
            "level_db": level.level_db,
            "audible": int(level.audible),
            "foreign": int(bout.foreign),
        }


# scenes


def _draw_scenes(settings: Settings, media: Path, workers: int) -> None:
    for name in aerial.AERIAL_CLASSES:
        (media / name).mkdir()
    tasks = [(name, number) for name in aerial.AERIAL_CLASSES for number in range(1, settings.scenes + 1)]
    work = partial(_draw_scene, world_seed=settings.world, media=media)
    for _ in _spread(work, tasks, workers, "aerial scenes"):
        pass


def _draw_scene(task: tuple[str, int], world_seed: int, media: Path) -> None:
    name, number = task
    picture = aerial.draw(name, generator("twin aerial", world_seed, name, number), photograph.SIDE)
    _write_picture(media / name / f"{name}_{number}.jpg", picture)


# sounds


def _draw_sounds(settings: Settings, media: Path, workers: int) -> None:
    (media / "sound").mkdir()
    tasks = list(enumerate(_events_of_clips(settings.world, settings.sounds)))
    work = partial(_draw_sound, world_seed=settings.world, media=media)
    rows = list(_spread(work, tasks, workers, "tagged sounds"))
    artifacts.write_table(media / "tags.csv", ["id", "events"], rows)


def _events_of_clips(world_seed: int, clips: int) -> list[list[int]]:
    """One event or none for each clip, dealt from shuffled packs of all events so that none is rare."""
    rng = generator("twin tags", world_seed)
    sounding = rng.random(clips) < _SOUNDING
    sources = event_table.load().sources
    packs = 1 + int(sounding.sum()) // len(sources)
    dealt = iter(np.concatenate([rng.permutation(sources) for _ in range(packs)]).tolist())
    return [[next(dealt)] if its else [] for its in sounding.tolist()]


def _draw_sound(task: tuple[int, list[int]], world_seed: int, media: Path) -> dict[str, str]:
    number, events = task
    sound, audible = acoustics.tagged_clip(world_seed, number, events)
    clip = f"t{number:05d}"
    write_sound(media / "sound" / f"{clip}.wav", sound, RATE)
    return {"id": clip, "events": " ".join(map(str, world.labels(audible)))}


def _write_picture(path: Path, picture: np.ndarray) -> None:
    """Write (H, W[, 3]) uint8 as JPEG or PNG, by the name's suffix."""
    stream = io.BytesIO()
    if path.suffix == ".jpg":
        Image.fromarray(picture).save(stream, "JPEG", quality=_QUALITY)
    else:
        Image.fromarray(picture).convert("1").save(stream, "PNG")
    artifacts.write_bytes(path, stream.getvalue())
