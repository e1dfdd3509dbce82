"""`overheard run`: check the configuration, say what will run, let Snakemake run it, show it, say what came of it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from overheard.command.execution import Outcome, Work, execute
from overheard.command.folders import check_folders
from overheard.errors import DIVERGED, ConfigError, OverheardError
from overheard.jobs import store
from overheard.jobs.code.modules import forget_stale_bytecode
from overheard.jobs.on_disk import edited
from overheard.scheduling.durations import how_long
from overheard.scheduling.lock import only_run
from overheard.scheduling.profiles import profile_path
from overheard.scheduling.reruns import Plan, Wanted, chosen, snakemake_command
from overheard.scheduling.reruns import plan as make_plan
from overheard.sharing.restore import pulled_without_restore
from overheard.study.experiments import Loaded, load, write_variant
from overheard.study.layout import log_path, results
from overheard.study.plan import rows_made, targets


def introduction(loaded: Loaded, plan: Plan, cores: int, wanted: Wanted) -> str:
    """The first lines: what will run, what is there already, about how long, and what the numbers are."""
    lines = [f"{loaded.name}: {loaded.study.title}", loaded.origin.sentence]
    lines += _left_out(loaded)
    stages = plan.by_stage()
    if not stages:
        return "\n".join([*lines, f"Nothing to do: all is already there, in {results(loaded.name)}/."])
    listed = ", ".join(f"{stage} {count}" for stage, count in stages.items())
    lines.append(f"To do: {len(plan.scheduled)} jobs ({listed}).")
    if wanted == Wanted():
        runs = len({*loaded.study.trained()} & {*rows_made(loaded)}) * len(loaded.experiment.seeds)
        lines.append(f"Already there: {runs - stages.get('train', 0)} of {runs} training runs.")
    lines.append(f"{how_long(loaded, stages, cores)}; interrupt it whenever you like, the same command goes on.")
    return "\n".join(lines)


def _left_out(loaded: Loaded) -> list[str]:
    """A line for each reason why rows of the study are left out, and one that says how to have them."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for row, reason in loaded.design.left_out(loaded).items():
        rows.setdefault(reason, []).append(row)
    lines = []
    for reason, its in rows.items():
        shown = ", ".join(f"{method} ({modality})" for method, modality in its[:3])
        more = ", …" if len(its) > 3 else ""
        lines.append(f"left out: {len(its)} row{'s' * (len(its) > 1)} ({shown}{more}): {reason}")
    missing = loaded.design.to_make_all(loaded.experiment)
    return [*lines, missing] if lines and missing else lines


def run_experiment(
    name: str,
    wanted: Wanted,
    *,
    changes: Sequence[str] = (),
    new: str | None = None,
    cores: int | None = None,
    dry_run: bool = False,
    keep_going: bool = False,
    partial: bool = False,
    profile: str | None = None,
) -> int:
    """Run an experiment, or say what would run; returns the exit code.

    Args:
        name: the experiment.
        wanted: which part of it.
        changes: `key=value`, for a variant.
        new: the variant's name.
        cores: jobs at once; all cores where it is None.
        dry_run: only say what would run.
        keep_going: after a failed job, run those that do not need it.
        partial: then make the tables from the runs there are.
        profile: a Snakemake profile of the user's, as for a cluster.
    """
    if partial and not keep_going:
        raise ConfigError("--partial makes tables from the runs there are; it needs --keep-going")
    loaded = load(write_variant(name, list(changes), new))
    options = ["--profile", profile_path(profile)] if profile else []
    cores = cores or len(os.sched_getaffinity(0))
    if (trouble := pulled_without_restore(loaded.name)) is not None:
        raise OverheardError(trouble)
    # before jobs start, and the warm process, which would rather run nothing than another text
    forget_stale_bytecode()
    if dry_run:
        print(introduction(loaded, looked_at(loaded, wanted), cores, wanted))
        return 0
    with only_run(loaded.name):
        plan = looked_at(loaded, wanted)
        print(introduction(loaded, plan, cores, wanted), flush=True)
        if not plan.scheduled:
            print(conclusion(loaded, wanted))
            return 0
        extra = [*options, *(["--keep-going"] if keep_going else [])]
        code = _execute(loaded, wanted, plan, cores, extra)
        if code in (1, 2) and partial and (absent := missing_runs(loaded)):
            print(f"{len(absent)} runs are missing; making the tables from the others: {' '.join(absent)}", flush=True)
            known = {"absent": list(absent), "diverged": [run for run, diverged in absent.items() if diverged]}
            absent_too = ["--config", *(f"{word}={json.dumps(runs)}" for word, runs in known.items())]
            code = _execute(loaded, wanted, make_plan(loaded, wanted, absent_too), cores, [*extra, *absent_too])
        if code == 0:
            print(conclusion(loaded, wanted), flush=True)
        return code


