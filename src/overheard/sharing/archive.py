"""Many files as one, the same bytes for the same files: sorted names, no times, owners or modes. Touches files."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from overheard.errors import LineageError
from overheard.io import whole


def pack(archive: Path, members: Mapping[str, Path]) -> dict[str, str]:
    """Write files into one archive, under a temporary name first.

    Args:
        archive: the file to write; what lies there is replaced.
        members: name in the archive to file.

    Returns:
        The sha256 of each member, read back from the archive.

    Raises:
        LineageError: a file is missing, or grew or shrank while it was read.
    """
    with whole.writing(archive) as part, part.open("wb") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in sorted(members):
                _add(tar, name, members[name])
        out.flush()
        os.fsync(out.fileno())
    return digests(archive)


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    try:
        with path.open("rb") as stream:
            entry = tarfile.TarInfo(name)
            entry.size = os.fstat(stream.fileno()).st_size
            entry.mode = 0o644
            tar.addfile(entry, stream)
            if stream.read(1):
                raise OSError("it grew")
    except FileNotFoundError as error:
        raise LineageError(f"{path}: no such file; run the step that makes it") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise LineageError(f"{path}: changed while it was packed ({error}); save again when it is at rest") from error


def members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Each member's name and content, in the archive's order; the content must be read before the next is asked for.

    Raises:
        LineageError: not a whole archive, or it has what `pack` never writes: a link, a name that leads outside.
    """
    size = archive.stat().st_size
    try:
        with tarfile.open(archive, mode="r:") as tar:
            for entry in tar:
                place = PurePosixPath(entry.name)
                if not entry.isreg() or entry.issparse() or place.is_absolute() or ".." in place.parts:
                    raise LineageError(f"{archive}: {entry.name!r} is no plain file of this folder; not unpacked")
                # checked before it is handed out, so that reading it cannot fail
                if entry.offset_data + entry.size > size:
                    raise tarfile.ReadError(f"it ends within {entry.name!r}")
                yield entry.name, tar.extractfile(entry)
            if size < tar.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it has no end")
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise LineageError(f"{archive}: not a whole archive ({error})") from error


def digests(archive: Path) -> dict[str, str]:
    """The sha256 of each member.

    Raises:
        LineageError: as `members`.
    """
    return {name: hashlib.file_digest(content, "sha256").hexdigest() for name, content in members(archive)}


def put(content: IO[bytes], path: Path) -> None:
    """Write a member's content to a file: under a temporary name, then renamed."""
    with whole.writing(path) as part, part.open("wb") as out:
        shutil.copyfileobj(content, out)
