"""What a file or folder contains, as a sha256: really read, or remembered by the file system's marks. Touches files.

A folder's sha256 is that of its listing: `path,sha256,bytes`, a line a file, sorted by path. Which files those are, and
what is refused, is the same as for the stages (`io.found_files`).
"""

import csv
import io
import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path

from overheard.errors import MediaError
from overheard.io import whole
from overheard.io.found_files import Found, find

_CHUNK_BYTES = 1 << 20
_BATCH_FILES = 64
_BATCH_BYTES = 8 << 20
_THREADS_FROM_BYTES = 8 << 10
_FINE_NS = 50_000_000
"""Stamps move with the kernel's tick, at most 10 ms, and lag behind the clock by as much (measured on 6.18: 0.1 ms)."""
_COARSE_NS = 2_050_000_000
"""The same where stamps are whole seconds: FAT counts in steps of two."""


@dataclass(frozen=True)
class Content:
    """What a file or folder contains.

    Attributes:
        sha256: of the file, or of the folder's listing.
        bytes: of the file, or of all the folder's files.
        files: how many the folder has; None for a file.
        listing: the text whose sha256 is the folder's; None for a file, and for a folder that was not read just now.
    """

    sha256: str
    bytes: int
    files: int | None = None
    listing: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Seen:
    """What a file or folder contained when it was looked at.

    Attributes:
        path: where it lies.
        content: what it contained.
        found: its files with the file system's marks, taken before it was read.
        settled: whether every later change must show in the marks.
    """

    path: Path
    content: Content
    found: Sequence[Found]
    settled: bool


def read(path: Path) -> Content:
    """Read a file or a folder and say what it contains.

    Raises:
        MediaError: it is not there, has something in it that is neither file nor folder, or changed while it was read.
    """
    return _read(*find(path))


def listed(text: str, where: str) -> dict[str, Content]:
    """The files of a listing by name; `where` names it in messages.

    Raises:
        MediaError: not the text of a listing.
    """
    rows = list(csv.reader(io.StringIO(text, newline="")))
    whole = all(len(row) == 3 and row[2].isdecimal() for row in rows[1:])
    if rows[:1] != [["path", "sha256", "bytes"]] or not whole:
        raise MediaError(f"{where}: not a listing of files (path,sha256,bytes); delete it and run again")
    return {name: Content(digest, int(size)) for name, digest, size in rows[1:]}


def difference(path: Path, digest: str, memory: Path | None = None) -> str | None:
    """What a file or folder has in place of a sha256: another, or why it cannot be read; None where it has this one.

    Without a memory it is read, else as `remembered`.
    """
    try:
        now = remembered(path, memory).sha256
    except MediaError as error:
        return str(error)
    return None if now == digest else now


def in_words(found: str) -> str:
    """What `difference` returns, for a message: `sha256 0123456789ab…`, or why a file cannot be read."""
    return f"sha256 {found[:12]}…" if re.fullmatch("[0-9a-f]{64}", found) else found


def remembered(path: Path, memory: Path | None) -> Content:
    """As `read`, but what was read before and has the same marks since is believed.

    The marks are device, inode, size, and times of the last change of content and of inode, of every file by its name.
    Who writes through a memory map leaves no mark at each write: an audit reads.

    Raises:
        MediaError: as `read`.
    """
    return seen(path, memory).content


def seen(path: Path, memory: Path | None) -> Seen:
    """As `remembered`, with what it takes to tell later whether it changed; see `is_unchanged`.

    Raises:
        MediaError: as `read`.
    """
    found, is_folder = find(path)
    key = _marks(found, is_folder)
    place = None if memory is None else memory / key[:2] / key[2:]
    if place is not None and (known := _recall(place, key)) is not None:
        return Seen(path, known, found, True)
    began = time.time_ns()
    content = _read(found, is_folder)
    settled = _settled(found, began)
    # what changes from here on has other marks, so what was read is remembered under marks that nothing has
    if place is not None and settled:
        # a memory that cannot be written, as in a store that is only read, costs time alone
        with suppress(OSError), whole.writing(place, shared=True) as part:
            part.write_text(_line(key, content), encoding="ascii")
    return Seen(path, content, found, settled)


