"""What every test writes of a run, student or baseline: what it said of the test clips, and its scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overheard.io import artifacts
from overheard.scores import metrics

SAID = ("method", "modality", "seed", "fold", "best_epoch", "events")
"""What scores say of their run, beside what follows from its predictions."""


def write_scored(
    predictions: Path,
    scores: Path,
    said: Mapping[str, Any],
    classes: Sequence[str],
    ids: Sequence[str],
    label: np.ndarray,
    scene_logits: np.ndarray,
    later: Mapping[int, np.ndarray] = {},
) -> None:
    """Write a run's predictions and scores.

    Args:
        predictions: id, label (index into classes), scene_logits, classes (.npz).
        scores: `SAID`, classes, n, confusion with true classes as rows, scores as fractions (.json).
        said: `SAID` of the run.
        classes: names of the scenes.
        ids: of the test clips.
        label: (clips,) int64.
        scene_logits: (clips, classes) float32.
        later: the same of later epochs of the run, by epoch, where they are tested too.
    """
    arrays = {"id": np.array(ids), "label": label, "scene_logits": scene_logits, "classes": np.array(classes)}
    if later:
        arrays |= {"next_epochs": np.array(list(later)), "next_scene_logits": np.stack(list(later.values()))}
    artifacts.write_arrays(predictions, **arrays)
    artifacts.write_json(scores, run_scores(said, classes, label, scene_logits, later))


def run_scores(
    said: Mapping[str, Any],
    classes: Sequence[str],
    label: np.ndarray,
    scene_logits: np.ndarray,
    later: Mapping[int, np.ndarray] = {},
) -> dict[str, Any]:
    """The content of a scores file: arguments as in `write_scored`."""
    counts = metrics.confusion(label, scene_logits.argmax(axis=1), len(classes))
    run = {key: said[key] for key in SAID} | {"classes": list(classes), "n": len(label)}
    table = metrics.class_table(counts, classes)
    run |= {"confusion": counts.tolist(), "per_class": table} | metrics.scores(counts)
    if later:
        each = {said["best_epoch"]: scene_logits, **later}
        counted = {epoch: metrics.confusion(label, its.argmax(axis=1), len(classes)) for epoch, its in each.items()}
        run["epochs"] = [{"epoch": int(epoch), **metrics.scores(counts)} for epoch, counts in counted.items()]
    return run


def write_fused(
    predictions: Path,
    scores: Path,
    said: Mapping[str, Any],
    ids: Sequence[str],
    label: np.ndarray,
    scene_logits: np.ndarray,
    decided: np.ndarray | None = None,
) -> None:
    """Write predictions and scores, log losses among them, of a run whose probabilities are meant as such.

    Args:
        predictions: id, label (index into classes), scene_logits, decided, classes (.npz).
        scores: of which run, classes, n, confusion with true classes as rows, scores (.json).
        said: method, modality, seed, fold and classes of the run.
        ids: of clips or pieces.
        label: (clips,) int64.
        scene_logits: (clips, classes), of which the softmax are the probabilities.
        decided: (clips,) index of the class that was said; None: the most probable.
    """
    classes = list(said["classes"])
    decided = scene_logits.argmax(axis=1) if decided is None else decided
    arrays = {"id": np.array(ids), "label": label, "scene_logits": scene_logits.astype(np.float32)}
    artifacts.write_arrays(predictions, **arrays, decided=decided, classes=np.array(classes))
    # of what is stored, so that it can be counted again from there
    artifacts.write_json(scores, fused_scores(said, classes, label, arrays["scene_logits"], decided))


def fused_scores(
    said: Mapping[str, Any], classes: Sequence[str], label: np.ndarray, scene_logits: np.ndarray, decided: np.ndarray
) -> dict[str, Any]:
    """The content of a scores file with log losses: arguments as in `write_fused`."""
    counts = metrics.confusion(label, decided, len(classes))
    run = {key: said.get(key) for key in SAID} | {"classes": list(classes), "n": len(label)}
    run |= {"confusion": counts.tolist(), "per_class": metrics.class_table(counts, classes)} | metrics.scores(counts)
    lost = np.bincount(label, weights=metrics.lost(scene_logits, label), minlength=len(classes))
    sums = metrics.Sums(*metrics.sums_of(counts), lost)
    return run | {word: float(its.of(sums)) for word, its in metrics.METRICS.items() if word not in run}
