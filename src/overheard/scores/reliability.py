"""How sure predictions are and how often they are right: reliability by bins, expected calibration error."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

Numbers = NDArray[np.float64]


class Bin(NamedTuple):
    """Predictions that are about equally sure.

    Attributes:
        low, high: how sure, above the first up to the second; the first bin has 0 too.
        clips: how many.
        confidence: how sure they are, mean; None of no clip.
        accuracy: what share is right; None of no clip.
    """

    low: float
    high: float
    clips: int
    confidence: float | None
    accuracy: float | None


def confidence(scene_logits: NDArray[np.floating]) -> Numbers:
    """The largest scene probability of each clip (clips,), of logits (clips, scenes)."""
    return np.asarray(softmax(np.asarray(scene_logits, dtype=np.float64), axis=1).max(axis=1))


def binned(sure: Numbers, right: NDArray[np.bool_], n_bins: int) -> list[Bin]:
    """Predictions in bins of equal width from 0 to 1.

    Args:
        sure: (clips,) confidence, 0 to 1.
        right: (clips,) whether the prediction is the clip's scene.
        n_bins: at least 1.

    Raises:
        ValueError: no bin, or a confidence outside 0 to 1.
    """
    if n_bins < 1 or not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(f"expected confidences from 0 to 1 and a bin or more, got {n_bins} bins")
    edges = np.linspace(0, 1, n_bins + 1)
    place = np.searchsorted(edges[1:-1], sure)
    found = []
    for k in range(n_bins):
        own = place == k
        means = (float(sure[own].mean()), float(right[own].mean())) if own.any() else (None, None)
        found.append(Bin(float(edges[k]), float(edges[k + 1]), int(own.sum()), *means))
    return found


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: Σ clips / n · |accuracy - confidence|, a fraction.

    Source: Naeini et al. 2015; Guo et al. 2017 (On calibration of modern neural networks), equation (3). Chance alone
    makes it larger than 0, the more so the fewer clips there are.

    Raises:
        ValueError: no clip.
    """
    n = sum(one.clips for one in bins)
    if not n:
        raise ValueError("expected at least one clip, got none")
    gaps = [one.clips * abs(one.accuracy - one.confidence) for one in bins
            if one.accuracy is not None and one.confidence is not None]  # fmt: skip
    return float(sum(gaps) / n)
