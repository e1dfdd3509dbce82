"""Augmentation of pictures, against Pillow's ImageEnhance, which the released program uses."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from overheard.learning.augment import Augmentation, augmented, coloured, from_settings

STILL = {"flip": 0.0, "brightness": (1.0, 1.0), "colour": (1.0, 1.0)}


@pytest.fixture
def pictures():
    """(5, 7, 9, 3) uint8; an odd number of pixels."""
    return np.random.default_rng(3).integers(0, 256, (5, 7, 9, 3), dtype=np.uint8)


def as_floats(pictures):
    return torch.from_numpy(pictures).float() / 255


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_brightness_is_pillows(pictures, factor):
    ours = augmented(as_floats(pictures), Augmentation(**STILL | {"brightness": (factor, factor)}), generator())
    pillows = [np.asarray(ImageEnhance.Brightness(Image.fromarray(picture)).enhance(factor)) for picture in pictures]
    # Pillow keeps whole numbers, cut off: up to one step below
    difference = 255 * ours.numpy() - np.stack(pillows)
    assert difference.min() > -0.01
    assert difference.max() < 1.01


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_colour_is_pillows(pictures, factor):
    ours = coloured(as_floats(pictures), torch.full((5,), factor))
    pillows = [np.asarray(ImageEnhance.Color(Image.fromarray(picture)).enhance(factor)) for picture in pictures]
    # Pillow rounds the grey, then cuts off the result
    difference = 255 * ours.numpy() - np.stack(pillows)
    assert difference.min() > -0.5
    assert difference.max() < 1.5


def test_brightness_is_cut_off_before_colour_is_changed(pictures):
    pale = pictures // 4 + 180
    ours = augmented(as_floats(pale), Augmentation(0.0, (1.3, 1.3), (0.7, 0.7)), generator())
    bright = [ImageEnhance.Brightness(Image.fromarray(picture)).enhance(1.3) for picture in pale]
    pillows = np.stack([np.asarray(ImageEnhance.Color(picture).enhance(0.7)) for picture in bright])
    difference = 255 * ours.numpy() - pillows
    assert np.abs(difference).max() < 2


def test_colour_of_one_clip_leaves_the_others(pictures):
    images = as_floats(pictures)
    changed = coloured(images, torch.tensor([1.0, 0.0, 1.0, 1.0, 1.0]))
    torch.testing.assert_close(changed[[0, 2, 3, 4]], images[[0, 2, 3, 4]])
    grey = changed[1]
    torch.testing.assert_close(grey[..., 0], grey[..., 2])
    assert (images[1][..., 0] - images[1][..., 2]).abs().max() > 0.5


def test_an_even_number_of_pixels_gives_the_same_colours(pictures):
    images, factor = as_floats(pictures), torch.linspace(0.7, 1.3, 5)
    torch.testing.assert_close(coloured(images[:, :6, :8], factor), coloured(images, factor)[:, :6, :8])


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (1, 11), (2, 3), (4, 5)])
def test_pictures_of_any_size_and_number_are_coloured_alike(size):
    images = torch.rand(4, *size, 3, generator=generator())
    grey = (images * torch.tensor([0.299, 0.587, 0.114])).sum(dim=3, keepdim=True)
    expected = (grey + 1.2 * (images - grey)).clamp(0, 1)
    torch.testing.assert_close(coloured(images, torch.full((4,), 1.2)), expected)
    torch.testing.assert_close(coloured(images[:1], torch.full((1,), 1.2)), expected[:1])


def test_flip_turns_left_to_right_and_nothing_else(pictures):
    images = as_floats(pictures)
    flipped = augmented(images.clone(), Augmentation(**STILL | {"flip": 1.0}), generator())
    torch.testing.assert_close(flipped.numpy(), images.numpy()[:, :, ::-1].copy())
    assert torch.equal(augmented(images.clone(), Augmentation(**STILL), generator()), images)


def test_half_of_many_pictures_are_flipped():
    images = torch.tensor([0.0, 1.0]).view(1, 1, 2, 1).expand(1000, 1, 2, 3).clone()
    flipped = augmented(images, Augmentation(**STILL | {"flip": 0.5}), generator())[:, 0, 0, 0].sum().item()
    # binomial, standard deviation 16
    assert 420 < flipped < 580


def test_factors_fill_their_range_and_flips_do_not_follow_them():
    images = torch.tensor([0.25, 0.5]).view(1, 1, 2, 1).expand(2000, 1, 2, 3).clone()
    changed = augmented(images, Augmentation(0.5, (0.7, 1.3), (1.0, 1.0)), generator())[:, 0, :, 0]
    factor = changed.sum(dim=1) / 0.75
    assert 0.7 <= factor.min() < 0.71
    assert 1.29 < factor.max() <= 1.3
    is_flipped = (changed[:, 0] > changed[:, 1]).float()
    assert abs(np.corrcoef(factor.numpy(), is_flipped.numpy())[0, 1]) < 0.1


def test_flip_brightness_and_colour_do_not_follow_each_other():
    """Each is read from the pictures: brightness from their grey, which colour leaves, colour from what is not grey."""
    pixels = torch.tensor([[0.3, 0.4, 0.5], [0.4, 0.5, 0.6]])
    images = pixels.expand(2000, 1, 2, 3).clone()
    changed = augmented(images, Augmentation(0.5, (0.7, 1.3), (0.6, 1.4)), generator())[:, 0]
    is_flipped = changed[:, 0, 2] > changed[:, 1, 2]
    first = torch.where(is_flipped[:, None], changed[:, 1], changed[:, 0])
    luma = torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601
    brightness = first @ luma / (pixels[0] @ luma)
    colour = (first[:, 2] - first[:, 0]) / (0.2 * brightness)
    for factor, low, high in ((brightness, 0.7, 1.3), (colour, 0.6, 1.4)):
        assert factor.min().item() == pytest.approx(low, abs=0.01)
        assert factor.max().item() == pytest.approx(high, abs=0.01)
    together = np.corrcoef(np.stack([is_flipped.numpy(), brightness.numpy(), colour.numpy()]))
    assert np.abs(together - np.eye(3)).max() < 0.1


def test_draws_come_from_the_given_generator_alone(pictures):
    augmentation = Augmentation(0.5, (0.7, 1.3), (0.7, 1.3))
    before = torch.get_rng_state()
    first = augmented(as_floats(pictures), augmentation, generator(1))
    assert torch.equal(first, augmented(as_floats(pictures), augmentation, generator(1)))
    assert not torch.equal(first, augmented(as_floats(pictures), augmentation, generator(2)))
    assert torch.equal(before, torch.get_rng_state())


def test_settings_name_the_ranges_or_no_augmentation():
    assert from_settings(0.5, [0.7, 1.3], [0.8, 1.2], "brightness_first") == Augmentation(0.5, (0.7, 1.3), (0.8, 1.2))
    assert from_settings(None, None, None, None) is None
