"""Train a network before any scene of the study is seen ("AID" and "AudioSet" in the paper), or adopt given weights."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from overheard.errors import CheckpointError, ConfigError, MediaError
from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.learning import augment, loop, objective, pretraining
from overheard.learning.models import encoders, mn04
from overheard.learning.pretraining import Pretraining


@dataclass(frozen=True)
class Settings:
    """How a network is pre-trained; `brightness` and `colour` are the ranges of factors on training pictures."""

    epochs: int
    batch_size: int  # clips
    learning_rate: float  # of the first epoch; falls as half a cosine
    weight_decay: float
    flip: float
    brightness: Sequence[float]
    colour: Sequence[float]
    device: str
    channels_last: bool


def pretrain(
    modality: str,
    network: str,
    settings: Settings,
    seed: int,
    checkpoints: Path,
    weights: Writes,
    history: Writes,
    features: Reads | None = None,
    ids: Reads | None = None,
    index: Reads | None = None,
    given: Reads | None = None,
) -> None:
    """Train an encoder on labelled scenes (image) or tagged sounds (sound), or adopt a tagger's weights.

    Inputs are normalised with the pre-training clips' own mean and deviation. A tenth of the clips, drawn by the seed,
    is held out; the weights of the epoch with the lowest loss on it are kept. Training pictures are flipped, brightened
    and coloured, training sounds turned in a circle in time.

    Args:
        modality: image or sound.
        network: small, resnet101 (image), resnet50 or mn04 (sound).
        settings: how to train.
        seed: of first weights, held-out clips, order and augmentation.
        checkpoints: folder where an interrupted training finds itself again.
        weights: the encoder and its classifier, .pt.
        history: a line per epoch with losses in nats and val_accuracy or val_auc as fractions, .csv.
        features: pictures (N,H,W,3) or log-mels (N,time,band), .npy; not with `given`.
        ids: the ids of its rows, .csv.
        index: the media index of the set (id and class, or id and events), .csv.
        given: a tagger's weights (mn04's state dict), .pt; nothing is trained then.
    """
    objective.settle(settings.device)
    if given is not None:
        artifacts.write_weights(weights, _adopted(given, network, modality))
        artifacts.write_table(history, ["epoch"], [])
        return
    if features is None or ids is None or index is None:
        raise ConfigError("pretrain: expected --features, --ids and --index, or --given; found neither set complete")
    data = _labelled(modality, features, ids, index)

    training = _training(network, modality, data, settings, seed)
    identity = _identity(network, modality, seed, settings, {"features": features, "ids": ids, "index": index})
    checkpoint = checkpoints / f"{_name(identity)}.pt"
    run = _resumed(training, checkpoint, identity)
    keep = _keep(training, checkpoint, identity, settings.epochs)
    run = training.fit(settings.epochs, settings.batch_size, run, keep)

    artifacts.write_weights(weights, pretraining.encoder_file(network, modality, data.labels, run.best_state))
    columns = [name for name in run.history[0] if not name.startswith("loss_")]  # there is one term
    artifacts.write_table(history, columns, ({name: line[name] for name in columns} for line in run.history))
    checkpoint.unlink(missing_ok=True)


def _identity(network: str, modality: str, seed: int, settings: Settings, reads: Mapping[str, Path]) -> dict[str, Any]:
    """All that decides the weights' bytes but the code, whose digest names the folder the runner hands out."""
    return {
        "network": network,
        "modality": modality,
        "seed": seed,
        **json.loads(json.dumps(dataclasses.asdict(settings))),
        **{name: _digest(path) for name, path in reads.items()},
        "torch": str(torch.__version__),
    }


def _name(identity: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
            f"{n_events - 1} with spaces between; mend the tags and run media again"
        )
    return events


def _training(network: str, modality: str, data: pretraining.Labelled, settings: Settings, seed: int) -> Pretraining:
    return Pretraining(
        network,
        modality,
        data,
        augment.Augmentation(settings.flip, tuple(settings.brightness), tuple(settings.colour)),
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        seed=seed,
        device=settings.device,
        channels_last=settings.channels_last,
    )


def _resumed(training: Pretraining, checkpoint: Path, identity: dict[str, Any]) -> loop.Run | None:
    """Where an interrupted training of the same settings stood, or None."""
    if not checkpoint.exists():
        return None
    content = artifacts.read_checkpoint(checkpoint)
    differing = [name for name, value in identity.items() if content["identity"].get(name) != value]
    if differing:
        found = ", ".join(f"{name} {content['identity'].get(name)!r:.60}" for name in differing)
        wanted = ", ".join(f"{name} {identity[name]!r:.60}" for name in differing)
        raise CheckpointError(f"{checkpoint}: found {found}; expected {wanted}; delete it and run again")
    return training.resume(content["state"])


def _keep(training: Pretraining, checkpoint: Path, identity: dict[str, Any], epochs: int) -> Callable[[loop.Run], None]:
    """After each epoch: a checkpoint, and a step of progress."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch(run: loop.Run) -> None:
        part = checkpoint.with_name(f".part-{checkpoint.name}")
        artifacts.write_checkpoint(part, {"identity": identity, "state": training.state(run)})
        part.replace(checkpoint)
        progress.step(run.epoch, epochs, f"validation loss {run.history[-1]['val_loss']:.3f} nats")

    return on_epoch


def _adopted(given: Path, network: str, modality: str) -> dict[str, Any]:
    """A tagger's weights, checked name by name, in the form that pretraining writes."""
    if (network, modality) != ("mn04", "sound"):
        raise ConfigError(f"given weights: found network {network} for {modality}; only mn04 for sound can be given")
    state, classifier = mn04.split_tagger(artifacts.read_weights(given))
    shapes = {name: tuple(value.shape) for name, value in classifier.items()}
    if shapes != {"weight": (mn04.EVENTS, mn04.WIDTH), "bias": (mn04.EVENTS,)}:
        raise CheckpointError(f"{given}: {mn04.CLASSIFIER}*: found {shapes or 'nothing'}, expected mn04's 527 outputs")
    encoder = encoders.build(network, modality, torch.Generator())
    encoders.load(encoder, state, str(given))
    return {
        "network": network,
        "modality": modality,
        "encoder": encoder.state_dict(),
        "classifier": classifier,
        "labels": list(artifacts.event_names()),
    }
