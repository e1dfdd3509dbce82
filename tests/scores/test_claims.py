"""Verdicts: what decides a comparison and a claim, Holm's correction, and that nothing is ever forced."""

import pytest

from overheard.scores import claims
from overheard.scores.claims import CONTRADICTED, SUPPORTED, UNDECIDED, UNKNOWN, Evidence, Question, answers, verdict
from overheard.scores.differences import Difference

A, B = ("scene+event", "image"), ("scene", "image")


def asked(above=True, margin=0.0, claim="one", family="transfer"):
    return Question(claim, family, A, B, "f_score", above, margin)


def judged(question, low, high, p):
    return answers({question: Evidence((low + high) / 2, low, high, p, 5)})[question].verdict


@pytest.mark.parametrize(
    ("low", "high", "p", "above", "not_above"),
    [
        (1.5, 3.0, 0.01, SUPPORTED, CONTRADICTED),
        (-3.0, 0.5, 0.01, CONTRADICTED, SUPPORTED),
        (0.1, 0.9, 0.01, CONTRADICTED, SUPPORTED),
        (0.5, 3.0, 0.01, UNDECIDED, UNDECIDED),
        (1.5, 3.0, 0.06, UNDECIDED, UNDECIDED),
        (-3.0, 0.5, 0.06, UNDECIDED, UNDECIDED),
    ],
)
def test_a_comparison_needs_its_interval_and_its_p_beyond_the_margin(low, high, p, above, not_above):
    assert judged(asked(above=True, margin=1.0), low, high, p) == above
    assert judged(asked(above=False, margin=1.0), low, high, p) == not_above


def test_a_wide_interval_never_shows_that_nothing_is_better():
    """A difference that was not found is no proof: 'not above' needs an upper end below its margin."""
    assert judged(asked(above=False, margin=1.0), -8.0, 7.0, 0.9) == UNDECIDED


def test_a_family_is_corrected_together_and_by_itself():
    first, second = asked(claim="one"), asked(claim="two")
    other, unknown = asked(claim="three", family="best"), asked(claim="four")
    known = Evidence(2.0, 0.1, 3.9, 0.03, 5)
    found = answers({first: known, second: known, other: known, unknown: Evidence(missing="no run")})
    assert [found[one].adjusted for one in (first, second, other, unknown)] == [0.06, 0.06, 0.03, None]
    assert [found[one].verdict for one in (first, second, other, unknown)] == [UNDECIDED, UNDECIDED, SUPPORTED, UNKNOWN]


@pytest.mark.parametrize(
    ("found", "of_all", "of_any"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED, SUPPORTED),
        ([SUPPORTED, CONTRADICTED], CONTRADICTED, SUPPORTED),
        ([CONTRADICTED, CONTRADICTED], CONTRADICTED, CONTRADICTED),
        ([SUPPORTED, UNDECIDED], UNDECIDED, SUPPORTED),
        ([SUPPORTED, UNKNOWN], UNKNOWN, SUPPORTED),
        ([CONTRADICTED, UNKNOWN], CONTRADICTED, UNKNOWN),
        ([UNDECIDED, UNKNOWN], UNDECIDED, UNDECIDED),
        ([], UNKNOWN, UNKNOWN),
    ],
)
def test_a_claims_verdict_from_those_of_its_comparisons(found, of_all, of_any):
    assert (verdict("all", found), verdict("any", found)) == (of_all, of_any)


def test_what_was_measured_is_asked_for_in_the_claims_direction():
    between = Difference(2.0, 0.5, 3.5, 0.6, 5, "")
    found = claims.measured(asked(), {(A, B, "f_score"): between})
    assert found[:3] == (2.0, 0.5, 3.5)
    assert found.p == between.p() < 0.05
    assert claims.measured(asked(margin=2.0), {(A, B, "f_score"): between}).p == 1
    assert claims.measured(asked(), {}).missing == "not compared: the rows stand together in no table"
    one_seed = Difference(2.0, None, None, 0.6, 1, "one seed: no test over seeds")
    assert claims.measured(asked(), {(A, B, "f_score"): one_seed}) == Evidence(
        2.0, n=1, missing="one seed: no test over seeds"
    )


def test_means_that_stand_the_other_way_than_claimed():
    lower, higher = asked(claim="lower"), asked(claim="higher")
    never = asked(above=False, margin=1.0, claim="never")
    evidence = {lower: Evidence(-0.1), higher: Evidence(0.1), never: Evidence(-0.1), asked(claim="none"): Evidence()}
    assert claims.against_itself(answers(evidence)) == [lower]
