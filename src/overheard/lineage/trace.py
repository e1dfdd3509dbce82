"""Where a number comes from: from a cell of a table to its runs and all they rest on. Touches files: reads records.

Only the records on the way are read, so that a study of ten thousand runs costs no more than one of a hundred.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError, LineageError
from overheard.jobs import on_disk, records
from overheard.jobs.circumstance import circumstance_of, circumstance_path
from overheard.jobs.records import Entry, Record
from overheard.lineage.graph import Graph, files, name_of
from overheard.scores.over_seeds import shown
from overheard.study.flow import RUN, VIEWS
from overheard.study.layout import record_of, record_path, run_of


@dataclass(frozen=True)
class Step:
    """One job of a trace.

    Attributes:
        name: its record's path within the experiment, without `.record.json`.
        record: its record.
        parents: names of the jobs it read from.
        said: the circumstance of the computation itself; None where none is there.
        put_back: the circumstance of putting it back from the store; None for a computed job.
    """

    name: str
    record: Record
    parents: Sequence[str]
    said: Mapping[str, Any] | None
    put_back: Mapping[str, Any] | None


@dataclass(frozen=True)
class Seed:
    """One run's part in a cell.

    Attributes:
        name: the run.
        score: as it is shown; None where scores.json is not kept.
        train: the step that trained it, or the first of those that it joins; of a baseline, its own.
        files: its scores, predictions and students.
    """

    name: str
    score: float | None
    train: str
    files: Mapping[str, Entry]


@dataclass(frozen=True)
class Cost:
    """Summed over distinct jobs, each as it was once computed.

    Attributes:
        gpu_seconds: wall time of the jobs on a GPU.
        energy_joules: None unless every job's machine measured it.
        unknown: jobs without a circumstance, which the sums leave out.
    """

    jobs: int
    cpu_seconds: float
    gpu_seconds: float
    energy_joules: float | None
    unknown: int


@dataclass(frozen=True)
class Trace:
    """A number, or a file, and all it rests on.

    Attributes:
        folder: `results/NAME` or `reference/NAME`.
        target: what was asked for, in words.
        cell: its line of cells.csv; None for a file.
        runs: the runs of the cell.
        jobs: by name, each after what it read from.
        cost: of all jobs.
    """

    folder: str
    target: str
    cell: Mapping[str, str] | None
    runs: Sequence[Seed]
    jobs: Mapping[str, Step]
    cost: Cost


def trace_cell(folder: Path, table: str, row: str, column: str, metric: str | None = None) -> Trace:
    """The tree behind one cell of a table.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        table: the table's word, e.g. `table2`.
        row: the method's word, e.g. `scene+event`.
        column: the modality.
        metric: a word of scores/metrics.py; None: the weighted F where the table shows it, else the table's first.

    Raises:
        ConfigError: there is no such cell; names what there is.
        LineageError: a record or a file on the way is missing or not what it should be.
    """
    reader = _Reader(folder)
    last = [record_path(folder.name, "tables", {"table": table}), record_path(folder.name, "cells", {})]
    entry = reader.record(last[1])["writes"]["cells"][0]
    cells = on_disk.whole(entry, records.located(entry["path"], folder), last[1])
    wanted = {"table": table, "row": row, "column": column} | ({"metric": metric} if metric else {})
    found = _chosen(cells, wanted)
    cell = next((line for line in found if line["metric"] == "f_score"), found[0])
    metric = cell["metric"]
    if not (names := cell["runs"].split()):
        raise ConfigError(f"{table}, {row}, {column}: the cell rests on no run: {cell['note'] or 'no reason given'}")
    read = reader.record(last[0])["reads"].get("scores", ())
    scores = {run_of(entry["path"], "scores"): entry for entry in read if entry.get("record")}
    if lost := [name for name in names if name not in scores]:
        raise LineageError(f"{last[0]}: read no scores of {lost[0]}, which {last[1]} names; run that table again")
    evaluated = list(dict.fromkeys(scores[name]["record"] for name in names))
    graph = reader.graph(evaluated)
    runs = [_seed(reader, name, scores[name], metric) for name in names]
    target = f"{table} · {row} · {column} · {metric}"
    return _trace(reader, target, graph, [*graph.ancestors(evaluated), *last], cell, runs)


def trace_file(folder: Path, path: Path) -> Trace:
    """The tree behind one file of an experiment, or of a file in a folder that one of its jobs wrote.

    Raises:
        ConfigError: no job of the experiment wrote it.
        LineageError: a record on the way is missing or not what it should be.
    """
    wanted = records.recorded(path, folder) if path.is_relative_to(folder) else path.as_posix()
    reader, job = _Reader(folder), record_of(wanted) or ""
    place = records.located(job, folder)
    here = place.is_relative_to(folder) and place.is_file()
    if not here or Graph({job: reader.record(job)}).producer(wanted) is None:
        raise ConfigError(
            f"{path}: no job of {folder.name} wrote it; give a file under {folder}/, or a cell with --table"
        )
    graph = reader.graph([job])
    return _trace(reader, wanted, graph, graph.ancestors([job]))


class _Reader:
    """Reads the records of one experiment as they are asked for, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, Record] = {}

    def record(self, path: str, asked_by: str | None = None) -> Record:
        if path not in self.found:
            place = records.located(path, self.folder)
            if not place.is_file():
                because = f", though {asked_by} read from it" if asked_by else ""
                raise LineageError(f"{place}: no such record{because}; `overheard run {self.folder.name}` makes it")
            self.found[path] = records.read_record(place)
        return self.found[path]

    def graph(self, jobs: Iterable[str]) -> Graph:
        """Read some records and all they rest on; refuse where one read other bytes than their producer wrote."""
        asked_by: dict[str, str | None] = dict.fromkeys(jobs)
        waiting = list(asked_by)
        for job in waiting:
            for _, entry in files(self.record(job, asked_by[job]), "reads"):
                if entry.get("record") and entry["record"] not in asked_by:
                    asked_by[entry["record"]] = job
                    waiting.append(entry["record"])
        graph = Graph(self.found)
        for job, record in self.found.items():
            for _, entry in files(record, "reads"):
                # of a table's rows only those asked for were read
                if entry.get("record") in self.found and (reason := graph.misfit(entry)):
                    raise LineageError(
                        f"{entry['path']}: read by {job}, but {reason}; "
                        f"delete both records and `overheard run {self.folder.name}`"
                    )
        return graph


