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
    decided: np.ndarray | None = None,
    clips: Sequence[str] | None = None,
) -> None:
    """Write a run's predictions and scores.

    Args:
        predictions: id, label (index into classes), scene_logits, classes, and decided where it is given (.npz).
        scores: `SAID`, classes, n, confusion with true classes as rows, scores (.json).
        said: of `SAID`, what the run has.
        classes: names of the scenes.
        ids: of the test clips, or of pieces of them.
        label: (clips,) int64.
        scene_logits: (clips, classes) float32.
        later: the same of later epochs of the run, by epoch, where they are tested too.
        decided: (clips,) index of the class that was said, of runs whose softmax are meant as probabilities: these have
            log losses too. None: the class of the largest logit.
        clips: the clip that each is a piece of, where pieces of clips are tested: a further array `clip`.
    """
    arrays = {"id": np.array(ids), "label": label, "scene_logits": scene_logits, "classes": np.array(classes)}
    if later:
        arrays |= {"next_epochs": np.array(list(later)), "next_scene_logits": np.stack(list(later.values()))}
    arrays |= {} if decided is None else {"decided": decided}
    arrays |= {} if clips is None else {"clip": np.array(clips)}
    artifacts.write_arrays(predictions, **arrays)
    artifacts.write_json(scores, run_scores(said, classes, label, scene_logits, later, decided, clips))


def run_scores(
    said: Mapping[str, Any],
    classes: Sequence[str],
    label: np.ndarray,
    scene_logits: np.ndarray,
    later: Mapping[int, np.ndarray] = {},
    decided: np.ndarray | None = None,
    clips: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The content of a scores file: arguments as in `write_scored`."""
    counts = metrics.confusion(label, scene_logits.argmax(axis=1) if decided is None else decided, len(classes))
    run = {key: said.get(key) for key in SAID} | {"classes": list(classes), "n": len(label)}
    run |= {} if clips is None else {"clips": len(set(clips))}
    table = metrics.class_table(counts, classes)
    run |= {"confusion": counts.tolist(), "per_class": table} | metrics.scores(counts)
    if later:
        each = {said["best_epoch"]: scene_logits, **later}
        counted = {epoch: metrics.confusion(label, its.argmax(axis=1), len(classes)) for epoch, its in each.items()}
        run["epochs"] = [{"epoch": int(epoch), **metrics.scores(counts)} for epoch, counts in counted.items()]
    if decided is None:
        return run
    lost = np.bincount(label, weights=metrics.lost(scene_logits, label), minlength=len(classes))
    sums = metrics.Sums(*metrics.sums_of(counts), lost)
    for name, own in zip(classes, metrics.METRICS["log_loss"].by_class.of(sums), strict=True):
        table[name]["log_loss"] = float(own)
    return run | {word: float(its.of(sums)) for word, its in metrics.METRICS.items() if word not in run}
