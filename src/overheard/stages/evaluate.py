"""Evaluate the students of one row, a seed each, on the test clips of their folds (paper, section 5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from overheard import seeds
from overheard.errors import CheckpointError, ConfigError
from overheard.io import artifacts, clips, progress
from overheard.io.device import settle
from overheard.io.scored import write_scored
from overheard.io.signature import Own, Reads, Writes
from overheard.io.students import built, by_fold, read_student
from overheard.learning import augment, methods, objective
from overheard.learning.degraded import DEGRADATIONS, PICTURES_ALONE
from overheard.learning.inputs import Inputs, gathered
from overheard.learning.models.student import Student
from overheard.media.exchanged import exchanged


@dataclass(frozen=True)
class Settings:
    """How students are run; the same as in their training."""

    batch_size: int  # clips
    device: str
    bf16: bool
    channels_last: bool
    class_order: str = "alphabetical"  # see media.class_order
    picture_scale: str | None = None  # where pictures are tested; see learning.inputs.SCALES
    flip: float | None = None  # these four where test pictures are augmented
    brightness: Sequence[float] | None = None
    colour: Sequence[float] | None = None
    augmentation_order: str | None = None
    test_image: str | None = None  # these two in a control; mispaired, or see learning.degraded.DEGRADATIONS
    test_sound: str | None = None
    loss: Own | None = None  # these three of a study's own method, as in its training
    event_head: str | None = None
    head: Own | None = None


def evaluate(
    method: str,
    modality: str,
    students: list[Reads],
    index: Reads,
    splits: list[Reads],
    settings: Settings,
    predictions: list[Writes],
    events: list[Writes],
    scores: list[Writes],
    images: Reads | None = None,
    image_ids: Reads | None = None,
    image_normaliser: list[Reads] | None = None,
    sounds: Reads | None = None,
    sound_ids: Reads | None = None,
    sound_normaliser: list[Reads] | None = None,
) -> None:
    """Run each student on the test clips; write what it says of scenes and events, and its scores.

    Args:
        method: row of the study, e.g. scene+kl_av.
        modality: image, sound or image+sound.
        students: weights of the students (.pt), in one order with splits, normalisers, predictions, events and scores.
        index: id and class of every clip.
        splits: id, split and fold of each student; the clips of split test are used.
        settings: of evaluation.
        predictions: id, label (index into classes), scene_logits (clips, classes), classes (.npz).
        events: id, event_logits (clips, 527), log-odds, or (clips, 0) where the method predicts no event (.npz).
        scores: weighted and per-class scores as fractions, confusion with true classes as rows (.json).
        images: pictures or stored outputs of frozen blocks, as in training; these three where the row has them.
        image_ids: ids of the pictures.
        image_normaliser: mean and standard deviation of the training split, of each student.
        sounds: log-mels or stored outputs of frozen blocks, as in training; these three where the row has them.
        sound_ids: ids of the sounds.
        sound_normaliser: mean and standard deviation of the training split, of each student.
    """
    settle(settings.device)
    own = methods.own(settings.loss, settings.event_head, settings.head) if settings.loss is not None else None
    row = methods.find(method, modality, own)
    media = {"image": (images, image_ids), "sound": (sounds, sound_ids)}
    normalisers = {"image": image_normaliser, "sound": sound_normaliser}
    trained = methods.MODALITIES[modality]
    if missing := [name for name in trained if None in (*media[name], normalisers[name])]:
        flags = ", ".join(f"--{name}s, --{name}-ids and --{name}-normaliser" for name in missing)
        raise ConfigError(f"evaluate: {method} on {modality} needs {flags}; give them as in its training")
    done = 0
    of_folds = [normalisers[name] for name in trained]
    for (split, *normal), of_fold in by_fold([splits, *of_folds], students, predictions, events, scores).items():
        # the test clips of one fold at a time in memory
        classes, by_split = clips.labelled(index, split, ["test"], settings.class_order)
        ids, label = by_split["test"]
        inputs = _inputs({name: media[name] for name in trained}, normal, index, ids, settings)
        said = {"method": method, "modality": modality, "classes": classes, "fold": clips.fold_of_split(split)}
        for path, *writes in of_fold:
            stored = read_student(path, said)
            _test(row, path, stored, inputs, ids, label, settings, *writes)
            done += 1
            progress.step(done, len(students), f"seed {stored['seed']}")


def _test(
    row: methods.Method,
    path: Path,
    stored: dict[str, Any],
    inputs: Inputs,
    ids: list[str],
    label: np.ndarray,
    settings: Settings,
    predictions: Path,
    events: Path,
    scores: Path,
) -> None:
    """Run one student, and the weights of later epochs that it may have, on the test clips of its fold."""
    student = built(row, stored, str(path), settings.device, settings.channels_last)
    scene_logits, event_logits = _said(student, inputs, len(ids), [stored["seed"]], settings)
    later = {}
    for epoch, state in stored.get("next_states", {}).items():
        student = built(row, stored | {"state": state}, str(path), settings.device, settings.channels_last)
        later[epoch], _ = _said(student, inputs, len(ids), [stored["seed"], epoch], settings)
    if not all(np.isfinite(logits).all() for logits in (scene_logits, event_logits, *later.values())):
        raise CheckpointError(
            f"{path}: what the student says is no number (not finite) for some test clips; delete it, lower "
            "train.learning_rate and run train again"
        )
    write_scored(predictions, scores, stored, stored["classes"], ids, label, scene_logits, later)
    artifacts.write_arrays(events, id=np.array(ids), event_logits=event_logits)


def _others(index: Path, ids: list[str]) -> list[str]:
    """For each test clip one of another location, to mispair them with; the same for all rows of a fold."""
    location = {row["id"]: row["location"] for row in artifacts.read_table(index, ["id", "location"])}
    other = exchanged({clip: location[clip] for clip in ids}, seeds.generator("mispaired"))
    return [other[clip] for clip in ids]


def _inputs(
    media: dict[str, tuple[Path, Path]], normalisers: list[Path], index: Path, ids: list[str], settings: Settings
) -> Inputs:
    """The test clips in memory, of the modalities that the students were trained on."""
    how = _degraded(settings)
    others = _others(index, ids) if "mispaired" in how.values() else ids
    arrays = {
        name: clips.gathered(*files, others if how.get(name) == "mispaired" else ids) for name, files in media.items()
    }
    for name in (name for name in arrays if how.get(name) in DEGRADATIONS):
        # whole pictures are (clips, height, width, 3) of bytes, whole sounds (clips, time, band)
        if arrays[name].dtype != np.uint8 if name == "image" else arrays[name].ndim == 4:
            raise ConfigError(
                f"control.test_{name}: found {how[name]}, but the row reads stored outputs of frozen blocks; set "
                f"networks.{name}.frozen_blocks to 0, or control.test_{name} to mispaired"
            )
    normal = {name: artifacts.read_arrays(path) for name, path in zip(media, normalisers, strict=True)}
    return gathered(arrays, normal, settings.device, settings.channels_last, settings.picture_scale)


def _degraded(settings: Settings) -> dict[str, str]:
    """How the test clips of a modality are degraded, by modality.

    Raises:
        ConfigError: another word.
    """
    found = {"image": settings.test_image, "sound": settings.test_sound}
    how = {name: word for name, word in found.items() if word is not None}
    for name, word in how.items():
        allowed = ["mispaired", *(its for its in DEGRADATIONS if name == "image" or its not in PICTURES_ALONE)]
        if word not in allowed:
            raise ConfigError(f"test_{name}: found {word!r}; expected one of {', '.join(allowed)}")
    return how


@torch.no_grad()
def _said(
    student: Student, inputs: Inputs, n_clips: int, drawn_by: Sequence[int], settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Scene logits (clips, scenes) and event log-odds (clips, events), or (clips, 0), float32."""
    augmentation = augment.from_settings(
        settings.flip, settings.brightness, settings.colour, settings.augmentation_order
    )
    generator = torch.Generator().manual_seed(seeds.integer("evaluate", "augmentation", *drawn_by))
    # a stream of its own, the same for all rows and seeds
    noise = torch.Generator().manual_seed(seeds.integer("evaluate", "noise"))
    how = {name: DEGRADATIONS[word] for name, word in _degraded(settings).items() if word in DEGRADATIONS}
    scenes, events = [], []
    for batch in torch.arange(n_clips).split(settings.batch_size):
        given = inputs.batch(batch, augmentation, generator)
        for name in (name for name in how if name in given):
            given[name] = how[name](given[name], inputs.black, noise)
        said = objective.say(student, given, settings.bf16)
        predicted = student.predicted_events(said)
        scenes.append(said.scene_logits)
        events.append(said.scene_logits[:, :0] if predicted is None else predicted)
    return torch.cat(scenes).cpu().numpy(), torch.cat(events).cpu().numpy()