def _chosen(content: bytes, wanted: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines of cells.csv that were asked for; else what there is, at the first key that has no match."""
    lines = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    before: list[str] = []
    for key, value in wanted.items():
        there = dict.fromkeys(line[key] for line in lines)
        if value not in there:
            place = f"{' '.join(before)} has" if before else "there are"
            raise ConfigError(f"--{key} {value}: {place} {', '.join(there)}")
        lines = [line for line in lines if line[key] == value]
        before.append(f"--{key} {value}")
    return lines


def _seed(reader: _Reader, name: str, scores: Entry, metric: str) -> Seed:
    evaluated = reader.found[scores["record"]]
    # of a view its own two files
    told, flags = next(each for each in _tested(evaluated) if scores["path"] in each[0])
    position = told.index(scores["path"])
    students = {flag[:-1]: its[position] for flag, its in records.students_of(evaluated).items()}
    own = students.get("student")
    method, column, seed = name.split("/")
    made = name if column not in VIEWS else "/".join((method, str(evaluated["settings"]["modality"]), seed))
    if own and made != RUN.format_map(reader.found[own["record"]]["settings"]):
        raise LineageError(f"{own['record']}: is not of run {name}; run evaluate again")
    score = None
    if (place := records.located(scores["path"], reader.folder)).exists():
        score = shown(json.loads(on_disk.whole(scores, place, scores["record"])), metric)
    predictions = evaluated["writes"][flags["predictions"]][position]
    files = {"scores": scores, "predictions": predictions, **students}
    return Seed(name, score, name_of(next((its["record"] for its in students.values()), scores["record"])), files)


def _tested(evaluated: Record) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    """The paths of scores that a test wrote, of its own column and of views, and the flags of the two files."""
    for flags in ({flag: flag for flag in ("scores", "predictions")}, *VIEWS.values()):
        yield [entry["path"] for entry in evaluated["writes"].get(flags["scores"], ())], flags


def _trace(
    reader: _Reader, target: str, graph: Graph, order: Sequence[str], cell: Any = None, runs: Sequence[Seed] = ()
) -> Trace:
    jobs = {}
    for path in order:
        record, place = reader.found[path], records.located(path, reader.folder)
        said = circumstance_of(reader.folder, path, record) if circumstance_path(place).exists() else None
        back = said if said and said["how"] == "put back" else None
        parents = [name_of(parent) for parent in graph.parents[path]]
        jobs[name_of(path)] = Step(name_of(path), record, parents, back["computed"] if back else said, back)
    return Trace(reader.folder.as_posix(), target, cell, runs, jobs, cost_of(jobs.values()))


def cost_of(jobs: Iterable[Step]) -> Cost:
    """What jobs cost together."""
    said = [job.said for job in jobs]
    told = [one for one in said if one is not None]
    energies = [one["energy_joules"] for one in told if one.get("energy_joules") is not None]
    return Cost(
        jobs=len(said),
        cpu_seconds=round(sum(one["cpu_seconds"] for one in told), 3),
        gpu_seconds=round(sum(one["seconds"] for one in told if one["device"] != "cpu"), 3),
        energy_joules=round(sum(energies), 3) if len(energies) == len(said) else None,
        unknown=len(said) - len(told),
    )


def as_json(trace: Trace) -> str:
    """All of a trace, for programs."""
    return json.dumps(asdict(trace), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
