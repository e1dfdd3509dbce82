"""The student: order of the concatenation, starts of the heads, the modality left out, what is trained."""

import math

import protocols
import pytest
import torch
from torch import nn

from overheard.learning import start
from overheard.learning.losses import kl, scene_loss
from overheard.learning.methods import METHODS, MODALITIES, find
from overheard.learning.models import encoders
from overheard.learning.models.student import Student, absent_representation

SCENES, EVENTS = 5, 7
SHAPES = {"image": (3, 32, 32), "sound": (1, 24, 64)}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def student(modality="image+sound", event_head=None, prior=None):
    built = {name: encoders.build("small", name, generator()) for name in SHAPES}
    trained = {name: built[name] for name in MODALITIES[modality]}
    absent = {name: absent_representation(built[name], SHAPES[name]) for name in SHAPES if name not in trained}
    model = Student(trained, absent, SCENES, EVENTS, event_head, prior)
    start.start_linear(model.scene, generator(1))
    return model


def clips(modality="image+sound", n=4):
    return {name: torch.randn(n, *SHAPES[name], generator=generator(2)) for name in MODALITIES[modality]}


def classifier(width):
    return {"weight": torch.randn(EVENTS, width, generator=generator(3)), "bias": torch.arange(float(EVENTS))}


def test_representations_stand_as_image_then_sound():
    model, inputs = student().eval(), clips()
    image, sound = (model.encoders[name](inputs[name]) for name in ("image", "sound"))
    representation = model(inputs).representation
    torch.testing.assert_close(representation, torch.cat([image, sound], dim=1))
    assert not torch.allclose(image, sound)


@pytest.mark.parametrize(
    ("modality", "head"), [("image+sound", "sound"), ("image+sound", "joint"), ("sound", "sound"), ("sound", "joint")]
)
def test_the_event_head_starts_as_the_teacher(modality, head):
    model, inputs = student(modality, head).eval(), clips(modality)
    given = classifier(model.encoders["sound"].width)
    start.teachers_head(model.event, given, torch.zeros(1, EVENTS), generator())
    teacher = model.encoders["sound"](inputs["sound"]) @ given["weight"].T + given["bias"]
    torch.testing.assert_close(model(inputs).event_logits, teacher)


def test_the_event_head_of_pictures_alone_starts_at_the_mean_logit():
    model, mean = student("image", "joint").eval(), torch.linspace(-4, 1, EVENTS)
    start.teachers_head(model.event, None, torch.stack([mean, mean]), generator())
    assert torch.equal(model(clips("image")).event_logits, mean.expand(4, -1))
    assert model.event.weight.shape == (EVENTS, 2 * model.encoders["image"].width)


def test_the_scene_head_starts_within_torchs_bound_and_from_its_generator():
    before = torch.get_rng_state()
    model = student()
    assert torch.equal(before, torch.get_rng_state())
    bound = 1 / math.sqrt(model.scene.in_features)
    values = torch.cat([model.scene.weight.flatten(), model.scene.bias])
    assert 0.95 * bound < values.abs().max() <= bound
    assert torch.equal(model.scene.weight, student("image").scene.weight)


@pytest.mark.parametrize("modality", ["image", "sound"])
def test_the_modality_left_out_is_one_constant_in_training_and_evaluation(modality):
    left_out = {"image": "sound", "sound": "image"}[modality]
    network = encoders.build("small", left_out, generator())
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, generator=generator(5))
            nn.init.normal_(layer.bias, generator=generator(6))
    zeros = network.eval()(torch.zeros(4, *SHAPES[left_out])).detach()
    assert zeros.abs().max() > 0
    trained = encoders.build("small", modality, generator())
    absent = {left_out: absent_representation(network.train(), SHAPES[left_out])}
    model = Student({modality: trained}, absent, SCENES, EVENTS, None)

    part = slice(trained.width, None) if modality == "image" else slice(0, trained.width)
    for mode in (model.train(), model.eval()):
        torch.testing.assert_close(mode(clips(modality)).representation[:, part], zeros)
    # its network is not even there: nothing is spent on it and nothing of it can be trained
    assert list(model.encoders) == [modality]


@pytest.mark.parametrize(
    ("method", "modality"),
    [
        (method, modality)
        for method, row in METHODS.items()
        for modality in MODALITIES
        if row.learns and (row.event_head, modality) != ("sound", "image")
    ],
)
def test_what_is_trained_is_what_the_loss_reaches(method, modality):
    row = find(method, modality, settings={"smoothing": 0.1} if method == "smoothed" else None)
    prior = torch.rand(SCENES, EVENTS, generator=generator(4)) if row.predicts_by_prior else None
    model = student(modality, row.event_head, prior)
    if row.event_head:
        # another start than zeros, so that a gradient reaches the encoders
        width = model.widths["sound"]
        start.teachers_head(model.event, classifier(width), torch.zeros(1, EVENTS), generator())
        nn.init.normal_(model.event.weight, generator=generator(8))
    known = {
        "logits": torch.randn(4, EVENTS, generator=generator(5)),
        "prior": prior,
        "relevance": torch.rand(SCENES, EVENTS, generator=generator(6)),
        **protocols.chosen(method, EVENTS),
    }
    terms = row.terms(model(clips(modality)), torch.tensor([0, 1, 2, 3]), **{name: known[name] for name in row.uses})
    sum(terms.values()).sum().backward()
    reached = {name for name, value in model.named_parameters() if value.grad is not None and value.grad.any()}
    parts = [
        "encoders",
        *(["event"] if row.event_head else []),
        *(["scene"] if method not in ("kl_av", "sq_av") else []),
    ]
    assert reached == {name for name, _ in model.named_parameters() if name.partition(".")[0] in parts}


def test_predicted_events_are_the_heads_or_those_of_equation_6():
    assert student().predicted_events(student()(clips())) is None
    prior = torch.rand(SCENES, EVENTS, generator=generator(4))
    model = student(prior=prior)
    said = model(clips())
    expected = said.scene_logits.softmax(dim=1) @ prior
    torch.testing.assert_close(model.predicted_events(said).sigmoid(), expected)
    model = student(event_head="joint")
    start.teachers_head(model.event, classifier(model.widths["sound"]), torch.zeros(1, EVENTS), generator())
    said = model(clips())
    assert model.predicted_events(said) is said.event_logits


def test_both_losses_meet_at_the_concatenated_representation():
    model = student(event_head="sound")
    start.teachers_head(model.event, classifier(model.widths["sound"]), torch.zeros(1, EVENTS), generator())
    said = model(clips())
    event = kl(said.event_logits, torch.zeros(4, EVENTS)).sum()
    (by_event,) = torch.autograd.grad(event, said.representation, retain_graph=True)
    width = model.widths["image"]
    assert not by_event[:, :width].any()
    assert by_event[:, width:].any()
    (by_scene,) = torch.autograd.grad(
        scene_loss(said.scene_logits, torch.zeros(4, dtype=torch.int64)).sum(), said.representation
    )
    assert by_scene[:, :width].any()
