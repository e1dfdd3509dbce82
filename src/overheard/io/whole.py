"""A file or folder is written whole or not at all: under a temporary name beside its own, then renamed."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PART = ".part-"
"""What a temporary name begins with: a file of such a name was left by something that was cut off."""


def temporary(path: Path) -> Path:
    """The name beside a file's or folder's own under which it is written."""
    return path.with_name(f"{PART}{path.name}")


@contextmanager
def writing(path: Path, shared: bool = False) -> Iterator[Path]:
    """A temporary name to write to; at the end it replaces what is at `path`, after an error nothing is left of it.

    Args:
        path: a file or folder; the folder it lies in is made.
        shared: other processes may write the same file at this moment; each gets a name of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if shared:
        part = path.with_name(f"{PART}{os.getpid()}-{secrets.token_hex(4)}")
    else:
        part = temporary(path)
        remove(part)
    try:
        yield part
        replace(part, path)
    except BaseException:
        # what went wrong first is what a person should read
        with suppress(OSError):
            remove(part)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with writing(path) as part:
        part.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 text with Unix line ends, whole or not at all."""
    write_bytes(path, text.encode())


def replace(part: Path, path: Path) -> None:
    """Give what was written its own name, in place of what has it now.

    Raises:
        IsADirectoryError: a file was written where a folder stands, which is more than the file that is meant.
    """
    if path.is_dir():
        if not part.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        remove(path)
    os.replace(part, path)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
