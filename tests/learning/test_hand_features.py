"""Features made by hand: shares, moments and edges that a person can count."""

from itertools import pairwise

import numpy as np
import pytest

from overheard.learning import hand_features
from overheard.learning.hand_features import BINS, COLOURS, DIRECTIONS, JOINT_BINS, WIDTH, picture_features
from overheard.seeds import generator

JOINT = JOINT_BINS**3


def noise(n: int, side: int = 64) -> np.ndarray:
    return generator("test hand features", n).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


def test_every_histogram_sums_to_one():
    found = picture_features(noise(3))
    assert found.shape == (3, WIDTH)
    assert found.dtype == np.float32
    ends = [0, JOINT, JOINT + BINS, JOINT + 2 * BINS, JOINT + 3 * BINS]
    for first, last in pairwise(ends):
        np.testing.assert_allclose(found[:, first:last].sum(axis=1), 1, rtol=1e-6)


def test_moving_pixels_changes_edges_and_no_colour():
    ramp = (np.arange(64, dtype=np.uint8) * 4)[:, None, None]
    picture = np.ascontiguousarray(np.broadcast_to(ramp, (64, 64, 3)))[None]
    mixed = generator(0).permutation(picture.reshape(-1, 3)).reshape(picture.shape)
    before, after = picture_features(picture)[0], picture_features(mixed)[0]
    np.testing.assert_allclose(before[:COLOURS], after[:COLOURS], rtol=1e-5)
    assert np.abs(before[COLOURS:] - after[COLOURS:]).max() > 1


def test_a_picture_counted_by_hand():
    # 4 × 4: the right half is white, the left half (0, 64, 255)
    picture = np.empty((1, 4, 4, 3), dtype=np.uint8)
    picture[:, :, :2], picture[:, :, 2:] = (0, 64, 255), 255
    found = picture_features(picture)[0]
    joint = np.zeros(JOINT)
    joint[0 * 16 + 1 * 4 + 3] = joint[63] = 0.5
    np.testing.assert_allclose(found[:JOINT], joint)
    green = np.zeros(BINS)
    green[4] = green[15] = 0.5
    np.testing.assert_allclose(found[JOINT + BINS : JOINT + 2 * BINS], green)
    np.testing.assert_allclose(found[JOINT + 3 * BINS : COLOURS], [127.5, 159.5, 255, 127.5, 95.5, 0, 0, 0, 0])
    # grey goes from 319/3 to 255 within two pixels: half the step at each of the four inner pixels, one a quarter
    strength = (255 - 319 / 3) / 2
    whole, quarters = found[COLOURS:][:DIRECTIONS], found[COLOURS + DIRECTIONS :].reshape(4, DIRECTIONS)
    np.testing.assert_allclose(whole, [strength * 4 / 16, *[0] * 8], rtol=1e-6)
    np.testing.assert_allclose(quarters[:, 0], strength / 4, rtol=1e-6)
    assert not quarters[:, 1:].any()


def test_a_step_that_is_skewed_has_a_third_moment_of_that_sign():
    picture = np.zeros((1, 4, 4, 3), dtype=np.uint8)
    picture[0, 0, 0] = 160
    mean, deviation, third = hand_features.moments(picture[0]).reshape(3, 3)[:, 0]
    assert mean == 10
    assert deviation == pytest.approx(np.sqrt(160**2 / 16 - 100))
    assert third == pytest.approx(np.cbrt((150**3 - 15 * 10**3) / 16))


def test_a_quarter_turn_moves_edges_to_the_direction_across():
    picture = noise(1, 16)
    # away from the borders of bins nothing is lost: strengths of opposite sets of directions change places
    picture[0] = np.arange(16, dtype=np.uint8)[None, :, None] * 9
    turned = np.ascontiguousarray(picture.transpose(0, 2, 1, 3))
    across, along = picture_features(picture)[0, COLOURS:], picture_features(turned)[0, COLOURS:]
    assert across[0] == pytest.approx(9 * (14 / 16) ** 2)
    assert across[0] == pytest.approx(along[4] + along[5])
    assert not across[1:DIRECTIONS].any()


def test_edges_stand_in_their_own_quarter():
    picture = np.zeros((1, 8, 8, 3), dtype=np.uint8)
    picture[0, 5:, 1:3] = generator(1).integers(0, 256, (3, 2, 1), dtype=np.uint8)
    quarters = picture_features(picture)[0, COLOURS + DIRECTIONS :].reshape(4, DIRECTIONS).sum(axis=1)
    assert quarters[2] > 1
    assert not quarters[[0, 1, 3]].any()


@pytest.mark.parametrize(
    "wrong", [np.zeros((64, 64, 3), np.uint8), np.zeros((1, 64, 64, 3)), np.zeros((1, 63, 64, 3), np.uint8)]
)
def test_other_arrays_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        picture_features(wrong)


def test_no_pictures_give_no_rows():
    assert picture_features(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0, WIDTH)
