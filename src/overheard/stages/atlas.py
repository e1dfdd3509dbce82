"""The event atlas: which events tell each scene, by p(e|s_k), and clips to hear them in (paper, sections 1 and 4.3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from overheard.io import artifacts, clips, progress
from overheard.io.signature import Reads, Writes
from overheard.learning.relevance import probabilities
from overheard.learning.telling import Telling, clearest, lifts, most_telling
from overheard.scores.atlas_page import page
from overheard.scores.origin import Origin

TELLING = ("scene", "event", "index", "probability", "mean", "lift", "relevance", "rank")
_MEDIA = ["id", "location", "image", "sound", "sound_start_s"]
EXAMPLES = ("scene", "event", "rank", "id", "location", "probability", "sound", "start_s", "image")


@dataclass(frozen=True)
class Settings:
    """What is shown."""

    experiment: str
    source: dict[str, Any]  # an Origin
    folder: str  # of the pairs' media
    events: int | None = None  # at most so many a scene; 3
    examples: int | None = None  # clips of each; 2
    least: float | None = None  # p(e|s_k) that a telling event has; 0.05
    prior_clips: str | None = None  # which clips the prior is of; learning.relevance.SELECTIONS
    class_order: str | None = None  # see media.class_order
    rows: str | None = None  # what a control made of the prior


def atlas(
    logits: Reads,
    logit_ids: Reads,
    teacher_events: Reads,
    index: Reads,
    splits: Reads,
    prior: Reads,
    relevance: Reads,
    settings: Settings,
    telling: Writes,
    examples: Writes,
    basis: Writes,
    markdown: Writes,
) -> None:
    """Choose the most telling events of each scene, and of each the training clips in which the teacher is surest.

    Args:
        logits: the teacher's event logits (clips, 527), .npy.
        logit_ids: the ids of its rows, .csv.
        teacher_events: which events the teacher was trained on, .csv.
        index: the media index (id, class, location, image, sound), .csv.
        splits: the split (id, split, fold); examples are of its training clips alone, .csv.
        prior: p(e|s_k), .csv.
        relevance: d_k, .csv.
        settings: how many events and clips.
        telling: a line for each scene and event that tells some scene: p(e|s_k), its mean over scenes, their ratio,
            d_k; rank where it tells this scene (.csv).
        examples: clips to hear, with paths below the folder of the pairs (.csv).
        basis: fold, training clips of each scene, which clips the prior is of (.json).
        markdown: the same to read, with links (.md).
    """
    classes, by_split = clips.labelled(index, splits, ["train"], settings.class_order or "alphabetical")
    ids, label = by_split["train"]
    heard = probabilities(clips.gathered(logits, logit_ids, ids))
    media = {row["id"]: row for row in artifacts.read_table(index, _MEDIA)}
    matrices = [artifacts.read_event_matrix(path, classes).astype(np.float64) for path in (prior, relevance)]
    known, least = artifacts.read_trained_events(teacher_events), settings.least or 0.05

    chosen = most_telling(matrices[0], known, settings.events or 3, least)
    shown = list(_lines(classes, *matrices, chosen))
    clips_shown = list(_examples(classes, chosen, heard, label, [media[clip] for clip in ids], settings.examples or 2))
    said = _basis(splits, settings, classes, label, least, len(known))

    artifacts.write_table(telling, TELLING, shown)
    artifacts.write_table(examples, EXAMPLES, clips_shown)
    artifacts.write_json(basis, said)
    artifacts.write_text(
        markdown, page(settings.experiment, Origin(**settings.source), settings.folder, said, shown, clips_shown)
    )
    progress.step(1, 1, f"{len(chosen)} telling events of {len(classes)} scenes")


def _basis(
    splits: Path, settings: Settings, classes: Sequence[str], label: np.ndarray, least: float, known: int
) -> dict[str, Any]:
    counts = np.bincount(label, minlength=len(classes)).tolist()
    return {
        "fold": clips.fold_of_split(splits),
        "clips": dict(zip(classes, counts, strict=True)),
        "least": least,
        "events": known,
        "prior_clips": settings.prior_clips or "training_locations",
        "rows": settings.rows or "measured",
    }


def _lines(
    classes: Sequence[str], prior: np.ndarray, relevance: np.ndarray, chosen: Sequence[Telling]
) -> Iterator[dict[str, Any]]:
    """Every scene with every event that tells some scene, events in the order of the scenes that they tell."""
    names, lift, mean = artifacts.event_names(), lifts(prior), prior.mean(axis=0)
    rank = {(one.scene, one.event): one.rank for one in chosen}
    for event in dict.fromkeys(one.event for one in chosen):
        for scene, name in enumerate(classes):
            yield {
                "scene": name,
                "event": names[event],
                "index": event,
                "probability": round(float(prior[scene, event]), 6),
                "mean": round(float(mean[event]), 6),
                "lift": round(float(lift[scene, event]), 4),
                "relevance": round(float(relevance[scene, event]), 6),
                "rank": rank.get((scene, event), ""),
            }


def _examples(
    classes: Sequence[str],
    chosen: Sequence[Telling],
    heard: np.ndarray,
    label: np.ndarray,
    media: Sequence[Mapping[str, str]],
    n: int,
) -> Iterator[dict[str, Any]]:
    """Of each telling event the training clips of its scene in which the teacher is surest of it."""
    for one in chosen:
        own = np.flatnonzero(label == one.scene)
        for place in clearest(heard[own, one.event], [media[clip]["location"] for clip in own], n):
            clip = own[place]
            yield {
                "scene": classes[one.scene],
                "event": artifacts.event_names()[one.event],
                "rank": one.rank,
                "probability": round(float(heard[clip, one.event]), 6),
                "start_s": media[clip]["sound_start_s"],
                **{name: media[clip][name] for name in ("id", "location", "sound", "image")},
            }
