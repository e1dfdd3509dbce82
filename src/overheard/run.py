"""`overheard run`: check the configuration, say what will run, let Snakemake run it, show it, say what came of it."""

import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from overheard import durations, plan
from overheard.display import Display
from overheard.errors import ConfigError, MediaError, OverheardError
from overheard.experiments import Loaded, load, project_root, write_variant
from overheard.lineage import store
from overheard.lineage.circumstance import GIT, git_state
from overheard.lineage.edits import Found, edited, examine
from overheard.lineage.gaps import gaps
from overheard.lineage.planning import DryRun
from overheard.lineage.records import record_paths
from overheard.lineage.restoring import pulled_without_restore
from overheard.lineage.sources import forget_stale_bytecode
from overheard.lineage.unplanned import unplanned
from overheard.orphans import die_with_parent
from overheard.places import record_of, stage_of
from overheard.progress import SOCKET
from overheard.stages import STAGES
from overheard.warm import WarmProcess

TWIN_WARNING = "SIMULATED TWIN: these are not ADVANCE's numbers (docs/twin.md)."


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
        absent = plan.left_out(loaded.experiment, study)
        if all(run in absent for run in chosen):
            raise ConfigError(f"{chosen[0][0]} ({chosen[0][1]}) is left out: {absent[chosen[0]]}")
        seeds = loaded.experiment.seeds
        stage, name = ("train", "student.pt") if wanted.until == "train" else ("evaluate", "scores.json")
        return [f"{results}/{stage}/{m}/{c}/seed-{k}/{name}" for m, c in chosen if (m, c) not in absent for k in seeds]
    if wanted.table:
        figure = [f"{results}/figures/{wanted.table}.png"] if wanted.table.startswith("figure") else []
        return [f"{results}/tables/{wanted.table}.md", *figure]
    return []


@contextmanager
def only_run(name: str) -> Iterator[None]:
    """Hold the experiment, so that no second run works beside this one; freed by the system if this process dies.

    Raises:
        OverheardError: another run holds it.
        MediaError: results cannot be written.
    """
    folder = Path("results") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / ".lock").open("a+")
    except OSError as error:
        raise MediaError(
            f"{folder}: cannot be written ({error.strerror}); make it writable, or run where you may write"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise OverheardError(
                f"{folder}: another run works on it (process {stream.read().strip()}); wait for it"
            ) from error
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


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
    command = snakemake_command(loaded, wanted, ["--dry-run", "--quiet", "rules", "--cores", "1", *extra], forced)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and "dry run" not in line]
        raise OverheardError("\n".join(["the plan could not be made; Snakemake says:", *words[-15:]]))
    counts = re.findall(r"^(\w+) +(\d+)$", done.stdout.split("Job stats:")[-1].split("total")[0], re.MULTILINE)
    return {rule: int(count) for rule, count in counts if rule != "all"} if "Job stats:" in done.stdout else {}


def _stage_of(rule: str) -> str:
    return re.sub(r"_\w+$|\d+$", "", rule).replace("figure", "figures")


def introduction(loaded: Loaded, jobs: dict[str, int], cores: int, wanted: Wanted) -> str:
    """The first lines: what will run, what is there already, about how long, and what the numbers are."""
    lines = [f"{loaded.name}: {loaded.study.title}"]
    source = loaded.experiment.source
    if source.kind == "twin":
        lines.append(TWIN_WARNING)
    else:
        lines.append(
            f"Pairs from {source.pairs}: other pairs than ADVANCE, so no number is comparable with the printed ones."
        )
    rows = [run for run in loaded.study.rows() if run not in plan.left_out(loaded.experiment, loaded.study)]
    runs = len(rows) * len(loaded.experiment.seeds)
    lines += [
        f"left out: {m} ({c}): {reason}" for (m, c), reason in plan.left_out(loaded.experiment, loaded.study).items()
    ]
    if not jobs:
        return "\n".join([*lines, f"Nothing to do: all is there already, in results/{loaded.name}/."])
    stages: dict[str, int] = {}
    for rule, count in jobs.items():
        stages[_stage_of(rule)] = stages.get(_stage_of(rule), 0) + count
    listed = ", ".join(f"{stage} {count}" for stage, count in stages.items())
    lines.append(f"To do: {sum(jobs.values())} jobs ({listed}).")
    if not any((wanted.table, wanted.row, wanted.column, wanted.until)):
        lines.append(f"There already: {runs - jobs.get('train', 0)} of {runs} training runs.")
    lines.append(f"{how_long(loaded, stages, cores)}; interrupt it whenever you like, the same command goes on.")
    return "\n".join(lines)


