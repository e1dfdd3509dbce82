"""Figure 8: a map of the test clips by what each method, and the teacher, says of events; how far scenes are apart."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.scores.cells import Ask
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
from overheard.scores.plots.style import figure, shortened
from overheard.scores.tabular import origin

_ACROSS, _PANEL_IN = 4, 1.8
_NAME = 24
"""Signs of a scene's name in the legend."""
_LIGHT = (0.35, 0.55, 0.75)
"""Lightness of neighbouring scenes' colours, so that they differ in grey too."""

Lines = Sequence[Mapping[str, str]]
Panel = tuple[str, str, str]
"""Kind, method and modality."""


def by_panel(lines: Lines) -> dict[Panel, list[Mapping[str, str]]]:
    """Lines by what they are of, in their order."""
    found: dict[Panel, list[Mapping[str, str]]] = {}
    for line in lines:
        found.setdefault((line["kind"], line["method"], line["modality"]), []).append(line)
    return found


def scatter(ax: Axes, lines: Lines, scenes: Sequence[str]) -> None:
    """Draw the clips, each scene with a colour and a mark of its own."""
    drawn = pd.DataFrame(lines)[["scene", "x", "y"]].astype({"x": float, "y": float})
    palette = [sns.husl_palette(len(scenes), l=_LIGHT[k % len(_LIGHT)])[k] for k in range(len(scenes))]
    sns.scatterplot(
        drawn, x="x", y="y", hue="scene", style="scene", hue_order=scenes, style_order=scenes, palette=palette,
        ax=ax, s=12, linewidth=0.2, legend="full",
    )  # fmt: skip
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color="#BBBBBB")


def _over_seeds(lines: Lines, value: str, ask: Ask) -> str:
    """Mean and deviation of a measure; of the teacher over the folds."""
    values = {place: float(line[value]) for place, line in enumerate(lines) if line[value]}
    found = mean_and_std(values, list(values), spread=ask.spread)
    if found.mean is None:
        return "–"
    return f"{found.mean:.2f}" if found.std is None else f"{found.mean:.2f} ± {found.std:.2f}"


def _title(settings: Settings, panel: Panel, lines: Lines, ask: Ask) -> str:
    kind, method, modality = panel
    name = "Teacher (baseline)" if kind == "teacher" else row_title(settings, (method, modality))
    name += " through p(e|s)" if kind == "mixture" else ""
    return f"{name}\nsilhouette {_over_seeds(lines, 'silhouette', ask)}\npurity {_over_seeds(lines, 'purity', ask)}"


def draw(settings: Settings, files: Files) -> Figure:
    """Figure 8 from the embedding of its rows' runs.

    Args:
        settings: of the figure.
        files: `points` and `separation`, as the stage `embedding` wrote them.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: there is no teacher here, no run, or no two clips differ.
    """
    ask = ask_of(settings, "event_map")
    points, measured = by_panel(lines_of(files, "points")), by_panel(lines_of(files, "separation"))
    if not measured:
        raise NotDrawnError("no row of this experiment has a teacher and a prior (source.tagger, source.sounds)")
    if not points:
        raise NotDrawnError("no run of its rows, or all test clips have the same events")
    runs = [(line["method"], line["modality"], int(line["seed"])) for line in lines_of(files, "separation")
            if line["seed"]]  # fmt: skip
    (seed, fold), some = _first(points), next(iter(measured.values()))[0]
    split = f"fold {fold}" if fold else "the data's own split"
    said = [
        origin(ask),
        *caption_of(settings),
        f"Maps: seed {seed}, test clips of {split}. Silhouette and purity (share of the {some['neighbours']} nearest "
        "neighbours with the clip's scene): of the event probabilities, not of the map; mean ± std over "
        f"{len(ask.seeds)} seeds, of the teacher over their folds. Purity by chance: {float(some['chance']):.2f}.",
        *row_notes(settings, ask, runs),
    ]
    if alike := [_title(settings, panel, [], ask).split("\n")[0] for panel in measured.keys() - points]:
        said.append(f"No map, because all clips have the same events or the seed is missing: {', '.join(alike)}.")
    return _panels(settings, points, measured, said, ask)


def _first(points: Mapping[Panel, Lines]) -> tuple[str, str]:
    """The seed and fold of the maps."""
    line = next(line for lines in points.values() for line in lines if line["seed"])
    return line["seed"], line["fold"]


def _panels(
    settings: Settings, points: Mapping[Panel, Lines], measured: Mapping[Panel, Lines], said: Sequence[str], ask: Ask
) -> Figure:
    scenes = sorted({line["scene"] for lines in points.values() for line in lines})
    down = -(-len(points) // _ACROSS)
    legend_in = 0.2 + 0.17 * -(-len(scenes) // _ACROSS)
    made = figure(settings.spec["title"], said, settings.origin, down * (_PANEL_IN + 0.55) + legend_in)
    axes = made.subplots(down, _ACROSS, squeeze=False).ravel()
    for ax, (panel, lines) in zip(axes, points.items(), strict=False):
        scatter(ax, lines, scenes)
        ax.set_title(_title(settings, panel, measured[panel], ask), size=8, loc="left")
    for ax in axes[len(points) :]:
        ax.axis("off")
    handles, names = axes[0].get_legend_handles_labels()
    for ax in axes[: len(points)]:
        ax.get_legend().remove()
    shown = [shortened(name, _NAME).replace("$", r"\$") for name in names]
    made.legend(handles, shown, loc="outside lower center", ncols=_ACROSS, fontsize=7, handletextpad=0.2)
    return made
