"""Training, validation and test clips, split by location within each class; and the checks that nothing leaks.

How locations are drawn where the user's data do not say it: `split_draws`.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from overheard.errors import MediaError
from overheard.media.folds import with_validation
from overheard.media.split_draws import SPLITS, Draw, Rows, coordinate, drawn
from overheard.seeds import generator

_SHOWN = 20


def has_own_split(rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether the user's data say which split a clip belongs to: then there are no folds."""
    return any(row["split"] for row in rows)


def split_clips(rows: Rows, how: Draw, fold: int = 0) -> dict[str, str]:
    """The split of every clip: the user's own where the index has one, else drawn.

    Args:
        rows: of the index of the pairs: id, class, location, recording, lat, lon, split.
        how: they are drawn.
        fold: which of the folds, from 0.

    Returns:
        Split by id, sorted by id.

    Raises:
        ConfigError: impossible fractions, an unknown word, folds with a draw that makes one split.
        MediaError: a class with too few locations, an incomplete `split` column, a leak.
    """
    given = has_own_split(rows)
    assigned = _given(rows, how) if given else drawn(rows, how, fold)
    _check_presence(rows, assigned, given)
    check_leaks(rows, assigned)
    return dict(sorted(assigned.items()))


def check_splittable(rows: Rows, how: Draw, wanted: Collection[int]) -> None:
    """Refuse clips of which no study can be made, by what names and metadata say alone: before anything is decoded.

    Args:
        rows: as for `split_clips`.
        how: they are drawn.
        wanted: the folds that are asked for.

    Raises:
        MediaError: one class, or whatever `split_clips` refuses in one of the folds.
    """
    check_classes(rows)
    for fold in sorted(wanted):
        split_clips(rows, how, fold)


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


def _given(rows: Rows, how: Draw) -> dict[str, str]:
    """The user's own split; of his training locations some validate, where he does not say which."""
    if how.validation and not any(row["split"] == "val" for row in rows):
        train, val, _ = how.fractions
        return with_validation(rows, how.validation, val / (train + val), how.seed)
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
        *_shared(rows, assigned, "coordinate", coordinate),
    ]
    if leaks:
        more = f"\n  and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
        raise MediaError(
            "the same thing in two splits, so the test would see what training saw:\n  "
            + "\n  ".join(leaks[:_SHOWN])
            + more
            + "\ngive such clips one location, or one split, in metadata.csv"
        )


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
