"""One side of a comparison: an experiment's cells, and the bytes of the predictions behind. Touches files: hashes."""

import csv
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.jobs import hashing
from overheard.jobs.records import entries, load_records, located, record_paths
from overheard.lineage.comparison import Cell, Key, cell_of
from overheard.lineage.graph import Record
from overheard.scores.cells import COLUMNS

_CELLS = "tables/cells.csv"
_RUN = re.compile(r"results/[^/]+/evaluate/(.+)/predictions\.npz")


@dataclass(frozen=True)
class Side:
    """An experiment at one time or place.

    Attributes:
        label: what the user called it.
        folder: where its files are.
        cells: by table, row, column, metric.
        records: by recorded path; none where no records are kept.
    """

    label: str
    folder: Path
    cells: Mapping[Key, Cell]
    records: Mapping[str, Record]


def load_side(label: str, folder: Path) -> Side:
    """Read an experiment's cells; predictions that are there are hashed, of others the recorded hash counts.

    Raises:
        LineageError: there are no cells, or cells or predictions are not what their record says.
    """
    place = folder / _CELLS
    if not place.is_file():
        raise LineageError(f"{place}: no such file, so {label} has no cells to compare; `overheard run {folder.name}`")
    records = load_records(folder) if record_paths(folder) else {}
    with place.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    if not lines or not set(COLUMNS) - {"asked", "note"} <= lines[0].keys():
        raise LineageError(f"{place}: not a file of cells; expected the columns {', '.join(COLUMNS)}")
    predictions = _predictions(folder, records)
    _check(f"results/{folder.name}/{_CELLS}", folder, records)
    return Side(label, folder, dict(cell_of(line, predictions) for line in lines), records)


def _predictions(folder: Path, records: Mapping[str, Record]) -> dict[str, str]:
    recorded = {e["path"]: e["sha256"] for record in records.values() for e in entries(record["writes"])}
    there = {f"results/{folder.name}/{path.relative_to(folder).as_posix()}": path for path in _found(folder)}
    with ThreadPoolExecutor(2) as pool:
        digests = dict(zip(there, pool.map(lambda path: hashing.read(path).sha256, there.values()), strict=True))
    for path, digest in digests.items():
        if recorded.get(path, digest) != digest:
            raise _changed(located(path, folder), folder)
    known = {path: digest for path, digest in recorded.items() if path.startswith(f"results/{folder.name}/")} | digests
    return {run[1]: digest for path, digest in known.items() if (run := _RUN.fullmatch(path))}


def _found(folder: Path) -> list[Path]:
    return sorted(folder.glob("evaluate/*/*/seed-*/predictions.npz"))


def _check(path: str, folder: Path, records: Mapping[str, Record]) -> None:
    for entry in (e for record in records.values() for e in entries(record["writes"]) if e["path"] == path):
        if hashing.read(located(path, folder)).sha256 != entry["sha256"]:
            raise _changed(located(path, folder), folder)


def _changed(path: Path, folder: Path) -> OverheardError:
    return LineageError(f"{path}: not what its record says; `overheard audit {folder.name}` tells more")
