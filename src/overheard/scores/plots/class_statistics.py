"""Figure 3: how many pairs, and from how many locations, each class has."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.scores.plots.given import Files, Settings, caption_of, lines_of, origin_of
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


def draw(settings: Settings, files: Files) -> Figure:
    """Figure 3 with its title: total of pairs and locations.

    Args:
        settings: of the figure.
        files: `statistics`, lines of statistics.csv: class, pairs, locations, as text.

    Raises:
        ConfigError: no statistics.
    """
    lines = lines_of(files, "statistics")
    if not lines:
        raise ConfigError("class_statistics: no class statistics; give them with --statistics")
    classes = [line["class"] for line in lines]
    pairs = [int(line["pairs"]) for line in lines]
    locations = [int(line["locations"]) for line in lines]
    title = f"{settings.spec['title']}: {sum(pairs)} pairs of {len(classes)} classes, {sum(locations)} locations"
    conditions = [origin_of(settings), *caption_of(settings)]
    height = max(len(in_lines(name)) for name in classes)
    made = figure(
        title, conditions, settings.origin, body_in=0.75 + (0.25 + 0.15 * (height - 1)) * max(len(classes), 4)
    )
    class_statistics(made.add_subplot(), classes, pairs, locations)
    return made
