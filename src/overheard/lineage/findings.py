"""What an audit found, and the cells it feeds. Pure: from records to plain data."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from overheard.lineage.graph import Graph, files
from overheard.study.layout import FINAL_STAGES

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold.

    Attributes:
        kind: changed, missing, unknown, unreadable, record, circumstance, lineage, cycle, orphan, store, saved, number,
            leak, forged, other code, other machine, or not recomputed.
        path: the file, as records have it.
        found: what is there.
        expected: what should be.
        mend: what to do, with the next command.
        feeds: cells (`table2/scene/image/f_score`) and figures that rest on it.
    """

    kind: str
    path: str
    found: str
    expected: str
    mend: str
    feeds: tuple[str, ...] = ()


_RUN = re.compile(r"results/[^/]+/evaluate/([^/]+)/([^/]+)/seed-\d+/(?:predictions\.npz|scores\.json)")


class Feeds:
    """Which cells and figures rest on a file or a job; `records` are those that are whole, by recorded path."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self.records = records
        self.graph = Graph(records)

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Jobs that read from a record, also from one that is damaged."""
        found: dict[str, list[str]] = defaultdict(list)
        for job, record in self.records.items():
            for made_by in dict.fromkeys(entry.get("record") for _, entry in files(record, "reads")):
                if made_by:
                    found[made_by].append(job)
        return dict(found)

    @cached_property
    def tables(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """(table, row, column, metric) of every cell, by the record of its table."""
        return {job: _cells(record) for job, record in self.records.items() if record["stage"] == "tables"}

    @cached_property
    def all(self) -> tuple[str, ...]:
        """Every cell and figure of the experiment."""
        figures = [_word(job) for job, record in self.records.items() if record["stage"] == "figures"]
        return tuple(["/".join(cell) for cells in self.tables.values() for cell in cells] + sorted(figures))

    def of_file(self, path: str) -> tuple[str, ...]:
        """What rests on a file, or on a folder that jobs read."""
        written = self.graph.producer(path)
        if run := _RUN.fullmatch(path):
            readers = [link.job for link in self.graph.readers.get(path, ())]
            return self._named({job for job in readers if job not in self.tables}, {run.groups()})
        own = {written.job} if written and self.records[written.job]["stage"] in FINAL_STAGES else set()
        return self._named(own | set(self._readers(path)), set())

    def of_job(self, job: str) -> tuple[str, ...]:
        """What rests on a job, which may have a damaged record; of a table or figure that very one."""
        if job in self.records:
            return self._named({job}, set())
        told = self._named({job}, set())
        return told or ((_word(job),) if "/tables/" in job or "/figures/" in job else ())

    def _readers(self, path: str) -> Iterable[str]:
        """Jobs that read a file, a folder it lies in, or something in it."""
        for place, links in self.graph.readers.items():
            if place == path or path.startswith(f"{place}/") or place.startswith(f"{path}/"):
                yield from (link.job for link in links)

    def _named(self, jobs: set[str], rows: set[tuple[str, str]]) -> tuple[str, ...]:
        """Cells and figures that these jobs, those after them, and these rows (method, modality) make."""
        tainted = self._after(jobs)
        if any(self.records[job]["stage"] == "cells" for job in jobs if job in self.records):
            return tuple(name for name in self.all if "/" in name)
        names = []
        for job, cells in self.tables.items():
            hit = rows | {run for run, made_by in self._runs(job) if made_by in tainted}
            names += ["/".join(cell) for cell in cells if job in jobs or cell[1:3] in hit]
        figures = {_word(job) for job in tainted if self.records.get(job, {}).get("stage") == "figures"}
        if rows:
            figures |= {_word(job) for job in self.records if self._shows(job, rows)}
        return (*names, *sorted(figures))

    def _runs(self, job: str) -> Iterable[tuple[tuple[str, str], str | None]]:
        """The row of each scores file that a table or figure reads, and who made it."""
        for entry in self.records[job]["reads"].get("scores", ()):
            if run := _RUN.fullmatch(entry["path"]):
                yield run.groups(), entry.get("record")

    def _shows(self, job: str, rows: set[tuple[str, str]]) -> bool:
        return self.records[job]["stage"] == "figures" and any(run in rows for run, _ in self._runs(job))

    def _after(self, jobs: Iterable[str]) -> set[str]:
        found, waiting = set(), list(jobs)
        while waiting:
            job = waiting.pop()
            if job not in found:
                found.add(job)
                waiting += self.children.get(job, [])
        return found


def _word(job: str) -> str:
    return job.rpartition("/")[2].removesuffix(".record.json")


def _cells(record: Record) -> list[tuple[str, str, str, str]]:
    """None of a record that does not say them; counting again tells of it."""
    try:
        table, spec = record["settings"]["table"], record["settings"]["settings"]["spec"]
        return [
            (str(table), str(row), str(column), str(metric))
            for block in spec["blocks"]
            for column in block["columns"]
            for row in block["rows"]
            for metric in spec["metrics"]
        ]
    except (KeyError, TypeError):
        return []


def in_words(feeds: tuple[str, ...], everything: tuple[str, ...]) -> str:
    """What is fed, shortly: cells of one row and column together."""
    if not feeds:
        return "no cell"
    if set(feeds) == set(everything) and len(feeds) > 1:
        return f"all {sum('/' in name for name in feeds)} cells and every figure"
    rows: dict[str, list[str]] = defaultdict(list)
    for name in feeds:
        place, _, metric = name.rpartition("/")
        rows[place or name] += [metric] if place else []
    shown = [f"{place} ({', '.join(metrics)})" if metrics else place for place, metrics in rows.items()]
    more = f", and {len(shown) - 8} more rows" if len(shown) > 8 else ""
    return ", ".join(shown[:8]) + more
