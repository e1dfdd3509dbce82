"""What every job reads, and what it is given: of stages that all designs share here, of others by the design.

Pure: from a checked configuration to paths under `results/NAME/` and plain values. The rules of the workflow ask here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from overheard.study import captions, figure_files
from overheard.study.flow import STAGES
from overheard.study.layout import names, record_of, results
from overheard.study.loaded import Files, Loaded, Row, Values
from overheard.study.plan import figure_reads, folds_made, rows_made, seeds_made
from overheard.study.study_file import Study


def reads(loaded: Loaded, stage: str, values: Values, absent: Collection[str] = ()) -> Files:
    """The files that a job reads, by flag; the experiment's own below `results/NAME/`.

    Args:
        loaded: the experiment.
        stage: the job's.
        values: of the names in its record.
        absent: runs that are known to be missing, as method/modality/seed-k.
    """
    own = _READS.get(stage)
    return own(loaded, values, absent) if own else loaded.design.reads(loaded, stage, values, absent)


def settings(
    loaded: Loaded, stage: str, values: Values, absent: Sequence[str] = (), diverged: Collection[str] = ()
) -> dict[str, Any]:
    """Arguments of a job that decide and are no files.

    Args:
        loaded: the experiment.
        stage: the job's.
        values: of the names in its record.
        absent: runs that are known to be missing, as method/modality/seed-k.
        diverged: those of them whose training ended with numbers that are none.
    """
    match stage:
        case "statistics":
            return {"settings": captions.statistics_settings(loaded, values["table"])}
        case "tables":
            return dict(values) | {"settings": captions.table_settings(loaded, values["table"], list(absent), diverged)}
        case "cells":
            return {}
        case "claims":
            return {"settings": captions.claims_settings(loaded)}
        case "counts":
            return dict(values) | {"settings": captions.counts_settings(loaded, values["counted"])}
        case "reliability":
            return {"settings": loaded.study.figures[values["figure"]].settings}
        case "figures":
            return dict(values) | {
                "draws": loaded.study.figures[values["figure"]].draws,
                "settings": captions.figure_settings(loaded, values["figure"], list(absent), diverged),
            }
    return loaded.design.settings(loaded, stage, values)


def under_results(loaded: Loaded, files: Mapping[str, str | Sequence[str]]) -> Files:
    """Files by flag, with the experiment's folder before their paths."""
    root = results(loaded.name)
    return {
        flag: f"{root}/{paths}" if isinstance(paths, str) else [f"{root}/{path}" for path in paths]
        for flag, paths in files.items()
    }


def of_runs(loaded: Loaded, rows: Sequence[Row], flags: Sequence[str], absent: Collection[str]) -> Files:
    """Files of every run of these rows, of those that are made, by flag and in one order."""
    study, made = loaded.study, set(rows_made(loaded, absent))
    shown = [(row, study.made(row)) for row in rows if study.made(row) in made]
    found: Files = {}
    for flag in flags:
        patterns = [(run, _pattern(study, row, flag)) for row, run in shown]
        found[flag] = [
            pattern.format(method=run[0], modality=run[1], seed=seed)
            for run, pattern in patterns
            for seed in seeds_made(loaded, *run, absent)
        ]
    return under_results(loaded, found)


def _pattern(study: Study, row: Row, flag: str) -> str:
    """Of scores and predictions, those that the row's column shows."""
    if flag in figure_files.TESTED:
        return study.tested(row, flag)
    return STAGES[study.tested_by(row[0])].writes[flag]


def of_folds(loaded: Loaded, stage: str, folds: Sequence[int]) -> dict[str, list[str]]:
    """What a stage makes for some folds, by flag: paths under `results/NAME/`."""
    return {flag: [path.format(fold=fold) for fold in folds] for flag, path in STAGES[stage].writes.items()}


def _compared_in(table: str) -> str:
    return STAGES["statistics"].writes["comparisons"].format(table=table)


def _statistics(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    """The scores and predictions of a table's runs, the media's index and the splits of their folds."""
    rows = loaded.study.tables[values["table"]].runs()
    shared = {"index": "media/index.csv", **of_folds(loaded, "split", folds_made(loaded, absent, rows))}
    return under_results(loaded, shared) | of_runs(loaded, rows, ("scores", "predictions"), absent)


def _tables(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    """A table's scores, those of the dull baselines that its rows should beat, their differences, printed numbers."""
    rows, dull = loaded.study.tables[values["table"]].runs(), loaded.study.baselines()
    found = of_runs(loaded, rows, ["scores"], absent)
    if not set(rows) <= set(dull):
        found["baselines"] = of_runs(loaded, dull, ["scores"], absent)["scores"]
    found |= under_results(loaded, {"comparisons": _compared_in(values["table"])})
    return found | {"published": loaded.of_project(loaded.study.published)}


def _cells(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    pattern = STAGES["tables"].writes["cells"]
    return under_results(loaded, {"tables": [pattern.format(table=table) for table in loaded.study.tables]})


def _claims(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    """The comparisons of every table, and the printed numbers."""
    compared = under_results(loaded, {"comparisons": [_compared_in(table) for table in loaded.study.tables]})
    return compared | {"published": loaded.of_project(loaded.study.published)}


def _counts(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    """The index of the clips, and the printed numbers."""
    return under_results(loaded, {"index": "media/index.csv"}) | {
        "published": loaded.of_project(loaded.study.published)
    }


def _figures(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    return under_results(loaded, figure_reads(loaded, values["figure"], absent))


def _reliability(loaded: Loaded, values: Values, absent: Collection[str]) -> Files:
    """The scores and predictions of a figure's rows."""
    return of_runs(loaded, figure_files.rows_of(loaded.study, values["figure"]), ("scores", "predictions"), absent)


_READS: Mapping[str, Callable[[Loaded, Values, Collection[str]], Files]] = {
    "statistics": _statistics,
    "tables": _tables,
    "cells": _cells,
    "claims": _claims,
    "counts": _counts,
    "figures": _figures,
    "reliability": _reliability,
}


def waits(
    loaded: Loaded, stage: str, values: Values, files: Files, outside: Collection[str]
) -> tuple[Files, list[str]]:
    """Of what a job reads, the files whose records it waits for, and the files that it waits for themselves.

    These are scores, as of a row's record alone Snakemake would not see that a new seed is missing, and files of the
    project, which are small. Thousands of records more would take Snakemake its time, so of `implied` files none.
    """
    known = loaded.design.implied(loaded, stage, values)
    made: Files = {}
    themselves: list[str] = []
    for flag, paths in files.items():
        its = [paths] if isinstance(paths, str) else paths
        made[flag] = [path for path in its if path not in known]
        themselves += [path for path in its if flag in _SCORES or (record_of(path) is None and path not in outside)]
    return made, themselves


_SCORES = ("scores", "baselines")


def values_of(stage: str, words: Mapping[str, str]) -> dict[str, Any]:
    """The values of the names in a stage's record, of its wildcards: numbers for seed and fold."""
    return {name: int(words[name]) if name in ("seed", "fold") else words[name] for name in names(STAGES[stage].record)}
