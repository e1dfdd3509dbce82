"""Sounds of events, synthesised: each function draws one bout of an event, as (n,) float32 at 16 kHz in -1..1.

They have the time structure and the spectrum that name an event (harmonics and syllables of speech, sweeps of birds,
clatter of rails), not its naturalness: nobody would take them for recordings.
"""

from collections.abc import Callable

import numpy as np

from overheard.twin.oscillators import (
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


def synthesise(word: str, duration_s: float, rng: Generator) -> np.ndarray:
    """One bout of the event that `word` names.

    Args:
        word: a key of `SYNTHESISERS`.
        duration_s: length of the bout in seconds.
        rng: everything about the bout that varies.

    Returns:
        (n,) float32 in -1..1, largest magnitude 0.9, with soft ends.
    """
    sound = faded(SYNTHESISERS[word](samples(duration_s), rng), 0.02)
    peak = float(np.abs(sound).max())
    return (sound * (0.9 / max(peak, 1e-9))).astype(np.float32)


# people


def _speech(n: int, rng: Generator, pitch_hz: float, pauses: float) -> np.ndarray:
    """Voiced syllables through the formants of three vowels, with hissed consonants and pauses between phrases."""
    stretch = 1.0 if pitch_hz < 165 else 1.17
    source = buzz(pitch_hz * wander(n, rng, 3, 0.85, 1.2), n)
    vowels = rng.choice(len(_VOWELS), 3, replace=False)
    peaks = [
        [(f * stretch, 60 + 0.05 * f, g) for f, g in zip(_VOWELS[v], (1, 0.6, 0.3), strict=True)] for v in vowels
    ]
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
    turn = np.repeat(rng.random(n // 16000 + 2) < 0.5, RATE)[:n]
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


def _sweep(rng: Generator, length_s: float, start_hz: float, end_hz: float, harmonics: int = 1) -> np.ndarray:
    n = samples(length_s)
    pitch = np.geomspace(start_hz, end_hz, n)
    sound = sum(sine(pitch * order, n) / order for order in range(1, harmonics + 1))
    return (sound * bump(n, 0.2)).astype(np.float32)


def chirp(n: int, rng: Generator) -> np.ndarray:
    base, ratio = rng.uniform(3200, 5200), rng.choice([0.65, 0.8, 1.25, 1.4])
    return _calls(n, rng, rng.uniform(0.12, 0.45), lambda: _sweep(rng, rng.uniform(0.04, 0.1), base, base * ratio))


def bird_call(n: int, rng: Generator) -> np.ndarray:
    """Phrases of three notes, sung again and again."""
    notes = rng.uniform(2000, 4500, 3)
    bends = rng.uniform(0.85, 1.2, 3)

    def phrase() -> np.ndarray:
        whole = [_sweep(rng, 0.16, note, note * bend) for note, bend in zip(notes, bends, strict=True)]
        return np.concatenate(whole)

    return _calls(n, rng, rng.uniform(0.9, 1.6), phrase, 0.3)


def bird(n: int, rng: Generator) -> np.ndarray:
    """A cooing or cawing bird: lower and rougher than songbirds."""
    if rng.random() < 0.5:
        return _calls(n, rng, 0.8, lambda: _sweep(rng, 0.35, 560, 480, 2), 0.3)
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


# music

_SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12])  # a major scale, semitones
_CHORDS = ((0, 4, 7), (7, 11, 14), (9, 12, 16), (5, 9, 12))


def _pitch(key_hz: float, semitones: float) -> float:
    return key_hz * 2 ** (semitones / 12)


def _beat(sound: np.ndarray, rng: Generator, beat_s: float, strength: float) -> None:
    m = samples(0.15)
    kick = _sweep(rng, 0.15, 120, 45) * 1.5
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


# weather and water


def wind(n: int, rng: Generator) -> np.ndarray:
    """Gusts of low noise with a weak howl."""
    gust = wander(n, rng, 0.7, 0.15, 1) ** 1.5
    howl = coloured(n, rng, 350, 550) * wander(n, rng, 0.7, 0, 0.5)
    return coloured(n, rng, 60, 450, 5) * gust + 0.5 * howl * gust


def wind_noise(n: int, rng: Generator) -> np.ndarray:
    """Wind on the microphone: bursts of rumble under 150 Hz."""
    return coloured(n, rng, 20, 120, 6) * wander(n, rng, 6, 0.0, 1) ** 2


def thunder(n: int, rng: Generator) -> np.ndarray:
    """A crack and a long roll."""
    time = np.arange(n, dtype=np.float32) / RATE
    roll = coloured(n, rng, 30, 180, 4) * wander(n, rng, 5, 0.2, 1) * np.exp(-time / (0.35 * n / RATE))
    crack = coloured(n, rng, 200, 2500, 4) * np.exp(-time / 0.15)
    return roll + 0.7 * crack


def rain(n: int, rng: Generator) -> np.ndarray:
    """A hiss of many drops, some near ones apart."""
    drops = np.zeros(n, dtype=np.float32)
    drops[rng.integers(n, size=max(1, n // 200))] = 1.0
    near = resonances(drops, [[(3500, 1500, 1)]])[0]
    return coloured(n, rng, 1500, 7000, -1) + 0.5 * unit(near)


def stream(n: int, rng: Generator) -> np.ndarray:
    """Steady noise of running water with bubbles."""
    return coloured(n, rng, 400, 3500, 1) * wander(n, rng, 8, 0.8, 1.1) + 0.5 * unit(gurgling(n, rng))


def gurgling(n: int, rng: Generator) -> np.ndarray:
    """Bubbles: short tones that rise."""
    kinds = [
        _sweep(rng, length, hz, hz * 1.4)
        for length, hz in zip(rng.uniform(0.02, 0.07, 12), rng.uniform(350, 1400, 12), strict=True)
    ]
    sound = np.zeros(n, dtype=np.float32)
    for onset in rng.uniform(0, n / RATE, max(4, int(18 * n / RATE))):
        add(sound, kinds[rng.integers(12)], onset, rng.uniform(0.2, 1))
    return sound


def waves(n: int, rng: Generator) -> np.ndarray:
    """Surf: noise that swells every few seconds, brighter where it breaks."""
    period = rng.uniform(3.5, 7)
    phase = (np.arange(n, dtype=np.float32) / RATE / period + rng.random()) % 1
    swell = np.where(phase < 0.35, phase / 0.35, np.exp(-(phase - 0.35) * 5)).astype(np.float32) ** 1.5
    return coloured(n, rng, 100, 900, 3) * (0.25 + swell) + 0.8 * coloured(n, rng, 1000, 5000) * swell**2


# traffic


def _motor(n: int, rng: Generator, pitch_hz: np.ndarray | float, rough: float) -> np.ndarray:
    """A combustion engine: harmonics of the firing rate, uneven from stroke to stroke."""
    source = buzz(pitch_hz * wander(n, rng, 20, 0.97, 1.03), n)
    body = resonances(source, [[(120, 80, 1), (350, 200, 0.6), (900, 500, 0.3)]])[0]
    return unit(body) + rough * coloured(n, rng, 200, 2500, 3)


def _passing(n: int, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Loudness and Doppler shift of something that passes: (n,) in 0..1 and (n,) about 1."""
    closest = rng.uniform(0.35, 0.65)
    position = (np.linspace(0, 1, n, dtype=np.float32) - closest) * rng.uniform(6, 10)
    return 1 / (1 + position**2), 1 - 0.06 * position / np.sqrt(1 + position**2)


def vehicle(n: int, rng: Generator) -> np.ndarray:
    """A heavy vehicle at work: a slow engine that revs."""
    return _motor(n, rng, rng.uniform(35, 60) * wander(n, rng, 0.8, 0.8, 1.6), 0.5)


def car(n: int, rng: Generator) -> np.ndarray:
    """A car passing by: tyre noise and engine, with Doppler shift."""
    loud, shift = _passing(n, rng)
    return (coloured(n, rng, 300, 2500, 1) + 0.6 * _motor(n, rng, rng.uniform(70, 110) * shift, 0)) * loud


def road_noise(n: int, rng: Generator) -> np.ndarray:
    """A road at some distance: an even rush with slow swells."""
    return coloured(n, rng, 150, 1300, 2) * wander(n, rng, 0.5, 0.6, 1.2)


def city(n: int, rng: Generator) -> np.ndarray:
    """Outside in a town: a far road, now and then a clang, a motor, a step."""
    sound = coloured(n, rng, 80, 700, 4) * wander(n, rng, 0.5, 0.7, 1.2)
    for onset in times(rng, n / RATE, 1.2, 0.8):
        add(sound, ring(samples(0.3), rng.uniform(500, 2500), 0.06, (1, 0.4)), onset, rng.uniform(0.5, 2))
    return sound


def engine(n: int, rng: Generator) -> np.ndarray:
    return _motor(n, rng, rng.uniform(60, 130) * wander(n, rng, 0.5, 0.9, 1.15), 0.2)


def rumble(n: int, rng: Generator) -> np.ndarray:
    return coloured(n, rng, 25, 90, 5) * wander(n, rng, 2, 0.6, 1)


def boat(n: int, rng: Generator) -> np.ndarray:
    """A slow diesel boat: separate strokes and water at the hull."""
    stroke = np.exp(-((np.arange(n, dtype=np.float32) / RATE * rng.uniform(5, 9)) % 1) * 8)
    return coloured(n, rng, 60, 500, 3) * stroke + 0.15 * coloured(n, rng, 800, 4000) * wander(n, rng, 2, 0.2, 1)


def motorboat(n: int, rng: Generator) -> np.ndarray:
    loud, shift = _passing(n, rng)
    spray = coloured(n, rng, 1200, 6000) * wander(n, rng, 5, 0.3, 1)
    return (_motor(n, rng, rng.uniform(130, 200) * shift, 0.1) + 0.5 * spray) * loud


def ship(n: int, rng: Generator) -> np.ndarray:
    """A ship's horn: long low blasts, over its engines."""
    pitch, time = rng.uniform(85, 150), np.arange(n, dtype=np.float32) / RATE
    blast = np.clip(4 * np.sin(2 * np.pi * time / rng.uniform(5, 8)), 0, 1)
    horn = resonances(buzz(pitch, n), [[(300, 250, 1), (800, 400, 0.4)]])[0]
    return unit(horn) * blast + 0.3 * coloured(n, rng, 30, 120, 4)


def _clatter(n: int, rng: Generator, gap_s: float) -> np.ndarray:
    """Wheels over rail joints: two clacks for each bogie."""
    clack = ring(samples(0.12), 320, 0.02, (1, 0.7, 0.6)) + 0.6 * coloured(samples(0.12), rng, 600, 4000) * np.exp(
        -np.arange(samples(0.12), dtype=np.float32) / (0.012 * RATE)
    )
    sound = np.zeros(n, dtype=np.float32)
    for onset in np.arange(0.05, n / RATE, gap_s):
        for delay, strength in ((0, 1), (0.28 * gap_s, 0.8)):
            add(sound, clack, onset + delay, strength * rng.uniform(0.7, 1))
    return sound


def train(n: int, rng: Generator) -> np.ndarray:
    """A train passing: roar of wheels, quick clatter, a two-tone horn now and then."""
    loud, shift = _passing(n, rng)
    sound = coloured(n, rng, 100, 1500, 2) + 1.5 * _clatter(n, rng, rng.uniform(0.3, 0.5))
    if rng.random() < 0.5:
        m = min(n, samples(1.2))
        horn = unit(buzz(310 * shift[:m], m) + buzz(370 * shift[:m], m)) * bump(m, 0.1)
        add(sound, horn, rng.uniform(0, 0.3) * n / RATE, 1.5)
    return sound * (0.2 + loud)


def rail_car(n: int, rng: Generator) -> np.ndarray:
    """A slow wagon: wide-spaced clatter and squealing wheels."""
    squeal = sine(rng.uniform(1800, 3200) * wander(n, rng, 2, 0.97, 1.03), n) * wander(n, rng, 1.5, -0.6, 0.5).clip(0)
    return 2 * _clatter(n, rng, rng.uniform(0.7, 1.1)) + 0.5 * coloured(n, rng, 60, 600, 3) + 0.5 * squeal


def aircraft(n: int, rng: Generator) -> np.ndarray:
    """A jet or propeller aircraft overhead: a broad roar that swells, with a falling tone."""
    loud, shift = _passing(n, rng)
    whine = sine(rng.uniform(900, 2200) * shift**4, n)
    drone = unit(buzz(rng.uniform(80, 120) * shift**2, n))
    mix = rng.random()
    return (coloured(n, rng, 120, 1800, 2) + 0.25 * mix * whine + 0.6 * (1 - mix) * drone) * (0.1 + loud)


def helicopter(n: int, rng: Generator) -> np.ndarray:
    """Blades: low noise chopped 11 to 20 times a second."""
    phase = np.arange(n, dtype=np.float32) / RATE * rng.uniform(11, 20) % 1
    chop = np.exp(-phase * 6)
    return (coloured(n, rng, 60, 700, 3) * chop + 0.15 * coloured(n, rng, 800, 3000)) * wander(n, rng, 0.4, 0.5, 1)


SYNTHESISERS: dict[str, Callable[[int, Generator], np.ndarray]] = {
    function.__name__: function
    for function in (
        *(voice, male_voice, female_voice, conversation, narration, running, cheering, chatter, crowd, hubbub, whistle),
        *(animal_call, pet, dog, clip_clop, chicken, crowing, turkey, duck, goose, honk, bird, bird_call, chirp),
        *(cricket, fly, bee, frog, music, instrument, organ, synthesizer, percussion, drum, electronic_music),
        *(wind, wind_noise, thunder, rain, stream, waves, gurgling, vehicle, boat, motorboat, ship, car, road_noise),
        *(train, rail_car, aircraft, helicopter, engine, rumble, city),
    )
}
