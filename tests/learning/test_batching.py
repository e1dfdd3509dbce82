"""Batches of one size, and validation after so many steps: the fusion program's ways through the one loop."""

import copy
from itertools import chain

import pytest
import torch
from torch import nn

from overheard.errors import ConfigError
from overheard.learning import schedules
from overheard.learning.batching import BATCHINGS, batches, full_batches
from overheard.learning.loop import Adam, Recipe, Run, fit
from overheard.learning.selection import lowest_loss


@pytest.mark.parametrize(("clips", "number"), [(16, 2), (23, 2), (8, 1), (31, 3)])
def test_full_batches_drop_the_rest(clips, number):
    order = torch.randperm(clips, generator=torch.Generator().manual_seed(1))
    cut = full_batches(order, 8)
    assert [len(batch) for batch in cut] == [8] * number
    assert torch.equal(torch.cat(cut), order[: 8 * number])


def test_a_batch_larger_than_all_clips_is_refused():
    with pytest.raises(ConfigError, match="batch_size: found 8, expected at most 7"):
        full_batches(torch.arange(7), 8)


class Problem:
    """Ten numbers; each validation says the next of some losses."""

    def __init__(self, losses=(), **recipe):
        self.model = nn.Linear(1, 1)
        nn.init.ones_(self.model.weight), nn.init.zeros_(self.model.bias)
        self.adam = Adam(list(self.model.parameters()), 1e-2, 0.0)
        self.seen, self.losses = [], iter(losses)
        self.order = torch.Generator().manual_seed(3)
        given = {"batch_size": 4, "steps": None, "epochs": 4, "schedule": schedules.constant} | recipe
        self.recipe = Recipe(**given, selection=lowest_loss, patience=None)

    def loss(self, clips):
        self.seen.append(clips.tolist())
        return {"scene": self.model(clips[:, None].float()).square()[:, 0]}, None

    def validate(self):
        return {"val_loss": next(self.losses, 1.0)}

    def fit(self, **rest):
        return fit(self.model, self.adam, self.loss, self.validate, self.recipe, clips=10, order=self.order, **rest)


def test_an_epoch_of_full_batches_leaves_other_clips_out_each_time():
    problem = Problem(batching=BATCHINGS["drop_last"])
    run = problem.fit()
    assert [line["step"] for line in run.history] == [2, 4, 6, 8]
    assert {len(batch) for batch in problem.seen} == {4}
    left = [{*range(10)} - {*problem.seen[place], *problem.seen[place + 1]} for place in range(0, 8, 2)]
    assert all(len(out) == 2 for out in left)
    assert len(set(map(frozenset, left))) > 1


def test_weights_are_validated_after_so_many_steps_within_and_across_epochs():
    """Three batches an epoch, twelve steps: after every five, and after the last."""
    problem = Problem([3.0, 1.0, 2.0], every=5)
    run = problem.fit()
    assert [(line["step"], line["epoch"]) for line in run.history] == [(5, 2), (10, 4), (12, 4)]
    assert run.history[run.kept[0]]["step"] == 10
    # each epoch is whole all the same
    epochs = [sorted(chain(*problem.seen[place : place + 3])) for place in range(0, 12, 3)]
    assert epochs == [list(range(10))] * 4


def test_when_weights_are_validated_changes_no_step():
    often, once = Problem(every=1), Problem()
    often.fit(), once.fit()
    assert often.seen == once.seen
    assert torch.equal(often.model.weight, once.model.weight)


def test_the_rate_falls_by_epochs_not_by_validations():
    told = []
    Problem(every=1, schedule=lambda *given: told.append(given) or 1.0).fit()
    assert told == [(step, 12, 3) for step in range(12)]


def test_going_on_within_an_epoch_gives_the_same_bits():
    whole, first, second = Problem(every=2), Problem(every=2), Problem(every=2)
    expected, state = whole.fit(), {}

    def interrupt(run):
        if run.step == 4:
            state.update(copy.deepcopy({"run": vars(run), "adam": first.adam.state()}))
            state["model"] = copy.deepcopy(first.model.state_dict())
            state["order"] = first.order.get_state()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        first.fit(on_validation=interrupt)
    second.model.load_state_dict(state["model"]), second.adam.load(state["adam"])
    second.order.set_state(state["order"])
    resumed = second.fit(run=Run(**state["run"]))
    assert first.seen + second.seen == whole.seen
    assert resumed.history == expected.history
    assert torch.equal(second.model.weight, whole.model.weight)


def test_batches_are_as_before_where_a_recipe_does_not_say():
    assert Problem().recipe.batching is batches
    assert Problem().recipe.every is None
