"""Pictures and sounds as arrays, computed once, memory-mapped (section 5.1 of the paper)."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts, decoding, progress
from overheard.io.parallel import in_processes
from overheard.io.signature import Reads, Writes
from overheard.media.front_ends import FRONT_ENDS, pool_frames
from overheard.media.pictures import POOL, SIZE, pool_pixels

IMAGES = "images"


def features(
    folder: Reads,
    index: Reads,
    front_end: str,
    ids: Writes,
    array: Writes | None = None,
    pooled: Writes | None = None,
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
        workers: processes; they do not change a byte.
    """
    shape, pooled_shape, dtype = _shapes(front_end)
    if pooled is not None and pooled_shape is None:
        raise ConfigError(f"--pooled: the front end {front_end} has no pooled form; leave the flag out")
    columns = ["image", "bands"] if front_end == IMAGES else ["sound", "sound_start_s", "sound_duration_s"]
    rows = artifacts.read_table(index, ["id", *columns])
    if front_end == IMAGES and rows and "range" in rows[0]:
        columns.append("range")

    for file, its_shape in ((array, shape), (pooled, pooled_shape)):
        if file is not None:
            artifacts.create_array(file, (len(rows), *its_shape), dtype).flush()
    work = [(number, *(row[column] for column in columns)) for number, row in enumerate(rows)]
    fill = partial(_fill, _Place(folder, front_end, array, pooled))
    for done, _ in enumerate(in_processes(fill, work, workers), start=1):
        progress.step(done, len(rows), f"{front_end} of every clip")

    artifacts.write_ids(ids, [row["id"] for row in rows])


def _shapes(front_end: str) -> tuple[tuple[int, ...], tuple[int, ...] | None, type]:
    """Shape of a row, of a pooled row, and the dtype of both."""
    if front_end == IMAGES:
        return (SIZE, SIZE, 3), (SIZE // POOL, SIZE // POOL, 3), np.uint8
    if front_end not in FRONT_ENDS:
        raise ConfigError(f"--front-end: found {front_end}; allowed: {', '.join([IMAGES, *FRONT_ENDS])}")
    end = FRONT_ENDS[front_end]
    return (end.frames, end.bands), (end.frames // end.pool, end.bands) if end.pool else None, np.float32


@dataclass(frozen=True)
class _Place:
    """Where clips come from and their rows go."""

    folder: Path
    front_end: str
    array: Path | None
    pooled: Path | None


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
    picture = decoding.square_picture(path, chosen or None, stated or None)
    return picture, None if place.pooled is None else pool_pixels(picture)


def _sound(place: _Place, path: Path, start_s: str, duration_s: str) -> tuple[np.ndarray, np.ndarray | None]:
    import torch

    torch.set_num_threads(1)  # the processes are the cores' work
    end = FRONT_ENDS[place.front_end]
    log_mel = end.function(decoding.clip_samples(path, float(start_s), float(duration_s), end.rate))
    return log_mel, None if place.pooled is None else pool_frames(log_mel, end.pool)
