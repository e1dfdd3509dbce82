"""The fusion networks against the released program's: outputs, gradients, five steps of Adam, the released weights."""

import hashlib
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from filling import field
from torch import nn

from overheard.learning.loop import Adam
from overheard.learning.models import fusion

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
STREAMS = {"audio": 9600, "video": 9700, "early": 9800, "head": 9900}
PROGRAM = {"hidden": "bn_relu_dropout"}
HEAD = {"fusion_input": "second_linear_128", "fusion_head": "linear", "fusion_trains": "head"}
NETS = ("audio", "video", "early")


@pytest.fixture(scope="module")
def vectors() -> dict[str, np.ndarray]:
    return dict(np.load(VECTORS / "tau_forward.npz"))


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values)


def fill(module: nn.Module, stream: int) -> nn.Module:
    """Weights by the rule of the second studies' vectors."""
    state = {}
    for place, (name, value) in enumerate(module.state_dict().items()):
        x = field(tuple(value.shape), stream + place)
        if name.endswith("num_batches_tracked"):
            x = np.zeros(())
        elif value.ndim == 2:
            x = x / math.sqrt(value.shape[1])
        elif name.endswith("running_var"):
            x = 1 + 0.5 * x
        elif name.endswith(("bias", "running_mean")):
            x = 0.05 * x
        else:
            x = 0.5 + 0.25 * x
        state[name] = torch.from_numpy(x).to(value.dtype)
    module.load_state_dict(state)
    return module


def without_dropout(module: nn.Module) -> nn.Module:
    for layer in module.modules():
        if isinstance(layer, fusion.Dropout):
            layer.share = 0.0
    return module


def network(row: str, **switches: str) -> nn.Module:
    """A network of 512 values a modality and ten classes, filled."""
    model = fusion.build(row, {"audio": 512, "video": 512}, 10, **(PROGRAM | switches))
    if row != "proposed":
        return fill(model, STREAMS[row])
    for name, stream in (("audio", 9600), ("video", 9700), ("head", 9900)):
        fill(getattr(model, name), stream)
    return model


def inputs(vectors: dict[str, np.ndarray], row: str) -> torch.Tensor:
    return torch.cat([tensor(vectors[f"{name}_input"]) for name in fusion.ROWS[row]], dim=1)


def near(found: torch.Tensor, expected: np.ndarray, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=rtol, atol=atol)


def test_inputs_are_those_that_the_rule_gives(vectors):
    near(tensor(vectors["audio_input"]), 1.4 * field((6, 512), 9501))


def test_parameters_are_as_many_as_in_the_program(vectors):
    def count(module):
        return sum(parameter.numel() for parameter in module.parameters())

    proposed = network("proposed", **HEAD)
    counts = [count(network("audio")), count(network("early")), count(proposed.head)]
    assert counts == vectors["parameter_count"].tolist()
    # the head alone learns
    assert sum(p.numel() for p in proposed.parameters() if p.requires_grad) == counts[2]


@pytest.mark.parametrize("row", NETS)
def test_a_networks_outputs_are_the_programs(vectors, row):
    net = network(row).eval()
    with torch.no_grad():
        x = inputs(vectors, row)
        near(net(x), vectors[f"{row}_logits"])
        near(net.up_to("second_linear_128")(x), vectors[f"{row}_second_linear"])
        near(net.up_to("hidden_64")(x), vectors[f"{row}_third_relu"])


def test_entries_are_named_as_in_the_program():
    names = [name for name, _ in network("audio").named_parameters()]
    places = (0, 1, 4, 5, 8, 9, 12)
    assert names == [f"model.{place}.{what}" for place in places for what in ("weight", "bias")]


def test_the_proposed_logits_are_the_programs(vectors):
    model = network("proposed", **HEAD).eval()
    with torch.no_grad():
        near(model(inputs(vectors, "proposed")), vectors["head_logits"])
        near(model.head(tensor(vectors["head_input"])), vectors["head_logits"])


def test_a_linear_head_is_one_linear_map_and_one_with_relu_is_not(vectors):
    x = tensor(vectors["head_input"])
    linear, relu = (network("proposed", **(HEAD | {"fusion_head": word})).head for word in ("linear", "relu"))
    near(linear(x), vectors["head_as_one_linear_logits"], atol=2e-6)
    near(relu(x), linear[1](linear[0](x).clamp(min=0)).detach().numpy())


def test_hidden_64_reads_the_third_relu_of_both(vectors):
    model = network("proposed", **(HEAD | {"fusion_input": "hidden_64"})).eval()
    assert model.head[0].in_features == 128
    heard = np.concatenate([vectors["audio_third_relu"], vectors["video_third_relu"]], axis=1)
    with torch.no_grad():
        near(model(inputs(vectors, "proposed")), model.head(tensor(heard)).numpy())


def steps(model: nn.Module, x: torch.Tensor, label: torch.Tensor) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Five steps of Adam on the whole batch: the losses before them, and the first step's gradients."""
    without_dropout(model).train()
    learning = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    adam, losses, first = Adam(list(learning.values()), 1e-4, 1e-4), [], {}
    for _ in range(5):
        loss = nn.functional.cross_entropy(model(x), label)
        loss.backward()
        losses.append(loss.item())
        first = first or {name: parameter.grad.clone() for name, parameter in learning.items()}
        adam.step()
    return losses, first


