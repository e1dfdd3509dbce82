"""Which jobs an experiment has: every record and every file of it, from its configuration alone. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from overheard.study import figure_files, job_settings
from overheard.study.experiments import Loaded
from overheard.study.flow import PARTS, STAGES
from overheard.study.layout import fold_of, names, record_path, written
from overheard.study.source import Twin


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
    unneeded = _unneeded(loaded)
    values, frozen = _values(loaded, absent), job_settings.frozen(loaded.experiment, loaded.study)
    for stage, its in STAGES.items():
        if stage in unneeded:
            continue
        own = names(its.record)
        for each in values[own]:
            if stage == "frozen" and each[0] not in frozen:
                continue
            if its.shown and not _is_shown(loaded, stage, each):
                continue
            if "method" in own and not its.shown and loaded.study.methods[each[0]].baseline != (stage == "baselines"):
                continue
            given = dict(zip(own, each, strict=True))
            lists = {"seed": seeds_made(loaded, each[0], each[1], absent)} if own == ("method", "modality") else {}
            writes = written(loaded.name, stage, given, lists, without(loaded, stage, given))
            found.append(Target(stage, given, record_path(loaded.name, stage, given), writes))
    return found


def _unneeded(loaded: Loaded) -> set[str]:
    return job_settings.unneeded(loaded.experiment, loaded.study) | (set() if loaded.claims else {"claims"})


def _values(loaded: Loaded, absent: Collection[str]) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    """What the jobs of a stage differ in, by the names in its record."""
    experiment, study = loaded.experiment, loaded.study
    collections = job_settings.parts(experiment, study)
    rows = rows_made(loaded, absent)
    return {
        (): [()],
        ("fold",): [(fold,) for fold in folds_made(loaded, absent)],
        ("collection",): [(collection,) for collection in collections],
        ("part",): [(PARTS[collection],) for collection in collections],
        ("part", "front_end"): [
            (PARTS[collection], front_end)
            for collection in collections
            for front_end in job_settings.front_ends(experiment, collection)
        ],
        ("encoder",): [(modality,) for modality in job_settings.pretrained(experiment, study)],
        ("method", "modality"): [*rows],
        ("method", "modality", "seed"): [(*row, seed) for row in rows for seed in seeds_made(loaded, *row, absent)],
        ("table",): [(table,) for table in study.tables],
        ("figure",): [(figure,) for figure in study.figures],
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


def folds_made(loaded: Loaded, absent: Collection[str] = ()) -> list[int]:
    """The folds that some run is of."""
    seeds = {seed for row in rows_made(loaded, absent) for seed in seeds_made(loaded, *row, absent)}
    return sorted({fold_of(seed, loaded.experiment.split.folds) for seed in seeds})


def rows_made(loaded: Loaded, absent: Collection[str] = ()) -> list[tuple[str, str]]:
    """The (method, modality) of every row that this experiment can make, of at least one seed."""
    left_out = job_settings.left_out(loaded.experiment, loaded.study)
    return [row for row in loaded.study.rows() if row not in left_out and seeds_made(loaded, *row, absent)]


def seeds_made(loaded: Loaded, method: str, modality: str, absent: Collection[str] = ()) -> list[int]:
    """The seeds of a row that are not known to be missing, nor those of the rows that it reads."""
    rows = [(method, modality), *loaded.study.read_by(method)]
    missing = {seed for seed in loaded.experiment.seeds for row in rows if f"{row[0]}/{row[1]}/seed-{seed}" in absent}
    return [seed for seed in loaded.experiment.seeds if seed not in missing]


def without(loaded: Loaded, stage: str, values: Mapping[str, object]) -> set[str]:
    """Flags of files that this job of a stage does not write."""
    if stage == "features":
        return job_settings.unstored(loaded.experiment, str(values["front_end"]))
    return set()


def is_drawn(loaded: Loaded) -> bool:
    """Whether the media are drawn here; else they are a user's own."""
    return isinstance(loaded.experiment.source, Twin)
