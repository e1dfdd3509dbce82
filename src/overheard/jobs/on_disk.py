"""Whether files are what their records say: lost, changed by hand, or as they were made. Touches files.

Nobody else compares a file with a record. Without a memory every byte is read; with one, what a file contains is
remembered by the file system's marks (`hashing.remembered`), and what did not change is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from overheard.errors import LineageError, MediaError
from overheard.jobs import hashing, records, store
from overheard.jobs.hashing import Content
from overheard.jobs.records import Entry, Record, listing_path, located


class Change(NamedTuple):
    """A file that is not what its record says: `old` and `new` are sha256; where it cannot be read, `new` says why."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Found:
    """What there is of one job.

    Attributes:
        record: its record; None where that was changed by hand.
        damage: what is the matter with the record, None if nothing.
        lost: files of the record that are gone.
        changed: files that are not what the record says.
    """

    record: Record | None
    damage: str | None = None
    lost: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()


def change(entry: Entry, place: Path, memory: Path | None = None) -> Change | None:
    """How a file or folder differs from its record's entry; None where it is the same."""
    now = hashing.difference(place, entry["sha256"], memory)
    return None if now is None else Change(entry["path"], entry["sha256"], now)


def listing_change(entry: Entry, place: Path) -> Change | None:
    """How the list of files beside a folder differs from the folder's entry; None where it is the same."""
    try:
        now = sha256(listing_path(place).read_bytes()).hexdigest()
    except OSError as error:
        now = f"{listing_path(place)}: {error.strerror}"
    return None if now == entry["sha256"] else Change(str(listing_path(Path(entry["path"]))), entry["sha256"], now)


def whole(entry: Entry, place: Path, record: str = "its record") -> bytes:
    """A file's content, which must be what its record says.

    Raises:
        LineageError: it is not, or the file cannot be read; names the file, both sha256 and the record.
    """
    try:
        content = place.read_bytes()
    except OSError as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise LineageError(f"{place}: {why}; {_run(entry)} makes it") from error
    if (now := sha256(content).hexdigest()) != (expected := entry["sha256"]):
        raise LineageError(
            f"{place}: sha256 {now[:12]}…, but {record} says {expected[:12]}…; delete it and {_run(entry)}"
        )
    return content


def listed(entry: Entry, place: Path) -> dict[str, Content]:
    """The files that a recorded folder had when it was made, by name, from the list beside it.

    Raises:
        LineageError: there is no such list, or it is not the recorded one.
    """
    path, again = listing_path(place), f"delete {place} and give {_run(entry)} again"
    if not path.is_file():
        raise LineageError(f"{path}: no such file, so nothing says what {place} should hold; {again}")
    if listing_change(entry, place):
        raise LineageError(f"{path}: was changed after it was made; {again}")
    try:
        return hashing.listed(path.read_bytes().decode(), str(path))
    except (MediaError, UnicodeDecodeError) as error:
        raise LineageError(f"{path}: not a list of files ({error}); {again}") from error


def examine(folder: Path) -> dict[str, Found]:
    """Every job of `results/NAME` that has a record, by the record's recorded path."""
    memory = store.memory()
    return {records.recorded(path, folder): _examine_one(path, folder, memory) for path in records.record_paths(folder)}


def edited(found: Mapping[str, Found]) -> list[str]:
    """Files and records that were changed after they were made; what is gone is not among them."""
    return [
        name for path, job in found.items() for name in ([path] if job.damage else [one.path for one in job.changed])
    ]


def _examine_one(path: Path, folder: Path, memory: Path | None) -> Found:
    try:
        record = records.read_record(path)
    except LineageError as error:
        return Found(None, damage=str(error))
    lost, changed = [], []
    for entry in records.entries(record["writes"]):
        place = located(entry["path"], folder)
        if not place.exists():
            lost.append(entry["path"])
            continue
        changed += [change(entry, place, memory)]
        changed += [listing_change(entry, place)] if "files" in entry else []
    return Found(record, None, tuple(lost), tuple(filter(None, changed)))


def _run(entry: Mapping[str, Any]) -> str:
    """The command that makes a recorded file."""
    top, name, *_ = (*Path(entry["path"]).parts, "", "")
    return f"`overheard run {name}`" if top == "results" else "`overheard run`"
