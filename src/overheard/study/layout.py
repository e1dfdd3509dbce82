"""Where everything lies: every stage, the record of its jobs, the files they write. The one place with path patterns.

Rules, `status`, `audit`, `save`, the reference run and the crate read it here. Patterns are relative to `results/NAME`;
names in braces are what a stage's jobs differ in. Pure and light: each job's command imports it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from string import Formatter
from typing import NamedTuple

from overheard.jobs.records import CIRCUMSTANCE, LISTING, SUFFIX


class Stage(NamedTuple):
    """One stage: a command, a rule, a results folder, a log folder.

    Attributes:
        help: its line in `overheard --help`.
        record: where a job's record lies, without suffix; its log has the same name under `logs/NAME`.
        writes: its files by flag; a folder ends in a slash; a name that the record does not have is a list of files.
        git: flags of the files that git keeps when results are saved; the rest goes into archives.
        reference: flags of the files that a reference run in git has.
        final: nothing needs to read what it makes.
        warm: it imports torch, which takes seconds: a run imports it once for all its jobs.
    """

    help: str
    record: str
    writes: Mapping[str, str]
    git: Sequence[str] = ()
    reference: Sequence[str] = ()
    final: bool = False
    warm: bool = False


RUN = "{method}/{modality}/seed-{seed}"
"""A run's name."""
_MEDIA = "media/{part}"
_ARRAY = "features/{part}{front_end}"
_FOLD = "fold-{fold}"

STAGES = {
    "draw": Stage(
        "Draw the simulated twin's pictures and sounds.", "draw/{collection}", {"media": "draw/{collection}/"}
    ),
    "media": Stage(
        "Index and check a folder of pictures and sounds.",
        f"{_MEDIA}media",
        {
            **{name: f"{_MEDIA}{name}.csv" for name in ("index", "manifest", "statistics")},
            "report": f"{_MEDIA}report.md",
        },
        reference=("index", "manifest", "statistics", "report"),
    ),
    "split": Stage(
        "Divide locations into train, val and test, for one fold.",
        f"media/{_FOLD}/split",
        {"splits": f"media/{_FOLD}/splits.csv"},
        git=("splits",),
        reference=("splits",),
    ),
    "features": Stage(
        "Turn pictures and sounds into arrays, once.",
        _ARRAY,
        {"array": f"{_ARRAY}.npy", "pooled": f"{_ARRAY}.pooled.npy", "ids": f"{_ARRAY}.ids.csv"},
    ),
    "normaliser": Stage(
        "Mean and deviation of the training split.",
        f"features/{_FOLD}/normaliser",
        {f"{name}_normaliser": f"features/{_FOLD}/normaliser.{name}.npz" for name in ("image", "sound")},
    ),
    "pretrain": Stage(
        "Train a network before any scene of the study is seen.",
        "pretrain/{encoder}",
        {"weights": "pretrain/{encoder}.pt", "history": "pretrain/{encoder}.history.csv"},
        git=("history",),
        warm=True,
    ),
    "frozen": Stage(
        "What the frozen lower blocks of a network make of every clip.",
        "frozen/{encoder}",
        {"outputs": "frozen/{encoder}.npy", "output_ids": "frozen/{encoder}.ids.csv"},
        warm=True,
    ),
    "teacher": Stage(
        "What the frozen tagger hears in every clip.",
        "teacher/teacher",
        {
            "logits": "teacher/logits.npy",
            "logit_ids": "teacher/logits.ids.csv",
            "events": "teacher/events.csv",
            "report": "teacher/report.json",
        },
        warm=True,
    ),
    "prior": Stage(
        "p(event | scene) from training locations.",
        f"teacher/{_FOLD}/prior",
        {"prior": f"teacher/{_FOLD}/prior.csv"},
    ),
    "relevance": Stage(
        "The relevance vector d_k of each scene.",
        f"teacher/{_FOLD}/relevance",
        {"relevance": f"teacher/{_FOLD}/relevance.csv"},
    ),
    "baselines": Stage(
        "Fit and test one dull baseline: what a student must beat.",
        f"baselines/{RUN}/baselines",
        {"predictions": f"baselines/{RUN}/predictions.npz", "scores": f"baselines/{RUN}/scores.json"},
        git=("predictions", "scores"),
        reference=("predictions", "scores"),
    ),
    "train": Stage(
        "Train one student: one method, modality and seed.",
        f"train/{RUN}/student",
        {"student": f"train/{RUN}/student.pt", "history": f"train/{RUN}/history.csv"},
        git=("history",),
        warm=True,
    ),
    "evaluate": Stage(
        "Test the students of one row.",
        "evaluate/{method}/{modality}/evaluate",
        {
            "predictions": f"evaluate/{RUN}/predictions.npz",
            "events": f"evaluate/{RUN}/events.npz",
            "scores": f"evaluate/{RUN}/scores.json",
        },
        git=("predictions", "scores"),
        reference=("predictions", "scores"),
        warm=True,
    ),
    "tables": Stage(
        "One table from the scores of its runs.",
        "tables/{table}",
        {
            "cells": "tables/{table}.cells.csv",
            "csv": "tables/{table}.csv",
            "markdown": "tables/{table}.md",
            "latex": "tables/{table}.tex",
        },
        git=("cells", "csv", "markdown", "latex"),
        reference=("cells", "csv", "markdown", "latex"),
        final=True,
    ),
    "cells": Stage(
        "All tables' cells in one file.",
        "tables/cells",
        {"cells": "tables/cells.csv", "metrics": "tables/metrics.json"},
        git=("cells", "metrics"),
        reference=("cells", "metrics"),
        final=True,
    ),
    "figures": Stage(
        "One figure.",
        "figures/{figure}",
        {"png": "figures/{figure}.png", "pdf": "figures/{figure}.pdf"},
        git=("png", "pdf"),
        final=True,
    ),
}
"""Every stage in the order of the flow."""

