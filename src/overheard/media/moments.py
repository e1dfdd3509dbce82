"""Mean and standard deviation of training clips, in float64: what inputs are normalised by."""

from collections.abc import Sequence

import numpy as np

_CLIPS = 256  # read at once


def picture_moments(pictures: np.ndarray, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each colour over all pixels of some pictures, as numbers 0..1.

    Args:
        pictures: (clips, height, width, 3) uint8.
        rows: of the training clips.

    Returns:
        mean and population standard deviation, (3,) float64.
    """
    total, squares, pixels = np.zeros(3, np.int64), np.zeros(3, np.int64), 0
    for block in _blocks(pictures, rows):
        # whole numbers: the sums are exact
        counts = [np.bincount(block[..., colour].ravel(), minlength=256) for colour in range(3)]
        levels = np.arange(256, dtype=np.int64)
        total += [count @ levels for count in counts]
        squares += [count @ levels**2 for count in counts]
        pixels += block[..., 0].size
    mean = total / pixels
    return mean / 255, np.sqrt(squares / pixels - mean**2) / 255


def band_moments(sounds: np.ndarray, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each band over all frames of some clips.

    Args:
        sounds: (clips, time, band) float32.
        rows: of the training clips.

    Returns:
        mean and population standard deviation, (band,) float64.
    """
    frames = len(rows) * sounds.shape[1]
    mean = sum(block.sum(axis=(0, 1), dtype=np.float64) for block in _blocks(sounds, rows)) / frames
    squares = sum(((block - mean) ** 2).sum(axis=(0, 1)) for block in _blocks(sounds, rows))
    return mean, np.sqrt(squares / frames)


def _blocks(clips: np.ndarray, rows: Sequence[int]):
    for start in range(0, len(rows), _CLIPS):
        yield clips[np.asarray(rows[start : start + _CLIPS])]
