"""`overheard audit`: does everything hold? Touches files: reads every byte of an experiment, believes no memory.

Files against records, records against each other, the store, and every number against the predictions. What a forger
could make consistent (a file, its record and all that follows) only running the job again finds: see `recomputing`.
"""

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from overheard.errors import ConfigError, LineageError, OverheardError
from overheard.lineage import audit_files, recomputing, recounting, store
from overheard.lineage.findings import Feeds, Finding, in_words
from overheard.lineage.graph import Record
from overheard.lineage.records import located

_CELLS = "tables/cells.record.json"


@dataclass(frozen=True)
class Audit:
    """What an audit came to.

    Attributes:
        folder: what was audited.
        findings: what does not hold, in the order of their paths; none, if all is well.
        everything: all cells and figures of the experiment.
        counts: how many records, files, bytes, cells were looked at.
        remarks: what the reader should know and is no fault.
        seconds: how long it took.
    """

    folder: Path
    findings: tuple[Finding, ...]
    everything: tuple[str, ...]
    counts: Mapping[str, int]
    remarks: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def audit(folder: Path, recompute: int = 0, seed: int | None = None, leaks: bool = True) -> Audit:
    """Audit an experiment.

    Args:
        folder: `results/NAME`, or `reference/NAME`, which holds less.
        recompute: how many jobs, drawn at random, to run again from scratch.
        seed: of that drawing; None draws one, which is told.
        leaks: make the leak report, too.

    Raises:
        ConfigError: there is no such folder.
        LineageError: there are no records in it.
    """
    started = time.monotonic()
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; `overheard run {folder.name}` makes it")
    records, damaged = audit_files.read_records(folder)
    if not records:
        raise LineageError(f"{folder}: no whole record in it; `overheard run {folder.name}` makes results and records")
    broken = [finding.path for finding in damaged if finding.kind == "record"]
    read = audit_files.read_all(folder, records, _kept(folder))
    findings = [*damaged, *read.findings, *audit_files.strangers(folder, records, broken)]
    feeds = Feeds(records)
    findings += _between(folder, feeds, broken)
    numbers, cells, remarks = _numbers(folder, records, read.faulty, bool(broken))
    findings += numbers
    if not _is_reference(folder):
        findings += _stored()
    if leaks:
        leaked, said = _leaks(folder, bool(findings))
        findings, remarks = findings + leaked, remarks + said
    if recompute:
        again, said = recomputing.recompute(folder, records, recompute, seed)
        findings, remarks = findings + again, remarks + said
    if read.absent:
        remarks.append(f"{read.absent} files are not kept here, as in every reference run")
    fed = [replace(one, feeds=_fed(one, feeds)) for one in findings]
    ordered = tuple(sorted(fed, key=lambda finding: (finding.path, finding.kind)))
    counts = {
        "records": len(records) + len(broken),
        "files": sum(content.files or 1 for content in read.contents.values()),
        "bytes": sum(content.bytes for content in read.contents.values()),
        "cells": cells,
    }
    return Audit(folder, ordered, feeds.all, counts, tuple(remarks), time.monotonic() - started)


def _is_reference(folder: Path) -> bool:
    return folder.parent.name == "reference"


def _kept(folder: Path) -> audit_files.Kept:
    if not _is_reference(folder):
        return lambda stage, flag: True
    from overheard.lineage.reference import is_kept

    return is_kept


def _fed(finding: Finding, feeds: Feeds) -> tuple[str, ...]:
    if finding.kind in ("record", "circumstance", "lineage", "forged", "cycle", "orphan"):
        job = finding.path.replace(audit_files.CIRCUMSTANCE, ".record.json")
        return feeds.of_job(job) if job.endswith(".record.json") else feeds.of_file(finding.path)
    if finding.kind in ("store", "unknown"):
        return ()
    return feeds.all if finding.kind == "leak" else feeds.of_file(finding.path.removesuffix(audit_files.LISTING))


