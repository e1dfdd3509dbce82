"""The training loop: its optimizer against torch's, its order, its stopping, its shares, and going on after a stop."""

import copy
import random
from itertools import chain

import pytest
import torch
from torch import nn

from overheard.learning import schedules
from overheard.learning.loop import Adam, Recipe, Run, batches, exact_statistics, fit, gradient_shares, still_falls
from overheard.learning.selection import BY_NAME, last, lowest_loss


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(seed=0):
    torch_state = torch.get_rng_state()
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))
    torch.set_rng_state(torch_state)
    return layers.to(memory_format=torch.channels_last)


class Problem:
    """Twenty small pictures in five classes, a network, and how to learn them."""

    def __init__(self):
        self.model = network()
        self.images = torch.randn(20, 3, 6, 6, generator=generator(1))
        self.label = torch.arange(20) % 5
        self.adam = Adam(self.model.parameters(), 1e-2, 1e-4)
        self.order = generator(2)
        self.clips = 20
        self.seen = []

    def loss(self, clips):
        self.seen.append(clips.tolist())
        error = nn.functional.cross_entropy(self.model(self.images[clips]), self.label[clips], reduction="none")
        return {"scene": error}, None

    def validate(self):
        assert not self.model.training
        assert not torch.is_grad_enabled()
        return {"val_loss": nn.functional.cross_entropy(self.model(self.images), self.label).item()}

    def fit(self, epochs=4, patience=99, batch_size=8, steps=None, selection=lowest_loss, **rest):
        schedule = rest.pop("schedule", schedules.constant)
        recipe = Recipe(batch_size, steps, None if steps else epochs, schedule, selection, patience)
        validate = rest.pop("validate", self.validate)
        return fit(self.model, self.adam, self.loss, validate, recipe, clips=self.clips, order=self.order, **rest)


def test_adam_is_torchs():
    ours, theirs, plain = network(), network(), network()
    adam = Adam(ours.parameters(), 1e-2, 1e-2)
    fused = torch.optim.Adam(theirs.parameters(), 1e-2, weight_decay=1e-2, fused=True)
    single = torch.optim.Adam(plain.parameters(), 1e-2, weight_decay=1e-2, foreach=False)
    for step in range(30):
        images = torch.randn(8, 3, 6, 6, generator=generator(step))
        for model in (ours, theirs, plain):
            model.zero_grad()
            model(images).square().sum().backward()
        adam.step(), fused.step(), single.step()
    for mine, torchs, plains in zip(ours.parameters(), theirs.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine, torchs)
        torch.testing.assert_close(mine, plains, rtol=1e-3, atol=1e-5)


def test_adam_of_one_parameter_goes_on_where_it_was():
    whole, cut, again = (nn.Parameter(torch.ones(3)) for _ in range(3))
    expected, first, second = (Adam([parameter], 1e-2, 1e-2) for parameter in (whole, cut, again))

    def step(parameter, adam, factor):
        (parameter * factor).sum().backward()
        adam.step()

    for factor in (1.0, -3.0, 2.0):
        step(whole, expected, factor)
    step(cut, first, 1.0)
    with torch.no_grad():
        again.copy_(cut)
    second.load(first.state())
    for factor in (-3.0, 2.0):
        step(again, second, factor)
    assert torch.equal(again, whole)


def test_adam_refuses_a_parameter_that_no_loss_reaches():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    adam = Adam([used, unused], 1e-2, 1e-4)
    used.sum().backward()
    with pytest.raises(RuntimeError, match="no loss reaches"):
        adam.step()


