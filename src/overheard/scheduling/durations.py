"""How long will it take: from earlier runs on this machine, else from one recorded run of the default study."""

import csv
import statistics
from pathlib import Path

from overheard.study.experiments import Loaded

# mean seconds of a job on a machine of two cores, by the slowest network: small, of the default study (781 pairs); mn04
# with 13 blocks frozen, of a folder of 208 pairs, while other work ran; efficientnet_lite0 with 16 beside it: seconds
# of a core, of the same pairs; a full network was never timed
_COMMON_S = {
    "draw": 25.0, "media": 1.0, "split": 0.1, "features": 2.0, "samples": 0.1, "normaliser": 0.2, "pretrain": 14.0,
    "teacher": 1.0, "shuffle": 0.1, "prior": 0.1, "relevance": 0.1, "baselines": 1.5, "evaluate": 0.3,
    "statistics": 2.0, "tables": 0.9, "cells": 0.9, "counts": 0.5, "claims": 1.5, "maps": 1.0, "atlas": 0.5,
    "embedding": 6.0, "reliability": 0.5, "figures": 1.0,
}  # fmt: skip
RECORDED_S = {
    "small": _COMMON_S | {"train": 4.0},
    "mn04": _COMMON_S | {"features": 7.0, "frozen": 9.0, "teacher": 4.0, "train": 24.0, "evaluate": 1.5},
    "efficientnet_lite0": _COMMON_S | {"features": 7.0, "frozen": 12.0, "teacher": 4.0, "train": 50.0, "evaluate": 2.5},
}
_START_S = {"train": 0.4, "evaluate": 0.6, "tables": 0.6, "figures": 0.6}
"""What a job costs besides its own seconds."""

_UNTIMED_S = 1.0
"""What a job of a stage is taken for that was never timed, as one that a reader added."""

_ALONE = ("draw", "media", "features")


def _path(name: str) -> Path:
    return Path("logs") / name / "durations.csv"


def remember(name: str, jobs: list[tuple[str, float]]) -> None:
    """Append finished jobs' seconds to the experiment's log."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows((job, f"{seconds:.3f}") for job, seconds in jobs)


def estimate(name: str, stages: dict[str, int], cores: int, network: str) -> tuple[float, str] | None:
    """Seconds that `stages` (jobs by stage) will take on `cores` cores, and the guess's basis; None: no guess."""
    measured: dict[str, list[float]] = {}
    if _path(name).exists():
        with _path(name).open(encoding="utf-8", newline="") as stream:
            for job, seconds in csv.reader(stream):
                measured.setdefault(job.split(" ")[0], []).append(float(seconds))
    known = set(stages) <= set(measured)
    if network not in RECORDED_S and not known:
        return None
    means = RECORDED_S.get(network, {}) | {stage: statistics.fmean(seconds) for stage, seconds in measured.items()}
    total = 3.0
    for stage, count in stages.items():
        at_once = 1 if stage in _ALONE else min(cores, count)
        total += count * (means.get(stage, _UNTIMED_S) + _START_S.get(stage, 0.3)) / at_once
    return total, "from earlier runs here" if known else "from a recorded run on two cores"


def in_words(seconds: float) -> str:
    """`40 seconds`, `8 minutes`, `2.5 hours`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


def how_long(loaded: Loaded, stages: dict[str, int], cores: int) -> str:
    """In words, how long some jobs (number by stage) will take, and what the guess rests on."""
    slowest = loaded.design.timed(loaded)
    guess = estimate(loaded.name, stages, cores, slowest)
    if guess is None:
        return f"How long is not known: {slowest} was never timed here"
    return f"About {in_words(guess[0])} on {cores} cores ({guess[1]})"
