"""One table of the study: mean and standard deviation over seeds, as cells, CSV, Markdown and LaTeX."""

from dataclasses import dataclass
from typing import Any

from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.scores import best, differences, frames
from overheard.scores.against_baselines import lost_to
from overheard.scores.cells import Ask, by_row_key, table_cells
from overheard.scores.origin import Origin
from overheard.scores.over_seeds import checked_run, clips_tested, epoch_remarks, event_remarks, piece_remarks
from overheard.scores.published import COLUMNS as PUBLISHED_COLUMNS
from overheard.scores.published import printed_values


@dataclass(frozen=True)
class Settings:
    """What a table says of itself, beside its numbers."""

    experiment: str
    source: dict[str, Any]  # an Origin
    protocol: str
    spec: dict[str, Any]  # the table's entry of the study file
    metrics: dict[str, dict[str, Any]]  # label, decimals and caption of each
    labels: dict[str, str]  # what each method is called
    columns: dict[str, str]  # what each input is called
    seeds: list[int]  # asked
    partial: bool  # fewer seeds than asked are shown, and said
    left_out: dict[str, str]  # "method|modality" -> reason
    remarks: list[str]  # lines that stand in every caption
    diverged: dict[str, list[int]] | None = None  # "method|modality" -> seeds; known with `partial` alone
    spread: str | None = None  # sample or population: which standard deviation ± is; sample where it is not said
    repeats: str | None = None  # seeds or next_epochs: what is measured several times; seeds where it is not said
    varies: str | None = None  # what differs between seeds, beside the fold


def tables(
    published: Reads,
    table: str,
    settings: Settings,
    cells: Writes,
    csv: Writes,
    markdown: Writes,
    latex: Writes,
    scores: list[Reads] | None = None,
    baselines: list[Reads] | None = None,
    comparisons: Reads | None = None,
) -> None:
    """One table of the study, from the scores of its runs.

    Args:
        published: the paper's printed numbers; shown where the source is comparable with them.
        table: the table's word in the study file, e.g. `table2`.
        settings: what the table shows and says of itself.
        cells: one line a cell, numbers in percent.
        csv: the table as CSV, one line a line of the table.
        markdown: the table as Markdown.
        latex: the table as LaTeX (booktabs).
        scores: scores.json of each run of the table's rows, in any order; none if every row is left out.
        baselines: scores.json of each run of the study's dull baselines, which a row that loses to one must name.
        comparisons: differences of its rows with their intervals, by which some are bold; without it none is.
    """
    runs, dull = (
        [checked_run(artifacts.read_json(path), str(path)) for path in paths or []] for paths in (scores, baselines)
    )
    lines = artifacts.read_table(published, PUBLISHED_COLUMNS)
    pairs = artifacts.read_table(comparisons, differences.COLUMNS) if comparisons else []

    # in the order of the table: settings are written with sorted keys
    spec = settings.spec | {"metrics": {word: settings.metrics[word] for word in settings.spec["metrics"]}}
    left_out, diverged = by_row_key(settings.left_out), by_row_key(settings.diverged or {})
    said = (settings.experiment, Origin(**settings.source), settings.protocol, settings.seeds)
    ask = Ask(*said, settings.partial, left_out, diverged, settings.spread or "sample", settings.repeats or "seeds")
    ask = ask if settings.varies is None else ask._replace(varies=settings.varies)
    printed = printed_values(lines, spec["published"], str(published))
    numbers = table_cells(table, spec, runs, ask, printed)
    remarks = [*piece_remarks(runs), *settings.remarks, *event_remarks(runs), *epoch_remarks(runs)]
    remarks += lost_to(dull, runs, settings.labels)
    bold = best.not_distinguished(spec, numbers, differences.differences(pairs, str(comparisons)))
    text = frames.lay_out(
        table, spec, settings.labels, settings.columns, numbers, ask, clips_tested(runs), remarks, *bold
    )

    artifacts.write_text(cells, frames.cells_csv(numbers))
    artifacts.write_text(csv, frames.table_csv(numbers, settings.labels, not ask.source.not_comparable))
    artifacts.write_text(markdown, frames.markdown(text))
    artifacts.write_text(latex, frames.latex(text))
    progress.step(1, 1, f"{len(numbers)} cells from {len(runs)} runs")
