"""What can be decided at all: against exact tests of scipy and statsmodels, and by hand."""

import itertools

import numpy as np
import pytest
from scipy import stats

from overheard.errors import PairingError
from overheard.scores import power


@pytest.mark.parametrize("n", [2, 5, 6])
def test_the_floor_is_the_p_of_the_clearest_case(n):
    assert power.rank_floor(n) == pytest.approx(stats.wilcoxon(np.arange(1, n + 1), method="exact").pvalue)
    assert power.rank_floor(5) == 0.0625


def test_half_the_difference_takes_four_times_as_many():
    # 2.8 errors of 0.5 are 1.4 points
    assert power.needed(1.4, 0.5, 5) == 5
    assert power.needed(-0.7, 0.5, 5) == 20
    assert power.needed(0.7, 0.5, 62) == 248
    assert power.needed(0.0, 0.5, 5) is None


def test_improvement_is_the_share_of_pairs_with_ties_half():
    first, second = [1.0, 2.0, 3.0], [2.0, 3.0, 5.0]
    pairs = itertools.product(first, second)
    by_hand = np.mean([1.0 if b > a else 0.5 if b == a else 0.0 for a, b in pairs])
    assert power.improvement(first, second) == pytest.approx(by_hand)
    assert power.improvement(first, first) == 0.5


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.04: times 3, 2, 1, and never smaller than the one before
    assert power.holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert power.holm([]) == []


def test_mcnemar_is_a_test_of_the_clips_on_which_they_disagree():
    label = np.zeros(20, dtype=int)
    first, second = label.copy(), label.copy()
    first[:9], second[9:11] = 1, 1
    place = [f"p{n}" for n in range(20)]
    assert power.mcnemar(label, first, second, place) == pytest.approx(stats.binomtest(9, 11).pvalue)
    with pytest.raises(PairingError, match="20 clips of 10 locations: McNemar's test takes clips for independent"):
        power.mcnemar(label, first, second, [f"p{n // 2}" for n in range(20)])


@pytest.mark.parametrize(("n", "deviation"), [(15, 2.0), (8, 1.0), (20, 3.0)])
def test_the_power_of_two_one_sided_tests_is_that_of_statsmodels_on_drawn_differences(n, deviation):
    from statsmodels.stats.weightstats import DescrStatsW

    drawn = np.random.default_rng(1).normal(0, deviation, (n, 4000))
    found = np.mean(DescrStatsW(drawn).ttost_mean(-2, 2)[0] < 0.05)
    error = 3 * np.sqrt(found * (1 - found) / 4000) + 1e-3
    assert power.equivalence_power(2, deviation / np.sqrt(n), n - 1) == pytest.approx(found, abs=error)


def test_seeds_for_equivalence_are_the_fewest_in_whole_folds():
    for folds in (1, 5):
        n = power.trainings_for_equivalence(2, 2, 0.8, folds)
        assert n % folds == 0
        assert power.equivalence_power(2, 2 / np.sqrt(n), n - folds) >= 0.8
        fewer = n - folds
        assert power.equivalence_power(2, 2 / np.sqrt(fewer), fewer - folds) < 0.8
    # by the normal approximation (1.645 + 1.282)² of them, and some more for an unknown deviation
    assert 9 <= power.trainings_for_equivalence(2, 2, 0.8) <= 11
    # however well known, two in each fold
    assert power.trainings_for_equivalence(2, 0.01, 0.8, 5) == 10
