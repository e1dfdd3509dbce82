"""Which events tell a scene."""

import numpy as np

from overheard.learning.telling import Telling, clearest, lifts, most_telling

PRIOR = np.array([[0.6, 0.2, 0.04, 0.3], [0.2, 0.2, 0.01, 0.9]])


def test_a_lift_is_a_probability_over_its_mean_over_the_scenes():
    # by hand: means 0.4, 0.2, 0.025, 0.6
    np.testing.assert_allclose(lifts(PRIOR), [[1.5, 1, 1.6, 0.5], [0.5, 1, 0.4, 1.5]])


def test_telling_events_are_known_probable_and_above_the_mean():
    assert most_telling(PRIOR, [0, 1, 2, 3], 3, 0.05) == [Telling(0, 0, 1), Telling(1, 3, 1)]
    assert most_telling(PRIOR, [0, 1, 2, 3], 3, 0.04) == [Telling(0, 2, 1), Telling(0, 0, 2), Telling(1, 3, 1)]
    assert most_telling(PRIOR, [0, 1, 2, 3], 1, 0.04) == [Telling(0, 2, 1), Telling(1, 3, 1)]
    assert most_telling(PRIOR, [0, 1], 3, 0.04) == [Telling(0, 0, 1)]


def test_where_all_scenes_are_alike_no_event_tells_one():
    assert most_telling(np.full((3, 4), 0.5), [0, 1, 2, 3], 3, 0.05) == []


def test_of_equal_lifts_the_first_event_comes_first():
    prior = np.array([[0.4, 0.4], [0.2, 0.2]])
    assert most_telling(prior, [1, 0], 2, 0.05) == [Telling(0, 0, 1), Telling(0, 1, 2)]


def test_the_clearest_clips_are_of_different_locations():
    probability = np.array([0.5, 0.9, 0.8, 0.7, 0.9])
    assert clearest(probability, ["a", "b", "b", "c", "d"], 3) == [1, 4, 3]
    assert clearest(probability, ["a", "a", "a", "a", "a"], 3) == [1]
