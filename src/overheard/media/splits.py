"""Training, validation and test clips, split by location within each class; and the checks that nothing leaks.

Drawn for each class by itself: sort its location names as plain strings, permute them by the generator
`seeds.generator("split", seed, class)`. A class added or removed does not change another class's split.

**One split** (folds = 1): the first locations for training, the next for validation, the rest for test. With n
locations, validation gets max(1, floor(0.1 n + 1/2)), test max(1, floor(0.2 n + 1/2)), training what remains (with the
fractions 0.7, 0.1, 0.2).

**Folds** (J > 1): the permuted names are cut into J blocks, block i from floor(i n / J) to floor((i + 1) n / J). The
same generator then draws a start from 0 to J - 1; fold f tests block (f + start) mod J, so that the larger blocks of
the classes do not all fall to the same folds. Validation gets the names that follow the block, in a circle, as many as
in one split; training the rest. Over all folds each location is tested exactly once.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import count

from overheard.errors import ConfigError, MediaError
from overheard.seeds import generator

SPLITS = ("train", "val", "test")
_SHOWN = 20


def has_own_split(rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether the user's data say which split a clip belongs to: then there are no folds."""
    return any(row["split"] for row in rows)


def split_clips(
    rows: Sequence[Mapping[str, str]], fractions: Sequence[float], seed: int, folds: int = 1, fold: int = 0
) -> dict[str, str]:
    """The split of every clip: the user's own where the index has one, else drawn.

    Args:
        rows: of the index of the pairs: id, class, location, recording, lat, lon, split.
        fractions: of the locations of a class for train, val, test; their sum is 1. Of folds each tests 1/folds.
        seed: of the draw.
        folds: how many there are; each location is tested in one of them; 1: one split.
        fold: which of them, from 0.

    Returns:
        Split by id, sorted by id.

    Raises:
        ConfigError: impossible fractions.
        MediaError: a class with too few locations, an incomplete `split` column, a leak.
    """
    check_fractions(fractions)
    if not 0 <= fold < folds:
        raise ConfigError(f"fold: found {fold}, expected 0 to {folds - 1}, one of {folds} folds")
    given = has_own_split(rows)
    assigned = _given(rows) if given else _drawn(rows, fractions, seed, folds, fold)
    _check_presence(rows, assigned, given)
    check_leaks(rows, assigned)
    return dict(sorted(assigned.items()))


def check_splittable(
    rows: Sequence[Mapping[str, str]], fractions: Sequence[float], seed: int, folds: int, wanted: Collection[int]
) -> None:
    """Refuse clips of which no study can be made, by what names and metadata say alone: before anything is decoded.

    Args:
        rows: as for `split_clips`, whose arguments the others are too.
        wanted: the folds that are asked for.

    Raises:
        MediaError: one class, or whatever `split_clips` refuses in one of the folds.
    """
    check_classes(rows)
    for fold in sorted(wanted):
        split_clips(rows, fractions, seed, folds, fold)


def check_classes(rows: Sequence[Mapping[str, str]]) -> None:
    """Refuse a study of one class: whoever knows nothing reaches F 100 there.

    Raises:
        MediaError: names the class.
    """
    classes = {row["class"] for row in rows}
    if len(classes) < 2:
        raise MediaError(
            f"one class ({', '.join(classes)}), so there is nothing to tell apart; expected two or more: add a class "
            "folder, or name more in the setting source.classes"
        )


def training_labels(
    rows: Sequence[Mapping[str, str]], assigned: Mapping[str, str], redrawn: float, seed: int
) -> dict[str, str]:
    """The class that training sees of each training clip: in so large a share drawn again, from all clips' classes.

    Args:
        rows: of the index: id, class.
        assigned: split by id.
        redrawn: share of the clips, 0..1; what is drawn may be the true class.
        seed: of the draw; a clip has the same label in every fold that trains on it.
    """
    classes = [row["class"] for row in sorted(rows, key=lambda row: row["id"])]
    found = {}
    for row in rows:
        if assigned[row["id"]] == "train":
            rng = generator("redrawn label", seed, row["id"])
            again, drawn = rng.random() < redrawn, classes[rng.integers(len(classes))]
            found[row["id"]] = drawn if again else row["class"]
    return found


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


def _drawn(
    rows: Sequence[Mapping[str, str]], fractions: Sequence[float], seed: int, folds: int, fold: int
) -> dict[str, str]:
    locations: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        locations[row["class"]].add(row["location"])
    _check_enough(locations, folds)
    split_of = {}
    for name, places in sorted(locations.items()):
        names, random = sorted(places), generator("split", seed, name)
        shuffled = [names[position] for position in random.permutation(len(names))]
        shares = counts(len(names), fractions)
        words = [word for word, n in zip(SPLITS, shares, strict=True) for _ in range(n)]
        if folds > 1:
            words = _words_of_fold(len(names), folds, (fold + int(random.integers(folds))) % folds, shares[1])
        split_of |= {(name, place): word for place, word in zip(shuffled, words, strict=True)}
    return {row["id"]: split_of[row["class"], row["location"]] for row in rows}


def _words_of_fold(locations: int, folds: int, block: int, val: int) -> list[str]:
    """The split of each permuted location where a block of them is tested, and up to `val` after it validate."""
    first, end = block * locations // folds, (block + 1) * locations // folds
    words = ["train"] * locations
    words[first:end] = ["test"] * (end - first)
    # one location at least is trained on
    for place in range(end, end + min(val, locations - (end - first) - 1)):
        words[place % locations] = "val"
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
