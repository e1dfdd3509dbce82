"""How the vectors' inputs and weights are filled: every number from its place and a stream."""

import math

import numpy as np


def field(shape: tuple[int, ...], stream: int) -> np.ndarray:
    """The vectors' filling rule: integers and one sine, in [-1, 1], float64."""
    mask = np.uint64(2**32 - 1)
    x = (np.arange(math.prod(shape), dtype=np.uint64) + np.uint64(1000003 * stream)) & mask
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x7FEB352D)) & mask
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(0x846CA68B)) & mask
    x ^= x >> np.uint64(16)
    return np.sin(2 * np.pi * x.astype(np.float64) / 2**32).reshape(shape)
