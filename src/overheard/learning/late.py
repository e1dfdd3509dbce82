"""Late fusion: one prediction from the logits of two networks trained apart. The paper does not say its rule."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.floating]
Rule = Callable[[Logits, Logits], NDArray[np.float64]]
"""From two networks' logits (clips, windows, classes) to log-probabilities of the fused prediction, alike."""


def log_softmax(logits: Logits) -> NDArray[np.float64]:
    """Log-probabilities over the last axis, float64; in numpy, as what tests networks imports nothing else."""
    logits = np.asarray(logits, dtype=np.float64)
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def mean_probability(audio: Logits, video: Logits) -> NDArray[np.float64]:
    """(p + q) / 2."""
    _same_shape(audio, video)
    return np.logaddexp(log_softmax(audio), log_softmax(video)) - np.log(2)


def product(audio: Logits, video: Logits) -> NDArray[np.float64]:
    """p q / Σ p q: of two networks that err independently, were all classes equally frequent."""
    _same_shape(audio, video)
    return log_softmax(log_softmax(audio) + log_softmax(video))


def mean_logit(audio: Logits, video: Logits) -> NDArray[np.float64]:
    """√(p q) / Σ √(p q): the product's decision for a window, half as sure in logits."""
    _same_shape(audio, video)
    return log_softmax((log_softmax(audio) + log_softmax(video)) / 2)


RULES: Mapping[str, Rule] = {"mean_probability": mean_probability, "product": product, "mean_logit": mean_logit}
"""By a protocol's word."""


def _same_shape(audio: Logits, video: Logits) -> None:
    """Refuse logits that would be broadcast.

    Raises:
        ValueError: the shapes differ.
    """
    if audio.shape != video.shape:
        raise ValueError(f"expected logits of one shape, got {audio.shape} and {video.shape}")
