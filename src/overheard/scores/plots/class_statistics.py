"""Figure 3: how many pairs, and from how many locations, each class has."""

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.scores.plots.style import BAR, INK, MARK, figure

_LONGEST = 32
"""Signs of a name in one line."""


def class_statistics(ax: Axes, classes: Sequence[str], pairs: Sequence[int], locations: Sequence[int]) -> None:
    """Draw one bar a class (pairs) and one mark a class (locations), the largest class on top.

    Args:
        ax: where.
        classes: names, each one line.
        pairs: (classes,) pairs of a picture and a sound.
        locations: (classes,) locations they come from.
    """
    order = sorted(range(len(classes)), key=lambda k: (-pairs[k], classes[k]))
    rows = range(len(order))
    counts, places = [pairs[k] for k in order], [locations[k] for k in order]
    ax.barh(rows, counts, height=0.72, color=BAR, label="pairs")
    ax.plot(
        places, rows, "D", color=MARK, markersize=5, markeredgecolor="white", markeredgewidth=0.6, label="locations"
    )
    for row, count, place in zip(rows, counts, places, strict=True):
        text = f"{count} ({place})"
        ax.annotate(text, (max(count, place), row), (5, 0), textcoords="offset points", va="center", size=8)
    ax.set_yticks(rows, ["\n".join(in_lines(classes[k])) for k in order])
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.invert_yaxis()
    ax.margins(x=0.14, y=0.02)
    ax.set_xlim(left=0)
    ax.locator_params(axis="x", integer=True)
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("pairs (in brackets: locations)", color=INK)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)


def in_lines(name: str) -> list[str]:
    """A class's name in lines that leave the bars their room, cut within a word where it has no blank."""
    return textwrap.wrap(name, _LONGEST) or [name]


def figure3(statistics: Sequence[Mapping[str, str]], experiment: str, source: str, source_text: str) -> Figure:
    """Figure 3 with its title: total of pairs and locations.

    Args:
        statistics: lines of statistics.csv: class, pairs, locations, as text.
        experiment: whose pairs they are.
        source: `twin`, `directory` or `published record`.
        source_text: the source in plain words.
    """
    classes = [line["class"] for line in statistics]
    pairs = [int(line["pairs"]) for line in statistics]
    locations = [int(line["locations"]) for line in statistics]
    title = f"Pairs per class: {sum(pairs)} pairs of {len(classes)} classes, {sum(locations)} locations"
    conditions = [f"Experiment {experiment}; source: {source_text}.", "All splits together; counts, so no ±."]
    lines = max(len(in_lines(name)) for name in classes)
    made = figure(title, conditions, source, body_in=0.75 + (0.25 + 0.15 * (lines - 1)) * max(len(classes), 4))
    class_statistics(made.add_subplot(), classes, pairs, locations)
    return made
