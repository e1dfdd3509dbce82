"""Reliability diagrams: how often a row is right by how sure it is, and how many clips are so sure, one panel a row."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.scores.over_seeds import mean_and_std
from overheard.scores.plots.given import (
    Files,
    NotDrawnError,
    Settings,
    ask_of,
    caption_of,
    lines_of,
    row_notes,
    row_title,
)
from overheard.scores.plots.style import BAR, INK, MARK, PALE, figure
from overheard.scores.tabular import conditions, number

_ACROSS, _PANEL_IN = 4, 2.0

Lines = Sequence[Mapping[str, str]]


def diagram(ax: Axes, bins: Lines) -> None:
    """Draw accuracy over confidence, above the share of clips in each bin; on the line a row is as sure as it is right.

    Args:
        ax: where.
        bins: low, high, clips, confidence and accuracy, fractions as text; empty of no clip.
    """
    total = sum(int(line["clips"]) for line in bins)
    for line in bins:
        low, width = float(line["low"]), float(line["high"]) - float(line["low"])
        ax.bar(low, int(line["clips"]) / total, width, align="edge", color=PALE, edgecolor="white", linewidth=0.5)
    ax.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    heard = [line for line in bins if line["confidence"]]
    places = [(float(line["confidence"]), float(line["accuracy"])) for line in heard]
    ax.vlines([x for x, _ in places], [min(pair) for pair in places], [max(pair) for pair in places], color=MARK)
    ax.plot([x for x, _ in places], [y for _, y in places], "o-", color=BAR, markeredgecolor=INK, markersize=3.6)
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.tick_params(labelsize=7)


def draw(settings: Settings, files: Files) -> Figure:
    """The diagrams of the rows, four side by side.

    Args:
        settings: of the figure.
        files: `bins` and `calibration`, as the stage `reliability` wrote them.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: no row has a run.
    """
    ask, runs = ask_of(settings, "reliability"), lines_of(files, "calibration")
    notes = row_notes(settings, ask, [(line["method"], line["modality"], int(line["seed"])) for line in runs])
    if not runs:
        raise NotDrawnError(" ".join(notes) or "no run of its rows")
    rows: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for line in lines_of(files, "bins"):
        rows.setdefault((line["method"], line["modality"]), []).append(line)
    tested = {int(line["fold"]) if line["fold"] else None: int(line["clips"]) for line in runs}
    said = [
        *conditions(ask, tested, settings.remarks or []),
        *caption_of(settings),
        "Points: share of right clips over how sure the student is, all seeds together; grey: share of the clips; "
        "below the dotted line it is too sure. ECE: expected calibration error of one seed's clips, mean ± std over "
        "the seeds; of so few clips chance alone makes some of it.",
        *notes,
    ]
    down = -(-len(rows) // _ACROSS)
    made = figure(settings.spec["title"], said, settings.origin, down * (_PANEL_IN + 0.35) + 0.2)
    axes = made.subplots(down, _ACROSS, sharex=True, sharey=True, squeeze=False).ravel()
    for ax, (row, lines) in zip(axes, rows.items(), strict=False):
        diagram(ax, lines)
        own = {
            int(line["seed"]): 100 * float(line["error"]) for line in runs if (line["method"], line["modality"]) == row
        }
        error = mean_and_std(own, list(own), spread=ask.spread)
        ax.set_title(f"{row_title(settings, row)}\nECE {number(error.mean, error.std)} %", size=7.5, loc="left")
    for ax in axes[len(rows) :]:
        ax.axis("off")
    made.supxlabel("how sure (largest probability)", size=8)
    made.supylabel("how often right", size=8)
    return made
