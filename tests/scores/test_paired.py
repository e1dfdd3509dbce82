"""Intervals of paired differences: against scipy, and the variance of seeds and locations together by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from overheard.scores import paired

FIRST = {0: 60.0, 1: 62.5, 2: 61.0, 3: 65.0, 4: 70.0}
SECOND = {0: 63.0, 1: 63.0, 2: 66.0, 3: 66.5, 4: 71.0}
DIFFERENCES = {seed: SECOND[seed] - FIRST[seed] for seed in FIRST}


def test_on_one_split_the_interval_is_scipys_paired_t():
    error, df = paired.error_over_runs(DIFFERENCES, dict.fromkeys(FIRST, 0), 20, 70)
    expected = stats.ttest_rel(list(SECOND.values()), list(FIRST.values())).confidence_interval(0.95)
    assert paired.interval(np.mean(list(DIFFERENCES.values())), error, df) == pytest.approx(tuple(expected))


def test_over_folds_seeds_of_one_are_averaged_first_and_the_variance_carries_what_they_share():
    # fold means 1, 3, 2: variance 1; (1/3 + 100/400) x 1
    values = dict(enumerate([0.0, 2.0, 3.0, 3.0, 2.0, 2.0]))
    fold = dict(enumerate([0, 0, 1, 1, 2, 2]))
    error, df = paired.error_over_runs(values, fold, 100, 400)
    assert (error, df) == (pytest.approx(math.sqrt(1 / 3 + 0.25)), 2)
    assert paired.shared_training(3, 3, 100, 400) / 3 == pytest.approx(1 / 3 + 0.25)
    assert paired.shared_training(5, 1, 100, 400) == 1


def test_one_seed_has_no_error():
    with pytest.raises(ValueError, match="two seeds or more"):
        paired.error_over_runs({0: 1.0}, {0: 0}, 20, 70)


def test_on_one_split_seeds_and_locations_are_added_and_neither_counted_twice():
    # two runs that differ by 4 points: s² = 8; locations give each a variance of 5 and the two a covariance of 3
    covariance = np.array([[5.0, 3.0], [3.0, 5.0]])
    # of s² locations explain 5 - 3; (8 - 2) / 2 = 3 are the trainings', beside (5 + 3) / 2 = 4 of locations
    error, df = paired.together(np.array([0.0, 4.0]), covariance, 1.0, 50)
    assert error**2 == pytest.approx(4 + 3)
    assert df == pytest.approx(7**2 / (4**2 / 50 + (3 + 1 / 2) ** 2 / 1))


def test_over_folds_with_other_locations_the_spread_of_folds_says_it_all():
    values = np.array([1.0, 5.0, -2.0, 4.0, 9.0])
    covariance = np.diag([2.0, 3.0, 1.0, 2.0, 2.0])
    error, df = paired.together(values, covariance, 1.0, 1e9)
    assert error == pytest.approx(stats.sem(values))
    # of the variance 0.4 are the locations'
    assert df == pytest.approx(4 * (error**2 / (error**2 - 0.2)) ** 2)
    # of what trainings add, Nadeau and Bengio's factor
    error, _ = paired.together(values, covariance, 2.4, 1e9)
    of_locations = 10 / 25
    assert error**2 == pytest.approx(of_locations + 2.4 * (stats.sem(values) ** 2 - of_locations))


def test_runs_that_agree_more_than_locations_let_expect_leave_the_locations():
    error, df = paired.together(np.array([1.0, 1.0, 1.0]), 9 * np.eye(3), 2.4, 40)
    assert error == pytest.approx(math.sqrt(3))
    assert df == pytest.approx(40)
    assert paired.together(np.zeros(3), np.zeros((3, 3)), 2.4, 40) == (0.0, 2.0)


def test_over_trainings_the_error_is_that_of_statsmodels_mean_of_fold_effects():
    from statsmodels.api import OLS

    rng = np.random.default_rng(4)
    for sizes in ((3, 3, 3), (2, 4, 1, 5)):
        fold = dict(enumerate(np.repeat(np.arange(len(sizes)), sizes).tolist()))
        # folds differ by much more than seeds of a fold
        values = {seed: float(10 * its + rng.normal()) for seed, its in fold.items()}
        dummies = np.eye(len(sizes))[[*fold.values()]]
        expected = OLS([*values.values()], dummies).fit().t_test(np.full(len(sizes), 1 / len(sizes)))
        error, df = paired.error_over_trainings(values, fold)
        assert error == pytest.approx(expected.sd.item())
        assert df == expected.df_denom == sum(sizes) - len(sizes)
    assert paired.error_over_trainings(DIFFERENCES, dict.fromkeys(FIRST, 0)) == pytest.approx(
        (stats.sem([*DIFFERENCES.values()]), 4)
    )
    with pytest.raises(ValueError, match="got 5 in 5 folds"):
        paired.error_over_trainings(DIFFERENCES, {seed: seed for seed in FIRST})
