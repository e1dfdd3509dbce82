"""Results that were not made as planned, as by a stage run by hand. Touches files: reads Snakemake's notes.

Snakemake compares its plan with its own note of the job that it ran, not with what lies there now. So each record is
compared with that note; where there is none, with a plan of all jobs.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from overheard.errors import OverheardError
from overheard.jobs import records
from overheard.jobs.comparison import differences
from overheard.jobs.records import Record
from overheard.scheduling.dry_run import Scheduled, read_command
from overheard.scheduling.notes import metadata_path


def unplanned(
    found: Mapping[str, Record], plan: Callable[[], Iterable[Scheduled]], thorough: bool = False
) -> dict[str, str]:
    """Jobs that have to run though Snakemake does not see it, by record, and what of each is not as planned.

    Args:
        found: records by path; those that were changed by hand are left out.
        plan: lists all jobs of the study as they are planned now; asked only where Snakemake has no note of a job.
        thorough: believe no circumstance of a record that says by which command it was made.
    """
    noted = {path: _noted(path) for path in found}
    jobs = {
        path: _read(line)
        for path, line in noted.items()
        if line is not None and (thorough or not _ran_by(line, path, found[path]))
    }
    if unknown := [path for path, line in noted.items() if line is None or jobs.get(path, line) is None]:
        planned = {job.record: job for job in plan()}
        # a left-over job of a former study has neither note nor plan, and nothing reads it
        jobs |= {path: planned.get(path) for path in unknown}
    compared = {path: difference(found[path], job) for path, job in jobs.items() if job is not None}
    return {path: what for path, what in compared.items() if what is not None}


_WORDS = {
    "stage": "stage",
    "setting": "settings",
    "code": "code",
    "package": "versions",
    "reads": "files read",
    "writes": "files written",
    "input": "content of outside files",
}


def difference(record: Record, job: Scheduled) -> str | None:
    """What a record has otherwise than the job's plan, in words; None if nothing."""
    plan = {"stage": job.stage, "settings": job.settings, "reads": job.reads, "writes": job.writes, **job.planned}
    first = next(differences(record, plan), None)
    return first and _WORDS[first.kind]


def _noted(path: str) -> str | None:
    """The command that Snakemake ran for a record, by its own note; None where there is none."""
    try:
        line = json.loads(metadata_path(path).read_bytes())["shellcmd"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return line if isinstance(line, str) else None


def _ran_by(line: str, path: str, record: Record) -> bool:
    """Whether the record was made by this very command, which checked itself what it was planned with."""
    said = records.read_circumstance(Path(path))
    return said is not None and said.get("command") == line and said.get("of") == record["digest"]


def _read(line: str) -> Scheduled | None:
    try:
        return read_command(line)
    except (OverheardError, KeyError, ValueError):
        return None
