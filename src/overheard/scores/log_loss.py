"""Log loss in nats: -log of the probability of the true class, over clips, of each class, and the classes' mean."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Clipping = Callable[[Numbers], Numbers]
"""Keeps probabilities (clips, classes) away from 0, whose log loss would have no end."""


def machine_precision(probability: Numbers) -> Numbers:
    """Within 2.2e-16 of 0 and 1: scikit-learn of today, which does not normalise."""
    eps = float(np.finfo(np.float64).eps)
    return np.clip(probability, eps, 1 - eps)


def normalised_1e_15(probability: Numbers) -> Numbers:
    """Within 1e-15 of 0 and 1, then divided by their sum: scikit-learn 0.21, which the released program pins."""
    clipped = np.clip(probability, 1e-15, 1 - 1e-15)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


CLIPPINGS: Mapping[str, Clipping] = {"machine_precision": machine_precision, "normalised_1e_15": normalised_1e_15}


def log_losses(
    label: NDArray[np.integer[Any]], probability: NDArray[np.floating[Any]], clipping: str = "machine_precision"
) -> Numbers:
    """The log loss of each clip, or of each piece (clips,), in nats.

    Args:
        label: (clips,) index of the true class.
        probability: (clips, classes), in 0..1.
        clipping: word of `CLIPPINGS`.

    Raises:
        ValueError: not one label a clip, or what is no probability.
    """
    if probability.ndim != 2 or label.shape != probability.shape[:1]:
        raise ValueError(f"expected (clips, classes) and a label a clip, got {probability.shape} and {label.shape}")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("expected probabilities in 0..1, got others")
    clipped = CLIPPINGS[clipping](np.asarray(probability, dtype=np.float64))
    return -np.log(np.take_along_axis(clipped, label[:, None], axis=1)[:, 0])


def class_log_losses(losses: Numbers, label: NDArray[np.integer[Any]], n_classes: int) -> Numbers:
    """The mean of each class's clips (classes,); of a class without clips not a number.

    Args:
        losses: (clips,) from `log_losses`.
        label: (clips,) index of the true class.
        n_classes: number of classes.
    """
    clips = np.bincount(label, minlength=n_classes)
    found = np.full(n_classes, np.nan)
    np.divide(np.bincount(label, weights=losses, minlength=n_classes), clips, out=found, where=clips > 0)
    return found


def scores(losses: Numbers, label: NDArray[np.integer[Any]], n_classes: int) -> dict[str, float]:
    """`log_loss`, the mean over clips, and `class_log_loss`, the mean over the classes that have clips.

    Args as `class_log_losses`.

    Raises:
        ValueError: no clips.
    """
    if not len(losses):
        raise ValueError("expected at least one clip, got none")
    by_class = class_log_losses(losses, label, n_classes)
    return {"log_loss": float(losses.mean()), "class_log_loss": float(np.nanmean(by_class))}
