"""Which jobs must run again: Snakemake is asked, and jobs whose records say otherwise than planned are added."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import ConfigError, LineageError
from overheard.jobs.comparison import differences
from overheard.jobs.on_disk import Found, examine
from overheard.jobs.records import Record, entries, read_record, record_paths
from overheard.scheduling.dry_run import Planned, dry_run
from overheard.study import plan as plans
from overheard.study.experiments import Loaded, project_root
from overheard.study.flow import STAGES
from overheard.study.layout import results, stage_of


@dataclass(frozen=True)
class Wanted:
    """Which part of an experiment is asked for; all None is everything."""

    until: str | None = None
    table: str | None = None
    row: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Plan:
    """What there is of an experiment, and what would run.

    Attributes:
        found: what there is of every job that has a record.
        jobs: every job of what is asked for, in the order of the flow.
        deviating: jobs whose results were not made as planned, by record, and what is otherwise; they run in any case.
    """

    found: Mapping[str, Found]
    jobs: Sequence[Planned]
    deviating: Mapping[str, str]

    @property
    def scheduled(self) -> list[Planned]:
        """The jobs that would run."""
        return [job for job in self.jobs if job.reason is not None]

    def by_stage(self) -> dict[str, int]:
        """How many jobs of each stage would run."""
        return Counter(job.stage for job in self.scheduled)


def plan(loaded: Loaded, wanted: Wanted = Wanted(), extra: Sequence[str] = ()) -> Plan:
    """See what there is of an experiment and what Snakemake would run; files are looked at while it plans.

    Args:
        loaded: the experiment.
        wanted: which part of it.
        extra: more options of Snakemake's.

    Raises:
        OverheardError: the dry run fails; its own words follow.
    """
    with ThreadPoolExecutor(1) as pool:
        planned = pool.submit(dry_run, snakemake_command(loaded, wanted, extra))
        found = examine(Path(results(loaded.name)))
    jobs = planned.result()
    kept = {path: each.record for path, each in found.items() if each.record is not None}
    if forced := deviations(kept, jobs):
        jobs = dry_run(snakemake_command(loaded, wanted, extra, list(forced)))
    return Plan(found, jobs, forced)


_OTHERWISE = {
    "stage": "stage",
    "setting": "settings",
    "code": "code",
    "package": "versions",
    "reads": "files read",
    "writes": "files written",
    "input": "content of outside files",
}


def deviations(found: Mapping[str, Record], jobs: Iterable[Planned]) -> dict[str, str]:
    """Jobs that have to run though Snakemake does not see it, by record, and what of each is not as planned.

    Snakemake compares its plan with its own note of the job that it ran, not with what lies there now, as after a stage
    was run by hand. So the record of each job that it would not run is compared with the job's plan.

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
                otherwise[job.record] = _OTHERWISE[first.kind]
    return otherwise


def chosen(loaded: Loaded, wanted: Wanted) -> list[plans.Target]:
    """The jobs whose results are asked for by name; none means everything.

    Raises:
        ConfigError: there is no such table, row or column, or the experiment leaves it out.
    """
    study = loaded.study
    if wanted.table not in (None, *study.tables, *study.figures, *study.counts):
        known = dict.fromkeys([*study.figures, *study.tables, *study.counts])
        raise ConfigError(f"--table {wanted.table}: there are {', '.join(known)}")
    if wanted.row or wanted.column:
        runs = _runs(loaded, wanted)
        stages = {"train"} if wanted.until == "train" else {study.tested_by(method) for method, _ in runs}
        targets = [target for target in plans.targets(loaded) if target.stage in stages]
        return [target for target in targets if (target.values["method"], target.values["modality"]) in runs]
    if wanted.table:
        return [target for target in plans.targets(loaded) if wanted.table in target.values.values()]
    return []


def _runs(loaded: Loaded, wanted: Wanted) -> set[tuple[str, str]]:
    """The (method, modality) of the rows that are asked for."""
    study, absent = loaded.study, loaded.design.left_out(loaded)
    runs = study.tables[wanted.table].runs() if wanted.table in study.tables else study.shown()
    asked_for = [run for run in runs if wanted.row in (None, run[0]) and wanted.column in (None, run[1])]
    found = [study.made(run) for run in asked_for]
    if not found:
        rows = ", ".join(f"{method} ({modality})" for method, modality in runs)
        asked = " ".join(f"--{key} {value}" for key, value in (("row", wanted.row), ("column", wanted.column)) if value)
        raise ConfigError(f"{asked}: no such run here; there are {rows}")
    if all(run in absent for run in found):
        raise ConfigError(f"{found[0][0]} ({found[0][1]}) is left out: {absent[found[0]]}")
    return set(found)


def snakemake_command(
    loaded: Loaded, wanted: Wanted, extra: Sequence[str] = (), forced: Sequence[str] = ()
) -> list[str]:
    """The command of Snakemake for an experiment; `forced` are records of jobs that run in any case."""
    root = project_root()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "workflow" / "Snakefile")]
    command += ["--configfile", str(loaded.path), "--workflow-profile", str(root / "workflow" / "profiles" / "default")]
    command += ["--directory", ".", "--nolock", *extra]
    # without the word a profile of the user's environment would count
    command += [] if "--profile" in extra else ["--profile", "none"]
    if wanted.until not in (None, *STAGES):
        raise ConfigError(f"--until {wanted.until}: no such stage; there are {', '.join(STAGES)}")
    if wanted.until:
        # where a form of the arrays is not stored, the features have a rule of their own
        others = ["features_pooled", "features_whole"] if wanted.until == "features" else []
        command += ["--until", wanted.until, *others]
    if forced:
        command += ["--forcerun", *forced]
    found = [target.record for target in chosen(loaded, wanted)]
    return [*command, *(["--", *found, *_lost_behind(loaded, found)] if found else [])]


_OF_RUNS = ("train", "evaluate", "baselines", "statistics", "tables", "claims", "maps", "figures")


def _lost_behind(loaded: Loaded, found: Sequence[str]) -> list[str]:
    """Files that jobs behind some records may read and that Snakemake, which looks at records, would not miss.

    Lost ones of the jobs' own ancestors and of what all runs share.
    """
    folder = Path(results(loaded.name))
    shared = [path.as_posix() for path in record_paths(folder) if stage_of(path.as_posix()) not in _OF_RUNS]
    return lost([*shared, *found])


def lost(targets: Iterable[str]) -> list[str]:
    """Lost files of the jobs that lie behind some records, found by walking these.

    Snakemake looks at records between jobs, so it has to be asked for a file that was lost behind a standing record.
    """
    waiting, seen, gone = [Path(path) for path in targets], set(), []
    while waiting:
        path = waiting.pop()
        if path in seen or not path.exists():
            continue
        seen.add(path)
        try:
            record = read_record(path)
        except LineageError:
            # a damaged record is refused by whoever reads it, with the next command
            continue
        gone += [entry["path"] for entry in entries(record["writes"]) if not Path(entry["path"]).exists()]
        waiting += [Path(entry["record"]) for entry in entries(record["reads"]) if entry["record"]]
    return sorted(set(gone))
