"""Training curves: L_s on training and validation clips, and the validation F-score, with a band over the seeds."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.scores.plots.given import (
    Files,
    NotDrawnError,
    Settings,
    ask_of,
    caption_of,
    column_name,
    row_notes,
    run_of,
)
from overheard.scores.plots.style import figure, math
from overheard.scores.tabular import origin, sentence

SHOWN = {
    "loss_scene": "$L_s$, training (nats)",
    "val_scene_loss": "$L_s$, validation (nats)",
    "val_f_score": "F-score, validation (%)",
}
"""Columns of a history, and what they are called."""
_PANEL_IN = 1.9


def learning(files: Files) -> pd.DataFrame:
    """All histories as one table: method, modality, seed, epoch and the columns of `SHOWN`; the F-score in percent.

    A column that a history lacks, as of L_s where it is no part of the loss, is not a number. A student that is tested
    as it starts has no curve.
    """
    found = []
    for file in files.get("history", ()):
        method, modality, seed = run_of(file.path)
        for line in file.content:
            if line["epoch"] != "0":
                values = {name: float(line.get(name) or "nan") for name in SHOWN}
                values["val_f_score"] *= 100
                said = {"method": method, "modality": modality, "seed": seed, "epoch": int(line["epoch"])}
                found.append(said | values)
    return pd.DataFrame(found)


def curve(ax: Axes, drawn: pd.DataFrame, value: str, methods: Sequence[str]) -> None:
    """Draw the mean over seeds as a line and their standard deviation as a band, each method with its own dashes.

    Args:
        ax: where.
        drawn: method, seed, epoch and the value.
        value: its column.
        methods: in the order of the legend.
    """
    palette = dict(zip(methods, sns.color_palette("colorblind", len(methods)), strict=True))
    sns.lineplot(
        drawn, x="epoch", y=value, hue="method", style="method", hue_order=methods, style_order=methods,
        palette=palette, errorbar="sd", err_kws={"alpha": 0.15, "linewidth": 0}, linewidth=1.1, ax=ax, legend="full",
    )  # fmt: skip
    ax.set(xlabel="", ylabel="")
    ax.tick_params(labelsize=7)
    ax.locator_params(axis="x", integer=True)
    ax.grid()


def draw(settings: Settings, files: Files) -> Figure:
    """A line of three panels for each modality.

    Args:
        settings: of the figure.
        files: `history` of the runs.

    Raises:
        ConfigError: settings of rows are missing.
        NotDrawnError: no row was trained.
    """
    ask, table = ask_of(settings, "curves"), learning(files)
    runs = [] if table.empty else list(table.groupby(["method", "modality", "seed"]).groups)
    notes = row_notes(settings, ask, runs)
    if not runs:
        raise NotDrawnError(" ".join(notes) or "no row was trained")
    ends = table.groupby(["method", "modality", "seed"])["epoch"].max()
    last = table.set_index(["method", "modality"]).index.map(ends.groupby(["method", "modality"]).min())
    shown = table[table["epoch"] <= last]
    said = [
        origin(ask),
        *(sentence(remark) for remark in settings.remarks or ()),
        *caption_of(settings),
        f"Lines: means over {len(ask.seeds)} seeds; bands: ± one sample standard deviation of them, folds too.",
        *(["A curve ends with the last epoch of its shortest run."] if len(shown) < len(table) else []),
        *notes,
    ]
    return _panels(settings, shown, said)


def _panels(settings: Settings, table: pd.DataFrame, said: Sequence[str]) -> Figure:
    known = dict.fromkeys(column for block in settings.spec["blocks"] for column in block["columns"])
    modalities = [word for word in known if word in set(table["modality"])]
    methods = [row for row in dict.fromkeys(row for block in settings.spec["blocks"] for row in block["rows"])
               if row in set(table["method"])]  # fmt: skip
    labels: Mapping[str, str] = settings.labels or {}
    legend_in = 0.15 + 0.18 * -(-len(methods) // 4)
    made = figure(settings.spec["title"], said, settings.origin, len(modalities) * (_PANEL_IN + 0.15) + legend_in + 0.3)
    axes = made.subplots(len(modalities), len(SHOWN), squeeze=False, sharex="row")
    handles: dict[str, Artist] = {}
    for line, modality in zip(axes, modalities, strict=True):
        for ax, (value, name) in zip(line, SHOWN.items(), strict=True):
            own = table[(table["modality"] == modality) & table[value].notna()]
            if own.empty:
                ax.axis("off")
                continue
            curve(ax, own, value, methods)
            ax.set_title(f"{column_name(settings, modality)}: {name}", size=8, loc="left")
            handles |= dict(zip(ax.get_legend_handles_labels()[1], ax.get_legend_handles_labels()[0], strict=True))
            ax.get_legend().remove()
    names = [math(labels.get(name, name)) for name in handles]
    made.legend(list(handles.values()), names, loc="outside lower center", ncols=4, fontsize=7.5, handlelength=3)
    for ax in axes[-1]:
        ax.set_xlabel("epoch", size=8)
    return made
