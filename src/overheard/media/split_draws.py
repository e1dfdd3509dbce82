"""Which locations of a class train, validate and test: how a protocol draws them.

Drawn for each class by itself. `by_name`: sort its location names as plain strings, permute them by the generator
`seeds.generator("split", seed, class)`: a class added or removed does not change another class's split. `by_label`: the
released program's shuffle, numpy's legacy generator with the class's number as its seed, of names in a listing's order.

**One split** (folds = 1): the first locations for training, the next for validation, the rest for test. With n
locations, validation gets max(1, floor(0.1 n + 1/2)), test max(1, floor(0.2 n + 1/2)), training what remains (with the
fractions 0.7, 0.1, 0.2); other units of a protocol: `UNITS`.

**Folds** (J > 1): the permuted names are cut into J blocks, block i from floor(i n / J) to floor((i + 1) n / J). The
same generator then draws a start from 0 to J - 1; fold f tests block (f + start) mod J, so that the larger blocks of
the classes do not all fall to the same folds. Validation gets the names that follow the block, in a circle, as many as
in one split; training the rest. Over all folds each location is tested exactly once.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from typing import Any, NamedTuple

import numpy as np

from overheard.errors import ConfigError, MediaError
from overheard.media.class_order import ORDERS
from overheard.seeds import generator

SPLITS = ("train", "val", "test")
Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Draw:
    """How locations are drawn.

    Attributes:
        fractions: of a class for train, val, test; their sum is 1. Of folds each tests 1/folds.
        seed: of the draw `by_name`.
        folds: how many there are; each location is tested in one of them; 1: one split.
        unit: word of `UNITS`.
        draw: word of `DRAWS`.
        group: word of `GROUPS`.
        class_order: word of `class_order.ORDERS`; it numbers the classes for `by_label`.
        listing: ids in the order in which `by_label` finds them; None: sorted.
        validation: word of `folds.VALIDATIONS`, where the user's data say what trains and what tests alone; None:
            they must say what validates too.
    """

    fractions: Sequence[float]
    seed: int
    folds: int = 1
    unit: str = "rounded_locations"
    draw: str = "by_name"
    group: str = "location"
    class_order: str = "alphabetical"
    listing: Sequence[str] | None = None
    validation: str | None = None


def draw_of(settings: Mapping[str, Any], listing: Sequence[str] | None) -> Draw:
    """A draw from the settings of the stage split: switches have its names, those not given its defaults."""
    words = {name: settings.get(name) for name in ("split_unit", "split_draw", "split_group", "class_order")}
    own = {name.removeprefix("split_"): word for name, word in words.items() if word is not None}
    own |= {"validation": settings.get("validation")}
    return Draw(settings["fractions"], settings["seed"], settings["folds"], **own, listing=listing)


def drawn(rows: Rows, how: Draw, fold: int = 0) -> dict[str, str]:
    """The split of every clip of one fold.

    Args:
        rows: of the index of the pairs: id, class, location, lat, lon.
        how: they are drawn.
        fold: which, from 0.

    Raises:
        ConfigError: impossible fractions, an unknown word, folds with a draw that makes one split.
        MediaError: a class with too few locations, a clip that the listing does not have.
    """
    check_fractions(how.fractions)
    for name, words in (("unit", UNITS), ("draw", DRAWS), ("group", GROUPS), ("class_order", ORDERS)):
        if (word := getattr(how, name)) not in words:
            raise ConfigError(f"split_{name}: found {word!r}; expected one of {', '.join(words)}")
    if not 0 <= fold < how.folds:
        raise ConfigError(f"fold: found {fold}, expected 0 to {how.folds - 1}, one of {how.folds} folds")
    group_of = GROUPS[how.group](rows)
    # of each class, its locations in order of first appearance, and how many clips each has
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for row in sorted(rows, key=_place_in(how.listing, rows)):
        its, place = sizes[row["class"]], group_of[row["location"]]
        its[place] = its.get(place, 0) + 1
    _check_enough(sizes, how.folds)
    unit, split_of = UNITS[how.unit], {}
    for number, name in enumerate(ORDERS[how.class_order](sizes)):
        shuffled, start = DRAWS[how.draw](list(sizes[name]), name, number, how)
        weights = unit.weigh([sizes[name][place] for place in shuffled])
        shares = unit.shares(weights, how.fractions)
        words = [word for word, n in zip(SPLITS, shares, strict=True) for _ in range(n)]
        if how.folds > 1:
            words = _words_of_fold(weights, how.folds, (fold + start) % how.folds, shares[1])
        split_of |= {(name, place): word for place, word in zip(shuffled, words, strict=True)}
    return {row["id"]: split_of[row["class"], group_of[row["location"]]] for row in rows}


def _place_in(listing: Sequence[str] | None, rows: Rows) -> Callable[[Mapping[str, str]], Hashable]:
    if listing is None:
        return lambda row: row["id"]
    place = {clip: number for number, clip in enumerate(listing)}
    if missing := sorted(row["id"] for row in rows if row["id"] not in place):
        shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
        raise MediaError(
            f"source.listing: {len(missing)} clips of the folder are not in it: {shown}; give the listing of this "
            "folder, or null for sorted names"
        )
    return lambda row: place[row["id"]]


def by_location(rows: Rows) -> dict[str, str]:
    """Each location by itself: the user's, or the digits of an id."""
    return {row["location"]: row["location"] for row in rows}


