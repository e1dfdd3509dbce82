"""Scores of scene recognition: weighted precision, recall and F, macro F, accuracy, per class, confusion.

As scikit-learn's `precision_recall_fscore_support(zero_division=0)`; in numpy, so that training can score its
validation clips without importing it. The weighted F is the mean of the classes' F by their support.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Metric = Callable[[Floats, Floats, Floats], Floats]
"""A score in 0..1 (...) of counts (..., classes): clips known, clips of which the class was said, clips there are."""


def confusion(label: Indices, predicted: Indices, n_classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): rows are true, columns predicted.

    Args:
        label: (clips,) index of the true class.
        predicted: (clips,) index of the predicted class.
        n_classes: number of classes.
    """
    pairs = np.asarray(label) * n_classes + np.asarray(predicted)
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def per_class(counts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Precision, recall, F-score (fractions; 0 where nothing is counted) and support of each class of a confusion."""
    right, support, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return {
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, support),
        "f_score": _ratio(2 * right, support + predicted),
        "support": support,
    }


def weighted_f_score(label: Indices, predicted: Indices, n_classes: int) -> float:
    """The mean of the classes' F-scores, weighted by their support, 0..1."""
    return scores(confusion(label, predicted, n_classes))["f_score"]


def scores(counts: NDArray[np.int64]) -> dict[str, float]:
    """Weighted precision, recall, F-score, accuracy, and macro F, as fractions.

    The macro F is over the classes that occur among labels or predictions, as scikit-learn's default.

    Raises:
        ValueError: no clips.
    """
    if counts.sum() == 0:
        raise ValueError("expected at least one clip, got none")
    by_class = per_class(counts)
    weight = by_class["support"] / counts.sum()
    occurs = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    weighted = {name: float(weight @ by_class[name]) for name in ("precision", "recall", "f_score")}
    return weighted | {
        "accuracy": float(np.trace(counts) / counts.sum()),
        "macro_f": float(by_class["f_score"][occurs].mean()),
    }


def _weighted(each: Floats, support: Floats) -> Floats:
    score: Floats = (each * support).sum(axis=-1) / support.sum(axis=-1)
    return score


def _precision(right: Floats, said: Floats, support: Floats) -> Floats:
    return _weighted(right / np.where(said > 0, said, 1), support)


def _recall(right: Floats, said: Floats, support: Floats) -> Floats:
    return _weighted(right / np.where(support > 0, support, 1), support)


def _f_of_class(right: Floats, said: Floats, support: Floats) -> Floats:
    both = (said + support) / 2
    return right / np.where(both > 0, both, 1)


def _f_score(right: Floats, said: Floats, support: Floats) -> Floats:
    return _weighted(_f_of_class(right, said, support), support)


def _accuracy(right: Floats, said: Floats, support: Floats) -> Floats:
    score: Floats = right.sum(axis=-1) / support.sum(axis=-1)
    return score


def _macro_f(right: Floats, said: Floats, support: Floats) -> Floats:
    score: Floats = _f_of_class(right, said, support).sum(axis=-1) / (said + support > 0).sum(axis=-1)
    return score


METRICS: Mapping[str, Metric] = {
    "precision": _precision,
    "recall": _recall,
    "f_score": _f_score,
    "accuracy": _accuracy,
    "macro_f": _macro_f,
}
"""By the word that a study's tables and `scores` call them by; 0 where nothing is counted."""


def mean_class_accuracy(right: Floats, said: Floats, support: Floats) -> Floats:
    """The mean of the class accuracies (recalls) over the classes that have clips; a `Metric`."""
    score: Floats = (right / np.where(support > 0, support, 1)).sum(axis=-1) / (support > 0).sum(axis=-1)
    return score


def shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What share of each true class's clips was taken for each class: rows of a confusion sum to 1.

    A row of a class without clips is not a number.
    """
    support = counts.sum(axis=1, keepdims=True)
    found = np.full(counts.shape, np.nan)
    np.divide(counts, support, out=found, where=support > 0)
    return found


def class_table(counts: NDArray[np.int64], classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """`per_class` by the classes' names, as plain numbers."""
    by_class = per_class(counts)
    return {
        name: {key: values[position].item() for key, values in by_class.items()}
        for position, name in enumerate(classes)
    }


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio = np.zeros(len(whole))
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
