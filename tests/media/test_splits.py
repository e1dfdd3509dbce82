"""The split by location: its shares, its generator, and what it refuses."""

import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overheard.errors import ConfigError, MediaError
from overheard.media.split_draws import Draw, counts
from overheard.media.splits import check_classes, check_splittable, has_own_split, split_clips, training_labels
from overheard.seeds import key

FRACTIONS = (0.7, 0.1, 0.2)


def _rows(locations: dict[str, int], copies: int = 2) -> list[dict[str, str]]:
    rows = []
    for number, name in enumerate(sorted(locations)):
        for place in range(locations[name]):
            location = f"{number}{place:04d}"
            ids = [location, *(f"{location}_{k}" for k in range(1, copies))]
            empty = {"recording": location, "lat": "", "lon": "", "split": ""}
            rows += [{"id": clip, "class": name, "location": location} | empty for clip in ids]
    return rows


@pytest.mark.parametrize(
    ("locations", "expected"),
    # the paper's shares where they come out whole; the least that every split must have below
    [
        (10, (7, 1, 2)),
        (100, (70, 10, 20)),
        (3, (1, 1, 1)),
        (4, (2, 1, 1)),
        (12, (9, 1, 2)),
        (15, (10, 2, 3)),
        (862, (604, 86, 172)),
    ],
)
def test_shares_of_locations(locations, expected):
    assert counts(locations, FRACTIONS) == expected


@pytest.mark.parametrize(
    ("locations", "fractions", "expected"),
    [(4, (0.1, 0.45, 0.45), (1, 1, 2)), (4, (0.05, 0.15, 0.8), (1, 1, 2)), (5, (0.05, 0.9, 0.05), (1, 3, 1))],
)
def test_the_larger_of_validation_and_test_gives_the_location_to_train_on(locations, fractions, expected):
    assert counts(locations, fractions) == expected


@given(st.integers(10, 3000))
def test_shares_are_rounded_to_the_nearest_and_halves_up(locations):
    val, test = (int((Decimal(share) * locations).quantize(Decimal(1), ROUND_HALF_UP)) for share in ("0.1", "0.2"))
    assert counts(locations, FRACTIONS) == (locations - val - test, val, test)