def test_every_epoch_sees_every_clip_once_in_a_new_order():
    problem = Problem()
    problem.fit(epochs=3)
    epochs = [list(chain(*problem.seen[first : first + 3])) for first in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert [len(batch) for batch in problem.seen[:3]] == [7, 7, 6]


@pytest.mark.parametrize(("clips", "sizes"), [(16, [8, 8]), (18, [6, 6, 6]), (17, [6, 6, 5]), (9, [5, 4]), (1, [1])])
def test_a_remainder_is_spread_over_the_batches(clips, sizes):
    cut = batches(torch.arange(clips), 8)
    assert [len(batch) for batch in cut] == sizes
    assert torch.equal(torch.cat(cut), torch.arange(clips))


@pytest.mark.parametrize("clips", range(2, 40))
@pytest.mark.parametrize("batch_size", [2, 3, 8])
def test_no_batch_has_a_single_clip_or_many_more_than_asked(clips, batch_size):
    sizes = [len(batch) for batch in batches(torch.arange(clips), batch_size)]
    assert min(sizes) >= 2
    assert max(sizes) <= max(batch_size, 3)
    assert max(sizes) - min(sizes) <= 1


def test_training_learns_and_says_so():
    run = Problem().fit(epochs=20)
    losses = [line["train_loss"] for line in run.history]
    assert losses[-1] < 0.5 * losses[0]
    assert [line["epoch"] for line in run.history] == list(range(1, 21))


def test_a_step_is_torchs_along_the_mean_over_the_batchs_clips():
    """With as much weight decay as loss: a loss 32 times as large, or summed over clips, would step elsewhere."""
    problem, model = Problem(), network()
    problem.adam = Adam(problem.model.parameters(), 1e-2, 1.0)
    problem.fit(epochs=2)
    torchs = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=1.0, foreach=False)
    for batch in problem.seen:
        torchs.zero_grad()
        nn.functional.cross_entropy(model(problem.images[batch]), problem.label[batch]).backward()
        torchs.step()
    for mine, theirs in zip(problem.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_train_loss_is_the_mean_over_clips_not_batches():
    # weights do not move, batches of 16 and 4: a mean of the batches' means would differ
    problem = Problem()
    problem.adam.learning_rate = 0.0
    fixed = torch.arange(20.0)
    problem.loss = lambda clips: ({"scene": fixed[clips] + 0 * sum(p.sum() for p in problem.model.parameters())}, None)
    assert problem.fit(epochs=1, batch_size=7).history[0]["train_loss"] == pytest.approx(9.5)


def test_a_length_in_steps_ends_within_an_epoch():
    """Three batches an epoch, seven steps: validated after 3, 6 and 7; the third epoch has one batch."""
    problem = Problem()
    run = problem.fit(steps=7)
    assert len(problem.seen) == 7
    assert [(line["epoch"], line["step"]) for line in run.history] == [(1, 3), (2, 6), (3, 7)]


def test_the_rate_of_each_step_is_the_schedules_and_it_ends_as_it_was():
    problem, rates = Problem(), []
    plain = problem.adam.step
    problem.adam.step = lambda: (rates.append(problem.adam.learning_rate), plain())
    run = problem.fit(steps=6, schedule=schedules.cosine)
    assert rates == [1e-2 * schedules.cosine(step, 6, 3) for step in range(6)]
    assert [line["learning_rate"] for line in run.history] == [rates[2], rates[5]]
    assert problem.adam.learning_rate == 1e-2


def test_a_schedule_is_told_the_steps_of_an_epoch():
    told = []
    Problem().fit(steps=7, schedule=lambda *given: told.append(given) or 1.0)
    assert told == [(step, 7, 3) for step in range(7)]


def test_the_last_weights_are_kept_where_the_length_is_fixed():
    problem = Problem()
    run = problem.fit(epochs=3, patience=None, selection=last, validate=scripted([1.0, 2.0, 3.0]))
    assert (run.best_epoch, run.kept, list(run.states)) == (3, [2], [2])
    for name, value in problem.model.state_dict().items():
        assert torch.equal(value, run.best_state[name])


def test_a_selection_may_keep_several_and_the_others_are_forgotten():
    """The best and the two after it, as a later protocol asks for."""

    def best_and_next(history):
        best = lowest_loss(history)[0]
        return [place for place in (best, best + 1, best + 2) if place < len(history)]

    run = Problem().fit(epochs=5, selection=best_and_next, validate=scripted([5.0, 1.0, 2.0, 3.0, 4.0]))
    assert (run.kept, sorted(run.states)) == ([1, 2, 3], [1, 2, 3])


def test_exact_statistics_are_those_of_all_clips_by_hand():
    """One batch of all clips: the mean and the unbiased variance of what the first layer says of them."""
    problem = Problem()
    problem.fit(epochs=2)
    exact_statistics(problem.model, [problem.images])
    said = problem.model[0](problem.images).detach()
    norm = problem.model[1]
    torch.testing.assert_close(norm.running_mean, said.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(norm.running_var, said.var(dim=(0, 2, 3)))
    assert norm.momentum == 0.1


def test_weights_are_validated_and_kept_with_what_was_done_before():
    problem = Problem()
    run = problem.fit(epochs=2, before_validation=lambda: exact_statistics(problem.model, [problem.images]))
    shown = problem.model[0](problem.images).detach().mean(dim=(0, 2, 3))
    torch.testing.assert_close(run.states[run.kept[0]]["1.running_mean"], shown)


@pytest.mark.parametrize("selection", BY_NAME.values(), ids=BY_NAME)
def test_what_is_kept_depends_on_validation_alone(selection):
    """Whatever the number of training clips and what training says of them: the same validation, the same weights."""
    rng = random.Random(4)
    said = [{"val_loss": rng.choice([1.0, 2.0, 3.0]), "val_f_score": rng.choice([0.2, 0.4])} for _ in range(12)]
    kept = set()
    for clips in (4, 10, 20):
        problem = Problem()
        problem.clips = clips
        run = problem.fit(epochs=12, patience=None, selection=selection, validate=iter(said).__next__)
        kept.add(tuple(run.kept))
    assert len(kept) == 1


def history(losses):
    return Run(history=[{"train_loss": loss} for loss in losses])


def test_a_loss_that_still_falls_is_seen_and_one_that_rests_is_not():
    assert still_falls(history([0.93**epoch for epoch in range(30)]))
    assert not still_falls(history([0.9**epoch for epoch in range(30)] + [0.04] * 30))
    assert not still_falls(history([1.0, 0.5, 0.2]))


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        # ten epochs, two at each end: the fifth and sixth, the ninth and tenth
        ([2, 0, 0, 0, 1, 1, 0, 0, 0.9, 0.9], True),
        ([2, 0, 0, 0, 1, 1, 0, 0, 0.95, 0.95], False),
        # what was before them does not count
        ([2, 0, 5, 5, 1, 1, 0, 0, 0.95, 0.95], False),
        # exactly a twentieth of the whole fall
        ([20, 0, 0, 0, 1, 1, 0, 0, 0, 0], False),
        # nine epochs are too few
        ([2, 0, 0, 1, 1, 0, 0, 0.5, 0.5], False),
        # thirty epochs, three at each end
        ([2] + [0] * 20 + [1, 1, 1] + [0, 0, 0] + [0.9, 0.9, 0.9], True),
        ([2] + [0] * 20 + [1, 1, 1] + [0, 0, 0] + [1.1, 0.9, 0.9], False),
        # a large fall, a hundredth of which is left
        ([9] + [0] * 20 + [0.2, 0.2, 0.2] + [0, 0, 0] + [0.1, 0.1, 0.1], False),
    ],
)
def test_the_ends_that_are_compared_are_a_tenth_of_the_epochs_by_hand(losses, falls):
    assert still_falls(history(losses)) == falls


