"""Synthesised music: each function draws one bout, (n,) float32 at 16 kHz, of any loudness."""

from collections.abc import Callable

import numpy as np

from overheard.sources.twin.oscillators import (
    RATE,
    add,
    bump,
    buzz,
    coloured,
    faded,
    resonances,
    ring,
    samples,
    sine,
    sweep,
    times,
    unit,
)

Generator = np.random.Generator

_SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12])  # a major scale, semitones
_CHORDS = ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12))


def _pitch(key_hz: float, semitones: float) -> float:
    return key_hz * 2 ** (semitones / 12)


def _beat(sound: np.ndarray, rng: Generator, beat_s: float, strength: float) -> None:
    m = samples(0.15)
    kick = sweep(0.15, 120, 45) * 1.5
    hat = coloured(m, rng, 5000, 8000) * np.exp(-np.arange(m, dtype=np.float32) / (0.02 * RATE))
    snare = coloured(m, rng, 800, 5000) * np.exp(-np.arange(m, dtype=np.float32) / (0.04 * RATE))
    for k in range(int(len(sound) / RATE / beat_s * 2) + 1):
        add(sound, hat, k * beat_s / 2, 0.15 * strength)
        if k % 2 == 0:
            add(sound, kick if k % 4 == 0 else snare, k * beat_s / 2, strength * (1 if k % 4 == 0 else 0.35))


def music(n: int, rng: Generator) -> np.ndarray:
    """Four chords over a bass and a beat."""
    sound = np.zeros(n, dtype=np.float32)
    beat, key = rng.uniform(0.42, 0.7), rng.uniform(180, 320)
    rings: dict[float, np.ndarray] = {}
    for k in range(int(n / RATE / beat) + 1):
        chord = _CHORDS[k // 4 % 4]
        for note in (*chord, chord[0] - 12):
            if note not in rings:
                rings[note] = ring(samples(beat * 1.5), _pitch(key, note), 0.5, (1, 0.5, 0.35, 0.2))
            add(sound, rings[note], k * beat, 0.5)
    _beat(sound, rng, beat, 1.0)
    return sound


def _melody(n: int, rng: Generator, note_s: float, key_hz: float, play: Callable[[float], np.ndarray]) -> np.ndarray:
    sound = np.zeros(n, dtype=np.float32)
    step = int(rng.integers(8))
    for k in range(int(n / RATE / note_s) + 1):
        step = int(np.clip(step + rng.integers(-2, 3), 0, 7))
        add(sound, play(_pitch(key_hz, _SCALE[step])), k * note_s, rng.uniform(0.6, 1))
    return sound


def instrument(n: int, rng: Generator) -> np.ndarray:
    """A plucked or struck instrument, alone."""
    decay = rng.uniform(0.25, 0.8)
    return _melody(
        n,
        rng,
        rng.uniform(0.25, 0.5),
        rng.uniform(220, 440),
        lambda hz: ring(samples(1.0), hz, decay, (1, 0.6, 0.4, 0.3, 0.2)),
    )


def organ(n: int, rng: Generator) -> np.ndarray:
    """Sustained chords of octaves and fifths."""
    sound = np.zeros(n, dtype=np.float32)
    key, length = rng.uniform(110, 180), samples(1.6)
    for k in range(n // length + 1):
        chord = np.zeros(length, dtype=np.float32)
        for note in _CHORDS[k % 4]:
            for order, strength in ((1, 1.0), (2, 0.7), (3, 0.4), (4, 0.4)):
                chord += strength * sine(_pitch(key, note) * order, length)
        add(sound, faded(chord, 0.08), k * length / RATE)
    return sound


def synthesizer(n: int, rng: Generator) -> np.ndarray:
    """Saw-tooth notes with a filter that opens and closes."""

    def note(hz: float) -> np.ndarray:
        m = samples(0.3)
        return resonances(buzz(hz, m), [[(4 * hz, 2 * hz, 1)]])[0] * bump(m, 0.1)

    return _melody(n, rng, 0.25, rng.uniform(110, 220), note)


def drum(n: int, rng: Generator) -> np.ndarray:
    pitch, beat = rng.uniform(90, 190), rng.uniform(0.22, 0.4)
    hit = ring(samples(0.3), pitch, 0.08, (1, 0.4)) + 0.2 * coloured(samples(0.3), rng, 300, 3000) * bump(
        samples(0.3), 0.01
    )
    sound = np.zeros(n, dtype=np.float32)
    for onset in times(rng, n / RATE, beat, 0.03):
        if rng.random() < 0.8:
            add(sound, hit, onset, rng.uniform(0.5, 1))
    return sound


def percussion(n: int, rng: Generator) -> np.ndarray:
    """Wood blocks and shakers."""
    sound, beat = np.zeros(n, dtype=np.float32), rng.uniform(0.18, 0.3)
    block = ring(samples(0.1), rng.uniform(900, 1600), 0.02, (1, 0.5))
    shake = coloured(samples(0.1), rng, 4000, 8000) * bump(samples(0.1), 0.4)
    for k, onset in enumerate(times(rng, n / RATE, beat, 0.02)):
        add(sound, shake, onset, 0.15)
        if k % 3 == 0 or rng.random() < 0.3:
            add(sound, block, onset)
    return sound


def electronic_music(n: int, rng: Generator) -> np.ndarray:
    """A straight loud beat with a saw-tooth bass."""
    beat = rng.uniform(0.42, 0.5)
    key = rng.uniform(55, 80)
    bars = np.repeat(key * 2 ** (rng.choice([0, 3, 5, 7], n // RATE + 2) / 12), RATE)[:n]
    bass = resonances(buzz(bars, n), [[(200, 200, 1), (900, 300, 0.5)]])[0]
    pump = (np.arange(n, dtype=np.float32) / RATE / beat) % 1
    sound = unit(bass) * pump * 0.5
    _beat(sound, rng, beat, 1.2)
    return sound.astype(np.float32)
