"""Every figure that a study file can name."""

from collections.abc import Mapping

from overheard.scores.plots import activations, class_statistics, f_score_by_method, pointing
from overheard.scores.plots.given import Draw

DRAWINGS: Mapping[str, Draw] = {
    "activations": activations.draw,
    "class_statistics": class_statistics.draw,
    "f_score_by_method": f_score_by_method.draw,
    "pointing": pointing.draw,
}
"""By the word under `draws`."""
