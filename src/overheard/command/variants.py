"""The experiments of an ablation or a search: their files, their runs, what is said where one cannot be made."""

import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from overheard.command.execution import FIXABLE, Outcome, Work, execute
from overheard.command.run import keep_within_bounds, looked_at, say_stopped
from overheard.errors import ConfigError
from overheard.io import whole
from overheard.jobs.code.modules import forget_stale_bytecode
from overheard.jobs.store_files import LINKS
from overheard.scheduling.lock import only_run
from overheard.scheduling.reruns import Wanted
from overheard.study import yaml_file
from overheard.study.ablation import Variant


def run_all(
    variants: Sequence[Variant],
    cores: int | None,
    first: Callable[[Variant], bool] = lambda one: not one.change,
    who: str = "overheard ablate",
) -> tuple[int, dict[str, str]]:
    """Write the experiments' files, plan them all, then let them run with one display and all cores.

    Args:
        variants: of one experiment.
        cores: jobs at once; all cores where it is None.
        first: of those that make what others share: nothing runs beside them.
        who: the command that writes their files, as these say.

    Returns:
        The exit code of what broke, which is said, else 0; by name, what to fix for experiments that cannot be made.
    """
    for one in variants:
        study = one.loaded.study
        content = study.model_dump(exclude_defaults=True)
        _write_config(Path("config/studies") / f"{study.study}.yaml", content, who, replaced=True)
        _write_config(one.loaded.path, one.content, who, replaced=False)
    cores = cores or len(os.sched_getaffinity(0))
    forget_stale_bytecode()
    with ExitStack() as held:
        for one in variants:
            held.enter_context(only_run(one.loaded.name))
        with ThreadPoolExecutor(cores) as pool:
            plans = list(pool.map(lambda one: looked_at(one.loaded, Wanted()), variants))
        # what the bases make the others find in the store
        works = [
            Work(one.loaded, Wanted(), plan, said_of(one), alone=first(one))
            for one, plan in zip(variants, plans, strict=True)
            if plan.scheduled
        ]
        stages = sum((Counter(work.plan.by_stage()) for work in works), Counter[str]())
        listed = ", ".join(f"{stage} {count}" for stage, count in stages.items())
        if works:
            jobs = stages.total()
            print(f"To do: {jobs} jobs ({listed}) of {len(works)} of {len(variants)} experiments.", flush=True)
        began, ends = time.monotonic(), itertools.count(1)

        def say(work: Work, outcome: Outcome) -> None:
            how = "done" if outcome.code == 0 else "not made"
            place = f"{next(ends)} of {len(works)} experiments, {time.monotonic() - began:.0f} s"
            print(f"[{place}] {work.label}: {how}, {outcome.put_back} of {outcome.done} jobs put back", flush=True)

        # most of their files are the same, so that copies would fill a disk
        outcomes = execute(works, cores, environ={LINKS: "1"}, ended=say)
    keep_within_bounds()
    failed = [(work, outcome) for work, outcome in zip(works, outcomes, strict=True) if outcome.code]
    for work, outcome in failed:
        if outcome.code == 1:
            say_stopped(work, outcome)
    code = max((outcome.code for _, outcome in failed if outcome.code != FIXABLE), default=0)
    if code:
        print("stopped; type the same command to go on", file=sys.stderr)
    return code, {work.loaded.name: outcome.troubles[0] for work, outcome in failed if outcome.code == FIXABLE}


def _write_config(path: Path, content: Mapping[str, Any], who: str, replaced: bool) -> None:
    """Write a configuration; one of other content is refused, but for a study that only ablations write."""
    if path.exists():
        if yaml_file.read_yaml(path) == dict(content):
            return
        if not replaced or not path.read_text(encoding="utf-8").startswith(f"# {who}"):
            raise ConfigError(f"{path}: exists with other content; move it away, and give the command again")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write_text(path, f"# {who}\n{yaml_file.as_yaml(dict(content))}")


def with_fresh_seeds(one: Variant) -> Variant:
    """The same on as many seeds that did not choose it, of the same folds."""
    experiment = one.loaded.experiment
    step = max(experiment.seeds) + 1
    step += -step % experiment.split.folds
    seeds = [seed + step for seed in experiment.seeds]
    name = f"{one.loaded.name}-again"
    fresh = experiment.model_copy(update={"seeds": seeds})
    loaded = replace(one.loaded, name=name, path=Path(f"config/{name}.yaml"), experiment=fresh)
    return replace(one, loaded=loaded, content={**one.content, "seeds": seeds})


def possible(
    made: Sequence[Variant], impossible: Mapping[str, str]
) -> tuple[list[Variant], list[Variant], dict[str, str]]:
    """The bases and variants that were made; and of the others, by what they change, why they cannot be.

    Raises:
        ConfigError: nothing is left to compare.
    """
    bases = [one for one in made if not one.change and one.loaded.name not in impossible]
    of = {base.base for base in bases}
    others = [one for one in made if one.change and one.loaded.name not in impossible and one.base in of]
    reasons = {said_of(one): impossible[one.loaded.name] for one in made if one.loaded.name in impossible}
    cannot = {said: " ".join(reason.split()) for said, reason in reasons.items()}
    if not others:
        shown = "\n".join(f"{said}: {why}" for said, why in cannot.items())
        raise ConfigError(f"nothing to compare could be made:\n{shown}")
    return bases, others, cannot


def said_of(one: Variant) -> str:
    return f"{one.base}: {one.said or 'as it is'}"
