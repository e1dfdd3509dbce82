"""One run at a time in an experiment's results."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from overheard.errors import MediaError, OverheardError


@contextmanager
def only_run(name: str) -> Iterator[None]:
    """Hold the experiment, so that no second run works beside this one; freed by the system if this process dies.

    Raises:
        OverheardError: another run holds it.
        MediaError: results cannot be written.
    """
    folder = Path("results") / name
    _refuse_broken_links(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / ".lock").open("a+")
    except OSError as error:
        raise MediaError(
            f"{folder}: cannot be written ({error.strerror}); make it writable, or run where you may write"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise OverheardError(
                f"{folder}: another run works on it (process {stream.read().strip()}); wait for it"
            ) from error
        except OSError as error:
            # some file systems of clusters have no locks
            print(
                f"{folder}: no lock here ({error.strerror}): start no second run of {name} beside this", file=sys.stderr
            )
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def _refuse_broken_links(folder: Path) -> None:
    for place in (folder.parent, folder):
        if place.is_symlink() and not place.is_dir():
            where = os.readlink(place)
            raise MediaError(f"{place}: a link to {where}, which is no folder; make that folder, or remove the link")


def at_work(name: str) -> str | None:
    """The process of a run that works on an experiment now; None if there is none."""
    with suppress(OSError), open(Path("results") / name / ".lock", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return stream.read().strip() or "unknown"
    return None
