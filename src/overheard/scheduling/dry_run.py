"""What Snakemake would run, by one dry run: every job's plan as data, and why it would run.

The workflow itself leaves its plans in a file (`scheduling.wiring`); nothing is read from printed lines.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overheard.errors import OverheardError
from overheard.scheduling.wiring import PLANS, refused
from overheard.study.flow import STAGES


@dataclass(frozen=True)
class Planned:
    """A job as it is planned now.

    Attributes:
        record: path of the record it writes; its name.
        stage: the command's word.
        settings: arguments that decide and are no files, as its record will have them.
        reads: files by flag.
        writes: files by flag.
        sources: records of the jobs it reads from.
        planned: `code`, `environment` and `outside`, as it is planned with.
        log: its log.
        reason: why it would run, in Snakemake's words; None where it would not.
    """

    record: str
    stage: str
    settings: Mapping[str, Any]
    reads: Mapping[str, Sequence[str]]
    writes: Mapping[str, Sequence[str]]
    sources: Sequence[str]
    planned: Mapping[str, Any]
    log: str
    reason: str | None = None


def dry_run(command: Sequence[str]) -> list[Planned]:
    """Every job of the plan in the order of the flow, those that would not run too.

    Args:
        command: Snakemake's command line for an experiment, up to `--dry-run`.

    Raises:
        OverheardError: the dry run fails; what a user can fix is said alone, else its own words follow.
    """
    # quiet in both: it ends when it knows what would run, before it prints thousands of jobs
    extra = ["--dry-run", "--quiet", "rules", "progress", "--cores", "1"]
    separator = command.index("--") if "--" in command else len(command)
    with tempfile.TemporaryDirectory(prefix="overheard-plan-") as folder:
        plans = Path(folder, "plans")
        done = subprocess.run(
            [*command[:separator], *extra, *command[separator:]],
            env=os.environ | {PLANS: str(plans)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode and refused(plans).exists():
            raise OverheardError(refused(plans).read_text(encoding="utf-8"))
        if done.returncode:
            lines = [line.rstrip() for line in done.stdout.splitlines() if line.strip() and "dry run" not in line]
            raise OverheardError("\n".join(["the plan could not be made; Snakemake says:", *lines[-15:]]))
        found = [Planned(**json.loads(line)) for line in plans.read_text(encoding="utf-8").splitlines()]
    flow = {stage: place for place, stage in enumerate(STAGES)}
    return sorted(found, key=lambda job: (flow[job.stage], job.record))
