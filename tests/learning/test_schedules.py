"""Learning rates of every step, against torch's own schedulers."""

import pytest
import torch

from overheard.learning import schedules

STEPS, AN_EPOCH = 60, 4


def of_torch(scheduler, steps, an_epoch=1):
    """The rates that a scheduler of torch gives, one a step, where it is advanced every `an_epoch` steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduled, rates = scheduler(optimizer), []
    for step in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % an_epoch == 0:
            scheduled.step()
    return rates


def ours(schedule, steps, an_epoch=1):
    return [schedule(step, steps, an_epoch) for step in range(steps)]


def test_cosine_is_torchs():
    expected = of_torch(lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS), STEPS)
    assert ours(schedules.cosine, STEPS) == pytest.approx(expected, abs=1e-12)
    assert ours(schedules.cosine, STEPS)[0] == 1


def test_steps_is_what_the_released_program_does():
    """MultiStepLR at 30, 60, 90 by hand: a tenth at the end of the epochs with these numbers, counted from 0."""

    def after_the_epoch(optimizer):
        return torch.optim.lr_scheduler.MultiStepLR(optimizer, [31, 61, 91], gamma=0.1)

    expected = of_torch(after_the_epoch, 100 * AN_EPOCH, AN_EPOCH)
    assert ours(schedules.falling, 100 * AN_EPOCH, AN_EPOCH) == pytest.approx(expected)
    assert expected[30 * AN_EPOCH] == 1
    assert expected[31 * AN_EPOCH] == pytest.approx(0.1)


def test_constant_is_constant():
    assert set(ours(schedules.constant, STEPS)) == {1.0}
