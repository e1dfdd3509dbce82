"""Scores of scene recognition: weighted precision, recall and F, macro F, accuracies, log loss, per class, confusion.

As scikit-learn's `precision_recall_fscore_support(zero_division=0)`; in numpy, so that training can score its
validation clips without importing it. The weighted F is the mean of the classes' F by their support.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


class Sums(NamedTuple):
    """What some clips add up to, by class (..., classes).

    Attributes:
        right: clips of the class that were known.
        said: clips of which the class was said.
        support: clips of the class.
        lost: of clips of the class, minus the logarithm of the probability that the class was given (nats); or None.
    """

    right: Floats
    said: Floats
    support: Floats
    lost: Floats | None = None


class OfClass(NamedTuple):
    """What a score is of one class alone."""

    words: str
    of: Callable[[Sums], Floats]
    """(..., classes) of sums (..., classes); 0 where nothing is counted."""


class Metric(NamedTuple):
    """A score.

    Attributes:
        words: what it is called in a sentence.
        of: (...) of sums (..., classes).
        by_class: what of a class it is looked at by.
        scale: what it is shown in times this.
        unit: in which it is shown.
        higher_is_better: else a lower one is.
        needs_probabilities: it does not follow from a confusion alone.
    """

    words: str
    of: Callable[[Sums], Floats]
    by_class: OfClass
    scale: float = 100.0
    unit: str = "percent"
    higher_is_better: bool = True
    needs_probabilities: bool = False

    @property
    def sign(self) -> str:
        """What stands behind a number."""
        return "%" if self.unit == "percent" else self.unit

    @property
    def difference(self) -> str:
        """The unit of a difference of two."""
        return "points" if self.unit == "percent" else self.unit


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


def _precision(sums: Sums) -> Floats:
    return _weighted(sums.right / np.where(sums.said > 0, sums.said, 1), sums.support)


def _recalls(sums: Sums) -> Floats:
    found: Floats = sums.right / np.where(sums.support > 0, sums.support, 1)
    return found


def _recall(sums: Sums) -> Floats:
    return _weighted(_recalls(sums), sums.support)


def _f_of_class(sums: Sums) -> Floats:
    both = (sums.said + sums.support) / 2
    found: Floats = sums.right / np.where(both > 0, both, 1)
    return found


def _f_score(sums: Sums) -> Floats:
    return _weighted(_f_of_class(sums), sums.support)


def _accuracy(sums: Sums) -> Floats:
    score: Floats = sums.right.sum(axis=-1) / sums.support.sum(axis=-1)
    return score


def _macro_f(sums: Sums) -> Floats:
    score: Floats = _f_of_class(sums).sum(axis=-1) / (sums.said + sums.support > 0).sum(axis=-1)
    return score


def _class_accuracy(sums: Sums) -> Floats:
    score: Floats = _recalls(sums).sum(axis=-1) / (sums.support > 0).sum(axis=-1)
    return score


def _log_loss(sums: Sums) -> Floats:
    if sums.lost is None:
        raise ValueError("log loss needs probabilities, and these are counts alone")
    score: Floats = sums.lost.sum(axis=-1) / sums.support.sum(axis=-1)
    return score


def _log_losses(sums: Sums) -> Floats:
    if sums.lost is None:
        raise ValueError("log loss needs probabilities, and these are counts alone")
    each: Floats = sums.lost / np.where(sums.support > 0, sums.support, 1)
    return each


def _class_log_loss(sums: Sums) -> Floats:
    score: Floats = _log_losses(sums).sum(axis=-1) / (sums.support > 0).sum(axis=-1)
    return score


_F, _KNOWN, _LOST = OfClass("F", _f_of_class), OfClass("Accuracy", _recalls), OfClass("Log loss", _log_losses)

METRICS: Mapping[str, Metric] = {
    "precision": Metric("weighted precision", _precision, _F),
    "recall": Metric("weighted recall", _recall, _F),
    "f_score": Metric("weighted F", _f_score, _F),
    "accuracy": Metric("accuracy", _accuracy, _KNOWN),
    "macro_f": Metric("macro F", _macro_f, _F),
    "class_accuracy": Metric("mean of class accuracies", _class_accuracy, _KNOWN),
    "log_loss": Metric("log loss", _log_loss, _LOST, 1.0, "nats", higher_is_better=False, needs_probabilities=True),
    "class_log_loss": Metric("mean of class log losses", _class_log_loss, _LOST, 1.0, "nats", False, True),
}
"""By the word that a study's tables call them by; fractions are 0 where nothing is counted."""


def lost(scores: Floats, label: Indices) -> Floats:
    """Of each clip, minus the logarithm of the probability of its true class (clips,), nats.

    Args:
        scores: (clips, classes), of which the softmax are the probabilities.
        label: (clips,) index of the true class.
    """
    known = scores.astype(np.float64)
    highest = known.max(axis=1)
    found: Floats = np.log(np.exp(known - highest[:, None]).sum(axis=1)) + highest
    return found - known[np.arange(len(known)), label]


def of_confusion(counts: NDArray[np.int64], metric: str) -> float:
    """A score of a confusion, true classes as rows; not of those that need probabilities."""
    return float(METRICS[metric].of(Sums(*sums_of(counts))))


def sums_of(counts: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Right, said and support (classes,) of a confusion."""
    right, said, support = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    return right.astype(np.float64), said.astype(np.float64), support.astype(np.float64)


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
