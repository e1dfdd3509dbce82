"""The twin's table of events: which AudioSet events it can make, what they imply, and p(event | scene)."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

AUDIOSET_EVENTS = 527
_FIXED = ("index", "name", "synthesiser", "parents", "family", "activity", "shortest_s", "longest_s")
FAMILIES = ("people", "animals", "music", "weather", "traffic")


@dataclass(frozen=True)
class EventTable:
    """Events in rows, in AudioSet's order; E events of 527, all others have probability 0.

    Attributes:
        scenes: the 13 classes, in the table's order (that of the released prior).
        index: (E,) AudioSet index.
        names: AudioSet's names.
        synthesisers: word of the synthesiser, empty for an event that is only a parent of others.
        implies: (E, E) bool; row e has the events that hold where e sounds: itself and its ancestors in AudioSet.
        family: (E,) index into `FAMILIES`.
        activity: (E,) -1, 0, 1: whether busy places have less or more of it.
        duration_s: (E, 2) shortest and longest bout in seconds.
        prior: (13, E) p(event | scene) in a ten-second clip, parents included.
    """

    scenes: tuple[str, ...]
    index: np.ndarray
    names: tuple[str, ...]
    synthesisers: tuple[str, ...]
    implies: np.ndarray
    family: np.ndarray
    activity: np.ndarray
    duration_s: np.ndarray
    prior: np.ndarray

    @property
    def sources(self) -> np.ndarray:
        """Rows of the events that can sound by themselves."""
        return np.flatnonzero([bool(word) for word in self.synthesisers])

    def alone(self) -> np.ndarray:
        """(13, E) probability that an event sounds by itself, so that with its descendants it reaches `prior`.

        Independence within a clip is assumed here; what the sources' common causes change is `world.true_prior`'s part.
        """
        own = np.zeros_like(self.prior)
        for row in np.argsort(self.implies.sum(axis=0), kind="stable"):
            below = self.implies[:, row].copy()
            below[row] = False
            silent = np.prod(1 - own[:, below], axis=1)
            if self.synthesisers[row]:
                own[:, row] = np.clip(1 - (1 - self.prior[:, row]) / silent, 0, None)
        return own


@cache
def load() -> EventTable:
    """The table that is part of the program (`sources/twin/events.csv`)."""
    text = files("overheard").joinpath("sources/twin/events.csv").read_text(encoding="utf-8")
    reader = csv.DictReader(io.StringIO(text))
    rows = list(reader)
    scenes = tuple(name for name in reader.fieldnames if name not in _FIXED)
    index = np.array([int(row["index"]) for row in rows])
    place = {event: row for row, event in enumerate(index.tolist())}
    implies = np.eye(len(rows), dtype=bool)
    for event, row in enumerate(rows):
        for parent in row["parents"].split():
            implies[event, place[int(parent)]] = True
    return EventTable(
        scenes=scenes,
        index=index,
        names=tuple(row["name"] for row in rows),
        synthesisers=tuple(row["synthesiser"] for row in rows),
        implies=implies,
        family=np.array([FAMILIES.index(row["family"]) for row in rows]),
        activity=np.array([int(row["activity"]) for row in rows]),
        duration_s=np.array([[float(row["shortest_s"]), float(row["longest_s"])] for row in rows]),
        prior=np.array([[float(row[scene]) for row in rows] for scene in scenes]),
    )
