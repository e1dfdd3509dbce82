"""Temperature scaling: the optimum by its gradient, by hand, and for logits that are calibrated as they are."""

import numpy as np
import pytest
import torch

from overheard.learning import temperature


def answers(seed, factor=1.0):
    """Logits, and labels drawn from their softmax: calibrated, until the logits are multiplied."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((4000, 10))
    label = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return factor * logits, label


@pytest.mark.parametrize("factor", [0.3, 1.0, 3.0])
def test_at_the_optimum_the_gradient_is_zero(factor):
    logits, label = answers(1, factor)
    log_temperature = torch.tensor(np.log(temperature.fitted(logits, label)), requires_grad=True)
    torch.nn.functional.cross_entropy(torch.tensor(logits) / log_temperature.exp(), torch.tensor(label)).backward()
    assert abs(log_temperature.grad.item()) < 1e-6


def test_what_is_calibrated_exactly_stays_and_what_is_twice_as_sure_is_halved():
    """Ten windows of one prediction, 7 : 2 : 1, whose labels are so."""
    logits = np.tile(np.log([0.7, 0.2, 0.1]), (10, 1))
    label = np.array([0] * 7 + [1] * 2 + [2])
    assert temperature.fitted(logits, label) == pytest.approx(1, abs=1e-6)
    assert temperature.fitted(2 * logits + 5, label) == pytest.approx(2, abs=1e-6)


def test_logits_multiplied_give_a_temperature_multiplied():
    plain, label = answers(2)
    assert temperature.fitted(3 * plain, label) == pytest.approx(3 * temperature.fitted(plain, label), rel=1e-5)
    assert temperature.fitted(plain, label) == pytest.approx(1, abs=0.05)


def test_no_decision_changes_and_no_loss_rises():
    logits, label = answers(3, 4.0)
    scaled = logits / temperature.fitted(logits, label)
    assert (scaled.argmax(axis=1) == logits.argmax(axis=1)).all()
    one, other = (torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(label)) for z in (logits, scaled))
    assert other < one


def test_the_temperature_stays_within_its_bounds_where_all_is_right_or_all_wrong():
    low, high = temperature.BOUNDS
    assert low <= temperature.fitted(np.eye(3) * 5, np.arange(3)) < 0.2
    assert temperature.fitted(np.eye(3) * 5, np.array([1, 2, 0])) == pytest.approx(high, rel=1e-4)


@pytest.mark.parametrize(("shape", "labels"), [((0, 3), 0), ((4, 3), 5), ((4, 2, 3), 4)])
def test_other_shapes_are_refused(shape, labels):
    with pytest.raises(ValueError, match="a label a window"):
        temperature.fitted(np.zeros(shape), np.zeros(labels, dtype=int))
