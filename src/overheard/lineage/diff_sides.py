"""One side of a comparison: an experiment's cells, and the bytes of the predictions behind. Touches files: hashes."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import LineageError
from overheard.io import artifacts
from overheard.jobs import hashing, on_disk
from overheard.jobs.records import Record, entries, load_records, record_paths, recorded
from overheard.lineage.cell_comparison import Cell, Key, cell_of
from overheard.scores.cells import COLUMNS
from overheard.study.layout import run_of

CELLS = "tables/cells.csv"


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
        MediaError: the file of cells has no such columns.
    """
    place = folder / CELLS
    if not place.is_file():
        raise LineageError(f"{place}: no such file, so {label} has no cells to compare; `overheard run {folder.name}`")
    records = load_records(folder) if record_paths(folder) else {}
    lines = artifacts.read_table(place, [name for name in COLUMNS if name not in ("asked", "note")])
    digests = _digests(folder, records)
    predictions = {run: digest for path, digest in digests.items() if (run := run_of(path, "evaluate", "predictions"))}
    return Side(label, folder, dict(cell_of(line, predictions) for line in lines), records)


def _digests(folder: Path, records: Mapping[str, Record]) -> dict[str, str]:
    """The sha256 of cells and predictions, as they lie here, and of all that the records have and is not here."""
    written = {entry["path"]: entry for record in records.values() for entry in entries(record["writes"])}

    def digest(place: Path) -> str:
        entry = written.get(recorded(place, folder))
        if entry is None:
            return hashing.read(place).sha256
        on_disk.whole(entry, place)
        return str(entry["sha256"])

    places = [*sorted(folder.glob("evaluate/*/*/seed-*/predictions.npz")), folder / CELLS]
    with ThreadPoolExecutor(2) as pool:
        here = {recorded(place, folder): made for place, made in zip(places, pool.map(digest, places), strict=True)}
    return {path: str(entry["sha256"]) for path, entry in written.items()} | here
