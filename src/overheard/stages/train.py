"""Train one student: one method, one modality, one seed (paper, sections 4 and 5.1)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from overheard.errors import DIVERGED, ConfigError, DivergedError
from overheard.io import artifacts, clips, progress
from overheard.io.checkpoints import Checkpoint, canonical
from overheard.io.device import settle
from overheard.io.signature import Own, Reads, Writes
from overheard.learning import augment, inputs, loop, methods, needs, objective, schedules, selection, start
from overheard.learning.models.student import ORDER, Student


@dataclass(frozen=True)
class Settings:
    """What a protocol and an experiment say about training; keys as in their files. None: not for this row."""

    network_image: str
    network_sound: str
    device: str | None = None  # these ten where anything is learnt
    batch_size: int | None = None  # clips
    learning_rate: float | None = None
    weight_decay: float | None = None
    schedule: str | None = None  # constant, cosine, steps; see learning.schedules
    selection: str | None = None  # last, best_f_score, lowest_loss; see learning.selection
    bn_statistics: str | None = None  # exact, running
    bf16: bool | None = None
    channels_last: bool | None = None
    clip_order: str | None = None  # see learning.loop.ORDERS
    steps: int | None = None  # of the optimizer; or epochs
    epochs: int | None = None
    patience: int | None = None  # epochs; where the selection chooses
    frozen_blocks_image: int | None = None  # these two where the network is trained, from its pre-trained weights
    frozen_blocks_sound: int | None = None
    class_order: str = "alphabetical"  # see media.class_order
    repeats: str | None = None  # see learning.selection.REPEATS; None: seeds
    batch_norm_group: int | None = None  # clips; None: the whole batch
    alpha: float | None = None  # equation (2); where L_Omega stands beside L_s
    beta: float | None = None  # equation (9); where L_E2 is
    temperature: float | None = None  # of L_KL
    divergence: str | None = None  # these five: words of learning.methods.CHOICES
    event_reduction: str | None = None
    squared_target: str | None = None
    squared_reduction: str | None = None
    relevance_loss: str | None = None
    event_head_start: str | None = None  # where there is an event head; see learning.start.EVENT_HEADS
    missing_modality: str | None = None  # where one is left out; see learning.start.MISSING
    absent_shape: Sequence[int] | None = None  # of a clip of it: (3, height, width) or (1, time, band)
    flip: float | None = None  # these six where pictures are trained on, and not stored outputs of frozen blocks
    brightness: Sequence[float] | None = None
    colour: Sequence[float] | None = None
    augmentation_order: str | None = None
    augmented_splits: str | None = None  # train, all
    picture_scale: str | None = None  # see learning.inputs.SCALES
    own: Mapping[str, Any] | None = None  # what the row's loss asks for by keyword and no protocol says
    loss: Own | None = None  # L_Omega of a study's own method; these three for no row of learning.methods
    event_head: str | None = None  # sound, joint: what its event head hears, if it has one
    head: Own | None = None  # what makes it, of its width and the number of events; None: a linear layer


def train(
    index: Reads,
    splits: Reads,
    method: str,
    modality: str,
    seed: int,
    settings: Settings,
    checkpoints: Path,
    student: Writes,
    history: Writes,
    images: Reads | None = None,
    image_ids: Reads | None = None,
    image_normaliser: Reads | None = None,
    sounds: Reads | None = None,
    sound_ids: Reads | None = None,
    sound_normaliser: Reads | None = None,
    image_encoder: Reads | None = None,
    sound_encoder: Reads | None = None,
    logits: Reads | None = None,
    logit_ids: Reads | None = None,
    teacher_events: Reads | None = None,
    prior: Reads | None = None,
    relevance: Reads | None = None,
) -> None:
    """Fit a student on the training split and keep the weights that the selection says.

    Args:
        index: id and class of every clip.
        splits: id, split and fold; test clips are not touched.
        method: row of the study, e.g. scene+kl_av.
        modality: image, sound or image+sound.
        seed: decides the first weights, the order of clips and the augmentation, alike for all methods.
        settings: of training; those that the row uses and no others.
        checkpoints: folder of checkpoints, kept until the student is there: after a kill, run again for the same bytes.
        student: the weights that are tested and what they are (.pt).
        history: one line an epoch; losses in nats, scores and shares as fractions (.csv).
        images: pictures (clips, height, width, 3) uint8, or outputs of frozen blocks; where pictures are trained on.
        image_ids: ids of the pictures.
        image_normaliser: mean and standard deviation of the training split.
        sounds: log-mels (clips, time, band), or outputs of frozen blocks (clips, channels, height, width); as images.
        sound_ids: ids of the sounds.
        sound_normaliser: mean and standard deviation of the training split.
        image_encoder: pre-trained image network, not for scratch; if absent, a modality left out is of random weights.
        sound_encoder: pre-trained sound network and its event classifier; as image_encoder.
        logits: the teacher's logits; for methods that transfer events.
        logit_ids: ids of the teacher's logits.
        teacher_events: the events that the teacher was trained on; every event loss is over these alone.
        prior: p(e given s) by scene; for methods with L_E1.
        relevance: d_k by scene; for methods with L_E2.
    """
    files = {"images": images, "image_ids": image_ids, "sounds": sounds, "sound_ids": sound_ids, "index": index}
    files |= {"image_normaliser": image_normaliser, "sound_normaliser": sound_normaliser, "splits": splits}
    files |= {"image_encoder": image_encoder, "sound_encoder": sound_encoder, "teacher_events": teacher_events}
    files |= {"logits": logits, "logit_ids": logit_ids, "prior": prior, "relevance": relevance}
    reads = {name: path for name, path in files.items() if path is not None}
    row = needs.checked(_row(method, modality, settings, reads), method, modality, vars(settings), reads)
    checkpoint = Checkpoint(checkpoints, settings, reads, method=method, modality=modality, seed=seed)
    said, run = _run(row, modality, seed, settings, reads, checkpoint)
    _write(student, history, said | _best(run, checkpoint.identity), run)
    checkpoint.delete()


def _row(method: str, modality: str, settings: Settings, reads: Mapping[str, Path]) -> methods.Method:
    """The method, a study's own where the settings name its loss."""
    own, pretrained = None, "image_encoder" in reads or "sound_encoder" in reads
    if settings.loss is not None:
        own = methods.own(settings.loss, settings.event_head, settings.head, settings.alpha is not None, pretrained)
    return methods.find(method, modality, own, settings.own)


