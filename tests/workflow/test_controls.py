"""Worlds and changes that decide what transfer must do, by the whole road: drawn media, trained teacher, same networks.

Each prints what it measured (`pytest -m long -s`); docs/twin.md quotes it. No constant of the twin was chosen by these.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

pytestmark = [pytest.mark.long, pytest.mark.workflow]

ROOT = Path(__file__).resolve().parents[2]
SEEDS = list(range(10))
CLASSES = 13


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One folder for all controls: what they share is put back from its store."""
    place = tmp_path_factory.mktemp("controls")
    (place / "config").mkdir()
    return place


def made(folder: Path, name: str, source: dict | None = None, **sections) -> Path:
    """The results of the default twin's recipe with the study of controls and these changes."""
    twin = yaml.safe_load((ROOT / "config" / "twin.yaml").read_text())
    twin |= {"study": "controls", "seeds": SEEDS, "source": twin["source"] | (source or {})} | sections
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
    """`scene+event` minus `scene`, paired by seed and fold: mean and 95 % interval (t)."""
    paired = f_scores(results, "scene+event", modality) - f_scores(results, "scene", modality)
    error = stats.sem(paired)
    # where not one prediction differs there is no spread, and no interval but the point
    low, high = stats.t.interval(0.95, len(paired) - 1, paired.mean(), error) if error else (paired.mean(),) * 2
    print(f"{results.name}, {modality}: scene+event - scene {paired.mean():.2f} [{low:.2f}, {high:.2f}]")
    return float(paired.mean()), float(low), float(high)


def right(results: Path, shift: int) -> float:
    """Share of test clips that `event1` gives the label `shift` rows after the true one."""
    shares = []
    for seed in SEEDS:
        path = results / "evaluate" / "event1" / "image+sound" / f"seed-{seed}" / "predictions.npz"
        with np.load(path) as arrays:
            shares.append(np.mean(arrays["scene_logits"].argmax(1) == (arrays["label"] + shift) % CLASSES))
    return float(np.mean(shares))


def test_where_events_decide_the_scene_event1_alone_recognises_it_and_follows_a_permuted_prior(folder):
    telling = made(folder, "telling", {"events": "telling"})
    plain, alone = (f_scores(telling, method, "image+sound").mean() for method in ("scene", "event1"))
    print(f"telling events: scene {plain:.2f}, event1 {alone:.2f}")
    assert alone > plain - 10
    permuted = made(folder, "permuted", {"events": "telling"}, control={"prior": "permuted"})
    # each scene has the next one's row, so what was heard at scene k speaks for scene k - 1
    print(f"permuted prior: true label {right(permuted, 0):.3f}, permuted label {right(permuted, -1):.3f}")
    assert right(permuted, -1) > right(telling, 0) - 0.1
    assert right(permuted, 0) < 0.1


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
