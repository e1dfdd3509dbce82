"""Is every file what the records say, and does it belong to a record? Touches files: reads all of them, always."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError, LineageError, MediaError, OverheardError
from overheard.io import artifacts
from overheard.io.whole import PART
from overheard.jobs import hashing, on_disk
from overheard.jobs.circumstance import circumstance_of, circumstance_path
from overheard.jobs.hashing import Content
from overheard.jobs.records import LISTING, Record, entries, fault, located, read_record, record_paths, recorded
from overheard.lineage.findings import Finding
from overheard.lineage.graph import enclosing
from overheard.lineage.recount import outside_place
from overheard.study.layout import SAVED, is_kept, record_of

COMPANIONS = ("report.html", ".lock")
"""Files in an experiment's folder that no job makes and that belong there."""
_ANYWHERE = (".snakemake_timestamp", ".gitignore")


@dataclass
class Read:
    """What was found by reading.

    Attributes:
        folder: `results/NAME`, or `reference/NAME`.
        contents: of every file or folder that a record names and that is there, by recorded path.
        listings: the files of every folder that was read, by recorded path of the folder.
        absent: how many files are not kept here, and need not be.
        faulty: recorded paths of files that are not what they should be.
    """

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    contents: dict[str, Content] = field(default_factory=dict)
    listings: dict[str, dict[str, Content]] = field(default_factory=dict)
    absent: int = 0
    faulty: set[str] = field(default_factory=set)

    def add(self, kind: str, path: str, found: str, expected: str, fix: str) -> None:
        """A finding, but of a file that has one already."""
        if path not in self.faulty:
            self.findings.append(Finding(kind, path, found, expected, fix))
            self.faulty.add(path)

    def changed(self, path: str, digest: str, expected: str, fix: str) -> None:
        """A file with another content."""
        self.add("changed", path, f"sha256 {digest[:12]}…", f"sha256 {expected[:12]}…", fix)


def read_records(folder: Path) -> tuple[dict[str, Record], list[Finding]]:
    """All records that are whole and stand beside their own files, and what is the matter with the others.

    Raises:
        ConfigError: there is no such folder.
        LineageError: there are no whole records in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; `overheard run {folder.name}` makes it")
    whole, findings = {}, []
    for path in record_paths(folder):
        name, expected = recorded(path, folder), "a whole record"
        try:
            record = read_record(path)
            text = (wrong := fault(record)) and f"not a record: {wrong}"
        except (OverheardError, OSError, ValueError, RecursionError) as error:  # no JSON or text at all
            text = _after(error, path)
        paths = () if text else sorted(entry["path"] for entry in entries(record["writes"]))
        if foreign := [path for path in paths if record_of(path) != name]:
            text = f"a record of {foreign[0]}, which belongs to {record_of(foreign[0]) or 'no job'}"
            expected = "the record of the job of its place"
        if text:
            findings.append(Finding("record", name, text, expected, _again(folder, "it")))
            continue
        whole[name], place = record, circumstance_path(path)
        try:
            circumstance_of(folder, name, record)
        except LineageError as error:
            kind = "circumstance" if place.exists() else "missing"
            what, fix = f"the circumstance of {name}, as it was written", _again(folder, f"it and {path.name}")
            findings.append(Finding(kind, recorded(place, folder), _after(error, place), what, fix))
    if not whole:
        raise LineageError(f"{folder}: no whole record in it; `overheard run {folder.name}` makes results and records")
    return whole, findings


def _after(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ").partition("; ")[0]


def _again(folder: Path, what: str) -> str:
    if folder.parent.name == "reference":
        return f"put {what} back: `git checkout -- {folder}`"
    return f"delete {what}, then `overheard run {folder.name}`"


def read_all(folder: Path, records: Mapping[str, Record]) -> Read:
    """Hash every file that a record names, and compare; of a reference run some need not be there."""
    found, whole = Read(folder), folder.parent.name != "reference"
    sides = [(record["stage"], *side) for record in records.values() for side in record["writes"].items()]
    written = {entry["path"]: (entry, whole or is_kept(stage, flag)) for stage, flag, side in sides for entry in side}
    outside = {e["path"]: e for record in records.values() for e in entries(record["reads"]) if not e.get("record")}
    places = {path: located(path, folder) for path in written}
    wanted = {path: place for path, place in places.items() if written[path][1] or place.exists()}
    found.absent = len(written) - len(wanted)
    wanted |= {path: outside_place(path) for path in outside}
    _read(wanted, found)
    for path, (entry, _) in written.items():
        content = found.contents.get(path)
        if "files" in entry:
            _compare_folder(path, entry, content, found)
        elif content and (content.sha256, content.bytes) != (entry["sha256"], entry["bytes"]):
            found.changed(path, content.sha256, entry["sha256"], _again(folder, "it"))
    for job, record in records.items():
        _inside_folders(record, found)
        if record["stage"] == "media":
            _against_manifest(job, record, outside, found)
    for path, entry in outside.items():
        _compare_outside(path, entry, found)
    return found


def _read(places: Mapping[str, Path], found: Read) -> None:
    """Hash files and folders, the largest files first, so that two threads end together."""
    ordered = sorted(places, key=lambda path: -places[path].stat().st_size if places[path].is_file() else 0)
    with ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as pool:
        answers = {path: pool.submit(hashing.read, places[path]) for path in ordered}
        for path, answer in answers.items():
            try:
                found.contents[path] = content = answer.result()
            except MediaError as error:
                if places[path].is_dir():
                    found.add("changed", path, str(error), "a folder as a job left it", "fix or remove it")
                    found.contents[path] = Content("unreadable", 0, 0)
                else:
                    fix = _again(found.folder, "what is left of it")
                    found.add("missing", path, _after(error, places[path]), "the file", fix)
                continue
            if content.listing is not None:
                found.listings[path] = hashing.listed(content.listing, path)


def _compare_folder(path: str, entry: Mapping[str, Any], content: Content | None, found: Read) -> None:
    """A folder against its record; which of its files differ is in the listing beside it."""
    name, fix = f"{path}{LISTING}", _again(found.folder, path)
    place, listing = located(name, found.folder), f"the list of the files of {path}"
    expected = None
    if content is None and not place.exists():
        return
    if not place.is_file():
        found.add("missing", name, "no such file", listing, fix)
    elif change := on_disk.listing_change(entry, located(path, found.folder)):
        found.changed(name, change.new, change.old, fix)
    else:
        try:
            expected = on_disk.listed(entry, located(path, found.folder))
        except LineageError as error:
            found.add("unreadable", name, str(error), listing, fix)
    if content is None or content.sha256 == entry["sha256"]:
        return
    if expected is None:
        found.changed(path, content.sha256, entry["sha256"], fix)
        return
    _in_folder(path, {file: one.sha256 for file, one in expected.items()}, found, fix)
    for file in sorted(found.listings.get(path, {}).keys() - expected.keys()):
        found.add("unknown", f"{path}/{file}", "a file", f"no such file when {path} was made", fix)


def _in_folder(path: str, expected: Mapping[str, str], found: Read, fix: str) -> None:
    """What of a folder that was read is missing or has another sha256 than expected, by name."""
    there = found.listings.get(path, {})
    for name, digest in expected.items():
        if name not in there:
            found.add("missing", f"{path}/{name}", "no such file", f"sha256 {digest[:12]}…", fix)
        elif there[name].sha256 != digest:
            found.changed(f"{path}/{name}", there[name].sha256, digest, fix)


def _compare_outside(path: str, entry: Mapping[str, Any], found: Read) -> None:
    """A user's folder or file against what was read of it, where no manifest says which file of it differs."""
    content = found.contents.get(path)
    named = any(faulty.startswith(f"{path}/") for faulty in found.faulty)
    if content and content.sha256 != entry["sha256"] and not named:
        more = "" if content.files is None else f" of {content.files} files"
        sides = f"sha256 {content.sha256[:12]}…{more}", f"sha256 {entry['sha256'][:12]}…"
        found.add("changed", path, *sides, _put_back(found.folder))


