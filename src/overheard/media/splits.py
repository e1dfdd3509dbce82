"""Training, validation and test clips, split by location within each class; and the checks that nothing leaks.

Drawn for each class by itself: sort its location names as plain strings, permute them by the generator
`seeds.generator("split", seed, class)`, take the first ones for training, the next for validation, the rest for test.
With n locations, validation gets max(1, floor(0.1 n + 1/2)), test max(1, floor(0.2 n + 1/2)), training what remains
(with the fractions 0.7, 0.1, 0.2). A class added or removed does not change another class's split.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from overheard.errors import ConfigError, MediaError
from overheard.seeds import generator

SPLITS = ("train", "val", "test")
_SHOWN = 20


def split_clips(rows: Sequence[Mapping[str, str]], fractions: Sequence[float], seed: int) -> dict[str, str]:
    """The split of every clip: the user's own where the index has one, else drawn.

    Args:
        rows: of the index of the pairs: id, class, location, recording, lat, lon, split.
        fractions: of the locations of a class for train, val, test; their sum is 1.
        seed: of the draw.

    Returns:
        Split by id, sorted by id.

    Raises:
        ConfigError: impossible fractions.
        MediaError: a class with too few locations, an incomplete `split` column, a leak.
    """
    check_fractions(fractions)
    given = any(row["split"] for row in rows)
    assigned = _given(rows) if given else _drawn(rows, fractions, seed)
    _check_presence(rows, assigned, given)
    check_leaks(rows, assigned)
    return dict(sorted(assigned.items()))


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


def _drawn(rows: Sequence[Mapping[str, str]], fractions: Sequence[float], seed: int) -> dict[str, str]:
    locations: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        locations[row["class"]].add(row["location"])
    few = {name: sorted(places) for name, places in sorted(locations.items()) if len(places) < 3}
    if few:
        found = "; ".join(f"{name}: {len(places)} ({', '.join(places)})" for name, places in few.items())
        raise MediaError(
            f"classes with fewer than three locations, so that train, val and test cannot each have one: {found}; "
            "add locations, or leave the class out with the setting source.classes"
        )
    split_of = {}
    for name, places in sorted(locations.items()):
        names = sorted(places)
        shuffled = [names[position] for position in generator("split", seed, name).permutation(len(names))]
        words = [word for word, n in zip(SPLITS, counts(len(places), fractions), strict=True) for _ in range(n)]
        split_of |= {(name, place): word for place, word in zip(shuffled, words, strict=True)}
    return {row["id"]: split_of[row["class"], row["location"]] for row in rows}


def _given(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    wrong = [row for row in rows if row["split"] not in SPLITS]
    if wrong:
        found = ", ".join(f"{row['id']} ({row['split'] or 'empty'})" for row in wrong[:_SHOWN])
        raise MediaError(
            f"metadata.csv, column split: {len(wrong)} of {len(rows)} clips have no usable split: {found}; "
            "expected train, val or test for every clip, or no such column at all"
        )
    return {row["id"]: row["split"] for row in rows}


def _check_presence(rows: Sequence[Mapping[str, str]], assigned: Mapping[str, str], given: bool) -> None:
    present: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        present[row["class"]].add(assigned[row["id"]])
    missing = [f"{name} has none in {word}" for name in sorted(present) for word in SPLITS if word not in present[name]]
    if missing:
        raise MediaError(
            f"{'metadata.csv, column split: ' if given else ''}every class needs a location in each split; "
            f"{'; '.join(missing)}; change the column, or leave the class out with the setting source.classes"
        )


def check_leaks(rows: Sequence[Mapping[str, str]], assigned: Mapping[str, str]) -> None:
    """Refuse a location, a recording or a coordinate that stands in two splits.

    Raises:
        MediaError: names each, with one clip for each split.
    """
    leaks = [
        *_shared(rows, assigned, "location", lambda row: row["location"]),
        *_shared(rows, assigned, "recording", lambda row: row["recording"]),
        *_shared(rows, assigned, "coordinate", _coordinate),
    ]
    if leaks:
        more = f"\n  and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
        raise MediaError(
            "the same thing in two splits, so the test would see what training saw:\n  "
            + "\n  ".join(leaks[:_SHOWN])
            + more
            + "\ngive such clips one location, or one split, in metadata.csv"
        )


def _coordinate(row: Mapping[str, str]) -> tuple[float, float] | None:
    return (float(row["lat"]), float(row["lon"])) if row["lat"].strip() and row["lon"].strip() else None


def _shared(rows, assigned, what, key) -> list[str]:
    """Lines for each value of `key` that has clips in more than one split."""
    places: dict[object, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if (value := key(row)) not in (None, ""):
            places[value].setdefault(assigned[row["id"]], row["id"])
    return [
        f"{what} {value}: " + ", ".join(f"{word} ({clip})" for word, clip in sorted(words.items()))
        for value, words in sorted(places.items())
        if len(words) > 1
    ]
