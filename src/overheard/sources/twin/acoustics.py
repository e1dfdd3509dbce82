"""From bouts of events to a recording: the place's background, levels, distance, reverberation, the recorder."""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from overheard.seeds import generator
from overheard.sources.twin import event_table, world
from overheard.sources.twin.difficulty import DIFFICULTY, Difficulty
from overheard.sources.twin.oscillators import RATE, samples, wander
from overheard.sources.twin.synthesis import synthesise

OCTAVES_HZ = 62.5 * 2.0 ** np.arange(8)  # centres of the octaves a background is given in
_GRID_HZ = np.fft.rfftfreq(8192, 1 / RATE)  # fine enough for sums over a background's smooth spectrum

# dB an octave from 62.5 Hz to 8 kHz, over a common slope; then depth of slow swells (0..1) and reverberation (s).
# Guesses of what is heard where nothing happens; `Difficulty.scene_acoustics` says how much of it is left.
_COMMON_SLOPE_DB = -4.5
_SCENES: dict[str, tuple[tuple[float, ...], float, float]] = {
    "airport": ((4, 5, 6, 4, 2, 0, -4, -8), 0.3, 0.9),
    "beach": ((-4, -2, 0, 3, 5, 6, 5, 3), 0.7, 0.15),
    "bridge": ((8, 7, 4, 1, -2, -4, -6, -8), 0.4, 0.6),
    "farmland": ((-2, -4, -5, -4, 0, 3, 5, 4), 0.4, 0.15),
    "forest": ((-6, -6, -4, -2, 1, 4, 7, 6), 0.3, 0.4),
    "grassland": ((-1, -3, -4, -2, 0, 3, 4, 3), 0.6, 0.1),
    "harbour": ((5, 4, 1, 0, 2, 1, -1, -3), 0.4, 0.5),
    "lake": ((-3, -2, 0, 4, 4, 2, -1, -3), 0.5, 0.2),
    "orchard": ((-4, -5, -5, -3, 1, 4, 7, 7), 0.3, 0.25),
    "residential": ((2, 3, 3, 2, 0, -2, -4, -5), 0.2, 0.45),
    "sparse shrub land": ((0, -2, -3, -3, 0, 2, 3, 3), 0.7, 0.1),
    "sports land": ((0, 1, 4, 6, 4, 1, -3, -6), 0.4, 0.8),
    "train station": ((5, 4, 4, 3, 1, -1, -2, -4), 0.3, 1.3),
}


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


def acoustics(scene: str | None, rng: np.random.Generator, difficulty: Difficulty = DIFFICULTY) -> Acoustics:
    """Draw a place's acoustics; without a scene, those of any scene."""
    name = scene or world.CLASSES[rng.integers(len(world.CLASSES))]
    profile, swell, reverberation = _SCENES[name]
    weight = difficulty.scene_acoustics if scene else 1.0
    slope = _COMMON_SLOPE_DB + rng.normal(0, 0.15 * difficulty.location_acoustics_db)
    place = rng.standard_normal(8) * difficulty.location_acoustics_db
    # neighbouring octaves go together, as a hill or a road moves more than one of them
    place = np.convolve(place, [0.5, 0.7, 0.5], mode="same")
    octaves = np.arange(8)
    recorder = -rng.uniform(0, 12) * np.clip(1.5 - octaves, 0, None) - rng.uniform(0, 9) * np.clip(octaves - 5, 0, None)
    return Acoustics(
        background_db=slope * octaves + weight * np.array(profile) + place,
        swell=float(np.clip(0.4 + weight * (swell - 0.4) + rng.normal(0, 0.15), 0, 0.9)),
        reverberation_s=float(0.4 * (reverberation / 0.4) ** weight * np.exp(rng.normal(0, 0.5))),
        recorder_db=recorder,
        gain_db=float(rng.normal(-34, difficulty.recording_gain_sd_db)),
    )


def recording(
    location: world.Location, world_seed: int, bouts: list[world.Bout], difficulty: Difficulty = DIFFICULTY
) -> tuple[np.ndarray, list[Heard]]:
    """The whole recording of a location.

    Returns:
        (n,) float32 at 16 kHz in -1..1, and for each bout how it is heard.
    """
    rng = generator("twin recording", world_seed, int(location.number))
    place = acoustics(location.scene, rng, difficulty)
    return _mixed(location.recording_s, place, bouts, difficulty, rng)


def tagged_clip(
    world_seed: int, clip: int, events: list[int], difficulty: Difficulty = DIFFICULTY
) -> tuple[np.ndarray, list[int]]:
    """Ten seconds with the given events, of no scene: what the sound network is pre-trained on.

    Args:
        world_seed: names the world.
        clip: number of the clip.
        events: rows of the event table that sound in it.
        difficulty: the constants.

    Returns:
        (160000,) float32 at 16 kHz in -1..1, and the rows of the events that can be heard.
    """
    rng = generator("twin tagged clip", world_seed, clip)
    bouts = []
    for event in events:
        duration = min(float(rng.uniform(*event_table.load().duration_s[event])), world.CLIP_S)
        bouts.append(world.Bout(event, float(rng.uniform(0, world.CLIP_S - duration)), duration, False))
    sound, heard = _mixed(world.CLIP_S, acoustics(None, rng), bouts, difficulty, rng)
    return sound, [event for event, level in zip(events, heard, strict=True) if level.audible]


def _mixed(
    length_s: float, place: Acoustics, bouts: list[world.Bout], difficulty: Difficulty, rng: np.random.Generator
) -> tuple[np.ndarray, list[Heard]]:
    """Background and bouts as one sound, with what is known of each bout's level."""
    n = samples(length_s)
    background = _background(n, place, rng)
    events = np.zeros(n, dtype=np.float32)
    heard = []
    words = event_table.load().synthesisers
    for bout in bouts:
        level_db = float(rng.normal(difficulty.event_level_db, difficulty.event_level_sd_db))
        sound = _scaled(synthesise(words[bout.event], bout.duration_s, rng), level_db, rng.random())
        _overlay(events, sound, round(bout.onset_s * RATE))
        heard.append(Heard(round(level_db, 2), _stands_out(sound, place, difficulty.audible_from_db)))
    mixed = background
    if bouts:
        mixed = background + _heard_through(events, place, rng)
    mixed *= 10 ** (place.gain_db / 20)
    return mixed / max(1.0, float(np.abs(mixed).max()) / 0.99), heard


def _background(n: int, place: Acoustics, rng: np.random.Generator) -> np.ndarray:
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


def _scaled(sound: np.ndarray, level_db: float, far: float) -> np.ndarray:
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


def _overlay(whole: np.ndarray, sound: np.ndarray, start: int) -> None:
    first, last = max(0, start), min(len(whole), start + len(sound))
    if first < last:
        whole[first:last] += sound[first - start : last - start]


def _stands_out(sound: np.ndarray, place: Acoustics, from_db: float) -> bool:
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


def _heard_through(events: np.ndarray, place: Acoustics, rng: np.random.Generator) -> np.ndarray:
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
