"""Which jobs an experiment has: every record and every file of it, from its configuration alone. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from overheard.study import figure_files
from overheard.study.flow import STAGES
from overheard.study.layout import fold_of, names, record_path, written
from overheard.study.loaded import Loaded, Row


class Target(NamedTuple):
    """One job of an experiment.

    Attributes:
        stage: its command.
        values: of the names that the stage's jobs differ in.
        record: the path of its record.
        writes: its files by flag.
    """

    stage: str
    values: Mapping[str, object]
    record: str
    writes: Mapping[str, Sequence[str]]


def targets(loaded: Loaded, absent: Collection[str] = ()) -> list[Target]:
    """All jobs of an experiment, in the order of the flow.

    Args:
        loaded: the experiment.
        absent: runs that are known to be missing, as method/modality/seed-k; rows are made of the others.
    """
    found = []
    unneeded, values = _unneeded(loaded), _values(loaded, absent)
    for stage, its in STAGES.items():
        if stage in unneeded:
            continue
        own, of_design = names(its.record), loaded.design.own_jobs(loaded, stage)
        for each in values[own] if of_design is None else of_design:
            if its.shown and not _is_shown(loaded, stage, each):
                continue
            if "method" in own and not its.shown and not loaded.study.methods[each[0]].is_of(stage):
                continue
            given = dict(zip(own, each, strict=True))
            lists = {"seed": seeds_made(loaded, each[0], each[1], absent)} if own == ("method", "modality") else {}
            writes = written(loaded.name, stage, given, lists, loaded.design.without(loaded, stage, given))
            found.append(Target(stage, given, record_path(loaded.name, stage, given), writes))
    return found


def _unneeded(loaded: Loaded) -> set[str]:
    return loaded.design.unneeded(loaded) | (set() if loaded.claims else {"claims"})


def _values(loaded: Loaded, absent: Collection[str]) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """What the jobs of a stage differ in, by the names in its record, where that is not the design's own."""
    rows = rows_made(loaded, absent)
    return {
        (): [()],
        ("fold",): [(fold,) for fold in folds_made(loaded, absent)],
        ("method", "modality"): [*rows],
        ("method", "modality", "seed"): [(*row, seed) for row in rows for seed in seeds_made(loaded, *row, absent)],
        ("table",): [(table,) for table in loaded.study.tables],
        ("counted",): [(counted,) for counted in loaded.study.counts],
        ("figure",): [(figure,) for figure in loaded.study.figures],
    }


def _is_shown(loaded: Loaded, stage: str, values: tuple[Any, ...]) -> bool:
    """Whether some figure reads this job of a stage that is there for figures alone."""
    own = names(STAGES[stage].record)
    if own == ("figure",):
        return values[0] in figure_files.figures_reading(loaded.study, stage)
    if own[:2] == ("method", "modality"):
        return values[:2] in figure_files.rows_reading(loaded.study, stage)
    return bool(figure_files.figures_reading(loaded.study, stage))


def figure_reads(loaded: Loaded, figure: str, absent: Collection[str] = ()) -> dict[str, list[str]]:
    """The files that a figure reads, by flag, as paths under `results/NAME/`; none of stages that have no job here."""
    made = set(rows_made(loaded, absent))

    def seeds_of(method: str, modality: str) -> list[int]:
        return seeds_made(loaded, method, modality, absent) if (method, modality) in made else []

    found = figure_files.reads(loaded.study, figure, seeds_of, folds_made(loaded, absent))
    idle = figure_files.flags_of(loaded.study, figure, _unneeded(loaded))
    return {flag: paths for flag, paths in found.items() if flag not in idle}


def folds_made(loaded: Loaded, absent: Collection[str] = (), rows: Sequence[Row] | None = None) -> list[int]:
    """The folds that some run is of; of these rows, or of all."""
    asked = None if rows is None else set(map(loaded.study.made, rows))
    made = [row for row in rows_made(loaded, absent) if asked is None or row in asked]
    seeds = {seed for row in made for seed in seeds_made(loaded, *row, absent)}
    return sorted({fold_of(seed, loaded.experiment.split.folds) for seed in seeds})


def rows_made(loaded: Loaded, absent: Collection[str] = ()) -> list[Row]:
    """The (method, modality) of every row that this experiment can make, of at least one seed."""
    left_out = loaded.design.left_out(loaded)
    return [row for row in loaded.study.rows() if row not in left_out and seeds_made(loaded, *row, absent)]


def seeds_made(loaded: Loaded, method: str, modality: str, absent: Collection[str] = ()) -> list[int]:
    """The seeds of a row that are not known to be missing, nor those of the rows that it reads."""
    rows = [(method, modality), *loaded.study.read_by(method)]
    missing = {seed for seed in loaded.experiment.seeds for row in rows if f"{row[0]}/{row[1]}/seed-{seed}" in absent}
    return [seed for seed in loaded.experiment.seeds if seed not in missing]
