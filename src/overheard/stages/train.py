"""Train one student: one method, one modality, one seed (paper, sections 4 and 5.1)."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from overheard import artifacts, loop, progress, seeds, selection
from overheard.augment import Augmentation
from overheard.errors import CheckpointError, ConfigError, PairingError
from overheard.inputs import Inputs, sound_tensor
from overheard.methods import MODALITIES, Known, Method, find
from overheard.metrics import weighted_f_score
from overheard.models import encoders
from overheard.models.student import ORDER, Student, absent_representation
from overheard.runner import Reads, Writes

_WHOLE_SOUND = {"mn04": (1, 1000, 128)}
"""Input of a whole sound network, where the sounds may be stored outputs of its lower blocks."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a protocol and an experiment say about training; keys as in their files."""

    network_image: str
    network_sound: str
    frozen_blocks: int
    epochs: int
    batch_size: int  # clips
    learning_rate: float
    weight_decay: float
    patience: int  # epochs
    alpha: float  # equation (2)
    beta: float  # equation (9)
    flip: float
    brightness: Sequence[float]
    colour: Sequence[float]
    f_score_from_clips: int
    device: str
    bf16: bool
    channels_last: bool


def train(
    images: Reads,
    image_ids: Reads,
    sounds: Reads,
    sound_ids: Reads,
    index: Reads,
    splits: Reads,
    normaliser: Reads,
    method: str,
    modality: str,
    seed: int,
    settings: Settings,
    checkpoints: Path,
    student: Writes,
    history: Writes,
    image_encoder: Reads | None = None,
    sound_encoder: Reads | None = None,
    logits: Reads | None = None,
    logit_ids: Reads | None = None,
    prior: Reads | None = None,
    relevance: Reads | None = None,
) -> None:
    """Fit a student on the training split and keep the weights of the best validation epoch.

    After each epoch a checkpoint is kept under `checkpoints`; killed at any moment, the same command goes on from
    there and ends with the same bytes. When the student is written the checkpoint is removed.

    Args:
        images: pictures, uint8 (clips, height, width, 3).
        image_ids: ids of the pictures.
        sounds: log-mels (clips, time, band), or stored outputs of the frozen blocks (clips, channels, height, width).
        sound_ids: ids of the sounds.
        index: id and class of every clip.
        splits: id and split; test clips are not touched.
        normaliser: mean and standard deviation of the training split.
        method: row of the study, e.g. scene+kl_av.
        modality: image, sound or image+sound.
        seed: decides the first weights, the order of clips and the augmentation, alike for all methods.
        settings: of training.
        checkpoints: folder of the checkpoints.
        student: the weights of the best epoch and what they are (.pt).
        history: one line an epoch; losses in nats, scores and shares as fractions (.csv).
        image_encoder: pre-trained image network; not for scratch.
        sound_encoder: pre-trained sound network and its event classifier; not for scratch.
        logits: the teacher's logits; for methods that transfer events.
        logit_ids: ids of the teacher's logits.
        prior: p(e given s) by scene; for methods with L_E1.
        relevance: d_k by scene; for methods with L_E2.
    """
    given = dict(locals())
    row = find(method, modality)
    _check(row, given)
    settle(settings.device)

    identity = _identity(given)
    clips = _read_clips(given)
    knowledge = _read_knowledge(row, given, clips)
    model, parameters = _student(row, given, clips, knowledge)

    adam = loop.Adam(parameters, settings.learning_rate, settings.weight_decay)
    generators = {word: _generator(seed, word) for word in ("order", "augmentation")}
    place = checkpoints / f"{_digest(identity)}.pt"
    run = _resumed(place, identity, model, adam, generators)
    work = _Work(row, model, clips, knowledge, settings, generators["augmentation"])
    run = loop.fit(
        model,
        adam,
        work.loss,
        work.validate,
        selection.rule(row.scene_loss, len(clips["val"].label), settings.f_score_from_clips),
        clips=len(clips["train"].label),
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        patience=settings.patience,
        order=generators["order"],
        run=run,
        on_epoch=_keeper(place, identity, model, adam, generators, settings.epochs),
    )
    _write(run, given, clips, student, history)
    place.unlink(missing_ok=True)
