"""Which weights of a training are tested, from validation alone.

A selection looks at all validations so far, in their order, and says whose weights are worth keeping, the best one
first; `loop.fit` keeps these and forgets the others.
"""

import math
from collections.abc import Callable, Mapping, Sequence

Line = Mapping[str, float]
Selection = Callable[[Sequence[Line]], Sequence[int]]


def last(history: Sequence[Line]) -> list[int]:
    """The last validation: a fixed length of training, and no choice."""
    return [len(history) - 1]


def best_f_score(history: Sequence[Line]) -> list[int]:
    """Highest weighted validation F; of equal ones the lower validation loss, then the earlier: the released rule.

    Source: the released program keeps the best weighted F on validation; how it breaks a tie it does not say.
    """
    return [_first_lowest(history, lambda line: (-line["val_f_score"], _finite(line["val_loss"])))]


def lowest_loss(history: Sequence[Line]) -> list[int]:
    """Lowest validation loss of what is trained; of equal ones the earlier."""
    return [_first_lowest(history, lambda line: _finite(line["val_loss"]))]


BY_NAME: Mapping[str, Selection] = {"last": last, "best_f_score": best_f_score, "lowest_loss": lowest_loss}
"""As a protocol names them."""


NEXT = 5
"""Epochs after the best that the released program tests too."""


def alone(selection: Selection) -> Selection:
    """What the selection says: one run is one measurement."""
    return selection


def with_next_epochs(selection: Selection) -> Selection:
    """The best and the next five, fewer at the end: the released program's measurements, all of one run.

    Source: its `validate` in `bayes_transfer.py` gathers the test scores since the best epoch and prints their mean
    after five epochs without a new best; of the many lines that it prints, ours is that of the best of all epochs.
    """

    def chosen(history: Sequence[Line]) -> range:
        best = selection(history)[0]
        return range(best, min(best + NEXT + 1, len(history)))

    return chosen


REPEATS: Mapping[str, Callable[[Selection], Selection]] = {"seeds": alone, "next_epochs": with_next_epochs}
"""What is measured several times, as a protocol names it."""


def of_method(name: str, scene_loss: bool) -> Selection:
    """The selection of this name, for a method with or without L_s.

    Without L_s no loss trains the scene head towards the labels, so that an F-score would choose by chance: where a
    protocol asks for the best F, the method's own lowest validation loss decides.
    """
    return lowest_loss if name == "best_f_score" and not scene_loss else BY_NAME[name]


def _first_lowest(history: Sequence[Line], key: Callable[[Line], object]) -> int:
    return min(range(len(history)), key=lambda place: key(history[place]))  # type: ignore[arg-type, return-value]


def _finite(value: float) -> float:
    # a training that broke down (not a number) is never better than one that did not
    return math.inf if math.isnan(value) else value
