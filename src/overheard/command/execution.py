"""Let Snakemake make one experiment, or several at a time, and show them all in one display."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from overheard.command import environment
from overheard.command.display import Display
from overheard.command.sockets import sockets_folder
from overheard.io.parent_death import die_with_parent
from overheard.io.progress import SOCKET
from overheard.jobs.circumstance import GIT, git_state
from overheard.jobs.fork_server import warm_process
from overheard.scheduling import durations
from overheard.scheduling.reruns import Plan, Wanted, snakemake_command
from overheard.study.experiments import Loaded
from overheard.study.flow import STAGES

FIXABLE = 2
"""Exit code of what a user can fix."""


@dataclass(frozen=True)
class Work:
    """An experiment, or a part of one, that has jobs to do.

    Attributes:
        loaded: the experiment.
        wanted: which part of it.
        plan: what would run.
        label: what the display calls it where there are several; empty for one alone.
        alone: nothing else runs beside it; others may then find what it made in the store.
    """

    loaded: Loaded
    wanted: Wanted
    plan: Plan
    label: str = ""
    alone: bool = False

    @property
    def log(self) -> Path:
        """Of Snakemake."""
        return Path("logs") / self.loaded.name / "snakemake.log"


@dataclass(frozen=True)
class Outcome:
    """What came of a work.

    Attributes:
        code: 0, 1 for a failed job, 2 for trouble the user can fix, 130 when interrupted.
        troubles: what its failed jobs said.
        done: jobs that ended well.
        put_back: those of them whose results were computed before.
    """

    code: int
    troubles: Sequence[str] = ()
    done: int = 0
    put_back: int = 0


@dataclass
class _Running:
    """A work's Snakemake, and the cores it was given."""

    work: Work
    process: subprocess.Popen[bytes]
    cores: int


@dataclass
class _Queue:
    """Works in their order: which may start now, on how many of the cores."""

    waiting: list[Work]
    cores: int
    running: list[_Running] = field(default_factory=list)

    def next(self) -> tuple[Work, int] | None:
        """The next work and its cores; None where it has to wait, as for one that has all cores, or there is none."""
        if not self.waiting:
            return None
        if self.waiting[0].alone:
            return None if self.running else (self.waiting.pop(0), self.cores)
        free = self.cores - sum(one.cores for one in self.running)
        beside = next((place for place, one in enumerate(self.waiting) if one.alone), len(self.waiting))
        return (self.waiting.pop(0), max(1, free // beside)) if free > 0 else None


def execute(
    works: Sequence[Work],
    cores: int,
    extra: Sequence[str] = (),
    environ: Mapping[str, str] = {},
    ended: Callable[[Work, Outcome], None] | None = None,
) -> list[Outcome]:
    """Let Snakemake run, and show it; what came of each work, in their order.

    Several works share the cores, one core each where there are as many; a failed one does not stop the others, an
    interruption stops all.

    Args:
        works: each of another experiment.
        cores: jobs at once, of all works together.
        extra: more options of Snakemake's.
        environ: of the jobs, beside this process's own.
        ended: told of each work as it ends.
    """
    outcomes: dict[str, Outcome] = {}
    queue = _Queue(list(works), cores)
    total = sum(len(work.plan.scheduled) for work in works)
    with _surroundings(works, extra, environ, total) as (display, addresses, whole):
        try:
            while queue.waiting or queue.running:
                while (chosen := queue.next()) is not None:
                    queue.running.append(_start(*chosen, extra, whole | {SOCKET: addresses[chosen[0].label]}))
                display.listen(0.1)
                for one in [one for one in queue.running if one.process.poll() is not None]:
                    display.listen(0)
                    queue.running.remove(one)
                    outcomes[one.work.label] = _outcome(one, display)
                    if ended is not None:
                        ended(one.work, outcomes[one.work.label])
        except KeyboardInterrupt:
            for one in queue.running:
                _stop(one.process)
            display.close()
            print("\ninterrupted; what was finished is kept: type the same command to go on", file=sys.stderr)
            return [outcomes.get(work.label, Outcome(130)) for work in works]
    # they only tell the next run how long it takes
    with suppress(OSError):
        for work in works:
            durations.remember(work.loaded.name, display.durations[work.label])
    return [outcomes[work.label] for work in works]


@contextmanager
def _surroundings(
    works: Sequence[Work], extra: Sequence[str], given: Mapping[str, str], total: int
) -> Iterator[tuple[Display, dict[str, str], dict[str, str]]]:
    """The display, the address of each work's messages to it, and the environment of all; with a warm process."""
    with sockets_folder() as folder:
        addresses = {work.label: str(folder / f"progress{place}") for place, work in enumerate(works)}
        warm = sum((Counter(work.plan.by_stage()) for work in works), Counter[str]())
        environ = os.environ | dict(given) | {GIT: json.dumps(git_state())}
        environ |= environment.of_plugins() if "--profile" in extra else {}
        jobs = {stage: warm[stage] for stage, its in STAGES.items() if its.warm}
        with Display(addresses, total) as display, warm_process(folder, environ, jobs):
            yield display, addresses, environ


def _start(work: Work, cores: int, extra: Sequence[str], environ: dict[str, str]) -> _Running:
    """Start Snakemake for a work; all it prints goes to its log."""
    work.log.parent.mkdir(parents=True, exist_ok=True)
    command = snakemake_command(work.loaded, work.wanted, ["--cores", str(cores), *extra], list(work.plan.deviating))
    with work.log.open("w", encoding="utf-8") as stream:
        print(shlex.join(command), file=stream, flush=True)
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environ,
            # asked to stop, Snakemake would wait for its jobs, beside those of the next run
            preexec_fn=partial(die_with_parent, parent=os.getpid()),
        )
    return _Running(work, process, cores)


def _outcome(one: _Running, display: Display) -> Outcome:
    label = one.work.label
    code = 0 if one.process.returncode == 0 else FIXABLE if display.fixable[label] else 1
    return Outcome(code, display.troubles[label], display.done[label], display.put_back[label])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Wait until Snakemake and its jobs have stopped: a terminal has interrupted them too, anything else has not."""
    for sent in (None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if sent is not None:
            process.send_signal(sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return
