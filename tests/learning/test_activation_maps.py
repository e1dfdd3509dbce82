"""Class activation maps: their sum is the picture's part of the logit, and they are the paper's product."""

import pytest
import torch

from overheard.learning import start
from overheard.learning.activation_maps import LAST_MAP, activation_maps
from overheard.learning.models import encoders
from overheard.learning.models.student import Student

SCENES, EVENTS = 5, 7
NETWORKS = {
    "small": ((64, 64), 0, (4, 4)),
    "resnet101": ((64, 64), 0, (2, 2)),
    "efficientnet_lite0": ((64, 64), 0, (2, 2)),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def student_of(network, frozen_blocks=0):
    """A student of this image network and the small sound network, with batch norms that have seen pictures."""
    trained = {
        "image": encoders.build(network, "image", generator(), frozen_blocks),
        "sound": encoders.build("small", "sound", generator()),
    }
    model = Student(trained, {}, SCENES, EVENTS, None)
    start.start_linear(model.scene, generator(1))
    if not frozen_blocks:
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = None
        model.train()(clips((64, 64), 4))
    return model.eval()


def clips(size, n=3):
    sound = torch.randn(n, 1, 24, 64, generator=generator(2))
    return {"image": torch.randn(n, 3, *size, generator=generator(3)), "sound": sound}


def part_of_the_picture(model, inputs, scene):
    """By hand: the first columns of the head on the picture's representation alone, no bias."""
    with torch.no_grad():
        image = model.encoders["image"](inputs["image"])
        weight = model.scene.weight[scene, : image.shape[1]]
        return (image * weight).sum(dim=1)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_map_sums_to_the_pictures_part_of_the_logit(network):
    size, _, shape = NETWORKS[network]
    model, inputs, scene = student_of(network), clips(size), torch.tensor([4, 0, 2])
    maps, logits = activation_maps(model, network, inputs, scene)
    assert maps.shape == (3, *shape)
    expected = part_of_the_picture(model, inputs, scene)
    torch.testing.assert_close(maps.sum(dim=(1, 2)), expected, rtol=1e-4, atol=1e-5)
    assert expected.abs().min() > 1e-3
    with torch.no_grad():
        torch.testing.assert_close(logits, model(inputs).scene_logits)
        heard = model.encoders["sound"](inputs["sound"]) @ model.scene.weight[scene, -96:].T
    whole = logits.gather(1, scene[:, None])[:, 0]
    torch.testing.assert_close(whole, expected + heard.diagonal() + model.scene.bias[scene], rtol=1e-4, atol=1e-4)


def test_with_a_mean_as_pool_it_is_the_product_of_map_and_weights():
    model, inputs, scene = student_of("efficientnet_lite0"), clips((64, 64)), torch.tensor([1, 1, 3])
    maps, _ = activation_maps(model, "efficientnet_lite0", inputs, scene)
    encoder = model.encoders["image"]
    with torch.no_grad():
        last = encoder.features(encoder._enter(inputs["image"]))
        product = torch.einsum("nchw,nc->nhw", last, model.scene.weight[scene, :1280]) / last[0, 0].numel()
    torch.testing.assert_close(maps, product, rtol=1e-4, atol=1e-6)


def test_the_small_networks_maximum_belongs_to_the_place_where_it_stands():
    model, inputs, scene = student_of("small"), clips((64, 64), 1), torch.tensor([2])
    maps, _ = activation_maps(model, "small", inputs, scene)
    with torch.no_grad():
        last = model.encoders["image"].layers(inputs["image"])[0]
        weight = model.scene.weight[2, :96]
    expected = torch.zeros(4, 4)
    for channel in range(96):
        expected += weight[channel] * last[channel] / 16
        top = last[channel] == last[channel].max()
        expected += weight[channel] * last[channel].max() * top / top.sum()
    torch.testing.assert_close(maps[0], expected, rtol=1e-4, atol=1e-6)


def test_stored_outputs_of_frozen_blocks_give_the_map_of_the_whole_network():
    whole, upper = student_of("efficientnet_lite0"), student_of("efficientnet_lite0", 16)
    state = whole.state_dict()
    upper.load_state_dict({name: state[name] for name in upper.state_dict()})
    inputs, scene = clips((64, 64)), torch.tensor([0, 1, 2])
    expected, _ = activation_maps(whole, "efficientnet_lite0", inputs, scene)
    stored = inputs | {"image": whole.encoders["image"].lower(inputs["image"], 16)}
    found, _ = activation_maps(upper, "efficientnet_lite0", stored, scene)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_a_picture_alone_is_mapped_and_nothing_stays_behind():
    """Without a gradient mode, as in a test; weights keep no gradient and the encoder no hook."""
    whole = student_of("small")
    model = Student({"image": whole.encoders["image"]}, {"sound": torch.ones(96)}, SCENES, EVENTS, None)
    model.scene.load_state_dict(whole.scene.state_dict())
    inputs = {"image": clips((64, 64))["image"]}
    with torch.no_grad():
        maps, logits = activation_maps(model, "small", inputs, torch.tensor([0, 0, 0]))
    assert not maps.requires_grad
    assert not logits.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.encoders["image"].layers._forward_hooks
    torch.testing.assert_close(maps.sum(dim=(1, 2)), part_of_the_picture(model, inputs, torch.tensor([0, 0, 0])))


@pytest.mark.parametrize(
    ("network", "side", "cells"), [("small", 64, 4), ("resnet101", 256, 8), ("efficientnet_lite0", 224, 7)]
)
def test_the_middle_of_what_a_place_sees_is_where_the_table_says(network, side, cells):
    """By gradient: convolutions of stride 1 look as far to all sides, so only their middle taps are kept."""
    encoder = encoders.build(network, "image", generator(), 0).eval()
    for name, layer in list(encoder.named_modules()):
        if isinstance(layer, torch.nn.MaxPool2d):
            mean = torch.nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding)
            encoder.get_submodule(name.rpartition(".")[0]).register_module(name.rpartition(".")[2], mean)
        if isinstance(layer, torch.nn.Conv2d):
            with torch.no_grad():
                kernel = torch.zeros_like(layer.weight)
                middle = layer.kernel_size[0] // 2
                every = slice(None) if layer.stride[0] > 1 else slice(middle, middle + 1)
                kernel[:, :, every, every] = 1 / layer.weight[0].numel()
                layer.weight.copy_(kernel)
    pictures = torch.ones(1, 3, side, side, requires_grad=True)
    of_layers = encoder.get_submodule(LAST_MAP[network].module)
    kept = []
    of_layers.register_forward_hook(lambda *given: kept.append(given[2]))
    encoder(pictures)
    assert kept[0].shape[2:] == (cells, cells)
    row, column = cells // 2, cells // 2 - 1
    (gradient,) = torch.autograd.grad(kept[0][0, :, row, column].sum(), pictures)
    seen = gradient[0].abs().sum(dim=0)
    for place, axis in ((row, 1), (column, 0)):
        pixels = seen.sum(dim=axis).nonzero().ravel() + 0.5
        middle = float(pixels[0] + pixels[-1]) / 2
        assert middle == (place + LAST_MAP[network].middle) * side / cells


def test_every_image_network_has_a_last_map():
    assert {*LAST_MAP} == {
        name for name, modality in {**encoders._ENCODERS, **encoders._OF_BLOCKS} if modality == "image"
    }
