"""The urban twin as files: a user's folder as the record would be, its truth, and unlabelled places."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from overheard.errors import ConfigError
from overheard.io import media_folder
from overheard.io.video_files import inspect_video, read_frames
from overheard.sources.urban_twin import correspondence, views, world
from overheard.stages.fusion.draw import Settings, draw

SETTINGS = Settings(world=3, coupling=0.5, scale=0.01, pieces=1)


def table(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream, delimiter=separator))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    """Two locations a scene in place of ten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world, "FEWEST_LOCATIONS", 2)
        folder = tmp_path_factory.mktemp("urban") / "clips"
        draw("fusion", "clips", SETTINGS, folder, workers=2)
    return folder


def test_it_is_read_as_a_users_folder(drawn):
    found = media_folder.index(drawn, "clips")
    assert (found.problems, found.warnings, found.unread) == ([], [], [])
    assert len(found.rows) == 2 * len(world.SCENES)
    assert {row["class"] for row in found.rows} == {*world.SCENES}
    by_place = {}
    for row in found.rows:
        by_place.setdefault(row["location"], set()).add(row["split"])
    assert all(len(words) == 1 for words in by_place.values())
    for scene in world.SCENES:
        assert {row["split"] for row in found.rows if row["class"] == scene} == {"train", "test"}


def test_ten_seconds_of_stereo_and_fifty_frames(drawn):
    row = media_folder.index(drawn, "clips").rows[0]
    info = soundfile.info(drawn / row["sound"])
    assert (info.samplerate, info.channels, info.frames) == (16000, 2, 160000)
    video = inspect_video(drawn / row["video"])
    assert (len(video.times_s), video.seconds, video.kind) == (50, 10.0, "MP4 mjpeg")
    first, last = read_frames(drawn / row["video"], [0, 49])
    assert first.shape == (views.SIDE, views.SIDE, 3)
    assert np.abs(first.astype(int) - last).mean() > 0.5


def test_the_truth_names_every_clip_its_events_and_what_moves(drawn):
    ids = {row["id"] for row in media_folder.index(drawn, "clips").rows}
    assert {row["id"] for row in table(drawn / "truth/pieces.csv")} == ids
    assert {row["id"] for row in table(drawn / "truth/events.csv")} <= ids
    objects = table(drawn / "truth/objects.csv")
    assert {row["id"] for row in objects} <= ids
    assert all(0 <= int(row["frame"]) < 50 and int(row["left"]) < int(row["right"]) for row in objects)
    assert len(table(drawn / "meta.csv", "\t")) == len(ids)


def test_what_moves_is_where_the_truth_says(drawn):
    """Inside the boxes frames differ from the middle of all frames more than outside, whose difference is noise."""
    objects = table(drawn / "truth/objects.csv")
    walkers = [row for row in objects if row["kind"] in ("walker", "car")]
    name = max({row["id"] for row in walkers}, key=lambda one: sum(row["id"] == one for row in walkers))
    frames = np.stack(list(read_frames(drawn / f"video/{name}.mp4", range(50)))).astype(float)
    away = np.abs(frames - np.median(frames, axis=0)).mean(axis=3)
    inside = np.zeros(away.shape, bool)
    for row in (row for row in objects if row["id"] == name):
        box = slice(int(row["top"]), int(row["bottom"])), slice(int(row["left"]), int(row["right"]))
        inside[(int(row["frame"]), *box)] = True
    assert away[inside].mean() > 2 * away[~inside].mean()


def test_processes_change_no_byte(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(world, "FEWEST_LOCATIONS", 2)
    draw("fusion", "clips", SETTINGS, tmp_path / "clips")
    assert digests(tmp_path / "clips") == digests(drawn)


def test_places_are_the_frames_and_seconds_of_correspondence(tmp_path):
    draw("fusion", "places", Settings(world=3, coupling=0.5, places=2), tmp_path / "places")
    frames, seconds = (np.load(tmp_path / f"places/{name}.npy") for name in ("frames", "seconds"))
    assert (frames.shape, frames.dtype) == ((2, 10, 128, 128, 3), np.uint8)
    assert (seconds.shape, seconds.dtype) == ((2, 10, 16000), np.int16)
    seen, heard = correspondence.place(3, 1, coupling=0.5)
    np.testing.assert_array_equal(frames[1], seen)
    np.testing.assert_allclose(seconds[1] / 32767, heard.mean(axis=1), atol=0.51 / 32767)


@pytest.mark.parametrize(
    ("collection", "settings", "words"),
    [
        ("pairs", SETTINGS, "--collection: expected clips or places, found pairs"),
        ("clips", Settings(0, 2.0, 0.1, 1), "coupling: expected 0 to 1, found 2.0"),
        ("clips", Settings(0, 0.5, None, 1), "scale: expected 0.001 to 1, found None"),
        ("places", Settings(0, 0.5, places=1), "places: expected 2 to 100000, found 1"),
    ],
)
def test_impossible_settings_are_named(tmp_path, collection, settings, words):
    with pytest.raises(ConfigError, match=words):
        draw("fusion", collection, settings, tmp_path / "x")
