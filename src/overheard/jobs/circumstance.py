"""When, where and at what cost a job ran: measured, or read again. Touches files: asks the system, git, the clock."""

import json
import os
import platform
import resource
import socket
import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from overheard.errors import LineageError
from overheard.jobs.machine import cpuinfo
from overheard.jobs.records import CIRCUMSTANCE, SUFFIX, Record, digest_of, located

Circumstance = dict[str, Any]
GIT = "OVERHEARD_GIT"
"""Environment variable by which `overheard run` tells its jobs the commit, so that not each asks git."""

_PARTS = ("src", "workflow", "config")
_ENERGY = Path("/sys/class/powercap/intel-rapl:0/energy_uj")


class Watch:
    """Measures a job from its making to `circumstance`."""

    def __init__(self) -> None:
        self.started, self.clock = datetime.now(UTC), time.monotonic()
        self.cpu, self.energy = _cpu_seconds(), _energy_joules()

    def circumstance(self, command: str, device: str, machine: str, computed: Circumstance | None) -> Circumstance:
        """What stands beside the record; `computed` is the circumstance of the job whose files were put back."""
        energy = _energy_joules()
        joules = None if energy is None or self.energy is None or energy < self.energy else energy - self.energy
        return {
            "command": command,
            "started": self.started.isoformat(timespec="milliseconds"),
            "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": round(time.monotonic() - self.clock, 3),
            "cpu_seconds": round(_cpu_seconds() - self.cpu, 3),
            "peak_memory_bytes": 1024 * max(used.ru_maxrss for used in _usage()),
            "energy_joules": joules,
            "host": socket.gethostname(),
            "machine": machine,
            "cpu": cpuinfo().get("model name") or platform.processor() or platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
            "threads": _threads(),
            "device": device,
            "git": json.loads(os.environ[GIT]) if GIT in os.environ else git_state(),
            "how": "computed" if computed is None else "put back",
            "computed": computed,
        }


def sealed(said: Circumstance, record_digest: str) -> Circumstance:
    """The circumstance of a record, with its own digest, so that a change is found."""
    said = said | {"of": record_digest}
    return said | {"digest": digest_of(said)}


def circumstance_path(record: Path) -> Path:
    """Where the circumstances of a record's job stand."""
    return record.with_name(record.name.removesuffix(SUFFIX) + CIRCUMSTANCE)


def read_circumstance(record: Path) -> Circumstance | None:
    """The circumstances of a record's job; None where there are none, as after a lost file."""
    try:
        found = json.loads(circumstance_path(record).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def circumstance_of(folder: Path, job: str, record: Record) -> Circumstance:
    """The circumstance of a job, as it was written beside its record.

    Args:
        folder: `results/NAME`, or `reference/NAME`.
        job: the recorded path of the job's record.
        record: that record.

    Raises:
        LineageError: it is missing, was changed, or belongs to another record.
    """
    place = circumstance_path(located(job, folder))
    try:
        text = place.read_bytes().decode()
        found = json.loads(text)
        # a changed case in a \u escape or an exponent reads as the same content
        texts = [json.dumps(found, indent=1, sort_keys=True, ensure_ascii=only) + "\n" for only in (True, False)]
        if not isinstance(found, dict) or text not in texts or digest_of(found) != found.get("digest"):
            raise ValueError("other content than its digest's")
    except FileNotFoundError as error:
        raise LineageError(f"{place}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:  # a folder; no UTF-8, no JSON, no end of brackets
        raise LineageError(
            f"{place}: not what was written beside {Path(job).name}; "
            "delete it (when and where the job ran is lost then)"
        ) from error
    if found.get("of") != record["digest"]:
        raise LineageError(f"{place}: the circumstance of another record; delete it")
    return found


def _threads() -> int:
    """OpenMP's threads at its outermost level: the variable may name one number a level, `2,1`."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return max(1, int(first)) if first.isdecimal() else 1


def _usage() -> list[resource.struct_rusage]:
    """Of this process, and of those it started."""
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _cpu_seconds() -> float:
    return sum(used.ru_utime + used.ru_stime for used in _usage())


def _energy_joules() -> float | None:
    """The processor's energy counter, of everything that runs on it; None where this machine does not tell."""
    try:
        return int(_ENERGY.read_text()) / 1e6
    except (OSError, ValueError):
        return None


@cache
def git_state() -> dict[str, Any]:
    """The commit of the project's own folder, and which of src, workflow and config differ from it."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "workflow" / "Snakefile").is_file():
        return {"commit": None, "dirty": [], "note": f"the package is installed in {root}, without its checkout"}
    if not (root / ".git").exists():
        return {"commit": None, "dirty": [], "note": "no .git: a source archive"}
    try:
        commit = _git(root, "rev-parse", "HEAD").strip()
        changed = _git(root, "status", "--porcelain", "--", *_PARTS)
    except (OSError, subprocess.CalledProcessError) as error:
        said = " ".join((getattr(error, "stderr", None) or str(error)).split())
        return {"commit": None, "dirty": [], "note": f"git could not be asked: {said}"}
    paths = [line[3:].strip('"') for line in changed.splitlines()]
    dirty = [part for part in _PARTS if any(path.startswith(f"{part}/") for path in paths)]
    return {"commit": commit, "dirty": dirty, "note": None}


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=True).stdout
