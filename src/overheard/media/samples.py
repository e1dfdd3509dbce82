"""Which pairs a figure shows of a collection, and how small they are shown; chosen by rule, never by hand."""

from collections.abc import Iterable, Mapping

import numpy as np

from overheard.media.front_ends import pool_frames
from overheard.media.pictures import pool_pixels

SIDE = 64  # px of a shown picture
FRAMES = 100  # of a shown sound


def chosen(rows: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Of each class the first clip by id, of those with coordinates where there are any; classes by name.

    Args:
        rows: of an index.
    """
    first: dict[str, Mapping[str, str]] = {}
    for row in sorted(rows, key=lambda row: (not (row["lat"] and row["lon"]), row["id"])):
        first.setdefault(row["class"], row)
    return [first[name] for name in sorted(first)]


def small_picture(picture: np.ndarray) -> np.ndarray:
    """(64, 64, 3) uint8 from a picture of a multiple of that size; a smaller one stays as it is."""
    pool = picture.shape[0] // SIDE
    return pool_pixels(picture, pool) if pool > 1 else picture


def small_sound(log_mel: np.ndarray) -> np.ndarray:
    """(about 100, band) float16, means of neighbouring frames, from (time, band); a shorter one stays as it is."""
    pool = max(len(log_mel) // FRAMES, 1)
    return pool_frames(log_mel[: len(log_mel) // pool * pool], pool).astype(np.float16)
