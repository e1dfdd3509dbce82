"""Reliability by bins and calibration error: by hand, and as scikit-learn has them."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from overheard.scores.reliability import Bin, binned, calibration_error, confidence


def test_confidence_is_the_largest_probability():
    found = confidence(np.array([[np.log(3), 0.0], [0.0, 0.0], [1000.0, 0.0]], dtype=np.float64))
    np.testing.assert_allclose(found, [0.75, 0.5, 1.0])


def test_bins_and_error_by_hand():
    sure, right = np.array([0.1, 0.4, 0.6, 0.8, 1.0]), np.array([False, True, True, False, True])
    low, high = binned(sure, right, 2)
    assert low == Bin(0.0, 0.5, 2, pytest.approx(0.25), 0.5)
    assert high == Bin(0.5, 1.0, 3, pytest.approx(0.8), pytest.approx(2 / 3))
    # 2/5 · 0.25 + 3/5 · (0.8 - 2/3)
    assert calibration_error([low, high]) == pytest.approx(0.1 + 0.08)


def test_a_bin_without_clips_counts_for_nothing():
    bins = binned(np.array([0.95, 0.95]), np.array([True, False]), 10)
    assert [one.clips for one in bins] == [0] * 9 + [2]
    assert bins[0] == Bin(0.0, pytest.approx(0.1), 0, None, None)
    assert calibration_error(bins) == pytest.approx(0.45)


@pytest.mark.parametrize("n_bins", [1, 5, 10, 15])
def test_bins_are_scikit_learns(n_bins):
    rng = np.random.default_rng(n_bins)
    sure = rng.uniform(size=300)
    right = rng.uniform(size=300) < sure**2
    accuracy, mean = calibration_curve(right, sure, n_bins=n_bins, strategy="uniform")
    heard = [one for one in binned(sure, right, n_bins) if one.clips]
    np.testing.assert_allclose([one.accuracy for one in heard], accuracy)
    np.testing.assert_allclose([one.confidence for one in heard], mean)
    edges = np.linspace(0, 1, n_bins + 1)
    assert [one.clips for one in binned(sure, right, n_bins)] == np.histogram(sure, edges)[0].tolist()


def test_what_is_no_confidence_is_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        binned(np.array([1.2]), np.array([True]), 10)
    with pytest.raises(ValueError, match="got 0 bins"):
        binned(np.array([0.2]), np.array([True]), 0)
    with pytest.raises(ValueError, match="at least one clip"):
        calibration_error(binned(np.array([]), np.array([], dtype=bool), 3))
