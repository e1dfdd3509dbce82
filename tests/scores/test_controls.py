"""Verdicts of controls: against statsmodels' equivalence test and scipy's t test, and each by hand."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from overheard.errors import PairingError
from overheard.scores import controls, controls_report
from overheard.scores.controls import Line, Worse, difference, judged
from overheard.scores.paired import Scores


def scores(values, folds=1):
    values = dict(enumerate(values))
    return Scores(values, {seed: seed % folds for seed in values}, 20, 70)


FIRST = np.array([60.0, 62.5, 61.0, 65.0, 70.0, 66.0])


@pytest.mark.parametrize("shift", [-1.0, 0.2, 1.6])
def test_on_one_split_vanishing_is_statsmodels_two_one_sided_tests(shift):
    second = FIRST + shift + np.array([0.5, -0.6, 0.1, 0.3, -0.2, 0.4])
    p, above, below = ttost_paired(second, FIRST, -2, 2)
    found = judged(difference(scores(FIRST), scores(second)), "vanishes", 2)
    assert found.p == pytest.approx(p)
    assert (found.verdict == controls.AS_EXPECTED) == (p < 0.05)
    its = difference(scores(FIRST), scores(second))
    assert judged(its, "at most 0", 2).p == pytest.approx(below[1])
    assert judged(its, "reaches", 2).p == pytest.approx(above[1])
    helps, expected = judged(its, "helps", 2), stats.ttest_rel(second, FIRST)
    assert helps.p == pytest.approx(expected.pvalue)
    assert (helps.low, helps.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def made(mean, noise=0.1):
    """A difference of this mean, and a deviation of about 1.1 noise."""
    return difference(scores(FIRST), scores(FIRST + mean + noise * np.array([1.0, -1, 1, -1, 1, -1])))


@pytest.mark.parametrize(
    ("expected", "bound", "yes", "no", "open_"),
    [
        ("helps", 2, made(1), made(-1), made(0)),
        ("vanishes", 2, made(1), made(3), made(1, 5)),
        ("vanishes", 2, made(-1), made(-3), made(2)),
        ("at most 0", 2, made(-5), made(1), made(0, 9)),
        ("at most 0", 2, made(0), made(3), made(-1, 9)),
        ("reaches", 10, made(-9), made(-11), made(-10)),
    ],
)
def test_each_expectation_can_hold_fail_and_stay_open(expected, bound, yes, no, open_):
    found = [judged(its, expected, bound).verdict for its in (yes, no, open_)]
    assert found == ["as expected", "not as expected", "undecided"]


def test_an_exact_null_is_not_one_score_away_from_0():
    same, once = scores(FIRST), scores(FIRST + np.array([0, 0, 0, 1e-9, 0, 0]))
    assert judged(difference(same, same), "exact null", 2).verdict == "as expected"
    assert judged(difference(same, once), "exact null", 2).verdict == "not as expected"
    # without spread there is a point, within the margin or not
    assert judged(difference(same, same), "vanishes", 2).p == 0
    assert judged(difference(same, scores(FIRST + 3)), "vanishes", 2).verdict == "not as expected"
    with pytest.raises(ValueError, match="found 'hurts'"):
        judged(difference(same, same), "hurts", 2)


def test_over_folds_an_interval_over_splits_stands_beside_and_it_is_wider():
    first = scores(FIRST, 3)
    its = difference(first, scores(FIRST + np.array([0.0, 1.0, 2.0, 0.2, 1.1, 2.2]), 3))
    # fold means 0.1, 1.05, 2.1: s = 1.0002, (1/3 + 20/70) s², t of 2 degrees
    s = np.std([0.1, 1.05, 2.1], ddof=1)
    half = stats.t.ppf(0.975, 2) * s * np.sqrt(1 / 3 + 20 / 70)
    assert its.splits == pytest.approx((1.08333 - half, 1.08333 + half), abs=1e-4)
    assert its.df == 3
    assert difference(scores(FIRST), scores(FIRST)).splits is None
    with pytest.raises(PairingError):
        difference(first, scores(FIRST[:4]))


def test_the_report_says_what_was_expected_measured_and_found():
    its = made(0)
    line = Line("across", {"control.teacher": "across"}, "scene+event", "scene", "image", "vanishes", 2.0, its,
                judged(its, "vanishes", 2), "controls-across")  # fmt: skip
    worse = Worse("image dark", "scene", "image", FIRST, FIRST - 5, difference(scores(FIRST), scores(FIRST - 5)), "x")
    said = controls_report.sentences("SIMULATED TWIN", 6, 15, 2, 2, 0.8)
    text = controls_report.markdown("Controls", said, [line], [worse])
    assert "15 seeds find a difference of 0 to vanish within 2 points with a power of 80%" in text
    assert "these are 6, FEWER than that" in text
    assert "vanishes (within ±2)" in text
    assert "**as expected**" in text
    assert text.count("SIMULATED TWIN") == 2
    assert f"{FIRST.mean():.2f} ± {FIRST.std(ddof=1):.2f}" in text
    assert "-5.00 to -5.00" in text
    assert "| -5.00 " in text
    assert set(controls.csv_line(line)) == set(controls.COLUMNS)
    assert set(controls.degraded_line(worse)) == set(controls.DEGRADED_COLUMNS)
