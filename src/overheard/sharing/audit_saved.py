"""Is what `overheard save` packed, and what `dvc plots` draws, of these results? Touches files: reads `saved/`."""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from overheard.errors import OverheardError
from overheard.io.whole import PART
from overheard.jobs.records import recorded
from overheard.lineage.findings import Finding
from overheard.sharing import archive, save, saved_files
from overheard.sharing.saved_files import METADATA, Archive
from overheard.study.layout import SAVED, in_git

_INDEX = "archives.csv"
_CURVES = {"f_scores.csv": "tables/", "curves.csv": "train/"}
"""The tables that git has for `dvc plots`, and what of the results they are made from."""
_KNOWN = (_INDEX, *_CURVES, ".same.json", ".gitignore")


def audit_saved(folder: Path, faulty: Collection[str]) -> tuple[list[Finding], list[str]]:
    """What of `results/NAME/saved/` does not hold, and remarks.

    Args:
        folder: `results/NAME`.
        faulty: recorded paths of files that are known not to be what they should be; what needs them is left.
    """
    place = folder / SAVED
    if not place.is_dir() or not any(path.is_file() for path in place.rglob("*")):
        return [], []
    findings, remarks = [], []
    try:
        findings += _packed(folder, saved_files.read_index(folder), remarks)
    except OverheardError as error:
        findings.append(_finding(folder, _INDEX, str(error), "the list of archives"))
    return findings + list(_curves(folder, faulty, remarks)), remarks


def _packed(folder: Path, index: Mapping[str, Archive], remarks: list[str]) -> list[Finding]:
    try:
        expected = saved_files.expected(folder)
    except OverheardError as error:
        expected = None
        remarks.append(f"what is in the archives was not compared: {error}")
    if absent := [path for path in index if not (folder / SAVED / path).exists()]:
        remarks.append(f"{len(absent)} of {len(index)} archives are not here; `overheard restore {folder.name}`")
    return [*_strangers(folder, index), *_archives(folder, index, expected)]


def _finding(folder: Path, path: str, found: str, expected: str, kind: str = "saved") -> Finding:
    mend = f"`overheard save {folder.name}` makes it of the results that lie here"
    return Finding(kind, recorded(folder / SAVED / path, folder), found, expected, mend)


def _strangers(folder: Path, index: Collection[str]) -> Iterator[Finding]:
    for parent, _, names in os.walk(folder / SAVED):
        for name in sorted(names):
            path = Path(parent, name).relative_to(folder / SAVED).as_posix()
            if path not in index and path not in _KNOWN and name != ".gitignore":
                what = "left by a saving that was cut off" if name.startswith(PART) else "a file of no line"
                yield _finding(folder, path, what, f"only what {_INDEX} lists", "unknown")


def _archives(folder: Path, index: Mapping[str, Archive], expected: Mapping[str, str] | None) -> list[Finding]:
    """Archives against the index, what is in them against the records."""
    wanted: dict[str, set[str]] = {}
    for name in expected or {}:
        if not in_git(name):
            wanted.setdefault(saved_files.archive_of(name), set()).add(name)
    findings = [
        _finding(folder, _INDEX, f"no line for {path}", f"an archive with {min(names)}")
        for path, names in wanted.items()
        if path not in index
    ]

    def look(line: Archive) -> Finding | None:
        said = _fault(folder, line, expected, wanted.get(line.archive, set()))
        return said and _finding(folder, line.archive, *said)

    with ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as pool:
        return findings + [one for one in pool.map(look, index.values()) if one]


def _fault(
    folder: Path, line: Archive, expected: Mapping[str, str] | None, wanted: Collection[str]
) -> tuple[str, str] | None:
    """What was found in place of what was expected, of one archive."""
    place = folder / SAVED / line.archive
    try:
        if not place.exists():
            return None
        if (digest := archive.file_digest(place)) != line.sha256 or place.stat().st_size != line.bytes:
            return f"sha256 {digest[:12]}…", f"sha256 {line.sha256[:12]}… in {_INDEX}"
        members = archive.digests(place)
    except (OverheardError, OSError) as error:
        return f"not a whole archive ({error})", "an archive as it was packed"
    if len(members) != line.files:
        return f"{len(members)} files", f"{line.files} files, as {_INDEX} says"
    if expected is None or line.archive == METADATA:
        return None
    wrong = sorted(name for name in members.keys() | wanted if members.get(name) != expected.get(name))
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        return f"{wrong[0]}{more} is not what the records say", "the results that lie here"
    return None


def _curves(folder: Path, faulty: Collection[str], remarks: list[str]) -> Iterator[Finding]:
    """The tables for `dvc plots`, made again from cells and learning curves."""
    with tempfile.TemporaryDirectory(prefix="overheard-audit-") as place:
        beside = Path(place, "results", folder.name)
        (beside / SAVED).mkdir(parents=True)
        for part in ("tables", "train"):
            (beside / part).symlink_to((folder / part).resolve())
        again: Exception | None = None
        try:
            save.write_curves(beside)
        except Exception as error:  # whatever forged cells or curves raise: told below
            again = error
        for name, part in _CURVES.items():
            stored, made = folder / SAVED / name, beside / SAVED / name
            if not stored.is_file():
                yield _finding(folder, name, "no such file", "what `dvc plots` draws", "missing")
            elif any(path.startswith(f"results/{folder.name}/{part}") for path in faulty):
                remarks.append(f"saved/{name} was not made again: what it is made from is not what it should be")
            elif not made.is_file():
                yield _finding(folder, name, f"cannot be made again ({again!r})", "what `dvc plots` draws", "number")
            elif (was := stored.read_bytes()) != (now := made.read_bytes()):
                yield _finding(folder, name, _first_line(was, now), _first_line(now, was), "number")


def _first_line(one: bytes, other: bytes) -> str:
    """The first line of a text that another has not."""
    lines, others = (text.decode(errors="replace").splitlines() for text in (one, other))
    first = next((at for at, line in enumerate(lines) if others[at : at + 1] != [line]), None)
    return "the end" if first is None else f"line {first + 1}: {lines[first][:100]}"
