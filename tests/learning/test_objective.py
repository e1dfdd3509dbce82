"""What training asks of a student, against torch's own losses, optimizer and statistics on a student without tricks."""

import copy
import math

import numpy as np
import protocols
import pytest
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.distributions import Bernoulli, kl_divergence

from overheard.errors import ConfigError
from overheard.learning import schedules, start
from overheard.learning.augment import Augmentation
from overheard.learning.inputs import Inputs
from overheard.learning.loop import Adam, Recipe
from overheard.learning.methods import METHODS, Method
from overheard.learning.models.student import Student
from overheard.learning.objective import Objective, Part, Training, say
from overheard.learning.selection import lowest_loss
from overheard.learning.standing import kept, resume

SCENES, EVENTS, WIDTH = 3, 6, 4
KNOWN = torch.tensor([0, 2, 3, 5])
ALPHA, BETA = 0.1, 0.5
VARIED = Augmentation(0.5, (0.7, 1.3), (0.7, 1.3))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class Encoder(nn.Module):
    """One linear layer, and a batch norm if asked for."""

    def __init__(self, numbers, seed, norm=False):
        super().__init__()
        self.width = WIDTH
        self.layer = nn.utils.skip_init(nn.Linear, numbers, WIDTH)
        for value in self.layer.parameters():
            nn.init.normal_(value, std=0.2, generator=generator(seed))
        self.norm = nn.BatchNorm1d(WIDTH) if norm else nn.Identity()

    def forward(self, x):
        return self.norm(self.layer(x.flatten(1)))


def student(event_head=None, prior=None, norm=False):
    encoders = {"image": Encoder(3 * 4 * 4, 1, norm), "sound": Encoder(5 * 2, 2, norm)}
    model = Student(encoders, {}, SCENES, EVENTS, event_head, prior)
    start.start_linear(model.scene, generator(3))
    if event_head:
        nn.init.normal_(model.event.weight, generator=generator(4))
        nn.init.zeros_(model.event.bias)
    return model


def part(clips=7, seed=5, teacher=True):
    draw = generator(seed)
    images = torch.randint(0, 256, (clips, 4, 4, 3), dtype=torch.uint8, generator=draw)
    sounds = torch.randn(clips, 1, 5, 2, generator=draw)
    inputs = Inputs(images, sounds, torch.full((3,), 0.5), torch.full((3,), 0.25), True)
    logits = torch.randn(clips, EVENTS, generator=draw)
    return Part(inputs, torch.arange(clips) % SCENES, logits if teacher else None)


PRIOR = torch.rand(SCENES, EVENTS, generator=generator(6))
RELEVANCE = torch.rand(SCENES, EVENTS, generator=generator(7))


def objective(method, events=KNOWN, bf16=False, norm=False):
    row = METHODS[method]
    known = {**protocols.chosen(method, EVENTS), "alpha": ALPHA, "beta": BETA, "relevance": RELEVANCE}
    given = {name: value for name, value in known.items() if name in row.uses}
    model = student(row.event_head, PRIOR if row.predicts_by_prior else None, norm)
    return Objective(row, model, given, events, bf16)


def expected_terms(method, model, clips, part, batch, events):
    """Each term of each clip: torch's cross-entropy, torch's divergence of Bernoulli variables, numpy's cosine."""
    said = model(batch)
    label = part.label[clips]
    terms = {}
    if METHODS[method].scene_loss:
        terms["scene"] = nn.functional.cross_entropy(said.scene_logits, label, reduction="none")
    if part.teacher_logits is None:
        return terms
    teacher = Bernoulli(logits=part.teacher_logits[clips][:, events])
    if METHODS[method].event_head:
        heard = Bernoulli(logits=said.event_logits[:, events])
        return terms | {"kl": ALPHA * kl_divergence(teacher, heard).sum(dim=1)}
    probable = said.scene_logits.softmax(dim=1) @ PRIOR[:, events]
    terms["event1"] = ALPHA * kl_divergence(teacher, Bernoulli(probs=probable)).sum(dim=1)
    p, d = probable.detach().numpy(), RELEVANCE[label][:, events].numpy()
    cosine = (p * d).sum(axis=1) / np.linalg.norm(p, axis=1) / np.linalg.norm(d, axis=1)
    return terms | {"event2": ALPHA * BETA * torch.from_numpy(1 - cosine)}