def _frozen_blocks(settings: Settings, modality: str) -> int:
    return {"image": settings.frozen_blocks_image, "sound": settings.frozen_blocks_sound}[modality] or 0


def _run(
    row: methods.Method,
    modality: str,
    seed: int,
    settings: Settings,
    reads: Mapping[str, Path],
    checkpoint: Checkpoint,
) -> tuple[dict[str, Any], loop.Run]:
    """What a student's file says of classes, fold and events; and its run, of a single epoch 0 if nothing is learnt."""
    settle(settings.device or "cpu")
    wanted = ("train", "val") if row.learns else ()
    classes, by_split = clips.labelled(reads["index"], reads["splits"], wanted, settings.class_order)
    said = {"classes": classes, "fold": clips.fold_of_split(reads["splits"]), "events": None}
    if not row.learns:
        return said, loop.untrained(_started(row, modality, seed, settings, reads, classes))
    training = _prepared(row, modality, seed, settings, reads, classes, by_split)
    if (events := training.objective.events) is not None:
        said["events"] = len(events)
    return said, _fitted(training, checkpoint, settings)


def _prepared(
    row: methods.Method,
    modality: str,
    seed: int,
    settings: Settings,
    reads: Mapping[str, Path],
    classes: list[str],
    by_split: Mapping[str, clips.Labelled],
) -> objective.Training:
    """The training at its start."""
    train, val = (_part(modality, settings, reads, *by_split[split]) for split in ("train", "val"))
    matrices = {
        name: torch.from_numpy(artifacts.read_event_matrix(reads[name], classes)).to(settings.device)
        for name in ("prior", "relevance")
        if name in reads
    }
    told = train.teacher_logits, matrices.pop("prior", None)
    model = _started(row, modality, seed, settings, reads, classes, *told)
    decided = methods.chosen(row, vars(settings), len(artifacts.event_names()))
    events = None
    if "teacher_events" in reads:
        events = torch.tensor(artifacts.read_trained_events(reads["teacher_events"]), device=settings.device)
    asked = objective.Objective(row, model, decided | matrices, events, settings.bf16)
    return objective.Training(
        asked,
        train,
        val,
        loop.Adam(asked.reached(train), settings.learning_rate, settings.weight_decay),
        _augmentation(settings),
        {word: start.generator(seed, word) for word in ("order", "augmentation", "validation")},
    )


def _started(
    row: methods.Method,
    modality: str,
    seed: int,
    settings: Settings,
    reads: Mapping[str, Path],
    classes: list[str],
    teacher_logits: Tensor | None = None,
    prior: Tensor | None = None,
) -> Student:
    """The student at its start, on its device."""
    model = start.student(
        row,
        modality,
        {name: _network(name, settings, reads) for name in ORDER},
        seed,
        len(classes),
        len(artifacts.event_names()),
        teacher_logits,
        prior,
        missing_modality=settings.missing_modality,
        absent_shape=settings.absent_shape or (),
        event_head_start=settings.event_head_start,
        group=settings.batch_norm_group,
    )
    layout = torch.channels_last if settings.channels_last else torch.contiguous_format
    return model.to(device=settings.device or "cpu", memory_format=layout)


