"""The folds that a data set came with, obeyed; and which locations of the training fold validate.

The record of TAU Urban Audio-Visual Scenes has one fold: `FOLD_FILES`, tab separated. `fold1_test.csv` names the clips
of `fold1_evaluate.csv` without their scenes; where both are there, the latter decides, as scores are computed on it.

Validation is drawn from the training fold, for each scene by itself. `by_location`: as many as a fraction of its
locations, permuted as `split_draws.by_name` does; the last of them. `released_locations`: the released program's draw.
"""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from overheard.errors import ConfigError, MediaError
from overheard.media.indexing import Index
from overheard.media.metadata import Given, Table, some
from overheard.media.split_draws import Draw, Rows, by_name
from overheard.media.urban_names import named_rows

FOLD_FILES = {word: f"evaluation_setup/fold1_{word}.csv" for word in ("train", "test", "evaluate")}
RELEASED_FRACTION = 0.1
RELEASED_SEED = 30

Sizes = Mapping[str, Mapping[str, int]]
"""Clips of each location, by scene and location."""


def obey_folds(found: Index, tables: Mapping[str, Table], classes: Collection[str] | None = None) -> None:
    """Give each clip of an index the fold that the fold files say, train or test; clips that none names are left out.

    Args:
        found: of all scenes; rows get their `split`; takes what is wrong, and what a person should know.
        tables: of `FOLD_FILES`, those that are there, by word; rows by line. Where there are none, split stays empty.
        classes: the scenes to keep, whatever else the fold files name; None keeps all.
    """
    given = Given()
    known = {row["id"]: row["class"] for row in found.rows}
    listed = {word: _listed(FOLD_FILES[word], table, known, given) for word, table in tables.items()}
    found.rows = [row for row in found.rows if classes is None or row["class"] in classes]
    tested = "evaluate" if "evaluate" in listed else "test"
    files = {"train": FOLD_FILES["train"], "test": FOLD_FILES[tested]}
    if listed and (absent := [files[word] for word in files if (tested if word == "test" else word) not in listed]):
        others = " and ".join(FOLD_FILES[word] for word in listed)
        given.problems.append(f"{absent[0]}: not there, beside {others}; add it, or remove the fold files")
    elif listed:
        if "test" in listed and (differ := sorted(listed["test"] ^ listed[tested])):
            given.warnings.append(
                f"{len(differ)} clips are in one of {FOLD_FILES['test']} and {files['test']} alone ({some(differ)}): "
                "the test fold is what the latter says"
            )
        _check_folds(found.rows, listed["train"], listed[tested], files, given)
        for row in found.rows:
            row["split"] = "train" if row["id"] in listed["train"] else "test" if row["id"] in listed[tested] else ""
        if unlisted := [row["id"] for row in found.rows if not row["split"]]:
            given.warnings.append(
                f"{len(unlisted)} of {len(found.rows)} clips are in no fold file ({some(unlisted)}): they are left out"
            )
            found.rows = [row for row in found.rows if row["split"]]
    found.take(given)


def _listed(file: str, table: Table, known: Mapping[str, str], given: Given) -> set[str]:
    """Ids of the clips that a fold file names; `known` has the scene of each that is there."""
    listed, absent = set(), []
    for line, name, row in named_rows(table, file, given):
        listed.add(name)
        if name not in known:
            absent.append(row["file"])
        elif (row.get("scene_label") or known[name]) != known[name]:
            given.problems.append(
                f"{file}, line {line}: {name} is {row['scene_label']} here and {known[name]} by name, folder or "
                "meta.csv; correct one"
            )
    if absent:
        given.problems.append(
            f"{file}: {len(absent)} of {len(table)} files that it names are not there ({some(absent)}); add them, or "
            "remove their lines"
        )
    return listed


def _check_folds(rows: Rows, train: set[str], test: set[str], files: Mapping[str, str], given: Given) -> None:
    """Refuse a clip or a location in both folds, and a scene that is missing in one."""
    both = f"{files['train']} and {files['test']}"
    if twice := sorted(train & test):
        given.problems.append(f"{both}: {len(twice)} clips stand in both ({some(twice)}); keep each in one of them")
    places: dict[str, dict[str, str]] = defaultdict(dict)
    scenes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for word, names in (("train", train), ("test", test)):
            if row["id"] in names:
                scenes[row["class"]].add(word)
                if row["id"] not in twice:
                    places[row["location"]].setdefault(word, row["id"])
    for location, clips in sorted(places.items()):
        if len(clips) > 1:
            given.problems.append(
                f"{both}: location {location} stands in both ({clips['train']}, {clips['test']}), so the test would "
                "see a place that training saw; move its clips into one, or give other locations in meta.csv"
            )
    for word in ("train", "test"):
        if missing := sorted({row["class"] for row in rows if word not in scenes[row["class"]]}):
            given.problems.append(
                f"{files[word]}: no clip of {', '.join(missing)}; every scene needs clips in both folds: add some, or "
                "leave the scene out with the setting source.classes"
            )