@pytest.mark.parametrize("events", [KNOWN, None], ids=["known events", "all events"])
@pytest.mark.parametrize("method", ["scene", "scene+kl_av", "scene+event"])
def test_the_loss_of_training_clips_is_the_sum_of_the_papers_terms(method, events):
    asked, clips = objective(method, events), torch.tensor([6, 1, 4])
    train = part(teacher="logits" in METHODS[method].uses)
    terms, representation = asked.on_training(train, VARIED, generator(8))(clips)
    # the pictures as the same stream of augmentation makes them
    batch = train.inputs.batch(clips, VARIED, generator(8))
    among = torch.arange(EVENTS) if events is None else events
    expected = expected_terms(method, asked.student, clips, train, batch, among)
    assert list(terms) == list(expected)
    for name, value in terms.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(representation, asked.student(batch).representation)
    assert representation.requires_grad


def test_training_pictures_are_augmented_by_the_given_ranges_and_stream():
    asked, train, clips = objective("scene"), part(teacher=False), torch.arange(7)
    draws, before = generator(8), torch.get_rng_state()
    dark = Augmentation(0.0, (0.0, 0.0), (1.0, 1.0))
    terms, _ = asked.on_training(train, dark, draws)(clips)
    black = train.inputs.batch(clips) | {"image": torch.full((7, 3, 4, 4), -2.0)}
    torch.testing.assert_close(
        terms["scene"], expected_terms("scene", asked.student, clips, train, black, KNOWN)["scene"]
    )
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(draws.get_state(), generator(8).get_state())


@pytest.mark.parametrize("batch_size", [2, 7, 100])
def test_validation_is_the_mean_over_clips_whatever_the_batches(batch_size):
    asked, val, clips = objective("scene+event"), part(), torch.arange(7)
    with torch.no_grad():
        found = asked.on_validation(val, batch_size)
        batch = val.inputs.batch(clips)
        terms = expected_terms("scene+event", asked.student, clips, val, batch, KNOWN)
        predicted = asked.student(batch).scene_logits.argmax(dim=1)
    assert found == {
        "val_loss": pytest.approx(sum(terms.values()).mean().item(), rel=1e-5),
        "val_scene_loss": pytest.approx(terms["scene"].mean().item(), rel=1e-5),
        "val_f_score": pytest.approx(f1_score(val.label, predicted, average="weighted", zero_division=0)),
    }


def test_validation_is_summed_in_float64():
    asked, val = objective("scene+event"), part()
    with torch.no_grad():
        found = asked.on_validation(val, 1)["val_loss"]
        clips = torch.arange(7).split(1)
        each = [sum(asked.terms(val, clip, val.inputs.batch(clip))[0].values()).item() for clip in clips]
    assert found == pytest.approx(math.fsum(each) / 7, rel=1e-14)


def test_exact_statistics_are_the_mean_of_the_training_batches_not_augmented():
    """Seven clips in batches of at most three: of 3, 2 and 2."""
    asked, train = objective("scene", norm=True), part()
    encoder = asked.student.encoders["image"]
    asked.exact_statistics(train, 3)
    shown = encoder.layer(train.inputs.batch(torch.arange(7))["image"].flatten(1)).detach().split([3, 2, 2])
    torch.testing.assert_close(encoder.norm.running_mean, torch.stack([batch.mean(dim=0) for batch in shown]).mean(0))
    torch.testing.assert_close(encoder.norm.running_var, torch.stack([batch.var(dim=0) for batch in shown]).mean(0))


def training(method="scene+kl_av", norm=False, validation=None):
    asked = objective(method, norm=norm)
    adam = Adam(asked.reached(part()), 1e-2, 1e-1)
    draws = {word: generator(10 + n) for n, word in enumerate(("order", "augmentation", "validation"))}
    return Training(asked, part(), part(5, seed=9), adam, (VARIED, validation), draws)


def recipe(epochs=4):
    return Recipe(3, None, epochs, schedules.constant, lowest_loss, None)


def fitted(made, exact=False, run=None, on_validation=lambda run: None):
    return made.fit(recipe(), exact, run, on_validation)


