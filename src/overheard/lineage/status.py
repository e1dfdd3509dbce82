"""What of an experiment is as its configuration, code and inputs say, and what a run would do. Touches files.

Nothing is changed, but what was read of a file may be remembered in the store.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from overheard.errors import LineageError, OverheardError
from overheard.io.whole import temporary
from overheard.jobs import records, store
from overheard.jobs.on_disk import Found, edited
from overheard.lineage.forecast import COMPUTE, PERHAPS, PUT_BACK, Foreseen, foresee
from overheard.lineage.graph import Graph
from overheard.scheduling import reruns
from overheard.scheduling.dry_run import Planned
from overheard.scheduling.durations import how_long
from overheard.scheduling.lock import at_work
from overheard.scheduling.notes import markers
from overheard.study.experiments import Loaded, load
from overheard.study.flow import STAGES
from overheard.study.layout import stage_of, words
from overheard.study.plan import targets

STATES = {state: state for state in ("fresh", "stale", "missing", "interrupted")} | {"edited": "edited by hand"}
"""A job's state in JSON, and as a column says it."""

_SHOWN = 10


@dataclass(frozen=True)
class View:
    """An experiment as it is now.

    Attributes:
        loaded: its configuration.
        found: what there is of every job that has a record.
        jobs: the scheduled jobs by their record, in the order of the dry run.
        foreseen: what will come of each of them.
    """

    loaded: Loaded
    found: Mapping[str, Found]
    jobs: Mapping[str, Planned]
    foreseen: Mapping[str, Foreseen]

    @cached_property
    def wanted(self) -> list[str]:
        """Records of all jobs of the study, in the order of the flow."""
        return [target.record for target in targets(self.loaded)]

    @cached_property
    def states(self) -> dict[str, str]:
        """Every wanted job's state."""
        marked = markers()
        return {record: self._state(record, marked) for record in dict.fromkeys([*self.wanted, *self.jobs])}

    @cached_property
    def graph(self) -> Graph:
        """The records that are whole, as a graph."""
        return Graph({path: found.record for path, found in self.found.items() if found.record})

    @cached_property
    def left_over(self) -> list[str]:
        """Records that the study no longer has a job for."""
        return sorted(set(self.found) - set(self.states))

    def _state(self, record: str, marked: set[str]) -> str:
        found, job = self.found.get(record), self.jobs.get(record)
        paths = [path for paths in job.writes.values() for path in paths] if job else []
        # begun and not ended: it left a mark of Snakemake's, a temporary file, or a log without end and no record
        if job and any(path in marked or os.path.lexists(temporary(Path(path))) for path in (record, *paths)):
            return "interrupted"
        if job and not os.path.exists(record) and log_end(job.log)[0] == "open":
            return "interrupted"
        if found is None or found.lost or any(not os.path.exists(path) for path in paths):
            return "missing"
        if found.damage or found.changed:
            return "edited"
        return "stale" if job else "fresh"

    def of(self, outcome: str) -> list[Foreseen]:
        """The scheduled jobs with this outcome."""
        return [foreseen for foreseen in self.foreseen.values() if foreseen.outcome == outcome]


def look(name: str) -> View:
    """See how an experiment is: one dry run, and meanwhile a look at its files.

    Raises:
        OverheardError: there is no such configuration, or the dry run fails.
    """
    loaded = load(name)
    plan = reruns.plan(loaded)
    jobs = plan.scheduled
    return View(loaded, plan.found, {job.record: job for job in jobs}, foresee(jobs, plan.found))


def log_end(path: str) -> tuple[str, str]:
    """How a job's log ends: `finished`, `failed` or `open`, or `none` without a log; and its last line."""
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.path.getsize(path) - 8192))
            text = stream.read().decode(errors="replace")
    except OSError:
        return "none", ""
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    if last.startswith(("finished in ", "put back in ")):
        return "finished", last
    failed = last.startswith("error: ") or "\nTraceback (most recent call last)" in text or "\nerror: " in text
    return ("failed" if failed else "open"), last


def as_json(view: View) -> dict[str, Any]:
    """All that is known, as plain data."""
    return {
        "experiment": view.loaded.name,
        "jobs": view.states,
        "scheduled": list(view.jobs),
        "to_compute": [foreseen.job.record for foreseen in view.of(COMPUTE)],
        "to_compute_at_most": [foreseen.job.record for foreseen in view.of(PERHAPS)],
        "to_put_back": [foreseen.job.record for foreseen in view.of(PUT_BACK)],
        "edited": edited(view.found),
        "left_over": view.left_over,
        "at_work": at_work(view.loaded.name),
    }