def by_coordinate(rows: Rows) -> dict[str, str]:
    """Locations that share a coordinate count as one, named after the first; without coordinates, each by itself."""
    from networkx import Graph, connected_components

    graph = Graph()
    for row in rows:
        graph.add_node(row["location"])
        if (place := coordinate(row)) is not None:
            graph.add_edge(row["location"], place)
    groups = ([name for name in members if isinstance(name, str)] for members in connected_components(graph))
    return {name: min(names) for names in groups for name in names}


GROUPS: Mapping[str, Callable[[Rows], dict[str, str]]] = {"location": by_location, "coordinate": by_coordinate}
"""What stays together, by location."""


def coordinate(row: Mapping[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude of a clip, in degrees; None where the index has none."""
    return (float(row["lat"]), float(row["lon"])) if row["lat"].strip() and row["lon"].strip() else None


def by_name(places: list[str], name: str, number: int, how: Draw) -> tuple[list[str], int]:
    """A class's locations in a new order, and the block that fold 0 tests."""
    names, random = sorted(places), generator("split", how.seed, name)
    shuffled = [names[position] for position in random.permutation(len(names))]
    return shuffled, int(random.integers(how.folds)) if how.folds > 1 else 0


def by_label(places: list[str], name: str, number: int, how: Draw) -> tuple[list[str], int]:
    """As the released program: `data_splitter_by_id` of its `data_partition.py`; there are no folds.

    Raises:
        ConfigError: folds.
    """
    if how.folds > 1:
        raise ConfigError(f"split_draw: by_label makes one split; found folds {how.folds}, expected 1")
    shuffled = list(places)
    np.random.RandomState(number).shuffle(shuffled)
    return shuffled, 0


DRAWS: Mapping[str, Callable[[list[str], str, int, Draw], tuple[list[str], int]]] = {
    "by_name": by_name,
    "by_label": by_label,
}


def check_fractions(fractions: Sequence[float]) -> None:
    """Refuse fractions that are not three positive numbers with the sum 1."""
    if len(fractions) != 3 or min(fractions) <= 0 or not math.isclose(sum(fractions), 1.0, abs_tol=1e-9):
        raise ConfigError(
            f"fractions: found {list(fractions)}; expected three positive numbers (train, val, test), sum 1"
        )


def counts(locations: int, fractions: Sequence[float]) -> tuple[int, int, int]:
    """How many of a class's locations go to train, val, test; at least one each if there are three."""
    val, test = (max(1, math.floor(fraction * locations + 0.5)) for fraction in fractions[1:])
    # a large validation or test fraction of few locations must leave one to train on
    while locations - val - test < 1 and max(val, test) > 1:
        val, test = (val - 1, test) if val >= test else (val, test - 1)
    return locations - val - test, val, test


def rounded(weights: Sequence[int], fractions: Sequence[float]) -> tuple[int, int, int]:
    """Shares of locations, rounded: `counts`."""
    return counts(len(weights), fractions)


def floored(weights: Sequence[int], fractions: Sequence[float]) -> tuple[int, int, int]:
    """As the released program: training and validation get floors of their fractions, test the rest."""
    train, val = (math.floor(fraction * len(weights)) for fraction in fractions[:2])
    return train, val, len(weights) - train - val


def of_pairs(weights: Sequence[int], fractions: Sequence[float]) -> tuple[int, int, int]:
    """As the paper: fractions of the pairs, as near as whole locations come from below; at least one location each."""
    sums = list(accumulate(weights))
    ends = (fractions[0] * sums[-1], (fractions[0] + fractions[1]) * sums[-1])
    train, both = (sum(total <= end + 1e-9 for total in sums) for end in ends)
    train = min(max(1, train), len(weights) - 2)
    both = min(max(train + 1, both), len(weights) - 1)
    return train, both - train, len(weights) - both


class Unit(NamedTuple):
    """What fractions and folds are of: the weight of each location by its clips; how many locations each split has."""

    weigh: Callable[[Sequence[int]], Sequence[int]]
    shares: Callable[[Sequence[int], Sequence[float]], tuple[int, int, int]]


def _alike(clips: Sequence[int]) -> list[int]:
    return [1] * len(clips)


UNITS: Mapping[str, Unit] = {
    "rounded_locations": Unit(_alike, rounded),
    "floored_locations": Unit(_alike, floored),
    "pairs": Unit(list, of_pairs),
}


def _words_of_fold(weights: Sequence[int], folds: int, block: int, val: int) -> list[str]:
    """The split of each permuted location where a block of them is tested, and up to `val` after it validate."""
    sums = list(accumulate(weights))
    first, end = (sum(total * folds <= edge * sums[-1] for total in sums) for edge in (block, block + 1))
    words = ["train"] * len(weights)
    words[first:end] = ["test"] * (end - first)
    # one location at least is trained on
    for place in range(end, end + min(val, len(weights) - (end - first) - 1)):
        words[place % len(weights)] = "val"
    return words


def _check_enough(locations: Mapping[str, Collection[str]], folds: int) -> None:
    """Refuse classes of which some split would have no location, or some fold nothing to test.

    Raises:
        MediaError: names each, with its locations, and what to do.
    """
    # beside the largest block, one location to validate and one to train on
    least = next(n for n in count(max(3, folds)) if n - math.ceil(n / folds) >= 2 or folds == 1)
    few = {name: sorted(places) for name, places in sorted(locations.items()) if len(places) < least}
    if not few:
        return
    found = "; ".join(f"{name}: {len(places)} ({', '.join(places)})" for name, places in few.items())
    fewest = min(map(len, few.values()))
    smaller = [n for n in range(2, folds) if n <= fewest and fewest - math.ceil(fewest / n) >= 2]
    ways = [f"split.folds: {smaller[-1]} (and the fraction 1/{smaller[-1]} for test)"] if smaller else []
    ways += ["one split for all seeds with --set split.folds=1"] if folds > 1 and fewest >= 3 else []
    raise MediaError(
        f"classes with fewer than {least} locations, so that train, val and test"
        f"{f' of {folds} folds' if folds > 1 else ''} cannot each have one: {found}; "
        f"{', or '.join(['add locations', *ways, 'leave the class out with the setting source.classes'])}"
    )
