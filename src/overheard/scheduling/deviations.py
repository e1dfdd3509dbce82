"""Results that were not made as planned, as by a stage run by hand.

Snakemake compares its plan with its own note of the job that it ran, not with what lies there now. So the record of
each job that it would not run is compared with the job's plan.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from overheard.jobs import records
from overheard.jobs.records import Record
from overheard.scheduling.dry_run import Planned


def deviations(found: Mapping[str, Record], jobs: Iterable[Planned]) -> dict[str, str]:
    """Jobs that have to run though Snakemake does not see it, by record, and what of each is not as planned.

    Args:
        found: records by path; those that were changed by hand are left out.
        jobs: every job as it is planned now; those that Snakemake would run anyway are passed over.
    """
    compared = {
        job.record: difference(found[job.record], job) for job in jobs if job.reason is None and job.record in found
    }
    return {path: what for path, what in compared.items() if what is not None}


def difference(record: Record, job: Planned) -> str | None:
    """What a record has otherwise than the job's plan, in words; None if nothing."""
    kept, wanted = _of_record(record), _of_plan(record, job)
    return next((what for what in kept if records.canonical(kept[what]) != records.canonical(wanted[what])), None)


def _of_record(record: Record) -> dict[str, Any]:
    return {
        "stage": record["stage"],
        "settings": record["settings"],
        "code": record["code"]["digest"],
        "versions": record["environment"],
        "files read": _paths(record["reads"]),
        "files written": _paths(record["writes"]),
        "content of outside files": {entry["path"]: entry["sha256"] for entry in _outside(record)},
    }


def _of_plan(record: Record, job: Planned) -> dict[str, Any]:
    digests = job.planned["outside"]
    return {
        "stage": job.stage,
        "settings": job.settings,
        "code": job.planned["code"],
        "versions": job.planned["environment"],
        "files read": {flag: list(paths) for flag, paths in job.reads.items()},
        "files written": {flag: list(paths) for flag, paths in job.writes.items()},
        # a plan has the digests of what is large alone
        "content of outside files": {
            entry["path"]: digests.get(entry["path"], entry["sha256"]) for entry in _outside(record)
        },
    }


def _paths(side: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, list[str]]:
    return {flag: [entry["path"] for entry in entries] for flag, entries in side.items() if entries}


def _outside(record: Record) -> list[Mapping[str, Any]]:
    return [entry for entry in records.entries(record["reads"]) if entry["record"] is None]
