"""Dull baselines against what must follow from planted features, and against scikit-learn called by itself."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from overheard.learning import baselines
from overheard.learning.baselines import BASELINES, Known

CLASSES, PLACES, CLIPS = 3, 6, 4


def known(**told: tuple[np.ndarray, np.ndarray]) -> Known:
    """Three scenes of six places of four clips; test clips in the order of their scenes, four each."""
    label = np.repeat(np.arange(CLASSES), PLACES * CLIPS)
    location = np.repeat([f"p{place}" for place in range(CLASSES * PLACES)], CLIPS)
    train, test = ({name: pair[side] for name, pair in told.items()} for side in (0, 1))
    return Known(label, location, CLASSES, train, test, CLASSES * CLIPS, seed=0)


def planted(shape: tuple[int, ...], strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Noise of train and test clips, and in the first positions of the last axis one that tells the scene."""
    rng = np.random.default_rng(0)
    sides = []
    for clips in (PLACES * CLIPS, CLIPS):
        values = rng.normal(0, 1, (CLASSES * clips, *shape))
        for scene in range(CLASSES):
            values[scene * clips : (scene + 1) * clips, ..., scene] += strength
        sides.append(values.astype(np.float32))
    return sides[0], sides[1]


TRUTH = np.repeat(np.arange(CLASSES), CLIPS)


def test_the_majority_is_the_share_of_each_scene():
    label = np.array([0, 0, 2, 1, 2, 2])
    said = baselines.majority(Known(label, label.astype(str), 4, {}, {}, 2, 0))
    np.testing.assert_allclose(said, [[2 / 6, 1 / 6, 3 / 6, 0]] * 2)


def test_the_background_is_heard_in_the_quiet_tenth_and_not_in_loud_moments():
    quiet = planted((50, 8), 0.0)
    for values, clips in zip(quiet, (PLACES * CLIPS, CLIPS), strict=True):
        for scene in range(CLASSES):
            # every frame of a band is raised: its quiet ones too
            values[scene * clips : (scene + 1) * clips, :, scene] += 5
    assert (baselines.background(known(sounds=quiet)).argmax(1) == TRUTH).all()
    loud = planted((50, 8), 0.0)
    for values, clips in zip(loud, (PLACES * CLIPS, CLIPS), strict=True):
        for scene in range(CLASSES):
            values[scene * clips : (scene + 1) * clips, :20, scene] += 50
    # events in two fifths of the time: the quiet tenth tells little of them
    assert np.mean(baselines.background(known(sounds=loud)).argmax(1) == TRUTH) < 0.9


def test_what_the_teacher_hears_is_the_better_of_logits_and_probabilities():
    logits = planted((6,), 2.0)
    said = baselines.teacher_outputs(known(logits=logits))
    assert np.mean(said.argmax(1) == TRUTH) > 0.7
    np.testing.assert_allclose(said.sum(axis=1), 1)
    # one of these ten regressions it must be
    label = np.repeat(np.arange(CLASSES), PLACES * CLIPS)
    ours = []
    for given in (logits, tuple(1 / (1 + np.exp(-values.astype(np.float64))) for values in logits)):
        scaler = StandardScaler().fit(given[0])
        for penalty in (1e-3, 1e-2, 1e-1, 1.0, 10.0):
            model = LogisticRegression(C=penalty, max_iter=500).fit(scaler.transform(given[0]), label)
            ours.append(model.predict_proba(scaler.transform(given[1])))
    assert min(np.abs(said - other).max() for other in ours) < 1e-6


@pytest.fixture
def all_told() -> Known:
    rng = np.random.default_rng(1)
    pictures = tuple(rng.integers(0, 256, (CLASSES * n, 8, 8, 3), dtype=np.uint8) for n in (PLACES * CLIPS, CLIPS))
    return known(images=pictures, sounds=planted((20, 5), 1.0), logits=planted((6,), 1.0))


def test_late_fusion_is_the_mean_of_the_three(all_told):
    three = [BASELINES[name](all_told) for name in ("hand_features", "background", "teacher_outputs")]
    np.testing.assert_allclose(baselines.late_fusion(all_told), np.mean(three, axis=0))


def test_the_forest_follows_its_seed(all_told):
    first, again = (baselines.hand_features(all_told) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = Known(**(vars(all_told) | {"seed": 1}))
    assert not np.array_equal(first, baselines.hand_features(other))


def test_a_scene_without_training_clips_has_probability_0():
    label = np.repeat([0, 2], 12)
    place = np.repeat(np.arange(6).astype(str), 4)
    train, test = np.random.default_rng(0).normal(0, 1, (2, 24, 10, 4))
    said = baselines.background(Known(label, place, 3, {"sounds": train}, {"sounds": test}, 24, 0))
    assert not said[:, 1].any()
    np.testing.assert_allclose(said.sum(axis=1), 1)


def test_the_nearest_prior_is_that_of_least_divergence():
    rng = np.random.default_rng(4)
    prior = rng.uniform(0.01, 0.99, (4, 6)).astype(np.float32)
    logits = rng.normal(0, 2, (9, 6)).astype(np.float32)
    said = baselines.nearest_prior(Known(TRUTH, TRUTH, 4, {}, {"logits": logits}, 9, 0, prior))
    heard = torch.distributions.Bernoulli(logits=torch.from_numpy(logits.astype(np.float64))[:, None].expand(9, 4, 6))
    scenes = torch.distributions.Bernoulli(probs=torch.from_numpy(prior.astype(np.float64))[None].expand(9, 4, 6))
    nats = torch.distributions.kl_divergence(heard, scenes).sum(dim=2)
    np.testing.assert_allclose(said, torch.softmax(-nats, dim=1).numpy(), rtol=1e-6)


def test_a_prior_of_0_or_1_rules_no_scene_out_with_numbers_that_are_none():
    prior = np.array([[0.0, 1.0], [0.5, 0.5]], dtype=np.float32)
    said = baselines.nearest_prior(
        Known(TRUTH, TRUTH, 2, {}, {"logits": np.array([[-50.0, 50.0], [1.0, -1.0]])}, 2, 0, prior)
    )
    assert np.isfinite(said).all()
    assert said.argmax(axis=1).tolist() == [0, 1]


def test_fused_runs_are_the_mean_of_their_probabilities():
    one, other = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.3, 0.7], [0.4, 0.6]])
    known = Known(TRUTH, TRUTH, 2, {}, {}, 2, 0, runs=[one, other])
    np.testing.assert_allclose(baselines.fused_runs(known), [[0.6, 0.4], [0.3, 0.7]])
