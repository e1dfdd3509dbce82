"""How Snakemake is asked for an experiment: what for, with which command, and what it says it would do."""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import ConfigError, OverheardError
from overheard.jobs.on_disk import Found, examine
from overheard.jobs.records import record_paths
from overheard.scheduling.deviations import unplanned
from overheard.scheduling.dry_run import DryRun
from overheard.scheduling.gaps import gaps
from overheard.study import job_settings
from overheard.study.experiments import Loaded, project_root
from overheard.study.layout import STAGES, record_of, stage_of


@dataclass(frozen=True)
class Wanted:
    """Which part of an experiment is asked for; all None is everything."""

    until: str | None = None
    table: str | None = None
    row: str | None = None
    column: str | None = None


def targets(loaded: Loaded, wanted: Wanted) -> list[str]:
    """Files to ask Snakemake for; none means everything.

    Raises:
        ConfigError: there is no such stage, table, row or column, or the experiment leaves it out.
    """
    results = f"results/{loaded.name}"
    study = loaded.study
    if wanted.table == "figure3":
        return [f"{results}/figures/figure3.png"]
    if wanted.table is not None and wanted.table not in study.tables:
        raise ConfigError(f"--table {wanted.table}: there are figure3, {', '.join(study.tables)}")
    runs = study.tables[wanted.table].runs() if wanted.table else study.rows()
    chosen = [run for run in runs if wanted.row in (None, run[0]) and wanted.column in (None, run[1])]
    if not chosen:
        rows = ", ".join(f"{method} ({modality})" for method, modality in runs)
        asked = " ".join(f"--{key} {value}" for key, value in (("row", wanted.row), ("column", wanted.column)) if value)
        raise ConfigError(f"{asked}: no such run here; there are {rows}")
    if wanted.row or wanted.column:
        absent = job_settings.left_out(loaded.experiment, study)
        if all(run in absent for run in chosen):
            raise ConfigError(f"{chosen[0][0]} ({chosen[0][1]}) is left out: {absent[chosen[0]]}")
        seeds = loaded.experiment.seeds
        stage, name = ("train", "student.pt") if wanted.until == "train" else ("evaluate", "scores.json")
        return [f"{results}/{stage}/{m}/{c}/seed-{k}/{name}" for m, c in chosen if (m, c) not in absent for k in seeds]
    if wanted.table:
        figure = [f"{results}/figures/{wanted.table}.png"] if wanted.table.startswith("figure") else []
        return [f"{results}/tables/{wanted.table}.md", *figure]
    return []


def snakemake_command(loaded: Loaded, wanted: Wanted, extra: list[str], forced: Sequence[str] = ()) -> list[str]:
    """The command of Snakemake for an experiment; `forced` are records of jobs that run in any case."""
    root = project_root()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "workflow" / "Snakefile")]
    command += ["--configfile", str(loaded.path), "--workflow-profile", str(root / "workflow" / "profiles" / "default")]
    command += ["--directory", ".", "--nolock", *extra]
    if wanted.until:
        command += ["--until", *_rules_until(wanted.until)]
    if forced:
        command += ["--forcerun", *forced]
    found = targets(loaded, wanted)
    return [*command, *(["--", *found, *_shared(loaded, found)] if found else [])]


def _shared(loaded: Loaded, found: list[str]) -> list[str]:
    """Files that jobs behind some targets may read and that Snakemake, which looks at records, would not miss.

    Lost ones of the targets' own ancestors and of what all runs share, and an output that a setting adds to a job.
    """
    folder = Path("results") / loaded.name
    shared = [path.as_posix() for path in record_paths(folder) if stage_of(path.as_posix()) not in _OF_RUNS]
    added = [f"{folder}/teacher/trunk.npy"] if loaded.experiment.networks.sound.frozen_blocks else []
    runs = any(stage_of(path) in _OF_RUNS[:-1] for path in found)
    return [*gaps([*shared, *(record for path in found if (record := record_of(path)))]), *(added if runs else [])]


_OF_RUNS = ("train", "evaluate", "tables", "figures")


def _rules_until(stage: str) -> list[str]:
    if stage not in STAGES:
        raise ConfigError(f"--until {stage}: no such stage; there are {', '.join(STAGES)}")
    rules = {"features": ["features", "features_tagger"], "figures": ["figure3", "figure6"]}
    return rules.get(stage, [stage])


def strange(loaded: Loaded, found: Mapping[str, Found] | None = None) -> dict[str, str]:
    """Jobs whose results were not made as planned, by record, and what is otherwise; see `unplanned`.

    Args:
        loaded: the experiment.
        found: what there is of its jobs, where that is known already.
    """
    found = examine(Path("results") / loaded.name) if found is None else found
    kept = {path: each.record for path, each in found.items() if each.record is not None}
    return unplanned(kept, lambda: DryRun(snakemake_command(loaded, Wanted(), ["--forceall"])).jobs())


def planned_jobs(
    loaded: Loaded, wanted: Wanted, extra: list[str], forced: Sequence[str] | None = None
) -> dict[str, int]:
    """What Snakemake's dry run lists: jobs by rule, `all` left out; `forced` as `strange` finds them.

    Raises:
        OverheardError: the dry run fails; its own words follow.
    """
    forced = list(strange(loaded)) if forced is None else forced
    return counted(planning(loaded, wanted, extra, forced))


def planning(loaded: Loaded, wanted: Wanted, extra: list[str], forced: Sequence[str] = ()) -> subprocess.Popen:
    """Begin Snakemake's dry run; `counted` ends it."""
    command = snakemake_command(loaded, wanted, ["--dry-run", "--quiet", "rules", "--cores", "1", *extra], forced)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def counted(plans: subprocess.Popen) -> dict[str, int]:
    """Wait for a dry run; jobs by rule, `all` left out.

    Raises:
        OverheardError: it fails; its own words follow.
    """
    told, warned = plans.communicate()
    if plans.returncode:
        words = [line for line in (told + warned).splitlines() if line.strip() and "dry run" not in line]
        raise OverheardError("\n".join(["the plan could not be made; Snakemake says:", *words[-15:]]))
    counts = re.findall(r"^(\w+) +(\d+)$", told.split("Job stats:")[-1].split("total")[0], re.MULTILINE)
    return {rule: int(count) for rule, count in counts if rule != "all"} if "Job stats:" in told else {}
