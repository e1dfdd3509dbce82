"""Building blocks of synthesised sounds: noise, tones, envelopes, resonances. All at 16 kHz, float32, mono."""

import numpy as np
from scipy import fft

RATE = 16_000  # Hz


def samples(duration_s: float) -> int:
    """Number of samples in a duration in seconds, at least one."""
    return max(1, round(duration_s * RATE))


def coloured(n: int, rng: np.random.Generator, low_hz: float, high_hz: float, slope_db: float = 0.0) -> np.ndarray:
    """Noise of unit RMS between two frequencies, falling by `slope_db` per octave; the edges are an octave soft.

    Returns:
        (n,) float32.
    """
    length = fft.next_fast_len(n, real=True)
    frequency = np.fft.rfftfreq(length, 1 / RATE).astype(np.float32) + 1.0
    gain = frequency ** np.float32(-slope_db / 6.02)
    gain /= (1 + (low_hz / frequency) ** 4) * (1 + (frequency / high_hz) ** 4)
    parts = rng.standard_normal((2, len(frequency)), dtype=np.float32)
    noise = fft.irfft((parts[0] + 1j * parts[1]) * gain, length)[:n]
    return unit(noise)


def unit(sound: np.ndarray) -> np.ndarray:
    """The sound with unit RMS; silence stays silence."""
    rms = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    return (sound / max(rms, 1e-9)).astype(np.float32)


def wander(n: int, rng: np.random.Generator, rate_hz: float, low: float, high: float) -> np.ndarray:
    """A curve that wanders between two values, with about `rate_hz` new values a second; (n,) float32."""
    knots = rng.uniform(low, high, int(n / RATE * rate_hz) + 2)
    return np.interp(np.linspace(0, len(knots) - 1, n), np.arange(len(knots)), knots).astype(np.float32)


def sine(frequency_hz: np.ndarray | float, n: int, phase: float = 0.0) -> np.ndarray:
    """A sine of a constant or changing frequency; (n,) float32."""
    if np.ndim(frequency_hz) == 0:
        turns = np.arange(n) * (float(frequency_hz) / RATE)
    else:
        turns = np.cumsum(frequency_hz, dtype=np.float64) / RATE
    return np.sin((2 * np.pi * ((turns + phase) % 1)).astype(np.float32))


def buzz(frequency_hz: np.ndarray | float, n: int) -> np.ndarray:
    """A saw tooth: all harmonics, falling by 6 dB an octave; (n,) float32."""
    step = np.broadcast_to(np.asarray(frequency_hz, dtype=np.float64) / RATE, n)
    return (2 * (np.cumsum(step) % 1) - 1).astype(np.float32)


def ring(n: int, frequency_hz: float, decay_s: float, harmonics: tuple[float, ...] = (1.0,)) -> np.ndarray:
    """A struck tone: harmonics of the given strengths that die away, higher ones sooner; (n,) float32."""
    time = np.arange(n, dtype=np.float32) / RATE
    sound = np.zeros(n, dtype=np.float32)
    for order, strength in enumerate(harmonics, start=1):
        if frequency_hz * order < 0.45 * RATE:
            decay = np.exp(-time * (order**0.5 / decay_s))
            sound += strength * decay * np.sin((2 * np.pi * frequency_hz * order) * time)
    return sound


def bump(n: int, attack: float = 0.3) -> np.ndarray:
    """A rise and fall of one hump; `attack` is the share of the rise; (n,) float32 in 0..1."""
    rise = max(1, int(n * attack))
    up = np.sin(np.linspace(0, np.pi / 2, rise, endpoint=False, dtype=np.float32)) ** 2
    down = np.cos(np.linspace(0, np.pi / 2, n - rise, dtype=np.float32)) ** 2
    return np.concatenate([up, down])


def faded(sound: np.ndarray, seconds: float) -> np.ndarray:
    """The sound with soft ends."""
    n = min(samples(seconds), len(sound) // 2)
    if n:
        slope = np.linspace(0, 1, n, dtype=np.float32)
        sound = sound.copy()
        sound[:n] *= slope
        sound[-n:] *= slope[::-1]
    return sound


def add(sound: np.ndarray, piece: np.ndarray, onset_s: float, strength: float = 1.0) -> None:
    """Add a piece into a sound, in place; what hangs over the end is lost."""
    start = round(onset_s * RATE)
    if 0 <= start < len(sound):
        end = min(len(sound), start + len(piece))
        sound[start:end] += strength * piece[: end - start]


def times(rng: np.random.Generator, duration_s: float, gap_s: float, jitter: float) -> np.ndarray:
    """Onsets in seconds about `gap_s` apart, each gap varied by the share `jitter`; at least one, the first near 0."""
    count = int(duration_s / gap_s * 1.5) + 2
    gaps = gap_s * rng.uniform(1 - jitter, 1 + jitter, count)
    onsets = np.cumsum(gaps) - gaps[0] * 0.9
    return onsets[: max(1, int(np.searchsorted(onsets, duration_s)))]


def resonances(sound: np.ndarray, peaks: list[list[tuple[float, float, float]]]) -> list[np.ndarray]:
    """The sound through several sets of resonances; each resonance is (centre Hz, width Hz, gain)."""
    length = fft.next_fast_len(len(sound), real=True)
    spectrum = fft.rfft(sound, length)
    frequency = np.fft.rfftfreq(length, 1 / RATE).astype(np.float32)
    filtered = []
    for one in peaks:
        gain = np.zeros_like(frequency)
        for centre, width, strength in one:
            gain += strength / (1 + ((frequency - centre) / width) ** 2)
        filtered.append(fft.irfft(spectrum * gain, length)[: len(sound)].astype(np.float32))
    return filtered


def sweep(length_s: float, start_hz: float, end_hz: float, harmonics: int = 1) -> np.ndarray:
    """A short tone that slides from one frequency to another; (n,) float32."""
    n = samples(length_s)
    pitch = np.geomspace(start_hz, end_hz, n)
    sound = sum(sine(pitch * order, n) / order for order in range(1, harmonics + 1))
    return (sound * bump(n, 0.2)).astype(np.float32)
