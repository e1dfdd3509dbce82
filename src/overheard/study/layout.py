"""Which job makes a file of `results/NAME`: the record that belongs to a path. Pure; a test holds the rules to it."""

import re

from overheard.jobs import records
from overheard.study import job_settings
from overheard.study.experiments import Loaded

STAGES = {
    "draw": "Draw the simulated twin's pictures and sounds.",
    "media": "Index and check a folder of pictures and sounds.",
    "split": "Divide locations into train, val and test.",
    "features": "Turn pictures and sounds into arrays, once.",
    "normaliser": "Mean and deviation of the training split.",
    "pretrain": "Train a network before any scene of the study is seen.",
    "teacher": "What the frozen tagger hears in every clip.",
    "prior": "p(event | scene) from training locations.",
    "relevance": "The relevance vector d_k of each scene.",
    "train": "Train one student: one method, modality and seed.",
    "evaluate": "Test the students of one row.",
    "tables": "One table from the scores of its runs.",
    "cells": "All tables' cells in one file.",
    "figures": "One figure.",
}
"""Every stage's command, in the order of the flow, with its line in `overheard --help`."""

WARM_STAGES = ("pretrain", "teacher", "train", "evaluate")
"""Stages that import torch, which takes seconds: a run imports it once for all their jobs."""

_PATTERNS = (
    # what stands in an experiment's folder, and the job that makes it, without `.record.json`
    (r"draw/(pairs|scenes|sounds)(/.*|\.files\.csv)?", "draw/{}"),
    (r"media/splits\.csv", "media/split"),
    (r"media/((?:scenes|sounds)/)?(?:index\.csv|manifest\.csv|statistics\.csv|report\.md)", "media/{}media"),
    (r"features/normaliser\.npz", "features/normaliser"),
    (r"features/((?:scenes/|sounds/)?[a-z0-9_]+)(?:\.pooled)?\.npy", "features/{}"),
    (r"features/((?:scenes/|sounds/)?[a-z0-9_]+)\.ids\.csv", "features/{}"),
    (r"pretrain/(image|sound)(?:\.pt|\.history\.csv)", "pretrain/{}"),
    (r"teacher/(prior|relevance)\.csv", "teacher/{}"),
    (r"teacher/(?:logits\.npy|logits\.ids\.csv|report\.json|trunk\.npy)", "teacher/teacher"),
    (r"train/([^/]+/[^/]+/seed-\d+)/(?:student\.pt|history\.csv)", "train/{}/student"),
    (r"evaluate/([^/]+/[^/]+)/seed-\d+/(?:predictions\.npz|events\.npz|scores\.json)", "evaluate/{}/evaluate"),
    (r"tables/(?:cells\.csv|metrics\.json)", "tables/cells"),
    (r"tables/([^/]+?)(?:\.cells\.csv|\.csv|\.md|\.tex)", "tables/{}"),
    (r"figures/([^/]+)\.(?:png|pdf)", "figures/{}"),
)
# by their first word: a study of thousands of runs asks for tens of thousands of files
_JOBS = {
    stage: [(re.compile(pattern), job) for pattern, job in _PATTERNS if pattern.startswith(f"{stage}/")]
    for stage in {pattern.partition("/")[0] for pattern, _ in _PATTERNS}
}


def record_of(path: str) -> str | None:
    """The record of the job that makes `results/NAME/...`; a record's own path stays; None where no job makes it."""
    match = re.fullmatch(r"(results/[^/]+)/(.+)", path)
    if match is None:
        return None
    root, rest = match.groups()
    if rest.endswith((".record.json", ".circumstance.json")):
        return f"{root}/{re.sub('[.](record|circumstance)[.]json$', '', rest)}.record.json"
    for pattern, job in _JOBS.get(rest.partition("/")[0], ()):
        if found := pattern.fullmatch(rest):
            return f"{root}/{job.format(found[1] or '') if found.re.groups else job}.record.json"
    return None


def stage_of(record: str) -> str:
    """The folder of a record under `results/NAME`: draw, media, …, figures."""
    return record.split("/")[2]


SAVED = "saved"


_IN_GIT = re.compile(
    r".*\.(record|circumstance)\.json|(tables|figures)/.*|media/splits\.csv|(train/.*/|pretrain/.*\.)history\.csv"
    r"|evaluate/[^/]+/[^/]+/seed-\d+/(predictions\.npz|scores\.json)"
)


def in_git(path: str) -> bool:
    """Whether a file of the results is one that git keeps: small, and read by people or `trace`."""
    return _IN_GIT.fullmatch(path) is not None


_KEPT = {
    "media": {"index", "manifest", "statistics", "report"},
    "split": {"splits"},
    "evaluate": {"predictions", "scores"},
    "tables": {"cells", "csv", "markdown", "latex"},
    "cells": {"cells", "metrics"},
}
"""Flags of the stages' files that a reference run has."""


def is_kept(stage: str, flag: str) -> bool:
    """Whether a reference run has what a stage wrote under a flag."""
    return flag in _KEPT.get(stage, ())


def wanted(loaded: Loaded) -> list[str]:
    """Records of all jobs of a study, as `rule all` asks for their files, in the order of the flow."""
    experiment, study, results = loaded.experiment, loaded.study, f"results/{loaded.name}"
    absent = job_settings.left_out(experiment, study)
    rows = [run for run in study.rows() if run not in absent]
    collections = job_settings.parts(experiment, study)
    part = {"pairs": "", "scenes": "scenes/", "sounds": "sounds/"}
    names = [f"draw/{collection}" for collection in collections if experiment.source.kind == "twin"]
    names += [f"media/{part[collection]}media" for collection in collections]
    names += ["media/split"]
    names += [
        f"features/{part[collection]}{front_end}"
        for collection in collections
        for front_end in job_settings.front_ends(experiment, collection)
    ]
    names += [
        "features/normaliser",
        *(f"pretrain/{modality}" for modality in job_settings.pretrained(experiment, study)),
    ]
    names += [f"teacher/{job}" for job in job_settings.teacher_jobs(experiment, study)]
    names += [f"train/{m}/{c}/seed-{seed}/student" for m, c in rows for seed in experiment.seeds]
    names += [f"evaluate/{m}/{c}/evaluate" for m, c in rows]
    names += [f"tables/{table}" for table in study.tables]
    names += ["tables/cells", "figures/figure3", "figures/figure6"]
    return [f"{results}/{name}{records.SUFFIX}" for name in names]


def words(record: str) -> str:
    """A job in words, from its record's path: `train scene image seed-0`, `media scenes`, `split`."""
    folder, *rest = record.removesuffix(records.SUFFIX).split("/")[2:]
    if folder in ("train", "evaluate"):
        return " ".join([folder, *rest[:-1]])
    if rest[-1] in STAGES:
        return " ".join([rest[-1], *rest[:-1]])
    return " ".join([folder, *rest])
