"""Which scheduled jobs a stored result answers, and which compute. Touches files: reads the store and lists of folders.

A job's identity follows from its command line and what it reads. That is known of files that no scheduled job makes,
of what will be put back, and of what is computed again to the bytes that its record has (the same work gives the same
bytes). After a job that computes something new, nothing is known: what reads from it computes too, unless the new bytes
turn out to be the old ones.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from overheard.errors import MediaError
from overheard.jobs import hashing, records, store, store_files
from overheard.jobs.machine import machine_class
from overheard.jobs.on_disk import Found
from overheard.scheduling.dry_run import Planned

PUT_BACK, COMPUTE, PERHAPS = "put back", "compute", "compute at most"


@dataclass(frozen=True)
class Foreseen:
    """What will come of a scheduled job.

    Attributes:
        job: the job.
        outcome: PUT_BACK; COMPUTE; or PERHAPS: it computes unless something it reads turns out to be as before.
        identity: its identity; None where something it reads is not known.
        reads: sha256 of each file it reads by flag, in their order; None where not known.
    """

    job: Planned
    outcome: str
    identity: str | None
    reads: Mapping[str, Sequence[str | None]]


def foresee(jobs: Sequence[Planned], found: Mapping[str, Found]) -> dict[str, Foreseen]:
    """What will come of each scheduled job, by its record, each after what it reads from.

    Args:
        jobs: all that the dry run lists.
        found: what there is of every job that has a record.
    """
    seer = _Seer(jobs, found)
    return {record: seer.foresee(record) for record in seer.order()}


class _Seer:
    """Knows what will be in the files that jobs read, as far as that can be known."""

    def __init__(self, jobs: Sequence[Planned], found: Mapping[str, Found]) -> None:
        self.jobs = {job.record: job for job in jobs}
        self.found = found
        self.store = store.folder()
        self.memory = store.memory()
        # what scheduled jobs will have written: sha256, or None where that is not known
        self.future: dict[str, str | None] = {path: None for job in jobs for path in _paths(job.writes)}
        self.past: dict[str, dict[str, str]] = {}
        self.outside: dict[str, str | None] = {}

    def order(self) -> Iterable[str]:
        """Jobs, each after those it reads from."""
        above = {record: [path for path in job.sources if path in self.jobs] for record, job in self.jobs.items()}
        return TopologicalSorter(above).static_order()

    def foresee(self, record: str) -> Foreseen:
        job = self.jobs[record]
        reads = {flag: [self.content(path, job) for path in paths] for flag, paths in job.reads.items()}
        if any(content is None for contents in reads.values() for content in contents):
            return Foreseen(job, PERHAPS, None, reads)
        identity = identity_of(job, reads)
        kept = self._kept(identity)
        writes = kept or self._as_recorded(record, identity)
        if writes:
            for flag, paths in job.writes.items():
                self.future |= {path: entry["sha256"] for path, entry in zip(paths, writes[flag], strict=True)}
        return Foreseen(job, PUT_BACK if kept else COMPUTE, identity, reads)

    def _kept(self, identity: str) -> Mapping[str, Any] | None:
        """What the store has of this identity."""
        if self.store is None or not store.holds(self.store, identity):
            return None
        entry = store_files.parse_entry(self.store / "records" / machine_class() / f"{identity}.json")
        writes = entry and entry["record"]["writes"]
        return writes if writes and self._is_whole(self.store, writes) else None

    def _is_whole(self, place: Path, writes: Mapping[str, Any]) -> bool:
        """Whether the store's files are what their names say: a damaged one is not put back."""
        try:
            return not any(
                hashing.difference(store_files.content_path(place, digest), digest, self.memory)
                for digest, _ in store_files.contents_of(place, writes)
            )
        except OSError:
            return False

    def _as_recorded(self, record: str, identity: str) -> Mapping[str, Any] | None:
        """What the job wrote when it last was the same, on a machine of this class."""
        found = self.found.get(record)
        if found is None or found.record is None or found.record["identity"] != identity:
            return None
        said = records.read_circumstance(Path(record))
        return found.record["writes"] if said and said.get("machine") == machine_class() else None

    def content(self, path: str, job: Planned) -> str | None:
        """The sha256 that a file will have when a job reads it; None where that is not known."""
        places = [path, *(parent.as_posix() for parent in PurePosixPath(path).parents)]
        if (place := next((place for place in places if place in self.future), None)) is not None:
            folder = self.future[place]
            return folder if place == path or folder is None else self._in_kept_folder(folder, place, path)
        made = {entry: digest for source in job.sources for entry, digest in self._made(source).items()}
        if (place := next((place for place in places if place in made), None)) is not None:
            return made[place] if place == path else _in_folder(place, path)
        if path not in self.outside:
            self.outside[path] = job.planned["outside"].get(path) or self._read(path)
        return self.outside[path]

    def _made(self, record: str) -> dict[str, str]:
        """What a job that is not scheduled wrote."""
        if record not in self.past:
            found = self.found.get(record)
            writes = found.record["writes"] if found and found.record else {}
            self.past[record] = {entry["path"]: entry["sha256"] for entry in records.entries(writes)}
        return self.past[record]

    def _read(self, path: str) -> str | None:
        try:
            return hashing.remembered(Path(path), self.memory).sha256
        except MediaError:
            return None

    def _in_kept_folder(self, digest: str, folder: str, path: str) -> str | None:
        if self.store is None:
            return _in_folder(folder, path, digest)
        try:
            files = store_files.kept_listing(self.store, digest)
        except (OSError, MediaError):
            return _in_folder(folder, path, digest)
        file = files.get(PurePosixPath(path).relative_to(folder).as_posix())
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


def _paths(side: Mapping[str, Sequence[str]]) -> Iterator[str]:
    return (path for paths in side.values() for path in paths)


def _in_folder(folder: str, path: str, digest: str | None = None) -> str | None:
    """The sha256 of a file by the list beside the folder that a job wrote; None where that list is another's."""
    try:
        text = Path(f"{folder}{records.LISTING}").read_bytes()
        files = hashing.listed(text.decode(), folder)
    except (OSError, MediaError, UnicodeDecodeError):
        return None
    if digest not in (None, sha256(text).hexdigest()):
        return None
    file = files.get(PurePosixPath(path).relative_to(folder).as_posix())
    return None if file is None else file.sha256
