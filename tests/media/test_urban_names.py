"""Names of TAU Urban Audio-Visual Scenes to rows: what is read from them, what joins, what is refused."""

import pytest

from overheard.media.indexing import statistics
from overheard.media.urban_names import COLUMNS, Parts, clip_id, index_clips, parts

RECORD = ["video/park-lyon-1112-40646.mp4", "video/park-paris-9-7.mp4", "video/metro_station-paris-12-8.mp4"]
SOUNDS = [f"audio/{path[6:-4]}.wav" for path in RECORD]


def _lines(*rows: dict[str, str]) -> dict[int, dict[str, str]]:
    """Rows of a table by their line in the file."""
    return dict(enumerate(rows, start=2))


@pytest.mark.parametrize(
    ("path", "expected"),
    # names of the record's own lists, of both releases
    [
        ("audio/tram-lyon-1112-41121.wav", Parts("tram", "lyon", "1112", "41121")),
        ("video/park-prague-1185-44666-a.mp4", Parts("park", "prague", "1185", "44666")),
        (
            "video/public_square/public_square-barcelona-248-7391.MP4",
            Parts("public_square", "barcelona", "248", "7391"),
        ),
        ("video/tram-lyon-1112.mp4", None),
        ("video/tram-lyon-1112-41121-b.mp4", None),
        ("video/tram-lyon-x-41121.mp4", None),
        ("video/holiday.mp4", None),
    ],
)
def test_parts_of_a_name(path, expected):
    assert parts(path) == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("audio/tram-lyon-1-2-a.wav", "tram-lyon-1-2"),
        ("video/tram/tram-lyon-1-2.mp4", "tram-lyon-1-2"),
        ("x-a.mov", "x-a"),
    ],
)
def test_only_the_records_names_lose_their_a(path, name):
    assert clip_id(path) == name


@pytest.mark.parametrize("behind", ["", "-a"])
@pytest.mark.parametrize("by_scene", [False, True])
def test_every_layout_of_the_record_makes_the_same_rows(behind, by_scene):
    videos = [f"video/{f'{parts(path).scene}/' if by_scene else ''}{clip_id(path)}{behind}.mp4" for path in RECORD]
    found = index_clips([*videos, *SOUNDS][::-1])
    assert [[row[key] for key in ("id", "class", "location", "city", "segment", "sound")] for row in found.rows] == [
        ["metro_station-paris-12-8", "metro_station", "paris-12", "paris", "8", SOUNDS[2]],
        ["park-lyon-1112-40646", "park", "lyon-1112", "lyon", "40646", SOUNDS[0]],
        ["park-paris-9-7", "park", "paris-9", "paris", "7", SOUNDS[1]],
    ]
    assert {row["id"]: row["video"] for row in found.rows} == {clip_id(path): path for path in videos}
    assert all(tuple(row) == COLUMNS for row in found.rows)
    assert all(row["recording"] == row["location"] and row["split"] == "" for row in found.rows)
    assert not found.problems
    assert not found.leftovers
    assert not found.warnings
    assert statistics(found.rows)[1] == {"class": "park", "pairs": 2, "locations": 2, "recordings": 2}


def test_a_folder_of_a_users_own_names():
    found = index_clips(["video/lake/one.MOV", "video/lake/two.avi", "video/my-pond/a-3.mkv"])
    assert [[row[key] for key in ("id", "class", "location", "city", "sound")] for row in found.rows] == [
        ["a-3", "my-pond", "a-3", "", ""],
        ["one", "lake", "one", "", ""],
        ["two", "lake", "two", "", ""],
    ]
    assert found.warnings == [
        "3 names are not <scene>-<city>-<location>-<segment> and have no identifier in meta.csv (a-3, one, two): each "
        "counts as its own location, so neighbouring clips may fall into training and test"
    ]
    assert not found.problems


def test_meta_goes_before_names_and_folders():
    meta = _lines(
        {
            "filename_audio": "audio/one.wav",
            "filename_video": "video/one.mp4",
            "scene_label": "lake",
            "identifier": "bonn-3",
        },
        {
            "filename_audio": "",
            "filename_video": "video/park-lyon-1-2.mp4",
            "scene_label": "tram",
            "identifier": "lyon-4",
        },
    )
    found = index_clips(["video/one.mp4", "video/park-lyon-1-2.mp4", "audio/one.wav"], meta)
    assert [[row[key] for key in ("id", "class", "location", "city", "segment")] for row in found.rows] == [
        ["one", "lake", "bonn-3", "bonn", ""],
        ["park-lyon-1-2", "tram", "lyon-4", "lyon", "2"],
    ]
    assert found.warnings == [
        "park-lyon-1-2: scene tram by meta.csv, though names and folders say park",
        "park-lyon-1-2: location lyon-4 by meta.csv, though its name says lyon-1",
        "1 of 2 clips have no file in audio/ (park-lyon-1-2): their sound is the video's own track",
    ]
    assert not found.problems