@pytest.mark.parametrize("row", NETS)
def test_five_steps_of_a_network_are_the_programs(vectors, row):
    net, x = network(row), inputs(vectors, row)
    losses, gradient = steps(net, x, tensor(vectors["label"]))
    np.testing.assert_allclose(losses, vectors[f"{row}_train_losses"], rtol=1e-4, atol=1e-5)
    near(gradient["model.12.weight"], vectors[f"{row}_grad_output_weight"])
    near(gradient["model.1.weight"], vectors[f"{row}_grad_first_bn_weight"])
    near(gradient["model.0.bias"], vectors[f"{row}_grad_first_bias"])
    near(net.model[9].running_mean, vectors[f"{row}_running_mean_after_5_steps"], 1e-4, 1e-5)
    near(net.model[9].running_var, vectors[f"{row}_running_var_after_5_steps"], 1e-4, 1e-5)
    near(net.eval()(x), vectors[f"{row}_eval_logits_after_5_steps"], 1e-4, 1e-5)


def test_five_steps_of_the_head_are_the_programs(vectors):
    model, x = network("proposed", **HEAD), inputs(vectors, "proposed")
    losses, _ = steps(model, x, tensor(vectors["label"]))
    np.testing.assert_allclose(losses, vectors["head_train_losses"], rtol=1e-4, atol=1e-5)
    near(model.eval()(x), vectors["head_eval_logits_after_5_steps"], 1e-4, 1e-5)


def test_where_all_learns_only_what_the_head_reads_has_a_gradient(vectors):
    for fusion_input, last in (("second_linear_128", 4), ("hidden_64", 9)):
        model = network("proposed", **(HEAD | {"fusion_trains": "all", "fusion_input": fusion_input}))
        before = {name: value.clone() for name, value in model.state_dict().items()}
        steps(model, inputs(vectors, "proposed"), tensor(vectors["label"]))  # Adam refuses what no loss reaches
        changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
        reached = [name for name in before if name.startswith("head") or int(name.split(".")[2]) <= last]
        assert changed == set(reached)


def test_a_plain_network_is_linear_layers_and_relus(vectors):
    model, x = fusion.build("audio", {"audio": 512}, 10, "plain"), tensor(vectors["audio_input"])
    y = x.numpy()
    state = [value.numpy() for value in fill(model, 1).state_dict().values()]
    hidden = []
    for weight, bias in zip(state[::2], state[1::2], strict=True):
        hidden.append(y @ weight.T + bias)
        y = np.maximum(hidden[-1], 0)
    assert [len(layer[0]) for layer in hidden] == [512, 128, 64, 10]
    near(model.train()(x), hidden[-1])
    near(model.up_to("second_linear_128")(x), hidden[1])
    near(model.up_to("hidden_64")(x), np.maximum(hidden[2], 0))


def test_dropout_is_torchs_and_leaves_the_global_generator_alone():
    x = torch.arange(1.0, 4001.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = nn.functional.dropout(x, 0.2)
    before = torch.get_rng_state()
    layer = fusion.Dropout(0.2, torch.Generator().manual_seed(5))
    torch.testing.assert_close(layer(x), expected)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(layer.eval()(x), x)


@pytest.fixture(scope="module")
def released(request) -> dict[str, dict[str, torch.Tensor]]:
    """The program's four weight files, found by their content; they have no licence, so they are not in the project."""
    folder = os.environ.get("OVERHEARD_FUSION_WEIGHTS") or request.getfixturevalue("shared") / "data" / "weights"
    wanted = dict(zip(np.load(VECTORS / "tau_released.npz")["sha256"], (*NETS, "head"), strict=True))
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(Path(folder).rglob("*.pt"))}
    if missing := [name for digest, name in wanted.items() if digest not in found]:
        pytest.skip(f"no released weights of {', '.join(missing)} in {folder}; OVERHEARD_FUSION_WEIGHTS names a folder")
    return {name: torch.load(found[digest], weights_only=True) for digest, name in wanted.items()}


def test_the_released_weights_say_what_they_said(released):
    vectors = dict(np.load(VECTORS / "tau_released.npz"))
    nets = {row: fusion.build(row, {"audio": 512, "video": 512}, 10, **PROGRAM) for row in NETS}
    proposed = fusion.build("proposed", {"audio": 512, "video": 512}, 10, **PROGRAM, **HEAD)
    for row, net in nets.items():
        net.load_state_dict(released[row])
    for name in ("audio", "video", "head"):
        part = getattr(proposed, name)
        part.load_state_dict(dict(zip(part.state_dict(), released[name].values(), strict=True)))
    with torch.no_grad():
        for row, net in nets.items():
            near(net.eval()(inputs(vectors, row)), vectors[f"{row}_logits"], 1e-4, 1e-5)
        near(proposed.eval()(inputs(vectors, "proposed")), vectors["proposed_logits"], 1e-4, 1e-5)
