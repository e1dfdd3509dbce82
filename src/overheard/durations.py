"""How long will it take: from earlier runs on this machine, else from one recorded run of the default study."""

import csv
import statistics
from pathlib import Path

# seconds a job of the default study took on a machine of two cores, all jobs of a stage together (docs/decisions.md)
RECORDED_S = {
    "draw": 15.0, "media": 4.0, "split": 0.5, "features": 5.0, "normaliser": 0.5, "pretrain": 25.0, "teacher": 2.0,
    "prior": 0.5, "relevance": 0.5, "train": 4.0, "evaluate": 1.0, "tables": 1.5, "cells": 0.5, "figures": 1.5,
}  # fmt: skip
_ALONE = ("draw", "media", "features")


def _path(name: str) -> Path:
    return Path("logs") / name / "durations.csv"


def remember(name: str, jobs: list[tuple[str, float]]) -> None:
    """Append finished jobs' seconds to the experiment's log."""
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows((job, f"{seconds:.3f}") for job, seconds in jobs)


def estimate(name: str, stages: dict[str, int], cores: int) -> tuple[float, str]:
    """Seconds that `stages` (jobs by stage) will take on `cores` cores, and where the guess comes from."""
    measured: dict[str, list[float]] = {}
    if _path(name).exists():
        with _path(name).open(encoding="utf-8", newline="") as stream:
            for job, seconds in csv.reader(stream):
                measured.setdefault(job.split(" ")[0], []).append(float(seconds))
    means = RECORDED_S | {stage: statistics.fmean(seconds) for stage, seconds in measured.items()}
    total = 3.0
    for stage, count in stages.items():
        at_once = 1 if stage in _ALONE else min(cores, count)
        total += count * means[stage] / at_once
    known = set(stages) <= set(measured)
    return total, "from earlier runs here" if known else "from a recorded run on two cores"


def in_words(seconds: float) -> str:
    """`40 seconds`, `8 minutes`, `2.5 hours`."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
