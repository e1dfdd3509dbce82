"""What became of the files that records describe: lost, changed by hand, or as they were made. Touches files.

What a file contains is remembered by the file system's marks (`hashing.remembered`): what did not change is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from overheard.errors import LineageError, MediaError
from overheard.jobs import hashing, records, store
from overheard.jobs.records import Record


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


def examine(folder: Path) -> dict[str, Found]:
    """Every job of `results/NAME` that has a record, by the record's recorded path."""
    place = store.folder()
    memory = None if place is None else place / "hashes"
    return {records.recorded(path, folder): _examine_one(path, folder, memory) for path in records.record_paths(folder)}


def edited(found: Mapping[str, Found]) -> list[str]:
    """Files and records that were changed after they were made; what is gone is not among them."""
    names = []
    for path, job in found.items():
        names += [path] if job.damage else [change.path for change in job.changed]
    return names


def _examine_one(path: Path, folder: Path, memory: Path | None) -> Found:
    try:
        record = records.read_record(path)
    except LineageError as error:
        return Found(None, damage=str(error))
    lost, changed = [], []
    for entry in records.entries(record["writes"]):
        place = records.located(entry["path"], folder)
        if not place.exists():
            lost.append(entry["path"])
            continue
        if (now := _content(place, memory)) != entry["sha256"]:
            changed.append(Change(entry["path"], entry["sha256"], now))
        if "files" in entry and (change := _listing_change(entry, folder)):
            changed.append(change)
    return Found(record, None, tuple(lost), tuple(changed))


def _content(place: Path, memory: Path | None) -> str:
    try:
        return hashing.remembered(place, memory).sha256
    except MediaError as error:
        return str(error)


def _listing_change(entry: dict[str, Any], folder: Path) -> Change | None:
    """Whether the list of files beside a folder is still the folder's."""
    listing = f"{entry['path']}.files.csv"
    try:
        now = sha256(records.located(listing, folder).read_bytes()).hexdigest()
    except OSError as error:
        now = f"{listing}: {error.strerror}"
    return None if now == entry["sha256"] else Change(listing, entry["sha256"], now)
