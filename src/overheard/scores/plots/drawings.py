"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import (
    activations,
    atlas,
    class_differences,
    class_scores,
    class_statistics,
    confusion,
    curves,
    data_diagram,
    event_map,
    f_score_by_method,
    method_diagram,
    pointing,
    reliability,
    world_map,
)
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "activations": activations.draw,
    "atlas": atlas.draw,
    "class_differences": class_differences.draw,
    "class_scores": class_scores.draw,
    "class_statistics": class_statistics.draw,
    "confusion": confusion.draw,
    "curves": curves.draw,
    "data_diagram": data_diagram.draw,
    "event_map": event_map.draw,
    "f_score_by_method": f_score_by_method.draw,
    "method_diagram": method_diagram.draw,
    "pointing": pointing.draw,
    "reliability": reliability.draw,
    "world_map": world_map.draw,
}
"""By the word under `draws`."""
