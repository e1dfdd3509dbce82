"""What an audit found, and the cells it feeds. Pure: from records to plain data."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from overheard.jobs.records import SUFFIX, Record
from overheard.lineage.graph import Graph
from overheard.study.flow import FINAL_STAGES
from overheard.study.layout import record_of, run_of, stage_of
from overheard.study.study_file import TableSpec


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold.

    Attributes:
        kind: changed, missing, unknown, unreadable, record, circumstance, lineage, cycle, orphan, store, saved, number,
            leak, forged, other code, other machine, or not recomputed.
        path: the file, as records have it.
        found: what is there.
        expected: what should be.
        fix: what to do, with the next command.
        feeds: cells (`table2/scene/image/f_score`) and figures that rest on it.
    """

    kind: str
    path: str
    found: str
    expected: str
    fix: str
    feeds: tuple[str, ...] = ()


Said = Finding | str
"""What does not hold, or a remark on what is no fault."""


class Feeds:
    """Which cells and figures rest on a file or a job; `records` are those that are whole, by recorded path.

    Attributes:
        tables: (table, row, column, metric) of every cell, by the record of its table.
        figures: records of the figures.
        all: every cell and figure of the experiment.
    """

    def __init__(self, records: Mapping[str, Record]) -> None:
        self.records, self.graph = records, Graph(records)
        self.tables = {job: _cells(record) for job, record in records.items() if record["stage"] == "tables"}
        self.figures = {job for job, record in records.items() if record["stage"] == "figures"}
        shown = sorted(map(_word, self.figures))
        self.all = (*("/".join(cell) for cells in self.tables.values() for cell in cells), *shown)

    def of_file(self, path: str) -> tuple[str, ...]:
        """What rests on a file, or on a folder that jobs read."""
        # nobody reads predictions, yet all numbers of their row are counted from them
        if run_of(path, "predictions", "scores"):
            return self.of_job(str(record_of(path)))
        written = self.graph.producer(path)
        own = {written.job} if written and self.records[written.job]["stage"] in FINAL_STAGES else set()
        for place, links in self.graph.readers.items():
            # a folder it lies in, or something in it
            if place == path or path.startswith(f"{place}/") or place.startswith(f"{path}/"):
                own |= {link.job for link in links}
        return self._named(own)

    def of_job(self, job: str) -> tuple[str, ...]:
        """What rests on a job, which may have a damaged record; of a table or figure that very one."""
        alone = (_word(job),) if job not in self.records and stage_of(job) in FINAL_STAGES else ()
        return self._named({job}) or alone

    def _named(self, jobs: set[str]) -> tuple[str, ...]:
        """Cells and figures that these jobs, and those after them, make."""
        if any(self.records[job]["stage"] == "cells" for job in jobs if job in self.records):
            return tuple(name for name in self.all if "/" in name)
        tainted = set(self.graph.descendants(jobs))
        names = []
        for job, cells in self.tables.items():
            read = self.records[job]["reads"].get("scores", ())
            runs = {run_of(entry["path"], "scores") for entry in read if entry.get("record") in tainted}
            rows = {tuple(run.split("/")[:2]) for run in runs if run}
            # a table has other rows besides
            names += ["/".join(cell) for cell in cells if job in jobs or cell[1:3] in rows]
        return (*names, *sorted(_word(job) for job in self.figures & tainted))


def _word(job: str) -> str:
    return job.rpartition("/")[2].removesuffix(SUFFIX)


def _cells(record: Record) -> list[tuple[str, str, str, str]]:
    """None of a record that does not say them; counting again shows it."""
    try:
        table, spec = record["settings"]["table"], TableSpec.model_validate(record["settings"]["settings"]["spec"])
    except (KeyError, TypeError, ValidationError):
        return []
    return [(str(table), row, column, metric) for row, column in spec.runs() for metric in spec.metrics]


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
