"""Records: what a job read, with what settings, code and environment, and what came out. Touches files.

A record holds what decides and nothing of when and where, so that the same work gives the same record; time, host and
commit stand in the circumstance file beside it. `docs/record.schema.json` describes both.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
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
CIRCUMSTANCE = ".circumstance.json"
LISTING = ".files.csv"
"""Suffixes of what lies beside a job's files: its record, when and where it ran, the list of a folder's files."""
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
    """Digest of a record, or of a circumstance, itself."""
    return sha256(canonical({key: value for key, value in record.items() if key != "digest"})).hexdigest()


def sealed(record: Mapping[str, Any]) -> Record:
    """The record with its identity and its own digest."""
    with_identity = dict(record) | {"identity": identity_of(record)}
    return with_identity | {"digest": digest_of(with_identity)}


def as_text(record: Mapping[str, Any]) -> str:
    """A record as it stands in its file."""
    return _indented(record, "\n") + "\n"


def _indented(content: Any, line_end: str) -> str:
    """What `json.dumps` makes with an indent of 1, by its fast encoder, which knows of no indent."""
    inner, nested = line_end + " ", (dict, list)
    if not isinstance(content, nested) or not content:
        return _encoder(", ").encode(content)
    if isinstance(content, list):
        return f"[{inner}{f',{inner}'.join(_indented(value, inner) for value in content)}{line_end}]"
    if any(isinstance(value, nested) for value in content.values()):
        lines = (f"{_indented(key, inner)}: {_indented(content[key], inner)}" for key in sorted(content))
        return f"{{{inner}{f',{inner}'.join(lines)}{line_end}}}"
    return f"{{{inner}{_encoder(f',{inner}').encode(content)[1:-1]}{line_end}}}"


@cache
def _encoder(between: str) -> json.JSONEncoder:
    return json.JSONEncoder(sort_keys=True, separators=(between, ": "), ensure_ascii=False)


def parse(text: str, where: str) -> Record:
    """A record from its text.

    Raises:
        LineageError: not JSON, not a record, of another version, changed since it was written, or of definitions that
            do not have its code's digest.
    """
    again = "delete it and run again; the step that makes it is put back or runs again"
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        raise LineageError(f"{where}: not JSON ({error}); {again}") from error
    if not isinstance(record, dict) or (missing := sorted(_KEYS - record.keys())):
        missed = "" if not isinstance(record, dict) else f": no {', '.join(missing)}"
        raise LineageError(f"{where}: not a record{missed}; {again}")
    if record["record"] != VERSION:
        raise LineageError(f"{where}: a record of version {record['record']!r}, expected {VERSION}; {again}")
    try:
        found = digest_of(record), identity_of(record)
        code = code_digest(record["code"]["definitions"])
    except (TypeError, KeyError, AttributeError) as error:
        raise LineageError(f"{where}: not a record ({error!r}); {again}") from error
    if found != (record["digest"], record["identity"]) or text != as_text(record):
        raise LineageError(f"{where}: was changed after it was written (its digest is another); {again}")
    if code != record["code"]["digest"]:
        raise LineageError(f"{where}: its code.definitions are not those of its code.digest; {again}")
    return record


def fault(record: Mapping[str, Any]) -> str | None:
    """What is the matter with a record whose digest fits, as a forger's may; None if it has the form of all records."""
    if not isinstance(record["stage"], str):
        return "its stage is no word"
    for key in ("settings", "code", "environment", "reads", "writes"):
        if not isinstance(record[key], dict):
            return f"its {key} are no object"
    if not isinstance(record["code"].get("definitions"), dict):
        return "its code has no definitions"
    for side in ("reads", "writes"):
        for flag, files in record[side].items():
            if not isinstance(files, list) or not all(map(_is_entry, files)):
                return f"{side} {flag}: not a list of files with path, sha256 and bytes"
    return None


def _is_entry(entry: Any) -> bool:
    match entry:
        case {"path": str(path), "sha256": str(digest), "bytes": int()}:
            more = isinstance(entry.get("files", 0), int) and isinstance(entry.get("record"), str | None)
            return path.strip() != "" and "\0" not in path and len(digest) == 64 and more
    return False


def students_of(record: Mapping[str, Any]) -> dict[str, list[Entry]]:
    """The students that a test read, by flag, in the order of its runs: its own are under `students`."""
    reads: Mapping[str, list[Entry]] = record["reads"]
    return {flag: its for flag, its in reads.items() if flag == "students" or flag.endswith("_students")}


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
