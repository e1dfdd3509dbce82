"""`overheard audit`: does everything hold? Touches files: reads every byte of an experiment, believes no memory.

Files against records, records against each other, the store, and every number against the predictions. What a forger
could make consistent (a file, its record and all that follows) only running the job again finds: see `recomputing`.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from overheard.errors import OverheardError
from overheard.jobs import records, store
from overheard.jobs.comparison import differences
from overheard.jobs.records import Record, located
from overheard.lineage import audit_files, recompute_jobs, recount
from overheard.lineage.findings import Feeds, Finding, Said, in_words
from overheard.lineage.graph import files
from overheard.scheduling import reruns
from overheard.scheduling.dry_run import Planned, dry_run
from overheard.study.experiments import load, read
from overheard.study.layout import record_of, record_path

_GIVEN = {("media", "folder"), ("pretrain", "given"), ("normaliser", "given"), ("features", "weights")}
_GIVEN |= {(stage, "published") for stage in ("tables", "claims")}
_GIVEN |= {(stage, "listing") for stage in ("split", "prior", "relevance")}
"""Stage and flag of a user's own data; `features` reads the folder that `media` made its manifest of."""
Question = Callable[[Path, Collection[str]], Iterable[Said]]
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
        recompute: how many jobs, drawn at random, to run again from scratch; seed: of that drawing, None draws one.
        leaks: make the leak report, too.
        also: more to ask of results, by what is then being done; each gets the folder and the faulty files.

    Raises:
        ConfigError: there is no such folder.
        LineageError: there are no records in it.
    """
    started = time.monotonic()
    records, damaged = audit_files.read_records(folder)
    broken = [finding.path for finding in damaged if finding.kind == "record"]
    feeds, read, counted = Feeds(records), audit_files.Read(folder), recount.Recount()
    said: list[Said] = list(damaged)
    asking = partial(_asking, folder, said)

    with asking("reading"):
        read = audit_files.read_all(folder, records)
        said += read.findings
    with asking("looking for other files"):
        said += audit_files.strangers(folder, records, broken)
    with asking("following the records"):
        said += _between(folder, feeds, broken)
    with asking("counting again"), TemporaryDirectory(prefix="overheard-audit-") as place:
        counted = recount.recount(folder, records, Path(place), read.faulty)
        said += _numbers(folder, counted, sound=not read.faulty and not broken)
    if folder.parent.name != "reference":
        with asking("comparing with the plan"):
            said += _otherwise(folder, records)
        with asking("reading the store"):
            said += _stored()
        for what, question in (also or {}).items():
            with asking(what):
                said += question(folder, read.faulty)
    with asking("the leak report"):
        said += _leaks(folder, records, read.faulty) if leaks else ()
    with asking("running again"):
        said += recompute_jobs.recompute(folder, records, recompute, seed) if recompute else ()
    if read.absent:
        said.append(f"{read.absent} files are not kept here, as in every reference run")
    counts = {
        "records": len(records) + len(broken),
        "files": sum(content.files or 1 for content in read.contents.values()),
        "bytes": sum(content.bytes for content in read.contents.values()),
        "cells": counted.cells,
    }
    remarks = tuple(one for one in said if isinstance(one, str))
    found = [replace(one, feeds=_fed(one, feeds)) for one in said if isinstance(one, Finding)]
    found.sort(key=lambda finding: (finding.path, finding.kind))
    return Audit(folder, tuple(found), feeds.all, counts, remarks, time.monotonic() - started)


@contextmanager
def _asking(folder: Path, said: list[Said], what: str) -> Iterator[None]:
    """Each question tells damage by itself; what it cannot even open is a finding here."""
    try:
        yield
    except (OverheardError, OSError) as error:
        fix = "put back or delete what the message names, then `overheard run`"
        said.append(Finding("unreadable", f"results/{folder.name}", f"{what}: {error}", "what can be audited", fix))


def _fed(finding: Finding, feeds: Feeds) -> tuple[str, ...]:
    if finding.path.endswith((records.SUFFIX, records.CIRCUMSTANCE)):
        return feeds.of_job(str(record_of(finding.path)))
    if finding.kind in ("store", "saved", "unknown"):
        return ()
    return feeds.all if finding.kind == "leak" else feeds.of_file(finding.path.removesuffix(records.LISTING))


def _otherwise(folder: Path, records: Mapping[str, Record]) -> Iterator[Said]:
    """Jobs that were made otherwise than planned, though nothing they are planned with changed since."""
    name = folder.name
    try:
        jobs = dry_run(reruns.snakemake_command(load(name), reruns.Wanted()))
    except OverheardError as error:
        yield f"not compared with the plan: {error}"
        return
    for job, what in reruns.deviations(records, jobs).items():
        expected, fix = f"what config/{name}.yaml and the code say", f"`overheard run {name}` makes it as planned"
        yield Finding("plan", job, f"made with other {what}", expected, fix)
    yield from _of_other_settings(name, records, jobs)
    if stale := sum(job.reason is not None for job in jobs):
        more = f"their results were not compared with the plan; `overheard status {name}`"
        yield f"{stale} jobs would run again, so {more}"


def _of_other_settings(name: str, records: Mapping[str, Record], jobs: Iterable[Planned]) -> Iterator[Finding]:
    """Settings of the configuration that results here were not made with, each with the first job that has another."""
    others: dict[tuple[str, str, str], list[str]] = {}
    for job in jobs:
        record = records.get(job.record)
        # of what a run would not make again it was compared already; a table of the runs there were says so itself
        if job.reason is None or record is None or record["settings"].get("settings", {}).get("partial"):
            continue
        for one in differences(record, {"settings": job.settings}):
            others.setdefault((one.name, str(one.found), str(one.expected)), []).append(job.record)
    for (key, found, expected), made in others.items():
        more = f" ({len(made)} jobs)" if len(made) > 1 else ""
        said = f"{expected}, as config/{name}.yaml and what it names say now"
        yield Finding("plan", made[0], f"made with {key} {found}{more}", said, f"`overheard run {name}` makes it so")


def _between(folder: Path, feeds: Feeds, broken: Iterable[str]) -> Iterator[Finding]:
    """Records against each other: every input is an output of another or was given, no cycle, no orphan."""
    graph, name = feeds.graph, folder.name
    fix = f"`overheard run {name}` makes it again, once its record is deleted"
    expected = "every input is another job's output, or given by the configuration"
    for job, path, reason in graph.misfits(_given(name, feeds.records)):
        if not any(reason.startswith(record) for record in broken):
            yield Finding("lineage", job, f"it read {path}, but {reason}", expected, fix)
    for path, jobs in graph.written_twice().items():
        yield Finding("lineage", jobs[0], f"{path} was written by {' and '.join(jobs)}", "one job a file", fix)
    for jobs in graph.cycles():
        yield Finding("cycle", jobs[0], f"rests on itself by way of {', '.join(jobs)}", "no cycle", fix)
    # without all tables, what a part of an experiment was made for cannot be told
    if not broken and record_path(name, "cells", {}) in feeds.records:
        for job in graph.orphans():
            yield Finding("orphan", job, "nothing rests on it", "a way to a table or figure", "delete its files")


def _given(name: str, records: Mapping[str, Record]) -> dict[str, str]:
    """The sha256, by recorded path, of what may be read without a job that made it.

    Where `config/NAME.yaml` is here, only what it names; else whatever the jobs read that take a user's own data.
    """
    found: dict[str, str] = {}
    for record in records.values():
        for flag, entry in files(record, "reads"):
            if (record["stage"], flag) in _GIVEN and entry.get("record") is None:
                found.setdefault(entry["path"], entry["sha256"])
    try:
        loaded = read(name)
        places = {loaded.study.published} | loaded.design.published(loaded) | loaded.design.outside(loaded)
    except (OverheardError, OSError):
        return found
    own = {Path(place).as_posix() for place in places}
    # an installed package's own files have a path of that machine
    shipped = tuple(f"/{place}" for place in own if place.startswith("config/published/"))
    return {path: digest for path, digest in found.items() if path in own or path.endswith(shipped)}


def _numbers(folder: Path, counted: recount.Recount, sound: bool) -> Iterator[Said]:
    """Every number again; where files or records are not sound, what rests on them is not counted and no finding."""
    fix = f"`overheard trace {folder.name} PATH` shows what it rests on; then delete it and its record and run again"
    for path, was, now in counted.differences:
        yield Finding("number", path, was, f"{now}, from the predictions", fix)
    for path, reason in counted.left:
        yield f"{path} was not computed again: {reason}"
        if sound:
            yield Finding("number", path, reason, "numbers that can be computed again", fix)
    for job in counted.other_code:
        yield f"{job}: its text was made by other code than this; its numbers were compared"


def _stored() -> Iterator[Finding]:
    place = store.folder()
    expected = "what its name says; a store is a cache, deleting from it is safe"
    for line in store.check(place) if place and place.is_dir() else ():
        path, _, said = line.partition(": ")
        yield Finding("store", path, said.rpartition("; ")[0], expected, said.rpartition("; ")[2])


def _leaks(folder: Path, records: Mapping[str, Record], faulty: Collection[str]) -> Iterator[Said]:
    """The leak report; none where a file it would open is not what it should be."""
    from overheard.lineage.leak_report import allowed_by_protocol, leak_report

    opened = tuple(f"results/{folder.name}/{part}/" for part in ("media", "features", "teacher"))
    if damaged := sorted(path for path in faulty if path.startswith(opened)):
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        yield f"no leak report: {damaged[0]}{more} is not what it should be"
        return
    where = f"results/{folder.name}/media"
    try:
        report = leak_report(folder, allowed_by_protocol(folder.name), records)
    except (OverheardError, OSError) as error:  # of content whose hash is right and that is nonsense
        yield Finding("leak", where, f"no leak report: {error}", "a leak report", "fix what it names")
        return
    if report.has_forbidden:
        expected, fix = "no way the protocol forbids", f"`overheard leaks {folder.name}` shows every way; fix it"
        yield Finding("leak", where, report.as_markdown(), expected, fix)
        return
    said = "leak report: no test location reaches training in a way the protocol forbids"
    if unknown := list(dict.fromkeys(line.way for line in report.not_examined)):
        ways = len({line.way for line in report.lines})
        said += f"; {len(unknown)} of {ways} ways not examined: {', '.join(unknown)}"
    yield said


def as_text(audited: Audit) -> str:
    """An audit for people: what does not hold, each with what it feeds and what to do; then what was looked at."""
    lines = []
    for finding in audited.findings:
        place = located(finding.path, audited.folder)
        lines.append(f"{place}: {finding.kind}: found {finding.found}; expected {finding.expected}")
        lines.append(f"    feeds {in_words(finding.feeds, audited.everything)}; {finding.fix}")
    lines += [f"note: {remark}" for remark in audited.remarks]
    counts, found = audited.counts, len(audited.findings)
    looked = (
        f"{counts['records']} records, {counts['files']} files ({counts['bytes'] / 1e6:.0f} MB) read, "
        f"{counts['cells']} cells computed again from the predictions, in {audited.seconds:.1f} s"
    )
    some = "1 thing does not hold" if found == 1 else f"{found} things do not hold"
    verdict = "everything holds" if audited.holds else some
    return "\n".join([*lines, f"{audited.folder}: {verdict}; {looked}"])
