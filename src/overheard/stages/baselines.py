"""Fit one dull baseline on the training clips of its fold and test it: what a student must beat."""

from pathlib import Path

import numpy as np
from scipy.special import softmax

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
    prior: Reads | None = None,
    runs: list[Reads] | None = None,
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
        prior: p(e given s) by scene, of the fold; with logits.
        runs: what runs of other rows said of the test clips (predictions), for a baseline that is made of these.
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
    heard = [] if teacher_events is None else _trained(teacher_events)
    if heard:
        told = [its | {"logits": its["logits"][:, heard]} for its in told]
    places = np.array([location[clip] for clip in train[0]])
    expected = None if prior is None else _prior(prior, classes)[:, heard]
    others = [_probabilities(path, test[0], classes) for path in runs or ()]
    known = Known(train[1], places, len(classes), *told, len(test[0]), seed, expected, others)

    said = np.log(np.maximum(BASELINES[method](known), _LEAST)).astype(np.float32)

    run = {"method": method, "modality": modality, "seed": seed, "fold": clips.fold_of_split(splits)}
    write_scored(predictions, scores, run | {"best_epoch": None, "events": None}, classes, *test, said)


def _prior(path: Path, classes: list[str]) -> np.ndarray:
    """(classes, events) p(e | s), joined by the scene's name."""
    names = [row["class"] for row in artifacts.read_table(path, ["class"])]
    return artifacts.read_event_matrix(path, names)[artifacts.positions(classes, names, str(path))]


def _probabilities(path: Path, ids: list[str], classes: list[str]) -> np.ndarray:
    """(tests, classes) what a run said of these clips, joined by id and by the scene's name."""
    said = artifacts.read_arrays(path)
    rows = artifacts.positions(ids, said["id"].tolist(), str(path))
    columns = artifacts.positions(classes, said["classes"].tolist(), str(path))
    return softmax(said["scene_logits"].astype(np.float64)[rows][:, columns], axis=1)


def _trained(events: Path) -> list[int]:
    """Positions of the events that the teacher was trained on."""
    return [int(row["index"]) for row in artifacts.read_table(events, ["index", "trained"]) if row["trained"] == "1"]
