"""What each switch is worth: differences as points with simultaneous intervals, a panel a row of the study."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from overheard.scores.origin import Origin
from overheard.scores.plots.style import COLOURS, INK, PALE, figure
from overheard.scores.worth_table import Line


def worth_by_switch(found: Sequence[Line], title: str, sentences: Sequence[str], source: Origin) -> Figure:
    """A panel a row of the study, a line a change; an interval that holds 0 is pale.

    Args:
        found: the differences, in the order of the lines.
        title: one line.
        sentences: what every number is.
        source: whose numbers these are.
    """
    rows = list(dict.fromkeys((line.method, line.modality) for line in sorted(found, key=_row)))
    labels = list(dict.fromkeys(f"{line.base}: {line.said}" for line in found))
    made = figure(title, sentences, source, 0.9 + 0.19 * len(labels))
    axes = made.subplots(1, len(rows), sharey=True, squeeze=False)[0]
    for ax, (method, modality) in zip(axes, rows, strict=True):
        ax.axvline(0, color=PALE, linewidth=1)
        for line in (line for line in found if (line.method, line.modality) == (method, modality)):
            place, difference = labels.index(f"{line.base}: {line.said}"), line.worth.difference
            strength = 1.0 if abs(difference) > line.half else 0.45
            look = {"color": COLOURS.get(modality, INK), "alpha": strength}
            ax.plot([difference - line.half, difference + line.half], [place, place], linewidth=1.3, **look)
            ax.plot(difference, place, "o", markersize=3.5, **look)
        ax.set_title(f"{method}\n{modality}".replace("+", "\n+"), size=7.5, weight="bold", loc="left")
        ax.set_xlabel("points of F")
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(labels)), labels, size=7)
    axes[0].set_ylim(len(labels) - 0.4, -0.6)
    return made


def _row(line: Line) -> tuple[str, str]:
    return line.modality, line.method
