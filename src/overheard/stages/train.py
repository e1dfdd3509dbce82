"""Train one student: one method, one modality, one seed (paper, sections 4 and 5.1)."""

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from overheard import seeds
from overheard.errors import CheckpointError, ConfigError, PairingError
from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.learning import augment, inputs, loop, methods, objective
from overheard.learning.models import encoders
from overheard.learning.models import student as students

_WHOLE_LOG_MEL = (1, 1000, 128)
"""Input of the whole mn04, (channel, time, band); its sounds may be stored outputs of its lower blocks."""


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

    A checkpoint is kept until the student is written: after a kill the same command ends with the same bytes.

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
        image_encoder: pre-trained image network, not for scratch; if absent, a modality left out is of random weights.
        sound_encoder: pre-trained sound network and its event classifier; as image_encoder.
        logits: the teacher's logits; for methods that transfer events.
        logit_ids: ids of the teacher's logits.
        prior: p(e given s) by scene; for methods with L_E1.
        relevance: d_k by scene; for methods with L_E2.
    """
    row = methods.find(method, modality)
    reads = {name: path for name, path in locals().items() if name in _READS}
    _check(row, modality, settings, reads)
    asked = _asked(method, modality, seed, settings, reads)
    place = checkpoints / f"{_digest(asked)}.pt"

    classes, training = _prepared(row, modality, seed, settings, reads)
    run = _fitted(training, place, asked, settings)
    artifacts.write_weights(student, _canonical(_best(run, asked, classes)))
    artifacts.write_table(history, [*run.history[0], "best"], _lines(run))
    place.unlink(missing_ok=True)


_READS = (
    *("images", "image_ids", "sounds", "sound_ids", "index", "splits", "normaliser"),
    *("image_encoder", "sound_encoder", "logits", "logit_ids", "prior", "relevance"),
)


def _check(row: methods.Method, modality: str, settings: Settings, reads: dict[str, Path | None]) -> None:
    """Refuse a method that lacks something it needs, before anything is read."""
    trained = methods.MODALITIES[modality]
    needed = [f"{name}_encoder" for name in trained] if row.pretrained else []
    needed += [*row.needs, "logit_ids"] if row.needs else []
    missing = [f"--{name.replace('_', '-')}" for name in needed if reads[name] is None]
    if missing:
        raise ConfigError(f"train: this method needs {', '.join(missing)}; found none; run pretrain and teacher first")
    if settings.frozen_blocks and not row.pretrained and "sound" in trained:
        raise ConfigError(
            f"frozen_blocks: found {settings.frozen_blocks}, expected 0 for a method with a random start: frozen "
            "blocks are pre-trained ones; give it the whole network's features and frozen_blocks 0"
        )


def _settle(device: str) -> None:
    if device == "cuda":
        if not torch.cuda.is_available():
            raise ConfigError("device: found 'cuda', but torch sees no GPU here; set device to 'cpu'")
        # cuBLAS is deterministic with this workspace alone, and reads it when it first starts
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    objective.settle(device)


def _asked(method: str, modality: str, seed: int, settings: Settings, reads: dict[str, Path | None]) -> dict[str, Any]:
    """All that decides a student's bytes but the code, whose digest names the folder the runner hands out."""
    return {
        "method": method,
        "modality": modality,
        "seed": seed,
        **json.loads(json.dumps(dataclasses.asdict(settings))),
        **{name: _file_digest(path) for name, path in reads.items() if path is not None},
        "torch": str(torch.__version__),
    }


