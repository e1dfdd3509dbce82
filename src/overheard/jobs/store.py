"""Finished artefacts kept by identity, so that what was computed before is put back. Touches files.

    files/ab/cdef…                  content by its sha256, read-only; a folder is its listing and its files
    records/MACHINE/IDENTITY.json   a job's record, and the circumstance in which it was computed
    hashes/…                        see `hashing.remembered`

A cache: deleting it, or any part of it, costs time and nothing else. So nothing here is fsynced: what a crash damaged
is found by its hash when it is put back. Empty folders and names that begin with a dot are not kept.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from overheard.errors import ConfigError, MediaError
from overheard.io import progress, whole
from overheard.jobs import hashing
from overheard.jobs import store_files as files
from overheard.jobs.hashing import Content
from overheard.jobs.machine import machine_class
from overheard.jobs.records import Record
from overheard.jobs.store_files import Kept, Writes

Paths = Mapping[str, Sequence[Path]]

LIMIT_BYTES = 20_000_000_000
"""How much a store may hold where OVERHEARD_STORE_GB does not say."""

_AT_WORK_S = 600
"""Temporary files, and content without an entry, that are younger may belong to a job that is just keeping them."""
_HASHES_S = 30 * 24 * 3600


def folder() -> Path | None:
    """Where the store is; None where it is switched off."""
    place = os.environ.get("OVERHEARD_STORE") or "store"
    return None if place == "off" else Path(place)


def memory() -> Path | None:
    """Where it is remembered what files contain; see `hashing.remembered`."""
    place = folder()
    return None if place is None else place / "hashes"


def content_digest(path: Path) -> str:
    """The sha256 of a user's own folder or file, which no job makes; read only where it changed.

    Raises:
        MediaError: there is no such folder or file.
    """
    if not path.exists():
        raise MediaError(f"{path}: no such file or folder; correct `source` in the configuration")
    return hashing.remembered(path, memory()).sha256


def limit_bytes() -> int:
    """How much a store may hold.

    Raises:
        ConfigError: OVERHEARD_STORE_GB is not a number.
    """
    given = os.environ.get("OVERHEARD_STORE_GB")
    if not given:
        return LIMIT_BYTES
    try:
        limit = int(float(given) * 1e9)
    except (ValueError, OverflowError):
        limit = -1
    if limit < 0:
        raise ConfigError(f"OVERHEARD_STORE_GB: found {given!r}; expected a number of gigabytes, e.g. 20")
    return limit


def find(store: Path, identity: str) -> Kept | None:
    """What the job of this identity made before: its `record` and its `circumstance`; None where nothing is known."""
    place = _entry_path(store, identity)
    entry = _read_entry(place)
    if entry is not None:
        # what was used last is pruned last; a store that is only read has no order
        with suppress(OSError):
            os.utime(place)
    return entry


def holds(store: Path, identity: str) -> bool:
    """Whether a job's result seems to be there: its entry, and all its files with their sizes; nothing is hashed."""
    entry = _read_entry(_entry_path(store, identity))
    return entry is not None and not files.gone(store, entry["record"]["writes"])


def put_back(store: Path, entry_writes: Writes, targets: Paths) -> dict[Path, Content] | None:
    """Copy what a job wrote to other places and hash it there; None, with nothing left there, where it is not whole.

    A damaged file is removed from the store, so that the next `keep` replaces it.

    Args:
        store: the store's folder.
        entry_writes: `writes` of the entry's record.
        targets: where each goes, in the same order; what lies there is removed.

    Returns:
        What lies at each target now, as it was hashed there.
    """
    pairs = _pairs(entry_writes, targets)
    try:
        for _, target in pairs:
            whole.remove(target)
        return {target: _put_back_one(store, entry, target) for entry, target in pairs}
    except (OSError, MediaError) as error:
        for _, target in pairs:
            with suppress(OSError):
                whole.remove(target)
        reasons = _discard_damaged(store, entry_writes) or [f"{store}: nothing could be put back ({_reason(error)})"]
        progress.note("; ".join([*reasons, "computing it again"]))
        return None


