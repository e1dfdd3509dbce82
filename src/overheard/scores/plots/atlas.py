"""The event atlas: p(e|s) and d_k of events that tell a scene, and for each scene these events with clips to hear."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from overheard.scores.atlas_page import NONE, sentences
from overheard.scores.plots.given import Files, NotDrawnError, Settings, caption_of, lines_of, origin_of
from overheard.scores.plots.style import BAR, MARK, figure, shortened

_SIDE_BY_SIDE = 16
"""Scenes up to which both heat maps stand beside each other; of more, each has a page."""
_ROW_IN = 0.155
_NAME, _EVENT = 40, 30
"""Signs of a scene's and an event's name that are shown."""
_HEADING: dict[str, Any] = {"size": 7.5, "weight": "bold", "parse_math": False}

Lines = Sequence[Mapping[str, str]]


def heat(ax: Axes, lines: Lines, value: str, name: str) -> None:
    """Draw one value as a heat map, events down and scenes across; a frame where an event tells the scene.

    Args:
        ax: where.
        lines: scene, event, rank and the value, events and scenes in the order in which they are shown.
        value: its column.
        name: what it is called.
    """
    scenes, events = (list(dict.fromkeys(line[key] for line in lines)) for key in ("scene", "event"))
    drawn = pd.DataFrame([{**line, value: float(line[value])} for line in lines])
    table = drawn.pivot(index="event", columns="scene", values=value).loc[events, scenes]
    bar = {"location": "top", "shrink": 0.6, "aspect": 30, "pad": 0.01, "label": name}
    least = min(0.0, float(table.min(axis=None)))  # a component has either sign
    sns.heatmap(table, ax=ax, cmap="cividis", vmin=least, cbar_kws=bar, xticklabels=True, yticklabels=True)
    for line in lines:
        if line["rank"]:
            place = scenes.index(line["scene"]), events.index(line["event"])
            ax.add_patch(Rectangle(place, 1, 1, fill=False, edgecolor="white", linewidth=1.1))
    ax.set(xlabel="", ylabel="")
    ax.set_xticklabels([shortened(name, _NAME) for name in scenes], rotation=90, size=7, parse_math=False)
    ax.set_yticklabels([shortened(name, _EVENT) for name in events], rotation=0, size=7, parse_math=False)
    ax.tick_params(length=0)


def bars(ax: Axes, own: Lines, examples: Mapping[tuple[str, str], Sequence[str]]) -> None:
    """Draw the lift of each scene's telling events as bars, scenes one below the other, with the clips beside them."""
    places: list[float] = []
    place = 0.0
    for scene, group in groupby(own, key=lambda line: line["scene"]):
        ax.annotate(scene, (0, place), (3, 0), textcoords="offset points", va="center", **_HEADING)
        for _ in group:
            place += 1
            places.append(place)
        place += 1.4
    ax.barh(places, [float(line["lift"]) for line in own], height=0.75, color=BAR)
    ax.axvline(1, color=MARK, linewidth=1, linestyle=":")
    for where, line in zip(places, own, strict=True):
        clips = ", ".join(shortened(clip, 16) for clip in examples.get((line["scene"], line["event"]), ()))
        text = f"{float(line['lift']):.1f}×, p {float(line['probability']):.2f}: {clips}"
        at = (float(line["lift"]), where)
        ax.annotate(text, at, (4, 0), textcoords="offset points", va="center", size=6.5, parse_math=False)
    ax.set_yticks(places, [shortened(line["event"], _EVENT) for line in own], size=7, parse_math=False)
    ax.set_ylim(place - 0.6, -0.8)
    ax.set_xlim(0, 1.9 * max(float(line["lift"]) for line in own))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("lift: p(e|s) over its mean over the scenes (line: 1)")


def draw(settings: Settings, files: Files) -> list[Figure]:
    """The atlas: heat maps, then the telling events of each scene.

    Args:
        settings: of the figure.
        files: `telling`, `examples` and `basis`, as the stage `atlas` wrote them.

    Raises:
        NotDrawnError: there is no teacher here, or no event tells a scene.
    """
    if not files.get("basis"):
        raise NotDrawnError(
            "no row of this experiment has a teacher, a prior and relevance vectors (source.tagger, source.sounds)"
        )
    lines, basis = lines_of(files, "telling"), files["basis"][0].content
    if not lines:
        raise NotDrawnError(f"{NONE} (settings.least of this figure is {basis['least']:g})")
    said = [origin_of(settings), *caption_of(settings), *sentences(basis)]
    scenes, n = list(dict.fromkeys(line["scene"] for line in lines)), len({line["event"] for line in lines})
    own = sorted((line for line in lines if line["rank"]), key=lambda line: (scenes.index(line["scene"]), line["rank"]))
    if silent := [scene for scene in scenes if scene not in {line["scene"] for line in own}]:
        said.append(f"Without a telling event: {', '.join(silent)}.")

    height = 1.7 + _ROW_IN * max(n, 8)
    values = [
        ("probability", "p(e|s)"),
        ("relevance", "$d_k$"),
    ]
    title, source = settings.spec["title"], settings.origin
    if len(scenes) <= _SIDE_BY_SIDE:
        made = figure(title, said, source, height)
        for ax, value in zip(made.subplots(1, 2, sharey=True), values, strict=True):
            heat(ax, lines, *value)
        pages = [made]
    else:
        pages = [figure(f"{title}: {name}", said, source, height) for _, name in values]
        for made, value in zip(pages, values, strict=True):
            heat(made.add_subplot(), lines, *value)

    examples: dict[tuple[str, str], list[str]] = {}
    for line in lines_of(files, "examples"):
        examples.setdefault((line["scene"], line["event"]), []).append(line["id"])
    rest = figure(f"{title}: the most telling events", said, source, 0.7 + _ROW_IN * (len(own) + 2.4 * len(scenes)))
    bars(rest.add_subplot(), own, examples)
    return [*pages, rest]
