"""From windows to clips, log loss, mean of class accuracies: as scikit-learn and the released program have them."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import balanced_accuracy_score
from sklearn.metrics import log_loss as sklearn_log_loss

from overheard.scores import clip_decision, log_loss, metrics

VECTORS = dict(np.load(Path(__file__).resolve().parents[1] / "vectors" / "tau_scoring.npz"))
LABEL, LOGITS = VECTORS["label"], VECTORS["logits"]


def agrees(prefix, label, predicted, probability):
    """All scores of a prefix of the vectors."""
    counts = metrics.confusion(label, predicted, 10)
    losses = log_loss.log_losses(label, probability)
    found = {
        "accuracy": metrics.of_confusion(counts, "accuracy"),
        "class_accuracy": metrics.per_class(counts)["recall"],
        "mean_class_accuracy": metrics.of_confusion(counts, "class_accuracy"),
        "class_log_loss": log_loss.class_log_losses(losses, label, 10),
        "log_loss": log_loss.scores(losses, label, 10)["log_loss"],
        "mean_class_log_loss": log_loss.scores(losses, label, 10)["class_log_loss"],
    }
    expected = {name: VECTORS[f"{prefix}_{name}"] for name in found}
    assert len(found) == 6
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-6, err_msg=name)


def test_pieces_score_as_in_the_program():
    logits, label = LOGITS.reshape(-1, 10), LABEL.repeat(10)
    agrees("piece", label, logits.argmax(axis=1), softmax(logits.astype(float), axis=1))


@pytest.mark.parametrize(
    ("prefix", "word", "decided"),
    [
        ("clip_released", "log_probability", "clip_by_log_softmax"),
        ("clip_paper", "probability", "clip_by_probability"),
    ],
)
def test_clips_are_decided_and_score_as_in_the_program(prefix, word, decided):
    predicted = clip_decision.DECISIONS[word](LOGITS)
    np.testing.assert_array_equal(predicted, VECTORS[decided])
    agrees(prefix, LABEL, predicted, clip_decision.mean_probability(LOGITS))


def test_a_clips_probability_is_the_mean_of_its_windows():
    np.testing.assert_allclose(clip_decision.mean_probability(LOGITS), VECTORS["clip_mean_prob"], rtol=1e-6)


def test_a_window_that_rules_a_class_out_decides_the_product_and_not_the_sum():
    # sums 1.8 and 1.2; products 8e-10 and 0.01
    logits = np.log([[[0.9, 0.1], [0.9, 0.1], [1e-9, 1 - 1e-9]]])
    assert (clip_decision.probability(logits), clip_decision.log_probability(logits)) == ([0], [1])


def test_logits_of_clips_without_windows_are_refused():
    for shape in ((3, 10), (3, 0, 10)):
        with pytest.raises(ValueError, match="clips, windows, classes"):
            clip_decision.probability(np.zeros(shape))


@pytest.mark.parametrize(
    ("clipping", "expected"),
    [("machine_precision", "zero_log_loss_sklearn_1_9"), ("normalised_1e_15", "zero_log_loss_eps_1e_15")],
)
def test_a_probability_of_zero_costs_what_each_rule_says(clipping, expected):
    losses = log_loss.log_losses(VECTORS["zero_label"], VECTORS["zero_prob"], clipping)
    assert losses.mean() == pytest.approx(VECTORS[expected].item(), rel=1e-9)


def test_log_loss_is_scikit_learns_and_classes_without_clips_are_left_out():
    rng = np.random.default_rng(1)
    probability = softmax(4 * rng.standard_normal((50, 6)), axis=1)
    label = rng.integers(0, 5, 50)
    losses = log_loss.log_losses(label, probability)
    found = log_loss.scores(losses, label, 6)
    assert found["log_loss"] == pytest.approx(sklearn_log_loss(label, probability, labels=range(6)), rel=1e-12)
    by_class = log_loss.class_log_losses(losses, label, 6)
    expected = [
        sklearn_log_loss(label[label == scene], probability[label == scene], labels=range(6)) for scene in range(5)
    ]
    np.testing.assert_allclose(by_class[:5], expected, rtol=1e-12)
    assert np.isnan(by_class[5])
    assert found["class_log_loss"] == pytest.approx(np.mean(expected), rel=1e-12)


def test_the_1e_15_rule_normalises():
    found = log_loss.log_losses(np.array([0]), np.array([[0.5, 0.0]]), "normalised_1e_15")
    assert found == pytest.approx([0.0], abs=1e-12)


@pytest.mark.parametrize("probability", [[[0.5, 0.6], [1.2, -0.2]], [[np.nan, 1.0], [0.5, 0.5]], [[0.5, 0.5]]])
def test_what_is_no_probability_is_refused(probability):
    with pytest.raises(ValueError, match="expected"):
        log_loss.log_losses(np.array([0, 1]), np.array(probability))


def test_scores_of_no_clips_are_refused():
    with pytest.raises(ValueError, match="at least one clip"):
        log_loss.scores(np.zeros(0), np.zeros(0, dtype=int), 3)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("classes", [4, 10])
def test_mean_of_class_accuracies_is_scikit_learns(classes):
    rng = np.random.default_rng(classes)
    label, predicted = rng.integers(0, classes - 1, 60), rng.integers(0, classes, 60)
    counts = metrics.confusion(label, predicted, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = metrics.of_confusion(counts, "class_accuracy")
    assert found == pytest.approx(balanced_accuracy_score(label, predicted), rel=1e-12)
