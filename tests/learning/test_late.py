"""Late fusion by hand, and what its rules have in common."""

import numpy as np
import pytest
from scipy.special import softmax

from overheard.learning.late import RULES


def log(*probabilities):
    """A clip of one window; what is added to all logits says nothing."""
    return np.log(np.array([[probabilities]])) + 3


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mean_probability", (0.5, 0.25, 0.25)),
        # 0.8 * 0.2, 0.1 * 0.4, 0.1 * 0.4: 16 : 4 : 4
        ("product", (2 / 3, 1 / 6, 1 / 6)),
        # their square roots: 4 : 2 : 2
        ("mean_logit", (0.5, 0.25, 0.25)),
    ],
)
def test_two_predictions_by_hand(rule, expected):
    found = RULES[rule](log(0.8, 0.1, 0.1), log(0.2, 0.4, 0.4))
    np.testing.assert_allclose(np.exp(found[0, 0]), expected, rtol=1e-12)


def test_mean_probability_and_mean_logit_differ_where_one_is_sure():
    fused = {rule: np.exp(RULES[rule](log(0.99, 0.01), log(0.2, 0.8)))[0, 0, 0] for rule in RULES}
    assert fused["mean_probability"] == pytest.approx(0.595)
    assert fused["product"] == pytest.approx(0.198 / 0.206)
    assert fused["mean_logit"] == pytest.approx(np.sqrt(0.198) / (np.sqrt(0.198) + np.sqrt(0.008)))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_gives_probabilities_and_knows_no_order(rule):
    rng = np.random.default_rng(2)
    one, other = (8 * rng.standard_normal((5, 4, 10)).astype(np.float32) for _ in range(2))
    found = rule(one, other)
    assert found.shape == (5, 4, 10)
    np.testing.assert_allclose(np.exp(found).sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(found, rule(other, one), rtol=1e-12)
    if rule is not RULES["product"]:
        np.testing.assert_allclose(np.exp(rule(one, one)), softmax(one.astype(float), axis=-1), rtol=1e-9)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_certainty_is_finite_and_no_warning(rule):
    sure = np.array([[[1e4, 0.0, 0.0]]])
    assert np.isfinite(rule(sure, -sure)).all()


def test_logits_of_other_windows_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        RULES["product"](np.zeros((2, 1, 3)), np.zeros((2, 4, 3)))
