"""Rows of a made-up study, as `evaluate` leaves them: index, splits, scores and predictions, nothing trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from overheard.io import artifacts
from overheard.io.scored import write_scored

CLASSES = ("beach", "forest", "lake")
PLACES = 10
"""Locations a class."""
SHARE = {"scratch": 0.45, "scene": 0.75, "scene+event": 0.8}
"""Of clips that a row knows."""


def make_rows(
    folder: Path,
    rows: Sequence[tuple[str, str]] = (("scratch", "image"), ("scene", "image"), ("scene+event", "image")),
    seeds: Sequence[int] = range(5),
    folds: int = 5,
    own_split: bool = False,
    clips: int = 2,
    epochs: int = 0,
) -> Path:
    """Write a study of three classes with ten locations each; returns its folder.

    Args:
        folder: `results/NAME`.
        rows: method and modality.
        seeds: of every row.
        folds: a fifth of the locations is tested in each; 1: the same fifth by all seeds.
        own_split: the split is the user's, and no fold.
        clips: of a location.
        epochs: how many later epochs are tested too.
    """
    places = [(name, f"{name}-{place}", place) for name in CLASSES for place in range(PLACES)]
    index = [
        {"id": f"{location}-{clip}", "class": name, "location": location, "place": place}
        for name, location, place in places
        for clip in range(clips)
    ]
    (folder / "media").mkdir(parents=True)
    if folder.parent.name == "results":
        config = folder.parent.parent / "config" / f"{folder.name}.yaml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text("source: {kind: twin}\n", encoding="utf-8")
    artifacts.write_table(folder / "media/index.csv", ["id", "class", "location"], map(_indexed, index))
    for seed in seeds:
        fold = seed % folds
        words = {row["id"]: "test" if row["place"] % 5 == fold else "train" for row in index}
        _write_split(folder / f"media/fold-{fold}/splits.csv", words, "" if own_split else fold)
        test = sorted((row for row in index if words[row["id"]] == "test"), key=lambda row: row["id"])
        label = np.array([CLASSES.index(row["class"]) for row in test])
        for method, modality in rows:
            rng = np.random.default_rng([len(method), len(modality), seed])
            run = folder / ("baselines" if method == "majority" else "evaluate") / method / modality / f"seed-{seed}"
            run.mkdir(parents=True)
            logits = [_logits(rng, label, SHARE.get(method, 0.3)) for _ in range(1 + epochs)]
            said = {"method": method, "modality": modality, "seed": seed, "fold": None if own_split else fold}
            said |= {"best_epoch": 3, "events": None}
            later = {4 + epoch: its for epoch, its in enumerate(logits[1:])}
            ids = [row["id"] for row in test]
            write_scored(run / "predictions.npz", run / "scores.json", said, CLASSES, ids, label, logits[0], later)
    return folder


def _indexed(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("id", "class", "location")}


def _write_split(path: Path, words: Mapping[str, str], fold: object) -> None:
    path.parent.mkdir(exist_ok=True)
    rows = ({"id": clip, "split": word, "fold": fold} for clip, word in words.items())
    artifacts.write_table(path, ["id", "split", "fold"], rows)


def _logits(rng: np.random.Generator, label: np.ndarray, share: float) -> np.ndarray:
    said = np.where(rng.random(len(label)) < share, label, (label + 1) % len(CLASSES))
    return np.eye(len(CLASSES), dtype=np.float32)[said]


def files_of(folder: Path) -> dict[str, object]:
    """What the stage `statistics` reads of a folder, by flag."""
    scores = sorted(folder.glob("*/*/*/seed-*/scores.json"))
    return {
        "index": folder / "media/index.csv",
        "splits": sorted(folder.glob("media/fold-*/splits.csv")),
        "scores": scores,
        "predictions": [path.with_name("predictions.npz") for path in scores],
    }