FINAL_STAGES = tuple(stage for stage, its in STAGES.items() if its.final)
"""Stages that nothing needs to read: what a study is for."""

PARTS = {"pairs": "", "scenes": "scenes/", "sounds": "sounds/"}
"""Collections of media, and the folder of each below `media/` and `features/`."""

WILDCARDS = {
    "collection": "|".join(PARTS),
    "part": "|".join(PARTS.values()),
    "front_end": "[a-z0-9_]+",
    "encoder": "image|sound",
    "seed": r"\d+",
    "fold": r"\d+",
}
"""What may stand for a name in braces, as a regular expression; other names take anything but a slash."""

SAVED = "saved"
"""The folder of archives in an experiment's results, which git ignores and DVC keeps."""


def fold_of(seed: int, folds: int) -> int:
    """The fold on which a run of a seed is trained and tested."""
    return seed % folds


def results(experiment: str) -> str:
    """The folder of an experiment's results."""
    return f"results/{experiment}"


def names(pattern: str) -> tuple[str, ...]:
    """The names in a pattern's braces, in order."""
    return tuple(name for _, name, _, _ in Formatter().parse(pattern) if name)


def record_path(experiment: str, stage: str, values: Mapping[str, object]) -> str:
    """The record of one job of a stage."""
    return f"{results(experiment)}/{STAGES[stage].record.format_map(values)}{SUFFIX}"


def log_path(record: str) -> str:
    """The log of the job with this record."""
    return f"logs/{record.removeprefix('results/').removesuffix(SUFFIX)}.log"


def written(
    experiment: str,
    stage: str,
    values: Mapping[str, object],
    lists: Mapping[str, Iterable[object]] = {},
    without: Collection[str] = (),
) -> dict[str, list[str]]:
    """The files that one job of a stage writes, by flag.

    Args:
        experiment: its name.
        stage: the stage's word.
        values: of the names in its record.
        lists: the values of names that only its files have, as the seeds of `evaluate`.
        without: flags that this job does not write.
    """
    found: dict[str, list[str]] = {}
    for flag, pattern in STAGES[stage].writes.items():
        if flag in without:
            continue
        path = f"{results(experiment)}/{pattern.rstrip('/')}"
        more = [name for name in names(pattern) if name not in names(STAGES[stage].record)]
        each: list[dict[str, object]] = [dict(values)]
        for name in more:
            each = [one | {name: value} for one in each for value in lists[name]]
        found[flag] = [path.format_map(one) for one in each]
    return found


def rule_outputs(
    experiment: str, stage: str, lists: Mapping[str, Iterable[object]] = {}, without: Collection[str] = ()
) -> dict[str, str | list[str]]:
    """The outputs of a stage's rule: its record and its files, with the names that jobs differ in left in braces."""
    own = names(STAGES[stage].record)
    kept = {name: f"{{{name}}}" for name in own}
    outputs: dict[str, str | list[str]] = {"record": record_path(experiment, stage, kept)}
    for flag, paths in written(experiment, stage, kept, lists, without).items():
        outputs[flag] = paths if set(names(STAGES[stage].writes[flag])) - set(own) else paths[0]
    return outputs


