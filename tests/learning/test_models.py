"""Encoders against the released program's and the tagger's own outputs, and their first weights."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from filling import field
from PIL import Image

from overheard.errors import CheckpointError, ConfigError
from overheard.learning.models import efficientnet_lite0, encoders, mn04
from overheard.learning.pretraining import turned

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def filled(name: str, shape: tuple[int, ...], stream: int) -> torch.Tensor:
    """A state-dict entry by the vectors' rule."""
    x = field(shape, stream)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if len(shape) == 4:
        x = 2 * x / math.sqrt(math.prod(shape[1:]))
    elif len(shape) == 2:
        x = 0.2 * x / math.sqrt(shape[1])
    elif name.endswith("running_var"):
        x = 1 + 0.5 * x
    elif name.endswith(("bias", "running_mean")):
        x = 0.05 * x
    else:
        x = 0.5 + 0.25 * x
    return torch.from_numpy(x.astype(np.float32))


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.fixture
def tagger(shared) -> tuple[dict, dict]:
    state = torch.load(shared / "data/weights/mn04_as_mAP_432.pt", weights_only=True)
    return mn04.split_tagger(state)


def logmel(name: str) -> torch.Tensor:
    return torch.from_numpy(np.load(VECTORS / "tagger_mn04.npz")[f"{name}_logmel"].T.copy())[None, None]


def test_the_filling_rule_has_its_published_values():
    np.testing.assert_allclose(field((4,), 9001), [-0.999790876, -0.391182390, 0.641169331, -0.101319605], atol=1e-9)


@pytest.mark.parametrize(
    ("network", "modality", "names", "inputs", "representation"),
    [
        ("resnet101", "image", "image_resnet101", "image_input", "image_rep"),
        ("resnet50", "sound", "audio_resnet50", "audio_input", "audio_rep"),
    ],
)
def test_resnets_are_the_released_ones(network, modality, names, inputs, representation, generator):
    encoder = encoders.build(network, modality, generator).eval()
    released = json.loads((VECTORS / "released_state_dict.json").read_text())[names]
    kept = [(name, tuple(shape)) for name, shape, _ in released if not name.startswith("fc.")]
    assert [(name, tuple(value.shape)) for name, value in encoder.state_dict().items()] == kept
    vectors = np.load(VECTORS / "released_forward.npz")

    encoder.load_state_dict({name: filled(name, shape, stream) for stream, (name, shape) in enumerate(kept)})
    with torch.no_grad():
        found = encoder(torch.from_numpy(vectors[inputs]).float()).numpy()

    expected = vectors[representation]
    assert encoder.width == expected.shape[1]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["dog", "tone"])
def test_mn04_gives_the_authors_logits(name, tagger, generator):
    state, classifier = tagger
    encoder = encoders.build("mn04", "sound", generator).eval()
    encoder.load_state_dict(state, strict=True)
    with torch.no_grad():
        found = torch.nn.functional.linear(encoder(logmel(name)), classifier["weight"], classifier["bias"])[0]
    assert len(state) + len(classifier) == 312
    np.testing.assert_allclose(found, np.load(VECTORS / "tagger_mn04.npz")[f"{name}_logits"], atol=1e-4)


@pytest.mark.parametrize("frozen_blocks", [1, 4, 13, 16])
def test_mn04_above_its_stored_lower_blocks_says_the_same(frozen_blocks, tagger, generator):
    whole = encoders.build("mn04", "sound", generator).eval()
    upper = encoders.build("mn04", "sound", generator, frozen_blocks).eval()
    encoders.load(whole, tagger[0], "tagger")
    encoders.load(upper, tagger[0], "tagger")
    with torch.no_grad():
        torch.testing.assert_close(upper(whole.lower(logmel("tone"), frozen_blocks)), whole(logmel("tone")))
    assert not any(name.startswith(f"features.{frozen_blocks - 1}.") for name in upper.state_dict())
    assert any(name.startswith(f"features.{frozen_blocks}.") for name in upper.state_dict())