def is_unchanged(before: Seen) -> bool:
    """Whether a file or folder was left alone since it was seen; read again only where its marks cannot tell."""
    try:
        found, is_folder = find(before.path)
        if [file.written() for file in found] != [file.written() for file in before.found]:
            return False
        same = [file.inode_time() for file in found] == [file.inode_time() for file in before.found]
        return (same and before.settled) or _read(found, is_folder) == before.content
    except MediaError:
        return False


def _read(found: Sequence[Found], is_folder: bool) -> Content:
    digests = _hash_all(found)
    if not is_folder:
        return Content(*digests[0])
    lines = [f"{_quoted(file.name)},{digest},{size}\n" for file, (digest, size) in zip(found, digests, strict=True)]
    text = "".join(["path,sha256,bytes\n", *lines])
    return Content(sha256(text.encode()).hexdigest(), sum(size for _, size in digests), len(found), text)


def _quoted(name: str) -> str:
    """A name as CSV has it; Python 3.11's own writer leaves a carriage return bare, and macOS has names with one."""
    if not any(sign in name for sign in ',"\r\n'):
        return name
    return '"' + name.replace('"', '""') + '"'


def _hash_all(found: Sequence[Found]) -> list[tuple[str, int]]:
    """sha256 and bytes of each file, in their order."""
    size = sum(file.status.st_size for file in found)
    # the smaller the files, the more two threads wait for each other: below this, one is faster
    if len(found) < 2 or size < _THREADS_FROM_BYTES * len(found):
        return _hash_batch(found)
    # some files at a time: a thread that fetches each small file by itself would mostly wait for its turn
    step = max(1, min(_BATCH_FILES, _BATCH_BYTES * len(found) // size))
    batches = [found[start : start + step] for start in range(0, len(found), step)]
    with ThreadPoolExecutor(max(2, min(8, len(os.sched_getaffinity(0))))) as pool:
        return list(chain.from_iterable(pool.map(_hash_batch, batches)))


def _hash_batch(files: Sequence[Found]) -> list[tuple[str, int]]:
    largest = max((file.status.st_size for file in files), default=0)
    # one byte more than the file has, so that one reading tells its end
    buffer = bytearray(min(_CHUNK_BYTES, largest + 1))
    return [_hash(file.path, buffer) for file in files]


def _hash(path: str, buffer: bytearray) -> tuple[str, int]:
    view, digest, size = memoryview(buffer), sha256(), 0
    try:
        stream = os.open(path, os.O_RDONLY)
        try:
            while count := os.readv(stream, [buffer]):
                digest.update(view[:count])
                size += count
        finally:
            os.close(stream)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); fix or remove it") from error
    return digest.hexdigest(), size


def _marks(found: Sequence[Found], is_folder: bool) -> str:
    """One digest of the file system's marks of all files."""
    lines = (" ".join(map(repr, (*file.written(), file.inode_time()))) for file in found)
    return sha256("\n".join([str(is_folder), *lines]).encode()).hexdigest()


def _settled(found: Sequence[Found], began_ns: int) -> bool:
    """Whether every later change must show in the marks.

    As git has it of its index: a file changed, read, and changed again within one tick of the clock keeps its marks. So
    what was changed shortly before reading began is not remembered; the next reading, later, does.
    """
    for file in found:
        stamps = file.status.st_mtime_ns, file.status.st_ctime_ns
        granularity = _COARSE_NS if all(stamp % 1_000_000_000 == 0 for stamp in stamps) else _FINE_NS
        if max(stamps) > began_ns - granularity:
            return False
    return True


def _line(key: str, content: Content) -> str:
    said = f"{content.sha256} {content.bytes} {'-' if content.files is None else content.files}"
    # a memory may be damaged as any file: its own check, which has the key in it, tells
    return f"{said} {sha256(f'{key} {said}'.encode()).hexdigest()}\n"


def _recall(place: Path, key: str) -> Content | None:
    try:
        line = place.read_bytes().decode("ascii")
        digest, size, files, _ = line.split(" ")
        content = Content(digest, int(size), None if files == "-" else int(files))
    except (OSError, ValueError):
        return None
    if line != _line(key, content):
        return None
    # what is used stays when the store is pruned
    with suppress(OSError):
        os.utime(place)
    return content
