"""The learning rate of every optimizer step, as a part of the first one."""

import math
from collections.abc import Callable, Mapping

Schedule = Callable[[int, int, int], float]
"""From (step, steps in all, steps an epoch), steps counted from 0, to the factor of the learning rate."""

_FALLS_AFTER_EPOCHS = (31, 61, 91)
_FALLS_BY = 0.1


def constant(step: int, steps: int, steps_an_epoch: int) -> float:
    """1 throughout (the paper says one rate)."""
    return 1.0


def cosine(step: int, steps: int, steps_an_epoch: int) -> float:
    """Half a cosine, from 1 at the first step towards 0 after the last."""
    return (1 + math.cos(math.pi * step / steps)) / 2


def falling(step: int, steps: int, steps_an_epoch: int) -> float:
    """A tenth at the end of each of the epochs numbered 30, 60 and 90, counted from 0 (the released program)."""
    return _FALLS_BY ** sum(step >= epochs * steps_an_epoch for epochs in _FALLS_AFTER_EPOCHS)


BY_NAME: Mapping[str, Schedule] = {"constant": constant, "cosine": cosine, "steps": falling}
"""As a protocol names them."""
