"""Outputs exchanged between locations: every output once, none at home, whole locations together, groups kept."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.errors import ConfigError
from overheard.media.exchanged import exchanged, exchanged_in_splits


def clips(sizes):
    return {f"{place}_{clip}": f"{place}" for place, size in enumerate(sizes) for clip in range(size)}


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.integers(0, 99))
def test_every_output_goes_to_one_clip_and_none_stays_at_its_location(sizes, seed):
    location = clips(sizes)
    other = exchanged(location, np.random.default_rng(seed))
    assert sorted(other) == sorted(other.values()) == sorted(location)
    if 2 * max(sizes) <= sum(sizes):
        assert not [clip for clip, its in other.items() if location[clip] == location[its]]


def test_locations_of_one_size_go_over_whole_and_draws_differ():
    location = clips([5] * 7)
    found = [exchanged(location, np.random.default_rng(seed)) for seed in (0, 1)]
    for other in found:
        pairs = Counter((location[clip], location[its]) for clip, its in other.items())
        assert set(pairs.values()) == {5}
        assert len(pairs) == 7
    assert found[0] != found[1]
    assert exchanged(location, np.random.default_rng(0)) == found[0]
    assert exchanged({}, np.random.default_rng(0)) == {}


ROWS = [
    {"id": f"{scene}{place}{clip}", "class": scene, "location": f"{scene}{place}"}
    for scene in "abc"
    for place in range(6)
    for clip in range(2)
]
SPLIT = {row["id"]: "train" if row["location"][1] in "0123" else "test" for row in ROWS}


def test_outputs_stay_in_their_split_and_within_their_class_or_not():
    scene = {row["id"]: row["class"] for row in ROWS}
    for how in ("within_class", "across"):
        other = exchanged_in_splits(ROWS, SPLIT, how, np.random.default_rng(3))
        assert sorted(other) == sorted(other.values()) == sorted(SPLIT)
        assert all(SPLIT[clip] == SPLIT[its] for clip, its in other.items())
        moved = sum(scene[clip] != scene[its] for clip, its in other.items())
        assert moved == 0 if how == "within_class" else moved > len(ROWS) / 3
    with pytest.raises(ConfigError, match="found 'all'; expected within_class or across"):
        exchanged_in_splits(ROWS, SPLIT, "all", np.random.default_rng(3))
