"""A trace as a text tree for a terminal. Pure: from a `trace.Trace` to text.

The runs are branches; what they share is one trunk below them, from the number down to the source, each job once.
"""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from overheard.jobs.comparison import flat
from overheard.jobs.records import Entry, entries
from overheard.lineage.graph import files
from overheard.lineage.trace import Cost, Step, Trace, cost_of
from overheard.scores.metrics import METRICS
from overheard.study.layout import results

_SHORT = 12
_QUIET = {"method", "modality", "collection", "front_end", "table", "figure"}
"""Settings that a job's name says already."""
_ARCHIVE = ("archive", "archive_sha256", "archive_md5", "doi")
"""Settings by which an experiment on a published archive tells where it came from."""


def as_text(trace: Trace, width: int = 100) -> str:
    """The tree, `width` characters wide."""
    width = max(width, 60)
    parts = [part(trace, width) for part in (_head, _runs, _trunk, _sources, _where)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(trace: Trace, width: int) -> str:
    cell = trace.cell
    lines = [f"{trace.target}   ({trace.folder})"]
    if cell:
        std = f" ± {cell['std']}" if cell["std"] else ""
        over = "epochs of one run" if cell["note"].startswith("epochs ") else "seeds"
        sign = METRICS[cell["metric"]].sign
        lines.append(f"{cell['mean']}{std} {sign}   mean ± std over {cell['n']} of {cell['asked']} {over}")
        said = f"source: {cell['source']}; protocol {cell['protocol']}; comparable with the paper: {cell['comparable']}"
        lines += _wrapped("", said, width)
        if cell["note"]:
            lines += _wrapped("", f"note: {cell['note']}", width)
    return "\n".join(lines)


def _runs(trace: Trace, width: int) -> str:
    if not trace.runs:
        return ""
    settings = [_words(trace.jobs[run.train].record["settings"]) for run in trace.runs]
    shared = dict(set.intersection(*(set(each.items()) for each in settings)))
    rows, sign = [], METRICS[trace.cell["metric"]].sign if trace.cell else ""
    for run, each in zip(trace.runs, settings, strict=True):
        score = "score not kept here" if run.score is None else f"{run.score:.4f} {sign}"
        line = f"seed {each['seed']}   {score}   trained {_told(trace.jobs[run.train])}"
        below = [f"{word:<12} {_file(entry, '', trace, '  ')}" for word, entry in run.files.items()]
        own = [f"{key} {value}" for key, value in each.items() if key not in {*shared, *_QUIET, "seed"}]
        rows.append((line, [*below, " · ".join(own)]))
    lines = [_count(len(rows), "run"), *_tree(rows, width)]
    if shown := _in_words({key: value for key, value in settings[0].items() if key in shared}):
        lines += _wrapped("   ", f"settings of {'all' if len(rows) > 1 else 'it'}: {shown}", width)
    return "\n".join(lines)


def _trunk(trace: Trace, width: int) -> str:
    """The jobs from the number down to the source; the runs' trainings as one, where the first of them stands."""
    title = "all of it rests on" if trace.runs else "made by, and resting on"
    trained = {run.train for run in trace.runs}
    groups: dict[str, list[Step]] = {}
    for job in reversed(list(trace.jobs.values())):
        groups.setdefault("trained" if job.name in trained else job.name, []).append(job)
    read = {entry["path"] for job in trace.jobs.values() for entry in entries(job.record["reads"])}
    rows = [_row(group, trained, read, trace) for group in groups.values()]
    return "\n".join([f"{title} (each job once; ← what it read from)", *_tree(rows, width)])


def _row(group: Sequence[Step], trained: set[str], read: set[str], trace: Trace) -> tuple[str, list[str]]:
    """A group's line, and the lines under it: the files that others here read, settings, when it was put back."""
    parents = list(dict.fromkeys(parent for job in group for parent in job.parents if parent in trace.jobs))
    names = [parent for parent in parents if parent not in trained]
    if students := len(parents) - len(names):
        names.insert(0, f"the {_count(students, 'student')} above" if students > 1 else "the student above")
    job, cost = group[0], "cost not known" if any(job.said is None for job in group) else _in_seconds(cost_of(group))
    if job.name in trained:
        return f"train: {_count(len(group), 'student')} above   {cost}   ← {', '.join(names)}", []
    below = [" · ".join(_file(entry, job.name.rpartition("/")[0], trace) for entry in _used(job, read, trace))]
    # a table's settings are the study's whole description of it; a drawn collection's stand with its source
    if job.record["stage"] not in ("tables", "figures", "draw"):
        below.append(_in_words(_words(job.record["settings"])))
    if job.put_back:
        below.append(f"put back {_moment(job.put_back)}; computed {_told(job)}")
    arrow = f"   ← {', '.join(names)}" if names else ""
    return f"{job.name}   {cost}{arrow}", below


def _used(job: Step, read: set[str], trace: Trace) -> list[Entry]:
    """What a job wrote and a job of the trace read; all of it, where nobody did."""
    shown = {entry["path"] for run in trace.runs for entry in run.files.values()}
    written = list(entries(job.record["writes"]))
    used = [entry for entry in written if entry["path"] in read]
    return [entry for entry in (used or written) if entry["path"] not in shown]


def _sources(trace: Trace, width: int) -> str:
    """What the clips are, and what else no job made: given weights, printed numbers."""
    media = [job for job in trace.jobs.values() if job.record["stage"] == "media"]
    rows = [_source(job, trace) for job in media]
    seen = {job.record["reads"]["folder"][0]["path"] for job in media}
    for job in trace.jobs.values():
        for flag, entry in files(job.record, "reads"):
            if entry.get("record") is None and entry["path"] not in seen:
                seen.add(entry["path"])
                read = f"read by {job.name} as --{flag.replace('_', '-')}"
                rows.append((f"{entry['path']}   {entry['sha256'][:_SHORT]}   {read}", []))
    return "\n".join(["sources", *_tree(rows, width)]) if rows else ""


def _source(media: Step, trace: Trace) -> tuple[str, list[str]]:
    """A collection of clips, drawn here or a folder: its manifest, and the archive it came from where that is known."""
    entry, manifest = media.record["reads"]["folder"][0], media.record["writes"].get("manifest")
    drawn = next((trace.jobs[name] for name in media.parents if name in trace.jobs), None)
    settings = (drawn or media).record["settings"].get("settings") or {}
    how = "drawn here (twin), from these settings:" if drawn else "a folder;"
    count = f"{entry['files']:,} files, " if "files" in entry else ""
    below = [f"{count}sha256 of their list {entry['sha256'][:_SHORT]}"]
    if manifest:
        below[0] += f"; manifest {_file(manifest[0], '', trace)}"
    archive = [f"{key.replace('_', ' ')}: {settings[key]}" for key in _ARCHIVE if settings.get(key)]
    why = "it was drawn here" if drawn else "the experiment names none"
    below += archive or [f"archive checksum and DOI: none, {why}"]
    return f"{_within(entry['path'], trace)}   {how} {_in_words(_words(settings))}", below


def _where(trace: Trace, width: int) -> str:
    jobs = list(trace.jobs.values())
    told = [job.said for job in jobs if job.said]
    rows = []
    for word, values in (
        ("commit", [_commit(said["git"]) for said in told]),
        ("host", [f"{said['host']}, {said['cpu']}, {_count(said['cores'], 'core')}" for said in told]),
        ("device", [f"{said['device']}, {_count(said['threads'], 'thread')} a job" for said in told]),
    ):
        for value, number in Counter(values).items():
            rows.append((word, value + ("" if number == len(jobs) else f" ({number} of {len(jobs)} jobs)")))
    rows.append(("versions", _versions(jobs)))
    if told:
        first, last = min(said["started"] for said in told), max(said["ended"] for said in told)
        rows.append(("time", f"{_clock(first)} to {_clock(last)}"))
    if back := [job.name for job in jobs if job.put_back]:
        rows.append(("put back", f"{len(back)} of {len(jobs)} jobs: {', '.join(back)}"))
    if unknown := [job.name for job in jobs if job.said is None]:
        rows.append(("unknown", f"when and where: {', '.join(unknown)}"))
    cost = trace.cost
    energy = "not reported by this machine" if cost.energy_joules is None else f"{cost.energy_joules:,.0f} J"
    missing = f" ({cost.unknown} unknown)" if cost.unknown else ""
    over = f"over {_count(cost.jobs, 'distinct job')}{missing}; energy: {energy}"
    rows.append(("cost", f"{_in_seconds(cost, ' and ')} {over}"))
    lines = [line for word, text in rows for line in _wrapped(f"   {word:<9}", text, width)]
    return "\n".join(["when and where", *lines])


def _versions(jobs: Iterable[Step]) -> str:
    """Every package version of any job; several, where jobs differ."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for name, version in (item for job in jobs for item in job.record["environment"].items()):
        found[name][version] = None
    return ", ".join(f"{name} {' or '.join(versions)}" for name, versions in sorted(found.items()))


def _commit(git: Mapping[str, Any]) -> str:
    if git["commit"] is None:
        return f"none ({git['note']})"
    return f"{git['commit']} ({'changed since: ' + ', '.join(git['dirty']) if git['dirty'] else 'clean'})"


def _in_seconds(cost: Cost, between: str = ", ") -> str:
    return f"{cost.cpu_seconds:,.1f} CPU s" + (f"{between}{cost.gpu_seconds:,.1f} GPU s" if cost.gpu_seconds else "")


def _told(job: Step) -> str:
    """When and at what cost a job was computed."""
    return "at an unknown time" if job.said is None else f"{_moment(job.said)}, {_in_seconds(cost_of([job]))}"


def _moment(said: Mapping[str, Any]) -> str:
    return f"{_clock(said['started'])} on {said['host']}"


def _clock(moment: str) -> str:
    return moment[:19].replace("T", " ") + " UTC"


def _file(entry: Entry, folder: str, trace: Trace, between: str = " ") -> str:
    """A file's name, as seen from a folder of the experiment, and its digest."""
    count = f" ({entry['files']:,} files)" if "files" in entry else ""
    name = _within(entry["path"], trace).removeprefix(f"{folder}/")
    return f"{name}{between}{entry['sha256'][:_SHORT]}{count}"


def _within(path: str, trace: Trace) -> str:
    """A recorded path without the experiment's own folder."""
    return path.removeprefix(f"{results(Path(trace.folder).name)}/")


def _words(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as one level of words: the stage's own `settings` beside its plain arguments."""
    return {key.removeprefix("settings."): _word(value) for key, value in flat(settings).items()}


def _in_words(settings: Mapping[str, str]) -> str:
    """Flat settings in one line; what is not set, and what names say, is left out."""
    shown = {key: value for key, value in settings.items() if value != "none" and key not in _QUIET}
    return " · ".join(f"{key} {value}" for key, value in shown.items())


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_word(one) for one in value) + "]"
    return str(value)


def _tree(rows: Sequence[tuple[str, Sequence[str]]], width: int) -> list[str]:
    """Lines with their corners, each with lines under it; long ones are wrapped, empty ones left out."""
    lines = []
    for position, (line, below) in enumerate(rows, start=1):
        corner, bar = ("└─ ", "   ") if position == len(rows) else ("├─ ", "│  ")
        lines += _wrapped(corner, line, width, f"{bar}   ")
        lines += [part for text in below if text for part in _wrapped(f"{bar}   ", text, width, f"{bar}     ")]
    return lines


def _wrapped(first: str, text: str, width: int, rest: str | None = None) -> list[str]:
    rest = " " * len(first) if rest is None else rest
    whole: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, **whole) or [first.rstrip()]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