def keep(store: Path, record: Record, circumstance: Mapping[str, Any], sources: Paths) -> None:
    """Keep what a job wrote. Trouble with the store is said and costs the job nothing.

    Args:
        store: the store's folder; made where it is not there.
        record: the job's sealed record.
        circumstance: the job's circumstance.
        sources: where the files of the record's `writes` lie now, in the same order.
    """
    text = files.entry_text({"record": record, "circumstance": circumstance})
    added: list[Path] = []
    try:
        for entry, source in _pairs(record["writes"], sources):
            for digest, size, content in _contents(entry, source):
                place = files.content_path(store, digest)
                if files.is_there(place, size):
                    # made young, so that a `prune` beside this job leaves it
                    with suppress(OSError):
                        os.utime(place)
                    continue
                with whole.writing(place, shared=True) as part:
                    if isinstance(content, bytes):
                        files.write(part, content)
                    else:
                        files.copy(content, part, 0o444)
                        if not files.is_there(part, size):
                            raise MediaError(f"{content}: changed while it was kept")
                added.append(place)
        # last, so that whoever finds an entry finds its files
        with whole.writing(_entry_path(store, record["identity"]), shared=True) as part:
            files.write(part, text)
    except (OSError, MediaError) as error:
        # a full disk gets back what this job took
        for place in added:
            files.forget(place)
        progress.note(f"{store}: this result is not kept for later ({_reason(error)}); all else is well")


def usage(store: Path) -> tuple[int, int, int]:
    """How much a store holds: bytes of all, number of content files, number of entries."""
    size = sum(status.st_size for _, status in files.all_files(store))
    contents = [place for place, _ in files.all_files(store / "files") if not place.name.startswith(".")]
    return size, len(contents), len(files.entry_paths(store))


def prune(store: Path, limit_bytes: int) -> tuple[int, int]:
    """Remove the entries least recently used until the rest fits, then what no entry needs and what is long forgotten.

    Safe beside a running job: one that loses a file computes.

    Returns:
        Bytes freed and number of entries removed.
    """
    began, before, removed = time.time(), usage(store)[0], 0
    needs = _needs(store)
    sizes = {place: status.st_size for place, status in files.all_files(store / "files")}
    users = Counter(place for _, contents in needs.values() for place in contents)
    total = before - sum(size for place, size in sizes.items() if place not in users)
    for entry, (size, contents) in needs.items():
        if contents and total <= limit_bytes:
            continue
        files.forget(entry)
        removed += 1
        users.subtract(contents)
        total -= size + sum(sizes.get(place, 0) for place in contents if not users[place])
    _sweep(store, users, began, total > limit_bytes)
    return before - usage(store)[0], removed


def check(store: Path) -> list[str]:
    """Read a whole store; a line for each file that is not what its name says and each entry that is not whole."""
    contents = sorted(place for place, _ in files.all_files(store / "files") if not place.name.startswith("."))
    with ThreadPoolExecutor(max(2, min(8, len(os.sched_getaffinity(0))))) as pool:
        found = list(zip(contents, pool.map(_damage, contents), strict=True))
    # what another process removed meanwhile is no damage
    lines = [f"{place}: damaged ({what}); delete it" for place, what in found if what and os.path.lexists(place)]
    for place in files.entry_paths(store):
        entry = files.parse_entry(place)
        if entry is None:
            lines.append(f"{place}: damaged, its own digest does not fit; delete it")
            continue
        gone = files.gone(store, entry["record"]["writes"])
        lines += [f"{place}: {content} is not there, or not of its size; delete the entry" for content in gone]
    return lines


