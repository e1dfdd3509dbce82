"""Bold is what cannot be told from the best of its block and column, by its interval, and never the mere maximum."""

import itertools

import pytest

from overheard.scores.best import BOLD, NO_BOLD, not_distinguished
from overheard.scores.differences import Difference

SPEC = {"blocks": [{"rows": ["a", "b", "c"], "columns": ["image"]}], "metrics": ["f_score"]}
MEANS = {"a": 70.0, "b": 74.0, "c": 73.0}


def cells(means=MEANS, **changes):
    return [
        {"row": row, "column": "image", "metric": "f_score", "n": 5, "asked": 5, "mean": mean} | changes.get(row, {})
        for row, mean in means.items()
    ]


def found(half, means=MEANS, **changes):
    pairs = itertools.permutations(means, 2)
    return {
        ((one, "image"), (other, "image"), "f_score"): Difference(
            gap := means[one] - means[other], gap - half, gap + half, half / 2, 5, ""
        )
        for one, other in pairs
    } | changes


def bold(cells, found, spec=SPEC):
    where, said = not_distinguished(spec, cells, found)
    return {row[0] for row, _ in where}, said


@pytest.mark.parametrize(("half", "rows"), [(0.5, {"b"}), (1.0, {"b", "c"}), (2.0, {"b", "c"}), (9.0, {"a", "b", "c"})])
def test_rows_within_the_interval_of_the_best_are_bold(half, rows):
    assert bold(cells(), found(half)) == (rows, BOLD)


def test_a_row_may_be_level_although_a_better_one_is_not():
    """Paired differences vary unlike: what decides is each row's own interval."""
    pairs = found(0.5)
    pairs[("b", "image"), ("a", "image"), "f_score"] = Difference(4.0, -1.0, 9.0, 2.0, 5, "")
    assert bold(cells(), pairs)[0] == {"a", "b"}


def test_without_an_interval_or_a_seed_nothing_is_bold():
    unknown = {(("b", "image"), ("a", "image"), "f_score"): Difference(4.0, None, None, 2.0, 1, "one seed")}
    assert bold(cells(), found(1.0) | unknown) == (set(), NO_BOLD)
    assert bold(cells(), {}) == (set(), NO_BOLD)
    assert bold(cells(b={"n": 3}), found(1.0)) == (set(), NO_BOLD)


def test_a_row_left_out_takes_no_part_and_a_row_alone_is_not_bold():
    gone = cells(a={"n": 0, "mean": None})
    assert bold(gone, {pair: its for pair, its in found(1.0).items() if "a" not in (pair[0][0], pair[1][0])}) == (
        {"b", "c"},
        BOLD,
    )
    alone = {"blocks": [{"rows": [row], "columns": ["image"]} for row in MEANS], "metrics": ["f_score"]}
    assert bold(cells(), found(1.0), alone) == (set(), "")


def test_blocks_and_columns_have_a_best_each():
    spec = {"blocks": [{"rows": ["a"], "columns": ["image"]}, SPEC["blocks"][0] | {"rows": ["b", "c"]}]}
    assert bold(cells({"a": 99.0} | {"b": 74.0, "c": 70.0}), found(1.0, {"b": 74.0, "c": 70.0}), SPEC | spec)[0] == {
        "b"
    }
