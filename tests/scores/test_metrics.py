"""Scores against scikit-learn's, and the rule of selection."""

import math
import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from overheard.learning import selection
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
    with pytest.raises(ValueError, match="at least one clip"):
        metrics.scores(np.zeros((13, 13), dtype=np.int64))


def test_no_warning_where_something_is_divided_by_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics.per_class(np.zeros((2, 2), dtype=np.int64))


def epoch(f_score=0.5, loss=1.0, scene=1.0):
    return {"val_f_score": f_score, "val_loss": loss, "val_scene_loss": scene}


def test_with_enough_clips_the_f_score_decides_then_the_loss_then_the_earlier():
    better = selection.rule(scene_loss=True, validation_clips=300, f_score_from_clips=300)
    assert better(epoch(0.6, loss=9.0), epoch(0.5, loss=1.0))
    assert not better(epoch(0.4, loss=0.1), epoch(0.5))
    assert better(epoch(0.5, loss=0.9), epoch(0.5, loss=1.0))
    assert not better(epoch(0.5, loss=1.0, scene=0.1), epoch(0.5, loss=1.0))


def test_with_fewer_clips_the_scene_loss_decides():
    better = selection.rule(scene_loss=True, validation_clips=299, f_score_from_clips=300)
    assert better(epoch(0.1, loss=9.0, scene=0.9), epoch(0.9, loss=1.0, scene=1.0))
    assert not better(epoch(0.9, loss=0.1, scene=1.0), epoch(0.1, scene=1.0))


@pytest.mark.parametrize("validation_clips", [10, 1000])
def test_without_the_scene_loss_the_methods_own_loss_decides(validation_clips):
    better = selection.rule(scene_loss=False, validation_clips=validation_clips, f_score_from_clips=300)
    assert better(epoch(0.1, loss=0.9, scene=9.0), epoch(0.9, loss=1.0))
    assert not better(epoch(0.9, loss=1.0, scene=0.1), epoch(0.1, loss=1.0))


@pytest.mark.parametrize("rule", [selection.by_f_score, selection.by_scene_loss, selection.by_loss])
def test_a_training_that_broke_down_is_never_better(rule):
    broken = epoch(loss=math.nan, scene=math.nan)
    assert rule(epoch(), broken)
    assert not rule(broken, epoch())
    assert not rule(broken, broken)