def scripted(values):
    """A validation that says these losses, one an epoch."""
    remaining = iter(values)
    return lambda: {"val_loss": next(remaining)}


def test_training_stops_after_patience_and_keeps_the_best_weights():
    problem, kept = Problem(), {}

    def keep(run):
        kept[len(run.history)] = copy.deepcopy(problem.model.state_dict())

    run = problem.fit(epochs=10, patience=3, validate=scripted([5.0, 4.0, 4.0, 4.5, 6.0, 1.0]), on_validation=keep)
    assert (len(run.history), run.best_epoch) == (5, 2)
    for name, value in run.best_state.items():
        assert torch.equal(value, kept[2][name])
    assert not torch.equal(run.best_state["0.weight"], kept[5]["0.weight"])


def test_patience_of_one_trains_until_the_first_validation_that_is_no_better():
    run = Problem().fit(epochs=10, patience=1, validate=scripted([5.0, 4.0, 4.5, 1.0]))
    assert (len(run.history), run.best_epoch) == (3, 2)


def test_a_new_best_gives_new_patience():
    run = Problem().fit(epochs=10, patience=2, validate=scripted([5.0, 6.0, 4.0, 6.0, 6.0, 0.0]))
    assert (len(run.history), run.best_epoch) == (5, 3)


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_going_on_after_a_stop_gives_the_same_bits(stop):
    whole = Problem()
    expected = whole.fit()
    first, second = Problem(), Problem()

    class StoppedError(Exception):
        pass

    state = {}

    def interrupt(run):
        if len(run.history) == stop:
            state.update(
                copy.deepcopy({"run": vars(run), "model": first.model.state_dict(), "adam": first.adam.state()})
            )
            state["order"] = first.order.get_state()
            raise StoppedError

    with pytest.raises(StoppedError):
        first.fit(on_validation=interrupt)
    second.model.load_state_dict(state["model"])
    second.adam.load(state["adam"])
    second.order.set_state(state["order"])
    resumed = second.fit(run=Run(**state["run"]))
    assert resumed.history == expected.history
    for mine, theirs in zip(second.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    for name, value in expected.best_state.items():
        assert torch.equal(resumed.best_state[name], value)


def test_gradient_shares_by_hand():
    # gradients at the representation: (3, 4) and (0, 15), norms 5 and 15
    representation = torch.zeros(2, requires_grad=True)
    terms = {"scene": representation @ torch.tensor([3.0, 4.0]), "kl": 15 * representation[1]}
    assert gradient_shares(terms, representation) == {"scene": 0.25, "kl": 0.75}


def test_a_term_that_does_not_reach_the_representation_has_no_share():
    representation, elsewhere = torch.zeros(2, requires_grad=True), torch.ones(1, requires_grad=True)
    terms = {"scene": representation.sum(), "kl": elsewhere.sum()}
    assert gradient_shares(terms, representation) == {"scene": 1.0, "kl": 0.0}
    assert gradient_shares({"kl": elsewhere.sum()}, representation) == {"kl": 0.0}


def test_a_loss_of_nothing_is_shared_by_none():
    problem = Problem()
    problem.loss = lambda clips: (
        {"scene": 0 * sum(value.sum() for value in problem.model.parameters()).expand(len(clips))},
        None,
    )
    (line,) = problem.fit(epochs=1).history
    assert (line["train_loss"], line["loss_share_scene"]) == (0.0, 0.0)


def test_shares_of_the_loss_and_gradient_are_in_the_history():
    problem = Problem()
    weight = torch.ones(4)
    free = nn.Parameter(torch.zeros(4))
    problem.adam = Adam([free], 0.0, 0.0)

    def loss(clips):
        representation = free + weight
        value = (representation**2).sum()
        return {"scene": 3 * value.expand(len(clips)), "kl": value.expand(len(clips))}, representation

    problem.loss = loss
    (line,) = problem.fit(epochs=1).history
    assert line["train_loss"] == pytest.approx(16.0)
    assert (line["loss_scene"], line["loss_kl"]) == (pytest.approx(12.0), pytest.approx(4.0))
    assert (line["loss_share_scene"], line["gradient_share_scene"]) == (pytest.approx(0.75), pytest.approx(0.75))
    assert (line["loss_share_kl"], line["gradient_share_kl"]) == (pytest.approx(0.25), pytest.approx(0.25))


def test_the_global_generator_is_neither_read_nor_moved():
    before = torch.get_rng_state()
    first = Problem().fit(epochs=2)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(12345)
    second = Problem().fit(epochs=2)
    torch.set_rng_state(before)
    assert first.history == second.history
