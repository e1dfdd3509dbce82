"""A student at its start: encoders from `pretrain` or at random, heads; all that is drawn comes from one seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from overheard import seeds
from overheard.errors import CheckpointError
from overheard.learning.methods import MODALITIES, Method
from overheard.learning.models import encoders
from overheard.learning.models.student import ORDER, Student, absent_representation


@dataclass(frozen=True)
class Network:
    """One modality's network, as a student starts from it.

    Attributes:
        name: small, resnet101 (image), resnet50 or mn04 (sound).
        input_shape: of one clip as the whole network takes it: (channels, height, width) or (1, time, band).
        given: what `pretrain` wrote, from `checked`; None for a random start.
        where: the file it came from, for messages.
        frozen_blocks: lower blocks whose stored outputs are the student's inputs, where it trains this network.
    """

    name: str
    input_shape: tuple[int, ...]
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
    """
    trained = MODALITIES[modality]
    encoder = {name: _encoder(name, networks[name], seed, name not in trained) for name in ORDER}
    absent = {
        name: absent_representation(encoder[name], networks[name].input_shape) for name in ORDER if name not in trained
    }
    model = Student({name: encoder[name] for name in trained}, absent, n_scenes, n_events, method.event_head, prior)
    model.start_scene_head(generator(seed, "scene head"))
    if method.event_head:
        classifier = networks["sound"].given["classifier"] if "sound" in trained else None
        model.start_event_head(classifier, teacher_logits.double().mean(dim=0))
    return model


def _encoder(modality: str, network: Network, seed: int, whole: bool) -> nn.Module:
    """An encoder at its start; `whole` with its lower blocks, though a student that trains it gets their outputs."""
    frozen = 0 if whole else network.frozen_blocks
    encoder = encoders.build(network.name, modality, generator(seed, f"{modality} encoder"), frozen)
    if network.given is not None:
        encoders.load(encoder, network.given["encoder"], network.where)
    return encoder
