"""Videos with sound, from a folder to the embeddings of their windows: what is read, and what is refused by name."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from overheard.errors import MediaError
from overheard.io.sound_files import write_sound
from overheard.io.video_files import write_video
from overheard.learning import embeddings
from overheard.stages.fusion import features as stage
from overheard.stages.media import Settings, media
from overheard.stages.split import Settings as SplitSettings
from overheard.stages.split import split

RATE, SIDE = 16000, 16
SCENES = ("bus", "park")
TESTED = {"lyon-3", "lyon-7"}


def frames(count: int) -> list[np.ndarray]:
    """Frame k is grey of 12 k + 8 of 255, which JPEG moves by less than half a step: so it says its number."""
    return [np.full((SIDE, SIDE, 3), 12 * number + 8, np.uint8) for number in range(count)]


def noise(seconds: float, channels: int = 2, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * RATE), channels)).astype(np.float32)


def tabs(path: Path, columns: list[str], rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(cells) + "\n" for cells in [columns, *rows]))


def clip(root: Path, name: str, seconds: float = 3.0, track: bool = False, sound_s: float | None = None) -> None:
    """A clip of five frames a second, its sound in a file or in the video."""
    for part in ("video", "audio"):
        (root / part).mkdir(parents=True, exist_ok=True)
    heard = noise(seconds if sound_s is None else sound_s, seed=len(name))
    write_video(root / f"video/{name}.mp4", frames(round(5 * seconds)), 5, heard if track else None, RATE)
    if not track:
        write_sound(root / f"audio/{name}.wav", heard, RATE)


def folder(root: Path) -> Path:
    """Four locations of two scenes, two clips each; fold files of which the last location of a scene tests."""
    names = [
        f"{scene}-lyon-{place}-{part}"
        for at, scene in enumerate(SCENES)
        for place in range(4 * at, 4 * at + 4)
        for part in range(2)
    ]
    for number, name in enumerate(names):
        clip(root, name, seconds=3.0 if number % 2 else 2.6, track=number % 3 == 0)
    lines = [[f"video/{name}.mp4", name.split("-")[0]] for name in names]
    for word, wanted in (("train", "012456"), ("evaluate", "37")):
        rows = [line for line in lines if line[0].split("-")[2] in wanted]
        tabs(root / f"evaluation_setup/fold1_{word}.csv", ["filename_video", "scene_label"], rows)
    return root


def look(root: Path, out: Path, **settings) -> list[dict[str, str]]:
    out.mkdir(exist_ok=True)
    names = ("index.csv", "manifest.csv", "statistics.csv", "report.md")
    media(root, "clips", Settings(**settings), *(out / name for name in names))
    with (out / "index.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def looked(tmp_path_factory) -> tuple[Path, Path, list[dict[str, str]]]:
    root, out = folder(tmp_path_factory.mktemp("clips")), tmp_path_factory.mktemp("out")
    return root, out, look(root, out)


def test_clips_are_listed_with_their_scene_place_and_length(looked):
    root, out, rows = looked
    assert len(rows) == 16
    assert {row["class"] for row in rows} == {*SCENES}
    by_id = {row["id"]: row for row in rows}
    assert by_id["bus-lyon-0-0"]["sound"] == ""  # the video's own track
    assert by_id["bus-lyon-0-1"]["sound"] == "audio/bus-lyon-0-1.wav"
    assert [float(by_id[f"bus-lyon-0-{part}"]["sound_duration_s"]) for part in (0, 1)] == [2.6, 3.0]
    assert {row["split"] for row in rows if row["location"] in TESTED} == {"test"}
    assert {row["split"] for row in rows if row["location"] not in TESTED} == {"train"}
    with (out / "manifest.csv").open() as stream:
        listed = {line["path"] for line in csv.DictReader(stream)}
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert listed == files
    report = (out / "report.md").read_text()
    assert "durations: 2.60 to 3.00 s; together 0.7 minutes" in report
    assert "have no file in audio/" in report


def test_of_the_training_fold_some_locations_validate(looked, tmp_path):
    _, out, rows = looked
    settings = SplitSettings([0.3, 0.3, 0.4], 0, 1, validation="by_location")
    split(out / "index.csv", 0, settings, tmp_path / "splits.csv")
    with (tmp_path / "splits.csv").open() as stream:
        words = {line["id"]: line["split"] for line in csv.DictReader(stream)}
    places = {word: {row["location"] for row in rows if words[row["id"]] == word} for word in ("train", "val", "test")}
    assert places["test"] == TESTED
    # half of a scene's three training locations
    for scene in SCENES:
        its = {row["location"] for row in rows if row["class"] == scene and words[row["id"]] == "val"}
        assert len(its) == 2
    with pytest.raises(MediaError, match="clips have no usable split|every class needs a location in each split"):
        split(out / "index.csv", 0, SplitSettings([0.5, 0.2, 0.3], 0, 1), tmp_path / "other.csv")


@pytest.fixture
def plain(monkeypatch):
    """Front ends without a network: a frame's grey, a window's mean square."""
    image = embeddings.FrontEnd(
        "image", 0, 1, "", lambda given: given.mean(axis=(1, 2, 3), keepdims=True), (), torch.nn.Flatten, None
    )
    sound = embeddings.FrontEnd(
        "sound",
        RATE,
        1,
        "",
        lambda given: np.square(given).mean(axis=1)[:, None, None, None],
        (),
        torch.nn.Flatten,
        None,
    )
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1, 1))
    torch.nn.init.ones_(network[1].weight)
    torch.nn.init.zeros_(network[1].bias)
    monkeypatch.setitem(stage.FRONT_ENDS, "grey", image)
    monkeypatch.setitem(stage.FRONT_ENDS, "power", sound)
    monkeypatch.setattr(stage, "_network", lambda front_end, weights: (network.eval(), {}))


def embedded(looked, out: Path, front_end: str, **settings) -> tuple[np.ndarray, list[dict[str, str]]]:
    root, made, _ = looked
    how = stage.Settings(**{"hop_s": 0.1, "window_centre": False, "frame_rule": "window_centre"} | settings)
    array, windows = out / f"{front_end}.npy", out / f"{front_end}.csv"
    stage.features("fusion", root, made / "index.csv", made / "index.csv", front_end, how, array, windows)
    with windows.open() as stream:
        return np.load(array), list(csv.DictReader(stream))


def test_each_window_has_the_frame_at_its_middle_and_each_frame_one_row(looked, plain, tmp_path):
    array, windows = embedded(looked, tmp_path, "grey")
    for name, seconds in (("bus-lyon-0-0", 2.6), ("bus-lyon-0-1", 3.0)):
        its = [line for line in windows if line["id"] == name]
        assert len(its) == round((seconds - 1) / 0.1) + 1
        shown = np.array([np.rint((array[int(line["row"]), 0] - 8) / 12) / 5 for line in its])
        middles = np.array([float(line["second"]) for line in its])
        # of five frames a second the nearest is at most a tenth away
        assert np.abs(shown - middles).max() <= 0.1 + 1e-6
        assert len({line["row"] for line in its}) == len(np.unique(shown))
    assert len(array) == len({line["row"] for line in windows})


def test_windows_hear_the_file_or_else_the_videos_track(looked, plain, tmp_path):
    array, windows = embedded(looked, tmp_path, "power")
    for name in ("bus-lyon-0-0", "bus-lyon-0-1"):  # a track, a file
        seconds = 3.0 if name.endswith("1") else 2.6
        mono = noise(seconds, seed=len(name)).mean(axis=1)
        its = [line for line in windows if line["id"] == name]
        expected = [np.square(mono[start : start + RATE]).mean() for start in range(0, len(mono) - RATE + 1, 1600)]
        found = [array[int(line["row"]), 0] for line in its]
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_both_modalities_have_the_same_windows(looked, plain, tmp_path):
    of = [embedded(looked, tmp_path, name)[1] for name in ("grey", "power")]
    keys = [[(line["id"], line["window"], line["second"]) for line in lines] for lines in of]
    assert keys[0] == keys[1]


def test_a_clip_of_too_few_windows_for_its_pieces_is_refused(looked, plain, tmp_path):
    with pytest.raises(MediaError, match=r"clip bus-lyon-0-0: 4 windows in 2.60 s .*expected at least 10.*hop_s"):
        embedded(looked, tmp_path, "power", hop_s=0.6)


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("no frames", "video/bus-lyon-0-0.mp4: wav, whatever its name says; expected MP4, MOV, AVI or MKV"),
        ("no sound", "video/bus-lyon-0-0.mp4: no sound track, and no sound file of its own"),
        ("lengths", "audio/bus-lyon-0-1.wav: 2.50 s of sound and 3.00 s of video; expected lengths that differ by at"),
        ("empty", "video/bus-lyon-0-1.mp4: not a video that can be read (0 bytes)"),
        ("truncated", "video/bus-lyon-0-1.mp4: broken, truncated or no video"),
        ("short", "audio/bus-lyon-0-1.wav: 0.800 s of sound; expected at least 1 s"),
        ("channels", "video/bus-lyon-0-0.mp4: a track of 4 channels; expected 1 or 2"),
    ],
)
def test_clips_that_cannot_be_used_are_named(looked, tmp_path, monkeypatch, trouble, message):
    root = tmp_path / "clips"
    shutil.copytree(looked[0], root)
    video = root / "video/bus-lyon-0-1.mp4"
    match trouble:
        case "no frames":
            write_sound(root / "track.wav", noise(3), RATE)
            (root / "track.wav").rename(root / "video/bus-lyon-0-0.mp4")
        case "no sound":
            write_video(root / "video/bus-lyon-0-0.mp4", frames(15), 5)
        case "lengths":
            clip(root, "bus-lyon-0-1", 3.0, sound_s=2.5)
        case "empty":
            video.write_bytes(b"")
        case "truncated":
            video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
        case "short":
            clip(root, "bus-lyon-0-1", 0.8)
        case "channels":
            monkeypatch.setattr("overheard.stages.media.read_track", lambda path: (noise(2.6, channels=4), RATE))
    with pytest.raises(MediaError) as error:
        look(root, tmp_path / "out")
    assert message in str(error.value)


def test_fewer_frames_than_promised_are_refused_or_allowed(shared, tmp_path):
    root = tmp_path / "clips"
    (root / "video/park").mkdir(parents=True)
    (root / "audio/park").mkdir(parents=True)
    shutil.copy(shared / "data/video/park.mp4", root / "video/park/one.mp4")
    write_sound(root / "audio/park/one.wav", noise(0.6), RATE)
    with pytest.raises(MediaError, match="18 frames promised by its header, 17 can be decoded"):
        look(root, tmp_path / "out")
    with pytest.raises(MediaError, match="expected at least 1 s, which is a window") as error:
        look(root, tmp_path / "out", fewer_frames=True)
    assert "promised" not in str(error.value)
