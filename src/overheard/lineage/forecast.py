"""Which scheduled jobs a stored result answers, and which compute. Touches files: reads the store and lists of folders.

A job's identity follows from its command line and what it reads. That is known of files that no scheduled job makes,
of what will be put back, and of what is computed again to the bytes that its record has (the same work gives the same
bytes). After a job that computes something new, nothing is known: what reads from it computes too, unless the new bytes
turn out to be the old ones.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from overheard.errors import LineageError, MediaError
from overheard.jobs import hashing, on_disk, records, store, store_files
from overheard.jobs.circumstance import read_circumstance
from overheard.jobs.machine import machine_class
from overheard.jobs.on_disk import Found
from overheard.lineage.graph import enclosing
from overheard.scheduling.dry_run import Planned

PUT_BACK, COMPUTE, PERHAPS = "put back", "compute", "compute at most"


@dataclass(frozen=True)
class Foreseen:
    """What will come of a scheduled job.

    Attributes:
        job: the job.
        outcome: PUT_BACK; COMPUTE; or PERHAPS: it computes unless something it reads turns out to be as before.
        reads: sha256 of each file it reads by flag, in their order; None where not known.
    """

    job: Planned
    outcome: str
    reads: Mapping[str, Sequence[str | None]]


def foresee(jobs: Sequence[Planned], found: Mapping[str, Found]) -> dict[str, Foreseen]:
    """What will come of each scheduled job, by its record, each after what it reads from.

    Args:
        jobs: all that the dry run lists.
        found: what there is of every job that has a record.
    """
    seer = _Seer(jobs, found)
    above = {record: [path for path in job.sources if path in seer.jobs] for record, job in seer.jobs.items()}
    return {record: seer.foresee(record) for record in TopologicalSorter(above).static_order()}


class _Seer:
    """Knows what will be in the files that jobs read, as far as that can be known."""

    def __init__(self, jobs: Sequence[Planned], found: Mapping[str, Found]) -> None:
        self.jobs = {job.record: job for job in jobs}
        self.found = found
        self.store = store.folder()
        self.memory = store.memory()
        # what jobs wrote or will have written: sha256, or None where that is not known
        written = (records.entries(each.record["writes"]) for each in found.values() if each.record)
        self.future: dict[str, str | None] = {entry["path"]: entry["sha256"] for side in written for entry in side}
        self.future |= {path: None for job in jobs for paths in job.writes.values() for path in paths}
        self.outside: dict[str, str | None] = {}

    def foresee(self, record: str) -> Foreseen:
        job = self.jobs[record]
        reads = {flag: [self.content(path, job) for path in paths] for flag, paths in job.reads.items()}
        if any(content is None for contents in reads.values() for content in contents):
            return Foreseen(job, PERHAPS, reads)
        identity = identity_of(job, reads)
        kept = self._kept(identity)
        writes = kept or self._as_recorded(record, identity)
        if writes:
            for flag, paths in job.writes.items():
                self.future |= {path: entry["sha256"] for path, entry in zip(paths, writes[flag], strict=True)}
        return Foreseen(job, PUT_BACK if kept else COMPUTE, reads)

    def _kept(self, identity: str) -> Mapping[str, Any] | None:
        """What the store has of this identity."""
        if self.store is None or not store.holds(self.store, identity):
            return None
        entry = store_files.parse_entry(self.store / "records" / machine_class() / f"{identity}.json")
        writes = entry["record"]["writes"] if entry else {}
        contents = store_files.contents_of(self.store, writes)
        places = [store_files.content_path(self.store, digest) for digest, _ in contents]
        # a damaged file is not put back
        damaged = any(hashing.difference(place, store_files.digest_of(place), self.memory) for place in places)
        return None if damaged else writes or None

    def _as_recorded(self, record: str, identity: str) -> Mapping[str, Any] | None:
        """What the job wrote when it last was the same, on a machine of this class."""
        found = self.found.get(record)
        if found is None or found.record is None or found.record["identity"] != identity:
            return None
        said = read_circumstance(Path(record))
        return found.record["writes"] if said and said.get("machine") == machine_class() else None

    def content(self, path: str, job: Planned) -> str | None:
        """The sha256 that a file will have when a job reads it; None where that is not known."""
        for place in enclosing(path):
            if place in self.future:
                made = self.future[place]
                return made if place == path or made is None else self._in_folder(place, made, path)
        if path not in self.outside:
            self.outside[path] = job.planned["outside"].get(path)
            with suppress(MediaError):
                self.outside[path] = self.outside[path] or hashing.remembered(Path(path), self.memory).sha256
        return self.outside[path]

    def _in_folder(self, folder: str, digest: str, path: str) -> str | None:
        """The sha256 of a file by the list, kept or beside the folder, that has the folder's; None where none has."""
        files: Mapping[str, hashing.Content] = {}
        with suppress(OSError, LineageError):
            files = on_disk.listed({"path": folder, "sha256": digest}, Path(folder))
        if not files and self.store:
            with suppress(OSError, MediaError):
                files = store_files.kept_listing(self.store, digest)
        file = files.get(path.removeprefix(f"{folder}/"))
        return None if file is None else file.sha256


def identity_of(job: Planned, reads: Mapping[str, Sequence[str | None]]) -> str:
    """The identity that a job's record will have."""
    return records.identity_of(
        {
            "record": records.VERSION,
            "stage": job.stage,
            "settings": job.settings,
            "reads": {flag: [{"sha256": content} for content in contents] for flag, contents in reads.items()},
            "writes": job.writes,
            "code": {"digest": job.planned["code"]},
            "environment": job.planned["environment"],
        }
    )
