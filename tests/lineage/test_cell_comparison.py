"""Cells against cells: verdicts, Welch's test by a closed form, Holm's correction by its textbook example."""

import math

import numpy as np
import pytest

from overheard.lineage.cell_comparison import (
    NOISE,
    NOT,
    ONLY_A,
    ONLY_B,
    SAME,
    TOLERANCE,
    Cell,
    Compared,
    as_lines,
    cell_of,
    compare,
    counts,
    judged,
    p_value,
)

KEY = ("table2", "scene", "image", "f_score")
RUNS = {"scene/image/seed-0": "a" * 64, "scene/image/seed-1": "b" * 64}


def cell(mean, std, n=5, predictions=None):
    return Cell(n, mean, std, predictions or {})


def verdict(a, b):
    (found,) = compare({KEY: a}, {KEY: b})
    return found.verdict


def test_welch_of_two_seeds_has_a_closed_form():
    # equal stds and n = 2: t = d / s, 2 degrees of freedom, where P(|T| > t) = 1 - t / √(2 + t²)
    for difference, std in ((2.0, 1.0), (9.0, 0.5), (0.1, 3.0)):
        t = difference / std
        assert p_value(cell(50, std, 2), cell(50 + difference, std, 2)) == pytest.approx(1 - t / math.sqrt(2 + t * t))


def test_welch_takes_unequal_spreads():
    # s₁ → 0 leaves a one-sample test with n₂ - 1 degrees of freedom: for n₂ = 2 Cauchy, P(|T| > 1) = 1/2
    p = p_value(cell(50, 1e-9, 2), cell(50 + 1 / math.sqrt(2), 1.0, 2))
    assert p == pytest.approx(0.5, abs=1e-6)


def test_same_bytes_needs_every_run():
    a = cell(50, 1, 2, RUNS)
    assert verdict(a, cell(50, 1, 2, dict(RUNS))) == SAME
    assert verdict(a, cell(50, 1, 2, RUNS | {"scene/image/seed-1": "c" * 64})) == TOLERANCE
    assert verdict(a, cell(50, 1, 2)) == TOLERANCE


@pytest.mark.parametrize(("shift", "expected"), [(0.0049, TOLERANCE), (0.0051, NOISE), (1.0, NOISE), (20.0, NOT)])
def test_tolerance_is_half_a_printed_digit_and_noise_is_that_of_seeds(shift, expected):
    assert verdict(cell(50, 1), cell(50 + shift, 1)) == expected
    assert verdict(cell(50, 1), cell(50 - shift, 1)) == expected


def test_a_std_that_prints_otherwise_is_no_tolerance():
    assert verdict(cell(50, 1), cell(50, 1.2)) == NOISE
    assert verdict(cell(50, 1), cell(50, 1, 4)) == NOISE


def test_without_spread_there_is_no_noise_to_hide_in():
    assert verdict(cell(50, None, 1), cell(50.1, None, 1)) == NOT
    assert verdict(cell(50, 0.0), cell(50.1, 0.0)) == NOT
    assert verdict(cell(50, None, 1), cell(50.001, None, 1)) == TOLERANCE
    assert verdict(cell(None, None, 0), cell(None, None, 0)) == TOLERANCE
    assert verdict(cell(None, None, 0), cell(50, 1)) == NOT


def test_cells_of_one_side_are_said():
    other = ("table3", *KEY[1:])
    found = compare({KEY: cell(50, 1)}, {other: cell(50, 1)})
    assert [(one.key, one.verdict) for one in found] == [(KEY, ONLY_A), (other, ONLY_B)]
    assert counts(found) == {ONLY_A: 1, ONLY_B: 1}


def test_holms_correction_as_in_the_textbook():
    # p = 0.01, 0.04, 0.03, 0.005 at 5 %: thresholds 0.0125, 0.0167, 0.025, 0.05; the third fails, so the fourth, too
    found = [Compared((*KEY[:3], str(p)), NOT, None, None, 1.0, p) for p in (0.01, 0.04, 0.03, 0.005)]
    assert [one.verdict for one in judged(found)] == [NOT, NOISE, NOISE, NOT]
    assert [round(one.threshold, 4) for one in judged(found)] == [0.0167, 0.05, 0.025, 0.0125]


def test_two_draws_of_one_population_seldom_alarm_and_a_real_shift_does():
    rng = np.random.default_rng(8)
    keys = [(*KEY[:3], str(number)) for number in range(40)]

    def draw(shift=0.0):
        seeds = rng.normal(50, 1, (40, 5))
        seeds[0] += shift
        return {key: cell(row.mean(), row.std(ddof=1)) for key, row in zip(keys, seeds, strict=True)}

    alarms = sum(NOT in counts(compare(draw(), draw())) for _ in range(60))
    assert alarms <= 8  # 5 % of 60 are 3; more than 8 has a chance below 1 %
    seen = [compare(draw(), draw(shift=8.0))[0].verdict for _ in range(20)]
    assert seen.count(NOT) >= 18


def test_a_line_of_cells_csv():
    line = {
        "table": "table2",
        "row": "scene",
        "column": "image",
        "metric": "f_score",
        "n": "2",
        "mean": "44.6520",
        "std": "1.4326",
        "runs": " ".join(RUNS),
    }
    assert cell_of(line, RUNS | {"other": "d" * 64}) == (KEY, Cell(2, 44.652, 1.4326, RUNS))
    assert cell_of(line, {"scene/image/seed-0": "a" * 64})[1].predictions == {}
    assert cell_of(line | {"n": "0", "mean": "", "std": "", "runs": ""}, {})[1] == Cell(0, None, None, {})


def test_the_table_shows_numbers_difference_and_threshold():
    found = compare({KEY: cell(50, 1)}, {KEY: cell(70, 1)})
    assert as_lines(found)[-1].startswith(
        "| table2 | scene | image | f_score | 50.00 ± 1.00 (n = 5) | 70.00 ± 1.00 (n = 5)"
    )
    assert "+20.00" in as_lines(found)[-1]
    assert as_lines(found)[-1].endswith("(0.05) | not |")
