"""Which rows a study's figures show and which files they read, as paths under `results/NAME/`. Pure.

A figure reads files by `stage.flag`, as `media.statistics`; `scores` and `predictions` alone are those of its rows'
runs, by whichever stage tests them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product

from overheard.study.flow import RUN, STAGES
from overheard.study.layout import names
from overheard.study.study_file import FigureSpec, Study

Row = tuple[str, str]

TESTED = ("scores", "predictions")
"""What a figure reads of its rows' tests, whichever stage makes them."""


def rows_of(study: Study, figure: str) -> list[Row]:
    """The (method, modality) of the rows that a figure shows."""
    return study.figures[figure].runs(study.tables)


def figures_reading(study: Study, stage: str) -> list[str]:
    """The figures that read a file of a stage."""
    return [name for name, spec in study.figures.items() if any(word.startswith(f"{stage}.") for word in spec.reads)]


def flags_of(study: Study, figure: str, stages: Collection[str]) -> set[str]:
    """The flags under which a figure reads files of these stages."""
    words = [word.rpartition(".") for word in study.figures[figure].reads]
    return {flag for stage, _, flag in words if stage in stages}


def rows_reading(study: Study, stage: str) -> list[Row]:
    """The rows of those figures that have runs of their own, once each."""
    shown = [row for name in figures_reading(study, stage) for row in rows_of(study, name)]
    return list(dict.fromkeys(map(study.made, shown)))


def reads(
    study: Study,
    figure: str,
    seeds_of: Callable[[str, str], Sequence[int]],
    folds: Sequence[int],
) -> dict[str, list[str]]:
    """The files that a figure reads, by flag.

    Args:
        study: with the figure.
        figure: its name.
        seeds_of: the seeds that are made of a row; none of a row that is left out.
        folds: all that some run is of.
    """
    spec, rows = study.figures[figure], rows_of(study, figure)
    shown = [(row, (*study.made(row), seed)) for row in rows for seed in seeds_of(*study.made(row))]
    runs = [run for _, run in shown]
    found: dict[str, list[str]] = {}
    for word in spec.reads:
        stage, _, flag = word.rpartition(".")
        if not stage:
            tested = [(study.tested(row, flag), run) for row, run in shown]
            found[flag] = [pattern.format(**dict(zip(names(RUN), run, strict=True))) for pattern, run in tested]
        else:
            found[flag] = list(_paths(STAGES[stage].writes[flag], figure, spec, runs, folds))
    return found


def _paths(
    pattern: str, figure: str, spec: FigureSpec, runs: Sequence[tuple[str, str, int]], folds: Sequence[int]
) -> Iterator[str]:
    """Every file of a pattern that belongs to a figure."""
    own = names(pattern)
    of_runs = tuple(name for name in names(RUN) if name in own)
    each = dict.fromkeys(tuple(run[names(RUN).index(name)] for name in of_runs) for run in runs) if of_runs else [()]
    others: Mapping[str, Sequence[object]] = {"figure": [figure], "table": [spec.table], "fold": folds, "part": [""]}
    free = [name for name in own if name not in of_runs]
    for run, values in product(each, product(*(others[name] for name in free))):
        yield pattern.format(**dict(zip(of_runs, run, strict=True)), **dict(zip(free, values, strict=True)))
