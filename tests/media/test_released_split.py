"""The released program's split and its prior's clips, on ADVANCE's own names.

`advance_split.npz` comes from running the released functions on the released listing, in its stored order (`released`)
and with the names of each class sorted (`sorted`); clips stand in stored order. 0 is train, 1 validation, 2 test.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from overheard.errors import ConfigError, MediaError
from overheard.io.clips import listed
from overheard.learning.relevance import selected_clips
from overheard.media.class_order import RELEASED, alphabetical, released
from overheard.media.split_draws import SPLITS, UNITS, Draw, drawn
from overheard.media.splits import split_clips

ROOT = Path(__file__).resolve().parents[2]
VECTOR = dict(np.load(ROOT / "tests" / "vectors" / "advance_split.npz"))
IDS = VECTOR["id"].tolist()
LISTING = (ROOT / "config" / "published" / "advance_listing.csv").read_text().split()[1:]
EMPTY = {"recording": "", "lat": "", "lon": "", "split": ""}
ROWS = [
    {"id": clip, "class": RELEASED[label], "location": clip[:5]} | EMPTY
    for clip, label in zip(IDS, VECTOR["label"], strict=True)
]
RELEASED_DRAW = {"unit": "floored_locations", "draw": "by_label", "class_order": "released"}
FRACTIONS = (0.7, 0.1, 0.2)


@pytest.mark.parametrize(
    ("word", "listing", "clips"), [("released", LISTING, (3537, 475, 1063)), ("sorted", None, (3536, 482, 1057))]
)
def test_the_split_is_the_released_programs(word, listing, clips):
    # the folder's own order is not what decides
    found = split_clips(ROWS[::-1], Draw(FRACTIONS, 0, **RELEASED_DRAW, listing=listing))
    assert [found[clip] for clip in IDS] == [SPLITS[code] for code in VECTOR[f"split_{word}"]]
    assert tuple(Counter(found.values())[split] for split in SPLITS) == clips
    places = {split: {clip[:5] for clip in IDS if found[clip] == split} for split in SPLITS}
    assert [len(places[split]) for split in SPLITS] == [1883, 264, 549]


@pytest.mark.parametrize(("word", "listing", "shared"), [("released", LISTING, 448), ("sorted", None, 444)])
def test_the_priors_clips_are_the_released_programs(word, listing, shared):
    scene = {row["id"]: row["class"] for row in ROWS}
    split = {clip: SPLITS[code] for clip, code in zip(IDS, VECTOR[f"split_{word}"], strict=True)}
    clips, _, classes = selected_clips(scene, split, "seventy_percent", "released", listing)
    assert set(clips) == {clip for clip, used in zip(IDS, VECTOR[f"in_prior_{word}"], strict=True) if used}
    assert (len(clips), sum(split[clip] == "test" for clip in clips)) == (3548, shared)
    assert classes == list(RELEASED)


def test_the_listing_is_that_of_the_vector():
    assert LISTING == IDS


def test_a_clip_that_the_listing_does_not_have_is_named():
    with pytest.raises(
        MediaError, match=r"source.listing: 1 clips of the folder are not in it: 04010; give the listing"
    ):
        drawn(ROWS, Draw(FRACTIONS, 0, **RELEASED_DRAW, listing=[clip for clip in LISTING if clip != "04010"]))


def test_a_draw_by_label_makes_one_split():
    with pytest.raises(ConfigError, match="split_draw: by_label makes one split; found folds 5"):
        drawn(ROWS, Draw(FRACTIONS, 0, 5, **RELEASED_DRAW))


@pytest.mark.parametrize("name", ["unit", "draw", "group", "class_order"])
def test_an_unknown_word_is_named(name):
    with pytest.raises(ConfigError, match=f"split_{name}: found 'other'; expected one of "):
        drawn(ROWS, Draw(FRACTIONS, 0, **{name: "other"}))


def test_fractions_may_be_of_pairs():
    """Within the clips of one location of the paper's shares, in each class; a random order of sizes 1 to 9."""
    sizes = np.random.default_rng(3).integers(1, 10, 60)
    rows = [
        {"id": f"{place:05d}_{k}", "class": "lake", "location": f"{place:05d}"} | EMPTY
        for place, size in enumerate(sizes)
        for k in range(size)
    ]
    counts = Counter(split_clips(rows, Draw(FRACTIONS, 1, unit="pairs")).values())
    for split, share in zip(SPLITS, FRACTIONS, strict=True):
        assert abs(counts[split] - share * len(rows)) <= 9
    tested = Counter()
    for fold in range(5):
        found = split_clips(rows, Draw(FRACTIONS, 1, 5, unit="pairs"), fold)
        tests = [clip for clip, split in found.items() if split == "test"]
        assert abs(len(tests) - len(rows) / 5) <= 9
        tested.update(tests)
    assert set(tested.values()) == {1}
    assert len(tested) == len(rows)


def test_locations_that_share_a_coordinate_stay_together():
    """Of 30 locations of two clips, 0 and 1 share a place, 1 and 2 another: the three count as one."""
    rows = []
    for place in range(30):
        for k in range(2):
            where = {0: ("1", "1"), 1: ("2", "2"), 2: ("1.0", "1")}.get(place - (k if place == 2 else 0), ("", ""))
            rows.append({"id": f"{place}_{k}", "class": "lake", "location": f"L{place}"} | EMPTY)
            rows[-1] |= {"lat": where[0], "lon": where[1]} if place in (0, 2) else {}
    rows[1] |= {"lat": "5", "lon": "5"}
    rows[2] |= {"lat": "5", "lon": "5.0"}
    alone = [drawn(rows, Draw(FRACTIONS, seed)) for seed in range(10)]
    together = [drawn(rows, Draw(FRACTIONS, seed, group="coordinate")) for seed in range(10)]
    of_three = [{split[f"{place}_{k}"] for place in (0, 1, 2) for k in (0, 1)} for split in together]
    assert all(len(words) == 1 for words in of_three)
    assert any(len({split["0_0"], split["1_0"], split["2_0"]}) > 1 for split in alone)
    assert all(len({split[f"{place}_0"], split[f"{place}_1"]}) == 1 for split in together for place in range(30))


def test_classes_in_the_released_order():
    assert released(["lake", "b", "forest", "a", "airport"]) == ["forest", "airport", "lake", "a", "b"]
    assert released(sorted(RELEASED)) == list(RELEASED)
    assert alphabetical(RELEASED) == sorted(RELEASED)


def test_shares_of_pairs_by_hand():
    """Ten clips of six locations, halves and quarters: 5 | 1 1 | 1 1 1; as locations 3, 1 or 2, and what is left."""
    clips, fractions = [5, 1, 1, 1, 1, 1], (0.5, 0.25, 0.25)
    shares = {word: unit.shares(unit.weigh(clips), fractions) for word, unit in UNITS.items()}
    assert shares == {"pairs": (1, 2, 3), "floored_locations": (3, 1, 2), "rounded_locations": (2, 2, 2)}


def test_a_listing_with_an_id_twice_is_refused(tmp_path):
    (tmp_path / "listing.csv").write_text("id\n1\n2\n1\n")
    with pytest.raises(MediaError, match="listing.csv: 1 ids stand in it twice: 1; keep one line"):
        listed(tmp_path / "listing.csv")
