import atexit
import contextlib
import gc
import os
import re
import shlex
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from overheard.errors import OverheardError
from overheard.io.parent_death import PARENT
from overheard.io.progress import SOCKET
from overheard.scheduling import wiring
from overheard.scheduling.lock import only_run
from overheard.scheduling.wiring import records_of
from overheard.study import (
    captions,
    figure_files,
    flow,
    job_settings,
    layout,
    row_files,
)
from overheard.study import plan as plans
from overheard.study.config import Experiment, check
from overheard.study.experiments import with_named
from overheard.study.given_weights import given_weights
from overheard.study.yaml_file import read_yaml

# a plan of thousands of jobs makes millions of objects, all of which stay: looking for others took an eighth of its time
gc.set_threshold(1_000_000, 100, 100)

ROOT = Path(workflow.basedir).parent
CONFIG = Path(workflow.configfiles[-1])
NAME = CONFIG.stem
# Snakemake reads YAML by other rules: of a key that stands twice it drops one, `010` is 8, `1:30` is 90
config.clear()
for path in workflow.configfiles:
    update_config(config, read_yaml(path))
update_config(config, workflow.config_settings.config)
# runs that `overheard run --partial` knows to be missing, as method/modality/seed-k, and those of them that diverged
ABSENT, DIVERGED = config.pop("absent", []), config.pop("diverged", [])
EXPERIMENT = check(Experiment, config, f"config/{NAME}.yaml")
LOADED = with_named(NAME, CONFIG, EXPERIMENT, ROOT)
EXPERIMENT, PROTOCOL, STUDY = LOADED.experiment, LOADED.protocol, LOADED.study
TARGETS = {target.record: target for target in plans.targets(LOADED, ABSENT)}
TWIN = plans.is_drawn(LOADED)
GIVEN = given_weights(EXPERIMENT)
RESULTS = layout.results(NAME)

# jobs call the command of this very environment, also where it was not activated
# and end with this process; bash makes its last command its own process, so the job is a child of this one
shell.prefix(
    f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH {PARENT}={os.getpid()}; "
)


wildcard_constraints:
    **flow.WILDCARDS,
    modality="|".join(re.escape(modality) for modality in STUDY.columns),
    method=r"[^/]+",
    table="|".join(STUDY.tables),
    figure="|".join(STUDY.figures) or "(?!)",


if wiring.PLANS in os.environ:
    # a dry run that `overheard` asked for: its plan as data, also where nothing would run
    atexit.register(
        lambda: workflow.dag is None
        or wiring.write_plans(Path(os.environ[wiring.PLANS]), workflow.dag)
    )

LOCKS = contextlib.ExitStack()


def lock_results():
    """Refuse to work beside another run of the experiment; let go when this process ends."""
    try:
        LOCKS.enter_context(only_run(NAME))
    except OverheardError as error:
        raise WorkflowError(str(error)) from error


def outputs(stage, lists={}, without=()):
    return layout.rule_outputs(NAME, stage, lists, without)


def log_of(stage):
    return layout.log_path(outputs(stage, {"seed": []})["record"])


def flags(stage, wildcards, reads, **settings):
    """A job's flags, which say all that it is planned with; `wildcards` name the job."""
    record = layout.record_path(NAME, stage, dict(wildcards.items()))
    if record not in TARGETS:
        raise WorkflowError(f"{record}: experiment {NAME} has no such job")
    try:
        return wiring.as_flags(wiring.plan(TARGETS[record], settings, reads, OUTSIDE))
    except OverheardError as error:
        wiring.leave_refusal(error)
        raise WorkflowError(str(error)) from error


def collection_of(part):
    return part.rstrip("/") or "pairs"


def media_folder(part):
    """The folder of a collection's media: drawn under results, or the user's own."""
    return (
        f"{RESULTS}/draw/{collection_of(part)}"
        if TWIN
        else getattr(EXPERIMENT.source, collection_of(part))
    )


# what no job makes, and is too large for Snakemake to compare
OUTSIDE = set(GIVEN.values())
if not TWIN:
    OUTSIDE |= {media_folder(part) for part in flow.PARTS.values()} - {None}


def given(files):
    """Files of the project or a user's, by flag, which no job makes."""
    return {flag: of_project(path) for flag, path in files.items()}


def of_project(path):
    """A file of the project: relative where jobs run in its folder, so that records are the same in every clone."""
    return path if Path.cwd() == ROOT else str(ROOT / path)


def features_of(modality, part=""):
    """The array a modality's network reads, and its ids."""
    name = job_settings.array(EXPERIMENT, modality)
    folder = f"{RESULTS}/features/{part}"
    return f"{folder}{name}.npy", f"{folder}{name.split('.')[0]}.ids.csv"


def under_results(files):
    """Files by flag, as `job_settings` names them, with the experiment's folder."""
    return {
        flag: (
            [f"{RESULTS}/{path}" for path in paths]
            if isinstance(paths, list)
            else f"{RESULTS}/{paths}"
        )
        for flag, paths in files.items()
    }


def made_for(fold, stage):
    """What a stage makes for a fold."""
    return {
        flag: f"{RESULTS}/{path.format(fold=fold)}"
        for flag, path in flow.STAGES[stage].writes.items()
    }


def per_seed(stage, flag, method, modality):
    """A file of every seed of a row."""
    pattern = f"{RESULTS}/{flow.STAGES[stage].writes[flag]}"
    return [
        pattern.format(method=method, modality=modality, seed=seed)
        for seed in plans.seeds_made(LOADED, method, modality, ABSENT)
    ]


def runs_of(rows, *wanted):
    """Files of every run of these rows, of those that are made, by flag and in one order."""
    made = set(plans.rows_made(LOADED, ABSENT))
    return {
        flag: [
            path
            for row in rows
            if row in made
            for path in per_seed(STUDY.tested_by(row[0]), flag, *row)
        ]
        for flag in wanted
    }


def scores_of_rows(rows):
    """The scores of every run of these rows, of those that are made."""
    return runs_of(rows, "scores")["scores"]


def scores_of_table(table):
    """A table's scores by flag, and those of the dull baselines that its rows should beat."""
    rows, dull = STUDY.tables[table].runs(), STUDY.baselines()
    beside = {} if set(rows) <= set(dull) else {"baselines": scores_of_rows(dull)}
    return {"scores": scores_of_rows(rows)} | beside


def comparisons_of(table):
    """The differences of a table's rows."""
    return f"{RESULTS}/{flow.STAGES['statistics'].writes['comparisons'].format(table=table)}"


def compared_in(table):
    """The differences of a table's rows, by flag."""
    return {"comparisons": comparisons_of(table)}


def recorded_scores(scores):
    """Scores and their records: of a row's record alone Snakemake would not see that a new seed is missing."""
    return [*records_of(scores), *(path for paths in scores.values() for path in paths)]


def everything():
    """Every job's record, and every file that is gone: of files Snakemake would not notice that they are lost, as
    it looks at records; and thousands of names more take it its time.
    """
    files = [
        path
        for target in TARGETS.values()
        for paths in target.writes.values()
        for path in paths
    ]
    return [*TARGETS, *(path for path in files if not os.path.exists(path))]
