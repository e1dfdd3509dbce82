"""Drawing the twin into folders: layouts, truth, and the same bytes whatever the number of processes."""

import csv
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from overheard.errors import ConfigError
from overheard.io import artifacts
from overheard.sources.twin import aerial, event_table, world
from overheard.stages import draw as stage
from overheard.stages.draw import Settings, draw

SMALL = Settings(world=101, scale=0.001, coupling=0.5, events="released", scenes=1, sounds=30)


@pytest.fixture(scope="module")
def few_locations():
    """Two locations a class: a world small enough to draw in every test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "FEWEST_LOCATIONS", 2)
        yield


@pytest.fixture(scope="module")
def pairs(tmp_path_factory, few_locations) -> Path:
    folder = tmp_path_factory.mktemp("draw") / "pairs"
    draw("pairs", SMALL, folder, workers=2)
    return folder


@pytest.fixture(scope="module")
def sounds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("draw") / "sounds"
    draw("sounds", SMALL, folder, workers=2)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_pairs_are_the_same_bytes_with_one_process(pairs, tmp_path):
    draw("pairs", SMALL, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(pairs)


def test_sounds_are_the_same_bytes_with_one_process(sounds, tmp_path):
    draw("sounds", SMALL, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(sounds)


def test_every_pair_has_picture_sound_mask_and_a_line(pairs):
    listed = {(row["class"], row["id"]) for row in rows(pairs / "metadata.csv")}
    assert len(listed) == 2 * (3 * 1 + 8 * 5) + 8 + 9 + 8 + 9
    for folder, suffix in (("vision", ".jpg"), ("sound", ".wav"), ("mask", ".png")):
        assert {(path.parent.name, path.stem) for path in (pairs / folder).rglob(f"*{suffix}")} == listed
    assert {name for name, _ in listed} == set(world.CLASSES)


def test_pictures_masks_and_sounds_have_their_shapes(pairs):
    for row in rows(pairs / "metadata.csv")[::9]:
        place = f"{row['class']}/{row['id']}"
        with Image.open(pairs / "vision" / f"{place}.jpg") as picture:
            assert (picture.size, picture.mode) == ((256, 256), "RGB")
        with Image.open(pairs / "mask" / f"{place}.png") as mask:
            assert (mask.size, mask.mode) == ((256, 256), "1")
        info = soundfile.info(pairs / "sound" / f"{place}.wav")
        assert (info.samplerate, info.channels, info.frames, info.subtype) == (16_000, 1, 160_000, "PCM_16")


def test_copies_are_cuts_of_one_recording(pairs):
    # a copy that begins 6 s later holds the first clip's last 4 s at its beginning, sample for sample
    station = [row for row in rows(pairs / "truth/pairs.csv") if row["class"] == "train station"][:2]
    assert [float(row["window_start_s"]) for row in station] == [0.0, 6.0]
    first, second = (
        soundfile.read(pairs / f"sound/train station/{row['id']}.wav", dtype="int16")[0] for row in station
    )
    assert np.array_equal(first[6 * 16_000 :], second[: 4 * 16_000])
    assert np.ptp(first) > 0


def test_copies_show_other_views_of_the_place(pairs):
    station = [row for row in rows(pairs / "truth/pairs.csv") if row["class"] == "train station"][:5]
    assert len({row["recording"] for row in station}) == 1
    assert len({(row["offset_right_px"], row["offset_down_px"]) for row in station}) == 5
    pictures = {(pairs / f"vision/train station/{row['id']}.jpg").read_bytes() for row in station}
    assert len(pictures) == 5


def test_truth_lists_events_inside_the_window_with_their_parents(pairs):
    table = event_table.load()
    implied = {int(table.index[k]): set(table.index[table.implies[k]].tolist()) for k in range(len(table.index))}
    by_clip: dict[str, set[int]] = {}
    for row in rows(pairs / "truth/events.csv"):
        assert 0 <= float(row["onset_s"]) < 10
        assert 0 < float(row["duration_s"]) <= 10.001
        assert float(row["onset_s"]) + float(row["duration_s"]) <= 10.002
        assert int(row["index"]) in implied[int(row["source"])]
        by_clip.setdefault(row["id"], set()).add(int(row["index"]))
    assert by_clip
    for row in rows(pairs / "truth/pairs.csv"):
        events = {int(index) for index in row["events"].split()}
        assert events == by_clip.get(row["id"], set())
        assert {int(index) for index in row["audible"].split()} <= events
        assert all(implied[event] <= events for event in events)


def test_the_true_prior_reads_back(pairs):
    prior = artifacts.read_event_matrix(pairs / "truth/prior.csv", world.CLASSES)
    assert prior.shape == (13, 527)
    np.testing.assert_array_equal(prior, world.true_prior().astype(np.float32))


def test_metadata_has_one_coordinate_a_location(pairs):
    points = {(row["location"], row["lat"], row["lon"]) for row in rows(pairs / "metadata.csv")}
    assert len(points) == len({location for location, _, _ in points}) == len({point[1:] for point in points}) == 26


def test_tags_name_events_with_their_parents(sounds):
    tags = rows(sounds / "tags.csv")
    assert [row["id"] for row in tags] == sorted(path.stem for path in (sounds / "sound").iterdir())
    assert len(tags) == 30
    known = set(event_table.load().index.tolist())
    assert {int(index) for row in tags for index in row["events"].split()} <= known


def test_some_tagged_clips_have_an_event_and_no_event_is_rare():
    clips = stage._events_of_clips(SMALL.world, 2000)
    assert {len(events) for events in clips} == {0, 1}
    dealt = Counter(event for events in clips for event in events)
    assert sum(dealt.values()) / 2000 == pytest.approx(0.26, abs=0.04)
    assert set(dealt) == set(event_table.load().sources.tolist())
    assert max(dealt.values()) - min(dealt.values()) <= 1


def test_scenes_lie_in_a_folder_for_each_class(tmp_path):
    draw("scenes", SMALL, tmp_path / "scenes")
    found = sorted(str(path.relative_to(tmp_path / "scenes")) for path in (tmp_path / "scenes").rglob("*.jpg"))
    assert found == sorted(f"{name}/{name}_1.jpg" for name in aerial.AERIAL_CLASSES)
    with Image.open(tmp_path / "scenes" / found[0]) as picture:
        assert picture.size == (256, 256)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"scale": 0.0}, "scale"),
        ({"coupling": 1.2}, "coupling"),
        ({"world": -1}, "world"),
        ({"events": "loud"}, "telling"),
    ],
)
def test_impossible_settings_are_refused_by_name(tmp_path, changes, key):
    with pytest.raises(ConfigError, match=key):
        draw("pairs", Settings(**(SMALL.__dict__ | changes)), tmp_path / "media")
    assert not (tmp_path / "media").exists()


def test_an_unknown_collection_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="pairs, scenes or sounds"):
        draw("videos", SMALL, tmp_path / "media")
