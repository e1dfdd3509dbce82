"""Mean and standard deviation of training clips, in float64: what inputs are normalised by."""

from collections.abc import Callable, Mapping, Sequence

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


Moments = tuple[np.ndarray, np.ndarray]


def per_dimension(mean: np.ndarray, deviation: np.ndarray) -> Moments:
    """Mean and deviation of each dimension of an embedding, as they are."""
    return mean, deviation


def one_number(mean: np.ndarray, deviation: np.ndarray) -> Moments:
    """Mean and deviation over all dimensions together, for each of them.

    Source: inferred from the released weights, whose first running means inputs scaled by dimension could not give.
    """
    over_all = mean.mean()
    variance = (deviation**2 + (mean - over_all) ** 2).mean()
    return np.full_like(mean, over_all), np.full_like(deviation, np.sqrt(variance))


Z_SCORES: Mapping[str, Callable[[np.ndarray, np.ndarray], Moments]] = {
    "per_dimension": per_dimension,
    "one_number": one_number,
}
"""By a protocol's word, `z_score`."""


def embedding_moments(embeddings: np.ndarray, rows: Sequence[int], z_score: str) -> Moments:
    """Mean and standard deviation that a z-score of embeddings uses.

    Args:
        embeddings: (windows, width), memory-mapped or not.
        rows: of the training windows.
        z_score: word of `Z_SCORES`.

    Returns:
        mean and population standard deviation, (width,) float64; the latter is 0 where nothing varies.
    """
    return Z_SCORES[z_score](*band_moments(embeddings[:, None], rows))


def z_scored(embeddings: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """(embeddings - mean) / deviation, (windows, width) float32.

    Raises:
        ValueError: a deviation is not above 0.
    """
    if not (deviation > 0).all():
        raise ValueError(f"expected deviations above 0, got others in dimensions {np.flatnonzero(~(deviation > 0))}")
    return ((embeddings - mean) / deviation).astype(np.float32)


def _blocks(clips: np.ndarray, rows: Sequence[int]):
    for start in range(0, len(rows), _CLIPS):
        yield clips[np.asarray(rows[start : start + _CLIPS])]
