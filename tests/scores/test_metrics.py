"""Scores against scikit-learn's, and the rule of selection."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from overheard.scores import metrics

NAMES = [f"class {k}" for k in range(13)]


def answers(seed, n=300, classes=13, right=0.5):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, n)
    return label, np.where(rng.random(n) < right, label, rng.integers(0, classes, n))


def cases():
    label, predicted = answers(0)
    yield "ordinary", label, predicted
    yield "never predicted", label, np.where(predicted == 4, 5, predicted)
    keep = label != 7
    yield "no clip, yet predicted", label[keep], np.where(predicted[keep] == 1, 7, predicted[keep])
    yield "neither clip nor prediction", label[keep], np.where(predicted[keep] == 7, 1, predicted[keep])
    yield "one clip", np.array([3]), np.array([3])
    yield "all wrong", np.zeros(9, dtype=int), np.ones(9, dtype=int)
    yield "a class of one clip that is missed", np.array([0, 0, 1]), np.array([0, 0, 0])
    yield "a class of no clip that is answered once", np.array([0, 0, 0]), np.array([0, 0, 1])
    yield "all one answer", label, np.full_like(label, 2)


@pytest.mark.parametrize(("label", "predicted"), [pytest.param(*rest, id=name) for name, *rest in cases()])
def test_scores_are_scikit_learns(label, predicted):
    counts = metrics.confusion(label, predicted, 13)
    np.testing.assert_array_equal(counts, confusion_matrix(label, predicted, labels=range(13)))
    found = metrics.scores(counts)
    expected = precision_recall_fscore_support(label, predicted, average="weighted", zero_division=0)
    np.testing.assert_allclose([found["precision"], found["recall"], found["f_score"]], expected[:3], rtol=1e-12)
    assert found["accuracy"] == pytest.approx(accuracy_score(label, predicted), rel=1e-12)
    assert found["macro_f"] == pytest.approx(f1_score(label, predicted, average="macro", zero_division=0), rel=1e-12)
    assert metrics.weighted_f_score(label, predicted, 13) == found["f_score"]


@pytest.mark.parametrize(("label", "predicted"), [pytest.param(*rest, id=name) for name, *rest in cases()])
def test_scores_of_each_class_are_scikit_learns(label, predicted):
    table = metrics.class_table(metrics.confusion(label, predicted, 13), NAMES)
    expected = precision_recall_fscore_support(label, predicted, labels=range(13), average=None, zero_division=0)
    for key, values in zip(("precision", "recall", "f_score", "support"), expected, strict=True):
        np.testing.assert_allclose([table[name][key] for name in NAMES], values, rtol=1e-12)


def test_scores_of_no_clips_are_refused():
    with pytest.raises(ValueError, match="^expected at least one clip"):
        metrics.scores(np.zeros((13, 13), dtype=np.int64))


def test_no_warning_where_something_is_divided_by_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics.per_class(np.zeros((2, 2), dtype=np.int64))


def test_shares_are_scikit_learns_and_a_class_without_clips_is_no_number():
    label, predicted = np.array([0, 0, 0, 2, 2]), np.array([0, 0, 1, 2, 0])
    found = metrics.shares(metrics.confusion(label, predicted, 3))
    np.testing.assert_allclose(
        found[[0, 2]], confusion_matrix(label, predicted, normalize="true", labels=[0, 1, 2])[[0, 2]]
    )
    assert np.isnan(found[1]).all()
