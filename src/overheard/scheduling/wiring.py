"""What the rules of the workflow share: a job's plan as data, the flags of its command, the records it waits for.

A rule says what a job reads and its settings; all else about the job follows from the layout. The plan is data: the
same of which the command is made is what `overheard run`, `status` and `audit` read (`scheduling.dry_run`).
"""

import json
import os
import shlex
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from overheard.errors import OverheardError
from overheard.jobs.code import closure, versions
from overheard.jobs.store import content_digest
from overheard.study.layout import log_path, record_of
from overheard.study.plan import Target

Plan = dict[str, Any]
Files = Mapping[str, str | Sequence[str]]

PLANS = "OVERHEARD_PLANS"
"""Environment variable that names a file: a dry run of the workflow leaves its plan of every job there."""


def as_json(settings: Any) -> str:
    """Settings as they stand in a command: equal settings are equal text."""
    return json.dumps(settings, sort_keys=True)


def records_of(files: Files) -> list[str]:
    """The records of the jobs that make some files: small, so that Snakemake compares contents and not times."""
    found = [record_of(path) for paths in _lists(files).values() for path in paths]
    return list(dict.fromkeys(record for record in found if record is not None))


def _lists(files: Files) -> dict[str, list[str]]:
    """Every flag with its list of files; flags without files are left out."""
    lists = {flag: [paths] if isinstance(paths, str) else list(paths) for flag, paths in files.items()}
    return {flag: paths for flag, paths in lists.items() if paths}


def plan(target: Target, settings: Mapping[str, Any], reads: Files, outside: Collection[str] = ()) -> Plan:
    """All that a job is planned with. It must not depend on Snakemake's `input` or `output`: such params are "derived"
    for Snakemake, which does not compare them, so a change would schedule nothing.

    Args:
        target: the job, its record and its files.
        settings: arguments that decide and are no files, as its record will have them.
        reads: files by flag.
        outside: what no job makes and is too large for Snakemake to compare.
    """
    files = _lists(reads)
    given = [path for paths in files.values() for path in paths if path in outside]
    return {
        "record": target.record,
        "stage": target.stage,
        "settings": dict(settings),
        "reads": files,
        "writes": dict(target.writes),
        "sources": records_of(reads),
        "planned": {
            **_code_and_environment(target.stage, closure.entries(settings)),
            "outside": {path: content_digest(Path(path)) for path in given},
        },
        "log": log_path(target.record),
    }


@cache
def _code_and_environment(stage: str, entries: closure.Entries) -> Mapping[str, Any]:
    """The code that a job reaches and the versions it runs with; looked up once for all jobs alike."""
    reached = closure.stage_code(stage, entries)
    return {"code": reached.digest, "environment": versions.environment(reached)}


class Flags(str):
    """The flags of a job's command, with the plan that they say: Snakemake keeps a param as it is given."""

    plan: Plan


def as_flags(job: Plan) -> Flags:
    """A plan as the flags of its stage's command; those that only say how it runs are the rule's."""
    words = []
    for name, value in job["settings"].items():
        words += [_flag(name), as_json(value) if isinstance(value, dict) else str(value)]
    for side in ("reads", "writes"):
        words += [word for name, paths in job[side].items() for path in paths for word in (_flag(name), path)]
    words += [word for path in job["sources"] for word in ("--records", path)]
    words += ["--planned", as_json(job["planned"]), "--record", job["record"]]
    flags = Flags(shlex.join(words))
    flags.plan = job
    return flags


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def refused(path: Path) -> Path:
    """Where a dry run leaves what a user can fix: Snakemake would print it below a traceback."""
    return path.with_name(f"{path.name}.refused")


def leave_refusal(error: OverheardError) -> None:
    """Leave why no plan can be made, for the dry run that asked for it."""
    if PLANS in os.environ:
        refused(Path(os.environ[PLANS])).write_text(str(error), encoding="utf-8")


def write_plans(path: Path, dag: Any) -> None:
    """Leave the plan of every job of Snakemake's graph, a line of JSON each; `reason` is null where it need not run."""
    with path.open("w", encoding="utf-8") as stream:
        for job in dag.jobs:
            if job.rule.name != "all":
                reason = str(dag.reason(job)) if dag.needrun(job) else None
                stream.write(json.dumps(job.params.flags.plan | {"reason": reason}) + "\n")
