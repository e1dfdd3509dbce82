"""`overheard audit`: does everything hold? Touches files: reads every byte of an experiment, believes no memory.

Files against records, records against each other, the store, and every number against the predictions. What a forger
could make consistent (a file, its record and all that follows) only running the job again finds: see `recomputing`.
"""

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from overheard.errors import ConfigError, LineageError, OverheardError
from overheard.jobs import store
from overheard.jobs.records import LISTING, Record, located
from overheard.lineage import audit_files, recount, rerun
from overheard.lineage.findings import Feeds, Finding, in_words
from overheard.lineage.outside_inputs import given
from overheard.scheduling import asking
from overheard.scheduling.deviations import deviations
from overheard.scheduling.dry_run import DryRun
from overheard.study.experiments import load
from overheard.study.layout import is_kept

_CELLS = "tables/cells.record.json"
_Answer = TypeVar("_Answer")
_Said = tuple[list[Finding], list[str]]
"""Findings, and remarks on what is no fault."""
Question = Callable[[Path, Collection[str]], _Said]
"""What to ask of a folder, given the recorded paths of files that are known to be damaged."""


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


@dataclass
class _Asked:
    """What was found so far. Each question tells damage by itself; what it cannot even open is a finding here."""

    folder: Path
    findings: list[Finding]
    remarks: list[str] = field(default_factory=list)

    def ask(self, what: str, question: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        try:
            return question()
        except (OverheardError, OSError) as error:
            mend = "put back or delete what the message names, then `overheard run`"
            path = f"results/{self.folder.name}"
            self.findings.append(Finding("unreadable", path, f"{what}: {error}", "what can be audited", mend))
            return otherwise

    def take(self, what: str, question: Callable[[], _Said]) -> None:
        nothing: _Said = ([], [])
        found, said = self.ask(what, question, nothing)
        self.findings += found
        self.remarks += said


def audit(
    folder: Path,
    recompute: int = 0,
    seed: int | None = None,
    leaks: bool = True,
    also: Mapping[str, Question] | None = None,
) -> Audit:
    """Audit an experiment.

    Args:
        folder: `results/NAME`, or `reference/NAME`, which holds less.
        recompute: how many jobs, drawn at random, to run again from scratch.
        seed: of that drawing; None draws one, which is told.
        leaks: make the leak report, too.
        also: more to ask of results, by what is then being done; each gets the folder and the faulty files.

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
    asked, feeds = _Asked(folder, list(damaged)), Feeds(records)
    read = asked.ask("reading", lambda: audit_files.read_all(folder, records, _kept(folder)), audit_files.Read(folder))
    faulty = read.faulty
    asked.findings += read.findings
    asked.take("looking for other files", lambda: (audit_files.strangers(folder, records, broken), []))
    asked.take("following the records", lambda: (_between(folder, feeds, broken), []))
    counted = asked.ask("counting again", lambda: _counted(folder, records, faulty), recount.Recount())
    asked.take("counting again", lambda: _numbers(folder, counted, sound=not faulty and not broken))
    if not _is_reference(folder):
        asked.take("comparing with the plan", lambda: _otherwise(folder, records))
        asked.take("reading the store", lambda: (_stored(), []))
        for what, question in (also or {}).items():
            asked.take(what, partial(question, folder, faulty))
    if leaks:
        asked.take("the leak report", lambda: _leaks(folder, records, faulty))
    if recompute:
        asked.take("running again", lambda: rerun.recompute(folder, records, recompute, seed))
    if read.absent:
        asked.remarks.append(f"{read.absent} files are not kept here, as in every reference run")
    fed = [replace(one, feeds=_fed(one, feeds)) for one in asked.findings]
    ordered = tuple(sorted(fed, key=lambda finding: (finding.path, finding.kind)))
    counts = {
        "records": len(records) + len(broken),
        "files": sum(content.files or 1 for content in read.contents.values()),
        "bytes": sum(content.bytes for content in read.contents.values()),
        "cells": counted.cells,
    }
    return Audit(folder, ordered, feeds.all, counts, tuple(asked.remarks), time.monotonic() - started)


def _is_reference(folder: Path) -> bool:
    return folder.parent.name == "reference"


def _kept(folder: Path) -> audit_files.Kept:
    if not _is_reference(folder):
        return lambda stage, flag: True
    return is_kept


def _fed(finding: Finding, feeds: Feeds) -> tuple[str, ...]:
    if finding.path.endswith(".record.json") or finding.kind in ("circumstance", "forged"):
        job = finding.path.replace(audit_files.CIRCUMSTANCE, ".record.json")
        return feeds.of_job(job) if job.endswith(".record.json") else feeds.of_file(finding.path)
    if finding.kind in ("store", "saved", "unknown"):
        return ()
    return feeds.all if finding.kind == "leak" else feeds.of_file(finding.path.removesuffix(LISTING))


def _otherwise(folder: Path, records: Mapping[str, Record]) -> _Said:
    """Jobs that were made otherwise than planned, though nothing they are planned with changed since."""
    name = folder.name
    try:
        jobs = DryRun(asking.snakemake_command(load(name), asking.Wanted())).jobs()
    except OverheardError as error:
        return [], [f"not compared with the plan: {error}"]
    mend = f"`overheard run {name}` makes it as planned"
    findings = [
        Finding("plan", job, f"made with other {what}", f"what config/{name}.yaml and the code say", mend)
        for job, what in deviations(records, jobs).items()
    ]
    stale = sum(job.reason is not None for job in jobs)
    more = f"{stale} jobs would run again, so their results were not compared with the plan; `overheard status {name}`"
    return findings, [more] if stale else []


def _between(folder: Path, feeds: Feeds, broken: Iterable[str]) -> list[Finding]:
    """Records against each other: every input is an output of another or was given, no cycle, no orphan."""
    graph, name = feeds.graph, folder.name
    mend = f"`overheard run {name}` makes it again, once its record is deleted"
    found = []
    expected = "every input is another job's output, or given by the configuration"
    for job, path, reason in graph.misfits(given(name, feeds.records)):
        if not any(reason.startswith(record) for record in broken):
            found.append(Finding("lineage", job, f"it read {path}, but {reason}", expected, mend))
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


def _counted(folder: Path, records: Mapping[str, Record], faulty: Collection[str]) -> recount.Recount:
    with tempfile.TemporaryDirectory(prefix="overheard-audit-") as place:
        return recount.recount(folder, records, Path(place), faulty)


def _numbers(folder: Path, counted: recount.Recount, sound: bool) -> _Said:
    """Every number again; where files or records are not sound, what rests on them is not counted and no finding."""
    mend = f"`overheard trace {folder.name} PATH` shows what it rests on; then delete it and its record and run again"
    findings = [
        Finding("number", path, was, f"{now}, from the predictions", mend) for path, was, now in counted.differences
    ]
    remarks = [f"{path} was not counted again: {reason}" for path, reason in counted.left]
    remarks += [
        f"{job}: its text was made by other code than this; its numbers were compared" for job in counted.other_code
    ]
    if sound:
        findings += [
            Finding("number", path, reason, "numbers that can be counted again", mend) for path, reason in counted.left
        ]
    return findings, remarks


def _stored() -> list[Finding]:
    place = store.folder()
    if place is None or not place.is_dir():
        return []
    expected = "what its name says; a store is a cache, deleting from it is safe"
    lines = (line.partition(": ") for line in store.check(place))
    return [
        Finding("store", path, said.rpartition("; ")[0], expected, said.rpartition("; ")[2]) for path, _, said in lines
    ]


def _leaks(folder: Path, records: Mapping[str, Record], faulty: Collection[str]) -> _Said:
    """The leak report; none where a file it would open is not what it should be."""
    from overheard.lineage.leak_report import allowed_by_protocol, leak_report

    opened = tuple(f"results/{folder.name}/{part}/" for part in ("media", "features", "teacher"))
    if damaged := sorted(path for path in faulty if path.startswith(opened)):
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        return [], [f"no leak report: {damaged[0]}{more} is not what it should be"]
    where = f"results/{folder.name}/media/splits.csv"
    try:
        report = leak_report(folder, allowed_by_protocol(folder.name), records=records)
    except (OverheardError, OSError) as error:  # of content whose hash is right and that is nonsense
        return [Finding("leak", where, f"no leak report: {error}", "a leak report", "fix what it names")], []
    if report.has_forbidden:
        expected, mend = "no way the protocol forbids", f"`overheard leaks {folder.name}` shows every way; mend it"
        return [Finding("leak", where, report.as_markdown(), expected, mend)], []
    said = "leak report: no test location reaches training in a way the protocol forbids"
    if unknown := list(dict.fromkeys(line.way for line in report.not_examined)):
        ways = len({line.way for line in report.lines})
        said += f"; {len(unknown)} of {ways} ways not examined: {', '.join(unknown)}"
    return [], [said]


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
