"""Shell: reads one picture or one sound from disk. Everything else takes the arrays that come out of here."""

import hashlib
import io
import math
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from PIL import Image, UnidentifiedImageError

from overheard.errors import MediaError
from overheard.media import multiband
from overheard.media.pictures import SIZE, to_eight_bits
from overheard.media.resampling import kaiser_best

_BLOCK = 1 << 20  # frames read at once
_SHOWN_AS_RGB = ("RGB", "L", "P", "1", "LA", "PA", "La", "RGBA", "RGBX", "RGBa")
_GREY16 = ("I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True)
class Sound:
    """What a sound file holds."""

    frames: int
    rate: int  # Hz
    channels: int
    cut_off: bool  # the file ends before its own end mark

    @property
    def seconds(self) -> float:
        """Duration of what could be decoded."""
        return self.frames / self.rate


def digest(path: Path) -> tuple[str, int]:
    """sha256 and number of bytes of a file."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256")
        return found.hexdigest(), stream.tell()


def read_picture(path: Path, bands: Sequence[int] | None = None) -> Image.Image:
    """Decode a picture to eight-bit RGB: grey is repeated, alpha dropped, 16 bits divided by 257.

    Args:
        path: JPEG, PNG or TIFF.
        bands: the three bands, counted from 0, of a picture with more than three; None takes the first three of a
            four-band TIFF that says they are red, green and blue.

    Raises:
        MediaError: says what was found and what to do.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns where a file is odd, and raises where it cannot be read; only the latter stops us
            warnings.simplefilter("ignore")
            return _tiff(path, bands) if path.suffix.lower() in (".tif", ".tiff") else _plain(path)
    except UnidentifiedImageError as error:
        raise MediaError("not a picture that can be read; replace or remove it") from error
    except Image.DecompressionBombError as error:
        raise MediaError("more pixels than Pillow opens; cut it to the place it shows") from error
    except (SyntaxError, ValueError, EOFError, struct.error) as error:
        raise MediaError(f"cannot be decoded ({error}); replace or convert it") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise MediaError(f"broken or truncated ({error}); replace or remove it") from error


def _plain(source: Path | io.BytesIO) -> Image.Image:
    with Image.open(source) as picture:
        if picture.mode in _GREY16:
            return Image.fromarray(to_eight_bits(np.asarray(picture).astype(np.uint16))).convert("RGB")
        if picture.mode not in _SHOWN_AS_RGB:
            raise MediaError(f"colour mode {picture.mode}; expected grey, RGB or RGBA of 8 or 16 bits: convert it")
        if picture.mode in ("P", "PA") or "A" in picture.mode:
            # by way of RGBA, so that a palette's transparency is dropped like any other
            return picture.convert("RGBA").convert("RGB")
        if picture.mode != "RGB":
            return picture.convert("RGB")
        picture.load()
        return picture


def _tiff(path: Path, bands: Sequence[int] | None) -> Image.Image:
    content = path.read_bytes()
    tags = multiband.tiff_tags(content)
    if tags is None:
        return _plain(io.BytesIO(content))
    count = multiband.band_count(tags)
    if count > 3:
        if bands is None and not (count == 4 and multiband.is_rgb(tags)):
            raise MediaError(f"{count} bands; say which three to use, e.g. source.bands: [2, 1, 0] (counted from 0)")
        values = multiband.read_bands(content, bands or (0, 1, 2))
        return Image.fromarray(to_eight_bits(values))
    if count == 3 and multiband.bits(tags) == 16:
        return Image.fromarray(to_eight_bits(multiband.read_bands(content, (0, 1, 2))))
    return _plain(io.BytesIO(content))


def band_count(path: Path) -> int:
    """Bands of a TIFF without alpha; at most 3 for every other picture."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return 3
    tags = multiband.tiff_tags(path.read_bytes())
    return multiband.band_count(tags) if tags else 3


FILTERS = {"bicubic": Image.Resampling.BICUBIC, "nearest": Image.Resampling.NEAREST}
"""By which pictures are resized; the released program takes Pillow's default, which was nearest before 7.0."""


def square_picture(path: Path, bands: Sequence[int] | None = None, resize_filter: str = "bicubic") -> np.ndarray:
    """A picture as the networks see it: (256, 256, 3) uint8, resized by Pillow with a filter of `FILTERS`.

    JPEG's own scaling is not used: every pixel equals Pillow's open + resize.
    """
    picture = read_picture(path, bands)
    if picture.size != (SIZE, SIZE):
        picture = picture.resize((SIZE, SIZE), FILTERS[resize_filter])
    return np.asarray(picture)


def inspect_sound(path: Path, mix_channels: bool = False) -> Sound:
    """Decode a whole sound, in blocks, and tell what it holds.

    Args:
        path: WAV, FLAC, OGG or MP3.
        mix_channels: whether more than two channels may be averaged.

    Raises:
        MediaError: says what was found and what to do.
    """
    frames = 0
    with _open(path) as sound:
        rate, channels = sound.samplerate, sound.channels
        if channels > 2 and not mix_channels:
            raise MediaError(f"{channels} channels; expected 1 or 2: mix them, or set source.channels: mean")
        while len(block := _read(sound, _BLOCK)):
            if not np.isfinite(block).all():
                where = (frames + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])) / rate
                raise MediaError(f"a sample that is not a number (NaN or infinite) at {where:.3f} s; export it again")
            frames += len(block)
    if frames == 0:
        raise MediaError("no samples; replace or remove it")
    return Sound(frames, rate, channels, _ends_early(path))


