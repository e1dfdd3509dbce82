"""Standard errors of differences against formulas and against drawing again by hand."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from overheard.scores import power


def test_the_error_over_folds_averages_seeds_of_a_fold_first():
    # fold means 1, 3, 2: variance 1; (1/3 + 100/400) x 1
    found = power.fold_error([0, 2, 3, 3, 2, 2], [0, 0, 1, 1, 2, 2], 100, 400)
    assert found == pytest.approx(np.sqrt(1 / 3 + 0.25))


def test_half_the_difference_takes_four_times_the_seeds():
    assert power.seeds_for(4.0, 2.0, 5) == 20


def test_the_error_over_locations_is_that_of_drawing_them_by_hand():
    rng = np.random.default_rng(1)
    classes, places, clips = 3, 12, 4
    label = np.repeat(np.arange(classes), places * clips)
    location = np.repeat([f"p{n:02d}" for n in range(classes * places)], clips)
    # a location is right or wrong as a whole, so its clips are no independent ones
    sides = []
    for share in (0.7, 0.5):
        right = np.repeat(rng.random(classes * places) < share, clips)
        sides.append(np.where(right, label, (label + 1) % classes))
    found = power.location_error(label, location, tuple(sides), classes)
    names = {scene: np.unique(location[label == scene]) for scene in range(classes)}
    values = []
    for _ in range(800):
        drawn = np.concatenate([rng.choice(its, len(its)) for its in names.values()])
        rows = np.concatenate([np.flatnonzero(location == name) for name in drawn])
        a, b = (100 * f1_score(label[rows], side[rows], average="weighted") for side in sides)
        values.append(a - b)
    assert found == pytest.approx(np.std(values, ddof=1), rel=0.08)
    # with clips taken for independent it would be half as large
    alone = power.location_error(label, np.arange(len(label)).astype(str), tuple(sides), classes)
    assert alone < 0.65 * found
