"""Train a network before any scene of the study is seen ("AID" and "AudioSet" in the paper), or adopt given weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from overheard.errors import DIVERGED, CheckpointError, ConfigError, DivergedError, MediaError
from overheard.io import artifacts, progress
from overheard.io.checkpoints import Checkpoint
from overheard.io.device import settle
from overheard.io.signature import Reads, Writes
from overheard.learning import augment, loop, pretraining
from overheard.learning.models import efficientnet_lite0, encoders, mn04
from overheard.learning.pretraining import Pretraining


@dataclass(frozen=True)
class Settings:
    """How a network is pre-trained; the last five are of pictures alone."""

    epochs: int
    batch_size: int  # clips
    learning_rate: float  # of the first step; falls as half a cosine
    weight_decay: float
    device: str
    channels_last: bool
    flip: float | None = None
    brightness: Sequence[float] | None = None
    colour: Sequence[float] | None = None
    augmentation_order: str | None = None
    picture_scale: str | None = None  # see learning.inputs.SCALES


def pretrain(
    modality: str,
    network: str,
    checkpoints: Path,
    weights: Writes,
    history: Writes,
    settings: Settings | None = None,
    seed: int | None = None,
    features: Reads | None = None,
    ids: Reads | None = None,
    index: Reads | None = None,
    given: Reads | None = None,
) -> None:
    """Train an encoder on labelled scenes (image) or tagged sounds (sound), or adopt given weights.

    Inputs are normalised with the pre-training clips' own mean and deviation. A tenth of the clips, drawn by the seed,
    is held out; the weights of the epoch with the lowest loss on it are kept. Training pictures are flipped, brightened
    and coloured, training sounds turned in a circle in time.

    Args:
        modality: image or sound.
        network: small, resnet101 or efficientnet_lite0 (image), resnet50 or mn04 (sound).
        checkpoints: folder where an interrupted training finds itself again.
        weights: the encoder and its classifier; with sounds, mean and deviation of those it was trained on (.pt).
        history: a line per epoch with losses in nats and val_accuracy or val_auc as fractions, .csv.
        settings: how to train; not with `given`.
        seed: of first weights, held-out clips, order and augmentation; not with `given`.
        features: pictures (N,H,W,3) or log-mels (N,time,band), .npy; not with `given`.
        ids: the ids of its rows, .csv.
        index: the media index of the set (id and class, or id and events), .csv.
        given: weights that others published, as they are published: of mn04 or efficientnet_lite0; nothing is trained.
    """
    wanted = {"settings": settings, "seed": seed, "features": features, "ids": ids, "index": index}
    _check(modality, settings, given, wanted)
    if given is not None:
        settle("cpu")
        artifacts.write_weights(weights, _adopted(given, network, modality))
        artifacts.write_table(history, ["epoch"], [])
        return
    settle(settings.device)
    data = _labelled(modality, features, ids, index)

    training = _training(network, modality, data, settings, seed)
    reads = {"features": features, "ids": ids, "index": index}
    checkpoint = Checkpoint(checkpoints, settings, reads, network=network, modality=modality, seed=seed)
    on_validation = _after_epoch(checkpoint, training, settings.epochs)
    try:
        run = training.fit(settings.epochs, settings.batch_size, checkpoint.resumed(training), on_validation)
    except DivergedError as error:
        raise DivergedError(
            f"{DIVERGED}{network} ({modality}): {error}; lower networks.{modality}.pretrain.learning_rate "
            f"(found {settings.learning_rate:g}) and run again"
        ) from error

    trained = training.trained_labels()
    content = pretraining.encoder_file(network, modality, data.labels, trained, training.normaliser, run.best_state)
    artifacts.write_weights(weights, content)
    columns = [name for name in run.history[0] if not name.startswith("loss_")]  # there is one term
    artifacts.write_table(history, columns, ({name: line[name] for name in columns} for line in run.history))
    checkpoint.delete()


def _check(modality: str, settings: Settings | None, given: Path | None, wanted: Mapping[str, Any]) -> None:
    """Refuse too much or too little: given weights, or all that a training uses."""
    flags = {name: f"--{name}" for name in wanted}
    missing = [flags[name] for name, value in wanted.items() if value is None]
    if given is not None:
        if len(missing) < len(wanted):
            unused = ", ".join(flag for flag in flags.values() if flag not in missing)
            raise ConfigError(f"pretrain: with --given nothing is trained: expected no {unused}; leave it out")
        return
    if missing:
        raise ConfigError(f"pretrain: expected --given, or {', '.join(flags.values())}; found no {', '.join(missing)}")
    for name in ("flip", "brightness", "colour", "picture_scale"):
        if (getattr(settings, name) is None) != (modality == "sound"):
            verb = "does not use" if modality == "sound" else "needs"
            raise ConfigError(f"pretrain: --settings: {modality} {verb} {name}, which is of pictures")


def _labelled(modality: str, features: Path, ids: Path, index: Path) -> pretraining.Labelled:
    """The clips of the features with what the index says of them, joined by id."""
    clips, inputs = artifacts.read_clips(features, ids)
    column = {"image": "class", "sound": "events"}[modality]
    rows = artifacts.read_table(index, ["id", column])
    place = artifacts.positions(clips, [row["id"] for row in rows], str(index))
    if modality == "image":
        labels = sorted({row["class"] for row in rows})
        target = np.array([labels.index(rows[row]["class"]) for row in place], dtype=np.int64)
        return pretraining.Labelled(inputs, target, labels)
    labels = list(artifacts.event_names())
    target = np.zeros((len(clips), len(labels)), dtype=bool)
    for clip, row in enumerate(place):
        target[clip, _events(rows[row], len(labels), index)] = True
    return pretraining.Labelled(inputs, target, labels)


def _events(row: Mapping[str, str], n_events: int, index: Path) -> list[int]:
    try:
        events = [int(word) for word in row["events"].split()]
    except ValueError:
        events = [-1]
    if any(not 0 <= event < n_events for event in events):
        raise MediaError(
            f"{index}: events of {row['id']}: found {row['events']!r}, expected AudioSet indices from 0 to "
            f"{n_events - 1} with spaces between; fix the tags and run media again"
        )
    return events


def _training(network: str, modality: str, data: pretraining.Labelled, settings: Settings, seed: int) -> Pretraining:
    return Pretraining(
        network,
        modality,
        data,
        augment.from_settings(settings.flip, settings.brightness, settings.colour, settings.augmentation_order),
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        seed=seed,
        device=settings.device,
        channels_last=settings.channels_last,
        picture_scale=settings.picture_scale,
    )


def _after_epoch(checkpoint: Checkpoint, training: Pretraining, epochs: int) -> Callable[[loop.Run], None]:
    """After each epoch: a checkpoint, and a step of progress."""

    def after_epoch(run: loop.Run) -> None:
        checkpoint.keep(training, run)
        progress.step(len(run.history), epochs, f"validation loss {run.history[-1]['val_loss']:.3f} nats")

    return after_epoch


def _adopted(given: Path, network: str, modality: str) -> dict[str, Any]:
    """Published weights, checked name by name, in the form that pretraining writes."""
    if (network, modality) == ("mn04", "sound"):
        state, classifier = mn04.split_tagger(artifacts.read_weights(given))
        labels, width, names = list(artifacts.event_names()), mn04.WIDTH, f"{mn04.CLASSIFIER}*"
        # its front end scales itself
        mean, deviation = np.zeros(mn04.BANDS), np.ones(mn04.BANDS)
    elif (network, modality) == ("efficientnet_lite0", "image"):
        state, classifier = efficientnet_lite0.split_classifier(artifacts.read_weights(given), str(given))
        width, names = efficientnet_lite0.WIDTH, "_fc.*"
        labels = [f"ImageNet {number}" for number in range(efficientnet_lite0.LABELS)]
        mean, deviation = np.full(3, efficientnet_lite0.MEAN), np.full(3, efficientnet_lite0.DEVIATION)
    else:
        raise ConfigError(
            f"given weights: found network {network} for {modality}; only mn04 for sound and efficientnet_lite0 for "
            "image can be given"
        )
    shapes = {name: tuple(value.shape) for name, value in classifier.items()}
    if shapes != {"weight": (len(labels), width), "bias": (len(labels),)}:
        found = f"{names}: found {shapes or 'nothing'}"
        raise CheckpointError(f"{given}: {found}, expected {network}'s {len(labels)} outputs")
    encoder = encoders.build(network, modality, torch.Generator())
    encoders.load(encoder, state, str(given))
    return {
        "network": network,
        "modality": modality,
        "encoder": encoder.state_dict(),
        "classifier": classifier,
        "labels": labels,
        "trained": list(range(len(labels))),
        **pretraining.scale(modality, mean.astype(np.float32), deviation.astype(np.float32)),
    }
