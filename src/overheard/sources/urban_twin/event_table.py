"""The urban twin's table of events: what can be heard in ten seconds of each scene, and what is seen of it."""

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

_FIXED = ("event", "synthesiser", "seen", "activity", "shortest_s", "longest_s")


@dataclass(frozen=True)
class EventTable:
    """Events in rows, E of them; the rates are guesses of what such places are like, not measured ones.

    Attributes:
        names: of the events.
        synthesisers: words of the sounding twin's `SYNTHESISERS`.
        seen: kind of moving object that makes the event, empty where nothing of it can be seen.
        activity: (E,) -1, 0, 1: whether busy pieces have less or more of it.
        duration_s: (E, 2) shortest and longest sounding in seconds.
        rates: expected number of soundings in a piece by scene, each (E,), above 0; an event that may last longer than
            a piece is heard once at most, with the probability 1 - exp(-rate).
    """

    names: tuple[str, ...]
    synthesisers: tuple[str, ...]
    seen: tuple[str, ...]
    activity: np.ndarray
    duration_s: np.ndarray
    rates: dict[str, np.ndarray]


@cache
def load() -> EventTable:
    """The table that is part of the program (`sources/urban_twin/events.csv`)."""
    text = files("overheard").joinpath("sources/urban_twin/events.csv").read_text(encoding="utf-8")
    reader = csv.DictReader(io.StringIO(text))
    rows = list(reader)
    scenes = [name for name in reader.fieldnames or () if name not in _FIXED]
    return EventTable(
        names=tuple(row["event"] for row in rows),
        synthesisers=tuple(row["synthesiser"] for row in rows),
        seen=tuple(row["seen"] for row in rows),
        activity=np.array([int(row["activity"]) for row in rows]),
        duration_s=np.array([[float(row["shortest_s"]), float(row["longest_s"])] for row in rows]),
        rates={scene: np.array([float(row[scene]) for row in rows]) for scene in scenes},
    )
