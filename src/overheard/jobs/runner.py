"""One runner does for every stage what no stage may forget.

It checks what is read, hands out temporary names for what is written, renames them when the stage has finished, puts
back what the same job computed before, writes the record, keeps a log whose first line is the command, and turns
trouble that a user can fix into one message and exit code 2.
"""

import errno
import shlex
import time
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

from overheard.errors import MediaError, OverheardError
from overheard.io import progress, whole
from overheard.io.signature import deciding, paths_of, role
from overheard.jobs.code import closure
from overheard.jobs.job import Job, Provenance


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
            stream = stack.enter_context(_opened(log)) if log else None
            stack.enter_context(progress.job(word, arguments, stream, shlex.join(command)))
            _run(stage, arguments, shlex.join(command), provenance)
        except Exception as error:
            message = str(error) if isinstance(error, OverheardError) else None
            if isinstance(error, OSError):
                message = os_message(word, error, _places(stage, arguments))
            if message is None:
                # the border of the program: the traceback goes to the log and the terminal, and the exit code says so
                progress.crashed()
                return 1
            progress.failed(message)
            return 2
        progress.finished(time.monotonic() - started)
        return 0


@contextmanager
def _opened(log: Path) -> Iterator[TextIO]:
    log.parent.mkdir(parents=True, exist_ok=True)
    stream = log.open("w", encoding="utf-8")
    yield stream
    # lines that a full disk did not take are tried again here
    with suppress(OSError):
        stream.close()


def _places(stage: Callable[..., None], arguments: dict[str, Any]) -> list[str]:
    """The folders that a stage writes into."""
    written = [paths[0].parent for paths in _files(stage, arguments, "writes").values()]
    return list(dict.fromkeys(path.as_posix() for path in filter(None, [*written, arguments.get("checkpoints")])))


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


def _code(stage: Callable[..., None], arguments: dict[str, Any]) -> str:
    return closure.stage_code(stage.__name__, closure.entries(deciding(stage, arguments))).digest


def _run(stage: Callable[..., None], arguments: dict[str, Any], command: str, provenance: Provenance | None) -> None:
    reads, writes = _files(stage, arguments, "reads"), _files(stage, arguments, "writes")
    for name, paths in reads.items():
        for path in paths:
            if not path.exists():
                raise MediaError(f"--{name.replace('_', '-')}: {path} does not exist; run the stage that makes it")
    given, checkpoints = dict(arguments), arguments.get("checkpoints")
    # what is written has a temporary name until it is whole
    parts = {path: whole.temporary(path) for paths in writes.values() for path in paths}
    for name, paths in writes.items():
        given[name] = [parts[path] for path in paths] if isinstance(given[name], list) else parts[paths[0]]
    for part in parts.values():
        part.parent.mkdir(parents=True, exist_ok=True)
        whole.remove(part)
    if checkpoints is not None:
        # a checkpoint is gone on with by the code that left it, and by no other; the folder is this job's alone, so
        # that no job removes it while another is about to write there
        whose = f"{_code(stage, arguments)} {next(iter(parts))}"
        given["checkpoints"] = checkpoints / sha256(whose.encode()).hexdigest()[:16]
    try:
        job = Job(stage.__name__, deciding(stage, arguments), reads, writes, provenance) if provenance else None
        if job is None or not job.put_back():
            stage(**given)
        elif job.computed:
            progress.put_back(f"put back from {job.store}/: computed before, {job.computed['ended'][:16]}")
        for path, part in parts.items():
            if not part.exists():
                raise RuntimeError(f"stage {stage.__name__} did not write {path}")
        if job:
            job.finish(command)
            # a record that stands there speaks of what is replaced now
            job.provenance.record.unlink(missing_ok=True)
        for path, part in parts.items():
            whole.replace(part, path)
        if job:
            job.write()
    finally:
        for part in parts.values():
            whole.remove(part)
        if checkpoints is not None:
            with suppress(OSError):
                given["checkpoints"].rmdir()


def _files(stage: Callable[..., None], arguments: dict[str, Any], wanted: str) -> dict[str, list[Path]]:
    """The files that a stage reads or writes, by flag; flags without any are left out."""
    hints = typing.get_type_hints(stage, include_extras=True).items()
    found = {name: paths_of(arguments.get(name)) for name, annotation in hints if role(annotation) == wanted}
    return {name: paths for name, paths in found.items() if paths}
