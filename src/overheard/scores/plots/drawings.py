"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import class_statistics, f_score_by_method, world_map
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "class_statistics": class_statistics.draw,
    "f_score_by_method": f_score_by_method.draw,
    "world_map": world_map.draw,
}
"""By the word under `draws`."""
