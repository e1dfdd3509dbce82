"""The record's folds and the released validation split, from its own locations; and folds that are refused.

`config/published/tau_locations.csv`: train and val are the released program's lists, test the record's evaluation list.
"""

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from overheard.errors import ConfigError, MediaError
from overheard.media.folds import FOLD_FILES, obey_folds, with_validation, without_city
from overheard.media.indexing import Index
from overheard.media.split_draws import Draw, by_name
from overheard.media.splits import check_leaks
from overheard.media.urban_names import index_clips
from overheard.scores.published import printed_values

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "config" / "published"
SPLITS = ("train", "val", "test")


def _read(name: str) -> list[dict[str, str]]:
    with (PUBLISHED / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


LOCATIONS = _read("tau_locations.csv")
SPLIT_OF = {f"{row['city']}-{row['location']}": row["split"] for row in LOCATIONS}


def _names(row: dict[str, str]) -> list[str]:
    """As many names as a location has clips; which numbers between the first and the last are free is not known."""
    first = int(row["first_segment"])
    return [f"{row['scene']}-{row['city']}-{row['location']}-{first + k}" for k in range(int(row["files"]))]


def _table(names: list[str], scene: bool = True) -> dict[int, dict[str, str]]:
    """A fold file's rows by line, as the record has them."""
    return {
        line: {"filename_audio": f"audio/{name}.wav", "filename_video": f"video/{name}.mp4"}
        | ({"scene_label": name.split("-")[0]} if scene else {})
        for line, name in enumerate(names, start=2)
    }


@pytest.fixture(scope="module")
def record() -> Index:
    """Every listed clip of the record, by the names of its folder and its fold files."""
    clips = {word: [name for row in LOCATIONS if row["split"] == word for name in _names(row)] for word in SPLITS}
    names = sorted(name for of_split in clips.values() for name in of_split)
    found = index_clips([path for name in names for path in (f"video/{name}.mp4", f"audio/{name}.wav")])
    tables = {
        "train": _table(clips["val"] + clips["train"]),
        "test": _table(clips["test"], scene=False),
        "evaluate": _table(clips["test"]),
    }
    obey_folds(found, tables)
    return found


def test_the_records_folds(record):
    assert (record.problems, record.warnings, record.leftovers) == ([], [], [])
    assert Counter(row["split"] for row in record.rows) == {"train": 8646, "test": 3645}
    places = {word: {row["location"] for row in record.rows if row["split"] == word} for word in ("train", "test")}
    assert (len(places["train"]), len(places["test"]), len(places["train"] & places["test"])) == (305, 126, 0)
    of_scene = defaultdict(set)
    for row in record.rows:
        if row["split"] == "test":
            of_scene[row["class"]].add(row["location"])
    # counted in that list by others: airport, bus, metro, metro station, park, square, mall, pedestrian, traffic, tram
    assert [len(of_scene[scene]) for scene in sorted(of_scene)] == [8, 15, 16, 14, 11, 12, 9, 14, 12, 15]


def test_ten_cities_and_not_the_twelve_of_the_text(record):
    cities = "barcelona helsinki lisbon london lyon milan paris prague stockholm vienna"
    assert sorted({row["city"] for row in record.rows}) == cities.split()


def test_the_released_validation_split_location_by_location(record):
    found = with_validation(record.rows, "released_locations", 0.5, 7)
    words = defaultdict(set)
    for row in record.rows:
        words[row["location"]].add(found[row["id"]])
    assert {location: {word} for location, word in SPLIT_OF.items()} == words
    files = Counter(found.values())
    assert [files[word] for word in SPLITS] == [7907, 739, 3645]
    assert [list(SPLIT_OF.values()).count(word) for word in SPLITS] == [278, 27, 126]


def test_the_order_of_rows_changes_no_split(record):
    for rule in ("released_locations", "by_location"):
        assert with_validation(record.rows[::-1], rule, 0.1, 3) == with_validation(record.rows, rule, 0.1, 3)


def test_validation_by_location(record):
    found = with_validation(record.rows, "by_location", 0.1, 3)
    check_leaks(record.rows, found)
    places = defaultdict(lambda: defaultdict(set))
    for row in record.rows:
        places[row["class"]][found[row["id"]]].add(row["location"])
        assert (found[row["id"]] == "test") == (row["split"] == "test")
    # a tenth of 21, 38, 37, 32, 29, 29, 22, 31, 30, 36 locations, rounded
    assert [len(places[scene]["val"]) for scene in sorted(places)] == [2, 4, 4, 3, 3, 3, 2, 3, 3, 4]
    train = sorted(places["park"]["train"] | places["park"]["val"])
    shuffled, _ = by_name(train[::-1], "park", 0, Draw((0.7, 0.1, 0.2), 3))
    assert set(shuffled[-3:]) == places["park"]["val"]
    assert with_validation(record.rows, "by_location", 0.1, 4) != found


def test_a_city_left_out_of_training(record):
    kept = without_city(record.rows, "london")
    assert Counter((row["split"], row["city"] == "london") for row in kept) == {
        ("train", False): sum(
            int(row["files"]) for row in LOCATIONS if row["split"] != "test" and row["city"] != "london"
        ),
        ("test", False): sum(
            int(row["files"]) for row in LOCATIONS if row["split"] == "test" and row["city"] != "london"
        ),
        ("test", True): sum(
            int(row["files"]) for row in LOCATIONS if row["split"] == "test" and row["city"] == "london"
        ),
    }
    assert "val" in with_validation(kept, "by_location", 0.1, 0).values()


def _rows(text: str) -> list[dict[str, str]]:
    """Rows of words `<scene>-<city>-<location>-<segment>:<fold>`."""
    found = index_clips([f"video/{word.split(':')[0]}.mp4" for word in text.split()])
    folds = dict(word.split(":") for word in text.split())
    return [row | {"split": folds[row["id"]]} for row in found.rows]


SMALL = (
    "bus-bonn-1-1:train bus-bonn-2-2:train bus-rome-3-3:test park-rome-4-4:train park-bonn-5-5:train park-bonn-6-6:test"
)


@pytest.mark.parametrize(
    ("rows", "city", "error", "message"),
    [
        (SMALL, "oslo", ConfigError, "city: found 'oslo'; expected one of bonn, rome"),
        (SMALL, "bonn", MediaError, "bonn: bus would have no training clips outside it; take another city"),
        (
            SMALL.replace("bus-rome-3-3:test", "bus-bonn-3-3:test"),
            "rome",
            MediaError,
            "rome: no test clips in it, so leaving it out of training shows nothing; take another city",
        ),
    ],
)
def test_cities_that_cannot_be_left_out(rows, city, error, message):
    with pytest.raises(error, match=re.escape(message)):
        without_city(_rows(rows), city)


@pytest.mark.parametrize(
    ("rows", "settings", "error", "message"),
    [
        (
            SMALL,
            ("by_clip", 0.1),
            ConfigError,
            "validation: found 'by_clip'; expected one of by_location, released_locations",
        ),
        (
            SMALL,
            ("by_location", 1.0),
            ConfigError,
            "validation fraction: found 1.0; expected a number above 0 and below 1",
        ),
        (
            SMALL.replace("6:test", "6:val").replace("5-5:train", "5-5:"),
            ("by_location", 0.1),
            MediaError,
            "2 of 6 clips are in neither the training nor the test fold: park-bonn-5-5 (none), park-bonn-6-6 (val); "
            "name them in evaluation_setup/fold1_train.csv or evaluation_setup/fold1_evaluate.csv",
        ),
        (
            SMALL.replace("bus-bonn-2-2", "bus-bonn-1-2").replace("park-rome-4-4:train park-bonn-5-5:train", ""),
            ("by_location", 0.1),
            MediaError,
            "scenes whose training locations cannot both train and validate (by_location): bus: 1, park: 0; add "
            "locations, or leave the scene out with the setting source.classes",
        ),
        (
            SMALL.replace("park-rome-4-4:train", "").replace("bus-bonn-2-2:train", "bus-bonn-2-2:test"),
            ("released_locations", 0.1),
            MediaError,
            "scenes whose training locations cannot both train and validate (released_locations): bus: 1, park: 1",
        ),
    ],
)
def test_no_validation_can_be_drawn(rows, settings, error, message):
    with pytest.raises(error, match=re.escape(message)):
        with_validation(_rows(rows), *settings, seed=0)


def test_no_test_clip_validates():
    words = with_validation(_rows(SMALL + " bus-bonn-1-9:test bus-bonn-2-9:test"), "by_location", 0.1, 0)
    assert [name for name in words if words[name] == "test"] == ["bus-bonn-1-9", "bus-bonn-2-9", *TEST]


def test_one_location_at_least_trains():
    for fraction in (0.01, 0.99):
        words = with_validation(_rows(SMALL), "by_location", fraction, 0)
        assert sorted(words.values()) == ["test", "test", "train", "train", "val", "val"]


TRAIN, VIDEOS = (
    [word[:-6] for word in SMALL.split() if word.endswith(":train")],
    [word.split(":")[0] for word in SMALL.split()],
)
TEST = sorted(set(VIDEOS) - set(TRAIN))
BOTH = f"{FOLD_FILES['train']} and {FOLD_FILES['evaluate']}"


def _obeyed(**tables: dict[int, dict[str, str]]) -> Index:
    found = index_clips([f"video/{name}.mp4" for name in VIDEOS])
    obey_folds(found, tables)
    return found


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"train": _table(TRAIN), "evaluate": _table([*TEST, "bus-bonn-1-1"])},
            f"{BOTH}: 1 clips stand in both (bus-bonn-1-1); keep each in one of them",
        ),
        (
            {"train": _table([*TRAIN, "tram-x-1-1", "tram-x-1-2"]), "evaluate": _table(TEST)},
            "evaluation_setup/fold1_train.csv: 2 of 6 files that it names are not there (video/tram-x-1-1.mp4, "
            "video/tram-x-1-2.mp4); add them, or remove their lines",
        ),
        (
            {"train": _table(TRAIN), "test": _table(["bus-rome-3-3"], scene=False)},
            "evaluation_setup/fold1_test.csv: no clip of park; every scene needs clips in both folds: add some, or "
            "leave the scene out with the setting source.classes",
        ),
        (
            {"train": _table(TRAIN[2:]), "evaluate": _table(TEST)},
            "evaluation_setup/fold1_train.csv: no clip of bus; every scene needs clips in both folds: add some, or "
            "leave the scene out with the setting source.classes",
        ),
        (
            {"test": _table(TEST), "evaluate": _table(TEST)},
            "evaluation_setup/fold1_train.csv: not there, beside evaluation_setup/fold1_test.csv and "
            "evaluation_setup/fold1_evaluate.csv; add it, or remove the fold files",
        ),
        (
            {"train": _table(TRAIN)},
            "evaluation_setup/fold1_test.csv: not there, beside evaluation_setup/fold1_train.csv; add it, or remove "
            "the fold files",
        ),
        (
            {"train": _table([*TRAIN, TRAIN[0]]), "evaluate": _table(TEST)},
            "evaluation_setup/fold1_train.csv, line 6: id bus-bonn-1-1 a second time (line 2); keep one line",
        ),
        (
            {"train": _table(TRAIN), "evaluate": {2: _table(TEST)[2], 3: _table(TEST)[3] | {"scene_label": "tram"}}},
            "evaluation_setup/fold1_evaluate.csv, line 3: park-bonn-6-6 is tram here and park by name, folder or "
            "meta.csv; correct one",
        ),
    ],
)
def test_folds_that_are_refused(tables, message):
    assert _obeyed(**tables).problems == [message]


