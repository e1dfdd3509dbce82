"""p(e|s_k) and d_k against reference vectors and by hand; ROC areas against scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from overheard import seeds
from overheard.errors import ConfigError, PairingError
from overheard.learning.relevance import (
    other_rows,
    probabilities,
    scene_event_prior,
    scene_event_relevance,
    selected_clips,
)
from overheard.scores.auc import roc_auc

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@pytest.mark.parametrize("case", ["small", "signflip"])
def test_relevance_is_the_leading_eigenvector_of_the_gram_matrix(case):
    vectors = np.load(VECTORS / "relevance.npz")
    P = vectors[f"{case}_P"]
    found = scene_event_relevance(np.concatenate([P, P[::-1] ** 2]), np.repeat([0, 1], len(P)), 2)
    np.testing.assert_allclose(found[0], vectors[f"{case}_gram_eigenvector"], atol=5e-6)
    assert np.abs(found[1] - found[0]).max() > 1e-3


def test_relevance_rows_are_unit_eigenvectors_with_positive_sum():
    P = seeds.generator("test", 1).random((5, 40))
    (found,) = scene_event_relevance(P, np.zeros(5, dtype=int), 1)
    eigenvalue = np.linalg.eigvalsh(P.T @ P)[-1]
    np.testing.assert_allclose(P.T @ P @ found, eigenvalue * found, atol=1e-9)
    assert np.linalg.norm(found) == pytest.approx(1)
    assert found.sum() > 0


def test_prior_is_the_mean_probability_of_a_scenes_clips():
    # events 1/4 and 3/4 in scene 1, 1/2 in scene 0
    logits = np.log([[1.0, 1.0], [1 / 3, 3.0], [3.0, 3.0]])
    found = scene_event_prior(probabilities(logits), np.array([0, 1, 1]), 2)
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.5, 0.75]])


def test_probabilities_of_extreme_logits_are_finite():
    np.testing.assert_array_equal(probabilities(np.array([-1e4, 0, 1e4])), [0, 0.5, 1])


@pytest.mark.parametrize("matrix", [scene_event_prior, scene_event_relevance])
def test_a_scene_without_clips_is_refused(matrix):
    with pytest.raises(ValueError, match=r"no clip of scene \[1\]"):
        matrix(np.ones((2, 3)), np.array([0, 2]), 3)


def test_training_clips_are_joined_by_id_in_class_order():
    scene = {"b": "forest", "a": "lake", "c": "beach", "d": "beach"}
    split = {"d": "test", "a": "train", "b": "train", "c": "train"}
    clips, label, classes = selected_clips(scene, split, "training_locations")
    assert (clips, label.tolist(), classes) == (["a", "b", "c"], [2, 1, 0], ["beach", "forest", "lake"])


def test_training_clips_refuse_leftovers_and_empty_classes():
    with pytest.raises(PairingError, match="1 clips stand in one of them alone: b"):
        selected_clips({"a": "lake", "b": "lake"}, {"a": "train"}, "all")
    many = {f"{clip:02d}": "lake" for clip in range(12)}
    with pytest.raises(PairingError, match=r"12 clips stand in one of them alone: 00, 01, .*, 08, 09; run split"):
        selected_clips(many, {}, "training_locations")
    with pytest.raises(PairingError, match="no training clip of beach, lake; every class"):
        selected_clips(
            {"a": "lake", "b": "forest", "c": "beach"}, {"a": "val", "b": "train", "c": "test"}, "training_locations"
        )


def test_seventy_percent_are_drawn_by_clip_as_the_released_program_draws_them():
    """Each class's list shuffled by numpy's legacy generator of its number, cut at floor(0.7 n)."""
    scene = {f"{name[0]}{clip}": name for name in ("beach", "lake") for clip in range(5)}
    clips, label, _ = selected_clips(scene, dict.fromkeys(scene, "test"), "seventy_percent")
    expected = []
    for number, letter in enumerate("bl"):
        own = [f"{letter}{clip}" for clip in range(5)]
        np.random.RandomState(number).shuffle(own)
        expected += sorted(own[:3])
    assert (clips, label.tolist()) == (expected, [0, 0, 0, 1, 1, 1])
    assert selected_clips(scene, dict.fromkeys(scene, "test"), "all")[0] == sorted(scene)


@pytest.mark.parametrize("case", ["small", "signflip"])
@pytest.mark.parametrize(("sign", "stored"), [("largest_score", "u"), ("largest_loading", "v")])
def test_the_first_component_has_scikit_learns_sign(case, sign, stored):
    vectors = np.load(VECTORS / "relevance.npz")
    P = vectors[f"{case}_P"]
    (found,) = scene_event_relevance(P, np.zeros(len(P), dtype=int), 1, "first_component", sign)
    np.testing.assert_allclose(found, vectors[f"{case}_pca_exact_sign_{stored}"][0], atol=5e-6)


def test_unknown_words_are_named_with_those_that_are_known():
    with pytest.raises(ConfigError, match="relevance_vector: found 'pca'; expected one of gram_eigenvector, first_com"):
        scene_event_relevance(np.ones((2, 3)), np.zeros(2, dtype=int), 1, "pca")
    with pytest.raises(ConfigError, match="prior_clips: found 'some'; expected one of training_locations, seventy"):
        selected_clips({"a": "lake"}, {"a": "train"}, "some")


def test_roc_area_equals_scikit_learns():
    random = seeds.generator("test", 2)
    truth = random.random((60, 7)) < 0.3
    score = np.round(random.standard_normal((60, 7)) + truth, 1)  # rounded: many ties
    truth[:, 6] = False
    found = roc_auc(truth, score)
    expected = [roc_auc_score(truth[:, event], score[:, event]) for event in range(6)]
    np.testing.assert_allclose(found[:6], expected, rtol=1e-12)
    assert np.isnan(found[6])


@pytest.mark.parametrize("matrix", [scene_event_prior, scene_event_relevance])
def test_labels_and_clips_must_be_as_many(matrix):
    with pytest.raises(ValueError, match="expected one label a clip, got 2 for 3"):
        matrix(np.ones((3, 4)), np.array([0, 0]), 1)


def test_float32_logits_are_computed_with_in_float64():
    logits = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)
    probability = probabilities(logits)
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logits.astype(np.float64))), rtol=1e-14)
    assert probability.dtype == np.float64
    rough = scene_event_relevance(probability.astype(np.float32), np.zeros(3, dtype=int), 1)
    assert rough.dtype == np.float64


def test_roc_area_of_one_clip_among_others_and_of_none():
    truth = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0]], dtype=bool)
    score = np.tile([[2.0], [1.0], [0.0]], 4)
    np.testing.assert_array_equal(roc_auc(truth, score), [1, 0, np.nan, np.nan])


def test_roc_area_refuses_other_shapes():
    with pytest.raises(ValueError, match="one shape"):
        roc_auc(np.ones((3, 2), dtype=bool), np.ones((3, 1)))


def test_a_control_permutes_the_rows_of_the_prior_or_makes_them_equal():
    prior = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.9]])
    np.testing.assert_array_equal(other_rows(prior, "permuted"), prior[[1, 2, 0]])
    np.testing.assert_allclose(other_rows(prior, "equal"), [[0.3, 0.5]] * 3)
    with pytest.raises(ConfigError, match="expected permuted or equal"):
        other_rows(prior, "shuffled")