@given(st.integers(3, 3000), st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_every_split_gets_a_location(locations, val, test):
    shares = counts(locations, (1 - val - test, val, test))
    assert sum(shares) == locations
    assert min(shares) >= 1


def test_the_draw_is_the_documented_one():
    # written again from the module's first paragraph
    rows = _rows({"lake": 10}, copies=1)
    order = np.random.Generator(np.random.Philox(np.random.SeedSequence([key("split"), 5, key("lake")]))).permutation(
        10
    )
    words = ["train"] * 7 + ["val"] + ["test"] * 2
    expected = {f"0{place:04d}": word for place, word in zip(order, words, strict=True)}
    assert split_clips(rows, Draw(FRACTIONS, 5)) == dict(sorted(expected.items()))


def test_the_order_of_rows_and_other_classes_change_nothing():
    rows = _rows({"lake": 20, "beach": 11})
    whole = split_clips(rows, Draw(FRACTIONS, 0))
    assert split_clips(rows[::-1], Draw(FRACTIONS, 0)) == whole
    alone = split_clips([row for row in rows if row["class"] == "lake"], Draw(FRACTIONS, 0))
    assert alone.items() <= whole.items()
    assert split_clips(rows, Draw(FRACTIONS, 1)) != whole


def test_a_location_stays_together():
    rows = _rows({"lake": 30, "beach": 9}, copies=5)
    assigned = split_clips(rows, Draw(FRACTIONS, 0))
    words = defaultdict(set)
    for row in rows:
        words[row["location"]].add(assigned[row["id"]])
    assert Counter(len(found) for found in words.values()) == {1: 39}


def test_three_locations_are_enough():
    assert sorted(split_clips(_rows({"lake": 3}, copies=1), Draw(FRACTIONS, 0)).values()) == ["test", "train", "val"]


def test_fewer_than_three_locations():
    with pytest.raises(
        MediaError, match=r"each have one: beach: 2 \(00000, 00001\); lake: 1 \(10000\); add locations,"
    ):
        split_clips(_rows({"lake": 1, "beach": 2}), Draw(FRACTIONS, 0))
    with pytest.raises(MediaError, match=r"fewer than 3 locations.*beach: 2 \(00000, 00001\).*source.classes"):
        split_clips(_rows({"lake": 5, "beach": 2}), Draw(FRACTIONS, 0))


@pytest.mark.parametrize("fractions", [(0.7, 0.3), (0.7, 0.1, 0.1), (1.0, 0.0, 0.0), (0.9, 0.2, -0.1)])
def test_impossible_fractions(fractions):
    with pytest.raises(ConfigError, match="fractions"):
        split_clips(_rows({"lake": 5}), Draw(fractions, 0))


def test_a_given_split_is_obeyed():
    rows = _rows({"lake": 3})
    for row, word in zip(rows, ["test", "test", "train", "train", "val", "val"], strict=True):
        row["split"] = word
    assert split_clips(rows, Draw(FRACTIONS, 0)) == {row["id"]: row["split"] for row in rows}


def _given(*words: str) -> list[dict[str, str]]:
    rows = _rows({"lake": len(words)}, copies=1)
    for row, word in zip(rows, words, strict=True):
        row["split"] = word
    return rows


@pytest.mark.parametrize("word", ["", "valid", "Test"])
def test_a_given_split_must_be_complete(word):
    with pytest.raises(MediaError, match=r"column split: 1 of 4 clips.*00003"):
        split_clips(_given("train", "val", "test", word), Draw(FRACTIONS, 0))


def test_every_clip_without_a_usable_split_is_named():
    with pytest.raises(MediaError) as error:
        split_clips(_given("train", "val", "test", "", "valid"), Draw(FRACTIONS, 0))
    assert str(error.value) == (
        "metadata.csv, column split: 2 of 5 clips have no usable split: 00003 (empty), 00004 (valid); "
        "expected train, val or test for every clip, or no such column at all"
    )


def test_a_given_split_must_have_a_location_everywhere():
    with pytest.raises(MediaError) as error:
        split_clips(_given("train", "train"), Draw(FRACTIONS, 0))
    assert str(error.value) == (
        "metadata.csv, column split: every class needs a location in each split; lake has none in val; "
        "lake has none in test; change the column, or leave the class out with the setting source.classes"
    )


@pytest.mark.parametrize("words", [["recording"], ["lat"], ["lon"]])
def test_what_is_not_known_of_clips_is_no_leak(words):
    rows = _given("train", "val", "test")
    for row in rows:
        row["recording"] = ""
        row |= dict.fromkeys((word for word in words if word != "recording"), "48.1")
    assert split_clips(rows, Draw(FRACTIONS, 0)) == {row["id"]: row["split"] for row in rows}


@pytest.mark.parametrize(("leaks", "more"), [(2, ""), (20, ""), (21, "\n  and 1 more"), (30, "\n  and 10 more")])
def test_twenty_leaks_are_shown_and_the_others_counted(leaks, more):
    rows = _given(*["train", "test"] * leaks, "val")
    for place, row in enumerate(rows[:-1]):
        row["recording"] = f"r{place // 2:02d}"
    shown = [f"recording r{k:02d}: test ({2 * k + 1:05d}), train ({2 * k:05d})" for k in range(min(leaks, 20))]
    with pytest.raises(MediaError) as error:
        split_clips(rows, Draw(FRACTIONS, 0))
    assert str(error.value) == (
        "the same thing in two splits, so the test would see what training saw:\n  "
        + "\n  ".join(shown)
        + f"{more}\ngive such clips one location, or one split, in metadata.csv"
    )


@pytest.mark.parametrize(
    ("key_", "value", "message"),
    [
        ({"location": "L"}, None, r"location L: test \(00002\), train \(00000\)"),
        ({"recording": "r"}, None, r"recording r: test \(00002\), train \(00000\)"),
        ({"lat": "48.10", "lon": "11"}, {"lat": "48.1", "lon": "11.0"}, r"coordinate \(48.1, 11.0\): test"),
    ],
)
def test_a_leak_is_an_error(key_, value, message):
    rows = _given("train", "val", "test")
    rows[0] |= key_
    rows[2] |= value or key_
    with pytest.raises(MediaError, match=message):
        split_clips(rows, Draw(FRACTIONS, 0))


def test_a_recording_shared_by_two_drawn_locations_is_seen():
    rows = _rows({"lake": 10}, copies=1)
    for row in rows:
        row["recording"] = "one"
    with pytest.raises(MediaError, match="recording one"):
        split_clips(rows, Draw(FRACTIONS, 0))


# --- folds

FIFTHS = Draw(FRACTIONS, 0, 5)


def test_one_split_is_as_it_was_before_there_were_folds():
    """Computed by the program of commit 2f2f02f."""
    words = [["train", "test", "val", "train"], ["train", "train", "train", "train", "train", "val", "test"]]
    expected = {f"{number}{place:04d}": word for number in (0, 1) for place, word in enumerate(words[number])}
    assert split_clips(_rows({"beach": 4, "lake": 7}, copies=1), Draw(FRACTIONS, 3)) == expected


def test_the_folds_are_the_documented_ones():
    # written again from the module's third paragraph
    rows = _rows({"lake": 12}, copies=1)
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence([key("split"), 5, key("lake")])))
    order, start = random.permutation(12), random.integers(5)
    cuts = [0, 2, 4, 7, 9, 12]
    for fold in range(5):
        block = (fold + start) % 5
        tested = range(cuts[block], cuts[block + 1])
        expected = {
            f"0{place:04d}": "test" if at in tested else "val" if at == cuts[block + 1] % 12 else "train"
            for at, place in enumerate(order)
        }
        assert split_clips(rows, Draw(FRACTIONS, 5, 5), fold) == dict(sorted(expected.items()))


