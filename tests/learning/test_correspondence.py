"""Encoders that learn by correspondence: pairs, the loss by hand, what training learns, and that it can be repeated."""

import io

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from unlabelled_places import KINDS, easy_places

from overheard.learning import correspondence
from overheard.learning.correspondence import Training, correspondence_loss, gathered, pairs, recorded, shifted
from overheard.learning.embeddings import FRONT_ENDS, build, embed
from overheard.learning.standing import kept, resume

TRAIN, HELD_OUT = easy_places(24), easy_places(12, seed=1)


def training(train=TRAIN, seed: int = 0) -> Training:
    return Training(gathered(*train), gathered(*HELD_OUT), learning_rate=3e-3, weight_decay=1e-4, seed=seed)


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def trained():
    its = training()
    return its, its.fit(120, 12, 60)


def test_half_of_the_pairs_belong_together_and_the_others_are_of_two_places():
    frame, second, belongs = pairs(7, 10, np.random.default_rng(0))
    assert sorted(frame) == list(range(70))
    assert belongs.sum() == 35
    assert (frame[belongs] == second[belongs]).all()
    assert (frame[~belongs] // 10 != second[~belongs] // 10).all()
    assert second.min() >= 0
    assert second.max() < 70
    with pytest.raises(ValueError, match="at least 2"):
        pairs(1, 10, np.random.default_rng(0))


def test_a_frames_own_second_counts_as_much_as_all_others():
    logits = np.random.default_rng(3).normal(0, 2, (5, 5))
    said = 1 / (1 + np.exp(-logits))
    others = ~np.eye(5, dtype=bool)
    expected = [
        (log_loss([1], [said[k, k]], labels=[0, 1]) + log_loss([0] * 4, said[k, others[k]], labels=[0, 1])) / 2
        for k in range(5)
    ]
    np.testing.assert_allclose(correspondence_loss(torch.from_numpy(logits)), expected, rtol=1e-6)


def test_shifted_frames_are_pieces_of_frames_with_a_longer_edge():
    frames = torch.rand(20, 12, 10, 3, generator=torch.Generator().manual_seed(0))
    found = shifted(frames, torch.Generator().manual_seed(1)).numpy()
    by = correspondence._SHIFT
    edged = np.pad(frames.numpy(), ((0, 0), (by, by), (by, by), (0, 0)), mode="edge")
    moves = set()
    for frame, whole in zip(found, edged, strict=True):
        places = [(y, x) for y in range(2 * by + 1) for x in range(2 * by + 1)]
        moves |= {(y, x) for y, x in places if np.array_equal(whole[y : y + 12, x : x + 10], frame)}
    assert len(moves) > 10


def test_another_recorder_changes_bands_alone_smoothly_and_every_second_by_itself():
    seconds = torch.randn(400, 1, 40, 64, generator=torch.Generator().manual_seed(0))
    added = (recorded(seconds, torch.Generator().manual_seed(1)) - seconds).numpy()
    assert np.ptp(added, axis=2).max() < 1e-4
    curve = added[:, 0, 0]
    # a mean over bands has the level's deviation and a little of the curve's
    assert curve.mean(axis=1).std() == pytest.approx(correspondence._LEVEL_DB, rel=0.15)
    assert np.abs(np.diff(curve, axis=1)).mean() < 0.2 * curve.std(axis=1).mean()
    assert np.corrcoef(curve[0], curve[1])[0, 1] < 0.99


def test_what_belongs_together_is_learnt_far_over_chance(trained):
    """Of pairs that do not belong together one in four has a place of the same kind: 87 % at the most."""
    assert trained[1].history[-1]["val_accuracy"] > 0.7
    assert trained[1].history[-1]["val_accuracy"] < 1 - 0.5 / KINDS + 0.06


def test_nothing_is_learnt_where_nothing_belongs_together():
    frames, seconds = TRAIN
    order = np.random.default_rng(5).permutation(240)
    run = training((frames, seconds.reshape(240, 16000)[order].reshape(seconds.shape))).fit(120, 12, 120)
    assert 0.38 < run.history[-1]["val_accuracy"] < 0.62


def test_the_accuracy_is_that_of_the_pairs(trained):
    its, run = trained
    frame, second, belongs = its.frame.numpy(), its.second.numpy(), its.belongs.numpy()
    logits = its._held_out_logits().numpy()
    right = [(logits[f, s] > 0) == b for f, s, b in zip(frame, second, belongs, strict=True)]
    assert run.history[-1]["val_accuracy"] == pytest.approx(np.mean(right))
    expected = log_loss(belongs, 1 / (1 + np.exp(-logits[frame, second].astype(float))))
    assert run.history[-1]["val_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_last_weights_are_kept(trained):
    its, run = trained
    assert same(run.best_state, its.model.state_dict())


def test_a_seed_decides_every_byte_and_a_resumed_training_ends_with_them():
    def two(seed: int, run=None, its=None):
        its = its or training(seed=seed)
        return its.fit(4, 12, 2, run, on_validation=lambda now: checkpoints.append(torch_copy(kept(its, now))))

    def torch_copy(state):
        torch.save(state, stream := io.BytesIO())
        return stream.getvalue()

    checkpoints: list[bytes] = []
    whole, other = two(0), two(1)
    assert same(whole.best_state, two(0).best_state)
    assert not same(whole.best_state, other.best_state)
    fresh = training(seed=0)
    resumed = two(0, resume(fresh, torch.load(io.BytesIO(checkpoints[0]), weights_only=False)), fresh)
    assert same(whole.best_state, resumed.best_state)
    assert whole.history == resumed.history


def test_starting_leaves_the_global_generator():
    before = torch.random.get_rng_state()
    training()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_encoders_scale_by_the_training_places_alone():
    its = training()
    levels = TRAIN[0].reshape(-1, 3).mean(axis=0) / 255
    np.testing.assert_allclose(its.model.image.mean.flatten(), levels, atol=2e-3)  # pooled ones are rounded
    assert its.model.sound.mean.shape == (64,)
    np.testing.assert_allclose(its.model.sound.mean, its.train.seconds.numpy().mean(axis=(0, 1, 2, 3)), rtol=1e-4)


def test_front_ends_with_the_trained_weights_embed_as_the_encoders_do(trained):
    its, run = trained
    its.model.eval()
    for name, inputs, expected in (
        ("small_image", HELD_OUT[0][0], its.model.image(its.held_out.frames[0].permute(0, 3, 1, 2) / 255)),
        ("small_audio", HELD_OUT[1][0].astype(np.float32) / 32767, its.model.sound(its.held_out.seconds[0])),
    ):
        end = FRONT_ENDS[name]
        found = embed(end, build(end, run.best_state, "encoders.pt"), end.prepare(inputs))
        assert found.shape == (10, end.width)
        np.testing.assert_allclose(found, expected.detach(), rtol=1e-4, atol=1e-5)
        assert found.std(axis=0).max() > 0
