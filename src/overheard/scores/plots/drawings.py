"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import atlas, class_statistics, event_map, f_score_by_method
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "atlas": atlas.draw,
    "class_statistics": class_statistics.draw,
    "event_map": event_map.draw,
    "f_score_by_method": f_score_by_method.draw,
}
"""By the word under `draws`."""
