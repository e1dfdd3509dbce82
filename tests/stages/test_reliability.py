"""The stage that bins predictions by how sure they are, on made-up runs."""

import numpy as np
import pytest
from made_rows import files_of, make_rows

from overheard.io import artifacts
from overheard.stages import reliability


def make(folder, **changed):
    its = {flag: paths for flag, paths in files_of(folder).items() if flag in ("scores", "predictions")}
    settings = reliability.Settings(bins=4)
    reliability.reliability(settings, folder / "bins.csv", folder / "calibration.csv", **its | changed)
    return artifacts.read_table(folder / "bins.csv"), artifacts.read_table(folder / "calibration.csv")


def test_bins_are_of_a_rows_seeds_together_and_errors_of_each_run(tmp_path):
    folder = make_rows(tmp_path / "mini", seeds=[0, 1, 2])
    bins, calibration = make(folder)
    assert len(bins) == 3 * 4
    assert len(calibration) == 3 * 3
    # every clip is e / (e + 2) sure of its scene
    sure = np.e / (np.e + 2)
    own = [line for line in bins if line["method"] == "scene"]
    assert [line["clips"] for line in own] == ["0", "0", "36", "0"]
    scores = [artifacts.read_json(folder / f"evaluate/scene/image/seed-{seed}/scores.json") for seed in range(3)]
    accuracy = np.mean([run["accuracy"] for run in scores])
    assert float(own[2]["accuracy"]) == pytest.approx(accuracy, abs=1e-6)
    assert float(own[2]["confidence"]) == pytest.approx(sure, abs=1e-6)
    errors = {int(line["seed"]): float(line["error"]) for line in calibration if line["method"] == "scene"}
    assert errors == {seed: pytest.approx(abs(run["accuracy"] - sure), abs=1e-6) for seed, run in enumerate(scores)}
    assert [line["fold"] for line in calibration if line["method"] == "scene"] == ["0", "1", "2"]


def test_of_no_run_the_files_are_empty(tmp_path):
    assert make(make_rows(tmp_path / "mini", rows=[], seeds=[0]), scores=None, predictions=None) == ([], [])
