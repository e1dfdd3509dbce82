"""Which events tell a scene: those that the teacher hears there more than in the mean of the scenes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Telling(NamedTuple):
    """An event that tells a scene.

    Attributes:
        scene: its index.
        event: its index.
        rank: from 1, the most telling.
    """

    scene: int
    event: int
    rank: int


def lifts(prior: np.ndarray) -> np.ndarray:
    """How much more probable each event is in a scene than in the mean of the scenes: p(e|s_k) / mean over k.

    Args:
        prior: p(e|s_k), (scenes, events), above 0.
    """
    return np.asarray(prior / prior.mean(axis=0))


def most_telling(prior: np.ndarray, known: Sequence[int], n: int, least: float) -> list[Telling]:
    """The events of largest lift of each scene, scene by scene.

    An event that is as probable everywhere tells nothing, so only lifts above 1 count; a scene may have fewer than n.

    Args:
        prior: p(e|s_k), (scenes, events), above 0.
        known: events that the teacher was trained on; what it says of others means nothing.
        n: at most so many a scene.
        least: p(e|s_k) that an event must have there: the ratio of two tiny numbers tells nothing.
    """
    lift, found = lifts(prior), []
    for scene, probability in enumerate(prior):
        heard = [event for event in known if probability[event] >= least and lift[scene, event] > 1]
        ordered = sorted(heard, key=lambda event: (-lift[scene, event], event))
        found += [Telling(scene, event, rank) for rank, event in enumerate(ordered[:n], start=1)]
    return found


def clearest(probability: np.ndarray, places: Sequence[str], n: int) -> list[int]:
    """The clips in which the teacher is surest of an event, one a location, the surest first.

    Args:
        probability: (clips,) of the event.
        places: the location of each clip.
        n: at most so many.
    """
    found: dict[str, int] = {}
    for clip in np.argsort(-probability, kind="stable"):
        found.setdefault(places[clip], int(clip))
    return list(found.values())[:n]