def test_a_scene_that_is_left_out_may_stand_in_the_fold_files():
    found = index_clips([f"video/{name}.mp4" for name in [*VIDEOS, "tram-bonn-7-7"]])
    obey_folds(found, {"train": _table([*TRAIN, "tram-bonn-7-7"]), "evaluate": _table(TEST)}, ["bus", "park"])
    assert (found.problems, found.warnings) == ([], [])
    assert [row["id"] for row in found.rows] == sorted(VIDEOS)


def test_without_fold_files_no_clip_has_a_split():
    found = index_clips([f"video/{name}.mp4" for name in VIDEOS])
    obey_folds(found, {}, ["park"])
    assert {(row["class"], row["split"]) for row in found.rows} == {("park", "")}
    assert (found.problems, found.warnings) == ([], [])


def test_a_location_in_two_folds_is_refused():
    found = index_clips([f"video/{name}.mp4" for name in [*VIDEOS, "bus-bonn-2-9", "bus-bonn-2-8"]])
    obey_folds(found, {"train": _table([*TRAIN, "bus-bonn-2-9"]), "evaluate": _table([*TEST, "bus-bonn-2-8"])})
    assert found.problems == [
        f"{BOTH}: location bonn-2 stands in both (bus-bonn-2-2, bus-bonn-2-8), so the test would see a place that "
        "training saw; move its clips into one, or give other locations in meta.csv"
    ]