def status_text(name: str) -> str:
    """An experiment's state, for people."""
    view = look(name)
    lines = [f"{name}: {view.loaded.study.title}"]
    if process := at_work(name):
        lines.append(f"A run works on it now (process {process}): what it is at counts as interrupted.")
    lines += ["", *_columns(view), "", *_plan(view)]
    for state, said in STATES.items():
        if state != "fresh":
            lines += _named(said, [words(job) for job, its in view.states.items() if its == state])
    if paths := edited(view.found):
        lines += _named("files that are not what their job made", paths)
        lines += ["Jobs that read such a file refuse it. Move it away, and `overheard run` again makes what was there."]
    lines += _named("left over, no longer in the study", [words(record) for record in view.left_over])
    if view.jobs:
        first = next(record for record in view.states if record in view.jobs)
        lines += ["", f'Why: overheard status {name} --why "{words(first)}"']
    return "\n".join(lines)


def _columns(view: View) -> list[str]:
    """How many jobs of each stage are in each state."""
    counts = Counter((stage_of(record), state) for record, state in view.states.items())
    width = max(map(len, STAGES))
    lines = [" ".join([f"{'':<{width}}", *(f"{said:>{len(said) + 1}}" for said in STATES.values())])]
    for stage in dict.fromkeys(stage_of(record) for record in view.states):
        cells = [f"{counts[stage, state] or '·':>{len(said) + 1}}" for state, said in STATES.items()]
        lines.append(" ".join([f"{stage:<{width}}", *cells]))
    return lines


def _plan(view: View) -> list[str]:
    """What is scheduled, and what of it computes."""
    if not view.jobs:
        return ["Nothing is scheduled."]
    surely, perhaps, back = view.of(COMPUTE), view.of(PERHAPS), view.of(PUT_BACK)
    lines = [f"scheduled:  {len(view.jobs)} jobs ({_by_stage(view.jobs.values())}), as Snakemake's dry run lists them"]
    told = f"to compute: {len(surely)}" + (f" ({_by_stage(each.job for each in surely)})" if surely else "")
    if perhaps:
        told += f", and at most {len(perhaps)} more ({_by_stage(each.job for each in perhaps)}) which read from these"
    lines.append(told)
    if back:
        lines.append(f"put back:   {len(back)} from {store.folder()}/, computed before")
    if surely or perhaps:
        all_of_it = Counter(each.job.stage for each in [*surely, *perhaps])
        text = how_long(view.loaded, dict(all_of_it), len(os.sched_getaffinity(0)))
        lines.append(f"At most: {text}." if perhaps else f"{text}.")
    return lines


def _by_stage(jobs: Iterable[Planned]) -> str:
    counts = Counter(job.stage for job in jobs)
    return ", ".join(f"{stage} {counts[stage]}" for stage in STAGES if stage in counts)


def _named(title: str, names: Sequence[str]) -> list[str]:
    """A title and the first of some names."""
    if not names:
        return []
    more = [f"  … and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return ["", f"{title}:", *(f"  {name}" for name in names[:_SHOWN]), *more]


def all_as_json() -> list[dict[str, Any]]:
    """Every experiment that has results; one whose plan cannot be made says why."""
    names = [folder.name for folder in sorted(Path("results").glob("*")) if records.record_paths(folder)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(_one_as_json, names))


def _one_as_json(name: str) -> dict[str, Any]:
    try:
        return as_json(look(name))
    except OverheardError as error:
        return {"experiment": name, "error": str(error)}


def all_status_text() -> str:
    """One line for each experiment that has results.

    Raises:
        LineageError: there is none.
    """
    found = all_as_json()
    if not found:
        raise LineageError("results: no experiment has results here; `overheard run NAME` makes some")
    width = max(len(each["experiment"]) for each in found)
    return "\n".join(f"{each['experiment']:<{width}}  {_one_line(each)}" for each in found)


def _one_line(said: Mapping[str, Any]) -> str:
    if "error" in said:
        return f"not known: {said['error'].splitlines()[0]}"
    counts = Counter(said["jobs"].values())
    states = ", ".join(f"{counts[state]} {word}" for state, word in STATES.items() if counts[state])
    if not said["scheduled"]:
        return f"{states}; nothing is scheduled"
    surely, perhaps = len(said["to_compute"]), len(said["to_compute_at_most"])
    more = f" and at most {perhaps} more" if perhaps else ""
    return f"{states}; {len(said['scheduled'])} scheduled, {surely}{more} to compute"
