"""Maps of trained students on a small made-up record with masks: what is written, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overheard.errors import ConfigError
from overheard.io import artifacts
from overheard.learning.methods import MODALITIES
from overheard.scores.pointing import field_middles
from overheard.stages.maps import Settings, maps

CLASSES = ["beach", "forest", "lake"]
SIDE = 256


@pytest.fixture
def placed(record, tmp_path) -> dict:
    """The record with an index that names locations and pictures: clip k is of location k // 2."""
    rows = artifacts.read_table(record["index"])
    for number, row in enumerate(rows):
        row |= {"location": f"{number // 2:05d}", "image": f"vision/{row['class']}/{row['id']}.jpg"}
    artifacts.write_table(tmp_path / "index.csv", ["id", "class", "location", "image"], rows)
    return record | {"index": tmp_path / "index.csv"}


def made(record, students, folder, method="scene", modality="image+sound", media=None, **changes):
    """Run `maps` on the students of a row; the lines of its pointing game and its arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {f"{name}{end}": record[f"{name}{end}"] for name in MODALITIES[modality] for end in ("s", "_ids")}
    given |= {f"{name}_normaliser": [record[f"{name}_normaliser"]] * len(students) for name in MODALITIES[modality]}
    settings = Settings(4, "cpu", False, True, 2, picture_scale="training_moments")
    maps(
        method=method,
        modality=modality,
        students=students,
        index=record["index"],
        splits=[record["splits"]] * len(students),
        folder=media or folder,
        settings=settings,
        pointing=folder / "pointing.csv",
        activations=folder / "maps.npz",
        **given | changes,
    )
    return artifacts.read_table(folder / "pointing.csv"), artifacts.read_arrays(folder / "maps.npz")


def clips_of_test(record):
    return sorted(row["id"] for row in artifacts.read_table(record["splits"]) if row["split"] == "test")


def write_mask(folder: Path, scene: str, clip: str, marked: np.ndarray) -> None:
    (folder / "mask" / scene).mkdir(parents=True, exist_ok=True)
    Image.fromarray(marked.astype(np.uint8) * 255).convert("1").save(folder / "mask" / scene / f"{clip}.png")


@pytest.mark.parametrize("modality", ["image", "image+sound"])
def test_maps_are_of_the_true_class_with_its_probability(placed, students, tmp_path, evaluate_one, modality):
    """The sum of a map and, of the picture alone, the bias and the constant of the sound are the tested logit."""
    student = students["scene", modality]["student"]
    _, kept = made(placed, [student], tmp_path / "maps", modality=modality)
    written = evaluate_one(placed, [student], tmp_path / "tested", row=("scene", modality))
    said = artifacts.read_arrays(written["predictions"][0])
    at = [said["id"].tolist().index(clip) for clip in kept["id"]]
    logits = said["scene_logits"].astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    true = (odds / odds.sum(axis=1, keepdims=True))[np.arange(len(odds)), said["label"]]
    np.testing.assert_allclose(kept["probability"], true[at], rtol=1e-4)
    assert kept["class"].tolist() == [CLASSES[said["label"][place]] for place in at]
    if modality == "image":
        state = artifacts.read_weights(student)["state"]
        constant = state["scene.weight"][:, 96:] @ state["absent_sound"] + state["scene.bias"]
        expected = [logits[place, said["label"][place]] - float(constant[said["label"][place]]) for place in at]
        np.testing.assert_allclose(kept["map"].sum(axis=(1, 2)), expected, rtol=1e-3, atol=1e-4)


def test_the_clips_kept_are_the_first_of_the_first_locations_of_each_class(placed, students, tmp_path):
    _, kept = made(placed, [students["scene", "image+sound"]["student"]], tmp_path)
    rows = {row["id"]: row for row in artifacts.read_table(placed["index"])}
    expected = []
    for scene in CLASSES:
        own = [clip for clip in clips_of_test(placed) if rows[clip]["class"] == scene]
        first = {}
        for clip in own:
            first.setdefault(rows[clip]["location"], clip)
        expected += list(first.values())[:2]
    assert kept["id"].tolist() == expected
    assert (str(kept["method"]), str(kept["modality"]), int(kept["seed"])) == ("scene", "image+sound", 0)
    assert kept["classes"].tolist() == CLASSES
    assert kept["middle"] == 2 / 16
    ids, pictures = artifacts.read_clips(placed["images"], placed["image_ids"])
    np.testing.assert_array_equal(kept["picture"], pictures[[ids.index(clip) for clip in expected]])
    assert kept["mask"].shape == (len(expected), SIDE, SIDE)
    assert not kept["mask"].any()


def test_without_masks_the_score_is_empty(placed, students, tmp_path):
    lines, _ = made(placed, [students["scene", "image+sound"]["student"]], tmp_path)
    (line,) = lines
    assert (line["clips"], line["unmarked"], line["scored"], line["pointing"], line["area"]) == ("9", "9", "0", "", "")


def test_the_pointing_game_is_counted_on_every_test_picture(placed, students, tmp_path):
    """Masks are drawn around where each map points, but for three: a miss, an empty one, one over half."""
    student = students["scene", "image+sound"]["student"]
    split = {row["id"]: row for row in artifacts.read_table(placed["splits"])}
    rows = {row["id"]: row for row in artifacts.read_table(placed["index"])}
    shown = {}
    for clip in clips_of_test(placed):  # one at a time, as only some maps are kept
        lines = [
            row | ({} if row["id"] == clip or row["split"] != "test" else {"split": "val"}) for row in split.values()
        ]
        artifacts.write_table(tmp_path / "one.csv", ["id", "split", "fold"], lines)
        _, kept = made(placed | {"splits": tmp_path / "one.csv"}, [student], tmp_path / "one")
        shown[clip] = kept["map"][0]
    for number, (clip, activation) in enumerate(shown.items()):
        down, across = field_middles(activation.shape, (SIDE, SIDE), 2 / 16)
        row, column = np.unravel_index(activation.argmax(), activation.shape)
        marked = np.zeros((SIDE, SIDE), bool)
        marked[down[row, 0], across[0, column]] = True
        marked[:2, :2] |= number == 3
        odd = {0: ~marked & (np.arange(SIDE) < SIDE // 2), 1: np.zeros_like(marked), 2: np.ones_like(marked)}
        write_mask(tmp_path, rows[clip]["class"], clip, odd.get(number, marked))
    lines, kept = made(placed, [student, student], tmp_path)
    assert len(lines) == 2
    assert lines[0] == lines[1]
    line = lines[0]
    counts = {word: int(line[word]) for word in ("clips", "unmarked", "empty", "over_half", "scored", "seed", "fold")}
    assert counts == {"clips": 9, "unmarked": 0, "empty": 1, "over_half": 1, "scored": 7, "seed": 0, "fold": 0}
    assert float(line["pointing"]) == pytest.approx(100 * 6 / 7)
    assert float(line["within_reach"]) == pytest.approx(100)
    half = SIDE // 2 * SIDE - int(_first_is_left(shown))
    assert float(line["area"]) == pytest.approx(100 * (half + 5 + 5) / 7 / SIDE**2)
    assert float(line["centre"]) == 0
    assert kept["mask"].any()


def _first_is_left(shown):
    """Whether the first map points into the left half, so that its mask has one pixel less."""
    activation = next(iter(shown.values()))
    return activation.argmax() % activation.shape[1] <= activation.shape[1] / 2 - 2 / 16


def test_the_same_files_are_the_same_bytes(placed, students, tmp_path):
    student = students["scene+event", "image+sound"]["student"]
    for name in ("one", "two"):
        made(placed, [student], tmp_path / name, method="scene+event", media=tmp_path)
    for file in ("pointing.csv", "maps.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_row_that_sees_no_pictures_is_refused(placed, students, tmp_path):
    given = {name: placed[name] for name in ("images", "image_ids")} | {
        "image_normaliser": [placed["image_normaliser"]]
    }
    with pytest.raises(ConfigError, match="maps: scene on sound needs images"):
        made(placed, [students["scene", "sound"]["student"]], tmp_path, modality="sound", **given)
