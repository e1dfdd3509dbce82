"""What a clip's windows say together: its probabilities and its class, from logits (clips, windows, classes)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

Logits = NDArray[np.floating[Any]]
Decision = Callable[[Logits], NDArray[np.intp]]
"""From window logits (clips, windows, classes) to the index of each clip's class (clips,)."""


def mean_probability(logits: Logits) -> NDArray[np.float64]:
    """A clip's probabilities (clips, classes): the mean of its windows', in paper and program."""
    return np.asarray(softmax(_checked(logits), axis=-1).mean(axis=1))


def probability(logits: Logits) -> NDArray[np.intp]:
    """The class of the largest sum of probabilities over windows: the paper."""
    return np.asarray(mean_probability(logits).argmax(axis=-1))


def log_probability(logits: Logits) -> NDArray[np.intp]:
    """The class of the largest sum of log-probabilities over windows: the released program."""
    return np.asarray(log_softmax(_checked(logits), axis=-1).sum(axis=1).argmax(axis=-1))


DECISIONS: Mapping[str, Decision] = {"probability": probability, "log_probability": log_probability}
"""By a protocol's word, `clip_decision`."""


def _checked(logits: Logits) -> NDArray[np.float64]:
    """The logits as float64.

    Raises:
        ValueError: not (clips, windows, classes) with at least one window.
    """
    if logits.ndim != 3 or not logits.shape[1]:
        raise ValueError(f"expected logits (clips, windows, classes), got {logits.shape}")
    return np.asarray(logits, dtype=np.float64)
