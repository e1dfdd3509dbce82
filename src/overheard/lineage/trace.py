"""Where a number comes from: from a cell of a table to its runs and all they rest on. Touches files: reads records.

Only the records on the way are read, so that a study of ten thousand runs costs no more than one of a hundred.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError, LineageError
from overheard.jobs import on_disk, records
from overheard.jobs.records import Record
from overheard.lineage.circumstances import circumstance_of
from overheard.lineage.graph import Graph, files

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """One job: what it was, what it read and wrote, when and where it was computed.

    Attributes:
        name: its record's path within the experiment, without `.record.json`.
        record: the recorded path of its record.
        parents: names of the jobs it read from.
        how: `computed`, `put back` (from the store, for which `said` tells when it was once computed), or `not told`.
        said: the circumstance of the computation itself; None where none is there.
        put_back: the circumstance of putting back; None for a computed job.
    """

    name: str
    record: str
    stage: str
    settings: Mapping[str, Any]
    reads: Mapping[str, Sequence[Entry]]
    writes: Mapping[str, Sequence[Entry]]
    parents: Sequence[str]
    code: str
    environment: Mapping[str, str]
    how: str
    said: Mapping[str, Any] | None
    put_back: Mapping[str, Any] | None


@dataclass(frozen=True)
class Run:
    """One seed's part in a cell: score in percent (None where scores.json is not kept), and its own files."""

    name: str
    seed: int
    score: float | None
    settings: Mapping[str, Any]
    scores: Entry
    predictions: Entry
    student: Entry
    evaluate: str
    train: str


@dataclass(frozen=True)
class Outside:
    """What no job made: a user's folder, given weights, printed numbers."""

    path: str
    sha256: str
    bytes: int | None
    files: int | None
    read_by: str
    flag: str


@dataclass(frozen=True)
class Source:
    """What the clips are: drawn here, or a folder; its manifest, and the archive it came from where that is told."""

    kind: str
    path: str
    settings: Mapping[str, Any]
    sha256: str
    files: int | None
    manifest: Entry | None
    archive: Mapping[str, Any] | None


@dataclass(frozen=True)
class Cost:
    """Summed over the distinct jobs, each as it was once computed.

    Attributes:
        gpu_seconds: wall time of the jobs on a GPU.
        energy_joules: None unless every job's machine told it.
        untold: jobs without a circumstance, which the sums leave out.
    """

    jobs: int
    cpu_seconds: float
    gpu_seconds: float
    energy_joules: float | None
    untold: int


@dataclass(frozen=True)
class Trace:
    """A number, or a file, and all it rests on; `jobs` in order, each after what it read from."""

    experiment: str
    folder: str
    target: str
    cell: Mapping[str, str] | None
    runs: Sequence[Run]
    jobs: Mapping[str, Job]
    sources: Sequence[Source]
    outside: Sequence[Outside]
    cost: Cost


_ARCHIVE = ("archive", "archive_sha256", "archive_md5", "doi")
"""Settings by which an experiment on a published archive tells where it came from."""


def trace_cell(folder: Path, table: str, row: str, column: str, metric: str) -> Trace:
    """The tree behind one cell of a table.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        table: the table's word, e.g. `table2`.
        row: the method's word, e.g. `scene+event`.
        column: the modality.
        metric: precision, recall or f_score.

    Raises:
        ConfigError: there is no such cell; names what there is.
        LineageError: a record or a file on the way is missing or not what it should be.
    """
    reader = _Reader(folder)
    last = [reader.path(f"tables/{table}"), reader.path("tables/cells")]
    cells = reader.whole(reader.record(last[1])["writes"]["cells"][0], "tables/cells")
    cell = _chosen(cells, {"table": table, "row": row, "column": column, "metric": metric})
    if not (names := cell["runs"].split()):
        raise ConfigError(f"{table}, {row}, {column}: the cell rests on no run: {cell['note'] or 'no reason given'}")
    scores = {name: _scores_of(name, reader.record(last[0]), last[0]) for name in names}
    for entry in scores.values():
        reader.closure(entry["record"])
    reader.check()
    runs = [_run(reader, name, entry, metric) for name, entry in scores.items()]
    order = [*reader.graph.ancestors(dict.fromkeys(entry["record"] for entry in scores.values())), *last]
    return _trace(reader, f"{table} · {row} · {column} · {metric}", order, cell, runs)


