"""What is counted of the clips of each scene, from their index, and beside it what a paper prints."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from overheard.errors import MediaError
from overheard.scores import frames
from overheard.scores.origin import Origin
from overheard.scores.published import Printed
from overheard.scores.tabular import NO_PRINTED, OWN_NAMES, sentence

Lines = Sequence[Mapping[str, str]]
"""Of an index: class, location and sound_duration_s of every clip, as text."""
INDEX = ("id", "class", "location", "sound_duration_s")

TOTAL = "total"


class Count(NamedTuple):
    """Something counted.

    Attributes:
        label: of its column.
        of: a number of lines of an index.
        unit: its metric among the printed numbers.
        decimals: that are shown.
    """

    label: str
    of: Callable[[Lines], float]
    unit: str
    decimals: int = 0


def _locations(lines: Lines) -> float:
    return len({(line["class"], line["location"]) for line in lines})


def _minutes(lines: Lines) -> float:
    try:
        return sum(float(line["sound_duration_s"]) for line in lines) / 60
    except ValueError as error:
        raise MediaError(f"index: sound_duration_s: {error}; expected seconds; run media again") from error


COUNTED: Mapping[str, Count] = {
    "files": Count("Files", len, "count"),
    "locations": Count("Locations", _locations, "count"),
    "duration_min": Count("Minutes", _minutes, "minutes", 1),
}
"""By the word under `shows` of a study file, by which printed numbers are found too."""


def counted(lines: Lines, shows: Sequence[str]) -> dict[str, dict[str, float]]:
    """What is counted of each scene, in the order of their names, and of all.

    Raises:
        MediaError: no clip, a duration that is no number, or a scene that is called as the line of all.
    """
    if not lines:
        raise MediaError("index: no clip; run media again")
    names = sorted({line["class"] for line in lines})
    if TOTAL in names:
        raise MediaError(f"index: a scene is called {TOTAL}, as the line of all is; rename its folder")
    scenes = {name: [line for line in lines if line["class"] == name] for name in names}
    return {
        name: {word: COUNTED[word].of(own) for word in shows} for name, own in (scenes | {TOTAL: list(lines)}).items()
    }


def as_csv(found: Mapping[str, Mapping[str, float]]) -> str:
    """One line a scene."""
    return frames.as_csv(pd.DataFrame([{"class": name, **its} for name, its in found.items()]), 4)


def lay_out(
    word: str,
    experiment: str,
    source: Origin,
    spec: Mapping[str, str],
    found: Mapping[str, Mapping[str, float]],
    printed: Mapping[tuple[str, str, str], Printed],
) -> frames.Table:
    """The table's text; printed numbers beside it where the source is comparable with them.

    Args:
        word: the table's, e.g. `table1`.
        experiment: its name.
        source: whose clips these are.
        spec: its entry of the study file.
        found: what `counted` gives.
        printed: the paper's numbers, by scene, word and unit.
    """
    place, beside = spec["published"], spec["published"] and not source.not_comparable
    body = pd.DataFrame({"Scene": list(found)}, dtype=str)
    for name in next(iter(found.values())):
        its = COUNTED[name]
        body[its.label] = [f"{each[name]:.{its.decimals}f}" for each in found.values()]
        if beside:
            numbers = [printed.get((scene, name, its.unit)) for scene in found]
            body[f"{its.label}, paper"] = [f"{one.mean:.{its.decimals}f}" if one else NO_PRINTED for one in numbers]
    head = f"{place}: {sentence(spec['title'])}" if place else sentence(spec["title"])
    caption = [head, sentence(spec["caption"]), f"{OWN_NAMES}{experiment}; source: {source.said}.", "Counts, so no ±."]
    hidden = ["The paper's printed numbers are not shown, because these are other clips."]
    bold = pd.DataFrame(False, index=body.index, columns=body.columns)
    return frames.Table(word, experiment, spec["title"], caption, body, bold, hidden if place and not beside else [], 1)
