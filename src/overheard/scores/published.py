"""The numbers a paper prints, matched to a table's cells by row, column and metric."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from overheard.errors import PairingError

COLUMNS = ("table", "row", "column", "metric", "mean", "std", "n", "source")


class Printed(NamedTuple):
    """A printed number in percent; `std` and `runs` are None where the paper (or its copy) gives none."""

    mean: float
    std: float | None
    runs: int | None
    inferred: bool


def printed_values(
    lines: Iterable[Mapping[str, str]], table: str, where: str = "published numbers"
) -> dict[tuple[str, str, str], Printed]:
    """The printed numbers of one table, by (row, column, metric).

    Args:
        lines: lines of a file of published numbers, as text, with `COLUMNS`.
        table: the table's name there, e.g. `Table 2`.
        where: the file, for messages.

    Raises:
        PairingError: a number stands there twice or is no number.
    """
    found: dict[tuple[str, str, str], Printed] = {}
    for line in lines:
        if line["table"] != table:
            continue
        cell = (line["row"], line["column"], line["metric"])
        if cell in found:
            raise PairingError(f"{where}: {table}, {', '.join(cell)} stands there twice; delete one of the lines")
        found[cell] = _printed(line, f"{where}: {table}, {', '.join(cell)}")
    return found


def _printed(line: Mapping[str, str], where: str) -> Printed:
    try:
        mean = float(line["mean"])
        std = float(line["std"]) if line["std"] else None
        runs = int(line["n"]) if line["n"] else None
    except ValueError as error:
        raise PairingError(f"{where}: {error}; expected numbers in mean, std and n (std and n may be empty)") from error
    return Printed(mean, std, runs, "INFERRED" in line["source"])
