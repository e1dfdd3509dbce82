"""How sounds of a place are put together: its background, levels, distance, reverberation, the recorder.

Nothing here knows a scene, an event or a world.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from overheard.sources.twin.oscillators import RATE, samples, wander

OCTAVES_HZ = 62.5 * 2.0 ** np.arange(8)  # centres of the octaves a background is given in
_GRID_HZ = np.fft.rfftfreq(8192, 1 / RATE)  # fine enough for sums over a background's smooth spectrum


@dataclass(frozen=True)
class Acoustics:
    """What a place and its recordist do to every sound.

    Attributes:
        background_db: (8,) level in each octave of `OCTAVES_HZ`.
        swell: depth of the background's slow changes, 0..1.
        reverberation_s: time in which reflections fall by 60 dB.
        recorder_db: (8,) frequency response.
        gain_db: RMS of the background alone in the file, dB of full scale.
    """

    background_db: np.ndarray
    swell: float
    reverberation_s: float
    recorder_db: np.ndarray
    gain_db: float


@dataclass(frozen=True)
class Heard:
    """How loud a bout is: dB over the background's RMS while it sounds, and whether it stands out in some octave."""

    level_db: float
    audible: bool


def background(n: int, place: Acoustics, rng: np.random.Generator) -> np.ndarray:
    """Noise with the place's octave levels, of unit RMS before the recorder, swelling slowly; (n,) float32."""
    length = fft.next_fast_len(n, real=True)
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    # white noise of unit variance has spectrum values of variance length / 2 in each part
    unit = np.sqrt(length / 2 / np.mean(_curve(place.background_db, _GRID_HZ) ** 2))
    density = unit * _curve(place.background_db + place.recorder_db, frequency)
    parts = rng.standard_normal((2, len(frequency)), dtype=np.float32)
    spectrum = (parts[0] + 1j * parts[1]) * density.astype(np.float32)
    noise = fft.irfft(spectrum, length)[:n]
    return noise * wander(n, rng, 0.4, 1 - place.swell, 1 + 0.5 * place.swell)


def _curve(octaves_db: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Amplitude at each frequency from levels of octaves in dB."""
    place = np.log2(np.maximum(frequency, 20) / OCTAVES_HZ[0])
    return 10 ** (np.interp(place, np.arange(8), octaves_db) / 20)


def _octave(frequency: np.ndarray) -> np.ndarray:
    """Which of `OCTAVES_HZ` each frequency belongs to."""
    edges = OCTAVES_HZ[:-1] * np.sqrt(2)
    return np.searchsorted(edges, frequency)


def scaled(sound: np.ndarray, level_db: float, far: float) -> np.ndarray:
    """A bout at its level over a background of unit RMS; the far ones (0..1) lose their high frequencies."""
    if far > 0.3:
        length = fft.next_fast_len(len(sound), real=True)
        cut = 8000 * 0.08 ** (far - 0.3)
        gain = 1 / (1 + (np.fft.rfftfreq(length, 1 / RATE) / cut) ** 2)
        sound = fft.irfft(fft.rfft(sound, length) * gain.astype(np.float32), length)[: len(sound)]
    # where it sounds: pauses between calls must not make the calls louder
    active = np.abs(sound) > 0.05 * np.abs(sound).max()
    rms = np.sqrt(np.mean(np.square(sound[active])))
    return (sound * (10 ** (level_db / 20) / max(float(rms), 1e-9))).astype(np.float32)


def overlay(whole: np.ndarray, sound: np.ndarray, start: int) -> None:
    """Add a bout to a recording from a sample on, in place; what lies outside is lost."""
    first, last = max(0, start), min(len(whole), start + len(sound))
    if first < last:
        whole[first:last] += sound[first - start : last - start]


def stands_out(sound: np.ndarray, place: Acoustics, from_db: float) -> bool:
    """Whether the bout is above the background by `from_db` in at least one octave, over its first four seconds."""
    sound = sound[: 4 * RATE]
    length = fft.next_fast_len(len(sound), real=True)
    spectrum = np.abs(fft.rfft(sound, length)) ** 2
    # both as power per octave; the background's total is 1, the bout's its mean square
    bout = np.bincount(_octave(np.fft.rfftfreq(length, 1 / RATE)), spectrum, 8)
    bout *= np.mean(np.square(sound)) / spectrum.sum()
    ground = np.bincount(_octave(_GRID_HZ), _curve(place.background_db, _GRID_HZ) ** 2, 8)
    ground /= ground.sum()
    return bool(np.any(10 * np.log10(bout / ground + 1e-12) >= from_db))


def heard_through(events: np.ndarray, place: Acoustics, rng: np.random.Generator) -> np.ndarray:
    """Events with the reflections of the place, through the recorder; (n,) float32."""
    tail = samples(min(1.5, place.reverberation_s))
    time = np.arange(tail, dtype=np.float32) / RATE
    reflections = rng.standard_normal(tail, dtype=np.float32) * np.exp(-6.9 * time / place.reverberation_s)
    reflections *= 0.5 / np.sqrt(np.sum(np.square(reflections)))
    reflections[0] = 1.0  # the direct sound
    length = fft.next_fast_len(len(events) + tail, real=True)
    spectrum = fft.rfft(events, length) * fft.rfft(reflections, length)
    spectrum *= _curve(place.recorder_db, np.fft.rfftfreq(length, 1 / RATE)).astype(np.float32)
    return fft.irfft(spectrum, length)[: len(events)]
