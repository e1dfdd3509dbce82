"""Sounds of events, synthesised: each function draws one bout of an event, as (n,) float32 at 16 kHz in -1..1.

They have the time structure and the spectrum that name an event (harmonics and syllables of speech, sweeps of birds,
clatter of rails), not its naturalness: nobody would take them for recordings.
"""

from collections.abc import Callable

import numpy as np

from overheard.sources.twin import creatures, tunes
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
    wander,
)

Generator = np.random.Generator


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
        sweep(length, hz, hz * 1.4)
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
        *(
            creatures.voice,
            creatures.male_voice,
            creatures.female_voice,
            creatures.conversation,
            creatures.narration,
            creatures.running,
            creatures.cheering,
            creatures.chatter,
            creatures.crowd,
            creatures.hubbub,
            creatures.whistle,
        ),
        *(
            creatures.animal_call,
            creatures.pet,
            creatures.dog,
            creatures.clip_clop,
            creatures.chicken,
            creatures.crowing,
            creatures.turkey,
            creatures.duck,
            creatures.goose,
            creatures.honk,
            creatures.bird,
            creatures.bird_call,
            creatures.chirp,
        ),
        *(
            creatures.cricket,
            creatures.fly,
            creatures.bee,
            creatures.frog,
            tunes.music,
            tunes.instrument,
            tunes.organ,
            tunes.synthesizer,
            tunes.percussion,
            tunes.drum,
            tunes.electronic_music,
        ),
        *(wind, wind_noise, thunder, rain, stream, waves, gurgling, vehicle, boat, motorboat, ship, car, road_noise),
        *(train, rail_car, aircraft, helicopter, engine, rumble, city),
    )
}
