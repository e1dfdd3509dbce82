"""Shell: reads one sound from disk, whatever its header says, and writes one. All else takes arrays of samples."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from overheard.errors import MediaError
from overheard.io import artifacts
from overheard.media.inspected import Sound
from overheard.media.streams import sounds
from overheard.media.streams.parts import Parts, check_rate

_BLOCK = 1 << 20  # frames read at once
_SOUNDS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")
_NO_MP3 = 7  # libsndfile takes a name in .mp3 at its word, and then says that there is no file


def inspect_sound(path: Path, mix_channels: bool = False) -> Sound:
    """Decode a whole sound, in blocks, and tell what it holds.

    Args:
        path: WAV, FLAC, OGG or MP3.
        mix_channels: whether more than two channels may be averaged.

    Raises:
        MediaError: says what was found and what to do.
    """
    parts = _parts(path)
    frames, stated, peak, cut_off = 0, 0, 0.0, parts.cut_off
    for sound in _opened(path, parts):
        rate, channels, kind = sound.samplerate, sound.channels, f"{sound.format} {sound.subtype}"
        if channels > 2 and not mix_channels:
            raise MediaError(f"{channels} channels; expected 1 or 2: mix them, or set source.channels: mean")
        stated += sound.frames
        while len(block := _read(sound, _BLOCK)):
            peak = max(peak, _peak(block, frames, rate))
            frames += len(block)
    if frames == 0:
        raise MediaError("no samples; replace or remove it")
    # a codec that pads its last block states a few samples more than it gives
    cut_off |= stated > frames + rate / 10
    return Sound(kind, frames, rate, channels, peak, cut_off, parts.files is not None)


def _peak(block: np.ndarray, before: int, rate: int) -> float:
    """Largest absolute value of a block, of full scale."""
    lowest, highest = float(block.min()), float(block.max())
    if not math.isfinite(highest - lowest):
        where = (before + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])) / rate
        raise MediaError(f"a sample that is not a number (NaN or infinite) at {where:.3f} s; export it again")
    return max(-lowest, highest) / (32768 if block.dtype == np.int16 else 1)


def read_window(path: Path, start_s: float, duration_s: float) -> tuple[np.ndarray, int]:
    """Part of a sound, the mean of its channels: (n,) float32, and its rate in Hz."""
    parts = _parts(path)
    pieces: list[np.ndarray] = []
    before, wanted = None, 0
    for sound in _opened(path, parts):
        rate = sound.samplerate
        if before is None:
            before, wanted = round(start_s * rate), round(duration_s * rate)
            if sound.seekable() and len(parts.files or [path]) == 1:
                _seek(sound, min(before, sound.frames))
                before = 0
        while wanted and len(block := _read(sound, min(before or wanted, _BLOCK))):
            if before:
                before -= len(block)
            else:
                pieces.append(_mono(block))
                wanted -= len(block)
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.zeros(0, np.float32), *pieces]), rate


def _parts(path: Path) -> Parts:
    """What the bytes of a sound file say how to hear all of it."""
    with path.open("rb") as stream:
        if stream.seek(0, io.SEEK_END) == 0:
            raise MediaError("not a sound that can be read (0 bytes); replace or remove it")
        with _as_ours():
            return sounds.parts(stream)


@contextmanager
def _as_ours() -> Iterator[None]:
    """What the readers of headers refuse, as our error."""
    try:
        yield
    except ValueError as error:
        raise MediaError(str(error)) from error


def _opened(path: Path, parts: Parts) -> Iterator[soundfile.SoundFile]:
    """The files to decode one after the other, each closed before the next.

    Raises:
        MediaError: they cannot be read, or not as one recording.
    """
    form = None
    for source in [io.BytesIO(file) for file in parts.files] if parts.files is not None else [path]:
        with _open(source) as sound:
            its = sound.samplerate, sound.channels
            if form not in (None, its):
                both = " and ".join(f"{rate} Hz with {channels} channels" for rate, channels in (form, its))
                raise MediaError(f"recordings of {both}, joined; export it as one")
            form = its
            yield sound


def _open(source: Path | io.BytesIO) -> soundfile.SoundFile:
    try:
        sound = soundfile.SoundFile(source)
    except soundfile.LibsndfileError as error:
        raise MediaError(f"not a sound that can be read ({_said(error)}); replace or remove it") from error
    if sound.format not in _SOUNDS:
        raise MediaError(f"{sound.format}, whatever its name says; expected WAV, FLAC, Ogg or MP3: convert it")
    with _as_ours():
        check_rate(sound.samplerate)
    return sound


def _said(error: soundfile.LibsndfileError) -> str:
    if error.code == _NO_MP3:
        return "neither WAV, FLAC, Ogg nor MP3"
    return str(error.error_string).rstrip(".") or f"libsndfile's error {error.code}"


@contextmanager
def _refusing() -> Iterator[None]:
    """What libsndfile raises in the middle of a file, as our error."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        raise MediaError(f"broken or truncated ({_said(error)}); replace or remove it") from error


def _seek(sound: soundfile.SoundFile, frame: int) -> None:
    with _refusing():
        sound.seek(frame)


def _read(sound: soundfile.SoundFile, frames: int) -> np.ndarray:
    """(n, channels) float32; int16 from a WAV of 16 bits, where libsndfile's conversion costs 15 times the reading."""
    plain = sound.subtype == "PCM_16" and sound.format in ("WAV", "WAVEX")
    with _refusing():
        return sound.read(frames, dtype="int16" if plain else "float32", always_2d=True)


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


def write_sound(path: Path, samples: np.ndarray, rate: int) -> None:
    """Write (n,) or (n, channels) in -1..1 as WAV of 16 bits."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, subtype="PCM_16", format="WAV")
    artifacts.write_bytes(path, stream.getvalue())
