"""One dict per table cell: a number, how many seeds it covers, and what may be compared with it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from overheard.errors import ConfigError, PairingError
from overheard.scores.origin import Origin
from overheard.scores.over_seeds import (
    Row,
    Run,
    Spread,
    by_row,
    mean_and_std,
    measurements,
    missing_runs,
    pooled,
    run_name,
)
from overheard.scores.published import Printed

COLUMNS = (
    "table",
    "row",
    "column",
    "metric",
    "n",
    "mean",
    "std",
    "pooled",
    "comparable",
    "source",
    "protocol",
    "runs",
    "published_mean",
    "published_std",
    "asked",
    "note",
)

Cell = dict[str, Any]

DECIMALS = 4
"""Of what stands in cells.csv and metrics.json."""


class Ask(NamedTuple):
    """What a table was asked to show: the experiment's own words beside the study's `spec`."""

    experiment: str
    source: Origin
    protocol: str
    seeds: Sequence[int]
    partial: bool
    left_out: Mapping[Row, str]
    diverged: Mapping[Row, Sequence[int]] = {}
    spread: str = "sample"  # word of over_seeds.DDOF
    repeats: str = "seeds"  # or next_epochs, where a run is tested in several
    # what differs between seeds, beside the fold; the first study's, whose older records do not say it
    varies: str = "scene head, order of clips, augmentation; for a random start the encoders too"


def by_row_key(said: Mapping[str, Any]) -> dict[Row, Any]:
    """What is said of some rows, by row, from `method|modality` keys."""
    found = {}
    for key, what in said.items():
        method, bar, modality = key.partition("|")
        if not bar:
            raise ConfigError(f"settings of a table: key {key!r}, expected method|modality")
        found[(method, modality)] = what
    return found


def table_rows(spec: Mapping[str, Any]) -> list[Row]:
    """(method, modality) of a table's lines: block by block, modality by modality, as the study lists them."""
    rows = [(row, column) for block in spec["blocks"] for column in block["columns"] for row in block["rows"]]
    repeated = sorted({"/".join(row) for row in rows if rows.count(row) > 1})
    if repeated:
        raise ConfigError(f"blocks: {', '.join(repeated)} stands twice in one table; name each row and column once")
    return rows


def runs_of_table(table: str, spec: Mapping[str, Any], runs: Sequence[Run], ask: Ask) -> dict[Row, dict[int, Run]]:
    """A table's runs by row and seed, checked for completeness.

    Raises:
        PairingError: runs are missing (unless `ask.partial`), repeated or foreign, or a row left out has runs.
    """
    found = by_row(runs, table_rows(spec), ask.seeds, table)
    contradicted = [run_name(*row, seed) for row in found if row in ask.left_out for seed in found[row]]
    if contradicted:
        raise PairingError(f"{table}: {', '.join(contradicted)} given, but the row is left out; drop one of the two")
    missing = missing_runs(found, ask.seeds, ask.left_out)
    if missing and not ask.partial:
        raise PairingError(
            f"{table}: missing runs ({len(missing)}): {', '.join(missing)}; "
            f"make them with `overheard run {ask.experiment}`, or show fewer seeds with --partial"
        )
    return found


def table_cells(
    table: str,
    spec: Mapping[str, Any],
    runs: Sequence[Run],
    ask: Ask,
    printed: Mapping[tuple[str, str, str], Printed],
) -> list[Cell]:
    """The cells of one table, in the study's order; means, stds and pooled scores in percent, rounded to 4 decimals.

    Args:
        table: the table's word, e.g. `table2`.
        spec: its entry of the study file (blocks, metrics).
        runs: the scores of its rows, in any order.
        ask: experiment, source, protocol, seeds.
        printed: the paper's numbers by (method, modality, metric); used where the source is comparable with them.
    """
    found = runs_of_table(table, spec, runs, ask)
    beside = {} if ask.source.not_comparable else printed
    return [
        _cell(table, row, metric, found[row], ask, beside.get((*row, metric)))
        for row in found
        for metric in spec["metrics"]
    ]


def _cell(table: str, row: Row, metric: str, runs: Mapping[int, Run], ask: Ask, printed: Printed | None) -> Cell:
    values = measurements(runs, metric)
    epochs = list(values) if any("epochs" in run for run in runs.values()) else []
    spread = mean_and_std(values, epochs or ask.seeds, partial=True, spread=ask.spread)
    return {
        "table": table,
        "row": row[0],
        "column": row[1],
        "metric": metric,
        "n": spread.n,
        "mean": _rounded(spread.mean),
        "std": _rounded(spread.std),
        "pooled": _rounded(None if epochs else pooled(runs.values(), metric)),
        "comparable": comparable(ask.source, spread.n, len(epochs or ask.seeds), printed),
        "source": ask.source.word,
        "protocol": ask.protocol,
        "runs": " ".join(run_name(*row, seed) for seed in runs),
        "published_mean": printed.mean if printed else None,
        "published_std": printed.std if printed else None,
        "asked": len(epochs or ask.seeds),
        "diverged": len(ask.diverged.get(row, ())),
        "note": _note(row, spread, ask, printed, epochs),
    }


def _rounded(value: float | None) -> float | None:
    """Rounded once, here, so that cells.csv, tables and metrics.json show one and the same number."""
    return None if value is None else round(value, DECIMALS)


def comparable(source: Origin, n: int, asked: int, printed: Printed | None) -> str:
    """Whether a cell may be compared with the paper's number: `yes`, or `no: ` and the reason."""
    if source.not_comparable:
        return f"no: {source.not_comparable}"
    if n < asked:
        return f"no: {n} of {asked} seeds"
    return "yes" if printed else "no: no printed number"


def _note(row: Row, spread: Spread, ask: Ask, printed: Printed | None, epochs: Sequence[int] = ()) -> str:
    """What a reader of this one cell must know; empty for a plain full cell."""
    notes = []
    if row in ask.left_out:
        notes.append(f"left out: {ask.left_out[row]}")
    elif spread.n < len(ask.seeds):
        notes.append(f"{spread.n} of {len(ask.seeds)} seeds")
    if row in ask.diverged:
        notes.append(f"seeds {', '.join(map(str, ask.diverged[row]))} diverged")
    if epochs:
        notes.append(f"epochs {min(epochs)} to {max(epochs)} of one run")
    elif spread.n == 1:
        notes.append("one seed: no std")
    if not ask.source.not_comparable:
        notes.extend(printed_notes(printed))
    return "; ".join(notes)


def printed_notes(printed: Printed | None) -> list[str]:
    """What is not plain about a printed number."""
    if printed is None:
        return ["no printed number"]
    notes = ["printed std not found"] if printed.std is None else []
    if printed.inferred:
        notes.append("printed value inferred")
    if printed.runs is None:
        notes.append("the paper names no number of runs")
    return notes
