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
    """
    names = np.array(ids)
    artifacts.write_arrays(predictions, id=names, label=label, scene_logits=scene_logits, classes=np.array(classes))
    artifacts.write_json(scores, run_scores(said, classes, label, scene_logits))


def run_scores(
    said: Mapping[str, Any], classes: Sequence[str], label: np.ndarray, scene_logits: np.ndarray
) -> dict[str, Any]:
    """The content of a scores file: arguments as in `write_scored`."""
    counts = metrics.confusion(label, scene_logits.argmax(axis=1), len(classes))
    run = {key: said[key] for key in SAID} | {"classes": list(classes), "n": len(label)}
    table = metrics.class_table(counts, classes)
    return run | {"confusion": counts.tolist(), "per_class": table} | metrics.scores(counts)
