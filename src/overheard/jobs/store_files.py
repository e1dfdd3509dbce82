"""What lies in a store and how files get in and out of it; `store` says when. Touches files."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from overheard.errors import MediaError
from overheard.jobs import hashing
from overheard.jobs.records import canonical, identity_of

Kept = dict[str, Any]
"""A job's `record`, and the `circumstance` in which it was computed."""
Writes = Mapping[str, Sequence[Mapping[str, Any]]]

LINKS = "OVERHEARD_STORE_LINKS"
"""Environment variable: files of folders that are put back take no space of their own where experiments share them."""

_AT_ONCE_BYTES = 1 << 30


def content_path(store: Path, digest: str) -> Path:
    """Where content of this sha256 lies."""
    return store / "files" / digest[:2] / digest[2:]


def digest_of(content: Path) -> str:
    """The sha256 that content at this place must have."""
    return content.parent.name + content.name


def all_files(place: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every file under a folder with its status; what another process removes meanwhile is passed over."""
    for parent, _, names in os.walk(place):
        for name in names:
            path = Path(parent, name)
            with suppress(OSError):
                yield path, path.lstat()


def entry_paths(store: Path) -> list[Path]:
    """Every entry, of all machine classes, sorted."""
    return sorted(path for path in (store / "records").glob("*/*.json") if not path.name.startswith("."))


def entry_text(entry: Kept) -> bytes:
    """An entry as it stands in its file, with its own digest."""
    text = json.dumps(entry | {"sha256": sha256(canonical(entry)).hexdigest()}, sort_keys=True, ensure_ascii=False)
    return text.encode()


def parse_entry(place: Path) -> Kept | None:
    """An entry, or None where it is not there or not whole."""
    try:
        text = place.read_bytes()
        given = json.loads(text)
        entry = {key: given[key] for key in ("record", "circumstance")}
        whole = text == entry_text(entry) and identity_of(entry["record"]) == entry["record"]["identity"] == place.stem
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return entry if whole else None


def contents_of(store: Path, writes: Writes) -> Iterator[tuple[str, int | None]]:
    """Digest and bytes of all content that an entry needs; a listing's bytes are not recorded."""
    for entry in (entry for entries in writes.values() for entry in entries):
        if "files" not in entry:
            yield entry["sha256"], entry["bytes"]
            continue
        try:
            names = kept_listing(store, entry["sha256"])
        except (OSError, MediaError):
            # no file has this size: an entry without its listing is not whole
            yield entry["sha256"], -1
            continue
        yield entry["sha256"], None
        yield from ((file.sha256, file.bytes) for file in names.values())


def kept_listing(store: Path, digest: str) -> dict[str, hashing.Content]:
    """The files of a kept folder by name.

    Raises:
        OSError: its listing cannot be read.
        MediaError: its listing is damaged.
    """
    place = content_path(store, digest)
    text = place.read_bytes()
    if sha256(text).hexdigest() != digest:
        raise MediaError(f"{place}: damaged")
    return hashing.listed(text.decode(), str(place))


def gone(store: Path, writes: Writes) -> list[Path]:
    """Content that an entry needs and that is not there, or not of its size; nothing but listings is read."""
    places = ((content_path(store, digest), size) for digest, size in contents_of(store, writes))
    return sorted({place for place, size in places if not is_there(place, size)})


def is_there(place: Path, size: int | None) -> bool:
    """Whether there is a file of this size."""
    try:
        return size in (None, place.stat().st_size)
    except OSError:
        return False


def write(place: Path, content: bytes) -> None:
    """Write a new read-only file."""
    with _new(place, 0o444) as writing:
        writing.write(content)


def copy(source: Path, target: Path, mode: int) -> None:
    """Copy a file's bytes to a new file, sharing blocks where the file system can (a reflink).

    A hard link (`put`) shares its time of modification, and who writes to one name writes to all.
    """
    with source.open("rb") as reading, _new(target, mode) as writing:
        # between some file systems the kernel cannot; a disk that is full says so again below
        with suppress(OSError):
            while os.copy_file_range(reading.fileno(), writing.fileno(), _AT_ONCE_BYTES):
                pass
        # what the kernel did not copy: both files stand where it stopped
        shutil.copyfileobj(reading, writing)


def put(source: Path, target: Path) -> None:
    """Give a kept file its place in a folder: a copy; with `LINKS` a hard link, read-only as the kept file is."""
    if os.environ.get(LINKS):
        with suppress(OSError):
            os.link(source, target)
            return
    copy(source, target, 0o666)


def _new(place: Path, mode: int) -> BinaryIO:
    return open(place, "xb", opener=lambda name, flags: os.open(name, flags, mode))


def forget(place: Path) -> None:
    """Remove a file of the store, if that can be."""
    with suppress(OSError):
        place.unlink(missing_ok=True)
