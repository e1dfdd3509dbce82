"""A student's start: which of it depends on the seed, and on nothing else."""

import pytest
import torch

from overheard.learning import start
from overheard.learning.methods import METHODS
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