def how_long(loaded: Loaded, stages: dict[str, int], cores: int) -> str:
    """In words, how long some jobs (number by stage) will take, and what the guess rests on."""
    networks = (loaded.experiment.networks.image.name, loaded.experiment.networks.sound.name)
    slowest = next((name for name in networks if name in plan.FULL_NETWORKS), networks[1])
    guess = durations.estimate(loaded.name, stages, cores, slowest)
    if guess is None:
        return f"How long is not known: {slowest} was never timed here"
    return f"About {durations.in_words(guess[0])} on {cores} cores ({guess[1]})"


def run_experiment(
    name: str,
    changes: list[str],
    new: str | None,
    wanted: Wanted,
    cores: int | None,
    dry_run: bool,
    keep_going: bool,
    partial: bool,
) -> int:
    """Run an experiment, or say what would run; returns the exit code."""
    if partial and not keep_going:
        raise ConfigError("--partial makes tables from the runs there are; it needs --keep-going")
    loaded = load(write_variant(name, changes, new))
    cores = cores or len(os.sched_getaffinity(0))
    if (trouble := pulled_without_restore(loaded.name)) is not None:
        raise OverheardError(trouble)
    # before jobs start, and the warm process, which would rather run nothing than another text
    forget_stale_bytecode()
    forced = _looked_at(loaded)
    if dry_run:
        print(introduction(loaded, planned_jobs(loaded, wanted, [], forced), cores, wanted))
        return 0
    with only_run(loaded.name):
        jobs = planned_jobs(loaded, wanted, [], forced)
        print(introduction(loaded, jobs, cores, wanted), flush=True)
        if not jobs:
            print(conclusion(loaded, wanted))
            return 0
        extra = ["--keep-going"] if keep_going else []
        code = _execute(loaded, wanted, jobs, cores, extra, forced)
        if code == 1 and partial and (absent := missing_runs(loaded)):
            print(f"{len(absent)} runs are missing; making the tables from the others: {' '.join(absent)}", flush=True)
            extra = [
                *extra,
                "--config",
                f"absent={yaml.safe_dump(absent, default_flow_style=True, width=10**6).strip()}",
            ]
            code = _execute(loaded, wanted, planned_jobs(loaded, wanted, extra, []), cores, extra, [])
        if code == 0:
            print(conclusion(loaded, wanted), flush=True)
        return code


def _looked_at(loaded: Loaded) -> list[str]:
    """Say what was changed by hand, which a run neither overwrites nor trusts, and which jobs run in any case."""
    name = loaded.name
    found = examine(Path("results") / name)
    changed = edited(found)
    for line in changed[:10]:
        print(f"edited by hand: {line}", file=sys.stderr)
    if changed:
        print(f"{len(changed)} files are not as they were made; `overheard status {name}` says which", file=sys.stderr)
    forced = strange(loaded, found)
    for path, what in list(forced.items())[:10]:
        print(f"not made as planned (other {what}), runs again: {path}", file=sys.stderr)
    if len(forced) > 10:
        print(f"{len(forced)} jobs in all were not made as planned and run again", file=sys.stderr)
    return list(forced)


def missing_runs(loaded: Loaded) -> list[str]:
    """Runs whose student is not there, as method/modality/seed-k."""
    absent = plan.left_out(loaded.experiment, loaded.study)
    runs = [
        f"{m}/{c}/seed-{k}" for m, c in loaded.study.rows() if (m, c) not in absent for k in loaded.experiment.seeds
    ]
    return [run for run in runs if not (Path("results") / loaded.name / "train" / run / "student.pt").exists()]


