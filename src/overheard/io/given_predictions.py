"""Predictions of a method trained anywhere else, as a user writes them: a line a clip, checked against the splits."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from overheard.errors import MediaError, PairingError
from overheard.io.scored import run_scores
from overheard.io.user_tables import read_user_table
from overheard.scores.arranged import Fold, Said, Split
from overheard.scores.metrics import lost
from overheard.scores.over_seeds import Row

PREDICTED = "predicted"
_BESIDE = ("id", "seed", "fold")
_Cells = Mapping[str, str]


def read_predictions(path: Path, row: Row, classes: Sequence[str], splits: Mapping[Fold, Split]) -> list[Said]:
    """What each run said of the test clips of its fold, in the order of the seeds.

    Columns are `id`; `seed` or `fold`, where there are several runs; and either `predicted`, the name of a class, or
    one column a class with its score, of which the highest counts. Without a seed, a run's fold stands for it.

    Args:
        path: a CSV.
        row: what the runs are called.
        classes: of the study.
        splits: the test clips of each fold.

    Raises:
        MediaError: no such table; a seed or fold that is no number, a class that is none, a score that is no number.
        PairingError: other classes; clips missing, given twice, or not tested in the run's fold.
    """
    lines = read_user_table(path)
    columns = list(next(iter(lines.values())))
    if "id" not in columns:
        raise MediaError(f"{path}: no column id; found {', '.join(columns)}")
    given = [name for name in columns if name not in _BESIDE]
    if given != [PREDICTED] and set(given) != set(classes):
        raise PairingError(
            f"{path}: columns {', '.join(given) or 'none'} beside id, seed and fold; expected {PREDICTED}, or a score "
            f"for each class: {', '.join(classes)}"
        )
    runs: dict[tuple[int, ...], dict[int, _Cells]] = {}
    for line, cells in lines.items():
        told = [_number(path, line, cells, name) for name in ("seed", "fold") if name in columns]
        runs.setdefault(tuple(told[:1]), {})[line] = cells
    return [_run(path, row, list(seed), runs[seed], classes, splits) for seed in sorted(runs)]


def _run(
    path: Path,
    row: Row,
    seed: Sequence[int],
    lines: Mapping[int, _Cells],
    classes: Sequence[str],
    splits: Mapping[Fold, Split],
) -> Said:
    """One run's lines, checked and in the order of its fold; `seed` is empty where the file has none."""
    where = ", seed ".join([str(path), *map(str, seed)])
    line_of: dict[str, int] = {}
    for line, cells in lines.items():
        if cells["id"] in line_of:
            raise PairingError(f"{where}: {cells['id']} stands on lines {line_of[cells['id']]} and {line}; keep one")
        line_of[cells["id"]] = line
    fold = _fold(where, {cells["fold"] for cells in lines.values() if "fold" in cells}, line_of, splits)
    test = [clip.name for clip in splits[fold].test]
    elsewhere = {clip.name for split in splits.values() for clip in split.test} - set(test)
    problems = {
        "missing": [name for name in test if name not in line_of],
        "tested in other folds": [name for name in line_of if name in elsewhere],
        "no test clips at all": [name for name in line_of if name not in elsewhere and name not in test],
    }
    if told := "; ".join(f"{len(its)} {what}: {', '.join(its[:5])}" for what, its in problems.items() if its):
        own = "your own split" if fold is None else f"fold {fold}"
        raise PairingError(
            f"{where}: not the {len(test)} test clips of {own}: {told}; predict just these, with a column seed (or "
            "fold) where there are several runs"
        )
    scores = np.array([_scores(path, line_of[name], lines[line_of[name]], classes) for name in test])
    label = np.array([classes.index(clip.scene) for clip in splits[fold].test], dtype=np.int64)
    said = {"method": row[0], "modality": row[1], "seed": [*seed, fold or 0][0], "fold": fold}
    run = run_scores(said | {"best_epoch": None, "events": None}, classes, label, scores)
    return Said(run, test, label, scores.argmax(axis=1), lost(scores, label))


def _fold(where: str, stated: set[str], clips: Mapping[str, int], splits: Mapping[Fold, Split]) -> Fold:
    """The fold of a run: as its column says, else the one that tests most of its clips."""
    if len(stated) > 1:
        raise PairingError(f"{where}: folds {', '.join(sorted(stated))}; a run is of one fold")
    for word in stated:
        if int(word) not in splits:
            raise PairingError(f"{where}: fold {word}; there are {', '.join(map(str, splits))}")
        return int(word)
    return max(splits, key=lambda fold: sum(clip.name in clips for clip in splits[fold].test))


def _number(path: Path, line: int, cells: _Cells, column: str) -> int:
    """A whole number of a column."""
    if not (cells[column].isascii() and cells[column].isdigit()):
        raise MediaError(f"{path}, line {line}: {column} {cells[column]!r}; expected a whole number from 0")
    return int(cells[column])


def _scores(path: Path, line: int, cells: _Cells, classes: Sequence[str]) -> list[float]:
    """A score for each class; of a line that names a class, 1 for that."""
    if PREDICTED in cells:
        if cells[PREDICTED] not in classes:
            known = ", ".join(classes)
            raise MediaError(f"{path}, line {line}: {cells[PREDICTED]!r} is no class; expected one of {known}")
        return [float(cells[PREDICTED] == name) for name in classes]
    found = []
    for name in classes:
        try:
            found.append(float(cells[name]))
        except ValueError:
            found.append(math.nan)
        if not math.isfinite(found[-1]):
            raise MediaError(f"{path}, line {line}: score of {name} is {cells[name]!r}; expected a finite number")
    return found
