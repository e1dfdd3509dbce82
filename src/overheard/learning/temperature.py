"""Temperature scaling: how sure a network is, corrected by one number from validation clips."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

BOUNDS = (0.01, 100.0)
"""The temperatures that are looked at: where validation is all right, or all wrong, none is the lowest place."""


def fitted(logits: NDArray[np.floating], label: NDArray[np.integer]) -> float:
    """The temperature T, within `BOUNDS`, of lowest mean -log softmax(z / T)[label]; divide test logits by it.

    It changes no decision of a window; of a clip it can, as a clip is the sum of its windows' probabilities.

    Args:
        logits: (windows, classes) of validation windows.
        label: (windows,) index of the true class.

    Raises:
        ValueError: no window, or not one label for each.

    Source: Guo et al., On calibration of modern neural networks (2017), section 4.2. In 1 / T the loss is convex, so
    that its lowest place is the only one.
    """
    if logits.ndim != 2 or label.shape != logits.shape[:1] or not len(label):
        raise ValueError(f"expected logits (windows, classes) and a label a window, got {logits.shape}, {label.shape}")
    logits = np.asarray(logits, dtype=np.float64)

    def log_loss(log_temperature: float) -> float:
        said = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(np.take_along_axis(said, label[:, None], axis=1).mean())

    # to about the eighth digit of T: nearer the optimum the loss is the same number
    found = minimize_scalar(log_loss, bounds=np.log(BOUNDS), method="bounded", options={"xatol": 1e-9})
    return float(np.exp(found.x))
