"""`overheard ablate`: what it would train, what it refuses, and (long) a whole one."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.workflow


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config").mkdir()
    twin = yaml.safe_load((ROOT / "config" / "twin.yaml").read_text())
    twin["source"] |= {"scale": 0.01, "clips": 1, "scenes": 4, "sounds": 60}
    twin["train"] |= {"steps": 20}
    (tmp_path / "config" / "mini.yaml").write_text(yaml.safe_dump(twin))
    return tmp_path


def ablate(folder, *words):
    command = [sys.executable, "-m", "overheard", "ablate", "mini", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_dry_run_says_how_many_trainings_and_writes_nothing(folder):
    done = ablate(folder, "--dry-run", "--vary", "alpha=0.01,0.1,1", "--vary", "beta=0,0.001")
    assert done.returncode == 0, done.stderr
    # 5 seeds: the base's 4 rows, and scene+event on two modalities at each of 5 points that are not as the base
    assert "5 changes, from corrected; 5 seeds; at most 70 trainings" in done.stdout
    assert "left out: corrected: alpha = 0.1, beta = 0.001: no row of this ablation uses it" in done.stdout
    done = ablate(folder, "--dry-run")
    assert "left out: corrected: spread = population: changes what ± says and no score" in done.stdout
    assert "left out: corrected: schedule = steps: " in done.stdout
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["mini.yaml"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "temperature=2"], "nothing to compare"),
        (["--vary", "gamma=2"], "no switch 'gamma'; there are: split_unit, split_draw"),
        (["--switch", "gamma"], "--switch: no switch gamma; there are: split_unit, split_draw"),
        (["--method", "scene+kl"], "the study has no row scene+kl on image"),
    ],
)
def test_what_cannot_be_compared_ends_before_anything_runs(folder, words, said):
    done = ablate(folder, *words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr
    assert not (folder / "results").exists()


@pytest.mark.long
def test_a_whole_ablation_is_a_table_of_ordinary_experiments(folder):
    done = ablate(folder, "--switch", "missing_modality", "--again", "1")
    assert done.returncode == 0, done.stderr
    with (folder / "ablations/mini/switch-missing_modality-again.csv").open(newline="") as stream:
        (chosen,) = {line["experiment"] for line in csv.DictReader(stream)}
    experiment = yaml.safe_load((folder / "config" / f"{chosen}.yaml").read_text())
    assert experiment["seeds"] == [5, 6, 7, 8, 9]
    with (folder / "ablations/mini/switch-missing_modality.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert {(line["from"], line["method"], line["modality"]) for line in lines} == {
        (base, method, "image") for base in ("corrected", "released") for method in ("scene", "scene+event")
    }
    text = (folder / "ablations/mini/switch-missing_modality.md").read_text()
    assert "over seeds and test locations together" in text
    assert "Unpaired" not in text
    for line in lines:
        traced = [sys.executable, "-m", "overheard", "trace", line["experiment"], "--table", "ablation"]
        traced += ["--row", line["method"], "--column", line["modality"]]
        assert subprocess.run(traced, cwd=folder, capture_output=True, check=False).returncode == 0
    assert (folder / "ablations/mini/switch-missing_modality.png").stat().st_size > 10_000
    # the same command again has nothing to train
    again = ablate(folder, "--switch", "missing_modality", "--again", "1")
    assert again.returncode == 0
    assert "train scene" not in again.stderr
