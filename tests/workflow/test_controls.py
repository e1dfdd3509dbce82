"""`overheard controls`: what it plans, a whole one in miniature, and (long) the real ones by the whole road."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.workflow
SEEDS, CLASSES = 10, 13

MINIATURE = """study: controls
source: {kind: twin, world: 5, scale: 0.01, clips: 2, scenes: 2, sounds: 40}
split: {folds: 2, fractions: [0.4, 0.1, 0.5]}
networks:
  image: {name: small, pretrain: {epochs: 1}}
  sound: {name: small, pretrain: {epochs: 1}}
train: {learning_rate: 1.0e-3, steps: 8}
"""


def overheard(folder: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def miniature_of_controls(tmp_path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mini.yaml").write_text(MINIATURE)
    return tmp_path


def test_a_dry_run_says_what_it_would_train_and_why_so_many_seeds(miniature_of_controls):
    done = overheard(miniature_of_controls, "controls", "mini", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "mini: 10 controls, 8 degraded tests" in done.stdout
    assert "12 seeds each (12 find a difference of 0 to vanish within 2 points with a power of 80%" in done.stdout
    assert "18 experiments, at most 348 trainings" in done.stdout
    assert "About " in done.stdout
    assert [path.name for path in miniature_of_controls.rglob("*") if path.is_file()] == ["mini.yaml"]


def test_a_shuffled_teacher_is_planned_for_every_fold_and_the_default_has_none(miniature_of_controls):
    words = ("run", "mini", "--dry-run")
    shuffled = overheard(miniature_of_controls, *words, "--set", "control.teacher=across", "--as", "across")
    assert shuffled.returncode == 0, shuffled.stderr
    assert "shuffle 2" in shuffled.stdout
    assert "shuffle" not in overheard(miniature_of_controls, *words).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["controls", "mini", "--seeds", "3"], "--seeds 3: expected as many in each of 2 folds, two or more"),
        (["controls", "twin"], "config/twin.yaml: no such file"),
    ],
)
def test_what_cannot_be_run_ends_with_one_line(miniature_of_controls, words, said):
    done = overheard(miniature_of_controls, *words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr


@pytest.mark.long
def test_a_whole_miniature_is_judged_traced_and_put_back(miniature_of_controls):
    folder = miniature_of_controls
    done = overheard(folder, "controls", "mini", "--seeds", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    judged = {(line["control"], line["modality"]): line for line in lines_of(folder / "ablations/mini/controls.csv")}
    assert len(judged) == 19
    for modality in ("image", "image+sound"):
        line = judged["equal", modality]
        assert (line["verdict"], float(line["difference"])) == ("as expected", 0)
    worse = lines_of(folder / "ablations/mini/degraded.csv")
    # image zeroed and mispaired 2 rows each, dark, rotated and noisy 4; sound zeroed and mispaired 2, noisy 3
    assert len(worse) == 2 * 2 + 3 * 4 + 2 * 2 + 3
    for line in worse:
        path = folder / "results" / line["experiment"] / "evaluate" / line["row"] / line["modality"]
        scores = [json.loads(file.read_text())["f_score"] for file in sorted(path.glob("seed-*/scores.json"))]
        assert float(line["degraded"]) == pytest.approx(100 * np.mean(scores), abs=1e-4)
    assert "FEWER than that" in (folder / "ablations/mini/controls.md").read_text()
    # what the teacher heard goes over; pictures, sounds and what pre-training made are the same files
    for word in ("across", "within-class"):
        for file in ("features/images.pooled.npy", "pretrain/sound.pt", "teacher/logits.npy"):
            its, base = (folder / "results" / f"mini-{name}" / file for name in (word, "coupling-default"))
            assert its.read_bytes() == base.read_bytes()
    trace = ("trace", "mini-across", "--table", "ablation", "--row", "scene+event", "--column", "image")
    traced = overheard(folder, *trace)
    assert traced.returncode == 0, traced.stderr
    assert "shuffle" in traced.stdout
    assert overheard(folder, "audit", "mini-across").returncode == 0
    again = overheard(folder, "controls", "mini", "--seeds", "4")
    assert again.returncode == 0
    assert "To do" not in again.stdout


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Path:
    """The real controls with ten seeds; `$OVERHEARD_CONTROLS` names a folder that has them already."""
    if "OVERHEARD_CONTROLS" in os.environ:
        return Path(os.environ["OVERHEARD_CONTROLS"])
    place = tmp_path_factory.mktemp("controls")
    shutil.copytree(ROOT / "config", place / "config")
    done = overheard(place, "controls", "--seeds", str(SEEDS))
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return place


def right(real: Path, word: str, modality: str, shift: int) -> float:
    """Share of test clips that `event1` gives the label `shift` rows after the true one."""
    shares = []
    for path in sorted((real / f"results/controls-{word}/evaluate/event1/{modality}").glob("seed-*/predictions.npz")):
        with np.load(path) as arrays:
            shares.append(np.mean(arrays["scene_logits"].argmax(1) == (arrays["label"] + shift) % CLASSES))
    return float(np.mean(shares))


@pytest.mark.long
@pytest.mark.parametrize("modality", ["image", "image+sound"])
def test_where_events_decide_event1_recognises_the_scene_and_follows_a_permuted_prior(real, modality):
    judged = {(line["control"], line["modality"]): line for line in lines_of(real / "ablations/controls/controls.csv")}
    assert float(judged["telling", modality]["difference"]) > -10
    # each scene has the next one's row, so what was heard at scene k speaks for scene k - 1
    own, others = (right(real, "telling-permuted", modality, shift) for shift in (0, -1))
    assert others > right(real, "telling", modality, 0) - 0.1
    assert own < 0.1


@pytest.mark.long
@pytest.mark.parametrize("modality", ["image", "image+sound"])
def test_with_equal_rows_of_the_prior_every_score_is_equal_and_with_permuted_ones_nothing_is_gained(real, modality):
    judged = {(line["control"], line["modality"]): line for line in lines_of(real / "ablations/controls/controls.csv")}
    assert judged["equal", modality]["verdict"] == "as expected"
    assert judged["permuted", modality]["verdict"] != "not as expected"
