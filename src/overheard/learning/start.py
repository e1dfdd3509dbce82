"""A student at its start: encoders from `pretrain` or at random, heads; all that is drawn comes from one seed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from overheard import seeds
from overheard.errors import CheckpointError, ConfigError
from overheard.learning.methods import MODALITIES, Head, Method
from overheard.learning.models import encoders
from overheard.learning.models.student import ORDER, Student, absent_representation


@dataclass(frozen=True)
class Network:
    """One modality's network, as a student starts from it.

    Attributes:
        name: small, resnet101 or efficientnet_lite0 (image), resnet50 or mn04 (sound).
        given: what `pretrain` wrote, from `checked`; None for a random start.
        where: the file it came from, for messages.
        frozen_blocks: lower blocks whose stored outputs are the student's inputs, where it trains this network.
    """

    name: str
    given: Mapping[str, Any] | None = None
    where: str = ""
    frozen_blocks: int = 0


def checked(content: dict[str, Any], where: str, network: str, modality: str, events: list[str]) -> dict[str, Any]:
    """What `pretrain` wrote, if it is of this network and, where it is of sounds, of these events in this order.

    Raises:
        CheckpointError: it is not.
    """
    wanted = {"network": network, "modality": modality}
    found = {name: content.get(name) for name in wanted}
    if found != wanted:
        raise CheckpointError(f"{where}: found {found}, expected {wanted}; run pretrain again with this network")
    if modality == "sound" and content["labels"] != events:
        raise CheckpointError(f"{where}: its labels are not AudioSet's 527 events in their order; run pretrain again")
    return content


def generator(seed: int, word: str) -> torch.Generator:
    """One stream of a run: the same for every method and modality, so that they differ by nothing else."""
    return torch.Generator().manual_seed(seeds.integer("train", word, seed))


def student(
    method: Method,
    modality: str,
    networks: Mapping[str, Network],
    seed: int,
    n_scenes: int,
    n_events: int,
    teacher_logits: Tensor | None = None,
    prior: Tensor | None = None,
    *,
    missing_modality: str | None = None,
    absent_shape: Sequence[int] = (),
    event_head_start: str | None = None,
    group: int | None = None,
) -> Student:
    """The student of one method, modality and seed at its start, on the CPU.

    Args:
        method: row of the study.
        modality: image, sound or image+sound: what is trained; of a modality left out only its constant remains.
        networks: by `image` and `sound`.
        seed: of the streams.
        n_scenes: width of the scene head.
        n_events: width of the event head.
        teacher_logits: (clips, events) of the training clips; for a method with an event head.
        prior: (scenes, events) p(e | s_k); for a method that predicts events by it.
        missing_modality: word of `MISSING`; where one is left out.
        absent_shape: of one clip of it as its whole network takes it: (3, height, width) or (1, time, band).
        event_head_start: word of `EVENT_HEADS`; for a method with a linear event head.
        group: clips whose statistics batch norm takes together; None for the whole batch.
    """
    trained = MODALITIES[modality]
    encoder = {name: _encoder(name, networks[name], seed, name not in trained) for name in ORDER}
    absent = {}
    for name in (name for name in ORDER if name not in trained):
        absent |= MISSING[missing_modality](name, encoder[name], tuple(absent_shape))
    encoder = {name: encoder[name] for name in trained}
    head = partial(_drawn, method.head, seed) if method.head else None
    model = Student(encoder, absent, n_scenes, n_events, method.event_head, prior, group, head)
    start_linear(model.scene, generator(seed, "scene head"))
    if method.event_head and not method.head:
        classifier = networks["sound"].given["classifier"] if "sound" in trained else None
        EVENT_HEADS[event_head_start](model.event, classifier, teacher_logits, generator(seed, "event head"))
    return model


def _drawn(head: Head, seed: int, width: int, n_events: int) -> nn.Module:
    """A head of a study's own at its start: layers of torch draw from the global generator, which stays as it was.

    Raises:
        ConfigError: it makes no (clips, events) of (clips, width).
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seeds.integer("train", "event head", seed))
        made = head(width, n_events)
        found = tuple(made.eval()(torch.zeros(2, width)).shape)
    if found != (2, n_events):
        raise ConfigError(f"head: makes {found} of (2, {width}), expected (2, {n_events}): a number for each event")
    return made.train()


def start_linear(layer: nn.Linear, generator: torch.Generator) -> None:
    """Torch's own start of a linear layer, uniform within 1/sqrt(width), from the given generator."""
    bound = 1 / math.sqrt(layer.in_features)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)


def teachers_head(
    head: nn.Linear, classifier: Mapping[str, Tensor] | None, teacher_logits: Tensor, generator: torch.Generator
) -> None:
    """Start f_e as the teacher's classifier: its weights on the sound, zeros on the image.

    Without sound: zero weights, and as bias the teacher's mean training logit.

    Args:
        head: (events) over the representation, whose end is the sound's.
        classifier: the teacher's `weight` (events, sound width) and `bias` (events,); None without sound.
        teacher_logits: (clips, events) of the training clips.
        generator: not used.
    """
    with torch.no_grad():
        head.weight.zero_()
        if classifier is None:
            head.bias.copy_(teacher_logits.double().mean(dim=0))
        else:
            head.weight[:, -classifier["weight"].shape[1] :] = classifier["weight"]
            head.bias.copy_(classifier["bias"])


def random_head(
    head: nn.Linear, classifier: Mapping[str, Tensor] | None, teacher_logits: Tensor, generator: torch.Generator
) -> None:
    """Start f_e as a new linear layer: the released program. Args as `teachers_head`."""
    start_linear(head, generator)


EventHead = Callable[[nn.Linear, Mapping[str, Tensor] | None, Tensor, torch.Generator], None]
EVENT_HEADS: Mapping[str, EventHead] = {"teacher": teachers_head, "random": random_head}


def zero_input(modality: str, encoder: nn.Module, shape: tuple[int, ...]) -> dict[str, Tensor]:
    """By modality, what its encoder says of a zero input: the paper sets the other modality to zeros."""
    return {modality: absent_representation(encoder, shape)}


def zero_representation(modality: str, encoder: nn.Module, shape: tuple[int, ...]) -> dict[str, Tensor]:
    """By modality, zeros (width,) in its encoder's place: the heads' weights on it stay as they start."""
    return {modality: torch.zeros(encoder.width)}


def no_branch(modality: str, encoder: nn.Module, shape: tuple[int, ...]) -> dict[str, Tensor]:
    """Nothing: the heads read the other modality alone, as in the released program."""
    return {}


Missing = Callable[[str, nn.Module, tuple[int, ...]], dict[str, Tensor]]
MISSING: Mapping[str, Missing] = {
    "zero_input": zero_input,
    "zero_representation": zero_representation,
    "no_branch": no_branch,
}


def _encoder(modality: str, network: Network, seed: int, whole: bool) -> nn.Module:
    """An encoder at its start; `whole` with its lower blocks, though a student that trains it gets their outputs."""
    frozen = 0 if whole else network.frozen_blocks
    encoder = encoders.build(network.name, modality, generator(seed, f"{modality} encoder"), frozen)
    if network.given is not None:
        encoders.load(encoder, network.given["encoder"], network.where)
    return encoder
