"""How far a number moves with the split and with the seed."""

import numpy as np
import pytest
from scipy import stats

from overheard.errors import PairingError
from overheard.scores.over_splits import all_moved, csv_line, main_comparisons, markdown, moved

ROWS = [(method, modality) for method in ("scene", "scene+event") for modality in ("image", "image+sound")]


def test_deviations_are_those_of_an_analysis_of_variance():
    rng = np.random.default_rng(0)
    table = 50 + rng.normal(size=(6, 5)) + 3 * rng.normal(size=(6, 1))
    found = moved("x", {str(split): dict(enumerate(row)) for split, row in enumerate(table)})
    # F of a one-way analysis of variance is the ratio of the two mean squares
    assert (found.over_splits / found.by_seeds) ** 2 == pytest.approx(stats.f_oneway(*table).statistic)
    assert (found.lowest, found.highest) == pytest.approx((table.mean(axis=1).min(), table.mean(axis=1).max()))
    assert (found.splits, found.seeds, found.mean) == (6, 5, pytest.approx(table.mean()))


def test_comparisons_are_paired_by_seed_within_a_split():
    scored = {
        split: {row: {seed: 10.0 * seed + place + shift for seed in (3, 4)} for place, row in enumerate(ROWS)}
        for split, shift in (("a", 0.0), ("b", 5.0))
    }
    lines = all_moved(scored, ROWS)
    assert [line.what for line in lines[4:]] == [
        "scene+event on image - scene on image",
        "scene+event on image+sound - scene on image+sound",
        "scene on image+sound - scene on image",
        "scene+event on image+sound - scene+event on image",
    ]
    # what both rows share, of a seed or a split, is in no difference
    assert [(line.mean, line.over_seeds, line.over_splits) for line in lines[4:]] == [
        (2, 0, 0),
        (2, 0, 0),
        (1, 0, 0),
        (1, 0, 0),
    ]
    assert lines[0].over_seeds == pytest.approx(50**0.5)
    assert "| scene on image | 37.50 |" in markdown("t", ["s."], lines)
    assert csv_line(lines[0])["over_splits"] == f"{5 / 2**0.5:.4f}"


@pytest.mark.parametrize(
    "values", [{"a": {0: 1.0, 1: 2.0}}, {"a": {0: 1.0}, "b": {0: 1.0}}, {"a": {0: 1.0, 1: 2.0}, "b": {0: 1.0, 2: 2.0}}]
)
def test_one_split_one_seed_or_other_seeds_are_refused(values):
    with pytest.raises(PairingError, match="expected two splits or more of the same seeds"):
        moved("x", values)


def test_a_comparison_needs_both_rows():
    assert main_comparisons(ROWS[:3]) == [(ROWS[0], ROWS[2]), (ROWS[0], ROWS[1])]
