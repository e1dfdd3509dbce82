"""Eight bits and pooled pixels, by hand."""

import numpy as np
import pytest

from overheard.media.pictures import levels_used, pool_pixels, to_eight_bits


def test_sixteen_bits_keep_both_ends_and_round():
    values = np.array([[0, 128, 129, 257, 65406, 65407, 65535]], dtype=np.uint16)
    # 128 / 257 = 0.498, 129 / 257 = 0.502, 65406 / 257 = 254.498
    np.testing.assert_array_equal(to_eight_bits(values), [[0, 0, 1, 1, 254, 255, 255]])


def test_every_eight_bit_value_survives_the_way_up_and_down():
    levels = np.arange(256)
    np.testing.assert_array_equal(to_eight_bits((levels * 257).astype(np.uint16)), levels)


def test_other_depths_are_refused():
    with pytest.raises(ValueError, match="expected 8 or 16 bits, got float32"):
        to_eight_bits(np.zeros((2, 2), np.float32))


def test_a_stated_range_maps_its_ends_and_cuts_what_is_beyond():
    values = np.array([[-9999, 0, 100, 150, 200, 300]], dtype=np.int16)
    np.testing.assert_array_equal(to_eight_bits(values, [100, 200]), [[0, 0, 0, 128, 255, 255]])
    eight = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_eight_bits(eight, [100, 200]), eight)
    with pytest.raises(ValueError, match="expected 8 or 16 bits, got int16"):
        to_eight_bits(values)


def test_levels_that_hold_98_of_100_values():
    values = np.array([7] * 90 + [8] * 7 + [1, 2, 3], dtype=np.uint8)
    assert (levels_used(values), levels_used(values, 0.97), levels_used(values, 0.9)) == (3, 2, 1)


def test_pooled_pixels_are_rounded_means():
    picture = np.zeros((4, 8, 3), np.uint8)
    picture[:2, :4, 0] = 255  # half of the block: 127.5
    picture[0, 4, 1] = 8  # 0.5
    picture[0, 4, 2] = 7  # 0.4375
    np.testing.assert_array_equal(pool_pixels(picture), [[[128, 0, 0], [0, 1, 0]]])
