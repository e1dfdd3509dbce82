"""Names to rows: what joins, what is left over, what is refused."""

import pytest

from overheard.media.indexing import index_pairs, index_scenes, index_sounds, location_of, statistics


def _lines(*rows: dict[str, str]) -> dict[int, dict[str, str]]:
    """Rows of a table by their line in the file."""
    return dict(enumerate(rows, start=2))


def _folder(*names: str) -> tuple[list[str], list[str]]:
    return [f"vision/{name}.jpg" for name in names], [f"sound/{name}.wav" for name in names]


def test_pairs_join_by_name_whatever_the_order_and_the_extension():
    pictures = ["vision/lake/00002.JPG", "vision/lake/00001_1.png", "vision/forest/00003.tif"]
    sounds = ["sound/forest/00003.OGG", "sound/lake/00001_1.flac", "sound/lake/00002.mp3"]
    found = index_pairs(pictures, sounds)
    assert [(row["id"], row["class"], row["location"], row["image"], row["sound"]) for row in found.rows] == [
        ("00001_1", "lake", "00001", "vision/lake/00001_1.png", "sound/lake/00001_1.flac"),
        ("00002", "lake", "00002", "vision/lake/00002.JPG", "sound/lake/00002.mp3"),
        ("00003", "forest", "00003", "vision/forest/00003.tif", "sound/forest/00003.OGG"),
    ]
    assert not found.problems
    assert not found.leftovers
    assert not found.warnings


def test_one_missing_sound_shifts_nothing():
    pictures, sounds = _folder("lake/00001", "lake/00002", "lake/00003")
    found = index_pairs(pictures, sounds[:1] + sounds[2:])
    assert found.leftovers == ["vision/lake/00002.jpg: no sound/lake/00002.* with it"]
    assert {row["image"][-9:-4]: row["sound"][-9:-4] for row in found.rows} == {"00001": "00001", "00003": "00003"}


def test_a_sound_without_its_picture_is_left_over():
    pictures, sounds = _folder("lake/00001", "lake/00002")
    assert index_pairs(pictures[1:], sounds).leftovers == ["sound/lake/00001.wav: no vision/lake/00001.* with it"]


@pytest.mark.parametrize(
    ("names", "location"),
    [("00001", "00001"), ("12172_4", "12172"), ("1234", None), ("123456", None), ("00001_", None), ("a00001", None)],
)
def test_location_of_a_name(names, location):
    assert location_of(names) == location


def test_names_without_a_location_count_for_themselves_and_are_warned_of():
    found = index_pairs(*_folder("lake/pond", "lake/00001"))
    assert {row["id"]: row["location"] for row in found.rows} == {"pond": "pond", "00001": "00001"}
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("1 names are not NNNNN or NNNNN_k")


def test_metadata_goes_before_names():
    rows = [{"id": "pond", "class": "harbour", "location": "L1", "lat": "48.1", "lon": "-11.5", "split": "val"}]
    (row,) = index_pairs(*_folder("lake/pond"), metadata=_lines(*rows)).rows
    assert (row["class"], row["location"], row["recording"], row["lat"], row["lon"], row["split"]) == (
        "harbour",
        "L1",
        "L1",
        "48.1",
        "-11.5",
        "val",
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "00009", "class": "lake"}], "id 00009 has no file of this name"),
        ([{"id": "00001", "class": "lake"}] * 2, "line 3: id 00001 a second time"),
        ([{"id": "00001", "Ort": "x"}], "columns id, Ort; expected id and some of class, location"),
        ([{"id": "00001", "lat": "1"}], "one of the columns lat and lon without the other"),
        ([{"id": "00001", "lat": "", "lon": "3"}], "lat is empty and the other is not"),
        ([{"id": "00001", "lat": "91", "lon": "3"}], "lat 91 is outside -90 to 90"),
        ([{"id": "00001", "lat": "1", "lon": "3 E"}], "lon '3 E' is not a number"),
        ([{"id": "00001", "lat": "nan", "lon": "3"}], "lat 'nan' is not a number"),
    ],
)
def test_bad_metadata_is_named(rows, message):
    (problem,) = index_pairs(*_folder("lake/00001"), metadata=_lines(*rows)).problems
    assert message in problem


def test_one_id_in_two_classes():
    (problem,) = index_pairs(["vision/lake/00001.jpg"], ["sound/beach/00001.wav"]).problems
    assert problem.startswith("id 00001 stands in 2 classes (vision/lake/00001.jpg, sound/beach/00001.wav)")


def test_one_location_in_two_classes():
    (problem,) = index_pairs(*_folder("lake/00001", "beach/00001_1")).problems
    assert problem.startswith("location 00001 stands in 2 classes: beach (00001_1), lake (00001)")


def test_two_pictures_of_one_id():
    pictures, sounds = _folder("lake/00001")
    (problem,) = index_pairs([*pictures, "vision/lake/00001.png"], sounds).problems
    assert problem.startswith("vision/lake/00001.jpg, vision/lake/00001.png: two pictures of one id")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("vision/lake/00002.bmp", "extension .bmp, expected .jpg"),
        ("vision/lake/README", "no extension"),
        ("vision/00002.jpg", "expected vision/<class>/<id>"),
        ("vision/lake/deep/00002.jpg", "expected vision/<class>/<id>"),
        ("vision/lake/\udcff.jpg", "not UTF-8"),
    ],
)
def test_files_that_do_not_fit_the_layout_are_named(path, message):
    pictures, sounds = _folder("lake/00001")
    (problem,) = index_pairs([*pictures, path], sounds).problems
    assert message in problem


def test_only_the_classes_asked_for():
    found = index_pairs(*_folder("lake/00001", "beach/00002"), classes=["beach"])
    assert [row["id"] for row in found.rows] == ["00002"]


def test_scenes_may_share_file_names_between_classes():
    found = index_scenes(["Pond/1.jpg", "Beach/1.JPG", "README.md"])
    assert [(row["id"], row["class"]) for row in found.rows] == [("Beach/1", "Beach"), ("Pond/1", "Pond")]
    assert not found.problems


def test_tagged_sounds_and_their_leftovers():
    found = index_sounds(
        ["sound/a.wav", "sound/b.wav"], _lines({"id": "a", "events": " 3  17 "}, {"id": "c", "events": ""})
    )
    assert found.rows == [{"id": "a", "sound": "sound/a.wav", "events": "3 17"}]
    assert found.leftovers == [
        "tags.csv, line 3: id c: no sound/c.* with it",
        "sound/b.wav: no line with id b in tags.csv",
    ]


def test_an_event_beyond_audioset_is_refused():
    (problem,) = index_sounds(["sound/a.wav"], _lines({"id": "a", "events": "526 527"})).problems
    assert "event '527'; expected AudioSet indices, 0 to 526" in problem


def test_statistics_count_places_and_recordings():
    metadata = _lines(*({"id": f"0000{k}", "recording": "r"} for k in (1, 2)))
    rows = index_pairs(*_folder("lake/00001", "lake/00001_1", "lake/00002"), metadata=metadata).rows
    assert statistics(rows) == [{"class": "lake", "pairs": 3, "locations": 2, "recordings": 2}]
