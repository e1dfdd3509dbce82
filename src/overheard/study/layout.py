"""Where everything lies: paths from the patterns of `study.flow`, and the job from a path.

Rules, `status`, `audit`, `save`, the reference run and the crate ask here.
Pure and light: each job's command imports it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from string import Formatter

from overheard.jobs.records import CIRCUMSTANCE, LISTING, SUFFIX
from overheard.study.flow import RUN, STAGES, VIEWS, WILDCARDS

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
    """The run, of a student or a baseline, whose file lies at `results/NAME/...`; None but for one of the flags.

    Of the scores and predictions that a view shows it is called by the view's column, as cells call it.
    """
    made = maker(path.split("/", 2)[-1])
    if made is None or RUN not in STAGES[made[0]].writes[made[1]]:
        return None
    view = {flag: (column, word) for column, its in VIEWS.items() for word, flag in its.items()}.get(made[1])
    if (view[1] if view else made[1]) not in flags:
        return None
    return RUN.format_map(made[2] | ({"modality": view[0]} if view else {}))


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
