"""Is every file what the records say, and does it belong to a record? Touches files: reads all of them, always."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overheard.errors import LineageError, MediaError, OverheardError
from overheard.io import artifacts
from overheard.io.whole import PART
from overheard.jobs import hashing, on_disk
from overheard.jobs.hashing import Content
from overheard.jobs.records import (
    LISTING,
    SUFFIX,
    Record,
    circumstance_path,
    entries,
    fault,
    located,
    read_record,
    record_paths,
    recorded,
)
from overheard.lineage.circumstances import circumstance_of
from overheard.lineage.findings import Finding
from overheard.lineage.recount import outside_file
from overheard.study.layout import SAVED, record_of

CIRCUMSTANCE = ".circumstance.json"
COMPANIONS = ("report.html", ".lock")
"""Files in an experiment's folder that no job makes and that belong there."""
_ANYWHERE = (".snakemake_timestamp", ".gitignore")

_UNREADABLE = (OverheardError, ValueError, TypeError, OSError, RecursionError)
"""What reading a record, a circumstance or a table raises, whatever lies there."""
Kept = Callable[[str, str], bool]
"""Whether a folder must hold what a stage wrote under a flag: all of it in `results/`, part of it in `reference/`."""


@dataclass
class Read:
    """What was found by reading.

    Attributes:
        contents: of every file or folder that a record names and that is there, by recorded path.
        listings: the files of every folder that was read, by recorded path of the folder.
        absent: how many files are not kept here, and need not be.
    """

    findings: list[Finding] = field(default_factory=list)
    contents: dict[str, Content] = field(default_factory=dict)
    listings: dict[str, dict[str, Content]] = field(default_factory=dict)
    absent: int = 0

    @property
    def faulty(self) -> set[str]:
        """Recorded paths of files that are not what they should be."""
        return {finding.path for finding in self.findings}


def read_records(folder: Path) -> tuple[dict[str, Record], list[Finding]]:
    """All records that are whole and stand beside their own files, and what is the matter with the others."""
    whole, findings = {}, []
    for path in record_paths(folder):
        name = recorded(path, folder)
        try:
            record = read_record(path)
            if (lacks := fault(record)) is not None:
                raise LineageError(f"not a record: {lacks}")
        except _UNREADABLE as error:
            findings.append(Finding("record", name, _after(error, path), "a whole record", _again(folder, "it")))
            continue
        foreign = sorted({entry["path"] for entry in entries(record["writes"]) if record_of(entry["path"]) != name})
        if foreign:
            text = f"a record of {foreign[0]}, which belongs to {record_of(foreign[0]) or 'no job'}"
            findings.append(Finding("record", name, text, "the record of the job of its place", _again(folder, "it")))
        else:
            whole[name] = record
            findings += _circumstance(folder, name, record)
    return whole, findings


