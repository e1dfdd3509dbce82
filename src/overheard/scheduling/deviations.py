"""Results that were not made as planned, as by a stage run by hand.

Snakemake compares its plan with its own note of the job that it ran, not with what lies there now. So the record of
each job that it would not run is compared with the job's plan.
"""

from collections.abc import Iterable, Mapping

from overheard.jobs.comparison import differences
from overheard.jobs.records import Record
from overheard.scheduling.dry_run import Planned


def deviations(found: Mapping[str, Record], jobs: Iterable[Planned]) -> dict[str, str]:
    """Jobs that have to run though Snakemake does not see it, by record, and what of each is not as planned.

    Args:
        found: records by path; those that were changed by hand are left out.
        jobs: every job as it is planned now; those that Snakemake would run anyway are passed over.
    """
    otherwise = {}
    for job in jobs:
        if job.reason is None and job.record in found:
            files = {"reads": job.reads, "writes": job.writes}
            plan = {"stage": job.stage, "settings": job.settings, **files, **job.planned}
            if first := next(differences(found[job.record], plan), None):
                otherwise[job.record] = _WORDS[first.kind]
    return otherwise


_WORDS = {
    "stage": "stage",
    "setting": "settings",
    "code": "code",
    "package": "versions",
    "reads": "files read",
    "writes": "files written",
    "input": "content of outside files",
}
