"""Two rows compared within one scene: its clips alone, so at its few test locations alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from overheard.scores.arranged import Arranged, Split
from overheard.scores.comparisons import Asked, compared
from overheard.scores.locations import Answers
from overheard.scores.over_seeds import Row, Run

IN_SCENES = "accuracy"
"""What is compared: of the clips of one scene it is the scene's recall."""


def in_scene(scene: str) -> str:
    """The word of that metric among comparisons and printed numbers."""
    return f"{IN_SCENES} in {scene}"


def scene_of(metric: str) -> str:
    """The scene of such a word; empty of any other."""
    head, _, scene = metric.partition(" in ")
    return scene if head == IN_SCENES else ""


def compared_in(
    study: Arranged, scene: str, asked: Sequence[Asked], reasons: Mapping[Row, str] = {}
) -> list[dict[str, Any]]:
    """Lines as `comparisons.compared` gives them; none where a fold tests no clip of the scene, or there is none."""
    own = only(study, scene)
    if not own.tested or any(not len(said.label) for said in own.tested.values()):
        return []
    pairs = [Asked(*one.rows, [IN_SCENES]) for one in asked]
    return [line | {"metric": in_scene(scene)} for line in compared(own, pairs, reasons)]


def only(study: Arranged, scene: str) -> Arranged:
    """A study of the test clips of one scene, with as many training clips to a test clip as before."""
    its = list(study.classes).index(scene) if scene in study.classes else -1
    splits, tested = {}, {}
    for fold, split in study.splits.items():
        test = [clip for clip in split.test if clip.scene == scene]
        splits[fold] = Split(test, round(split.n_train * len(test) / max(len(split.test), 1)))
    for fold, said in study.tested.items():
        here = said.label == its
        lost = None if said.lost is None else said.lost[:, here]
        tested[fold] = Answers(said.location[here], said.label[here], said.predicted[:, here], lost)
    runs = {row: {seed: _only(run, its) for seed, run in by_seed.items()} for row, by_seed in study.runs.items()}
    return replace(study, splits=splits, tested=tested, runs=runs, metrics=[IN_SCENES])


def _only(run: Run, its: int) -> Run:
    """A run with the scores of one class, by its place among classes."""
    counts = np.array(run["confusion"], dtype=np.int64)
    own = np.where(np.arange(len(counts))[:, None] == its, counts, 0)
    support = int(own.sum())
    return {**run, "n": support, "confusion": own.tolist(), IN_SCENES: int(own.trace()) / max(support, 1)}
