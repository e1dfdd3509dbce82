"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import (
    activations,
    atlas,
    class_differences,
    class_statistics,
    confusion,
    curves,
    event_map,
    f_score_by_method,
    pointing,
    reliability,
)
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "activations": activations.draw,
    "atlas": atlas.draw,
    "class_differences": class_differences.draw,
    "class_statistics": class_statistics.draw,
    "confusion": confusion.draw,
    "curves": curves.draw,
    "event_map": event_map.draw,
    "f_score_by_method": f_score_by_method.draw,
    "pointing": pointing.draw,
    "reliability": reliability.draw,
}
"""By the word under `draws`."""
