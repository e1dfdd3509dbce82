"""One runner does for every stage what no stage may forget.

It checks what is read, hands out temporary names for what is written, renames them when the stage has finished, puts
back what the same job computed before, writes the record, keeps a log whose first line is the command, and turns
trouble that a user can fix into one message and exit code 2.
"""

import dataclasses
import errno
import shlex
import time
import typing
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from overheard.errors import MediaError, OverheardError
from overheard.io import progress, whole
from overheard.io.signature import deciding, paths_of, role
from overheard.jobs import job as jobs
from overheard.jobs.code import closure
from overheard.jobs.job import Provenance


def run_stage(
    stage: Callable[..., None],
    arguments: dict[str, Any],
    log: Path | None,
    command: Sequence[str],
    provenance: Provenance | None = None,
) -> int:
    """Run one stage function on parsed arguments; returns the exit code (0, 1 unexpected, 2 for the user to fix).

    With `provenance` it is checked, put back where it was computed before, and recorded.
    """
    word = stage.__name__
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(closing(_Log(log))) if log else None
            if stream:
                print(shlex.join(command), file=stream, flush=True)
            stack.enter_context(progress.job(word, arguments, stream))
            _run(stage, arguments, shlex.join(command), provenance)
        except OverheardError as error:
            progress.failed(str(error))
            return 2
        except OSError as error:
            message = os_message(word, error, _places(stage, arguments))
            if message is None:
                progress.crashed()
                return 1
            progress.failed(message)
            return 2
        except Exception:
            # the border of the program: the traceback goes to the log and the terminal, and the exit code says so
            progress.crashed()
            return 1
        progress.finished(time.monotonic() - started)
        return 0


class _Log:
    """A job's log; a disk that takes no more lines of it must not hide what it says."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = path.open("w", encoding="utf-8")

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()


def _places(stage: Callable[..., None], arguments: dict[str, Any]) -> list[str]:
    """The folders that a stage writes into."""
    found = []
    for name, annotation in typing.get_type_hints(stage, include_extras=True).items():
        value = arguments.get(name)
        if role(annotation) == "writes":
            found += [path.parent.as_posix() for path in paths_of(value)[:1]]
        elif role(annotation) is None and isinstance(value, Path):
            found.append(value.as_posix())
    return list(dict.fromkeys(found))


def os_message(word: str, error: OSError, places: Sequence[str] = ()) -> str | None:
    """One line for trouble of the machine that a user can fix, or None."""
    # a file that cannot be opened has its name here, one that cannot be written on has not
    place = error.filename or " or ".join(places)
    place = f"{place}: " if place else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place}no space left while {word} was writing; free some (`overheard clean NAME` helps) and run again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}{str(error.strerror).lower()}; make the folder writable, or run where you may write"
    if error.errno == errno.EIO:
        return f"{place}the disk or network could not be read or written; check it and run again"
    return None


@dataclasses.dataclass
class _Files:
    """A job's files by flag; what is written has a temporary name until it is whole."""

    reads: dict[str, list[Path]] = dataclasses.field(default_factory=dict)
    parts: dict[str, list[Path]] = dataclasses.field(default_factory=dict)
    finals: dict[str, list[Path]] = dataclasses.field(default_factory=dict)

    def pairs(self) -> list[tuple[Path, Path]]:
        return [pair for flag, parts in self.parts.items() for pair in zip(parts, self.finals[flag], strict=True)]


def _run(stage: Callable[..., None], arguments: dict[str, Any], command: str, provenance: Provenance | None) -> None:
    given, files = _with_temporary_names(stage, arguments)
    checkpoints = arguments.get("checkpoints")
    if checkpoints is not None:
        # a checkpoint is gone on with by the code that left it, and by no other; the folder is this job's alone, so
        # that no job removes it while another is about to write there
        whose = f"{closure.stage_code(stage.__name__, arguments.get('method')).digest} {files.pairs()[0][1]}"
        given["checkpoints"] = checkpoints / sha256(whose.encode()).hexdigest()[:16]
    try:
        job = None
        if provenance:
            job = jobs.begin(stage.__name__, deciding(stage, arguments), files.reads, files.finals, provenance)
        if job is None or not jobs.put_back(job, files.parts):
            stage(**given)
        elif job.computed:
            progress.put_back(f"put back from {job.store}/: computed before, {job.computed['ended'][:16]}")
        for part, path in files.pairs():
            if not part.exists():
                raise RuntimeError(f"stage {stage.__name__} did not write {path}")
        if job:
            jobs.finish(job, files.finals, files.parts, command)
            # a record that stands there speaks of what is replaced now
            job.provenance.record.unlink(missing_ok=True)
        for part, path in files.pairs():
            whole.replace(part, path)
        if job:
            jobs.write(job)
    finally:
        for part, _ in files.pairs():
            whole.remove(part)
        if checkpoints is not None:
            with suppress(OSError):
                given["checkpoints"].rmdir()


def _with_temporary_names(stage: Callable[..., None], arguments: dict[str, Any]) -> tuple[dict[str, Any], _Files]:
    """The arguments with a temporary name for each file that is written, and the files.

    Raises:
        MediaError: a file that is read is not there.
    """
    given, files = dict(arguments), _Files()
    for name, annotation in typing.get_type_hints(stage, include_extras=True).items():
        kind, paths = role(annotation), paths_of(given.get(name))
        if kind == "reads":
            for path in paths:
                if not path.exists():
                    raise MediaError(f"--{name.replace('_', '-')}: {path} does not exist; run the stage that makes it")
            files.reads |= {name: paths} if paths else {}
        elif kind == "writes" and paths:
            files.finals[name] = paths
            files.parts[name] = [whole.temporary(path) for path in paths]
            for part in files.parts[name]:
                part.parent.mkdir(parents=True, exist_ok=True)
                whole.remove(part)
            given[name] = files.parts[name] if isinstance(given[name], list) else files.parts[name][0]
    return given, files
