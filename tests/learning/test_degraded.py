"""Test clips that are worse than in training, by hand."""

import numpy as np
import torch

from overheard.learning.degraded import DEGRADATIONS
from overheard.learning.inputs import gathered

PICTURES = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
NORMAL = {"mean": np.float32([0.1, 0.2, 0.3]), "std": np.float32([0.5, 0.4, 0.2])}


def inputs(pictures):
    return gathered({"image": pictures}, {"image": NORMAL}, "cpu", True, "training_moments")


def degraded(word, batch, black=None):
    return DEGRADATIONS[word](batch, black, torch.Generator().manual_seed(0))


def test_a_dark_picture_is_the_one_with_a_quarter_of_every_value():
    given, dark = inputs(4 * (PICTURES // 2)), inputs(PICTURES // 2)
    found = degraded("dark", given.batch(torch.arange(2))["image"], given.black)
    torch.testing.assert_close(found, dark.batch(torch.arange(2))["image"])


def test_a_rotated_picture_is_numpys_quarter_turn():
    given, turned = inputs(PICTURES), inputs(np.ascontiguousarray(np.rot90(PICTURES, axes=(1, 2))))
    found = degraded("rotated", given.batch(torch.arange(2))["image"])
    torch.testing.assert_close(found, turned.batch(torch.arange(2))["image"])
    assert not torch.equal(found, given.batch(torch.arange(2))["image"])


def test_zeros_are_zeros_and_noise_has_one_deviation():
    sounds = torch.full((8, 1, 50, 64), 3.0)
    assert not degraded("zeroed", sounds).any()
    noise = degraded("noisy", sounds) - sounds
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02
    torch.testing.assert_close(degraded("noisy", sounds), degraded("noisy", sounds))
