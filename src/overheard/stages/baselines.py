"""Fit one dull baseline on the training clips of its fold and test it: what a student must beat."""

from pathlib import Path

import numpy as np

from overheard.errors import ConfigError
from overheard.io import artifacts, clips
from overheard.io.scored import write_scored
from overheard.io.signature import Reads, Writes
from overheard.learning.baselines import BASELINES, Known

_LEAST = 1e-6  # probability whose logarithm stands for none


def baselines(
    method: str,
    modality: str,
    seed: int,
    index: Reads,
    splits: Reads,
    predictions: Writes,
    scores: Writes,
    images: Reads | None = None,
    image_ids: Reads | None = None,
    sounds: Reads | None = None,
    sound_ids: Reads | None = None,
    logits: Reads | None = None,
    logit_ids: Reads | None = None,
    teacher_events: Reads | None = None,
) -> None:
    """Fit a baseline on the training clips and write what it says of the test clips.

    Args:
        method: row of the study, one of `learning.baselines`.
        modality: none, image, sound or image+sound: what it sees and hears.
        seed: of the forest; it names the run.
        index: id, class and location of every clip.
        splits: id and split of the seed's fold; validation clips are not touched.
        predictions: id, label (index into classes), scene_logits (clips, classes), log probabilities, and classes.
        scores: weighted and per-class scores as fractions, confusion with true classes as rows (.json).
        images: pictures (clips, height, width, 3) uint8.
        image_ids: ids of the pictures.
        sounds: log-mels (clips, time, band).
        sound_ids: ids of the sounds.
        logits: the teacher's logits (clips, 527).
        logit_ids: ids of the logits.
        teacher_events: the events that the teacher was trained on; the others are left out.
    """
    if method not in BASELINES:
        raise ConfigError(f"--method {method}: no baseline of that name; there are {', '.join(BASELINES)}")
    classes, by_split = clips.labelled(index, splits, ["train", "test"])
    train, test = by_split["train"], by_split["test"]
    location = {row["id"]: row["location"] for row in artifacts.read_table(index, ["id", "location"])}
    files = {"images": (images, image_ids), "sounds": (sounds, sound_ids), "logits": (logits, logit_ids)}
    told = [
        {name: clips.gathered(*pair, ids) for name, pair in files.items() if pair[0] is not None}
        for ids, _ in (train, test)
    ]
    if teacher_events is not None:
        heard = _trained(teacher_events)
        told = [its | {"logits": its["logits"][:, heard]} for its in told]
    places = np.array([location[clip] for clip in train[0]])
    known = Known(train[1], places, len(classes), *told, tests=len(test[0]), seed=seed)

    said = np.log(np.maximum(BASELINES[method](known), _LEAST)).astype(np.float32)

    run = {"method": method, "modality": modality, "seed": seed, "fold": clips.fold_of_split(splits)}
    write_scored(predictions, scores, run | {"best_epoch": None, "events": None}, classes, *test, said)


def _trained(events: Path) -> list[int]:
    """Positions of the events that the teacher was trained on."""
    return [int(row["index"]) for row in artifacts.read_table(events, ["index", "trained"]) if row["trained"] == "1"]
