"""`overheard compare`: what the screen says, and which questions are refused."""

import json
import shutil
from pathlib import Path

import pytest
from made_rows import make_rows

from overheard.command.questions import place_of
from overheard.errors import ConfigError, PairingError
from overheard.lineage.compare import compare

ROWS = [("scratch", "image"), ("scene", "image"), ("scene", "sound"), ("scene+event", "image"), ("majority", "none")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_rows(Path("results/mini"), ROWS)


def test_one_screen_says_both_numbers_the_difference_and_what_would_decide(folder):
    text = compare(folder, ("scene@image", "scene+event"))
    assert "weighted F in percent, scene@image (A) and scene+event@image (B)" in text
    assert "Source: SIMULATED TWIN" in text
    assert text.count("n = 5 seeds") == 2
    assert "sample standard deviation" in text
    assert "95 %: other test locations and trainings" in text
    assert "95 %: over folds, rather wide" in text
    assert "smallest p by ranks of 5 folds: no rank test decides at 0.05" in text
    assert "Not decided" in text
    assert "would decide a difference of" in text
    assert len(text.splitlines()) <= 24


def test_a_clear_difference_is_said(folder):
    text = compare(folder, ("majority", "scene@image"))
    assert "B is higher: the first interval leaves out 0." in text
    assert "A is higher" in compare(folder, ("scene@image", "majority"))


def test_lists_by_class_seed_and_location(folder):
    words = ("scratch", "scene@image")
    by_class = compare(folder, words, by="class").split("F of each class")[1]
    assert {line.split()[0] for line in by_class.splitlines()[2:]} == {"beach", "forest", "lake"}
    runs = [json.loads((folder / f"evaluate/scene/image/seed-{seed}/scores.json").read_text()) for seed in range(5)]
    by_seed = compare(folder, words, by="seed")
    for seed, run in enumerate(runs):
        assert f"    {seed}     {seed} " in by_seed
        assert f"{100 * run['f_score']:.2f}" in by_seed
    by_location = compare(folder, words, by="location")
    # every location is tested once, with two clips
    assert "of 30 test locations differ" in by_location
    shown = [int(line.split()[-1]) for line in by_location.split("B - A\n")[-1].splitlines()]
    assert len(shown) <= 15
    assert shown == sorted(shown, key=abs, reverse=True)
    assert 0 not in shown


def test_what_a_row_is_must_be_clear(folder):
    assert "scene@sound (A)" in compare(folder, ("scene@sound", "scene@image"))
    assert "scene@image (B)" in compare(folder, ("scratch", "scene"), modality="image")
    with pytest.raises(ConfigError, match="scene stands in several columns: scene@image, scene@sound; name one"):
        compare(folder, ("scene", "scratch"))
    with pytest.raises(
        ConfigError, match="mini has no row scratch@sound; there are scene@image, scene@sound, .*majority"
    ):
        compare(folder, ("scratch@sound", "scene@sound"))
    with pytest.raises(ConfigError, match="scratch@image: twice the same row"):
        compare(folder, ("scratch", "scratch@image"))
    with pytest.raises(ConfigError, match="--metric kappa.*precision, recall, f_score, accuracy, macro_f"):
        compare(folder, ("scratch", "scene@image"), metric="kappa")
    with pytest.raises(ConfigError, match="--by clip.*class, seed, location"):
        compare(folder, ("scratch", "scene@image"), by="clip")


def test_runs_that_are_not_paired_are_refused(folder):
    for seed in (0, 1):
        shutil.rmtree(folder / f"evaluate/scratch/image/seed-{seed}")
    for seed in (2, 3, 4):
        shutil.rmtree(folder / f"evaluate/scene/sound/seed-{seed}")
    with pytest.raises(
        PairingError, match=r"scratch@image and scene@sound: not paired: seeds \[2, 3, 4\] against \[0, 1\]"
    ):
        compare(folder, ("scratch", "scene@sound"))


def test_one_seed_says_that_there_is_no_test_over_seeds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = compare(make_rows(Path("results/mini"), ROWS, seeds=[0]), ("scratch", "scene@image"))
    assert "±" not in text.split("B - A")[0]
    assert "One seed: no ± and no test over seeds" in text


def test_mcnemar_where_a_location_has_one_clip_and_nowhere_else(folder, tmp_path):
    with pytest.raises(PairingError, match="12 clips of 6 locations: McNemar's test takes clips for independent"):
        compare(folder, ("scratch", "scene@image"), seed=1)
    single = make_rows(Path("results/single"), ROWS, clips=1)
    assert "seed 1: McNemar's exact p = " in compare(single, ("scratch", "scene@image"), seed=1)
    with pytest.raises(PairingError, match=r"--seed 9: no scratch/image/seed-9; there are \[0, 1, 2, 3, 4\]"):
        compare(single, ("scratch", "scene@image"), seed=9)


def test_without_results_the_reference_is_read_and_said(folder):
    Path("reference").mkdir()
    folder.rename("reference/mini")
    text = compare(place_of("mini"), ("scratch", "scene@image"))
    assert text.startswith("reference/mini/ (there is no results/mini): ")
    Path("results/none").mkdir()
    with pytest.raises(ConfigError, match="results/none: no row was tested here"):
        compare(Path("results/none"), ("a", "b"))
