"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import (
    atlas,
    class_differences,
    class_statistics,
    confusion,
    curves,
    event_map,
    f_score_by_method,
    reliability,
)
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "atlas": atlas.draw,
    "class_differences": class_differences.draw,
    "class_statistics": class_statistics.draw,
    "confusion": confusion.draw,
    "curves": curves.draw,
    "event_map": event_map.draw,
    "f_score_by_method": f_score_by_method.draw,
    "reliability": reliability.draw,
}
"""By the word under `draws`."""