def trace_file(folder: Path, path: Path) -> Trace:
    """The tree behind one file of an experiment, or of a file in a folder that one of its jobs wrote.

    Raises:
        ConfigError: no job of the experiment wrote it.
        LineageError: a record on the way is missing or not what it should be.
    """
    wanted = path.as_posix()
    if path.is_relative_to(folder):
        wanted = records.recorded(path, folder)
    reader = _Reader(folder)
    # a job's record lies beside what it wrote, or in a folder above it
    for place in records.located(wanted, folder).parents:
        if place.is_relative_to(folder):
            for beside in sorted(place.glob(f"[!.]*{records.SUFFIX}")):
                reader.record(records.recorded(beside, folder))
    written = Graph(reader.found).producer(wanted)
    if written is None:
        raise ConfigError(
            f"{path}: no job of {folder.name} wrote it; give a file under {folder}/, or a cell with --table"
        )
    reader.closure(written.job)
    reader.check()
    return _trace(reader, wanted, reader.graph.ancestors([written.job]))


class _Reader:
    """Reads the records of one experiment as they are asked for, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, Record] = {}
        self.graph = Graph(self.found)

    def path(self, name: str) -> str:
        return f"results/{self.folder.name}/{name}{records.SUFFIX}"

    def name(self, path: str) -> str:
        return path.removeprefix(f"results/{self.folder.name}/").removesuffix(records.SUFFIX)

    def record(self, path: str, asked_by: str | None = None) -> Record:
        if path not in self.found:
            place = records.located(path, self.folder)
            if not place.is_file():
                because = f", though {asked_by} read from it" if asked_by else ""
                raise LineageError(f"{place}: no such record{because}; `overheard run {self.folder.name}` makes it")
            self.found[path] = records.read_record(place)
        return self.found[path]

    def closure(self, path: str) -> None:
        """Read a record and all it rests on."""
        asked_by: dict[str, str | None] = {path: None}
        waiting = [path]
        for current in waiting:
            for _, entry in files(self.record(current, asked_by[current]), "reads"):
                if entry.get("record") and entry["record"] not in asked_by:
                    asked_by[entry["record"]] = current
                    waiting.append(entry["record"])

    def check(self) -> None:
        """Once all is read: refuse where a job read other bytes than the record of their producer has."""
        self.graph = Graph(self.found)
        for job, record in self.found.items():
            for _, entry in files(record, "reads"):
                # of a table's rows only those asked for were read
                if entry.get("record") in self.found and (reason := self.graph.misfit(entry)):
                    raise LineageError(
                        f"{entry['path']}: read by {job}, but {reason}; "
                        f"delete both records and `overheard run {self.folder.name}`"
                    )

    def whole(self, entry: Entry, made_by: str) -> bytes:
        """A file's content, which must be what its record says."""
        return on_disk.whole(entry, records.located(entry["path"], self.folder), f"{made_by}{records.SUFFIX}")


def _chosen(content: bytes, wanted: Mapping[str, str]) -> dict[str, str]:
    """The one line of cells.csv that was asked for; else what there is, at the first key that has no match."""
    lines = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    for key, value in wanted.items():
        there = list(dict.fromkeys(line[key] for line in lines))
        lines = [line for line in lines if line[key] == value]
        if not lines:
            before = list(wanted)[: list(wanted).index(key)]
            place = " ".join(f"--{word} {wanted[word]}" for word in before)
            raise ConfigError(f"--{key} {value}: {place + ' has' if place else 'there are'} {', '.join(there)}")
    return lines[0]


def _scores_of(run: str, table: Record, where: str) -> Entry:
    """The scores of a run that a table read."""
    scores: Sequence[Entry] = table["reads"].get("scores", ())
    for entry in scores:
        if entry["path"].endswith(f"/{run}/scores.json") and entry.get("record"):
            return entry
    raise LineageError(f"{where}: read no scores of {run}, which tables/cells.csv names; run that table again")


