"""Printed numbers as evidence: Welch's test as scipy's, and what would decide where something is not known."""

import csv
from pathlib import Path

import pytest
from scipy import stats

from overheard.errors import PairingError
from overheard.scores.claims import Question, answers
from overheard.scores.printed_claims import Side, evidence, numbers, welch
from overheard.scores.published import COLUMNS, Printed

A, B = ("scene+event", "sound"), ("scene", "sound")
ADVANCE = Path(__file__).resolve().parents[2] / "config" / "published" / "advance.csv"


def asked(above=True, margin=0.0):
    return Question("one", "transfer", A, B, "f_score", above, margin)


def printed(first, second):
    return {(*A, "f_score"): Printed(*first, False), (*B, "f_score"): Printed(*second, False)}


def test_welchs_test_is_scipys():
    first, second = Side(29.66, 0.13, 5), Side(28.99, 0.51, 4)
    found = welch(first, second)
    theirs = stats.ttest_ind_from_stats(*first, *second, equal_var=False)
    assert found.p == pytest.approx(theirs.pvalue)
    # the interval ends where the p-value against it is 0.05
    for end in (found.low, found.high):
        moved = Side(second.mean + end, second.std, second.n)
        assert stats.ttest_ind_from_stats(*first, *moved, equal_var=False).pvalue == pytest.approx(0.05)
        assert welch(first, second, margin=end).p == pytest.approx(0.05)
    assert found.n == 4


def test_without_any_deviation_only_the_very_margin_is_possible():
    assert welch(Side(2.0, 0.0, 5), Side(1.0, 0.0, 5))[:4] == (1.0, 1.0, 1.0, 0.0)
    assert welch(Side(2.0, 0.0, 5), Side(1.0, 0.0, 5), margin=1.0).p == 1.0


def test_the_paper_on_sound_is_not_decided_once_its_family_is_corrected():
    """0.67 points are p = 0.040 alone; of the three comparisons on sound it is 0.12 and more."""
    lines = list(csv.DictReader(ADVANCE.read_text().splitlines()))
    found = {}
    for method in ("scene+sq_av", "scene+kl_av", "scene+event"):
        question = Question("sound", "transfer", (method, "sound"), ("scene", "sound"), "f_score", True, 0.0)
        found[question] = evidence(question, numbers(lines, "advance.csv"), 3)
    answer = answers(found)[question]
    assert answer.evidence.p == pytest.approx(
        stats.ttest_ind_from_stats(29.66, 0.13, 5, 28.99, 0.51, 5, equal_var=False).pvalue
    )
    assert answer.adjusted == pytest.approx(3 * answer.evidence.p)
    assert (answer.adjusted > 0.12, answer.verdict) == (True, "undecided")


def test_an_unknown_deviation_is_bounded_by_what_would_decide():
    found = evidence(asked(), printed((74.0, None, 5), (72.0, 0.5, 5)), 2)
    assert (found.p, found.difference) == (None, 2.0)
    bound = float(found.missing.partition("up to ")[2].split()[0])
    assert found.missing == (
        f"± of scene+event@sound is not known; up to {bound:.2f} would support it (p at most 0.025)"
    )
    near = [stats.ttest_ind_from_stats(74, bound + off, 5, 72, 0.5, 5, equal_var=False).pvalue for off in (-0.01, 0.01)]
    assert near[0] < 0.025 < near[1]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((72.1, None, 5), (72.0, 0.5, 5), "± of scene+event@sound is not known; no value of it would decide"),
        ((90.0, None, 500), (10.0, 0.5, 500), "± of scene+event@sound is not known; any value of it would support it"),
        ((70.0, None, 5), (72.0, None, 5), "± of scene+event@sound and scene@sound is not known; up to 1.37 for both"),
        ((74.0, 0.5, None), (72.0, 0.5, None), "the number of runs is not known; 3 or more would support it"),
        ((70.0, 0.5, None), (72.0, 0.5, 5), "the number of runs is not known; 2 or more would contradict it"),
        ((72.0, 0.5, None), (72.0, 0.5, 5), "the number of runs is not known; up to 1000 would not decide"),
        ((72.0, None, None), (72.0, 0.5, 5), "neither the number of runs nor every ± is known"),
    ],
)
def test_what_would_decide_where_something_is_not_known(first, second, said):
    found = evidence(asked(), printed(first, second), 1)
    assert found.p is None
    assert found.missing.startswith(said)


def test_not_above_is_supported_by_less_than_the_margin():
    found = evidence(asked(above=False, margin=1.0), printed((72.71, None, 5), (72.85, None, 5)), 1)
    assert "for both would support it" in found.missing


def test_a_mean_that_is_not_printed_is_named():
    assert evidence(asked(), {}, 1).missing == "no printed number of scene+event@sound and scene@sound"
    only = {(*A, "f_score"): Printed(1.0, 0.1, 5, False)}
    assert evidence(asked(), only, 1).missing == "no printed number of scene@sound"


def test_a_digit_that_was_inferred_is_said_also_where_all_is_known():
    known = {(*A, "f_score"): Printed(74.0, 0.9, 5, True), (*B, "f_score"): Printed(72.0, 0.5, 5, False)}
    found = evidence(asked(), known, 1)
    assert found.p is not None
    assert found.said == "a digit of scene+event@sound could not be read and was inferred"


def test_one_run_has_no_deviation():
    assert evidence(asked(), printed((74.0, 0.9, 1), (72.0, 0.5, 5)), 1).missing == "one run: no deviation and no test"


def test_of_two_printed_numbers_the_one_with_a_deviation_counts():
    line = dict.fromkeys(COLUMNS, "") | {"row": "scene", "column": "image", "metric": "f_score", "mean": "72.85"}
    both = [line | {"table": "Figure 6"}, line | {"table": "Table 2", "std": "0.5", "n": "5"}]
    assert numbers(both, "f")["scene", "image", "f_score"] == Printed(72.85, 0.5, 5, False)
    assert numbers(both[::-1], "f") == numbers(both, "f")
    with pytest.raises(PairingError, match="stands there twice"):
        numbers([*both, both[0]], "f")
