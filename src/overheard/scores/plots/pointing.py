"""The pointing game: how often each method's activation maps point at the object, beside what points blindly."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from overheard.scores.cells import Ask
from overheard.scores.over_seeds import DDOF
from overheard.scores.plots.given import Files, NotDrawnError, Settings, ask_of, caption_of, column_name, lines_of
from overheard.scores.plots.style import COLOURS, INK, figure, math
from overheard.scores.pointing import Played, played
from overheard.scores.tabular import number, origin, sentence

_BLIND = {"area": ("|", 13, "random pixel"), "centre": ("D", 5, "centre pixel"), "within_reach": (">", 5, "at best")}
"""Beside a bar: mark, its size, and what the legend calls it."""

Row = tuple[str, str]


def draw(settings: Settings, files: Files) -> Figure:
    """A bar a row: the mean over its seeds, which are points.

    Args:
        settings: of rows.
        files: `pointing`, of each row.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: no picture has a mask, or no row has a run.
    """
    ask, lines = ask_of(settings, "pointing"), lines_of(files, "pointing")
    wanted = [
        (row, column) for block in settings.spec["blocks"] for row in block["rows"] for column in block["columns"]
    ]
    labels = settings.labels or {}
    names = {row: f"{labels.get(row[0], row[0])}, {column_name(settings, row[1]).lower()}" for row in wanted}
    found = {row: one for row in wanted if (one := played(lines, row, DDOF[ask.spread])) is not None}
    missing = _missing({row: found[row].values if row in found else {} for row in wanted}, names, ask)
    if not lines:
        raise NotDrawnError(" ".join(missing))
    if not found:
        raise NotDrawnError("no test picture has a mask (mask/CLASS/ID.png beside vision/) that counts.")

    first = next(iter(found.values()))
    seeds = ", ".join(map(str, ask.seeds))
    out = f"{first.left_out['empty']} whose mask is empty, {first.left_out['over_half']} whose mask covers over half"
    out += f", {first.left_out['unmarked']} without a mask" if first.left_out["unmarked"] else ""
    said = [
        origin(ask),
        f"Percent of {first.scored} test pictures whose map of the true class has its greatest value inside the "
        f"object's mask; of {first.clips} pictures left out: {out}.",
        f"Bars: means over n = {len(ask.seeds)} seeds ({seeds}); points: the seeds; "
        f"± = {ask.spread} standard deviation.",
        "Random pixel: the masks' share of the picture. At best: masks that hold the middle of what a place of "
        "the map sees, so that a map as coarse as these can point into them.",
        *caption_of(settings),
        *missing,
        *(sentence(remark) for remark in settings.remarks or ()),
    ]
    made = figure(settings.spec["title"], said, settings.origin, body_in=1.2 + 0.34 * len(found))
    _bars(made.add_subplot(), found, names)
    return made


def _missing(values: Mapping[Row, Mapping[int, float]], names: Mapping[Row, str], ask: Ask) -> list[str]:
    """Sentences on rows that are left out, and on runs that are not there."""
    found: dict[str, list[str]] = {}
    for row, own in values.items():
        if row in ask.left_out:
            found.setdefault(f"Left out, because {ask.left_out[row]}", []).append(names[row])
        elif gone := [str(seed) for seed in ask.seeds if seed not in own]:
            found.setdefault(f"No run of seed {', '.join(gone)}", []).append(names[row])
    return [sentence(f"{reason}: {'; '.join(rows)}") for reason, rows in found.items()]


def _bars(ax: Axes, found: Mapping[Row, Played], names: Mapping[Row, str]) -> None:
    seed: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markeredgewidth": 0.7, "markersize": 3.4}
    for place, (row, one) in enumerate(found.items()):
        ax.barh(place, one.mean, height=0.66, color=COLOURS.get(row[1]))
        offsets = np.linspace(-0.2, 0.2, len(one.values)) if len(one.values) > 1 else np.zeros(1)
        ax.plot(list(one.values.values()), place + offsets, "o", zorder=4, label="_", **seed)
        for word, (mark, size, name) in _BLIND.items():
            label = name if place == 0 else "_"
            drawn: dict[str, Any] = {"color": INK, "mfc": "white", "mew": 1.2, "markersize": size}
            drawn["path_effects"] = [withStroke(linewidth=3, foreground="white")]
            ax.plot(one.blind[word], place, mark, zorder=3, label=label, **drawn)
        text = f"{number(one.mean, one.std)}; above area {one.above_area:+.2f}"
        beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
        ax.annotate(text, (1, place), (8, 0), size=8, **beside)
    lines = ["\n".join(map(math, textwrap.wrap(names[row], 34))) for row in found]
    ax.set_yticks(range(len(found)), lines)
    ax.set(xlim=(0, 100), ylim=(len(found) - 0.4, -0.6), xlabel="test pictures (%)")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(_BLIND), borderaxespad=0.2, handletextpad=0.3, fontsize=7.6
    )
