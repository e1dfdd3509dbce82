"""Records as a graph of jobs and files: who made a file, who reads it, what a job rests on, and what does not fit.

Pure: from records by their recorded path (`records.load_records`, or a part of them) to plain data. A job is named by
the path of its record. Everything here is linear in the number of files, so that ten thousand runs are no trouble.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from overheard.jobs.records import SUFFIX, Entry, Record
from overheard.study.flow import FINAL_STAGES


class Link(NamedTuple):
    """One file or folder of a job: under which flag, and its entry (path, sha256, bytes, …)."""

    job: str
    flag: str
    entry: Entry


def files(record: Record, side: str) -> Iterator[tuple[str, Entry]]:
    """(flag, entry) of every file on one side, `reads` or `writes`, of a record."""
    for flag, entries in record[side].items():
        for entry in entries:
            yield flag, entry


def name_of(job: str) -> str:
    """A job's name: the path of its record within the experiment, without suffix."""
    return job.split("/", 2)[2].removesuffix(SUFFIX)


def enclosing(path: str) -> Iterator[str]:
    """A path and the folders above it, the nearest first: what a job may have written that holds it."""
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


@dataclass(frozen=True)
class Graph:
    """Jobs and the files between them; `records` is by recorded path of the record."""

    records: Mapping[str, Record]

    @cached_property
    def writers(self) -> dict[str, list[Link]]:
        """For each file or folder that a job wrote, those jobs: one, if all is well."""
        return self._links("writes")

    @cached_property
    def readers(self) -> dict[str, list[Link]]:
        """For each file or folder that a job read, those jobs."""
        return self._links("reads")

    def _links(self, side: str) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = defaultdict(list)
        for job, record in self.records.items():
            for flag, entry in files(record, side):
                found[entry["path"]].append(Link(job, flag, entry))
        return dict(found)

    def producer(self, path: str) -> Link | None:
        """Who wrote a file, or the folder it lies in; None where no job here did."""
        for place in enclosing(path):
            if place in self.writers:
                return self.writers[place][0]
        return None

    @cached_property
    def parents(self) -> dict[str, list[str]]:
        """For each job those it read from, in the order of its flags, each once; only jobs that have a record here."""
        read = {job: (entry.get("record", "") for _, entry in files(one, "reads")) for job, one in self.records.items()}
        return {job: list(dict.fromkeys(path for path in made if path in self.records)) for job, made in read.items()}

    @cached_property
    def children(self) -> dict[str, dict[str, None]]:
        """For each job those that read from it, each once; also for one whose record is not here, as a damaged one."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for job, record in self.records.items():
            for _, entry in files(record, "reads"):
                if entry.get("record"):
                    found[entry["record"]][job] = None
        return found

    def ancestors(self, jobs: Iterable[str]) -> list[str]:
        """The jobs and all they rest on, each after everything it read from (a job of a cycle somewhere among them)."""
        return _ordered(jobs, self.parents)

    def descendants(self, jobs: Iterable[str]) -> list[str]:
        """The jobs and all that rests on them, each before everything that read from it."""
        return _ordered(jobs, self.children)[::-1]

    def cycles(self) -> list[list[str]]:
        """Groups of jobs that rest on themselves, each sorted; none, if all is well."""
        from networkx import DiGraph, strongly_connected_components

        groups = map(sorted, strongly_connected_components(DiGraph(self.parents)))
        return sorted(group for group in groups if len(group) > 1 or group[0] in self.parents[group[0]])

    def orphans(self) -> list[str]:
        """Jobs from which no way leads to a job of a final stage, as a seed that was taken out of the study leaves."""
        finals = [job for job, record in self.records.items() if record["stage"] in FINAL_STAGES]
        used = set(self.ancestors(finals))
        return sorted(set(self.records) - used)

    def misfits(self, outside: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
        """Job, path and reason of what jobs read that is not what, or not from where, their records say.

        Args:
            outside: sha256 by path of what is known without a record (a manifest's folder, given weights, printed
                numbers); None takes whatever a record says was made by no job.
        """
        return [
            (job, entry["path"], reason)
            for job, record in self.records.items()
            for _, entry in files(record, "reads")
            if (reason := self.misfit(entry, outside))
        ]

    def misfit(self, entry: Entry, outside: Mapping[str, str] | None = None) -> str | None:
        """Why one file that was read is not what it is said to be; None if it is. `outside` as in `misfits`."""
        named, path = entry.get("record"), entry["path"]
        if named is None:
            if outside is None or outside.get(path) == entry["sha256"]:
                return None
            return "another sha256 than its manifest's" if path in outside else "no job made it and no manifest has it"
        if named not in self.records:
            return f"{named} is not among the records"
        written = [link for place in enclosing(path) for link in self.writers.get(place, ()) if link.job == named]
        if not written:
            return f"{named} did not write it"
        # of a file inside a folder that a job wrote, the record has the folder's digest alone
        if written[0].entry["path"] == path and written[0].entry["sha256"] != entry["sha256"]:
            return f"{named} wrote sha256 {written[0].entry['sha256'][:12]}…, read was {entry['sha256'][:12]}…"
        return None

    def written_twice(self) -> dict[str, list[str]]:
        """Files that more than one job says it wrote."""
        return {path: sorted(link.job for link in links) for path, links in self.writers.items() if len(links) > 1}


def _ordered(start: Iterable[str], towards: Mapping[str, Collection[str]]) -> list[str]:
    """All that is reached from `start`, each after all it leads to; depth first, no recursion."""
    seen: set[str] = set()
    order = []
    stack = [(job, False) for job in reversed(list(start))]
    while stack:
        job, done = stack.pop()
        if done:
            order.append(job)
        elif job not in seen:
            seen.add(job)
            stack.append((job, True))
            stack.extend((following, False) for following in reversed([*towards.get(job, ())]))
    return order
