"""Features of pictures made by hand: colours, and how strong edges are in which direction. The dull baseline.

They were fixed before the twin's pictures were calibrated with them, and go with a random forest of 500 trees
(`benchmarks/twin_pictures.py`): a network that beats it has learnt more than which colours a scene has.
"""

import numpy as np
from numpy.typing import NDArray

JOINT_BINS = 4  # of each colour in the joint histogram
BINS = 16  # of each colour by itself
DIRECTIONS = 9  # of edges, over half a turn
CELLS = 2  # on a side, besides the whole picture

COLOURS = JOINT_BINS**3 + 3 * BINS + 9
"""Features of colour, which come first; where in the picture a colour stands does not change them."""
WIDTH = COLOURS + DIRECTIONS * (1 + CELLS**2)


def picture_features(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """All features of each picture.

    Args:
        pictures: (n, height, width, 3) uint8, sides even; the study's are 64 × 64.

    Returns:
        (n, `WIDTH`): joint histogram of the colours and one of each colour (shares of pixels), mean, deviation and
        skewness of each colour (levels of 255; the third is the cube root of the third moment), then the strength of
        edges by direction in the whole picture and in its four quarters, row by row (levels per pixel).
    """
    if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8 or pictures.shape[1] % CELLS:
        raise ValueError(f"expected (n, height, width, 3) uint8 of even height, got {pictures.shape} {pictures.dtype}")
    parts = [np.concatenate([histograms(p), moments(p), edges(p)]) for p in pictures]
    return np.array(parts, dtype=np.float32).reshape(len(pictures), WIDTH)


def histograms(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Shares of pixels (`JOINT_BINS`³ + 3 `BINS`,): red, green and blue together, then one after another."""
    flat = picture.reshape(-1, 3)
    coarse = (flat // (256 // JOINT_BINS)).astype(np.int64) @ np.array([JOINT_BINS**2, JOINT_BINS, 1])
    joint = np.bincount(coarse, minlength=JOINT_BINS**3)
    single = [np.bincount(colour // (256 // BINS), minlength=BINS) for colour in flat.T]
    return np.concatenate([joint, *single]) / len(flat)


def moments(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(9,) levels: mean, deviation and cube root of the third central moment of red, green and blue."""
    flat = picture.reshape(-1, 3).astype(np.float64)
    mean = flat.mean(axis=0)
    centred = flat - mean
    return np.concatenate([mean, np.sqrt((centred**2).mean(axis=0)), np.cbrt((centred**3).mean(axis=0))])


def edges(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean gradient by direction, (`DIRECTIONS` × 5,) levels per pixel: the whole picture, then its quarters.

    Gradients are central differences of the mean of the colours, zero on the rim. A direction is that of the gradient
    over half a turn, the first bin about 0 (across an upright edge); each pixel counts for one bin.
    """
    grey = picture.astype(np.float64).mean(axis=2)
    right, down = np.zeros_like(grey), np.zeros_like(grey)
    right[1:-1, 1:-1] = (grey[1:-1, 2:] - grey[1:-1, :-2]) / 2
    down[1:-1, 1:-1] = (grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    turn = np.arctan2(down, right) / np.pi * DIRECTIONS
    bins = np.floor(turn + 0.5).astype(np.int64) % DIRECTIONS
    strength = np.hypot(right, down)
    rows, columns = (np.arange(side) * CELLS // side for side in grey.shape)
    cell = rows[:, None] * CELLS + columns
    sums = np.bincount((cell * DIRECTIONS + bins).ravel(), strength.ravel(), CELLS**2 * DIRECTIONS)
    by_cell = sums.reshape(CELLS**2, DIRECTIONS)
    whole = by_cell.sum(axis=0) / grey.size
    return np.concatenate([whole, (by_cell / np.bincount(cell.ravel())[:, None]).ravel()])