def test_a_release_with_a_joins_tables_without_it():
    meta = _lines(*({"filename_video": path, "identifier": "", "source_label": "a"} for path in RECORD))
    found = index_clips([path.replace(".mp4", "-a.mp4") for path in RECORD], meta)
    assert [row["location"] for row in found.rows] == ["paris-12", "lyon-1112", "paris-9"]
    assert (found.problems, found.warnings, found.columns) == ([], [], [])


def test_clips_that_meta_does_not_name_are_said():
    found = index_clips(RECORD, _lines({"filename_video": RECORD[0], "scene_label": "park", "remark": ""}))
    assert found.warnings == [
        "2 of 3 clips have no line in meta.csv (metro_station-paris-12-8, park-paris-9-7): scene and location are what "
        "their names and folders say"
    ]
    assert found.columns == ["remark"]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (
            ["video/holiday.mp4"],
            "video/holiday.mp4: no scene; expected the name <scene>-<city>-<location>-<segment>, a folder "
            "video/<scene>/, or a scene_label in meta.csv",
        ),
        (
            ["video/bus/1.mp4", "video/park/1.mp4"],
            "video/bus/1.mp4, video/park/1.mp4: 2 files of one name, 1; rename or remove one",
        ),
        (
            ["video/park-lyon-1-2-a.mp4", "video/park-lyon-1-2.mp4"],
            "video/park-lyon-1-2-a.mp4, video/park-lyon-1-2.mp4: 2 files of one name, park-lyon-1-2; rename or remove "
            "one",
        ),
        (
            ["video/bus/1.mp4", "audio/bus/1.wav", "audio/1.flac"],
            "audio/1.flac, audio/bus/1.wav: 2 files of one name, 1; rename or remove one",
        ),
        (
            ["video/bus/1.mp4", "audio/park/1.wav"],
            "video/bus/1.mp4, audio/park/1.wav: scenes bus and park by folder and name; rename or move the files, or "
            "give scene_label in meta.csv",
        ),
        (
            ["video/bus/park-lyon-1-2.mp4"],
            "video/bus/park-lyon-1-2.mp4: scenes bus and park by folder and name; rename or move the files, or give "
            "scene_label in meta.csv",
        ),
        (["video/a/b/1.mp4"], "video/a/b/1.mp4: expected video/<clip> or video/<scene>/<clip>; move it"),
        (
            ["video/park/1.webm"],
            "video/park/1.webm: extension .webm, expected .mp4, .mov, .avi or .mkv; convert or remove it",
        ),
        (["video/park/1"], "video/park/1: no extension, expected .mp4, .mov, .avi or .mkv; convert or remove it"),
        (["video/park/ 1.mp4"], "video/park/ 1.mp4: the name has a blank at its start or end; rename it"),
        (
            ["video/Park/1.mp4", "video/park/2.mp4"],
            "classes Park and park: they differ in case, blanks or width alone; rename one",
        ),
        (
            ["video/park-lyon-1-2.mp4", "video/tram-lyon-1-3.mp4"],
            "location lyon-1 stands in 2 classes: park (park-lyon-1-2), tram (tram-lyon-1-3); a location belongs to "
            "one class: rename it, or give other locations in meta.csv",
        ),
    ],
)
def test_names_that_are_refused(paths, message):
    assert index_clips(paths).problems == [message]


def test_a_sound_without_its_video_is_left_over():
    found = index_clips([*RECORD, *SOUNDS, "audio/park-lyon-1-1.wav"])
    assert found.leftovers == ["audio/park-lyon-1-1.wav: no video/park-lyon-1-1.* with it"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"file": "x", "scene_label": "park"}],
            "meta.csv: no column filename_audio or filename_video; found file, scene_label",
        ),
        ([], "meta.csv: no column filename_audio or filename_video; found no line"),
        (
            [{"filename_video": RECORD[0], "scene_lable": "park"}],
            "meta.csv: column scene_lable; write scene_label, or give it another name",
        ),
        (
            [{"filename_video": RECORD[0]}, {"filename_video": "park-lyon-1112-40646-a.mp4"}],
            "meta.csv, line 3: id park-lyon-1112-40646 a second time (line 2); keep one line",
        ),
        (
            [{"filename_audio": SOUNDS[1], "filename_video": RECORD[0]}],
            f"meta.csv, line 2: {SOUNDS[1]} and {RECORD[0]} are two clips; correct the line",
        ),
        ([{"filename_video": ""}], "meta.csv, line 2: no id; give it, or remove the line"),
        (
            [{"filename_video": RECORD[0]}, {"filename_video": "video/bus-lyon-1-1.mp4"}, {"filename_video": "x.mp4"}],
            "meta.csv: 2 of 3 lines name clips that are not there (video/bus-lyon-1-1.mp4, x.mp4); add the missing "
            "videos, or remove the lines",
        ),
        (
            [{"filename_video": RECORD[0], "identifier": "ly\u200bon-3"}],
            "meta.csv, line 2: identifier 'ly\\u200bon-3': the name has an invisible sign in it, U+200B (zero width "
            "space); correct it",
        ),
    ],
)
def test_tables_that_are_refused(rows, message):
    assert index_clips(RECORD, _lines(*rows)).problems == [message]