def _put_back(folder: Path) -> str:
    return f"put back what it was, or `overheard run {folder.name}` to make everything from what it is now"


def _against_manifest(job: str, record: Record, outside: Collection[str], found: Read) -> None:
    """Every line of a media manifest against the folder that was just read."""
    folder = found.folder
    media = next((entry["path"] for entry in record["reads"].get("folder", ())), None)
    fix = _put_back(folder) if media in outside else _again(folder, f"results/{folder.name}/media")
    if not (written := record["writes"].get("manifest")):
        found.add("record", job, "it names no manifest", "the manifest that this job writes", fix)
        return
    manifest = written[0]["path"]
    place = located(manifest, folder)
    if manifest in found.faulty or media not in found.listings or not place.exists():
        return
    try:
        lines = artifacts.read_table(place, ["path", "sha256", "bytes"])
    except MediaError as error:
        found.add("unreadable", manifest, str(error), "a manifest", fix)
        return
    _in_folder(media, {line["path"]: line["sha256"] for line in lines}, found, fix)


def _inside_folders(record: Record, found: Read) -> None:
    """A single file that was read out of a folder must be that folder's."""
    for entry in entries(record["reads"]):
        path = entry["path"]
        for place in enclosing(path):
            file = found.listings.get(place, {}).get(path.removeprefix(f"{place}/"))
            if file and file.sha256 != entry["sha256"]:
                found.changed(path, file.sha256, entry["sha256"], _again(found.folder, place))


def strangers(folder: Path, records: Mapping[str, Record], damaged: Iterable[str]) -> list[Finding]:
    """Files of an experiment that belong to no record, and circumstances without one."""
    written = [entry for record in records.values() for entry in entries(record["writes"])]
    folders = {entry["path"] for entry in written if "files" in entry}
    jobs = {*records, *damaged}
    known = {entry["path"] for entry in written} | {f"{path}{LISTING}" for path in folders}
    known |= jobs | {circumstance_path(Path(job)).as_posix() for job in jobs}
    damaged, fix = set(damaged), "move it away, or delete it"
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
        findings.append(Finding("unknown", name, what, "only files of the experiment's jobs", fix))
    return findings


def _files_outside(folder: Path, left_out: set[Path]) -> Iterator[Path]:
    """All files but those in some folders, which are read elsewhere; of these the hidden ones, which no hash has."""
    for parent, names, files in os.walk(folder):
        inside = next((place for place in (Path(parent), *Path(parent).parents) if place in left_out), None)
        names.sort()
        yield from (Path(parent, name) for name in sorted(files) if inside is None or name.startswith("."))
