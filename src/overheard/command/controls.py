"""`overheard controls`: run the controls of a study as ordinary experiments, judge them, write one report."""

import os
from collections import Counter
from pathlib import Path

from overheard.command.ablation_tables import scores
from overheard.command.variants import run_all
from overheard.errors import ConfigError
from overheard.io import artifacts
from overheard.scheduling.durations import how_long
from overheard.scores import controls as judging
from overheard.scores import controls_report
from overheard.scores.controls import Line, Worse
from overheard.study import yaml_file
from overheard.study.controls_file import Controls
from overheard.study.experiments import Loaded, load, project_root
from overheard.study.transfer.controls import Planned, controls_of, planned, trainings


def controls(name: str, seeds: int | None, cores: int | None, dry_run: bool) -> int:
    """Run the controls of an experiment's study and say which are as expected; returns the exit code.

    Args:
        name: the experiment.
        seeds: of each control; by default as many as the power asks for.
        cores: jobs at once; all cores where it is None.
        dry_run: only say what would be trained.
    """
    loaded = load(name)
    asked = controls_of(loaded)
    made = planned(loaded, yaml_file.read_yaml(loaded.path), project_root(), seeds)
    print(_introduction(loaded, asked, made, cores), flush=True)
    if dry_run:
        return 0
    code, cannot = run_all(made.all, cores, who=f"overheard controls {name}")
    if code:
        return code
    if cannot:
        raise ConfigError("\n".join(["controls could not be made:", *cannot.values()]))
    lines, tested = _judged(asked, made), _tested(made)
    path = Path("ablations") / name / "controls"
    text = controls_report.markdown(f"Controls: {name}", _said(loaded, asked, made), lines, tested)
    path.parent.mkdir(parents=True, exist_ok=True)
    artifacts.write_table(path.with_suffix(".csv"), judging.COLUMNS, map(judging.csv_line, lines))
    degraded = path.with_name("degraded.csv")
    if tested:
        artifacts.write_table(degraded, judging.DEGRADED_COLUMNS, map(judging.degraded_line, tested))
    artifacts.write_text(path.with_suffix(".md"), text)
    print(text)
    counts = Counter(line.judged.verdict for line in lines)
    print("; ".join(f"{count} {verdict}" for verdict, count in counts.items()) + ".")
    print(f"Results: {path}.md, {path}.csv" + (f", {degraded}" if tested else ""))
    return 0


def _introduction(loaded: Loaded, asked: Controls, made: Planned, cores: int | None) -> str:
    """What will run, how many seeds and why, about how long."""
    experiments, students = len(made.all), trainings(made.all)
    cores = cores or len(os.sched_getaffinity(0))
    twin = loaded.experiment.source.drawn
    worlds = len({str(one.loaded.experiment.source) for one in made.cases.values()})
    rows = sum(len(one.rows) for one in made.all)
    jobs = {"draw": 2 + worlds, "media": 2 + worlds, "features": 2 + 2 * worlds, "pretrain": 2} if twin else {}
    jobs |= {"train": students, "evaluate": rows, "tables": experiments, "statistics": experiments}
    lines = [f"{loaded.name}: {len(made.cases)} controls, {len(made.degraded)} degraded tests"]
    lines.append(loaded.origin.sentence)
    why = (
        f"{made.needed} find a difference of 0 to vanish within {asked.margin:g} points with a power of "
        f"{asked.power:.0%}, at a deviation of {asked.deviation:g}"
    )
    lines.append(f"{made.seeds} seeds each ({why}).")
    lines.append(
        f"{experiments} experiments, at most {students} trainings, fewer where the store has them. "
        f"{how_long(loaded, jobs, cores)}, and some seconds an experiment."
    )
    return "\n".join(lines)


def _said(loaded: Loaded, asked: Controls, made: Planned) -> list[str]:
    return controls_report.sentences(
        loaded.origin.said, made.seeds, made.needed, asked.margin, asked.deviation, asked.power
    )


def _judged(asked: Controls, made: Planned) -> list[Line]:
    """Every expectation, in the order of the study file."""
    lines = []
    for word, case in asked.cases.items():
        one = made.cases[word]
        for its in case.expected:
            bound = asked.within if its.difference == "reaches" else asked.margin
            for column in its.columns:
                found = judging.difference(scores(one, (its.less, column)), scores(one, (its.row, column)))
                verdict = judging.judged(found, its.difference, bound)
                names = word, one.change, its.row, its.less, column, its.difference
                lines.append(Line(*names, bound, found, verdict, one.loaded.name))
    return lines


def _tested(made: Planned) -> list[Worse]:
    """Every row on degraded test clips, beside the same students on intact ones."""
    found = []
    for one in made.degraded:
        for row in one.rows:
            intact, worse = scores(made.base, row), scores(one, row)
            before, after = ([its.score[seed] for seed in sorted(its.score)] for its in (intact, worse))
            its = judging.difference(intact, worse)
            found.append(Worse(one.base.replace("-", " ", 1), *row, before, after, its, one.loaded.name))
    return found
