"""What the runner asks of lineage for one job: check, find what was computed before, keep, record. Touches files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from overheard.errors import LineageError
from overheard.io import whole
from overheard.jobs import hashing, on_disk, records, store
from overheard.jobs.circumstance import Circumstance, Watch, circumstance_path, sealed
from overheard.jobs.code import closure as code
from overheard.jobs.code import modules, versions
from overheard.jobs.comparison import differences
from overheard.jobs.machine import machine_class
from overheard.jobs.records import Entry, Record
from overheard.jobs.store import Paths


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


class Job:
    """One job on its way: begun when it is made, then put back or computed, then finished, then written.

    Attributes:
        provenance: what it knows of its inputs and its plan.
        writes: the files that it writes, by flag.
        parts: their temporary names, which they have until it is finished.
        draft: its record so far.
        device: what it runs on.
        store: where finished work is kept; None where that is switched off.
        seen: what it reads, as that was when the job began.
        kept: what the store has of the same job.
        written: what lies under the temporary names, once it is known.
        computed: in what circumstance its files were computed, where they were put back.
        circumstance: its own, when it is finished.
    """

    def __init__(
        self, stage: str, settings: Mapping[str, Any], reads: Paths, writes: Paths, provenance: Provenance
    ) -> None:
        """Check what a job reads and what it is against what was planned; look for what was computed before.

        Raises:
            LineageError: a file is not what its record says, or code, environment or outside data are not as planned,
                or this process runs other code than the sources have.
        """
        if stale := stale_bytecode():
            raise LineageError(
                f"{stage}: Python had bytecode of an older text of {', '.join(map(str, stale))}, which is removed now; "
                "give the command again"
            )
        self._watch, self.store, memory = Watch(), store.folder(), store.memory()
        closure = code.stage_code(stage, code.entries(settings))
        seen = {path: hashing.seen(path, memory) for paths in reads.values() for path in paths}
        makers = ((path, records.entries(records.read_record(path)["writes"])) for path in provenance.records)
        made = {entry["path"]: (entry, path) for path, entries in makers for entry in entries}
        self.draft: Record = {
            "record": records.VERSION,
            "stage": stage,
            "settings": dict(settings),
            "reads": {
                flag: [_read_entry(path, made, seen[path].content) for path in side] for flag, side in reads.items()
            },
            "writes": {flag: [{}] * len(paths) for flag, paths in writes.items()},
            "code": {"digest": closure.digest, "definitions": closure.definitions},
            "environment": versions.environment(closure),
        }
        if provenance.planned is not None:
            _check_plan(self.draft, vars(provenance.planned))
        self.provenance, self.writes, self.seen = provenance, writes, tuple(seen.values())
        self.parts = {flag: [whole.temporary(path) for path in paths] for flag, paths in writes.items()}
        self.device = str((settings.get("settings") or {}).get("device", "cpu"))
        self.kept = None if self.store is None else store.find(self.store, records.identity_of(self.draft))
        self.written: Mapping[Path, hashing.Content] | None = None
        self.computed: Circumstance | None = None

    def put_back(self) -> bool:
        """Put back what the same job computed before; False where that cannot be."""
        if self.kept is None or self.store is None:
            return False
        self.written = store.put_back(self.store, self.kept["record"]["writes"], self.parts)
        if self.written is not None:
            # what was put back is not kept again, so what is kept was computed
            self.computed = self.kept["circumstance"]
        return self.written is not None

    def finish(self, command: str) -> None:
        """Hash what was written, keep it, and make record and circumstance ready.

        Call `write` when the files have their final names.

        Raises:
            LineageError: something that the job read was changed since it was hashed, so that nobody knows what it
                read: other bytes under these hashes would be put back for ever.
        """
        if self.written is None:
            for seen in self.seen:
                if not hashing.is_unchanged(seen):
                    raise LineageError(
                        f"{self.draft['stage']}: {seen.path} was changed while this job ran, so what came out is not "
                        "kept; leave it alone and give the command again"
                    )
            self.written = {path: hashing.read(path) for paths in self.parts.values() for path in paths}
        written = self.written
        entries = {
            flag: [_entry(path, written[whole.temporary(path)]) for path in paths]
            for flag, paths in self.writes.items()
        }
        self.draft = records.sealed(self.draft | {"writes": entries})
        said = self._watch.circumstance(command, self.device, machine_class(), self.computed)
        self.circumstance = sealed(said, self.draft["digest"])
        if self.store is not None and self.computed is None:
            store.keep(self.store, self.draft, self.circumstance, self.parts)

    def write(self) -> None:
        """Write listings and circumstance, and the record last: who sees a record sees everything."""
        for path in (path for paths in self.writes.values() for path in paths):
            if self.written and (text := self.written[whole.temporary(path)].listing):
                whole.write_text(records.listing_path(path), text)
        path = self.provenance.record
        said = json.dumps(self.circumstance, indent=1, sort_keys=True) + "\n"
        whole.write_text(circumstance_path(path), said)
        records.write_record(path, self.draft)


stale_bytecode = cache(modules.forget_stale_bytecode)
"""Own sources whose older text this process may run: looked for once."""


def _entry(path: Path, content: hashing.Content) -> dict[str, Any]:
    entry = {"path": path.as_posix(), "sha256": content.sha256, "bytes": content.bytes}
    return entry if content.files is None else entry | {"files": content.files}


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
