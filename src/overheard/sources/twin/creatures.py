"""Synthesised sounds of people and animals: each function draws one bout, (n,) float32 at 16 kHz, of any loudness."""

from collections.abc import Callable

import numpy as np

from overheard.sources.twin.oscillators import (
    RATE,
    add,
    bump,
    buzz,
    coloured,
    resonances,
    ring,
    samples,
    sine,
    sweep,
    times,
    unit,
    wander,
)

Generator = np.random.Generator

_VOWELS = (  # first three formants in Hz, Peterson and Barney (1952), rounded: /a/, /e/, /i/, /o/, /u/
    (730, 1090, 2440),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
)


def _speech(n: int, rng: Generator, pitch_hz: float, pauses: float) -> np.ndarray:
    """Voiced syllables through the formants of three vowels, with hissed consonants and pauses between phrases."""
    stretch = 1.0 if pitch_hz < 165 else 1.17
    source = buzz(pitch_hz * wander(n, rng, 3, 0.85, 1.2), n)
    vowels = rng.choice(len(_VOWELS), 3, replace=False)
    peaks = [[(f * stretch, 60 + 0.05 * f, g) for f, g in zip(_VOWELS[v], (1, 0.6, 0.3), strict=True)] for v in vowels]
    voiced = resonances(source, peaks)
    hiss = coloured(min(n, samples(0.5)), rng, 3500, 7000)
    sound = np.zeros(n, dtype=np.float32)
    rest = 0.0
    for onset in times(rng, n / RATE, 0.2, 0.3):
        if onset < rest:
            continue
        if rng.random() < pauses:
            rest = onset + rng.uniform(0.3, 0.8)
        start, length = int(onset * RATE), samples(rng.uniform(0.12, 0.22))
        end = min(n, start + length)
        shape = bump(length, 0.25)[: end - start] * rng.uniform(0.6, 1)
        sound[start:end] += shape * voiced[rng.integers(3)][start:end]
        if rng.random() < 0.4:
            short = samples(0.06)
            add(sound, hiss[:short] * bump(short), onset - 0.05, 0.02)
    return sound


def male_voice(n: int, rng: Generator) -> np.ndarray:
    return _speech(n, rng, rng.uniform(95, 140), 0.12)


def female_voice(n: int, rng: Generator) -> np.ndarray:
    return _speech(n, rng, rng.uniform(180, 250), 0.12)


def voice(n: int, rng: Generator) -> np.ndarray:
    return _speech(n, rng, rng.uniform(100, 260), 0.15)


def narration(n: int, rng: Generator) -> np.ndarray:
    # one speaker, steady and near: few pauses, little pitch movement
    return _speech(n, rng, rng.uniform(100, 210), 0.04)


