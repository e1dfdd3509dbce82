"""The stage samples on real files: which pair of a class, how small, joined by id."""

import csv

import numpy as np
import pytest

from overheard.errors import PairingError
from overheard.io import artifacts
from overheard.stages.samples import samples

ROWS = [
    ("3", "lake", "", ""),
    ("1", "lake", "", ""),
    ("2", "lake", "12.5", "-7.25"),
    ("0", "beach", "", ""),
    ("4", "beach", "", "3.0"),
]


def made(folder, side=256, frames=400, ids=("4", "3", "2", "1", "0")):
    """A folder of an index and features whose values say the id: pictures 10 × id, sounds id."""
    index = folder / "index.csv"
    with index.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "class", "lat", "lon", "sound_duration_s"])
        writer.writerows([*row, "10.0"] for row in ROWS)
    number = np.array([int(one) for one in ids])
    files = {name: folder / name for name in ("images.npy", "sounds.npy", "image_ids.csv", "sound_ids.csv")}
    artifacts.write_array(
        files["images.npy"], np.broadcast_to(10 * number[:, None, None, None], (len(ids), side, side, 3)).astype("u1")
    )
    artifacts.write_array(
        files["sounds.npy"], np.broadcast_to(number[:, None, None], (len(ids), frames, 8)).astype("f4")
    )
    for name in ("image_ids.csv", "sound_ids.csv"):
        artifacts.write_ids(files[name], list(ids))
    samples(
        index, *(files[name] for name in ("images.npy", "image_ids.csv", "sounds.npy", "sound_ids.csv")), folder / "p"
    )
    return artifacts.read_arrays(folder / "p")


def test_of_each_class_the_first_by_id_of_those_with_coordinates(tmp_path):
    pairs = made(tmp_path)
    assert pairs["class"].tolist() == ["beach", "lake"]
    assert pairs["id"].tolist() == ["0", "2"], "a latitude alone is no coordinate"
    assert np.isnan([pairs["lat"][0], pairs["lon"][0]]).all()
    assert (pairs["lat"][1], pairs["lon"][1]) == (12.5, -7.25)
    assert pairs["duration_s"].tolist() == [10.0, 10.0]
    # rows of the arrays stand in another order than the index
    assert pairs["image"].shape == (2, 64, 64, 3)
    assert pairs["image"].dtype == np.uint8
    assert [set(one.ravel().tolist()) for one in pairs["image"]] == [{0}, {20}]
    assert pairs["sound"].shape == (2, 100, 8)
    assert pairs["sound"].dtype == np.float16
    assert [set(one.ravel().tolist()) for one in pairs["sound"]] == [{0.0}, {2.0}]


def test_what_is_small_already_stays_and_odd_lengths_lose_their_rest(tmp_path):
    pairs = made(tmp_path, side=64, frames=100)
    assert (pairs["image"].shape[1:], pairs["sound"].shape[1:]) == ((64, 64, 3), (100, 8))
    assert made(tmp_path, side=32, frames=1001)["sound"].shape == (2, 100, 8)


def test_a_clip_without_features_is_named(tmp_path):
    with pytest.raises(PairingError, match=r"images\.npy: 1 of 2 clips are missing: 2"):
        made(tmp_path, ids=("0", "1"))
