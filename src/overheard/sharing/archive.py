"""Many files as one, the same bytes for the same files: sorted names, no times, owners or modes. Touches files."""

import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO

from overheard.errors import LineageError
from overheard.io import whole

_CHUNK_BYTES = 1 << 20


class _Hashed(io.RawIOBase):
    """A file that is hashed while it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.digest = stream, sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.digest.update(content)
        return content


def pack(archive: Path, members: Mapping[str, Path]) -> dict[str, str]:
    """Write files into one archive, under a temporary name first.

    Args:
        archive: the file to write; what lies there is replaced.
        members: name in the archive to file.

    Returns:
        The sha256 of each member, from the same reading.

    Raises:
        LineageError: a file is not there, or grew or shrank while it was read.
    """
    digests = {}
    with whole.writing(archive) as part, part.open("wb") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in sorted(members):
                digests[name] = _add(tar, name, members[name])
        out.flush()
        os.fsync(out.fileno())
    return digests


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    try:
        with path.open("rb") as stream:
            entry = tarfile.TarInfo(name)
            entry.size = os.fstat(stream.fileno()).st_size
            entry.mode = 0o644
            hashed = _Hashed(stream)
            tar.addfile(entry, hashed)
            if stream.read(1):
                raise OSError("it grew")
    except FileNotFoundError as error:
        raise LineageError(f"{path}: no such file; run the step that makes it") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise LineageError(f"{path}: changed while it was packed ({error}); save again when it is at rest") from error
    return hashed.digest.hexdigest()


def members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Each member's name and content, in the archive's order; the content must be read before the next is asked for.

    Raises:
        LineageError: not a whole archive, or it has what `pack` never writes: a link, a name that leads outside. The
            content's own reading raises it too.
    """
    try:
        with tarfile.open(archive, mode="r:") as tar:
            for entry in tar:
                place = PurePosixPath(entry.name)
                if not entry.isreg() or place.is_absolute() or ".." in place.parts:
                    raise LineageError(f"{archive}: {entry.name!r} is no plain file of this folder; not unpacked")
                yield entry.name, _Member(tar.extractfile(entry), archive)
            if archive.stat().st_size < tar.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it has no end")
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise LineageError(f"{archive}: not a whole archive ({error})") from error


class _Member(io.RawIOBase):
    """A member's content; half an archive is told as what it is."""

    def __init__(self, stream: IO[bytes], archive: Path) -> None:
        self._stream, self._archive = stream, archive

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except tarfile.TarError as error:
            raise LineageError(f"{self._archive}: not a whole archive ({error})") from error


def digests(archive: Path) -> dict[str, str]:
    """The sha256 of each member.

    Raises:
        LineageError: as `members`.
    """
    return {name: digest_of(content) for name, content in members(archive)}


def digest_of(stream: IO[bytes]) -> str:
    """The sha256 of all that is left to read of a stream."""
    digest = sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as stream:
        return digest_of(stream)


def put(content: IO[bytes], path: Path) -> None:
    """Write a member's content to a file: under a temporary name, then renamed."""
    with whole.writing(path) as part, part.open("wb") as out:
        while chunk := content.read(_CHUNK_BYTES):
            out.write(chunk)
