"""Unlabelled places that are easy to tell apart: what is seen and what is heard of a place are of one of four kinds."""

import numpy as np

KINDS = 4
_RATE = 16000
_TONES_HZ = (250, 700, 2000, 5000)


def easy_places(places: int, seed: int = 0, moments: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Frames (places, moments, 128, 128, 3) uint8 and seconds (places, moments, 16000) int16; kind k, k + 1, …

    Frames are grey: bars that lie, bars that stand, squares, or nothing. Seconds are a tone in noise.
    """
    rng = np.random.default_rng(seed)
    line = (np.arange(128) // 8 % 2).astype(float)
    drawings = np.stack([line[:, None] + 0 * line, line + 0 * line[:, None], (line[:, None] + line) % 2])
    drawings = np.concatenate([drawings, np.full((1, 128, 128), 0.5)])
    frames = np.empty((places, moments, 128, 128, 3), np.uint8)
    seconds = np.empty((places, moments, _RATE), np.int16)
    time_s = np.arange(_RATE) / _RATE
    for place in range(places):
        for moment in range(moments):
            grey = 60 + 120 * drawings[place % KINDS] + rng.normal(0, 8, (128, 128))
            frames[place, moment] = grey.clip(0, 255)[:, :, None]
            tone = np.sin(2 * np.pi * _TONES_HZ[place % KINDS] * rng.uniform(0.9, 1.1) * time_s)
            seconds[place, moment] = 3000 * tone + rng.normal(0, 100, _RATE)
    return frames, seconds
