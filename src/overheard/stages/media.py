"""A folder of media: which clips it holds, whether each can be decoded, and what a reader should know about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts, decoding, media_folder, picture_files, progress, sound_files
from overheard.io.parallel import in_processes
from overheard.io.signature import Reads, Writes
from overheard.io.video_files import inspect_video, read_track
from overheard.media import indexing
from overheard.media import report as media_report
from overheard.media.indexing import Row
from overheard.media.inspected import Sound
from overheard.media.report import Clip
from overheard.media.urban_names import COLUMNS
from overheard.media.windows import check_lengths
from overheard.seeds import generator

CLIP_S = 10.0  # what every network hears
SHORTEST_S = 2.0  # shorter sounds are left out, as in the paper
_WINDOW = ["sound_start_s", "sound_duration_s"]
_COLUMNS = {
    "pairs": ["id", "class", "location", "recording", "lat", "lon", "image", "sound", *_WINDOW, "split", "bands"],
    "scenes": ["id", "class", "image", "bands"],
    "sounds": ["id", "sound", "events", *_WINDOW],
    "clips": [*COLUMNS, *_WINDOW],
}


@dataclass(frozen=True)
class Settings:
    """What is taken from a folder, each where its collection has it."""

    seed: int | None = None  # of the ten-second windows of longer sounds, but for clips, which are heard whole
    classes: list[str] | None = None  # of the pairs or clips; None: all that are found
    bands: list[int] | None = None  # three, counted from 0, of pictures with more than three
    channels: str | None = None  # "mean" mixes sounds of more than two channels
    fewer_frames: bool | None = None  # whether a video may have fewer frames than its header promises
    range: list[float] | None = None  # black and white, in the units of pictures of more than eight bits


def media(
    folder: Reads,
    collection: str,
    settings: Settings,
    index: Writes,
    manifest: Writes,
    statistics: Writes,
    report: Writes,
    workers: int = 1,
) -> None:
    """List the clips of a folder, decode every file once, choose the ten seconds of each sound.

    Args:
        folder: media in the layout of the collection.
        collection: pairs, scenes, sounds or clips (videos with sound).
        settings: what is taken.
        index: one line a clip, sorted by id.
        manifest: every file that is read: path, sha256, bytes.
        statistics: per class: pairs, locations, recordings.
        report: numbers and warnings, for people.
        workers: processes; they do not change a byte.
    """
    _check_settings(collection, settings, workers)
    found = media_folder.index(folder, collection, settings.classes)
    clips = list(_inspect(folder, found.rows, settings, workers))
    _refuse_files(folder, clips)
    kept = [clip for clip in clips if not clip.left_out]
    _refuse_emptied(folder, clips, kept)

    rows = [clip.row for clip in kept]
    warnings = found.warnings + media_report.warnings(clips)
    for text in warnings:
        progress.note(f"warning: {text}")
    lines = [line for clip in clips for line in clip.files] + [_manifest_line(folder, name) for name in found.tables]
    counts = _statistics(collection, rows)
    columns = _COLUMNS[collection] + (["range"] if settings.range else [])
    artifacts.write_table(index, columns, rows)
    artifacts.write_table(manifest, ["path", "sha256", "bytes"], sorted(lines, key=lambda line: line["path"]))
    artifacts.write_table(statistics, ["class", "pairs", "locations", "recordings"], counts)
    artifacts.write_text(report, media_report.text(collection, counts, clips, warnings, found))


def _check_settings(collection: str, settings: Settings, workers: int) -> None:
    if collection not in _COLUMNS:
        raise ConfigError(f"--collection: found {collection}; allowed: {', '.join(_COLUMNS)}")
    if settings.seed is None and collection in ("pairs", "sounds"):
        raise ConfigError(f"settings of media, seed: found none; {collection} need it for their ten-second windows")
    bands = settings.bands
    if bands is not None and (len(bands) != 3 or not all(isinstance(band, int) and band >= 0 for band in bands)):
        raise ConfigError(f"source.bands: found {bands}; expected three band numbers, counted from 0, e.g. [2, 1, 0]")
    if settings.range is not None and not (len(settings.range) == 2 and settings.range[0] < settings.range[1]):
        raise ConfigError(f"source.range: found {settings.range}; expected black and white, e.g. [0, 3000]")
    if settings.channels not in (None, "mean"):
        raise ConfigError(f"source.channels: found {settings.channels!r}; allowed: mean, or null")
    if workers < 1:
        raise ConfigError(f"--workers: found {workers}; expected at least 1")


def _refuse_files(folder: Path, clips: list[Clip]) -> None:
    if problems := [problem for clip in clips for problem in clip.problems]:
        raise MediaError(
            media_folder.listed(folder, "files that cannot be used", problems, "fix or remove each and run again")
        )


def _refuse_emptied(folder: Path, clips: list[Clip], kept: list[Clip]) -> None:
    """Refuse a folder, or a class, of which nothing is left: a study of fewer classes is another study."""
    if not kept:
        raise MediaError(f"{folder}: every one of its {len(clips)} sounds is shorter than {SHORTEST_S:.0f} s")
    left = {clip.row.get("class") for clip in kept}
    if gone := sorted({clip.row["class"] for clip in clips if clip.row.get("class") not in left}):
        raise MediaError(
            f"{folder}: every sound of {', '.join(gone)} is shorter than {SHORTEST_S:.0f} s; give longer ones, or "
            "leave the class out with the setting source.classes"
        )


def _inspect(folder: Path, rows: list[Row], settings: Settings, workers: int) -> Iterator[Clip]:
    check = partial(_inspect_clip, folder, settings)
    for done, clip in enumerate(in_processes(check, rows, workers), start=1):
        progress.step(done, len(rows), "decoding every file once")
        yield clip


def _inspect_clip(folder: Path, settings: Settings, row: Row) -> Clip:
    """Decode the files of one clip; of a video its packets are listed."""
    clip = Clip(dict(row))
    if "video" in row:
        looks = [("video", _inspect_video), ("sound", _inspect_whole_sound)]
    else:
        looks = [("image", _inspect_picture), ("sound", _inspect_sound)]
    for kind, look in looks:
        if row.get(kind):
            try:
                look(folder / row[kind], settings, clip)
                clip.files.append(_manifest_line(folder, row[kind]))
            except MediaError as error:
                clip.problems.append(f"{row[kind]}: {error}")
            except OSError as error:
                clip.problems.append(f"{row[kind]}: {(error.strerror or str(error)).lower()}; make it readable")
    return clip


def _inspect_picture(path: Path, settings: Settings, clip: Clip) -> None:
    picture = picture_files.inspect_picture(path, settings.bands, settings.range)
    many = picture.bands > 3
    clip.row["bands"] = " ".join(str(band) for band in settings.bands or (0, 1, 2)) if many else ""
    clip.row |= {"range": " ".join(repr(float(end)) for end in settings.range)} if settings.range else {}
    clip.picture = picture


def _inspect_sound(path: Path, settings: Settings, clip: Clip) -> None:
    sound = sound_files.inspect_sound(path, settings.channels == "mean")
    clip.sound = sound
    if sound.seconds < SHORTEST_S:
        clip.left_out = True
        return
    frames = min(sound.frames, round(CLIP_S * sound.rate))
    # one number an id: teacher and student hear the same, and a file added elsewhere in the folder changes nothing
    latest = sound.frames - frames
    start = int(generator("window", settings.seed, clip.row["id"]).integers(latest + 1)) if latest else 0
    clip.row |= {"sound_start_s": repr(start / sound.rate), "sound_duration_s": repr(frames / sound.rate)}
    samples, _ = sound_files.read_window(path, start / sound.rate, frames / sound.rate)
    clip.loudness_dbfs = sound_files.loudness_dbfs(samples)


def _inspect_video(path: Path, settings: Settings, clip: Clip) -> None:
    """The video, and its own track where the clip has no sound file."""
    clip.video = inspect_video(path, bool(settings.fewer_frames))
    if not clip.row["sound"]:
        samples, rate = read_track(path)
        _hear_track(samples, rate, settings, clip)


def _hear_track(samples: np.ndarray, rate: int, settings: Settings, clip: Clip) -> None:
    channels = samples.shape[1]
    if channels > 2 and settings.channels != "mean":
        raise MediaError(f"a track of {channels} channels; expected 1 or 2: mix them, or set source.channels: mean")
    clip.sound = Sound("track", len(samples), rate, channels, float(np.abs(samples).max()), False, False)
    _take_whole(samples.mean(axis=1), clip)


def _inspect_whole_sound(path: Path, settings: Settings, clip: Clip) -> None:
    clip.sound = sound = sound_files.inspect_sound(path, settings.channels == "mean")
    _take_whole(sound_files.read_window(path, 0, sound.frames / sound.rate)[0], clip)


def _take_whole(samples: np.ndarray, clip: Clip) -> None:
    """A clip is heard from its beginning to its end, which its video must share."""
    if clip.video is not None:
        check_lengths(clip.seconds, clip.video.seconds)
    clip.row |= {"sound_start_s": repr(0.0), "sound_duration_s": repr(clip.seconds)}
    clip.loudness_dbfs = sound_files.loudness_dbfs(samples)


def _manifest_line(folder: Path, name: str) -> dict[str, str | int]:
    sha256, size = decoding.digest(folder / name)
    return {"path": name, "sha256": sha256, "bytes": size}


def _statistics(collection: str, rows: list[Row]) -> list[dict[str, str | int]]:
    if collection != "sounds":
        return indexing.statistics(rows)
    names = artifacts.event_names()
    tagged = [{"class": names[int(event)]} for row in rows for event in row["events"].split()]
    return indexing.statistics(tagged)
