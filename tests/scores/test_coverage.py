"""How often intervals hold the true difference, on the default study's own design (`benchmarks/coverage.py`)."""

import importlib.util
from pathlib import Path

import pytest

_PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def simulated():
    spec = importlib.util.spec_from_file_location("coverage_of_intervals", _PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("folds", [True, False], ids=["folds", "split"])
def test_the_interval_that_is_quoted_covers_and_five_seeds_drawn_again_do_not(simulated, folds):
    # of 300 studies an interval of 95 % holds 285, and fewer than 274 once in 600 times
    found = simulated.coverage(simulated.WORLDS["unlike"], folds, studies=300, resamples=200)
    assert found["together"] >= 93 - 2.5
    assert found["percentile"] < 93 - 2.5
    # on one split the same five seeds say nothing of other locations
    assert found["seeds"] < 90 or folds


@pytest.mark.long
@pytest.mark.parametrize("folds", [True, False], ids=["folds", "split"])
@pytest.mark.parametrize("world", ["alike", "unlike, steady trainings", "unlike", "unlike, unsteady trainings"])
def test_coverage_lies_within_93_and_98_in_a_hundred(simulated, world, folds):
    found = simulated.coverage(simulated.WORLDS[world], folds, studies=1000)
    # two standard errors of a share of 1000 studies are 1.4
    assert 93 - 1.4 <= found["together"] <= 98 + 1.0
