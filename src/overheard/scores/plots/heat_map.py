"""A grid of two settings as heat maps of validation scores, one a row of the study."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from overheard.scores.grid import Point, best
from overheard.scores.origin import Origin
from overheard.scores.plots.style import INK, figure


def heat_maps(points: Sequence[Point], title: str, sentences: Sequence[str], source: Origin) -> Figure:
    """A heat map a row; the highest cell has a frame, a cell that was not measured is empty.

    Args:
        points: of a grid of two settings.
        title: one line.
        sentences: what every number is.
        source: whose numbers these are.

    Raises:
        ValueError: another number of settings than two.
    """
    (down, across), found = points[0].at, best(points)
    made = figure(title, sentences, source, 2.6)
    axes = made.subplots(1, len(found), squeeze=False)[0]
    for ax, ((method, modality), top) in zip(axes, found.items(), strict=True):
        own = [one for one in points if (one.method, one.modality) == (method, modality)]
        table = pd.DataFrame([{down: one.at[down], across: one.at[across], "mean": one.mean} for one in own]).pivot(
            index=down, columns=across, values="mean"
        )
        sns.heatmap(
            table, ax=ax, annot=True, fmt=".1f", cmap="cividis", cbar=False, linewidths=0.5, annot_kws={"size": 8}
        )
        place = np.flatnonzero(table.columns == top.at[across])[0], np.flatnonzero(table.index == top.at[down])[0]
        ax.add_patch(Rectangle((float(place[0]), float(place[1])), 1, 1, fill=False, edgecolor=INK, linewidth=2.2))
        ax.set_title(f"{method}\n{modality}", size=8.5, weight="bold", loc="left")
    return made
