"""Which epoch of a training is tested, from validation alone."""

import math
from collections.abc import Callable, Mapping

Better = Callable[[Mapping[str, float], Mapping[str, float]], bool]


def rule(scene_loss: bool, validation_clips: int, f_score_from_clips: int | None) -> Better:
    """The rule by which one epoch is better than an earlier one; on a tie the earlier stays.

    Args:
        scene_loss: the method has L_s; without it the method's own validation loss decides.
        validation_clips: with fewer than `f_score_from_clips` an F-score is too coarse, and the validation scene
            loss decides; else the weighted validation F, then the lower validation loss.
        f_score_from_clips: see there; None without L_s.
    """
    if not scene_loss:
        return by_loss
    return by_f_score if validation_clips >= f_score_from_clips else by_scene_loss


def by_f_score(epoch: Mapping[str, float], best: Mapping[str, float]) -> bool:
    """Higher weighted validation F; with an equal one, lower validation loss."""
    return _f_score_key(epoch) < _f_score_key(best)


def by_scene_loss(epoch: Mapping[str, float], best: Mapping[str, float]) -> bool:
    """Lower validation scene loss."""
    return _loss(epoch["val_scene_loss"]) < _loss(best["val_scene_loss"])


def by_loss(epoch: Mapping[str, float], best: Mapping[str, float]) -> bool:
    """Lower validation loss of the method itself."""
    return _loss(epoch["val_loss"]) < _loss(best["val_loss"])


def _f_score_key(epoch: Mapping[str, float]) -> tuple[float, float]:
    return -epoch["val_f_score"], _loss(epoch["val_loss"])


def _loss(value: float) -> float:
    # a training that broke down (not a number) is never better than one that did not
    return math.inf if math.isnan(value) else value