def _augmentation(settings: Settings) -> tuple[augment.Augmentation | None, augment.Augmentation | None]:
    """Of training and of validation pictures."""
    given = augment.from_settings(settings.flip, settings.brightness, settings.colour, settings.augmentation_order)
    return given, given if settings.augmented_splits == "all" else None


def _part(
    modality: str, settings: Settings, reads: Mapping[str, Path], ids: list[str], label: np.ndarray
) -> objective.Part:
    """The clips of a split, gathered into memory; only the modalities that are trained."""
    trained = methods.MODALITIES[modality]
    arrays = {name: clips.gathered(reads[f"{name}s"], reads[f"{name}_ids"], ids) for name in trained}
    normalisers = {name: artifacts.read_arrays(reads[f"{name}_normaliser"]) for name in trained}
    teacher = clips.gathered(reads["logits"], reads["logit_ids"], ids) if "logits" in reads else None
    return objective.Part(
        inputs.gathered(arrays, normalisers, settings.device, settings.channels_last, settings.picture_scale),
        torch.from_numpy(label).to(settings.device),
        None if teacher is None else torch.from_numpy(teacher).to(settings.device),
    )


def _network(name: str, settings: Settings, reads: Mapping[str, Path]) -> start.Network:
    """One modality's network as the student starts from it."""
    network = getattr(settings, f"network_{name}")
    given, path = None, reads.get(f"{name}_encoder")
    if path is not None:
        given = start.checked(artifacts.read_weights(path), str(path), network, name, list(artifacts.event_names()))
    return start.Network(network, given, str(path), _frozen_blocks(settings, name))


def _fitted(training: objective.Training, checkpoint: Checkpoint, settings: Settings) -> loop.Run:
    """Train to the end, from the checkpoint if there is one; after each epoch a checkpoint and a step of progress."""
    recipe = _recipe(settings, training.objective.method)
    epochs = math.ceil(recipe.length(len(training.train)) / recipe.steps_an_epoch(len(training.train)))

    def after_epoch(run: loop.Run) -> None:
        checkpoint.keep(training, run)
        line = run.history[-1]
        text = f"loss {line['train_loss']:.3f}, validation {line['val_loss']:.3f}, F {100 * line['val_f_score']:.1f} %"
        progress.step(len(run.history), epochs, text)

    exact = settings.bn_statistics == "exact"
    try:
        run = training.fit(recipe, exact, checkpoint.resumed(training), after_epoch)
    except DivergedError as error:
        who = "{method} on {modality}, seed {seed}".format_map(checkpoint.identity)
        raise DivergedError(
            f"{DIVERGED}{who}: {error}; lower train.learning_rate (found {settings.learning_rate:g}) and run again; "
            "`overheard run NAME --keep-going --partial` makes the tables of the other runs and names this one there"
        ) from error
    if loop.still_falls(run):
        progress.note(
            "warning: the training loss still falls at the end; a longer training may do better: raise train.steps "
            "(or train.epochs) in the configuration"
        )
    return run


def _recipe(settings: Settings, row: methods.Method) -> loop.Recipe:
    """The recipe that the settings name."""
    if (settings.steps is None) == (settings.epochs is None):
        raise ConfigError("train: expected steps or epochs in --settings, one of the two")
    return loop.Recipe(
        settings.batch_size,
        settings.steps,
        settings.epochs,
        schedules.BY_NAME[settings.schedule],
        selection.REPEATS[settings.repeats or "seeds"](selection.of_method(settings.selection, row.scene_loss)),
        settings.patience,
        loop.ORDERS[settings.clip_order],
    )


_SAID = ("method", "modality", "seed", "network_image", "network_sound")
"""What a student's file says of its run, besides its classes, fold and events; `evaluate` builds the networks by it."""


def _best(run: loop.Run, identity: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of the best epoch, and what they are; and those of the epochs after it that are tested too."""
    said = {name: identity[name] for name in _SAID}
    said |= {name: identity.get(name) or 0 for name in ("frozen_blocks_image", "frozen_blocks_sound")}
    later = {int(run.history[place]["epoch"]): run.states[place] for place in run.kept[1:]}
    return said | {"best_epoch": run.best_epoch, "state": run.best_state} | ({"next_states": later} if later else {})


def _write(student: Path, history: Path, content: dict[str, Any], run: loop.Run) -> None:
    """The student's file, and a line an epoch, with 1 in the column `best` of the one that is kept."""
    artifacts.write_weights(student, canonical(content))
    lines = [line | {"best": int(line["epoch"] == run.best_epoch)} for line in run.history]
    artifacts.write_table(history, list(lines[0]), lines)
