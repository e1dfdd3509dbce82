"""A trace as a text tree for a terminal. Pure: from a `trace.Trace` to text.

The runs are branches; what they share is one trunk below them, from the number down to the source, each job once.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overheard.jobs.comparison import flat
from overheard.lineage.trace import Cost, Entry, Job, Run, Source, Trace

_SHORT = 12
_QUIET = {"method", "modality", "collection", "front_end", "table", "figure"}
"""Settings that a job's name says already."""


def as_text(trace: Trace, width: int = 100) -> str:
    """The tree, `width` characters wide."""
    width = max(width, 60)
    parts = [_head(trace, width)]
    if trace.runs:
        parts.append(_runs(trace, width))
    parts += [_trunk(trace, width), _sources(trace, width), _where(trace, width)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(trace: Trace, width: int) -> str:
    cell = trace.cell
    if cell is None:
        return f"{trace.target}   ({trace.folder})"
    std = f" ± {cell['std']}" if cell["std"] else ""
    lines = [
        f"{trace.target}   ({trace.folder})",
        f"{cell['mean']}{std} %   mean ± sample std over {cell['n']} of {cell['asked']} seeds",
    ]
    source = "SIMULATED TWIN" if cell["source"] == "twin" else f"source: {cell['source']}"
    lines += _wrapped(
        "", f"{source}; protocol {cell['protocol']}; comparable with the paper: {cell['comparable']}", width
    )
    if cell["note"]:
        lines += _wrapped("", f"note: {cell['note']}", width)
    return "\n".join(lines)


def _runs(trace: Trace, width: int) -> str:
    shared = _shared([_flat(run.settings) for run in trace.runs])
    rows = [(_run_line(run, trace), _run_files(run, shared, trace)) for run in trace.runs]
    lines = [_count(len(trace.runs), "run"), *_tree(rows, width)]
    if shown := _in_words({key: value for key, value in shared.items() if key not in _QUIET}):
        lines += _wrapped("   ", f"settings of {'all' if len(trace.runs) > 1 else 'it'}: {shown}", width)
    return "\n".join(lines)


def _run_line(run: Run, trace: Trace) -> str:
    score = "score not kept here" if run.score is None else f"{run.score:.4f} %"
    return f"seed {run.seed}   {score}   trained {_told(trace.jobs[run.train])}"


def _run_files(run: Run, shared: Mapping[str, str], trace: Trace) -> list[str]:
    lines = [
        f"{word:<12} {_within(entry['path'], trace)}  {entry['sha256'][:_SHORT]}"
        for word, entry in (("scores", run.scores), ("predictions", run.predictions), ("student", run.student))
    ]
    own = [f"{key} {value}" for key, value in _flat(run.settings).items() if key not in {*shared, *_QUIET, "seed"}]
    return [*lines, *([" · ".join(own)] if own else [])]


def _trunk(trace: Trace, width: int) -> str:
    title = "all of it rests on" if trace.runs else "made by, and resting on"
    rows = [_row(group, trace) for group in _groups(trace)]
    return "\n".join([f"{title} (each job once; ← what it read from)", *_tree(rows, width)])


def _groups(trace: Trace) -> list[list[Job]]:
    """The jobs from the number down to the source; the runs' trainings as one group, where the first of them stands."""
    trained = {run.train for run in trace.runs}
    groups: dict[str, list[Job]] = {}
    for job in reversed(list(trace.jobs.values())):
        groups.setdefault("trained" if job.name in trained else job.name, []).append(job)
    return list(groups.values())


def _row(group: Sequence[Job], trace: Trace) -> tuple[str, list[str]]:
    """A group's line, and the lines under it: the files that others here read, settings, when it was put back."""
    parents = list(dict.fromkeys(parent for job in group for parent in job.parents if parent in trace.jobs))
    students = [parent for parent in parents if parent in {run.train for run in trace.runs}]
    names = [parent for parent in parents if parent not in students]
    if students:
        names.insert(0, f"the {_count(len(students), 'student')} above" if len(students) > 1 else "the student above")
    job = group[0]
    if len(group) > 1 or job.name in {run.train for run in trace.runs}:
        title = f"train: {_count(len(group), 'student')} above   {_cost_of(group)}"
        return f"{title}   ← {', '.join(names)}", []
    below = [" · ".join(_file(entry, job.name.rpartition("/")[0], trace) for entry in _used(job, trace))]
    if told := _settings(job):
        below.append(told)
    if job.put_back:
        below.append(f"put back {_moment(job.put_back)}; computed {_told(job)}")
    arrow = f"   ← {', '.join(names)}" if names else ""
    return f"{job.name}   {_cost_of(group)}{arrow}", [line for line in below if line]


def _used(job: Job, trace: Trace) -> list[Entry]:
    """What a job wrote and a job of the trace read; all of it, where nobody did."""
    read = {entry["path"] for other in trace.jobs.values() for entries in other.reads.values() for entry in entries}
    runs = {entry["path"] for run in trace.runs for entry in (run.scores, run.predictions, run.student)}
    written = [entry for entries in job.writes.values() for entry in entries]
    used = [entry for entry in written if entry["path"] in read]
    return [entry for entry in (used or written) if entry["path"] not in runs]


def _settings(job: Job) -> str:
    # a table's settings are the study's whole description of it; a drawn collection's stand with its source
    if job.stage in ("tables", "figures", "draw"):
        return ""
    return _in_words({key: value for key, value in _flat(job.settings).items() if key not in _QUIET})


def _sources(trace: Trace, width: int) -> str:
    rows = [_source(source, trace) for source in trace.sources]
    folders = {source.path for source in trace.sources}
    for given in trace.outside:
        if given.path not in folders:
            flag = given.flag.replace("_", "-")
            rows.append((f"{given.path}   {given.sha256[:_SHORT]}   read by {given.read_by} as --{flag}", []))
    return "\n".join(["sources", *_tree(rows, width)]) if rows else ""


def _source(source: Source, trace: Trace) -> tuple[str, list[str]]:
    how = "drawn here (twin), from these settings:" if source.kind == "twin" else "a folder;"
    told = _in_words(_flat(source.settings))
    count = f"{source.files:,} files, " if source.files is not None else ""
    below = [f"{count}sha256 of their list {source.sha256[:_SHORT]}"]
    if source.manifest:
        below[0] += f"; manifest {_file(source.manifest, '', trace)}"
    if source.archive:
        below += [f"{key.replace('_', ' ')}: {value}" for key, value in source.archive.items()]
    else:
        why = "it was drawn here" if source.kind == "twin" else "the experiment names none"
        below.append(f"archive checksum and DOI: none, {why}")
    return f"{_within(source.path, trace)}   {how} {told}", below


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
    rows.append(("versions", ", ".join(f"{name} {version}" for name, version in sorted(_versions(trace).items()))))
    if told:
        first, last = min(said["started"] for said in told), max(said["ended"] for said in told)
        rows.append(("time", f"{_clock(first)} to {_clock(last)}"))
    if back := [job.name for job in jobs if job.put_back]:
        rows.append(("put back", f"{len(back)} of {len(jobs)} jobs: {', '.join(back)}"))
    if untold := [job.name for job in jobs if job.said is None]:
        rows.append(("not told", f"when and where: {', '.join(untold)}"))
    rows.append(("cost", _cost_in_words(trace.cost)))
    lines = [line for word, text in rows for line in _wrapped(f"   {word:<9}", text, width)]
    return "\n".join(["when and where", *lines])


def _versions(trace: Trace) -> dict[str, str]:
    """Every package version of any job; several, where jobs differ."""
    found: dict[str, list[str]] = {}
    for job in trace.jobs.values():
        for name, version in job.environment.items():
            if version not in found.setdefault(name, []):
                found[name].append(version)
    return {name: " or ".join(versions) for name, versions in found.items()}


def _commit(git: Mapping[str, Any]) -> str:
    if git["commit"] is None:
        return f"none ({git['note']})"
    return f"{git['commit']} ({'changed since: ' + ', '.join(git['dirty']) if git['dirty'] else 'clean'})"


def _cost_in_words(cost: Cost) -> str:
    energy = "not told by this machine" if cost.energy_joules is None else f"{cost.energy_joules:,.0f} J"
    gpu = f" and {cost.gpu_seconds:,.1f} GPU s" if cost.gpu_seconds else ""
    untold = f" ({cost.untold} not told)" if cost.untold else ""
    return f"{cost.cpu_seconds:,.1f} CPU s{gpu} over {_count(cost.jobs, 'distinct job')}{untold}; energy: {energy}"


def _cost_of(jobs: Iterable[Job]) -> str:
    each = list(jobs)
    said = [job.said for job in each if job.said is not None]
    if len(said) < len(each):
        return "cost not told"
    gpu = sum(one["seconds"] for one in said if one["device"] != "cpu")
    return f"{sum(one['cpu_seconds'] for one in said):,.1f} CPU s" + (f", {gpu:,.1f} GPU s" if gpu else "")


def _told(job: Job) -> str:
    """When and at what cost a job was computed."""
    return "at a time not told" if job.said is None else f"{_moment(job.said)}, {_cost_of([job])}"


def _moment(said: Mapping[str, Any]) -> str:
    return f"{_clock(said['started'])} on {said['host']}"


def _clock(moment: str) -> str:
    return moment[:19].replace("T", " ") + " UTC"


def _file(entry: Entry, folder: str, trace: Trace) -> str:
    """A file's name, as seen from a folder of the experiment, and its digest."""
    count = f" ({entry['files']:,} files)" if "files" in entry else ""
    name = _within(entry["path"], trace).removeprefix(f"{folder}/")
    return f"{name} {entry['sha256'][:_SHORT]}{count}"


def _within(path: str, trace: Trace) -> str:
    """A recorded path without the experiment's own folder."""
    return path.removeprefix(f"results/{trace.experiment}/")


def _flat(settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as one level of words: the stage's own `settings` beside its plain arguments."""
    return {key.removeprefix("settings."): _word(value) for key, value in flat(settings).items()}


def _in_words(settings: Mapping[str, str]) -> str:
    """Flat settings in one line; what is not set is left out."""
    return " · ".join(f"{key} {value}" for key, value in settings.items() if value != "none")


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_word(one) for one in value) + "]"
    return str(value)


def _shared(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all have in common."""
    return {key: value for key, value in each[0].items() if all(other.get(key) == value for other in each)}


def _tree(rows: Sequence[tuple[str, Sequence[str]]], width: int) -> list[str]:
    """Lines with their corners, each with lines under it; long ones are wrapped."""
    lines = []
    for position, (line, below) in enumerate(rows, start=1):
        corner, bar = ("└─ ", "   ") if position == len(rows) else ("├─ ", "│  ")
        lines += _wrapped(corner, line, width, f"{bar}   ")
        lines += [part for text in below for part in _wrapped(f"{bar}   ", text, width, f"{bar}     ")]
    return lines


def _wrapped(first: str, text: str, width: int, rest: str | None = None) -> list[str]:
    rest = " " * len(first) if rest is None else rest
    whole: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, **whole) or [first.rstrip()]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
