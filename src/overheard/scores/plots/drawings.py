"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import class_statistics, data_diagram, f_score_by_method, method_diagram, world_map
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "class_statistics": class_statistics.draw,
    "data_diagram": data_diagram.draw,
    "f_score_by_method": f_score_by_method.draw,
    "method_diagram": method_diagram.draw,
    "world_map": world_map.draw,
}
"""By the word under `draws`."""
