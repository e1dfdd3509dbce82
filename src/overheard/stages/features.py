"""Pictures and sounds as arrays, computed once, memory-mapped (section 5.1 of the paper)."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts, decoding, progress
from overheard.io.parallel import in_processes
from overheard.io.signature import Reads, Writes
from overheard.media.front_ends import FRONT_ENDS, IMAGES, POWERS, pool_frames, stored_shape
from overheard.media.pictures import pool_pixels


@dataclass(frozen=True)
class Settings:
    """Switches of the protocol that a front end uses; None as in `corrected`."""

    resize_filter: str | None = None  # of pictures; see io.decoding.FILTERS
    resampler: str | None = None  # of sounds; see io.decoding.RESAMPLERS
    stft_points: int | None = None  # these three of front end paper
    mel_of: str | None = None  # power, magnitude
    mel_floor_db: float | None = None


def features(
    folder: Reads,
    index: Reads,
    front_end: str,
    ids: Writes,
    array: Writes | None = None,
    pooled: Writes | None = None,
    settings: Settings | None = None,
    workers: int = 1,
) -> None:
    """Decode every clip of an index and compute one front end of it; the rows stand in the order of the ids.

    Args:
        folder: the media that the index lists.
        index: by the media stage.
        front_end: images, or a front end for sounds: paper, tagger_mn04.
        ids: the ids of the arrays' rows.
        array: (clips, …) .npy: pictures (256, 256, 3) uint8, or log-mel (time, band) float32; None: not stored.
        pooled: the same averaged over 4 × 4 pixels, or 4 frames; None: not stored.
        settings: switches of the protocol; by default as in `corrected`.
        workers: processes; they do not change a byte.
    """
    if front_end not in (IMAGES, *FRONT_ENDS):
        raise ConfigError(f"--front-end: found {front_end}; allowed: {', '.join([IMAGES, *FRONT_ENDS])}")
    if pooled is not None and front_end != IMAGES and not FRONT_ENDS[front_end].pool:
        raise ConfigError(f"--pooled: the front end {front_end} has no pooled form; leave the flag out")
    how = _switches(front_end, settings or Settings())
    columns = ["image", "bands"] if front_end == IMAGES else ["sound", "sound_start_s", "sound_duration_s"]
    rows = artifacts.read_table(index, ["id", *columns])
    if front_end == IMAGES and rows and "range" in rows[0]:
        columns.append("range")

    for file in (array, pooled):
        if file is not None:
            shape = stored_shape(front_end, pooled=file is pooled)
            dtype = np.uint8 if front_end == IMAGES else np.float32
            artifacts.create_array(file, (len(rows), *shape), dtype).flush()
    work = [(number, *(row[column] for column in columns)) for number, row in enumerate(rows)]
    fill = partial(_fill, _Place(folder, front_end, array, pooled, *how))
    for done, _ in enumerate(in_processes(fill, work, workers), start=1):
        progress.step(done, len(rows), f"{front_end} of every clip")

    artifacts.write_ids(ids, [row["id"] for row in rows])


def _switches(front_end: str, settings: Settings) -> tuple[dict[str, str], dict[str, Any]]:
    """What decides how a file is read, and how the front end computes; what it does not use is refused."""
    given = {name: value for name, value in asdict(settings).items() if value is not None}
    reading = "resize_filter" if front_end == IMAGES else "resampler"
    computing = ("stft_points", "mel_of", "mel_floor_db") if front_end == "paper" else ()
    if unused := [name for name in given if name not in (reading, *computing)]:
        raise ConfigError(f"features: {front_end} does not use {', '.join(unused)}; leave it out of --settings")
    allowed: dict[str, Collection[object]] = {"stft_points": (1024, 4096), "mel_of": POWERS}
    allowed |= {"resize_filter": decoding.FILTERS, "resampler": decoding.RESAMPLERS}
    for name, value in given.items():
        if name in allowed and value not in allowed[name]:
            words = ", ".join(map(str, allowed[name]))
            raise ConfigError(f"features: {name}: found {value!r}, expected one of {words}")
    return (
        {name: value for name, value in given.items() if name == reading},
        {name: value for name, value in given.items() if name in computing},
    )


@dataclass(frozen=True)
class _Place:
    """Where clips come from and their rows go, and what decides how a file is read and how the front end computes."""

    folder: Path
    front_end: str
    array: Path | None
    pooled: Path | None
    reading: Mapping[str, str]
    computing: Mapping[str, Any]


def _fill(place: _Place, item: tuple) -> None:
    """Compute one row and put it into its place."""
    number, path, *rest = item
    try:
        compute = _picture if place.front_end == IMAGES else _sound
        row, small = compute(place, place.folder / path, *rest)
    except (MediaError, FileNotFoundError) as error:
        what = "not there any more" if isinstance(error, FileNotFoundError) else error
        raise MediaError(f"{place.folder / path}: {what}; it was fine in the media stage: run that again") from error
    for file, value in ((place.array, row), (place.pooled, small)):
        if file is not None:
            np.load(file, mmap_mode="r+")[number] = value


def _picture(place: _Place, path: Path, bands: str, limits: str = "") -> tuple[np.ndarray, np.ndarray | None]:
    chosen, stated = [int(band) for band in bands.split()], [float(end) for end in limits.split()]
    picture = decoding.square_picture(path, chosen or None, stated or None, **place.reading)
    return picture, None if place.pooled is None else pool_pixels(picture)


def _sound(place: _Place, path: Path, start_s: str, duration_s: str) -> tuple[np.ndarray, np.ndarray | None]:
    import torch

    torch.set_num_threads(1)  # the processes are the cores' work
    end = FRONT_ENDS[place.front_end]
    samples = decoding.clip_samples(path, float(start_s), float(duration_s), end.rate, **place.reading)
    log_mel = end.function(samples, **place.computing)
    return log_mel, None if place.pooled is None else pool_frames(log_mel, end.pool)