def with_validation(rows: Rows, rule: str, fraction: float, seed: int) -> dict[str, str]:
    """The split of every clip where the data say which train and which test: some of the training locations validate.

    Args:
        rows: of the index: id, class, location, split (train or test).
        rule: word of `VALIDATIONS`.
        fraction: of a scene's training locations, above 0 and below 1; `released_locations` has its own.
        seed: of the draw; `released_locations` has its own.

    Returns:
        train, val or test by id, sorted by id.

    Raises:
        ConfigError: an unknown rule, an impossible fraction.
        MediaError: a clip without a fold, or a scene whose training locations cannot both train and validate.
    """
    if rule not in VALIDATIONS:
        raise ConfigError(f"validation: found {rule!r}; expected one of {', '.join(VALIDATIONS)}")
    if not 0 < fraction < 1:
        raise ConfigError(f"validation fraction: found {fraction}; expected a number above 0 and below 1, e.g. 0.1")
    if wrong := [f"{row['id']} ({row['split'] or 'none'})" for row in rows if row["split"] not in ("train", "test")]:
        raise MediaError(
            f"{len(wrong)} of {len(rows)} clips are in neither the training nor the test fold: {some(wrong)}; name "
            f"them in {FOLD_FILES['train']} or {FOLD_FILES['evaluate']}"
        )
    sizes: dict[str, dict[str, int]] = {name: {} for name in sorted({row["class"] for row in rows})}
    for row in rows:
        if row["split"] == "train":
            its = sizes[row["class"]]
            its[row["location"]] = its.get(row["location"], 0) + 1
    validates = VALIDATIONS[rule](sizes, fraction, seed)
    if few := [f"{name}: {len(its)}" for name, its in sizes.items() if not 0 < len(validates[name]) < len(its)]:
        raise MediaError(
            f"scenes whose training locations cannot both train and validate ({rule}): {', '.join(few)}; add "
            "locations, or leave the scene out with the setting source.classes"
        )
    assigned = {
        row["id"]: "val" if row["split"] == "train" and row["location"] in validates[row["class"]] else row["split"]
        for row in rows
    }
    return dict(sorted(assigned.items()))


def by_location(sizes: Sizes, fraction: float, seed: int) -> dict[str, set[str]]:
    """Of n locations of a scene, max(1, floor(fraction n + 1/2)) validate; one at least is left to train on."""
    found = {}
    for scene, its in sizes.items():
        shuffled, _ = by_name(list(its), scene, 0, Draw((1 - fraction, fraction), seed))
        n = min(max(1, math.floor(fraction * len(shuffled) + 0.5)), len(shuffled) - 1)
        found[scene] = set(shuffled[len(shuffled) - n :])
    return found


def released_locations(sizes: Sizes, fraction: float, seed: int) -> dict[str, set[str]]:
    """As the released program: scenes by name, their locations sorted as text; one is drawn at a time until those drawn
    hold at least the integer part of nine tenths of the scene's clips; what is not drawn validates.
    """
    rng = random.Random(RELEASED_SEED)
    found = {}
    for scene, its in sorted(sizes.items()):
        # the program knows a location by its number alone
        left = sorted(its, key=lambda place: (place.rsplit("-", 1)[-1], place))
        enough, held = int((1 - RELEASED_FRACTION) * sum(its.values())), 0
        while held < enough:
            drawn = rng.choice(left)
            left.remove(drawn)
            held += its[drawn]
        found[scene] = set(left)
    return found


VALIDATIONS: Mapping[str, Callable[[Sizes, float, int], dict[str, set[str]]]] = {
    "by_location": by_location,
    "released_locations": released_locations,
}


def without_city(rows: Rows, city: str) -> Rows:
    """Rows without the training fold's clips of a city, so that its test clips are of a place that training never saw.

    Args:
        rows: of the index: id, class, city, split (train or test).
        city: one of theirs; all test clips stay.

    Raises:
        ConfigError: no such city.
        MediaError: no test clips in it, or a scene whose training clips are all from there.
    """
    if city not in (known := sorted({row["city"] for row in rows} - {""})):
        raise ConfigError(f"city: found {city!r}; expected one of {', '.join(known) or 'none: no clip has a city'}")
    if not any(row["city"] == city and row["split"] == "test" for row in rows):
        raise MediaError(f"{city}: no test clips in it, so leaving it out of training shows nothing; take another city")
    kept = [row for row in rows if row["city"] != city or row["split"] == "test"]
    trained = {row["class"] for row in kept if row["split"] == "train"}
    if lost := sorted({row["class"] for row in rows} - trained):
        raise MediaError(f"{city}: {', '.join(lost)} would have no training clips outside it; take another city")
    return kept
