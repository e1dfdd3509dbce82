"""Batches of clips: what is normalised by what, and in which order of memory."""

import numpy as np
import pytest
import torch

from overheard.errors import ConfigError
from overheard.learning.augment import Augmentation
from overheard.learning.inputs import gathered

COLOURS = {"mean": np.array([0.4, 0.5, 0.6], np.float32), "std": np.array([0.1, 0.2, 0.3], np.float32)}
BANDS = {"mean": np.linspace(-30, -10, 8, dtype=np.float32), "std": np.linspace(4, 9, 8, dtype=np.float32)}
NORMALISERS = {"image": COLOURS, "sound": BANDS}


@pytest.fixture
def media():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)
    return images, rng.normal(-20, 8, (6, 10, 8)).astype(np.float32)


@pytest.mark.parametrize("channels_last", [True, False])
def test_pictures_are_normalised_by_channel_and_sounds_by_band(media, channels_last):
    images, sounds = media
    batch = gathered({"image": images, "sound": sounds}, NORMALISERS, "cpu", channels_last, "training_moments").batch(
        torch.tensor([4, 1])
    )
    # torchvision's way, written out: to 0..1, mean and deviation of each channel
    mean, std = COLOURS["mean"], COLOURS["std"]
    expected = ((images[[4, 1]] / 255 - mean) / std).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(batch["image"].numpy(), expected, rtol=1e-4, atol=1e-5)
    expected = (sounds[[4, 1]] - BANDS["mean"]) / BANDS["std"]
    np.testing.assert_allclose(batch["sound"].numpy(), expected[:, None], rtol=1e-4, atol=1e-5)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    assert batch["image"].is_contiguous(memory_format=layout)
    assert {value.dtype for value in batch.values()} == {torch.float32}


def test_stored_outputs_of_frozen_blocks_are_taken_as_they_are(media):
    trunk = np.random.default_rng(2).normal(size=(6, 3, 2, 4)).astype(np.float32)
    batch = gathered({"sound": trunk}, NORMALISERS, "cpu", True).batch(torch.tensor([5, 0]))
    assert list(batch) == ["sound"]
    np.testing.assert_array_equal(batch["sound"].numpy(), trunk[[5, 0]])
    batch = gathered({"image": trunk}, {}, "cpu", True).batch(torch.tensor([5, 0]))
    np.testing.assert_array_equal(batch["image"].numpy(), trunk[[5, 0]])


def test_stored_outputs_are_never_augmented(media):
    trunk = np.zeros((2, 3, 2, 4), np.float32)
    with pytest.raises(ConfigError, match="stored outputs"):
        gathered({"image": trunk}, {}, "cpu", True).batch(torch.tensor([0]), Augmentation(0.5, (1, 1), (1, 1)))


def test_augmentation_comes_before_normalisation_and_is_of_pictures_alone(media):
    images, sounds = media
    inputs = gathered({"image": images, "sound": sounds}, NORMALISERS, "cpu", True, "training_moments")
    dark = inputs.batch(torch.arange(6), Augmentation(0.0, (0.0, 0.0), (1.0, 1.0)), torch.Generator())
    black = -COLOURS["mean"] / COLOURS["std"]
    np.testing.assert_allclose(dark["image"].numpy()[:, :, 2, 2], np.tile(black, (6, 1)), rtol=1e-5)
    plain = inputs.batch(torch.arange(6))
    assert torch.equal(dark["sound"], plain["sound"])
    # what lies in memory is not what was changed
    np.testing.assert_array_equal(inputs.images.numpy(), images)


def test_pictures_may_stay_numbers_of_eight_bits(media):
    images, _ = media
    batch = gathered({"image": images}, NORMALISERS, "cpu", True, "zero_to_255").batch(torch.arange(6))
    np.testing.assert_allclose(batch["image"].numpy(), images.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-4)