def read_window(path: Path, start_s: float, duration_s: float) -> tuple[np.ndarray, int]:
    """Part of a sound, the mean of its channels: (n,) float32, and its rate in Hz."""
    with _open(path) as sound:
        if start := round(start_s * sound.samplerate):
            sound.seek(start)
        samples = _read(sound, round(duration_s * sound.samplerate))
        return _mono(samples), sound.samplerate


def _soxr_hq(samples: np.ndarray, own_rate: int, rate: int) -> np.ndarray:
    return soxr.resample(samples, own_rate, rate, quality="HQ")


RESAMPLERS = {"soxr_hq": _soxr_hq, "kaiser_best": kaiser_best}
"""Functions of samples (n,) float32 and two rates in Hz; the second was librosa's default in 2020."""


def clip_samples(
    path: Path, start_s: float, duration_s: float, rate: int, seconds: int = 10, resampler: str = "soxr_hq"
) -> np.ndarray:
    """The window of a sound that every network hears: (seconds × rate,) float32, shorter ones repeated.

    Raises:
        MediaError: names nothing left to hear.
    """
    samples, own_rate = read_window(path, start_s, duration_s)
    if len(samples) == 0:
        raise MediaError(f"{path}: no samples from {start_s} s on; it changed after the media stage: run that again")
    if own_rate != rate:
        samples = RESAMPLERS[resampler](samples, own_rate, rate)
    wanted = seconds * rate
    return samples[:wanted] if len(samples) >= wanted else np.resize(samples, wanted)


def _open(path: Path) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        with path.open("rb") as stream:
            # libsndfile says "system error" for every trouble of the disk; this raises the very one
            size = stream.seek(0, io.SEEK_END)
        what = "0 bytes" if size == 0 else str(error.error_string).rstrip(".")
        raise MediaError(f"not a sound that can be read ({what}); replace or remove it") from error


def _read(sound: soundfile.SoundFile, frames: int) -> np.ndarray:
    """(n, channels) float32; int16 from a WAV of 16 bits, where libsndfile's conversion costs 15 times the reading."""
    plain = sound.subtype == "PCM_16" and sound.format in ("WAV", "WAVEX")
    try:
        return sound.read(frames, dtype="int16" if plain else "float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise MediaError(
            f"broken or truncated ({str(error.error_string).rstrip('.')}); replace or remove it"
        ) from error


def _mono(samples: np.ndarray) -> np.ndarray:
    """(n, channels) int16 or float32 to (n,) float32 in -1..1: the mean of the channels.

    Sums of columns are several times as fast as numpy's mean along the short axis, and exact for whole numbers.
    """
    channels = samples.shape[1]
    if channels == 1 and samples.dtype == np.float32:
        return samples[:, 0]
    total = samples[:, 0].astype(np.float32)
    for channel in range(1, channels):
        total += samples[:, channel]
    total *= np.float32((1 / 32768 if samples.dtype == np.int16 else 1.0) / channels)
    return total


def loudness_dbfs(samples: np.ndarray) -> float:
    """Root mean square of samples in dB of full scale; minus infinity for digital silence."""
    mean_square = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * math.log10(mean_square) if mean_square > 0 else -math.inf


def _ends_early(path: Path) -> bool:
    """Whether an Ogg has no last page, or a WAV has fewer bytes than its header says."""
    with path.open("rb") as stream:
        head = stream.read(12)
        size = stream.seek(0, io.SEEK_END)
        if head[:4] == b"OggS":
            stream.seek(max(0, size - 66000))  # a page has at most 65,307 bytes
            tail = stream.read()
            last = tail.rfind(b"OggS")
            return last < 0 or last + 5 >= len(tail) or not tail[last + 5] & 4
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            stated = struct.unpack("<L", head[4:8])[0]
            # 0 and the largest number are what programs write that stream to a pipe
            return stated not in (0, 0xFFFFFFFF) and stated + 8 > size + 1
    return False
