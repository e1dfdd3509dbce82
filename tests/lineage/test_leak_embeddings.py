"""What embeddings of windows show: copies in two splits, and z-scores of more than the training clips."""

from pathlib import Path

import numpy as np
import pytest

from overheard.io import artifacts
from overheard.lineage.leak_report import leak_report
from overheard.media import leak_lines

WINDOWS, WIDTH = 3, {"mn04": 384, "efficientnet_lite0": 1280}
SPLIT = {f"c{number}": ("train", "val", "test")[number % 3] for number in range(12)}


def folder(root: Path, made_of: tuple[str, ...] = ("train",), copied: float | None = None) -> Path:
    """A study of twelve clips; `copied`: c2, of test, looks like c0, of training, but for so much noise."""
    rng = np.random.default_rng(0)
    rows = [
        {"id": clip, "class": f"s{place % 2}", "location": clip, "recording": clip, "lat": "", "lon": "", "sound": clip}
        for place, clip in enumerate(SPLIT)
    ]
    artifacts.write_table(root / "media/index.csv", list(rows[0]), rows)
    splits = [{"id": clip, "split": word, "fold": ""} for clip, word in SPLIT.items()]
    artifacts.write_table(root / "media/fold-0/splits.csv", list(splits[0]), splits)
    for name, modality in (("mn04", "audio"), ("efficientnet_lite0", "video")):
        values = rng.normal(size=(len(SPLIT) * WINDOWS, WIDTH[name])).astype(np.float32)
        if copied is not None and modality == "video":
            values[2 * WINDOWS : 3 * WINDOWS] = values[:WINDOWS] + rng.normal(0, copied, (WINDOWS, WIDTH[name]))
        lines = [
            {"id": clip, "window": window, "second": window, "row": WINDOWS * place + window}
            for place, clip in enumerate(SPLIT)
            for window in range(WINDOWS)
        ]
        artifacts.write_table(root / f"features/{name}.windows.csv", list(lines[0]), lines)
        np.save(root / f"features/{name}.npy", values)
        used = values.reshape(len(SPLIT), WINDOWS, -1)[[word in made_of for word in SPLIT.values()]]
        flat = used.reshape(-1, WIDTH[name]).astype(float)
        normaliser = root / f"features/fold-0/normaliser.{modality}.npz"
        normaliser.parent.mkdir(exist_ok=True)
        artifacts.write_arrays(
            normaliser, mean=flat.mean(axis=0).astype(np.float32), std=flat.std(axis=0).astype(np.float32)
        )
    return root


def lines(root: Path) -> dict[tuple[str, str], leak_lines.Line]:
    return {(line.way, line.clips_of): line for line in leak_report(root, records={}).lines}


@pytest.fixture
def root(tmp_path) -> Path:
    for part in ("media/fold-0", "features"):
        (tmp_path / "results/s" / part).mkdir(parents=True)
    return tmp_path / "results/s"


def test_a_study_without_leaks_has_none(root):
    found = lines(folder(root))
    for way in ("picture", "sound", "normaliser_picture", "normaliser_sound"):
        for held in ("test", "val"):
            assert (found[way, held].found, found[way, held].of) == (0, 4)
    assert "equal to what the clips of train alone give" in found["normaliser_sound", "test"].remark


@pytest.mark.parametrize(("made_of", "counts"), [(("train", "test"), (4, 0)), (("train", "val", "test"), (4, 4))])
def test_z_scores_of_held_out_clips_are_found(root, made_of, counts):
    found = lines(folder(root, made_of))
    for word in ("picture", "sound"):
        assert tuple(found[f"normaliser_{word}", held].found for held in ("test", "val")) == counts


@pytest.mark.parametrize(("noise", "found_as"), [(1e-4, "c2 ~ c0 (1.0000)"), (0.02, "c2 ~ c0 (0.999"), (0.06, None)])
def test_a_copy_in_another_split_is_found(root, noise, found_as):
    """Of vectors with deviation 1, noise of deviation s makes the cosine about 1 - s² / 2."""
    found = lines(folder(root, copied=noise))
    assert found["picture", "test"].found == (found_as is not None)
    assert [clip[: len(found_as or "")] for clip in found["picture", "test"].clips] == ([found_as] if found_as else [])
    assert found["sound", "test"].found == 0


def test_z_scores_of_unknown_clips_are_said_to_be(root):
    path = folder(root) / "features/fold-0/normaliser.audio.npz"
    values = artifacts.read_arrays(path)
    artifacts.write_arrays(path, mean=values["mean"] + 0.1, std=values["std"])
    line = lines(root)["normaliser_sound", "test"]
    assert line.leaks
    assert line.found is None
    assert "not explained by the training clips alone" in line.remark
