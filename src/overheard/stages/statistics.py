"""Every two rows that stand together in a table, compared: intervals, tests, and what would decide."""

from dataclasses import dataclass
from typing import Any

from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.io.tested import read_tested
from overheard.scores import in_scenes
from overheard.scores.cells import by_row_key
from overheard.scores.comparisons import COLUMNS, compared, csv_line, pairs_of_tables
from overheard.scores.origin import Origin
from overheard.scores.statistics_report import report as report_text


@dataclass(frozen=True)
class Settings:
    """What is compared, and what the report says of it."""

    experiment: str
    source: dict[str, Any]  # an Origin
    tables: dict[str, dict[str, Any]]  # blocks and metrics of each table, and in which scenes it is compared
    left_out: dict[str, str]  # "method|modality" -> reason


def statistics(
    index: Reads,
    settings: Settings,
    comparisons: Writes,
    report: Writes,
    splits: list[Reads] | None = None,
    scores: list[Reads] | None = None,
    predictions: list[Reads] | None = None,
) -> None:
    """Compare rows by seed, fold and test location.

    Args:
        index: id, class and location of every clip.
        settings: what is compared.
        comparisons: one line for each pair of rows and metric; differences in points of percent (.csv).
        report: the design, and what intervals and tests cover (.md).
        splits: id, split and fold, of each fold; these three are none if every row is left out.
        scores: scores.json of each run.
        predictions: of each run, in the same order.
    """
    asked = pairs_of_tables(settings.tables)
    metrics = list(dict.fromkeys(metric for table in settings.tables.values() for metric in table["metrics"]))
    study = read_tested(index, splits or [], scores or [], predictions or [], metrics)
    reasons = {row: f"left out: {reason}" for row, reason in by_row_key(settings.left_out).items()}

    lines = compared(study, asked, reasons)
    text = report_text(study, settings.experiment, Origin(**settings.source), lines, settings.left_out)
    for spec in settings.tables.values():
        for scene in spec.get("scenes", ()):
            lines += in_scenes.compared_in(study, scene, pairs_of_tables({"": spec}), reasons)

    artifacts.write_table(comparisons, COLUMNS, map(csv_line, lines))
    artifacts.write_text(report, text)
    progress.step(1, 1, f"{len(asked)} pairs of {len(study.runs)} rows")
