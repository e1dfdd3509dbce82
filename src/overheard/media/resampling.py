"""The resampling of sounds that librosa had as its default when the released program was written."""

from functools import cache
from math import gcd

import numpy as np

_CROSSINGS = 64  # zero crossings of the sinc on either side
_ROLLOFF = 0.9475937167399596  # of the lower rate's half
_PRECISION = 512  # entries of the table a crossing
_BETA = 14.769656459379492


def kaiser_best(samples: np.ndarray, own_rate: int, rate: int) -> np.ndarray:
    """Resample by a windowed sinc: `kaiser_best` of resampy, which interpolates in a table of the same filter.

    Source: librosa 0.7.2, `resample`; resampy 0.2.2, `filters.py` and `data/kaiser_best.npz` (the three numbers above).

    Args:
        samples: (n,) float32.
        own_rate: theirs, Hz.
        rate: wanted, Hz.

    Returns:
        (n rate / own_rate, rounded up,) float32.
    """
    from scipy.signal import resample_poly

    common = gcd(own_rate, rate)
    up, down = rate // common, own_rate // common
    return resample_poly(samples.astype(np.float64), up, down, window=_filter(up, down)).astype(np.float32)


@cache
def _filter(up: int, down: int) -> np.ndarray:
    """The filter at `up` times the samples' own rate, with resampy's steps of whole entries of its table."""
    scale = min(1.0, up / down)
    table = np.arange(_CROSSINGS * _PRECISION + 1) / _PRECISION
    window = np.kaiser(2 * len(table) - 1, _BETA)[len(table) - 1 :] * _ROLLOFF * np.sinc(_ROLLOFF * table) * scale
    lag, step = np.arange(1, _CROSSINGS * max(up, down) + up), int(scale * _PRECISION) / _PRECISION

    def wing(whole: np.ndarray) -> np.ndarray:
        return np.interp((lag - whole * up) / up * scale + whole * step, table, window, right=0.0)

    # of a sample at a whole distance, what is past and what is to come are at other places of the table
    past, future = wing(lag // up), wing((lag - 1) // up)
    # resample_poly multiplies by `up`
    return np.concatenate([future[::-1], window[:1], past]) / up