def _between(folder: Path, feeds: Feeds, broken: Iterable[str]) -> list[Finding]:
    """Records against each other: every input is an output of another, no cycle, no orphan."""
    graph, name = feeds.graph, folder.name
    mend = f"`overheard run {name}` makes it again, once its record is deleted"
    found = []
    for job, path, reason in graph.misfits():
        if not any(reason.startswith(record) for record in broken):
            found.append(
                Finding("lineage", job, f"it read {path}, but {reason}", "every input is another's output", mend)
            )
    for path, jobs in graph.written_twice().items():
        found.append(Finding("lineage", jobs[0], f"{path} was written by {' and '.join(jobs)}", "one job a file", mend))
    for jobs in graph.cycles():
        found.append(Finding("cycle", jobs[0], f"rests on itself by way of {', '.join(jobs)}", "no cycle", mend))
    # without all tables, what a part of an experiment was made for cannot be told
    if not broken and f"results/{name}/{_CELLS}" in feeds.records:
        for job in graph.orphans():
            found.append(
                Finding("orphan", job, "nothing rests on it", "a way to a table or figure", "delete its files")
            )
    return found


def _numbers(
    folder: Path, records: Mapping[str, Record], faulty: set[str], broken: bool
) -> tuple[list[Finding], int, list[str]]:
    """Every number again; where files or records are at fault, what rests on them is not counted and no finding."""
    with tempfile.TemporaryDirectory(prefix="overheard-audit-") as place:
        counted = recounting.recount(folder, records, Path(place), faulty)
    mend = f"`overheard trace {folder.name} PATH` shows what it rests on; then delete it and its record and run again"
    findings = [
        Finding("number", path, was, f"{now}, from the predictions", mend) for path, was, now in counted.differences
    ]
    remarks = [f"{path} was not counted again: {reason}" for path, reason in counted.left]
    remarks += [
        f"{job}: its text was made by other code than this; its numbers were compared" for job in counted.other_code
    ]
    if not faulty and not broken:
        findings += [
            Finding("number", path, reason, "numbers that can be counted again", mend) for path, reason in counted.left
        ]
    return findings, counted.cells, remarks


def _stored() -> list[Finding]:
    place = store.folder()
    if place is None or not place.is_dir():
        return []
    expected = "what its name says; a store is a cache, deleting from it is safe"
    lines = (line.partition(": ") for line in store.check(place))
    return [
        Finding("store", path, said.rpartition("; ")[0], expected, said.rpartition("; ")[2]) for path, _, said in lines
    ]


def _leaks(folder: Path, damaged: bool) -> tuple[list[Finding], list[str]]:
    """The leak report, where its program is there; what is damaged may keep it from being made."""
    try:
        from overheard.lineage.leak_report import allowed_by_protocol, leak_report
    except ImportError:
        return [], []
    try:
        report = leak_report(folder, allowed_by_protocol(folder.name))
    except OverheardError as error:
        if damaged or _is_reference(folder):
            return [], [f"no leak report: {error}"]
        return [Finding("leak", folder.as_posix(), str(error), "a leak report", "mend what it names")], []
    if not report.has_forbidden:
        return [], ["leak report: no test location reaches training in a way the protocol forbids"]
    expected, mend = "no way the protocol forbids", f"`overheard leaks {folder.name}` shows every way; mend the split"
    return [Finding("leak", f"results/{folder.name}/media/splits.csv", report.as_markdown(), expected, mend)], []


def as_text(audited: Audit) -> str:
    """An audit for people: what does not hold, each with what it feeds and what to do; then what was looked at."""
    lines = []
    for finding in audited.findings:
        place = located(finding.path, audited.folder)
        lines.append(f"{place}: {finding.kind}: found {finding.found}; expected {finding.expected}")
        lines.append(f"    feeds {in_words(finding.feeds, audited.everything)}; {finding.mend}")
    lines += [f"note: {remark}" for remark in audited.remarks]
    counts = audited.counts
    looked = (
        f"{counts['records']} records, {counts['files']} files ({counts['bytes'] / 1e6:.0f} MB) read, "
        f"{counts['cells']} cells counted again from the predictions, in {audited.seconds:.1f} s"
    )
    found = len(audited.findings)
    verdict = (
        "everything holds"
        if audited.holds
        else f"{found} thing{'s' * (found != 1)} {'do' if found != 1 else 'does'} not hold"
    )
    return "\n".join([*lines, f"{audited.folder}: {verdict}; {looked}"])