def test_training_is_torchs_adam_along_the_papers_loss():
    made, seen = training(), []
    model, train = copy.deepcopy(made.objective.student), made.train
    run = fitted(made, on_validation=lambda run: seen.append(len(run.history)))
    assert seen == [1, 2, 3, 4]
    order, draws = generator(10), generator(11)
    torchs = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=1e-1, foreach=False)
    for line in run.history:
        model.train()
        for clips in torch.randperm(7, generator=order).split([3, 2, 2]):
            batch = train.inputs.batch(clips, VARIED, draws)
            torchs.zero_grad()
            sum(expected_terms("scene+kl_av", model, clips, train, batch, KNOWN).values()).mean().backward()
            torchs.step()
        assert line["val_loss"] == pytest.approx(val_loss(model, made.val), rel=1e-4)
    for mine, theirs in zip(made.objective.student.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def val_loss(model, val):
    clips = torch.arange(len(val))
    with torch.no_grad():
        terms = expected_terms("scene+kl_av", model, clips, val, val.inputs.batch(clips), KNOWN)
    return sum(terms.values()).mean().item()


def test_statistics_are_exact_where_asked_for_and_else_torchs_running_ones():
    kept = {}
    for exact in (True, False):
        made = training(norm=True)
        run = fitted(made, exact)
        kept[exact] = made.objective.student.state_dict()["encoders.image.norm.running_mean"].clone()
        assert len(run.history) == 4
        made.objective.exact_statistics(made.train, 3)
        again = made.objective.student.state_dict()["encoders.image.norm.running_mean"]
        assert torch.equal(kept[exact], again) == exact
    assert not torch.equal(kept[True], kept[False])


def test_a_training_that_is_resumed_ends_with_the_same_bits():
    whole, cut, again = training(norm=True), training(norm=True), training(norm=True)
    expected = fitted(whole, True)
    state = {}

    def stop(run):
        if len(run.history) == 2:
            state.update(copy.deepcopy(kept(cut, run)))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fitted(cut, True, on_validation=stop)
    assert set(state) == {"model", "adam", "generators", "run"}
    resumed = fitted(again, True, resume(again, state))
    assert resumed.history == expected.history
    for name, value in whole.objective.student.state_dict().items():
        assert torch.equal(again.objective.student.state_dict()[name], value)
    for word, stream in whole.generators.items():
        assert torch.equal(again.generators[word].get_state(), stream.get_state())


@pytest.mark.parametrize(("bf16", "kind"), [(False, torch.float32), (True, torch.bfloat16)])
def test_logits_are_float32_whatever_the_networks_run_in(bf16, kind):
    batch = part().inputs.batch(torch.arange(7))
    said = say(student("joint"), batch, bf16)
    assert (said.scene_logits.dtype, said.event_logits.dtype, said.representation.dtype) == (*2 * [torch.float32], kind)
    exact = student("joint")(batch)
    torch.testing.assert_close(said.event_logits, exact.event_logits, rtol=0.05, atol=0.2)
    assert torch.equal(said.scene_logits, exact.scene_logits) != bf16
    assert say(student(), batch, bf16).event_logits is None


def test_a_bfloat16_objective_validates_and_counts_in_it():
    rough, exact = (objective("scene", bf16=bf16, norm=True) for bf16 in (True, False))
    for asked in (rough, exact):
        asked.exact_statistics(part(), 7)
    means = [asked.student.encoders["image"].norm.running_mean for asked in (rough, exact)]
    torch.testing.assert_close(*means, rtol=0.05, atol=0.05)
    assert not torch.equal(*means)
    with torch.no_grad():
        found, expected = (asked.on_validation(part(teacher=False), 7)["val_loss"] for asked in (rough, exact))
    assert found == pytest.approx(expected, rel=0.05)
    assert found != expected


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("scene", {"encoders", "scene"}),
        ("kl_av", {"encoders", "event"}),
        ("event1", {"encoders", "scene"}),
        ("scene+kl_av", {"encoders", "scene", "event"}),
    ],
)
def test_what_is_trained_is_what_the_loss_reaches_and_asking_changes_nothing(method, parts):
    asked = objective(method, norm=True)
    before = {name: value.clone() for name, value in asked.student.state_dict().items()}
    reached = {id(value) for value in asked.reached(part())}
    names = {name.partition(".")[0] for name, value in asked.student.named_parameters() if id(value) in reached}
    assert names == parts
    assert all(torch.equal(value, before[name]) for name, value in asked.student.state_dict().items())
    assert all(value.grad is None for value in asked.student.parameters())


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (
            lambda said, label: {"mean": said.scene_logits.mean()},
            r"its term 'mean' has shape \(\), expected one value a clip",
        ),
        (lambda said, label: {"none": torch.zeros(len(label))}, "no parameter has a gradient of it"),
    ],
)
def test_a_loss_that_cannot_be_trained_is_refused_before_training(loss, said):
    asked = Objective(Method(False, loss), student(), {})
    with pytest.raises(ConfigError, match=said):
        asked.reached(part(teacher=False))