def conversation(n: int, rng: Generator) -> np.ndarray:
    first, second = male_voice(n, rng), female_voice(n, rng)
    turn = np.repeat(rng.random(n // RATE + 2) < 0.5, RATE)[:n]
    return np.where(turn, first, second).astype(np.float32)


def _babble(n: int, rng: Generator, voices: int, blur: float) -> np.ndarray:
    """Several voices at once, over noise with the long-term spectrum of speech."""
    sound = blur * coloured(n, rng, 250, 1800, 3) * wander(n, rng, 4, 0.6, 1)
    speakers = [unit(voice(min(n, samples(4)), rng)) for _ in range(3)]
    for _ in range(voices):
        one = np.roll(speakers[rng.integers(3)], int(rng.integers(n)))
        sound += rng.uniform(0.3, 1) * np.resize(one, n)
    return sound.astype(np.float32)


def chatter(n: int, rng: Generator) -> np.ndarray:
    return _babble(n, rng, 4, 0.6)


def hubbub(n: int, rng: Generator) -> np.ndarray:
    return _babble(n, rng, 6, 2.5)


def crowd(n: int, rng: Generator) -> np.ndarray:
    roar = coloured(n, rng, 500, 2500, 2) * wander(n, rng, 0.7, 0.4, 1.5)
    return (_babble(n, rng, 5, 1.5) + 1.5 * roar).astype(np.float32)


def cheering(n: int, rng: Generator) -> np.ndarray:
    swell = wander(n, rng, 0.8, 0.4, 1.0)
    sound = 0.6 * coloured(n, rng, 900, 3500) * swell
    for _ in range(5):
        pitch = rng.uniform(280, 480) * wander(n, rng, 2, 0.8, 1.2)
        sound += 0.25 * resonances(buzz(pitch, n), [[(1000, 150, 1), (2600, 250, 0.7)]])[0] * swell
    return sound


def running(n: int, rng: Generator) -> np.ndarray:
    sound = np.zeros(n, dtype=np.float32)
    for onset in times(rng, n / RATE, rng.uniform(0.3, 0.42), 0.08):
        thud = coloured(samples(0.09), rng, 80, 500, 3) + 0.5 * coloured(samples(0.09), rng, 1500, 5000)
        add(sound, thud * np.exp(-np.arange(len(thud), dtype=np.float32) / (0.02 * RATE)), onset, rng.uniform(0.6, 1))
    return sound


def whistle(n: int, rng: Generator) -> np.ndarray:
    pitch = rng.uniform(1500, 3200) * wander(n, rng, 3, 0.8, 1.25)
    breath = coloured(n, rng, 1500, 5000) * 0.05
    return (sine(pitch, n) + breath) * (wander(n, rng, 4, -0.3, 1).clip(0) + 0.05)


# animals


def _calls(n: int, rng: Generator, gap_s: float, call: Callable[[], np.ndarray], jitter: float = 0.5) -> np.ndarray:
    sound = np.zeros(n, dtype=np.float32)
    for onset in times(rng, n / RATE, gap_s, jitter):
        add(sound, call(), onset, rng.uniform(0.5, 1))
    return sound


def chirp(n: int, rng: Generator) -> np.ndarray:
    base, ratio = rng.uniform(3200, 5200), rng.choice([0.65, 0.8, 1.25, 1.4])
    return _calls(n, rng, rng.uniform(0.12, 0.45), lambda: sweep(rng.uniform(0.04, 0.1), base, base * ratio))


def bird_call(n: int, rng: Generator) -> np.ndarray:
    """Phrases of three notes, sung again and again."""
    notes = rng.uniform(2000, 4500, 3)
    bends = rng.uniform(0.85, 1.2, 3)

    def phrase() -> np.ndarray:
        whole = [sweep(0.16, note, note * bend) for note, bend in zip(notes, bends, strict=True)]
        return np.concatenate(whole)

    return _calls(n, rng, rng.uniform(0.9, 1.6), phrase, 0.3)


def bird(n: int, rng: Generator) -> np.ndarray:
    """A cooing or cawing bird: lower and rougher than songbirds."""
    if rng.random() < 0.5:
        return _calls(n, rng, 0.8, lambda: sweep(0.35, 560, 480, 2), 0.3)
    return _calls(n, rng, 0.6, lambda: _rough(rng, 0.25, rng.uniform(650, 900), 1400))


def _rough(rng: Generator, length_s: float, pitch_hz: float, formant_hz: float) -> np.ndarray:
    """A hoarse call: buzz and noise through one wide formant."""
    n = samples(length_s)
    source = buzz(pitch_hz * np.linspace(1.1, 0.85, n), n) + 0.4 * coloured(n, rng, 500, 5000)
    body = resonances(source, [[(formant_hz, 0.25 * formant_hz, 1), (2.4 * formant_hz, 500, 0.4)]])[0]
    return unit(body) * bump(n, 0.15)


def dog(n: int, rng: Generator) -> np.ndarray:
    pitch, formant = rng.uniform(250, 520), rng.uniform(700, 1300)
    return _calls(n, rng, rng.uniform(0.35, 0.8), lambda: _rough(rng, 0.16, pitch, formant))


def pet(n: int, rng: Generator) -> np.ndarray:
    """A cat: a long, bent, harmonic cry."""
    return _calls(n, rng, 1.2, lambda: _cry(rng, 0.7, rng.uniform(500, 700), 1.35, 1600), 0.3)


def animal_call(n: int, rng: Generator) -> np.ndarray:
    """A sheep or a cow: a long bleat or low moo."""
    if rng.random() < 0.5:
        return _calls(n, rng, 1.3, lambda: _cry(rng, 0.8, rng.uniform(280, 380), 1.0, 1100, 7), 0.3)
    return _calls(n, rng, 2.0, lambda: _cry(rng, 1.4, rng.uniform(110, 160), 1.3, 600), 0.3)


def _cry(
    rng: Generator, length_s: float, pitch_hz: float, bend: float, formant_hz: float, tremble_hz: float = 0
) -> np.ndarray:
    n = samples(length_s)
    pitch = pitch_hz * np.interp(np.linspace(0, 1, n), [0, 0.4, 1], [1, bend, 0.9])
    body = resonances(buzz(pitch, n), [[(formant_hz, 200, 1), (2.2 * formant_hz, 300, 0.4)]])[0]
    return unit(body) * bump(n, 0.25) * (1 + 0.6 * sine(tremble_hz, n))


def clip_clop(n: int, rng: Generator) -> np.ndarray:
    sound = np.zeros(n, dtype=np.float32)
    gap, pitch = rng.uniform(0.22, 0.34), rng.uniform(700, 1000)
    for step, onset in enumerate(times(rng, n / RATE, gap, 0.1)):
        add(sound, ring(samples(0.08), pitch * (1 + 0.25 * (step % 2)), 0.015, (1, 0.6, 0.3)), onset)
    return sound


def chicken(n: int, rng: Generator) -> np.ndarray:
    return _calls(n, rng, 0.3, lambda: _rough(rng, 0.09, rng.uniform(380, 520), 1200), 0.6)


def crowing(n: int, rng: Generator) -> np.ndarray:
    base = rng.uniform(450, 600)
    parts = [(0.15, 1.0), (0.12, 1.25), (0.2, 1.4), (0.8, 1.5)]
    return np.resize(np.concatenate([_cry(rng, d, base * p, 1.08, 1500) for d, p in parts]), n)


def turkey(n: int, rng: Generator) -> np.ndarray:
    def gobble() -> np.ndarray:
        sound = np.zeros(samples(0.9), dtype=np.float32)
        for k in range(11):
            add(sound, _rough(rng, 0.06, 520 - 12 * k, 1300), 0.075 * k)
        return sound

    return _calls(n, rng, 1.6, gobble, 0.3)


def duck(n: int, rng: Generator) -> np.ndarray:
    return _calls(n, rng, 0.33, lambda: _rough(rng, 0.17, rng.uniform(190, 240), 1500), 0.4)


def goose(n: int, rng: Generator) -> np.ndarray:
    return _calls(n, rng, 0.7, lambda: _cry(rng, 0.4, rng.uniform(330, 420), 1.25, 1000), 0.5)


def honk(n: int, rng: Generator) -> np.ndarray:
    return _calls(n, rng, 0.45, lambda: _cry(rng, 0.25, rng.uniform(420, 560), 1.3, 1250), 0.4)


def cricket(n: int, rng: Generator) -> np.ndarray:
    """A carrier near 4.5 kHz in pulses of 30 Hz, three or so to a chirp."""
    rate, pulse = rng.uniform(2, 5), rng.uniform(25, 40)
    time = np.arange(n, dtype=np.float32) / RATE
    chirping = (time * rate % 1 < rng.uniform(0.3, 0.7)).astype(np.float32)
    pulses = np.maximum(0, np.sin(2 * np.pi * pulse * time))
    return sine(rng.uniform(3900, 5300), n) * chirping * pulses


def fly(n: int, rng: Generator) -> np.ndarray:
    near = wander(n, rng, 1.5, 0.05, 1) ** 2
    return buzz(rng.uniform(170, 220) * wander(n, rng, 5, 0.9, 1.12), n) * near


def bee(n: int, rng: Generator) -> np.ndarray:
    """A swarm: several detuned buzzes."""
    sound = np.zeros(n, dtype=np.float32)
    for _ in range(4):
        sound += buzz(rng.uniform(220, 290) * wander(n, rng, 3, 0.95, 1.05), n) * wander(n, rng, 1, 0.2, 1)
    return resonances(sound, [[(500, 300, 1), (1200, 500, 0.5)]])[0]


def frog(n: int, rng: Generator) -> np.ndarray:
    pitch, pulse = rng.uniform(600, 1400), rng.uniform(25, 50)

    def croak() -> np.ndarray:
        m = samples(rng.uniform(0.25, 0.4))
        return sine(pitch, m) * np.maximum(0, sine(pulse, m)) * bump(m, 0.5)

    return _calls(n, rng, rng.uniform(0.5, 0.9), croak, 0.3)
