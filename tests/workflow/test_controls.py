"""Worlds and changes that decide what transfer must do, by the whole road: drawn media, trained teacher, same networks.

Each prints what it measured (`pytest -m long -s`); docs/twin.md quotes it. No constant of the twin was chosen by these.
"""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

from overheard.scores import power

pytestmark = [pytest.mark.long, pytest.mark.workflow]

ROOT = Path(__file__).resolve().parents[2]
SEEDS = list(range(10))
CLASSES, FOLDS = 13, 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One folder for all controls: what they share is put back from its store."""
    place = tmp_path_factory.mktemp("controls")
    (place / "config").mkdir()
    return place


def made(folder: Path, name: str, **sections: dict) -> Path:
    """The results of the default twin's recipe with the study of controls and changes in these sections."""
    twin = yaml.safe_load((ROOT / "config" / "twin.yaml").read_text())
    twin |= {"study": "controls", "seeds": SEEDS}
    twin |= {key: twin.get(key, {}) | values for key, values in sections.items()}
    (folder / "config" / f"{name}.yaml").write_text(yaml.safe_dump(twin))
    command = [sys.executable, "-m", "overheard", "run", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results" / name


def f_scores(results: Path, method: str, modality: str) -> np.ndarray:
    """Weighted F in percent, by seed."""
    paths = [results / "evaluate" / method / modality / f"seed-{seed}" / "scores.json" for seed in SEEDS]
    return np.array([100 * json.loads(path.read_text())["f_score"] for path in paths])


def difference(results: Path, modality: str) -> tuple[float, float, float]:
    """`scene+event` minus `scene`, paired by seed and fold: mean and 95 % interval (t over five folds, which share
    training clips: Nadeau and Bengio's error)."""
    paired = f_scores(results, "scene+event", modality) - f_scores(results, "scene", modality)
    with (results / "media" / "fold-0" / "splits.csv").open(newline="") as stream:
        split = Counter(row["split"] for row in csv.DictReader(stream))
    folds = [seed % FOLDS for seed in SEEDS]
    error = power.fold_error(list(paired), folds, split["test"], split["train"])
    # where not one prediction differs there is no spread, and no interval but the point
    low, high = stats.t.interval(0.95, FOLDS - 1, paired.mean(), error) if error else (paired.mean(),) * 2
    print(f"{results.name}, {modality}: scene+event - scene {paired.mean():.2f} [{low:.2f}, {high:.2f}]")
    return float(paired.mean()), float(low), float(high)


def right(results: Path, modality: str, shift: int) -> float:
    """Share of test clips that `event1` gives the label `shift` rows after the true one."""
    shares = []
    for seed in SEEDS:
        path = results / "evaluate" / "event1" / modality / f"seed-{seed}" / "predictions.npz"
        with np.load(path) as arrays:
            shares.append(np.mean(arrays["scene_logits"].argmax(1) == (arrays["label"] + shift) % CLASSES))
    return float(np.mean(shares))


@pytest.mark.parametrize("modality", ["image", "image+sound"])
def test_where_events_decide_the_scene_event1_alone_recognises_it_and_follows_a_permuted_prior(folder, modality):
    # twice the default length: without labels, at 288 steps its loss still falls
    telling = {"source": {"events": "telling"}, "train": {"steps": 576}}
    true = made(folder, "telling", **telling)
    plain, alone = (f_scores(true, method, modality).mean() for method in ("scene", "event1"))
    print(f"telling events, {modality}: scene {plain:.2f}, event1 {alone:.2f}")
    assert alone > plain - 10
    permuted = made(folder, "permuted", **telling, control={"prior": "permuted"})
    # each scene has the next one's row, so what was heard at scene k speaks for scene k - 1
    own, others = (right(permuted, modality, shift) for shift in (0, -1))
    print(f"permuted prior, {modality}: true label {own:.3f}, permuted label {others:.3f}")
    assert others > right(true, modality, 0) - 0.1
    assert own < 0.1


_NOT_SHOWN = pytest.mark.xfail(reason="measured: 1.12 [-0.87, 3.11] with ten seeds (docs/twin.md)")


@pytest.mark.parametrize("modality", ["image", pytest.param("image+sound", marks=_NOT_SHOWN)])
def test_with_noisy_labels_the_prior_helps(folder, modality):
    noisy = made(folder, "noisy", control={"redrawn": 0.4})
    assert difference(noisy, modality)[1] > 0


def test_with_equal_rows_of_the_prior_nothing_is_gained(folder):
    null = made(folder, "null", control={"prior": "equal"})
    for modality in ("image", "image+sound"):
        _, low, high = difference(null, modality)
        assert low <= 0 <= high
