"""A student's start: which of it depends on the seed, and on nothing else."""

import pytest
import torch
from torch import nn

from overheard.errors import ConfigError
from overheard.learning import start
from overheard.learning.methods import METHODS, Method
from overheard.learning.models import encoders

SHAPES = {"image": (3, 32, 32), "sound": (1, 24, 64)}
SCENES, EVENTS = 5, 7
WORDS = ("order", "augmentation", "scene head", "image encoder", "sound encoder")


def student(method="scene", modality="image+sound", seed=0, **words):
    """A student's weights at its start; a method that is pre-trained from one network a modality."""
    given = {name: {"encoder": encoders.build("small", name, torch.Generator()).state_dict()} for name in SHAPES}
    networks = {name: start.Network("small", given[name] if METHODS[method].pretrained else None) for name in SHAPES}
    words = {
        "missing_modality": "zero_input",
        "absent_shape": SHAPES["sound" if modality == "image" else "image"],
    } | words
    return start.student(METHODS[method], modality, networks, seed, SCENES, EVENTS, **words).state_dict()


def test_a_runs_streams_differ_by_word_and_seed():
    streams = [torch.rand(8, generator=start.generator(seed, word)) for word in WORDS for seed in range(5)]
    assert len({tuple(numbers.tolist()) for numbers in streams}) == len(streams)
    assert torch.equal(torch.rand(8, generator=start.generator(0, "order")), streams[0])


@pytest.mark.parametrize("method", ["scratch", "scene"])
def test_every_seed_has_a_scene_head_of_its_own(method):
    heads = [student(method, seed=seed) for seed in range(4)]
    for name in ("scene.weight", "scene.bias"):
        assert len({tuple(head[name].flatten().tolist()) for head in heads}) == 4
    # of one seed the head is the same whatever else is trained
    assert torch.equal(student("scratch", "image", 2)["scene.weight"], heads[2]["scene.weight"])


@pytest.mark.parametrize("modality", ["image", "sound"])
def test_seeds_differ_in_encoders_only_where_these_start_at_random(modality):
    def weights(method, seed):
        found = student(method, seed=seed)
        return [value for name, value in found.items() if name.startswith(f"encoders.{modality}") and value.ndim > 1]

    pairs = zip(weights("scene", 0), weights("scene", 1), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    pairs = zip(weights("scratch", 0), weights("scratch", 1), strict=True)
    assert not any(torch.equal(one, other) for one, other in pairs)


def own_head(seed, head):
    networks = {name: start.Network("small") for name in SHAPES}
    row = Method(True, lambda said, label: {}, "joint", head=head)
    return start.student(row, "image+sound", networks, seed, SCENES, EVENTS).event


def test_a_head_of_a_studys_own_is_drawn_from_the_seed_and_nothing_else_is():
    before = torch.get_rng_state()
    heads = [own_head(seed, nn.Linear).weight for seed in (0, 1, 0)]
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(heads[0], heads[2])
    assert not torch.equal(heads[0], heads[1])


def test_a_head_of_another_width_is_refused():
    with pytest.raises(ConfigError, match=r"head: makes \(2, 3\) of \(2, \d+\), expected \(2, 7\)"):
        own_head(0, lambda width, events: nn.Linear(width, 3))