def _run(reader: _Reader, name: str, scores: Entry, metric: str) -> Run:
    evaluated = reader.found[scores["record"]]
    paths = [entry["path"] for entry in evaluated["writes"]["scores"]]
    if scores["path"] not in paths:
        raise LineageError(f"{scores['record']}: did not write {scores['path']}; run evaluate again")
    position = paths.index(scores["path"])
    student = evaluated["reads"]["students"][position]
    trained = reader.found[student["record"]]["settings"]
    if name != f"{trained['method']}/{trained['modality']}/seed-{trained['seed']}":
        raise LineageError(f"{student['record']}: is not of run {name}; run evaluate again")
    score = None
    if records.located(scores["path"], reader.folder).exists():
        score = 100 * json.loads(reader.whole(scores, reader.name(scores["record"])))[metric]
    predictions = evaluated["writes"]["predictions"][position]
    names = reader.name(scores["record"]), reader.name(student["record"])
    return Run(name, trained["seed"], score, trained, scores, predictions, student, *names)


def _trace(reader: _Reader, target: str, order: Sequence[str], cell: Any = None, runs: Sequence[Run] = ()) -> Trace:
    jobs = {reader.name(path): _job(reader, path) for path in order}
    sources = [found for job in jobs.values() if (found := _source(job, jobs))]
    name, folder = reader.folder.name, reader.folder.as_posix()
    return Trace(name, folder, target, cell, runs, jobs, sources, _outside(jobs), _cost(jobs))


def _job(reader: _Reader, path: str) -> Job:
    record, place = reader.found[path], records.located(path, reader.folder)
    said = circumstance_of(reader.folder, path, record) if records.circumstance_path(place).exists() else None
    how = said["how"] if said else "not told"
    return Job(
        name=reader.name(path),
        record=path,
        **{key: record[key] for key in ("stage", "settings", "reads", "writes", "environment")},
        parents=[reader.name(parent) for parent in reader.graph.parents[path]],
        code=record["code"]["digest"],
        how=how,
        said=said["computed"] if said and how == "put back" else said,
        put_back=said if how == "put back" else None,
    )


def _source(job: Job, jobs: Mapping[str, Job]) -> Source | None:
    """What a media job read: one source for each collection of clips."""
    if job.stage != "media":
        return None
    entry = job.reads["folder"][0]
    drawn = next((other for other in jobs.values() if other.record == entry.get("record")), None)
    given = (drawn or job).settings.get("settings") or {}
    archive = {key: given[key] for key in _ARCHIVE if given.get(key)}
    return Source(
        kind="twin" if drawn else "folder",
        path=entry["path"],
        settings=dict(given),
        sha256=entry["sha256"],
        files=entry.get("files"),
        manifest=next(iter(job.writes.get("manifest", ())), None),
        archive=archive or None,
    )


def _outside(jobs: Mapping[str, Job]) -> list[Outside]:
    found: dict[str, Outside] = {}
    for job in jobs.values():
        for flag, entry in ((flag, entry) for flag, side in job.reads.items() for entry in side):
            if entry.get("record") is None:
                sizes = entry.get("bytes"), entry.get("files")
                found.setdefault(entry["path"], Outside(entry["path"], entry["sha256"], *sizes, job.name, flag))
    return list(found.values())


def _cost(jobs: Mapping[str, Job]) -> Cost:
    said = [job.said for job in jobs.values() if job.said is not None]
    energies = [one["energy_joules"] for one in said if one.get("energy_joules") is not None]
    told = bool(jobs) and len(energies) == len(jobs)
    return Cost(
        jobs=len(jobs),
        cpu_seconds=round(sum(one["cpu_seconds"] for one in said), 3),
        gpu_seconds=round(sum(one["seconds"] for one in said if one["device"] != "cpu"), 3),
        energy_joules=round(sum(energies), 3) if told else None,
        untold=len(jobs) - len(said),
    )


def as_json(trace: Trace) -> str:
    """All of a trace, for programs."""
    return json.dumps(asdict(trace), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