def _execute(
    loaded: Loaded, wanted: Wanted, jobs: dict[str, int], cores: int, extra: list[str], forced: Sequence[str]
) -> int:
    """Let Snakemake run, and show it; 0, 1 for a failed job, 2 for trouble the user can mend, 130 when interrupted."""
    log = Path("logs") / loaded.name / "snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = snakemake_command(loaded, wanted, ["--cores", str(cores), *extra], forced)
    with tempfile.TemporaryDirectory(prefix="overheard-") as folder, log.open("w", encoding="utf-8") as stream:
        socket_path = str(Path(folder) / "progress")
        environ = os.environ | {SOCKET: socket_path, GIT: json.dumps(git_state())}
        with Display(socket_path, sum(jobs.values())) as display, WarmProcess(Path(folder), environ, jobs):
            print(shlex.join(command), file=stream, flush=True)
            process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environ,
                # asked to stop, Snakemake would wait for its jobs, beside those of the next run
                preexec_fn=die_with_parent,
            )
            try:
                while process.poll() is None:
                    display.listen(0.1)
            except KeyboardInterrupt:
                _stop(process)
                display.close()
                print("\ninterrupted; what was finished is kept: type the same command to go on", file=sys.stderr)
                return 130
            display.listen(0)
    # they only tell the next run how long it takes
    with suppress(OSError):
        durations.remember(loaded.name, display.durations)
    if process.returncode == 0:
        if display.put_back:
            print(f"{display.put_back} of {display.done} jobs were computed before: put back from {store.folder()}/.")
        _keep_within_bounds()
        return 0
    if display.mendable:
        return 2
    if not display.troubles:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        print("\n".join(["Snakemake stopped:", *tail]), file=sys.stderr)
    print(
        f"error: not everything was made; Snakemake's log is {log}, each job's under logs/{loaded.name}/",
        file=sys.stderr,
    )
    return 1


def _keep_within_bounds() -> None:
    """Let the store not grow over its bound."""
    place = store.folder()
    if place is not None and place.is_dir() and store.usage(place)[0] > store.limit_bytes():
        freed, entries = store.prune(place, store.limit_bytes())
        print(f"{place}/ was over its bound: the {entries} results longest unused left it, {freed / 1e9:.1f} GB freed.")


def _stop(process: subprocess.Popen) -> None:
    """Wait until Snakemake and its jobs have stopped: a terminal has interrupted them too, anything else has not."""
    for sent in (None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if sent is not None:
            process.send_signal(sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def conclusion(loaded: Loaded, wanted: Wanted) -> str:
    """Where the results are, and the tables themselves."""
    folder = Path("results") / loaded.name
    lines = []
    for table in loaded.study.tables:
        path = folder / "tables" / f"{table}.md"
        if wanted.table in (None, table) and not (wanted.row or wanted.column or wanted.until) and path.exists():
            lines += [path.read_text(encoding="utf-8")]
    if wanted.row or wanted.column:
        lines += _scores_in_words(loaded, wanted)
    return "\n".join([*lines, f"Results: {folder}/ (tables/, figures/); logs: logs/{loaded.name}/"])


def _scores_in_words(loaded: Loaded, wanted: Wanted) -> list[str]:
    """One line for each cell that was asked for."""
    from overheard import artifacts

    lines = []
    for path in [Path(target) for target in targets(loaded, wanted) if target.endswith("scores.json")]:
        scores = artifacts.read_json(path)
        shown = ", ".join(f"{key} {100 * scores[key]:.2f}" for key in ("precision", "recall", "f_score"))
        lines.append(
            f"{scores['method']} ({scores['modality']}) seed {scores['seed']}: {shown} % on {scores['n']} test clips"
        )
    return lines


def make_report(name: str) -> int:
    """Snakemake's HTML report of an experiment."""
    loaded = load(name)
    path = Path("results") / name / "report.html"
    if planned_jobs(loaded, Wanted(), []):
        raise OverheardError(f"results/{name} is not complete; `overheard run {name}` first")
    command = snakemake_command(loaded, Wanted(), ["--cores", "1", "--report", str(path)])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OverheardError(
            "\n".join(["the report could not be made; Snakemake says:", *done.stderr.splitlines()[-8:]])
        )
    print(f"{path}")
    return 0