def _digest(asked: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _prepared(
    row: methods.Method, modality: str, seed: int, settings: Settings, reads: dict[str, Path | None]
) -> tuple[list[str], objective.Training]:
    """The classes in order, and the training at its start."""
    _settle(settings.device)
    classes, clips = _labelled(reads["index"], reads["splits"])
    parts = {split: _part(row, modality, settings, reads, *clips[split]) for split in ("train", "val")}
    matrices = _matrices(row, reads, classes, settings.device)
    model = _student(row, modality, seed, settings, reads, len(classes), parts["train"], matrices.get("prior"))
    training = objective.Training(
        objective.Objective(row, model, matrices.get("relevance"), settings.alpha, settings.beta, settings.bf16),
        parts["train"],
        parts["val"],
        loop.Adam(model.trained(row.trains_scene_head), settings.learning_rate, settings.weight_decay),
        augment.Augmentation(settings.flip, tuple(settings.brightness), tuple(settings.colour)),
        {word: _generator(seed, word) for word in ("order", "augmentation")},
    )
    return classes, training


def _labelled(index: Path, splits: Path) -> tuple[list[str], dict[str, tuple[list[str], Tensor]]]:
    """The classes in order, and of the training and validation split the ids and the labels."""
    class_of = {row["id"]: row["class"] for row in artifacts.read_table(index, ["id", "class"])}
    classes = sorted(set(class_of.values()))
    rows = artifacts.read_table(splits, ["id", "split"])
    found = {}
    for split in ("train", "val"):
        ids = sorted(row["id"] for row in rows if row["split"] == split)
        if not ids:
            raise PairingError(f"{splits}: no clip in split {split!r}, expected some of each class; run split again")
        artifacts.positions(ids, list(class_of), str(index))
        found[split] = ids, torch.tensor([classes.index(class_of[clip]) for clip in ids])
    return classes, found


def _part(
    row: methods.Method, modality: str, settings: Settings, reads: dict[str, Path], ids: list[str], label: Tensor
) -> objective.Part:
    """The clips of a split, gathered into memory; only the modalities that are trained."""
    trained = methods.MODALITIES[modality]
    images = _gather(reads["images"], reads["image_ids"], ids) if "image" in trained else None
    sounds = _gather(reads["sounds"], reads["sound_ids"], ids) if "sound" in trained else None
    teacher = _gather(reads["logits"], reads["logit_ids"], ids) if "logits" in row.needs else None
    normaliser = artifacts.read_arrays(reads["normaliser"])
    return objective.Part(
        inputs.gathered(images, sounds, normaliser, settings.device, settings.channels_last),
        label.to(settings.device),
        None if teacher is None else torch.from_numpy(teacher).to(settings.device),
    )


def _gather(array: Path, ids: Path, wanted: list[str]) -> np.ndarray:
    """The rows of the wanted clips, in memory."""
    names, values = artifacts.read_clips(array, ids)
    return values[artifacts.positions(wanted, names, str(ids))]


def _matrices(row: methods.Method, reads: dict[str, Path], classes: list[str], device: str) -> dict[str, Tensor]:
    """p(e | s_k) and d_k, (scenes, events), as far as the method needs them."""
    return {
        name: torch.from_numpy(artifacts.read_event_matrix(reads[name], classes)).to(device)
        for name in ("prior", "relevance")
        if name in row.needs
    }


def _student(
    row: methods.Method,
    modality: str,
    seed: int,
    settings: Settings,
    reads: dict[str, Path | None],
    n_scenes: int,
    train: objective.Part,
    prior: Tensor | None,
) -> students.Student:
    """The student at its start, on the device."""
    files = {name: reads[f"{name}_encoder"] if row.pretrained else None for name in _MODALITIES}
    stored = {name: path and _stored(path, name, settings) for name, path in files.items()}
    trained, absent = {}, {}
    for name in _MODALITIES:
        whole = name not in methods.MODALITIES[modality]
        encoder = _encoder(name, seed, settings, stored[name], str(files[name]), whole)
        if whole:
            shape = _input_shape(name, settings, reads)
            absent[name] = students.absent_representation(encoder, shape)
        else:
            trained[name] = encoder
    n_events = len(artifacts.event_names())
    model = students.Student(trained, absent, n_scenes, n_events, row.event_head, prior)
    model.start_scene_head(_generator(seed, "scene head"))
    if row.event_head:
        classifier = stored["sound"]["classifier"] if "sound" in trained else None
        model.start_event_head(classifier, train.teacher_logits.double().mean(dim=0))
    layout = torch.channels_last if settings.channels_last else torch.contiguous_format
    return model.to(device=settings.device, memory_format=layout)


_MODALITIES = students.ORDER


def _stored(path: Path, modality: str, settings: Settings) -> dict[str, Any]:
    """A file of `pretrain`, checked to be of the network and the events that are asked for."""
    content = artifacts.read_weights(path)
    wanted = {"network": getattr(settings, f"network_{modality}"), "modality": modality}
    found = {name: content.get(name) for name in wanted}
    if found != wanted:
        raise CheckpointError(f"{path}: found {found}, expected {wanted}; run pretrain again with this network")
    if modality == "sound" and content["labels"] != list(artifacts.event_names()):
        raise CheckpointError(f"{path}: its labels are not AudioSet's 527 events in their order; run pretrain again")
    return content


def _encoder(
    modality: str, seed: int, settings: Settings, stored: dict[str, Any] | None, where: str, whole: bool
) -> nn.Module:
    """An encoder at its start; `whole` with its lower blocks, though the sounds be their stored outputs."""
    frozen = settings.frozen_blocks if modality == "sound" and not whole else 0
    network = getattr(settings, f"network_{modality}")
    encoder = encoders.build(network, modality, _generator(seed, f"{modality} encoder"), frozen)
    if stored is not None:
        encoders.load(encoder, stored["encoder"], where)
    return encoder


def _input_shape(modality: str, settings: Settings, reads: dict[str, Path]) -> tuple[int, ...]:
    """Shape of one clip as a whole encoder takes it."""
    if modality == "image":
        height, width, channels = np.load(reads["images"], mmap_mode="r").shape[1:]
        return channels, height, width
    if settings.network_sound == "mn04":
        return _WHOLE_LOG_MEL
    return (1, *np.load(reads["sounds"], mmap_mode="r").shape[1:])


def _generator(seed: int, word: str) -> torch.Generator:
    """One stream of a run: the same for every method and modality, so that they differ by nothing else."""
    return torch.Generator().manual_seed(seeds.integer("train", word, seed))


def _fitted(training: objective.Training, place: Path, asked: dict[str, Any], settings: Settings) -> loop.Run:
    """Train to the end, from the checkpoint if there is one."""
    return training.fit(
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        patience=settings.patience,
        f_score_from_clips=settings.f_score_from_clips,
        run=_resumed(training, place, asked),
        on_epoch=_keep(training, place, asked, settings.epochs),
    )


def _best(run: loop.Run, asked: dict[str, Any], classes: list[str]) -> dict[str, Any]:
    """The weights of the best epoch, what they are, and what `evaluate` needs to build their networks."""
    said = {name: asked[name] for name in ("method", "modality", "seed")} | {"classes": classes}
    networks = {name: asked[name] for name in ("network_image", "network_sound", "frozen_blocks")}
    return said | networks | {"best_epoch": run.best_epoch, "state": run.best_state}


def _lines(run: loop.Run) -> list[dict[str, float]]:
    """The history, with 1 in the column `best` of the epoch that is kept."""
    return [line | {"best": int(line["epoch"] == run.best_epoch)} for line in run.history]


def _resumed(training: objective.Training, place: Path, asked: dict[str, Any]) -> loop.Run | None:
    """Where an interrupted training of exactly what is asked stood, or None."""
    if not place.exists():
        return None
    content = artifacts.read_checkpoint(place)
    found = content["asked"]
    differing = sorted(name for name in found.keys() | asked.keys() if found.get(name) != asked.get(name))
    if differing:
        shown = (f"{name}: found {found.get(name)!r:.40}, expected {asked.get(name)!r:.40}" for name in differing)
        raise CheckpointError(f"{place}: belongs to another training ({'; '.join(shown)}); delete it and run again")
    run = training.resume(content["state"])
    progress.note(f"going on after epoch {run.epoch}, from {place.name}")
    return run


def _keep(training: objective.Training, place: Path, asked: dict[str, Any], epochs: int) -> Callable[[loop.Run], None]:
    """After each epoch: a checkpoint under a temporary name, renamed; and a step of progress."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".part-{place.name}")

    def after_epoch(run: loop.Run) -> None:
        artifacts.write_checkpoint(part, {"asked": asked, "state": training.state(run)})
        part.replace(place)
        line = run.history[-1]
        text = f"loss {line['train_loss']:.3f}, validation {line['val_loss']:.3f}, F {100 * line['val_f_score']:.1f} %"
        progress.step(run.epoch, epochs, text)

    return after_epoch


def _canonical(content: Any) -> Any:
    """Equal content, equal bytes: pickle tells equal strings apart when they are not one object, and writes strides."""
    if isinstance(content, dict):
        return {_canonical(name): _canonical(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_canonical(value) for value in content]
    if isinstance(content, Tensor):
        return content.detach().cpu().clone(memory_format=torch.contiguous_format)
    return sys.intern(content) if isinstance(content, str) else content
