"""The runs that were tested, as they lie in files: joined with index and splits for the statistics."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts, clips
from overheard.scores.arranged import Arranged, Clip, Fold, Said, Split, arranged
from overheard.scores.metrics import lost
from overheard.scores.over_seeds import checked_run

_ARRAYS = ("id", "label", "scene_logits")


def read_tested(
    index: Path, splits: Sequence[Path], scores: Sequence[Path], predictions: Sequence[Path], metrics: Sequence[str]
) -> Arranged:
    """Runs with their test clips.

    Args:
        index: id, class and location of every clip.
        splits: of each fold.
        scores: scores.json of each run.
        predictions: of each run, in the same order.
        metrics: by which rows are compared.

    Raises:
        MediaError: a file is not what it should be, a prediction is no number, a clip is not in the index.
        PairingError: not as many predictions as scores, or they do not fit each other or their fold.
    """
    if len(scores) != len(predictions):
        raise PairingError(f"{len(scores)} scores and {len(predictions)} predictions; give both of every run")
    said = [read_said(*pair) for pair in zip(scores, predictions, strict=True)]
    return arranged(said, read_splits(index, splits), metrics)


def read_splits(index: Path, splits: Sequence[Path]) -> dict[Fold, Split]:
    """The test clips of each fold, and how many clips it trains on.

    Raises:
        MediaError: a file is not what it should be.
        PairingError: a clip is not in the index.
    """
    rows = artifacts.read_table(index, ["id", "class", "location"])
    known = {row["id"]: Clip(row["id"], row["class"], row["location"]) for row in rows}
    return {clips.fold_of_split(path): _split(path, known, index) for path in splits}


def _split(path: Path, known: dict[str, Clip], index: Path) -> Split:
    word = {row["id"]: row["split"] for row in artifacts.read_table(path, ["id", "split"])}
    test = sorted(clip for clip, its in word.items() if its == "test")
    artifacts.positions(test, list(known), str(index))
    return Split([known[clip] for clip in test], sum(its == "train" for its in word.values()))


def read_said(scores: Path, predictions: Path) -> Said:
    """What a run said of its test clips, and its scores.

    Raises:
        MediaError: a file is not what it should be, or a score is no number.
        PairingError: the two do not fit each other.
    """
    run = checked_run(artifacts.read_json(scores), str(scores))
    arrays = artifacts.read_arrays(predictions)
    if missing := [name for name in _ARRAYS if name not in arrays]:
        raise MediaError(f"{predictions}: no array {', '.join(missing)}; delete it and run evaluate again")
    logits, label = arrays["scene_logits"], arrays["label"]
    if logits.shape != (len(arrays["id"]), len(run["classes"])) or label.shape != (len(logits),):
        raise PairingError(
            f"{predictions}: {logits.shape} scores of {len(label)} clips, expected {len(run['classes'])} classes as in "
            f"{scores}; run evaluate again"
        )
    if not np.isfinite(logits).all():
        raise MediaError(f"{predictions}: scores that are no number (NaN or infinite); run evaluate again")
    decided = arrays.get("decided", logits.argmax(axis=1))
    pieces = None if "clip" not in arrays else arrays["clip"].tolist()
    if pieces is not None and len(pieces) != len(label):
        raise PairingError(f"{predictions}: {len(label)} pieces of {len(pieces)} clips; run evaluate again")
    return Said(run, arrays["id"].tolist(), label, decided, lost(logits, label), pieces)
