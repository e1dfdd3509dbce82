"""Shell: pictures and sounds as the networks get them. Everything else takes the arrays that come out of here."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
from PIL import Image

from overheard.errors import MediaError
from overheard.io.picture_files import Limits, read_picture
from overheard.io.sound_files import read_window
from overheard.io.video_files import read_track
from overheard.media.pictures import SIZE
from overheard.media.resampling import kaiser_best


def digest(path: Path) -> tuple[str, int]:
    """sha256 and number of bytes of a file."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256")
        return found.hexdigest(), stream.tell()


FILTERS = {"bicubic": Image.Resampling.BICUBIC, "nearest": Image.Resampling.NEAREST}
"""By which pictures are resized; the released program takes Pillow's default, which was nearest before 7.0."""


def square_picture(
    path: Path, bands: Sequence[int] | None = None, limits: Limits | None = None, resize_filter: str = "bicubic"
) -> np.ndarray:
    """A picture as the networks see it: (256, 256, 3) uint8, resized by Pillow with a filter of `FILTERS`.

    JPEG's own scaling is not used: every pixel equals Pillow's open + resize.
    """
    picture = read_picture(path, bands, limits)
    if picture.size != (SIZE, SIZE):
        picture = picture.resize((SIZE, SIZE), FILTERS[resize_filter])
    return np.asarray(picture)


def _soxr_hq(samples: np.ndarray, own_rate: int, rate: int) -> np.ndarray:
    return soxr.resample(samples, own_rate, rate, quality="HQ")


RESAMPLERS = {"soxr_hq": _soxr_hq, "kaiser_best": kaiser_best}
"""Functions of samples (n,) float32 and two rates in Hz; the second was librosa's default in 2020."""


def track_samples(path: Path, rate: int) -> np.ndarray:
    """The sound track of a video, the mean of its channels: (n,) float32."""
    samples, own_rate = read_track(path)
    mean = samples.mean(axis=1)
    return mean if own_rate == rate else _soxr_hq(mean, own_rate, rate)


def clip_samples(
    path: Path,
    start_s: float,
    duration_s: float,
    rate: int,
    seconds: int | None = 10,
    resampler: str = "soxr_hq",
) -> np.ndarray:
    """The window of a sound that every network hears: (seconds × rate,) float32, shorter ones repeated; None: as it is.

    Raises:
        MediaError: names nothing left to hear.
    """
    samples, own_rate = read_window(path, start_s, duration_s)
    if len(samples) == 0:
        raise MediaError(f"{path}: no samples from {start_s} s on; it changed after the media stage: run that again")
    if own_rate != rate:
        samples = RESAMPLERS[resampler](samples, own_rate, rate)
    wanted = len(samples) if seconds is None else seconds * rate
    return samples[:wanted] if len(samples) >= wanted else np.resize(samples, wanted)
