"""The study's figures, as PNG and PDF: Figure 3 (pairs per class) and Figure 6 (F-score by method)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.scores.cells import Ask, by_row_key, check_source, table_cells
from overheard.scores.over_seeds import Run, checked_run, clips_tested, epoch_remarks, event_remarks, percent
from overheard.scores.plots import fonts, style
from overheard.scores.plots.class_statistics import figure3
from overheard.scores.plots.f_score_by_method import Bar, figure6
from overheard.scores.tabular import MODALITIES, SOURCES, conditions, left_out_notes, measured


@dataclass(frozen=True)
class Settings:
    """What a figure says of itself; `figure3` needs experiment and source only."""

    experiment: str
    source: str  # twin, directory or published record
    protocol: str | None = None
    spec: dict[str, Any] | None = None  # figure6: its entry of the study file
    labels: dict[str, str] | None = None  # what each method is called
    seeds: list[int] | None = None  # asked
    partial: bool | None = None  # fewer seeds than asked are shown, and said
    left_out: dict[str, str] | None = None  # "method|modality" -> reason
    remarks: list[str] | None = None  # lines that stand in every caption
    diverged: dict[str, list[int]] | None = None  # "method|modality" -> seeds; known with `partial` alone
    spread: str | None = None  # sample or population: which standard deviation ± is; sample where it is not said
    repeats: str | None = None  # seeds or next_epochs: what is measured several times; seeds where it is not said


def figures(
    figure: str,
    settings: Settings,
    png: Writes,
    pdf: Writes,
    statistics: Reads | None = None,
    scores: list[Reads] | None = None,
) -> None:
    """One figure of the study.

    Args:
        figure: `figure3` (pairs per class) or `figure6` (F-score by method).
        settings: what the figure shows and says of itself.
        png: the figure as picture.
        pdf: the figure as PDF.
        statistics: pairs and locations per class; figure3 only.
        scores: scores.json of each run of the figure's rows, in any order; figure6 only.
    """
    check_source(settings.source)
    runs = [checked_run(artifacts.read_json(path), str(path)) for path in scores or []]
    lines = artifacts.read_table(statistics, ["class", "pairs", "locations"]) if statistics else []

    names = [line["class"] for line in lines] + list((settings.labels or {}).values())
    families, absent = fonts.families(fonts.missing(names))
    if absent:
        progress.note(
            f"warning: {figure}: no font here has {' '.join(sorted(absent)[:20])}, so boxes stand there; "
            f"install {fonts.to_install(absent)}, delete results/{settings.experiment}/figures/{figure}.png and "
            f"`OVERHEARD_STORE=off overheard run {settings.experiment}`"
        )
    with style.styled(families):
        drawn = _draw(figure, settings, lines, runs)
        pictures = {png: style.png(drawn), pdf: style.pdf(drawn)}

    for path, content in pictures.items():
        artifacts.write_bytes(path, content)


def _draw(figure: str, settings: Settings, lines: Sequence[dict[str, str]], runs: Sequence[Run]) -> Figure:
    if figure == "figure3":
        if not lines:
            raise ConfigError("figure3: no class statistics; give them with --statistics")
        return figure3(lines, settings.experiment, settings.source, SOURCES[settings.source])
    if figure == "figure6":
        return _figure6(settings, runs)
    raise ConfigError(f"--figure: found {figure!r}, expected figure3 or figure6")


def _figure6(settings: Settings, runs: Sequence[Run]) -> Figure:
    missing = [key for key in ("spec", "labels", "seeds", "left_out", "remarks") if getattr(settings, key) is None]
    if missing or not settings.protocol:
        raise ConfigError(f"figure6: missing settings: {', '.join(missing) or 'protocol'}")
    left_out, diverged = by_row_key(settings.left_out), by_row_key(settings.diverged or {})
    said = (settings.experiment, settings.source, settings.protocol, settings.seeds)
    ask = Ask(
        *said, bool(settings.partial), left_out, diverged, settings.spread or "sample", settings.repeats or "seeds"
    )
    spec = settings.spec | {"metrics": ["f_score"]}
    cells = table_cells("figure6", spec, runs, ask, {})
    bars = [_bar(cell, settings.labels, runs) for cell in cells]
    sentences = conditions(ask, clips_tested(runs), [*settings.remarks, *event_remarks(runs), *epoch_remarks(runs)])
    sentences += ["Bars: means; whiskers: ± one std; points: the seeds.", *left_out_notes(settings.labels, cells, ask)]
    return figure6(bars, settings.spec["title"], sentences, settings.source)


def _bar(cell: dict[str, Any], labels: dict[str, str], runs: Sequence[Run]) -> Bar:
    own = {run["seed"]: run for run in runs if (run["method"], run["modality"]) == (cell["row"], cell["column"])}
    return Bar(
        group=cell["column"],
        heading=MODALITIES.get(cell["column"], cell["column"]),
        label=labels.get(cell["row"], cell["row"]),
        values=tuple(percent(own[seed], "f_score") for seed in sorted(own)),
        mean=cell["mean"],
        std=cell["std"],
        text=measured(cell) if cell["n"] or cell["diverged"] else _none(cell["note"]),
    )


def _none(note: str) -> str:
    return "left out" if "left out" in note else "no run"