def _entry_path(store: Path, identity: str) -> Path:
    return store / "records" / machine_class() / f"{identity}.json"


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _read_entry(place: Path) -> Kept | None:
    entry = files.parse_entry(place)
    if entry is None and place.exists():
        progress.note(f"{place}: damaged; what it says is not believed; computing it again")
    return entry


def _pairs(writes: Writes, places: Paths) -> list[tuple[Mapping[str, Any], Path]]:
    """Each entry with the place of its file."""
    return [pair for flag, side in writes.items() for pair in zip(side, places[flag], strict=True)]


def _put_back_one(store: Path, entry: Mapping[str, Any], target: Path) -> Content:
    digest = entry["sha256"]
    if "files" in entry:
        target.mkdir()
        for name, file in files.kept_listing(store, digest).items():
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise MediaError(f"{files.content_path(store, digest)}: names {name}, which is outside the folder")
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            files.put(files.content_path(store, file.sha256), path)
    else:
        # Snakemake sets the time of each file that it knows, so that a link would look changed to other jobs' readers
        files.copy(files.content_path(store, digest), target, 0o666)
    found = hashing.read(target)
    if found.sha256 != digest:
        raise MediaError(f"{target}: is not what was kept")
    return found


def _discard_damaged(store: Path, writes: Writes) -> list[str]:
    """Remove the damaged among an entry's files from the store; a line for each of them and of those that are gone."""
    lines = []
    for place in sorted({files.content_path(store, digest) for digest, _ in files.contents_of(store, writes)}):
        if not place.exists():
            lines.append(f"{place}: not there any more")
        elif damage := _damage(place):
            files.forget(place)
            lines.append(f"{place}: damaged ({damage}), removed")
    return lines


def _damage(place: Path) -> str | None:
    """What is wrong with a content file; None where it is what its name says."""
    found = hashing.difference(place, files.digest_of(place))
    return found and hashing.in_words(found)


def _contents(entry: Mapping[str, Any], source: Path) -> Iterator[tuple[str, int, Path | bytes]]:
    """All content of a file or folder: sha256, bytes, and where it lies; a folder's listing, the last, as it is."""
    if "files" not in entry:
        yield entry["sha256"], entry["bytes"], source
        return
    content = hashing.read(source)
    if content.listing is None or content.sha256 != entry["sha256"]:
        raise MediaError(f"{source}: is not what its record says")
    for name, file in hashing.listed(content.listing, str(source)).items():
        yield file.sha256, file.bytes, source / name
    listing = content.listing.encode()
    yield entry["sha256"], len(listing), listing


def _needs(store: Path) -> dict[Path, tuple[int, set[Path]]]:
    """Bytes and content of every entry, the least recently used first; a damaged entry needs nothing."""
    found = []
    for place in files.entry_paths(store):
        with suppress(OSError):
            status, entry = place.stat(), files.parse_entry(place)
            writes = entry["record"]["writes"] if entry else {}
            contents = {files.content_path(store, digest) for digest, _ in files.contents_of(store, writes)}
            found.append((status.st_mtime_ns, place, status.st_size, contents))
    return {place: (size, contents) for _, place, size, contents in sorted(found, key=lambda item: item[:2])}


def _sweep(store: Path, users: Mapping[Path, int], began: float, all_hashes: bool) -> None:
    """Remove content that no entry needs, temporary files that nobody works on, hashes that nobody asks for.

    Args:
        store: the store's folder.
        users: how many entries still need a content; 0 where the last of them was removed just now.
        began: when pruning began, in seconds; what is younger was made beside it.
        all_hashes: remove every hash.
    """
    for place, status in files.all_files(store):
        age = began - status.st_mtime
        part = place.relative_to(store).parts[0]
        if place.name.startswith("."):
            stale = age > _AT_WORK_S
        elif part == "files":
            stale = not users.get(place) and age > (0 if place in users else _AT_WORK_S)
        else:
            stale = part == "hashes" and (all_hashes or age > _HASHES_S)
        if stale:
            files.forget(place)