def test_pictures_are_reduced_whole_as_by_pillow():
    picture = np.random.default_rng(4).random((256, 256), dtype=np.float32)
    expected = np.asarray(Image.fromarray(picture).resize((224, 224), Image.Resampling.BILINEAR))
    found = efficientnet_lite0.reduced(torch.from_numpy(picture)[None, None])[0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_lower_blocks_are_refused_in_training_mode(generator):
    with pytest.raises(ValueError, match="eval mode"):
        encoders.build("mn04", "sound", generator).lower(torch.zeros(1, 1, 64, 128), 3)


@pytest.mark.parametrize(
    ("network", "modality", "shape"),
    [
        ("small", "image", (2, 3, 64, 64)),
        ("small", "sound", (2, 1, 100, 64)),
        ("mn04", "sound", (2, 1, 64, 128)),
        ("efficientnet_lite0", "image", (2, 3, 64, 64)),
        ("resnet50", "sound", (2, 1, 40, 64)),
    ],
)
def test_first_weights_come_from_the_generator_alone(network, modality, shape):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = encoders.build(network, modality, torch.Generator().manual_seed(5))
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    same = encoders.build(network, modality, torch.Generator().manual_seed(5))
    other = encoders.build(network, modality, torch.Generator().manual_seed(6))

    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True))
    drawn = [name for name, value in one.named_parameters() if value.dim() > 1]
    assert drawn
    assert not any(torch.equal(one.state_dict()[name], other.state_dict()[name]) for name in drawn)
    with torch.no_grad():
        assert one.eval()(torch.zeros(shape)).shape == (2, one.width)


@pytest.mark.parametrize(
    ("network", "modality", "stem", "fan_out"),
    [("small", "image", "layers.0.weight", 16 * 16), ("resnet101", "image", "conv1.weight", 64 * 49)],
)
def test_convolutions_start_by_hes_rule(network, modality, stem, fan_out, generator):
    weight = encoders.build(network, modality, generator).state_dict()[stem]
    assert weight.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.06)


def test_the_small_network_tells_low_from_high(generator):
    """Away from the edges, where padding would tell."""
    encoder = encoders.build("small", "sound", generator).eval()
    low, high = torch.zeros(2, 1, 1, 100, 64)
    low[..., 24:28], high[..., 40:44] = 1, 1
    with torch.no_grad():
        encoder.layers[1].offset.zero_()
        torch.testing.assert_close(encoder(low), encoder(high))
        encoder.layers[1].offset[..., 10] = 1
        assert not torch.allclose(encoder(low), encoder(high))


def test_small_networks_fit_two_cores(generator):
    sizes = [
        sum(value.numel() for value in encoders.build("small", modality, generator).parameters())
        for modality in ("image", "sound")
    ]
    assert 40_000 < sum(sizes) < 60_000


@pytest.mark.parametrize(
    ("network", "modality", "frozen_blocks", "message"),
    [
        ("resnet50", "image", 0, "expected one of small, resnet101, efficientnet_lite0"),
        ("vgg", "sound", 0, "found 'vgg'"),
        ("small", "sound", 2, "frozen_blocks: small has none"),
        ("small", "image", 2, "efficientnet_lite0 and mn04 can"),
    ],
)
def test_build_refuses_what_does_not_fit(network, modality, frozen_blocks, message, generator):
    with pytest.raises(ConfigError, match=message):
        encoders.build(network, modality, generator, frozen_blocks)


def test_mn04_keeps_at_least_its_last_block(generator):
    with pytest.raises(ValueError, match="0 to 16"):
        encoders.build("mn04", "sound", generator, 17)


def test_weights_of_another_network_are_refused(generator):
    picture = encoders.build("small", "image", generator).state_dict()
    with pytest.raises(CheckpointError, match=r"sound\.pt: weights of another network"):
        encoders.load(encoders.build("small", "sound", generator), picture, "sound.pt")
    whole = encoders.build("mn04", "sound", generator).state_dict()
    del whole["features.16.0.weight"]
    with pytest.raises(CheckpointError, match=r"features\.16\.0\.weight"):
        encoders.load(encoders.build("mn04", "sound", generator, 13), whole, "sound.pt")


def test_sounds_are_turned_in_a_circle(generator):
    sounds = torch.arange(4 * 10 * 3.0).reshape(4, 1, 10, 3)
    found = turned(sounds, generator)
    shifts = [int((sound[0, :, 0] == before[0, 0, 0]).nonzero()) for sound, before in zip(found, sounds, strict=True)]
    assert len(set(shifts)) > 1
    turned_back = [sound.roll(-shift, 1) for sound, shift in zip(found, shifts, strict=True)]
    torch.testing.assert_close(torch.stack(turned_back), sounds)
