"""Frames as networks get them, against Pillow and scipy, whose `zoom` is what scikit-image resizes by."""

import numpy as np
import pytest
from openl3_filled import pictures
from PIL import Image
from scipy import ndimage

from overheard.media.frame_front_ends import efficientnet_lite0, openl3_image, small_image


def frame(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, 256, (1, height, width, 3), dtype=np.uint8)


def level(height: int, width: int, value: int) -> np.ndarray:
    return np.full((1, height, width, 3), value, np.uint8)


def channels_first(picture: np.ndarray) -> np.ndarray:
    return picture.transpose(2, 0, 1)


@pytest.mark.parametrize("size", [(720, 1280), (513, 300), (240, 250), (200, 180)])
def test_the_papers_frames_are_reduced_as_by_pillow_and_cut(size):
    shown = frame(*size)
    height, width = (round(side * 256 / min(size)) for side in size)
    resized = np.asarray(Image.fromarray(shown[0]).resize((width, height), Image.Resampling.BILINEAR))
    top, left = height // 2 - 112, width // 2 - 112
    expected = channels_first(resized[top : top + 224, left : left + 224])
    found = openl3_image(shown, "unsaid")
    assert found.shape == (1, 3, 224, 224)
    # Pillow rounds twice to 8 bits
    np.testing.assert_allclose((found[0] + 1) * 255 / 2, expected, atol=1.01)
    np.testing.assert_allclose(efficientnet_lite0(shown)[0] * 128 + 127, expected, atol=1.01)


@pytest.mark.parametrize("size", [(720, 1280), (513, 300)])
def test_released_frames_over_256_are_reduced_without_smoothing_to_0_to_1(size):
    shown = frame(*size)
    height, width = (round(side * 256 / min(size)) for side in size)
    factors = (height / size[0], width / size[1], 1)
    resized = ndimage.zoom(shown[0].astype(float), factors, order=1, mode="nearest", grid_mode=True)
    top, left = height // 2 - 112, width // 2 - 112
    expected = channels_first(resized[top : top + 224, left : left + 224]) / 255
    np.testing.assert_allclose(openl3_image(shown, "released")[0], expected, atol=1e-4)


def test_released_frames_of_224_to_256_are_cut_and_divided_by_the_clips_largest_value():
    clip = np.concatenate([level(240, 300, 51), level(240, 300, 204)])
    clip[0, 0, 0] = 255  # is cut off
    clip[0, 8, 38] = 102  # the corner that stays
    found = openl3_image(clip, "released")
    np.testing.assert_allclose(found[0, :, 0, 0], 0.5)
    np.testing.assert_allclose(found[0, :, 1, 1], 0.25)
    np.testing.assert_allclose(found[1], 1)
    np.testing.assert_array_equal(openl3_image(level(240, 300, 0), "released"), 0)


@pytest.mark.parametrize(
    ("size", "unsaid", "released"), [((300, 400), -0.6, 0.2), ((224, 224), -0.6, -0.6), ((256, 256), -0.6, 1.0)]
)
def test_a_grey_of_51_in_both_readings(size, unsaid, released):
    np.testing.assert_allclose(openl3_image(level(*size, 51), "unsaid"), unsaid, atol=1e-6)
    np.testing.assert_allclose(openl3_image(level(*size, 51), "released"), released, atol=1e-6)


@pytest.mark.parametrize("image_range", ["unsaid", "released"])
def test_frames_of_224_pass_as_they_are(image_range):
    expected = 2 * pictures().transpose(0, 3, 1, 2).astype(np.float64) / 255 - 1
    np.testing.assert_allclose(openl3_image(pictures(), image_range), expected, atol=1e-6)


def test_what_is_no_frame_is_refused():
    with pytest.raises(ValueError, match="at least 224 px, got a short side of 223"):
        openl3_image(level(223, 300, 9), "released")
    with pytest.raises(ValueError, match="expected one of unsaid, released, got 'unit'"):
        openl3_image(level(224, 224, 9), "unit")
    for wrong in (level(224, 224, 9)[0], level(224, 224, 9).astype(float), level(224, 224, 9)[..., :1]):
        with pytest.raises(ValueError, match=r"\(frames, height, width, 3\) uint8"):
            efficientnet_lite0(wrong)


def test_read_only_and_turned_frames_do():
    shown = frame(300, 400)
    expected = openl3_image(np.ascontiguousarray(shown[:, ::-1]), "unsaid")
    shown.flags.writeable = False
    np.testing.assert_array_equal(openl3_image(shown[:, ::-1], "unsaid"), expected)


def test_the_twins_frames_are_the_means_of_four_pixels():
    shown = frame(128, 128)
    found = small_image(np.concatenate([shown, shown[:, ::-1]]))
    assert (found.shape, found.dtype) == ((2, 3, 64, 64), np.float32)
    expected = ndimage.uniform_filter(shown[0].astype(float), (2, 2, 0), origin=(-1, -1, 0))[::2, ::2]
    np.testing.assert_allclose(found[0] * 255, channels_first(expected), atol=0.51)
    with pytest.raises(ValueError, match="128 x 128"):
        small_image(frame(64, 64))
    with pytest.raises(ValueError, match="128 x 128"):
        small_image(frame(130, 128))
