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
from overheard.study import captions, flow, jobs, layout
from overheard.study import plan as plans
from overheard.study.experiments import from_content
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
LOADED = from_content(NAME, Path(f"config/{NAME}.yaml"), config, ROOT)
EXPERIMENT, STUDY = LOADED.experiment, LOADED.study
# of the report's first page
config["said"] = captions.of_study(LOADED)
TARGETS = {target.record: target for target in plans.targets(LOADED, ABSENT)}
# what no job makes, and is too large for Snakemake to compare
OUTSIDE = LOADED.design.outside(LOADED)

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
    unwritten = LOADED.design.without(LOADED, stage, {})
    return layout.rule_outputs(NAME, stage, lists, {*unwritten, *without})


def log_of(stage):
    return layout.log_path(outputs(stage, {"seed": []})["record"])


@cache
def reads(stage, *values):
    """What a job reads, by flag."""
    named = dict(zip(layout.names(flow.STAGES[stage].record), values))
    return jobs.reads(LOADED, stage, named, ABSENT)


def job_of(stage, wildcards, own):
    """The values of a job's names, and what it reads: as `own` says of its wildcards, or else the study."""
    values = jobs.values_of(stage, dict(wildcards.items()))
    return values, own(wildcards) if own else reads(stage, *values.values())


def waits(stage, own=None):
    """What the jobs of a stage wait for: records, and files that Snakemake compares itself."""

    def of_job(wildcards):
        made, itself = jobs.waits(
            LOADED, stage, *job_of(stage, wildcards, own), OUTSIDE
        )
        return [*records_of(made), *itself]

    return of_job


def flags(stage, own=None):
    """The flags of a stage's jobs, which say all that each is planned with."""

    def of_job(wildcards):
        record = layout.record_path(NAME, stage, dict(wildcards.items()))
        if record not in TARGETS:
            raise WorkflowError(f"{record}: experiment {NAME} has no such job")
        values, files = job_of(stage, wildcards, own)
        try:
            settings = jobs.settings(LOADED, stage, values, ABSENT, DIVERGED)
            return wiring.as_flags(
                wiring.plan(TARGETS[record], settings, files, OUTSIDE)
            )
        except OverheardError as error:
            wiring.leave_refusal(error)
            raise WorkflowError(str(error)) from error

    return of_job


def of_row(stage, flag, method, modality):
    """A file of every seed of a row."""
    pattern = f"{layout.results(NAME)}/{flow.STAGES[stage].writes[flag]}"
    return [
        pattern.format(method=method, modality=modality, seed=seed)
        for seed in plans.seeds_made(LOADED, method, modality, ABSENT)
    ]


def reported(stage, flag, category, **more):
    """A stage's outputs, of which Snakemake's report shows one."""
    made = outputs(stage)
    caption = f"../report/{more.pop('caption', stage)}.rst"
    return made | {flag: report(made[flag], caption=caption, category=category, **more)}


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
