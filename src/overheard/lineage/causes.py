"""Why a job is scheduled: what differs between its record and its plan. Touches files: logs, a user's media."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from overheard.errors import OverheardError
from overheard.io import artifacts
from overheard.jobs import hashing, records, store
from overheard.jobs.code import closure
from overheard.jobs.comparison import differences
from overheard.jobs.on_disk import Found
from overheard.jobs.records import Record
from overheard.lineage.differences import in_words
from overheard.lineage.forecast import Foreseen
from overheard.lineage.graph import enclosing
from overheard.lineage.status import View, log_end
from overheard.scheduling.dry_run import Planned

_SHOWN = 5


@dataclass(frozen=True)
class Cause:
    """A reason that lies in a job itself and not in a job before it.

    Attributes:
        kind: setting, source, input, inputs, package, lost, edited, record, never made, interrupted, failed, snakemake.
        what: key, function, file or package.
        old: the value in the record, None if there was none.
        new: the value now, None if there is none.
        note: more, for people.
    """

    kind: str
    what: str
    old: str | None = None
    new: str | None = None
    note: str = ""

    def text(self) -> str:
        """One line; more where there is a note."""
        return "\n".join([in_words(self.kind, self.what, self.old, self.new, "removed"), *self.note.splitlines()])


def causes(view: View, record: str) -> list[Cause]:
    """The reasons for a scheduled job that lie in itself; none where all it has is a job before it."""
    job, found = view.jobs[record], view.found.get(record)
    if found is None or view.states[record] == "interrupted":
        return [_unfinished(job, view.states[record] == "interrupted")]
    if found.record is None:
        return [Cause("record", record, note=found.damage or "")]
    listed = [*(Cause("lost", path) for path in found.lost), *_edited(found)]
    listed += _differing(found.record, view.foreseen[record], view)
    known = {entry["path"] for entry in records.entries(found.record["writes"])}
    new = [path for paths in job.writes.values() for path in paths if path not in known]
    listed = listed or [Cause("never made", path) for path in new]
    if not listed and not above(view, record):
        # its record knows of no change: Snakemake's own notes, the workflow's text or a time stamp
        return [Cause("snakemake", "says", note=(job.reason or "")[:1000])]
    return listed


def above(view: View, record: str) -> list[str]:
    """The scheduled jobs that a job reads from."""
    return [source for source in view.jobs[record].sources if source in view.jobs]


def unscheduled_causes(found: Found) -> list[Cause]:
    """What is the matter with a job that no run would touch."""
    return [*_edited(found), *([Cause("record", "changed by hand", note=found.damage)] if found.damage else [])]


def _unfinished(job: Planned, interrupted: bool) -> Cause:
    """Why a job has no record, or files that are not whole, as far as its log tells."""
    (state, last), name = log_end(job.log), job.record.removesuffix(records.SUFFIX)
    note = f"last line of {job.log}: {last}"
    if interrupted:
        return Cause("interrupted", name, note=note if state == "open" else "")
    if state == "failed":
        return Cause("failed", name, note=note)
    if state == "none":
        return Cause("never made", name)
    made = datetime.fromtimestamp(Path(job.log).stat().st_mtime, UTC)
    note = f"with it all that was known of the job, which ended {made:%Y-%m-%d %H:%M} UTC"
    return Cause("lost", job.record, note=note)


def _edited(found: Found) -> Iterator[Cause]:
    for change in found.changed:
        new = change.new[:12] if re.fullmatch("[0-9a-f]{64}", change.new) else change.new
        yield Cause("edited", change.path, change.old[:12], new, "by hand, or by another program, after it was made")


def _differing(record: Record, foreseen: Foreseen, view: View) -> Iterator[Cause]:
    """Settings, code, packages, which files are read, and other bytes in a file that no scheduled job makes."""
    job, broken = foreseen.job, ""
    plan = {"settings": job.settings, "code": job.planned["code"], "environment": job.planned["environment"]}
    plan |= {"reads": job.reads, "outside": _contents(foreseen, view)}
    if record["code"]["digest"] != plan["code"]:
        try:
            plan["definitions"] = closure.stage_code(job.stage, closure.entries(job.settings)).definitions
        except OverheardError as error:
            broken = str(error)
    for kind, name, old, new in differences(record, plan):
        if kind == "reads":
            before, now = old or [], new or []
            yield Cause("inputs", f"--{name}", f"{len(before)} files", f"{len(now)} files", _set_change(before, now))
        elif kind == "input":
            yield Cause("input", name, old[:12], new[:12], _which_files(name, job, view))
        elif kind == "code":
            yield Cause("source", name, note=broken)
        else:
            yield Cause("source" if kind == "definition" else kind, name, old, new)


def _contents(foreseen: Foreseen, view: View) -> dict[str, str | None]:
    """The sha256 of what a job will read; of what a scheduled job makes, where the cause lies, nothing is said."""
    makers = [view.jobs[source] for source in foreseen.job.sources if source in view.jobs]
    written = {path for maker in makers for side in maker.writes.values() for path in side}
    return {
        path: digest
        for flag, paths in foreseen.job.reads.items()
        for path, digest in zip(paths, foreseen.reads[flag], strict=True)
        if written.isdisjoint(enclosing(path))
    }


def _set_change(before: Sequence[str], now: Sequence[str]) -> str:
    old, there = set(before), set(now)
    gone, new = [path for path in before if path not in there], [path for path in now if path not in old]
    if not gone and not new:
        return "in another order"
    lines = [f"no longer: {path}" for path in gone[:_SHOWN]] + [f"new: {path}" for path in new[:_SHOWN]]
    left_out = max(0, len(gone) - _SHOWN) + max(0, len(new) - _SHOWN)
    return "\n".join([*lines, *([f"… and {left_out} more"] if left_out else [])])


def _which_files(path: str, job: Planned, view: View) -> str:
    """Of a user's folder the files that changed, as far as its manifest shows; else who made the file again."""
    if path not in job.planned["outside"]:
        makers = (link.job for link in view.graph.writers.get(path, ()) if link.job in job.sources)
        return next((f"made again by {maker}, after this job read it" for maker in makers), "")
    readers = [view.graph.records[link.job] for link in view.graph.readers.get(path, ())]
    manifest = next((Path(entry["path"]) for record in readers for entry in record["writes"].get("manifest", ())), None)
    if not Path(path).is_dir() or manifest is None or not manifest.is_file():
        return ""
    if not (changed := _changed_files(Path(path), manifest)):
        return f"no file of {manifest} changed: a file was added that the media's index does not name yet"
    more = [f"… and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
    return "\n".join([*changed[:_SHOWN], *more])


def _changed_files(folder: Path, manifest: Path) -> list[str]:
    """A line for each file of the manifest that is not there or not as it was."""
    memory = store.memory()
    lines = []
    for row in artifacts.read_table(manifest, ["path", "sha256"]):
        path = folder / row["path"]
        if now := hashing.difference(path, row["sha256"], memory):
            lines.append(f"{path}: {row['sha256'][:12]} → {now[:12] if path.exists() else 'gone'}")
    return lines
