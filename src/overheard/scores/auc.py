"""Area under the ROC curve by ranks, many events at once."""

import numpy as np


def roc_auc(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The chance that a clip with the event scores above a clip without it; ties count half.

    Args:
        truth: (clips, events) bool.
        score: (clips, events); any scale.

    Returns:
        (events,) float64 in 0..1; NaN where all clips or none have the event.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != score.shape:
        raise ValueError(f"expected one shape, got {truth.shape} and {score.shape}")
    positive = truth.sum(axis=0, dtype=np.int64)
    negative = len(truth) - positive
    area = np.full(truth.shape[1], np.nan)
    for event in np.flatnonzero((positive > 0) & (negative > 0)):
        ranks = _mean_ranks(score[:, event])
        above = ranks[truth[:, event]].sum() - positive[event] * (positive[event] + 1) / 2
        area[event] = above / (positive[event] * negative[event])
    return area


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