def _after(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ").partition("; ")[0]


def _again(folder: Path, what: str) -> str:
    if folder.parent.name == "reference":
        return f"put {what} back: `git checkout -- {folder}`"
    return f"delete {what}, then `overheard run {folder.name}`"


def _circumstance(folder: Path, job: str, record: Record) -> list[Finding]:
    place = circumstance_path(located(job, folder))
    try:
        circumstance_of(folder, job, record)
    except LineageError as error:
        kind, expected = (
            "circumstance" if place.exists() else "missing",
            f"the circumstance of {job}, as it was written",
        )
        mend = _again(folder, f"it and {Path(job).name}")
        return [Finding(kind, recorded(place, folder), _after(error, place), expected, mend)]
    return []


def read_all(folder: Path, records: Mapping[str, Record], kept: Kept) -> Read:
    """Hash every file that a record names, and compare."""
    found = Read()
    written = {
        entry["path"]: (job, kept(record["stage"], flag), entry) for job, flag, entry, record in _written(records)
    }
    outside = {e["path"]: e for record in records.values() for e in entries(record["reads"]) if not e.get("record")}
    wanted = {path: located(path, folder) for path, (_, must, _) in written.items() if must or _there(path, folder)}
    found.absent = len(written) - len(wanted)
    wanted |= {path: _outside_place(path) for path in outside}
    for path, place in wanted.items():
        if place.is_dir():
            _read_folder(path, place, found)
    _read_files({path: place for path, place in wanted.items() if path not in found.contents}, found, folder)
    for path, (_, _, entry) in written.items():
        _compare_written(path, entry, folder, found)
    for path, entry in outside.items():
        _compare_outside(path, entry, records, folder, found)
    for job, record in records.items():
        _inside_folders(record, folder, found)
        _manifest(job, record, folder, found)
    return found


def _written(records: Mapping[str, Record]) -> Iterator[tuple[str, str, Mapping[str, Any], Record]]:
    for job, record in records.items():
        for flag, side in record["writes"].items():
            for entry in side:
                yield job, flag, entry, record


def _there(path: str, folder: Path) -> bool:
    return located(path, folder).exists()


def _outside_place(path: str) -> Path:
    try:
        return outside_file(path) if not Path(path).exists() else Path(path)
    except LineageError:
        return Path(path)


def _read_folder(path: str, place: Path, found: Read) -> None:
    try:
        found.contents[path], text = hashing.read_listed(place)
    except MediaError as error:
        found.findings.append(Finding("changed", path, str(error), "a folder as a job left it", "mend or remove it"))
        found.contents[path] = Content("unreadable", 0, 0)
        return
    found.listings[path] = hashing.listed(text, path)


def _read_files(places: Mapping[str, Path], found: Read, folder: Path) -> None:
    """Hash single files, the largest first, so that two threads end together."""

    def read(item: tuple[str, Path]) -> tuple[str, Content | MediaError]:
        try:
            return item[0], hashing.read(item[1])
        except MediaError as error:
            return item[0], error

    ordered = sorted(places.items(), key=lambda item: -item[1].stat().st_size if item[1].is_file() else 0)
    with ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as pool:
        for path, content in pool.map(read, ordered):
            if isinstance(content, Content):
                found.contents[path] = content
            else:
                reason = _after(content, places[path])
                found.findings.append(
                    Finding("missing", path, reason, "the file", _again(folder, "what is left of it"))
                )


def _compare_written(path: str, entry: Mapping[str, Any], folder: Path, found: Read) -> None:
    content = found.contents.get(path)
    if "files" in entry:
        _compare_folder(path, entry, content, folder, found)
    elif content is not None and (content.sha256, content.bytes) != (entry["sha256"], entry["bytes"]):
        found.findings.append(_changed(path, content.sha256, entry["sha256"], _again(folder, "it")))


def _changed(path: str, digest: str, expected: str, mend: str) -> Finding:
    return Finding("changed", path, f"sha256 {digest[:12]}…", f"sha256 {expected[:12]}…", mend)


def _compare_folder(path: str, entry: Mapping[str, Any], content: Content | None, folder: Path, found: Read) -> None:
    """A folder against its record; which of its files differ is told by the listing beside it."""
    name, mend = f"{path}{LISTING}", _again(folder, path)
    place = located(name, folder)
    expected = None
    if content is None and not place.exists():
        return
    if not place.is_file():
        found.findings.append(Finding("missing", name, "no such file", f"the list of the files of {path}", mend))
    elif change := on_disk.listing_change(entry, located(path, folder)):
        found.findings.append(_changed(name, change.new, change.old, mend))
    else:
        try:
            expected = on_disk.listed(entry, located(path, folder))
        except LineageError as error:
            found.findings.append(Finding("unreadable", name, str(error), f"the list of the files of {path}", mend))
    if content is None or content.sha256 == entry["sha256"]:
        return
    if expected is None:
        found.findings.append(_changed(path, content.sha256, entry["sha256"], mend))
        return
    found.findings += _in_folder(path, expected, found.listings.get(path, {}), mend)


def _in_folder(
    path: str, expected: Mapping[str, Content], there: Mapping[str, Content], mend: str
) -> Iterator[Finding]:
    for name in sorted(expected.keys() | there.keys()):
        if name not in there:
            yield Finding("missing", f"{path}/{name}", "no such file", f"sha256 {expected[name].sha256[:12]}…", mend)
        elif name not in expected:
            yield Finding("unknown", f"{path}/{name}", "a file", f"no such file when {path} was made", mend)
        elif there[name] != expected[name]:
            yield _changed(f"{path}/{name}", there[name].sha256, expected[name].sha256, mend)


def _compare_outside(
    path: str, entry: Mapping[str, Any], records: Mapping[str, Record], folder: Path, found: Read
) -> None:
    """A user's folder or file against what was read of it; of a folder, the manifest tells which file."""
    content = found.contents.get(path)
    if content is None or content.sha256 == entry["sha256"]:
        return
    mend = f"put back what it was, or `overheard run {folder.name}` to make everything from what it is now"
    manifests = [(job, one) for job, one in records.items() if one["stage"] == "media" and _folder_of(one) == path]
    changed = [finding for job, one in manifests for finding in _against_manifest(job, one, folder, found, mend)]
    known = found.faulty
    found.findings += [finding for finding in changed if finding.path not in known]
    if not changed:
        more = "" if content.files is None else f" of {content.files} files"
        found.findings.append(
            Finding("changed", path, f"sha256 {content.sha256[:12]}…{more}", f"sha256 {entry['sha256'][:12]}…", mend)
        )


def _folder_of(record: Record) -> str | None:
    return next((entry["path"] for entry in record["reads"].get("folder", ())), None)


def _manifest(job: str, record: Record, folder: Path, found: Read) -> None:
    if record["stage"] == "media":
        known = found.faulty
        mend = _again(folder, f"results/{folder.name}/media")
        found.findings += [one for one in _against_manifest(job, record, folder, found, mend) if one.path not in known]


def _against_manifest(job: str, record: Record, folder: Path, found: Read, mend: str) -> Iterator[Finding]:
    """Every line of a media manifest against the folder that was just read."""
    written, media = record["writes"].get("manifest"), _folder_of(record)
    if not written:
        yield Finding("record", job, "it names no manifest", "the manifest that this job writes", mend)
        return
    manifest = written[0]["path"]
    if manifest in found.faulty or media not in found.listings or not _there(manifest, folder):
        return
    there = found.listings[media]
    try:
        lines = artifacts.read_table(located(manifest, folder), ["path", "sha256", "bytes"])
    except _UNREADABLE as error:
        yield Finding("unreadable", manifest, str(error), "a manifest", mend)
        return
    for line in lines:
        name = f"{media}/{line['path']}"
        if line["path"] not in there:
            yield Finding("missing", name, "no such file", f"sha256 {line['sha256'][:12]}… in {manifest}", mend)
        elif there[line["path"]].sha256 != line["sha256"]:
            yield _changed(name, there[line["path"]].sha256, line["sha256"], mend)


def _inside_folders(record: Record, folder: Path, found: Read) -> None:
    """A single file that was read out of a folder must be that folder's."""
    for entry in entries(record["reads"]):
        for place, files in found.listings.items():
            inside = entry["path"].removeprefix(f"{place}/")
            path = entry["path"]
            if (
                inside != path
                and inside in files
                and files[inside].sha256 != entry["sha256"]
                and path not in found.faulty
            ):
                found.findings.append(_changed(path, files[inside].sha256, entry["sha256"], _again(folder, place)))


def strangers(folder: Path, records: Mapping[str, Record], damaged: Iterable[str]) -> list[Finding]:
    """Files of an experiment that belong to no record, and circumstances without one."""
    known = {entry["path"] for record in records.values() for entry in entries(record["writes"])}
    folders = {e["path"] for record in records.values() for e in entries(record["writes"]) if "files" in e}
    known |= {f"{path}{LISTING}" for path in folders}
    jobs = {*records, *damaged}
    known |= jobs | {f"{job.removesuffix(SUFFIX)}{CIRCUMSTANCE}" for job in jobs}
    damaged, mend = set(damaged), "move it away, or delete it"
    findings = []
    for place in _files_outside(folder, {located(path, folder) for path in folders}):
        name = recorded(place, folder)
        # what a damaged record says it wrote is not known, so its job's files are not strangers
        mine = name in known or record_of(name) in damaged or place.name in _ANYWHERE
        if mine or (place.parent == folder and place.name in COMPANIONS):
            continue
        if place.is_relative_to(folder / SAVED) and folder.parent.name != "reference":
            continue  # see audit_saved
        what = "left by a job that was cut off" if place.name.startswith(PART) else "a file that no record names"
        findings.append(Finding("unknown", name, what, "only files of the experiment's jobs", mend))
    return findings


def _files_outside(folder: Path, left_out: set[Path]) -> Iterator[Path]:
    """All files but those in some folders, which are read elsewhere; of these the hidden ones, which no hash has."""
    for parent, names, files in os.walk(folder):
        inside = next((place for place in (Path(parent), *Path(parent).parents) if place in left_out), None)
        names.sort()
        yield from (Path(parent, name) for name in sorted(files) if inside is None or name.startswith("."))