@given(
    st.lists(st.integers(3, 40), min_size=1, max_size=4), st.integers(2, 10), st.integers(0, 99), st.floats(0.01, 0.99)
)
def test_each_location_is_tested_in_exactly_one_fold(sizes, folds, seed, of_rest):
    sizes = [max(size, folds, 4) for size in sizes]
    rows = _rows({f"class{number}": size for number, size in enumerate(sizes)})
    rest = 1 - 1 / folds
    fractions = (rest * (1 - of_rest), rest * of_rest, 1 / folds)
    assigned = [split_clips(rows, Draw(fractions, seed, folds), fold) for fold in range(folds)]
    tested = [{row["location"] for row in rows if split[row["id"]] == "test"} for split in assigned]
    assert sorted(place for of_fold in tested for place in of_fold) == sorted({row["location"] for row in rows})
    for name, size in ((f"class{number}", size) for number, size in enumerate(sizes)):
        words = [Counter(split[row["id"]] for row in rows if row["class"] == name) for split in assigned]
        # two clips a location
        assert {count["test"] // 2 for count in words} <= {size // folds, -(-size // folds)}
        for count in words:
            val = min(counts(size, fractions)[1], size - count["test"] // 2 - 1)
            assert (count["val"] // 2, min(count.values()) >= 2) == (val, True)


def test_larger_blocks_do_not_all_fall_to_the_same_fold():
    """Forty classes of eleven locations: were one and the same fold to test the eleventh of each, it would test 120."""
    rows = _rows({f"class{number:02d}": 11 for number in range(40)}, copies=1)
    tested = [list(split_clips(rows, FIFTHS, fold=fold).values()).count("test") for fold in range(5)]
    assert sum(tested) == 440
    assert max(tested) - min(tested) < 20


def test_a_users_split_is_the_same_in_every_fold():
    rows = _given("train", "val", "test")
    splits = [split_clips(rows, FIFTHS, fold=fold) for fold in range(5)]
    assert has_own_split(rows)
    assert splits == [{row["id"]: row["split"] for row in rows}] * 5


@pytest.mark.parametrize(
    ("sizes", "folds", "said"),
    [
        (
            {"beach": 4, "lake": 9},
            5,
            "classes with fewer than 5 locations, so that train, val and test of 5 folds cannot each have one: beach: "
            "4 (00000, 00001, 00002, 00003); add locations, or split.folds: 4 (and the fraction 1/4 for test), or one "
            "split for all seeds with --set split.folds=1, or leave the class out with the setting source.classes",
        ),
        (
            {"beach": 2},
            5,
            "classes with fewer than 5 locations, so that train, val and test of 5 folds cannot each have one: beach: "
            "2 (00000, 00001); add locations, or leave the class out with the setting source.classes",
        ),
        (
            {"beach": 3},
            2,
            "classes with fewer than 4 locations, so that train, val and test of 2 folds cannot each have one: beach: "
            "3 (00000, 00001, 00002); add locations, or one split for all seeds with --set split.folds=1, or leave the "
            "class out with the setting source.classes",
        ),
    ],
)
def test_too_few_locations_for_the_folds(sizes, folds, said):
    with pytest.raises(MediaError) as error:
        split_clips(_rows(sizes), Draw((0.5, 0.1, 0.4), 0, folds))
    assert str(error.value) == said


def test_a_fold_that_there_is_not():
    with pytest.raises(ConfigError, match="fold: found 5, expected 0 to 4"):
        split_clips(_rows({"lake": 9}), FIFTHS, fold=5)


def test_a_control_draws_training_labels_again_and_no_other():
    rows = _rows(dict.fromkeys("abcd", 50), copies=3)
    true = {row["id"]: row["class"] for row in rows}
    folds = [split_clips(rows, Draw(FRACTIONS, 0, 5), fold) for fold in range(5)]
    labels = [training_labels(rows, assigned, 0.4, 0) for assigned in folds]
    for assigned, label in zip(folds, labels, strict=True):
        assert label.keys() == {clip for clip, word in assigned.items() if word == "train"}
        # a drawn label is the true one in one of four: 0.4 x 3/4 differ
        changed = np.mean([label[clip] != true[clip] for clip in label])
        assert changed == pytest.approx(0.3, abs=0.06)
    for clip in labels[0].keys() & labels[1].keys():
        assert labels[0][clip] == labels[1][clip]
    assert training_labels(rows, folds[0], 0.0, 0) == {clip: true[clip] for clip in labels[0]}


# --- before anything is decoded


def test_one_class_is_refused_whatever_the_folds():
    said = (
        "one class (lake), so there is nothing to tell apart; expected two or more: add a class folder, or name more "
        "in the setting source.classes"
    )
    with pytest.raises(MediaError, match=f"^{re.escape(said)}$"):
        check_classes(_rows({"lake": 9}))
    with pytest.raises(MediaError, match=re.escape(said)):
        check_splittable(_rows({"lake": 9}), FIFTHS, wanted=[0])
    check_classes(_rows({"lake": 1, "beach": 1}))


def test_every_wanted_fold_is_tried_before_anything_is_decoded():
    rows = _rows({"lake": 5, "beach": 5})
    check_splittable(rows, FIFTHS, wanted=range(5))
    with pytest.raises(MediaError, match="beach: 4"):
        check_splittable(_rows({"lake": 5, "beach": 4}), FIFTHS, wanted=[4])
    # two locations with one recording: in one split in some folds, in two in the others
    of_class = [row for row in rows if row["class"] == "lake"]
    first, second = sorted({row["location"] for row in of_class})[:2]
    tied = [row | {"recording": "r"} if row["location"] in (first, second) else row for row in rows]
    apart = []
    for fold in range(5):
        words = split_clips(rows, FIFTHS, fold=fold)
        if len({words[row["id"]] for row in tied if row["recording"] == "r"}) > 1:
            apart.append(fold)
    together = sorted({*range(5)} - {*apart})
    assert apart
    check_splittable(tied, FIFTHS, wanted=together)
    for fold in apart:
        with pytest.raises(MediaError, match="recording r"):
            check_splittable(tied, FIFTHS, wanted=[*together, fold])
