"""`overheard compare`: two rows of an experiment on one screen. Touches files: reads scores and predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import ConfigError, PairingError
from overheard.io.tested import read_tested
from overheard.jobs import records
from overheard.scores import comparison_text, power
from overheard.scores.arranged import Arranged
from overheard.scores.comparisons import Asked, compared, paired_seeds
from overheard.scores.metrics import METRICS
from overheard.scores.origin import Origin
from overheard.scores.over_seeds import Row, run_name
from overheard.study.experiments import load
from overheard.study.flow import STAGES, VIEWS

BY = ("class", "seed", "location")


def compare(
    folder: Path,
    words: tuple[str, str],
    modality: str | None = None,
    by: str | None = None,
    metric: str = "f_score",
    seed: int | None = None,
) -> str:
    """Both numbers, their difference, its intervals and tests, and what would decide.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        words: two rows, as `scene@image`, or as `scene` where that is one row alone.
        modality: column of rows without one.
        by: one of `BY`: where the difference lies.
        metric: a word of scores.metrics.METRICS.
        seed: McNemar's test of this seed, too.

    Raises:
        ConfigError: no such row, an ambiguous one, twice the same one; no such metric or way to list.
        PairingError: the two rows are not paired, or clips of one location forbid McNemar's test.
    """
    check_asked(metric, by)
    found = rows_in(folder)
    first, second = (row_of(word, modality, found, folder.name) for word in words)
    if first == second:
        raise ConfigError(f"{'@'.join(first)}: twice the same row; there are {_listed(found)}")
    study = _read(folder, [*found[first], *found[second]], metric)
    instead = f" (there is no results/{folder.name})" if folder.parent.name == "reference" else ""
    title, *screen = screen_of(study, (first, second), metric, by)
    lines = [f"{folder}/{instead}: {title}", source_of(folder), "", *screen]
    if seed is not None:
        lines += ["", _mcnemar(study, (first, second), seed)]
    return "\n".join(lines)


def check_asked(metric: str, by: str | None) -> None:
    """Refuse what cannot be asked for.

    Raises:
        ConfigError: no such metric or way to list.
    """
    if metric not in METRICS or by not in (None, *BY):
        raise ConfigError(f"--metric {metric}, --by {by}: expected one of {', '.join(METRICS)}; of {', '.join(BY)}")


def screen_of(study: Arranged, rows: tuple[Row, Row], metric: str, by: str | None) -> list[str]:
    """What is compared, and the screen; with `by` where the difference lies.

    Raises:
        PairingError: the two rows are not paired.
    """
    paired_seeds(study.runs[rows[0]], study.runs[rows[1]], rows)
    (line,) = compared(study, [Asked(*rows, [metric])])
    lines = [comparison_text.title(line), *comparison_text.screen(study, line)]
    if by:
        listing = {"class": comparison_text.by_class, "seed": comparison_text.by_seed}
        lines += ["", listing.get(by, comparison_text.by_location)(study, line)]
    return lines


def rows_in(folder: Path) -> dict[Row, list[Path]]:
    """The rows that were tested, with the scores of their runs, in the order of their names.

    Raises:
        ConfigError: none.
    """
    found: dict[Row, list[Path]] = {}
    own = [(stage, "scores", "") for stage in ("evaluate", "baselines")]
    for stage, flag, view in [*own, *(("evaluate", its["scores"], column) for column, its in VIEWS.items())]:
        pattern = STAGES[stage].writes[flag].format(method="*", modality="*", seed="*")
        for path in sorted(folder.glob(pattern)):
            found.setdefault((path.parts[-4], view or path.parts[-3]), []).append(path)
    if not found:
        raise ConfigError(f"{folder}: no row was tested here; `overheard run {folder.name}` makes them")
    return found


def row_of(word: str, modality: str | None, rows: Mapping[Row, Any], name: str) -> Row:
    """The row that a word means.

    Raises:
        ConfigError: none, or several.
    """
    method, _, column = word.partition("@")
    wanted = column or modality
    meant = [row for row in rows if row[0] == method and (wanted == row[1] if wanted else row[1] not in VIEWS)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ConfigError(f"{word} stands in several columns: {_listed(meant)}; name one of these, or give --modality")
    what = f"{method}@{wanted}" if wanted else method
    raise ConfigError(f"{name} has no row {what}; there are {_listed(rows)}")


def _listed(rows: Mapping[Row, Any] | Sequence[Row]) -> str:
    return ", ".join("@".join(row) for row in rows)


def _read(folder: Path, scores: Sequence[Path], metric: str) -> Arranged:
    predictions = [predictions_beside(path) for path in scores]
    return read_tested(folder / "media" / "index.csv", splits_in(folder), scores, predictions, [metric])


def predictions_beside(scores: Path) -> Path:
    """The predictions that scores were counted from."""
    writes = STAGES["evaluate"].writes
    views = {Path(writes[its["scores"]]).name: Path(writes[its["predictions"]]).name for its in VIEWS.values()}
    return scores.with_name(views.get(scores.name, Path(writes["predictions"]).name))


def splits_in(folder: Path) -> list[Path]:
    """The split of each fold that is there."""
    return sorted(folder.glob(STAGES["split"].writes["splits"].format(fold="*")))


def source_of(folder: Path) -> str:
    """Whose numbers these are, as what was compared says it; before that, as the experiment says it."""
    for path in sorted(folder.glob(f"statistics/*{records.SUFFIX}")):
        return Origin(**records.read_record(path)["settings"]["settings"]["source"]).sentence
    return load(folder.name).origin.sentence


def _mcnemar(study: Arranged, rows: tuple[Row, Row], seed: int) -> str:
    """McNemar's test of one seed."""
    if missing := [row for row in rows if seed not in study.runs[row]]:
        raise PairingError(
            f"--seed {seed}: no {run_name(*missing[0], seed)}; there are {sorted(study.runs[missing[0]])}"
        )
    (fold, first), (_, second) = (study.position[row, seed] for row in rows)
    answers = list(study.tested.values())[fold]
    place = [study.places[its] for its in answers.location]
    said = [answers.predicted[its] for its in (first, second)]
    p = power.mcnemar(answers.label, said[0], said[1], place)
    right = [its == answers.label for its in said]
    only = [int(np.sum(one & ~other)) for one, other in (right, right[::-1])]
    return f"seed {seed}: McNemar's exact p = {p:.4f}; A alone is right on {only[0]} clips, B alone on {only[1]}"
