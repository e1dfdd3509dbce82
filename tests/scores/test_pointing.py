"""The pointing game on maps and masks small enough to be counted by hand."""

import numpy as np
import pytest
from PIL import Image

from overheard.scores.pointing import Pointed, field_middles, played, pointed, tally


def mask_of(*rows):
    return np.array([[sign == "x" for sign in row] for row in rows])


# 4 x 4 pixels under a map of 2 x 2 cells: the cells' centres are the pixels (1, 1), (1, 3), (3, 1), (3, 3)
CORNER = mask_of("....", "....", "..xx", "..xx")
MAP = np.array([[0.0, 1.0], [2.0, 3.0]])


def test_middles_of_fields_are_where_a_bilinear_enlargement_is_greatest():
    assert [axis.ravel().tolist() for axis in field_middles((2, 4), (4, 16), 0.5)] == [[1, 3], [2, 6, 10, 14]]
    assert [axis.ravel().tolist() for axis in field_middles((2, 4), (4, 16), 0.25)] == [[0, 2], [1, 5, 9, 13]]
    activation = np.random.default_rng(0).random((4, 4)).astype(np.float32)
    activation[1, 2] = 2.0
    large = np.asarray(Image.fromarray(activation).resize((256, 256), Image.Resampling.BILINEAR))
    rows, columns = field_middles((4, 4), (256, 256), 0.5)
    # of an even cell the centre lies between pixels
    (greatest,) = np.argwhere(large == large.max())[:1]
    assert np.abs(greatest - [rows[1, 0], columns[0, 2]]).max() <= 1


def test_a_map_that_points_into_the_mask():
    # 4 of 16 pixels; the picture's centre is pixel (2, 2); one of four centres lies inside
    assert pointed(MAP, CORNER, 0.5) == Pointed(pointing=1.0, area=0.25, centre=1.0, within_reach=1.0)


def test_a_map_that_points_beside_it():
    assert pointed(-MAP, CORNER, 0.5) == Pointed(pointing=0.0, area=0.25, centre=1.0, within_reach=1.0)
    between = mask_of("x...", "....", "....", "....")
    assert pointed(MAP, between, 0.5) == Pointed(pointing=0.0, area=1 / 16, centre=0.0, within_reach=0.0)


def test_what_a_map_points_at_moves_with_the_middles_of_its_fields():
    """At an eighth of cells of two pixels the middles are (0, 0), (0, 2), (2, 0), (2, 2)."""
    assert pointed(MAP, CORNER, 0.125) == Pointed(pointing=1.0, area=0.25, centre=1.0, within_reach=1.0)
    corner = mask_of("....", "....", "....", "...x")
    assert pointed(MAP, corner, 0.125).within_reach == 0
    assert pointed(MAP, corner, 0.5).pointing == 1


def test_of_equal_values_the_share_that_hits_counts():
    assert pointed(np.zeros((2, 2)), CORNER, 0.5).pointing == 0.25
    assert pointed(np.array([[0.0, 5.0], [0.0, 5.0]]), CORNER, 0.5).pointing == 0.5


def test_pictures_without_a_telling_mask_are_left_out_and_counted():
    half = mask_of("xxxx", "xxxx", "....", "....")
    more = mask_of("xxxx", "xxxx", "x...", "....")
    masks = [CORNER, half, more, np.zeros((4, 4), bool), None]
    found = tally([MAP] * 5, masks, 0.5)
    assert (found.clips, found.unmarked, found.empty, found.over_half, found.scored) == (5, 1, 1, 1, 2)
    # of the corner and the half: 1 and 0; 4/16 and 8/16; 1 and 0; both hold a centre
    assert found.mean == Pointed(pointing=0.5, area=0.375, centre=0.5, within_reach=1.0)


def test_without_any_mask_there_is_no_score():
    found = tally([MAP] * 2, [None, None], 0.5)
    assert (found.scored, found.unmarked, found.mean) == (0, 2, None)


LINES = [
    {"method": m, "modality": "image", "seed": str(seed), "clips": "10", "unmarked": "0", "empty": "1"}
    | {"over_half": "2", "scored": str(scored), "pointing": value, "area": area, "centre": "40", "within_reach": "80"}
    for m, seed, scored, value, area in [
        *(("scene", 0, 7, "50.0", "20.0"), ("scene", 1, 7, "60.0", "30.0"), ("other", 0, 7, "10.0", "20.0")),
        ("none", 0, 0, "", ""),
    ]
]


def test_a_rows_seeds_are_averaged_and_what_the_area_gives_is_taken_off():
    found = played(LINES, ("scene", "image"), ddof=1)
    assert found.values == {0: 50.0, 1: 60.0}
    # sample deviation of 50 and 60
    assert (found.mean, found.std) == (55.0, pytest.approx(50**0.5))
    assert found.above_area == 30.0
    assert found.blind == {"area": 25.0, "centre": 40.0, "within_reach": 80.0}
    assert (found.clips, found.scored, found.left_out) == (20, 14, {"unmarked": 0, "empty": 2, "over_half": 4})
    assert played(LINES, ("scene", "image"), ddof=0).std == pytest.approx(5.0)


def test_one_seed_has_no_deviation_and_a_row_without_masks_no_score():
    assert played(LINES, ("other", "image"), ddof=1).std is None
    assert played(LINES, ("none", "image"), ddof=1) is None
    assert played(LINES, ("scene", "image+sound"), ddof=1) is None