def looked_at(loaded: Loaded, wanted: Wanted) -> Plan:
    """The plan; says what was changed by hand, which a run neither overwrites nor trusts, and what runs in any case."""
    plan = make_plan(loaded, wanted)
    changed = edited(plan.found)
    for line in changed[:10]:
        print(f"edited by hand: {line}", file=sys.stderr)
    if changed:
        print(
            f"{len(changed)} files are not as they were made; `overheard status {loaded.name}` says which",
            file=sys.stderr,
        )
    for path, what in list(plan.deviating.items())[:10]:
        print(f"not made as planned (other {what}), runs again: {path}", file=sys.stderr)
    if len(plan.deviating) > 10:
        print(f"{len(plan.deviating)} jobs in all were not made as planned and run again", file=sys.stderr)
    check_folders(loaded, plan)
    return plan


def missing_runs(loaded: Loaded) -> dict[str, bool]:
    """Runs whose student is not there, as method/modality/seed-k, and of each whether its training diverged."""
    runs = [target for target in targets(loaded) if target.stage == "train"]
    return {
        "{method}/{modality}/seed-{seed}".format_map(target.values): _diverged(Path(log_path(target.record)))
        for target in runs
        if not all(Path(path).exists() for path in target.writes["student"])
    }


def _diverged(log: Path) -> bool:
    with suppress(OSError):
        return f"\nerror: {DIVERGED}" in log.read_text(encoding="utf-8", errors="replace")
    return False


def _execute(loaded: Loaded, wanted: Wanted, plan: Plan, cores: int, extra: Sequence[str]) -> int:
    """Let Snakemake run, and say what came of it; 0, 1 for a failed job, 2 for trouble the user can fix, 130."""
    work = Work(loaded, wanted, plan)
    (outcome,) = execute([work], cores, extra)
    if outcome.code == 0:
        if outcome.put_back:
            print(f"{outcome.put_back} of {outcome.done} jobs were computed before: put back from {store.folder()}/.")
        keep_within_bounds()
    if outcome.code == 1:
        say_stopped(work, outcome)
    return outcome.code


def say_stopped(work: Work, outcome: Outcome) -> None:
    """Say that not everything was made, and where the logs are; what Snakemake said, where no job said anything."""
    if not outcome.troubles:
        tail = work.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        print("\n".join(["Snakemake stopped:", *tail]), file=sys.stderr)
    print(
        f"error: not everything was made; Snakemake's log is {work.log}, each job's under {work.log.parent}/",
        file=sys.stderr,
    )


def keep_within_bounds() -> None:
    """Let the store not grow over its bound."""
    place = store.folder()
    if place is not None and place.is_dir() and store.usage(place)[0] > store.limit_bytes():
        freed, entries = store.prune(place, store.limit_bytes())
        print(f"{place}/ was over its bound: the {entries} results longest unused left it, {freed / 1e9:.1f} GB freed.")


def conclusion(loaded: Loaded, wanted: Wanted) -> str:
    """Where the results are, and the tables themselves."""
    folder = Path(results(loaded.name))
    lines = []
    for table in loaded.study.tables:
        path = folder / "tables" / f"{table}.md"
        if wanted in (Wanted(), Wanted(table=table)) and path.exists():
            lines += [path.read_text(encoding="utf-8")]
    if wanted.row or wanted.column:
        lines += _scores_in_words(loaded, wanted)
    lines.append(f"Results: {folder}/ (tables/, figures/); logs: logs/{loaded.name}/")
    return "\n".join([*lines, f"Next: {_next_commands(loaded)}"])


def _next_commands(loaded: Loaded) -> str:
    """What to type to see where a number comes from and whether all holds; to go on, where there are no tables yet."""
    made = {row for row in loaded.study.trained() if row in rows_made(loaded)}
    for table, its in loaded.study.tables.items():
        if Path(results(loaded.name), "tables", f"{table}.md").exists() and (
            row := next(filter(made.__contains__, its.runs()), None)
        ):
            cell = f"--table {table} --row {row[0]} --column {row[1]}"
            return (
                f"overheard trace {loaded.name} {cell}; overheard audit {loaded.name}; overheard report {loaded.name}"
            )
    return f"overheard run {loaded.name}"


def _scores_in_words(loaded: Loaded, wanted: Wanted) -> list[str]:
    """One line for each run of a cell that was asked for; none where the run ends before its evaluation."""
    from overheard.io import artifacts

    lines = []
    for path in [path for target in chosen(loaded, wanted) for path in target.writes.get("scores", ())]:
        if not Path(path).exists():
            continue
        scores = artifacts.read_json(Path(path))
        shown = ", ".join(f"{key} {100 * scores[key]:.2f}" for key in ("precision", "recall", "f_score"))
        lines.append(
            f"{scores['method']} ({scores['modality']}) seed {scores['seed']}: {shown} % on {scores['n']} test clips"
        )
    return lines


def make_report(name: str) -> int:
    """Snakemake's HTML report of an experiment."""
    loaded = load(name)
    path = Path("results") / name / "report.html"
    if make_plan(loaded).scheduled:
        raise OverheardError(f"results/{name} is not complete; `overheard run {name}` first")
    command = snakemake_command(loaded, Wanted(), ["--cores", "1", "--report", str(path)])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OverheardError(
            "\n".join(["the report could not be made; Snakemake says:", *done.stderr.splitlines()[-8:]])
        )
    print(f"{path}")
    return 0
