"""Moments of embeddings against scikit-learn's scaler, and over all dimensions together."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from overheard.media.moments import embedding_moments, z_scored


@pytest.fixture
def embeddings(tmp_path):
    """Of 700 windows, more than are read at once, on the disk; dimensions differ in mean and spread."""
    rng = np.random.default_rng(3)
    values = (rng.standard_normal((700, 12)) * np.geomspace(0.1, 30, 12) + np.arange(12) ** 3).astype(np.float32)
    np.save(tmp_path / "embeddings.npy", values)
    return np.load(tmp_path / "embeddings.npy", mmap_mode="r")


ROWS = np.arange(0, 700, 2)


def test_each_dimension_is_scaled_as_by_scikit_learn(embeddings):
    mean, deviation = embedding_moments(embeddings, ROWS, "per_dimension")
    scaler = StandardScaler().fit(embeddings[ROWS].astype(np.float64))
    np.testing.assert_allclose(mean, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(deviation, scaler.scale_, rtol=1e-9)
    found = z_scored(embeddings, mean, deviation)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scaler.transform(embeddings.astype(np.float64)), rtol=1e-6, atol=1e-6)


def test_one_number_is_that_of_all_values_together(embeddings):
    mean, deviation = embedding_moments(embeddings, ROWS, "one_number")
    training = embeddings[ROWS].astype(np.float64)
    np.testing.assert_allclose(mean, np.full(12, training.mean()), rtol=1e-12)
    np.testing.assert_allclose(deviation, np.full(12, training.std()), rtol=1e-12)


def test_what_does_not_vary_is_not_divided_by_zero(embeddings):
    still = np.array(embeddings)
    still[:, 4] = 0.7
    mean, deviation = embedding_moments(still, ROWS, "per_dimension")
    assert deviation[4] == 0
    with pytest.raises(ValueError, match=r"dimensions \[4\]"):
        z_scored(still, mean, deviation)
    assert (embedding_moments(still, ROWS, "one_number")[1] > 0).all()