def test_clips_in_no_fold_are_left_out_by_name():
    found = _obeyed(train=_table([name for name in TRAIN if name != "bus-bonn-1-1"]), evaluate=_table(TEST))
    assert found.warnings == ["1 of 6 clips are in no fold file (bus-bonn-1-1): they are left out"]
    assert "bus-bonn-1-1" not in {row["id"] for row in found.rows}


def test_the_evaluation_list_goes_before_the_test_list():
    shorter = _table(TEST[:1], scene=False)
    found = _obeyed(train=_table(TRAIN), test=shorter, evaluate=_table(TEST))
    assert found.warnings == [
        "1 clips are in one of evaluation_setup/fold1_test.csv and evaluation_setup/fold1_evaluate.csv alone "
        "(park-bonn-6-6): the test fold is what the latter says"
    ]
    assert sorted(row["id"] for row in found.rows if row["split"] == "test") == TEST
    assert not found.problems


def test_table_1_adds_up_but_for_one_bus_clip():
    printed = printed_values(_read("tau_avsc.csv"), "Table 1", "tau_avsc.csv")
    files, places = Counter(), Counter()
    for row in LOCATIONS:
        files[row["scene"]] += int(row["files"])
        places[row["scene"]] += 1
    counted = {scene: files[scene] + (scene == "bus") for scene in files}
    for scene in files:
        assert printed[scene, "files", "count"].mean == counted[scene]
        assert printed[scene, "locations", "count"].mean == places[scene]
        # ten seconds a clip, printed with one decimal
        assert abs(printed[scene, "duration_min", "minutes"].mean - counted[scene] / 6) <= 0.05 + 1e-9
    assert printed["total", "files", "count"].mean == sum(counted.values()) == 12292
    assert printed["total", "locations", "count"].mean == sum(places.values()) == 431
    assert len(printed) == 3 * (len(files) + 1) == 33


def test_every_printed_number_stands_once():
    lines = _read("tau_avsc.csv")
    assert sum(len(printed_values(lines, table)) for table in {line["table"] for line in lines}) == len(lines) == 217


def test_the_records_archives_and_where_the_files_come_from():
    archives = _read("tau_archives.csv")
    kinds = Counter(re.search(r"development\.(audio|video|meta)\.", row["file"])[1] for row in archives)
    assert kinds == {"audio": 8, "video": 16, "meta": 1}
    assert all(re.fullmatch("[0-9a-f]{32}", row["md5"]) for row in archives)
    assert len({row["md5"] for row in archives}) == 25
    assert [row["file"] for row in archives if not row["bytes"]] == [archives[-1]["file"]]
    text = (PUBLISHED / "sources.yaml").read_text(encoding="utf-8")
    assert f"{sum(int(row['bytes']) for row in archives if row['bytes']):,} bytes" in text
    (record,) = yaml.safe_load(text).values()
    assert all((ROOT / record[key]).is_file() for key in ("archives", "locations", "numbers"))
