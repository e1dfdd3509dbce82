"""Records: what a job read, with what settings, code and environment, and what came out. Touches files.

A record holds what decides and nothing of when and where, so that the same work gives the same record; time, host and
commit stand in the circumstance file beside it. `docs/record.schema.json` describes both.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from overheard.errors import LineageError
from overheard.io import whole

Record = dict[str, Any]
Entry = Mapping[str, Any]
"""A file or folder of a record: path, sha256, bytes; of a folder, how many files; of what was read, its record."""
VERSION = 1
SUFFIX = ".record.json"
LISTING = ".files.csv"
_KEYS = {"record", "stage", "settings", "reads", "writes", "code", "environment", "identity", "digest"}


def canonical(content: Any) -> bytes:
    """Equal content, equal bytes."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def identity_of(record: Mapping[str, Any]) -> str:
    """Digest of all that decides a job's bytes: no path, no time, no host."""
    decides = {
        "record": record["record"],
        "stage": record["stage"],
        "settings": record["settings"],
        "reads": {flag: [entry["sha256"] for entry in entries] for flag, entries in record["reads"].items()},
        "writes": {flag: len(entries) for flag, entries in record["writes"].items()},
        "code": record["code"]["digest"],
        "environment": record["environment"],
    }
    return sha256(canonical(decides)).hexdigest()


def code_digest(definitions: Mapping[str, str]) -> str:
    """Digest of a job's code: of all the definitions it reaches."""
    return sha256(canonical(definitions)).hexdigest()


def digest_of(record: Mapping[str, Any]) -> str:
    """Digest of a record itself."""
    return sha256(canonical({key: value for key, value in record.items() if key != "digest"})).hexdigest()


def sealed(record: Mapping[str, Any]) -> Record:
    """The record with its identity and its own digest."""
    with_identity = dict(record) | {"identity": identity_of(record)}
    return with_identity | {"digest": digest_of(with_identity)}


def as_text(record: Mapping[str, Any]) -> str:
    """A record as it stands in its file."""
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def parse(text: str, where: str) -> Record:
    """A record from its text.

    Raises:
        LineageError: not JSON, not a record, of another version, changed since it was written, or of definitions that
            do not have its code's digest.
    """
    mend = "delete it and run again; the step that makes it is put back or runs anew"
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise LineageError(f"{where}: not JSON ({error}); {mend}") from error
    if not isinstance(record, dict) or (missing := sorted(_KEYS - record.keys())):
        lacks = "" if not isinstance(record, dict) else f": no {', '.join(missing)}"
        raise LineageError(f"{where}: not a record{lacks}; {mend}")
    if record["record"] != VERSION:
        raise LineageError(f"{where}: a record of version {record['record']!r}, expected {VERSION}; {mend}")
    try:
        found = digest_of(record), identity_of(record)
        code = code_digest(record["code"]["definitions"])
    except (TypeError, KeyError, AttributeError) as error:
        raise LineageError(f"{where}: not a record ({error!r}); {mend}") from error
    if found != (record["digest"], record["identity"]) or not _is_as_written(text, record):
        raise LineageError(f"{where}: was changed after it was written (its digest is another); {mend}")
    if code != record["code"]["digest"]:
        raise LineageError(f"{where}: its code.definitions are not those of its code.digest; {mend}")
    return record


def _is_as_written(text: str, record: Mapping[str, Any]) -> bool:
    """Whether a text is `as_text` of the record, without its slow encoder."""
    if not text.endswith("}\n"):
        return False
    depth, words = 0, []
    for line in text[:-1].split("\n"):
        word = line.lstrip(" ")
        depth -= word[:1] in ("]", "}")
        if len(line) - len(word) != depth:
            return False
        depth += word[-1:] in ("[", "{")
        words.append(word)
    return "".join(words) == json.dumps(record, sort_keys=True, separators=(",", ": "), ensure_ascii=False)


def read_record(path: Path) -> Record:
    """Read a record; see `parse`.

    Raises:
        LineageError: as `parse`, or the file is missing.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError as error:
        raise LineageError(f"{path}: no such record; run the step that makes it") from error
    except UnicodeDecodeError as error:
        raise LineageError(f"{path}: not UTF-8 text ({error.reason}); delete it and run again") from error
    return parse(text, str(path))


def write_record(path: Path, record: Record) -> None:
    """Write a sealed record, whole or not at all."""
    whole.write_text(path, as_text(record))


def circumstance_path(record: Path) -> Path:
    """Where the circumstances of a record's job stand."""
    return record.with_name(record.name.removesuffix(SUFFIX) + ".circumstance.json")


def read_circumstance(record: Path) -> dict[str, Any] | None:
    """The circumstances of a record's job; None where there are none, as after a lost file."""
    try:
        found = json.loads(circumstance_path(record).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def listing_path(folder: Path) -> Path:
    """Where the list of a written folder's files is."""
    return folder.with_name(f"{folder.name}{LISTING}")


def located(path: str, folder: Path) -> Path:
    """Where a recorded path lies when the experiment's results lie in `folder` (`results/NAME` or `reference/NAME`)."""
    parts = Path(path).parts
    if parts[:2] == ("results", folder.name):
        return folder.joinpath(*parts[2:])
    return Path(path)


def recorded(path: Path, folder: Path) -> str:
    """The path as records have it, of a file under `folder`: the inverse of `located`."""
    return Path("results", folder.name, path.relative_to(folder)).as_posix()


def record_paths(folder: Path) -> list[Path]:
    """All records of an experiment, sorted."""
    return sorted(path for path in folder.rglob(f"*{SUFFIX}") if not path.name.startswith("."))


def load_records(folder: Path) -> dict[str, Record]:
    """All records of an experiment by their recorded path.

    Raises:
        LineageError: there is none, or one is not whole.
    """
    found = {recorded(path, folder): read_record(path) for path in record_paths(folder)}
    if not found:
        raise LineageError(f"{folder}: no records here; `overheard run {folder.name}` makes results and records")
    return found


def entries(sides: Mapping[str, Iterable[Entry]]) -> Iterable[Entry]:
    """All files of a record's `reads` or `writes`."""
    return (entry for side in sides.values() for entry in side)
