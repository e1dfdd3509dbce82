"""Whether a record has what every record has, whatever its digest says. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any


def fault(record: Mapping[str, Any]) -> str | None:
    """What is the matter with a record whose digest fits, as a forger's may; None if it has the form of all records."""
    return next(_faults(record), None)


def _faults(record: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(record["stage"], str):
        yield "its stage is no word"
    for key in ("settings", "code", "environment", "reads", "writes"):
        if not isinstance(record[key], dict):
            yield f"its {key} are no object"
            return
    if not isinstance(record["code"].get("definitions"), dict):
        yield "its code has no definitions"
    for side in ("reads", "writes"):
        for flag, entries in record[side].items():
            if not isinstance(entries, list) or not all(_is_entry(entry, side) for entry in entries):
                yield f"{side} {flag}: not a list of files with path, sha256 and bytes"


def _is_entry(entry: Any, side: str) -> bool:
    if not isinstance(entry, dict):
        return False
    path, digest = entry.get("path"), entry.get("sha256")
    named = isinstance(path, str) and path.strip() != "" and "\0" not in path
    hashed = isinstance(digest, str) and len(digest) == 64
    counted = isinstance(entry.get("bytes"), int) and isinstance(entry.get("files", 0), int)
    made_by = entry.get("record")
    return named and hashed and counted and (side == "writes" or made_by is None or isinstance(made_by, str))
