"""Lines of comparisons.csv read back: both directions, the p of an interval, and what is refused."""

import pytest
from scipy import stats

from overheard.errors import PairingError
from overheard.scores.differences import COLUMNS, Difference, differences

A, B = ("scene", "image"), ("scene+event", "image")


def line(**changes):
    numbers = {"difference": "2.0", "seed_error": "0.7", "location_error": "0.6", "location_low": "0.5"}
    plain = dict.fromkeys(COLUMNS, "") | {"row_a": A[0], "column_a": A[1], "row_b": B[0], "column_b": B[1]}
    return plain | numbers | {"metric": "f_score", "location_high": "3.5", "n": "5", "covers": "both"} | changes


def test_a_line_is_second_less_first_and_can_be_turned():
    found = differences([line()], "f")
    assert found[B, A, "f_score"] == Difference(2.0, 0.5, 3.5, 0.6, 5, "both")
    assert found[A, B, "f_score"] == Difference(-2.0, -3.5, -0.5, 0.6, 5, "both")


@pytest.mark.parametrize(("df", "margin"), [(4, 0.0), (4, 1.0), (2.7, 0.0), (60, -1.0), (float("inf"), 0.0)])
def test_the_p_of_an_interval_is_that_of_the_t_it_is_made_of(df, margin):
    half = stats.t.ppf(0.975, df) * 0.6
    found = Difference(2.0, 2.0 - half, 2.0 + half, 0.6, 5, "")
    assert found.p(margin) == pytest.approx(2 * stats.t.sf(abs(2.0 - margin) / 0.6, df), rel=1e-3)
    assert found.p(found.high) == pytest.approx(0.05, rel=1e-3)


def test_a_difference_without_any_error_is_the_margin_or_not():
    assert [Difference(2.0, 2.0, 2.0, 0.0, 5, "").p(margin) for margin in (2.0, 1.0)] == [1.0, 0.0]
    assert Difference(None, None, None, None, None, "left out").p() is None


def test_an_interval_of_one_seed_covers_no_trainings_and_does_not_count():
    found = differences([line(seed_error="", n="1", covers="one seed")], "f")[B, A, "f_score"]
    assert found == Difference(2.0, None, None, 0.6, 1, "one seed")
    assert found.p() is None


def test_a_pair_may_stand_in_two_tables_with_the_same_numbers_only():
    assert differences([line(), line()], "f") == differences([line()], "f")
    with pytest.raises(PairingError, match="scene@image, scene.event@image, f_score stands there twice with other"):
        differences([line(), line(difference="2.1")], "f")


@pytest.mark.parametrize("text", ["much", "nan", "inf"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(PairingError, match=f"f: scene@image, scene.event@image, f_score: found '{text}', expected"):
        differences([line(location_low=text)], "f")
