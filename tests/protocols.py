"""What the default study's jobs are given under protocol `corrected`, for tests of what reads it."""

from functools import cache
from pathlib import Path
from typing import Any

from overheard.jobs.code import closure
from overheard.study import config, job_settings

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = config.check(config.Experiment, {"source": {"kind": "twin"}}, "x")
PROTOCOL = config.load_protocol(ROOT, EXPERIMENT)
STUDY = config.load_study(ROOT, EXPERIMENT)


@cache
def train_settings(method: str, modality: str = "image+sound") -> dict[str, Any]:
    """The settings of a row's trainings."""
    return job_settings.train_settings(EXPERIMENT, PROTOCOL, STUDY.methods[method], modality)


def entries(method: str) -> closure.Entries:
    """Which entries of dicts count for a row's trainings."""
    return closure.entries({"method": method, "settings": train_settings(method)})


def chosen(method: str, n_events: int = 527, **changed: Any) -> dict[str, Any]:
    """What the protocol, with changes, decides of a method's losses."""
    from overheard.learning import methods

    return methods.chosen(methods.METHODS[method], train_settings(method) | changed, n_events)


def switched(stage: str) -> dict[str, Any]:
    """The switches that reach a stage whose jobs are of no row."""
    return job_settings.switched(PROTOCOL, stage)
