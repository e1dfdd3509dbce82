"""Which clip's output a clip gets in a control: outputs go over by location, so that what is alike stays together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from overheard.errors import ConfigError

GROUPS = ("within_class", "across")
"""Among which clips of a split outputs are exchanged: those of a class, or all."""


def exchanged(location: Mapping[str, str], rng: np.random.Generator) -> dict[str, str]:
    """For each clip another one, whose output it gets: every output goes to one clip.

    The locations are put in a random order, the clips of each in theirs, and all move on by the clips of the largest
    location: where locations are equally large, each gets all of another one; no clip gets what belongs to its own
    location, unless the largest has more than half of all clips.

    Args:
        location: of each clip.
        rng: puts the locations in order.
    """
    clips: dict[str, list[str]] = defaultdict(list)
    for clip in sorted(location):
        clips[location[clip]].append(clip)
    places = sorted(clips)
    order = [clip for place in rng.permutation(len(places)) for clip in clips[places[place]]]
    largest = max((len(its) for its in clips.values()), default=0)
    return {clip: order[(place + largest) % len(order)] for place, clip in enumerate(order)}


def exchanged_in_splits(
    rows: Sequence[Mapping[str, str]], assigned: Mapping[str, str], how: str, rng: np.random.Generator
) -> dict[str, str]:
    """For each clip another of its split (and class) whose output it gets, so that marginals stay as they are.

    Args:
        rows: of the index: id, class, location.
        assigned: split by id.
        how: word of `GROUPS`.
        rng: puts the locations of each group in order.

    Raises:
        ConfigError: another word.
    """
    if how not in GROUPS:
        raise ConfigError(f"control: found {how!r}; expected {' or '.join(GROUPS)}")
    groups: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for row in rows:
        own = (row["class"],) if how == "within_class" else ()
        groups[assigned[row["id"]], *own][row["id"]] = row["location"]
    return {clip: other for key in sorted(groups) for clip, other in exchanged(groups[key], rng).items()}
