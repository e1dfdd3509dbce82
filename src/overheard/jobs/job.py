"""What the runner asks of lineage for one job: check, find what was computed before, keep, record. Touches files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from overheard.errors import LineageError
from overheard.io import whole
from overheard.jobs import hashing, on_disk, records, store
from overheard.jobs.circumstance import Circumstance, Watch, sealed
from overheard.jobs.code import closure as code
from overheard.jobs.code import modules, versions
from overheard.jobs.comparison import differences
from overheard.jobs.machine import machine_class
from overheard.jobs.records import Entry, Record
from overheard.jobs.store_files import Kept

Paths = Mapping[str, Sequence[Path]]


@dataclass(frozen=True)
class Planned:
    """What a job was planned with.

    Attributes:
        code: digest of its code.
        environment: versions.
        outside: digests of files and folders that no job makes.
    """

    code: str
    environment: Mapping[str, str]
    outside: Mapping[str, str]


@dataclass(frozen=True)
class Provenance:
    """What a job knows besides its stage's own flags.

    Attributes:
        record: where its record goes.
        records: the records of the jobs it reads from.
        planned: None where a person runs the stage by hand.
    """

    record: Path
    records: Sequence[Path] = ()
    planned: Planned | None = None


@dataclass
class Job:
    """One job on its way.

    Attributes:
        provenance: what it knows of its inputs and its plan.
        writes: the files that it writes, by flag; they have temporary names until it is finished.
        draft: its record so far.
        watch: measures it.
        device: what it runs on.
        store: where finished work is kept; None where that is switched off.
        seen: what it reads, as that was when the job began.
        kept: what the store has of the same job.
        computed: in what circumstance its files were computed, where they were put back.
        written: what lies under the temporary names, once it is known.
        circumstance: its own, when it is finished.
    """

    provenance: Provenance
    writes: Paths
    draft: Record
    watch: Watch
    device: str
    store: Path | None
    seen: Sequence[hashing.Seen]
    kept: Kept | None = None
    computed: Circumstance | None = None
    written: Mapping[Path, hashing.Content] | None = None
    circumstance: Circumstance | None = None

    @property
    def parts(self) -> dict[str, list[Path]]:
        """The temporary names of what it writes."""
        return {flag: [whole.temporary(path) for path in paths] for flag, paths in self.writes.items()}


def begin(stage: str, settings: Mapping[str, Any], reads: Paths, writes: Paths, provenance: Provenance) -> Job:
    """Check what a job reads and what it is against what was planned; look for what was computed before.

    Raises:
        LineageError: a file is not what its record says, or code, environment or outside data are not as planned, or
            this process runs other code than the sources have.
    """
    if stale := stale_bytecode():
        raise LineageError(
            f"{stage}: Python had bytecode of an older text of {', '.join(map(str, stale))}, which is removed now; "
            "give the command again"
        )
    watch, place, memory = Watch(), store.folder(), store.memory()
    closure = code.stage_code(stage, settings.get("method"))
    seen = {path: hashing.seen(path, memory) for paths in reads.values() for path in paths}
    draft = {
        "record": records.VERSION,
        "stage": stage,
        "settings": dict(settings),
        "reads": _read_entries(reads, provenance.records, seen),
        "writes": {flag: [{}] * len(paths) for flag, paths in writes.items()},
        "code": {"digest": closure.digest, "definitions": closure.definitions},
        "environment": versions.environment(closure),
    }
    if provenance.planned is not None:
        _check_plan(draft, asdict(provenance.planned))
    device = str((settings.get("settings") or {}).get("device", "cpu"))
    kept = None if place is None else store.find(place, records.identity_of(draft))
    return Job(provenance, writes, draft, watch, device, place, tuple(seen.values()), kept)


@cache
def stale_bytecode() -> list[Path]:
    """Own sources whose older text this process may run; see `sources.forget_stale_bytecode`."""
    return modules.forget_stale_bytecode()


def put_back(job: Job) -> bool:
    """Put back what the same job computed before; False where that cannot be."""
    if job.kept is None or job.store is None:
        return False
    job.written = store.put_back(job.store, job.kept["record"]["writes"], job.parts)
    if job.written is None:
        return False
    first = job.kept["circumstance"]
    job.computed = first.get("computed") or first
    return True


def finish(job: Job, command: str) -> None:
    """Hash what was written, keep it, and make record and circumstance ready.

    Call `write` when the files have their final names.

    Raises:
        LineageError: something that the job read was changed since it was hashed, so that nobody knows what it read.
    """
    if job.written is None:
        _check_unchanged(job)
        job.written = {path: hashing.read(path) for paths in job.parts.values() for path in paths}
    written = job.written
    entries = {
        flag: [_entry(path, written[whole.temporary(path)]) for path in paths] for flag, paths in job.writes.items()
    }
    job.draft = records.sealed(job.draft | {"writes": entries})
    said = job.watch.circumstance(command, job.device, machine_class(), job.computed)
    job.circumstance = sealed(said, job.draft["digest"])
    if job.store is not None and job.computed is None:
        store.keep(job.store, job.draft, job.circumstance, job.parts)


def write(job: Job) -> None:
    """Write listings and circumstance, and the record last: who sees a record sees everything."""
    for path in (path for paths in job.writes.values() for path in paths):
        if job.written and (text := job.written[whole.temporary(path)].listing):
            whole.write_text(records.listing_path(path), text)
    path = job.provenance.record
    said = json.dumps(job.circumstance, indent=1, sort_keys=True) + "\n"
    whole.write_text(records.circumstance_path(path), said)
    records.write_record(path, job.draft)


def _check_unchanged(job: Job) -> None:
    """A stage reads after its inputs were hashed: other bytes under these hashes would be put back for ever."""
    for seen in job.seen:
        if not hashing.is_unchanged(seen):
            raise LineageError(
                f"{job.draft['stage']}: {seen.path} was changed while this job ran, so what came out is not kept; "
                "leave it alone and give the command again"
            )


def _entry(path: Path, content: hashing.Content) -> dict[str, Any]:
    entry = {"path": path.as_posix(), "sha256": content.sha256, "bytes": content.bytes}
    return entry if content.files is None else entry | {"files": content.files}


def _read_entries(
    reads: Paths, given: Sequence[Path], seen: Mapping[Path, hashing.Seen]
) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, tuple[Entry, Path]] = {}
    for path in given:
        for entry in records.entries(records.read_record(path)["writes"]):
            made[entry["path"]] = entry, path
    return {flag: [_read_entry(path, made, seen[path].content) for path in paths] for flag, paths in reads.items()}


def _read_entry(path: Path, made: Mapping[str, tuple[Entry, Path]], content: hashing.Content) -> dict[str, Any]:
    source = next((made[str(place)] for place in (path, *path.parents) if str(place) in made), None)
    if source is None:
        return _entry(path, content) | {"record": None}
    entry, record = source
    expected = entry["sha256"] if entry["path"] == path.as_posix() else _listed(path, entry)
    if content.sha256 != expected:
        raise LineageError(
            f"{path}: sha256 {content.sha256[:8]}… found, {expected[:8]}… expected by {record}: it was changed after "
            "it was made. Move it away, or delete it, and give `overheard run` again: the step that makes it runs again"
        )
    return _entry(path, content) | {"record": record.as_posix()}


def _listed(path: Path, folder: Mapping[str, Any]) -> str:
    """The sha256 of one file of a folder that a job wrote, from the folder's listing."""
    place = Path(folder["path"])
    files = on_disk.listed(folder, place)
    if (name := path.relative_to(place).as_posix()) not in files:
        again = f"delete {place} and give `overheard run` again"
        raise LineageError(f"{path}: was not there when {place} was made; {again}")
    return files[name].sha256


def _check_plan(draft: Record, planned: Mapping[str, Any]) -> None:
    again = "give `overheard run` again (a line copied from a log: leave out --planned)"
    for kind, name, found, expected in differences(draft, planned):
        if kind == "code":
            said = f"its code is {found[:8]}…, planned was {expected[:8]}…: it changed since"
        elif kind == "package":
            said = f"{name} is {found}, planned was {expected}"
        else:
            said = f"{name} changed since the plan was made"
        raise LineageError(f"{draft['stage']}: {said}; {again}")