@cache
def _regex(pattern: str) -> str:
    """A pattern as a regular expression with a group for each name."""
    text, seen = "", set()
    for literal, name, _, _ in Formatter().parse(pattern):
        text += re.escape(literal)
        if name:
            text += f"(?P={name})" if name in seen else f"(?P<{name}>{WILDCARDS.get(name, '[^/]+')})"
            seen.add(name)
    return text


@cache
def _patterns() -> dict[str, list[tuple[re.Pattern[str], str, str]]]:
    """(files, stage, flag) by the first folder, those that say most first."""
    found = []
    for stage, its in STAGES.items():
        for flag, pattern in its.writes.items():
            text = _regex(pattern.rstrip("/"))
            if pattern.endswith("/"):
                text += rf"(?:/.*|{re.escape(LISTING)})?"
            # `tables/cells.csv` before `tables/{table}.csv`, and `{table}.cells.csv` before that
            fixed = len(re.sub(r"{\w+}", "", pattern))
            found.append((len(names(pattern)), -fixed, re.compile(text), stage, flag))
    folders: dict[str, list[tuple[re.Pattern[str], str, str]]] = {}
    for _, _, regex, stage, flag in sorted(found, key=lambda entry: entry[:2]):
        folders.setdefault(STAGES[stage].writes[flag].partition("/")[0], []).append((regex, stage, flag))
    return folders


def maker(place: str) -> tuple[str, str, dict[str, str]] | None:
    """The stage and flag that write a file, by its path under `results/NAME`, and the values of its pattern's names."""
    for regex, stage, flag in _patterns().get(place.partition("/")[0], ()):
        if match := regex.fullmatch(place):
            return stage, flag, match.groupdict()
    return None


def record_of(path: str) -> str | None:
    """The record of the job that makes `results/NAME/...`; a record's own path stays; None where no job makes it."""
    parts = path.split("/", 2)
    if len(parts) < 3 or parts[0] != "results":
        return None
    root, place = f"{parts[0]}/{parts[1]}", parts[2]
    for suffix in (SUFFIX, CIRCUMSTANCE):
        if place.endswith(suffix):
            return f"{root}/{place.removesuffix(suffix)}{SUFFIX}"
    made = maker(place)
    return made and f"{root}/{STAGES[made[0]].record.format_map(made[2])}{SUFFIX}"


def values_of(place: str, stage: str, *flags: str) -> dict[str, str] | None:
    """What stands for the names in the path of a file under `results/NAME`; None if none of the flags writes it."""
    made = maker(place)
    return made[2] if made and made[0] == stage and made[1] in flags else None


def values_of_job(record: str, stage: str) -> dict[str, str] | None:
    """What stands for the names in a record's path; None if it is no record of a job of the stage."""
    match = re.fullmatch(rf"results/[^/]+/{_regex(STAGES[stage].record)}{re.escape(SUFFIX)}", record)
    return match and match.groupdict()


def run_of(path: str, *flags: str) -> str | None:
    """The run, of a student or a baseline, whose file lies at `results/NAME/...`; None but for one of the flags."""
    made = maker(path.split("/", 2)[-1])
    if made is None or made[1] not in flags or RUN not in STAGES[made[0]].writes[made[1]]:
        return None
    return RUN.format_map(made[2])


def stage_of(record: str) -> str:
    """The folder of a record under `results/NAME`: draw, media, …, figures."""
    return record.split("/")[2]


def in_git(path: str) -> bool:
    """Whether a file, by its path under `results/NAME`, is one that git keeps: small, and read by people or `trace`."""
    if path.endswith((SUFFIX, CIRCUMSTANCE)):
        return True
    made = maker(path)
    return made is not None and made[1] in STAGES[made[0]].git


def is_kept(stage: str, flag: str) -> bool:
    """Whether a reference run has what a stage wrote under a flag."""
    return stage in STAGES and flag in STAGES[stage].reference


def words(record: str) -> str:
    """A job in words, from its record's path: `train scene image seed-0`, `media scenes`, `split`."""
    folder, *rest = record.removesuffix(SUFFIX).split("/")[2:]
    if folder in ("baselines", "train", "evaluate"):
        return " ".join([folder, *rest[:-1]])
    if rest[-1] in STAGES:
        return " ".join([rest[-1], *rest[:-1]])
    return " ".join([folder, *rest])
