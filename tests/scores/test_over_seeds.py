"""Mean and sample standard deviation over seeds, against the standard library, and what is refused."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.errors import PairingError
from overheard.scores.over_seeds import (
    Spread,
    by_row,
    checked_run,
    clips_tested,
    epoch_remarks,
    error_of_fold_mean,
    event_remarks,
    mean_and_std,
    measurements,
    missing_runs,
    pooled,
    shown,
)

SEEDS = [0, 1, 2, 3, 4]
ROWS = [("scene", "sound"), ("scene", "image")]


def run(method="scene", modality="image", seed=0, n=40, **scores):
    said = {"method": method, "modality": modality, "seed": seed, "fold": 0, "n": n, "f_score": 0.5}
    return said | {"classes": ["beach", "lake"], "confusion": [[30, 0], [0, 10]]} | scores


def test_std_of_five_seeds_by_hand():
    # deviations -2 -1 0 1 2: 10 / (5 - 1) = 2.5; with ddof = 0 it would be 2
    assert mean_and_std({0: 70.0, 1: 71.0, 2: 72.0, 3: 73.0, 4: 74.0}, SEEDS) == Spread(5, 72.0, 2.5**0.5)


@given(st.lists(st.floats(0, 100), min_size=5, max_size=5))
def test_mean_and_std_are_the_standard_librarys(values):
    spread = mean_and_std(dict(enumerate(values)), SEEDS)
    assert spread.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert spread.std == pytest.approx(statistics.stdev(values), abs=1e-6)


@given(st.permutations(list(enumerate([71.3, 70.1, 74.9, 0.1, 33.333]))))
def test_order_of_seeds_changes_no_bit(pairs):
    assert mean_and_std(dict(pairs), SEEDS) == mean_and_std(dict(sorted(pairs)), SEEDS)


def test_a_missing_seed_is_refused_unless_partial():
    with pytest.raises(PairingError, match=r"seeds \[2\] are missing"):
        mean_and_std({0: 1.0, 1: 2.0, 3: 3.0, 4: 4.0}, SEEDS)
    assert mean_and_std({0: 1.0, 1: 2.0, 3: 3.0}, SEEDS, partial=True) == Spread(3, 2.0, 1.0)


def test_a_seed_that_was_not_asked_for_is_refused_even_if_partial():
    with pytest.raises(PairingError, match=r"\[7\] were not asked"):
        mean_and_std({0: 1.0, 7: 2.0}, SEEDS, partial=True)


def test_one_seed_has_no_std_and_none_has_no_mean():
    assert mean_and_std({0: 71.25}, [0]) == Spread(1, 71.25, None)
    assert mean_and_std({}, SEEDS, partial=True) == Spread(0, None, None)


def test_runs_are_sorted_into_rows_and_seeds():
    runs = [run(seed=1), run(seed=0), run(modality="sound", seed=1)]
    found = by_row(runs, ROWS, SEEDS, "table2")
    assert list(found) == ROWS
    assert list(found["scene", "image"]) == [0, 1]
    assert missing_runs(found, [0, 1], {}) == ["scene/sound/seed-0"]
    assert missing_runs(found, [0, 1], {("scene", "sound"): "no sounds"}) == []


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([run(), run()], "scene/image/seed-0 is given twice"),
        ([run(seed=9)], "scene/image/seed-9 was not asked for; asked: seeds 0, 1, 2, 3, 4"),
        ([run(method="event1")], "event1/image/seed-0 belongs to none of its rows"),
        (
            [run(), run(seed=1, n=41)],
            r"different numbers of clips \(scene/image/seed-0 on 40, scene/image/seed-1 on 41",
        ),
        (
            [run(), run(modality="sound", fold=1)],
            r"different folds \(scene/sound/seed-0 on 1, scene/image/seed-0 on 0\)",
        ),
        ([run(), run(modality="sound", fold=None)], r"different folds \(scene/sound/seed-0 on None, scene/image"),
    ],
)
def test_wrong_runs_are_refused_by_name(runs, message):
    with pytest.raises(PairingError, match=f"table2: .*{message}"):
        by_row(runs, ROWS, SEEDS, "table2")


def test_two_seeds_have_a_std():
    assert mean_and_std({0: 70.0, 1: 72.0}, [0, 1]) == Spread(2, 71.0, 2**0.5)


def test_a_score_is_a_fraction():
    assert shown(run(f_score=0.7285), "f_score") == pytest.approx(72.85)
    assert (shown(run(f_score=0.0), "f_score"), shown(run(f_score=1), "f_score")) == (0.0, 100.0)
    for wrong in (72.85, 1.5, -0.1, float("nan"), None, "0.7"):
        with pytest.raises(PairingError, match=f"scene/image/seed-0: f_score is {wrong!r}, expected a fraction"):
            shown(run(f_score=wrong), "f_score")


def test_a_file_that_is_no_run_is_refused_by_name():
    with pytest.raises(PairingError, match=r"seed-3/scores\.json: no scores of a run"):
        checked_run({"method": "scene"}, "seed-3/scores.json")


WRONG = [None, [], *({"method": None, "modality": None, "seed": "0", "n": 2.5, "fold": "0"}).items()]
WRONG += [("confusion", None), ("classes", None)]


@pytest.mark.parametrize("content", WRONG)
def test_what_a_run_must_say_is_missed_by_name(content):
    wrong = run() | dict([content]) if isinstance(content, tuple) else content
    with pytest.raises(PairingError, match=r"^scores\.json: no scores of a run"):
        checked_run(wrong, "scores.json")
    assert checked_run(run(), "scores.json") == run()


def test_a_file_from_before_there_were_folds_is_refused():
    with pytest.raises(PairingError, match=r"^scores\.json: no scores of a run \(.*fold, n"):
        checked_run({key: value for key, value in run().items() if key != "fold"}, "scores.json")
    assert checked_run(run(fold=None), "scores.json")["fold"] is None


def test_folds_may_have_different_numbers_of_clips():
    runs = [run(modality=modality, seed=seed, fold=seed % 2, n=40 + seed % 2) for seed in SEEDS for _, modality in ROWS]
    assert set(by_row(runs, ROWS, SEEDS, "table2")["scene", "image"]) == set(SEEDS)
    assert clips_tested(runs) == {0: 40, 1: 41}


def test_pooled_scores_are_of_the_summed_counts_by_hand():
    """Of 40 clips 30 and of 20 clips 4 are right: 34 of 60, where the mean of the folds would be 47.5 %."""
    runs = [run(confusion=[[20, 10], [0, 10]]), run(seed=1, fold=1, n=20, confusion=[[2, 8], [8, 2]])]
    # [[22, 18], [8, 12]]: precision 22/30 and 12/30, recall 22/40 and 12/20, F 44/70 and 24/50; 40 and 20 clips
    assert pooled(runs, "recall") == pytest.approx(100 * 34 / 60)
    assert pooled(runs, "precision") == pytest.approx(100 * (40 * 22 / 30 + 20 * 12 / 30) / 60)
    assert pooled(runs, "f_score") == pytest.approx(100 * (40 * 44 / 70 + 20 * 24 / 50) / 60)
    assert pooled(runs[:1], "recall") == pytest.approx(75)
    assert pooled([], "recall") is None
    with pytest.raises(PairingError, match="other classes"):
        pooled([*runs, run(seed=2, classes=["lake", "beach"])], "recall")


def test_the_error_of_a_mean_over_folds_by_hand():
    # s² = 2.5 (see above); five folds, each tests a fifth and trains on seven tenths: (1/5 + 2/7) · 2.5 = 17/14
    assert error_of_fold_mean([70, 71, 72, 73, 74], 20, 70) == pytest.approx((17 / 14) ** 0.5)
    # 1.56 times the error of five independent values
    assert error_of_fold_mean([70, 71, 72, 73, 74], 20, 70) / (2.5 / 5) ** 0.5 == pytest.approx((17 / 7) ** 0.5)
    assert error_of_fold_mean([3.0, 3.0], 1, 1) == 0
    for wrong in (([1.0], 1, 1), ([1.0, 2.0], 0, 1), ([1.0, 2.0], 1, 0)):
        with pytest.raises(ValueError, match="two folds or more"):
            error_of_fold_mean(*wrong)


def test_captions_say_over_how_many_events_the_losses_are_summed():
    line = "Event losses: over the {} events that the teacher was trained on."
    runs = [run(), run(events=None), run(events=90), run(events=12), run(events=90)]
    assert event_remarks(runs) == [line.format(12), line.format(90)]
    assert event_remarks([run()]) == []


def test_one_run_tested_in_several_epochs_is_as_many_measurements():
    tested = [{"epoch": epoch, "f_score": f_score} for epoch, f_score in ((7, 0.5), (8, 0.54), (9, 0.52))]
    several = run(seed=10, epochs=tested)
    assert measurements({10: several}, "f_score") == pytest.approx({7: 50.0, 8: 54.0, 9: 52.0})
    assert measurements({0: run(), 1: run(seed=1)}, "f_score") == {0: 50.0, 1: 50.0}
    assert epoch_remarks([run()]) == []
    assert epoch_remarks([run(), several])[0].startswith("n = 3 epochs of one run: ")
    with pytest.raises(PairingError, match="scene/image/seed-10, scene/image/seed-11: tested in several epochs each"):
        measurements({10: several, 11: several}, "f_score")
