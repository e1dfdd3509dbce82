"""`overheard score`: a method trained anywhere else, by the splits and statistics of an experiment. Touches files."""

from pathlib import Path

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts
from overheard.io.given_predictions import read_predictions
from overheard.io.tested import read_said, read_splits
from overheard.lineage.compare import (
    check_asked,
    predictions_beside,
    row_of,
    rows_in,
    screen_of,
    source_of,
    splits_in,
)
from overheard.scores.arranged import Said, arranged
from overheard.scores.metrics import METRICS
from overheard.scores.over_seeds import mean_and_std, measurements

GIVEN = "given"
"""The column of a row whose predictions were given."""


def score(
    folder: Path,
    predictions: Path,
    against: str | None = None,
    modality: str | None = None,
    by: str | None = None,
    metric: str = "f_score",
    out: Path | None = None,
) -> str:
    """Scores over seeds of given predictions, and their comparison with a row.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        predictions: a CSV; see `io.given_predictions`.
        against: a row, as `scene@image`.
        modality: column of a row without one.
        by: where the two differ: class, seed or location.
        metric: of the comparison.
        out: a file for the scores of each seed (.json).

    Raises:
        OverheardError: no splits, no such row, or predictions that are not those of the splits.
    """
    if by and not against:
        raise ConfigError("--by says where two rows differ; name the other by --against, e.g. --against scene@image")
    check_asked(metric, by)
    index = folder / "media" / "index.csv"
    paths = splits_in(folder)
    if not paths or not index.is_file():
        raise MediaError(f"{folder}: no index or no splits; `overheard run {folder.name} --until split` makes them")
    splits = read_splits(index, paths)
    rows = rows_in(folder) if against else {}
    other = row_of(against, modality, rows, folder.name) if against else None
    beside = [read_said(path, predictions_beside(path)) for path in rows[other]] if other else []
    classes = (
        beside[0].run["classes"] if beside else sorted({clip.scene for its in splits.values() for clip in its.test})
    )
    own = predictions.stem, GIVEN
    given = read_predictions(predictions, own, classes, splits)
    if out is not None:
        artifacts.write_json(out, [dict(said.run) for said in given])
    lines = [f"{predictions}, on the test clips of {folder}/", source_of(folder), "", *_told(given)]
    if other:
        lines += ["", *screen_of(arranged([*beside, *given], splits, [metric]), (other, own), metric, by)]
    return "\n".join(lines)


def _told(given: list[Said]) -> list[str]:
    """Each metric over the seeds, and what its ± covers."""
    runs = {said.run["seed"]: said.run for said in given}
    folds = {said.run["fold"] for said in given}
    lines = []
    for metric, its in METRICS.items():
        if its.needs_probabilities:
            continue
        values = measurements(runs, metric)
        spread = mean_and_std(values, list(values))
        std = "" if spread.std is None else f" ± {spread.std:.2f}"
        lines.append(f"{its.words:<26}{spread.mean:.2f}{std} %")
    clips = f"{sum(len(said.ids) for said in given)} predictions"
    if len(given) == 1:
        return [*lines, f"One seed, {clips}: no ± and no test over seeds; a column `seed` and more runs give them."]
    covers = "another training and other test locations" if len(folds) > 1 else "another training on this split only"
    return [*lines, f"{len(given)} seeds, {clips}; ±: sample standard deviation over seeds, each {covers}."]
