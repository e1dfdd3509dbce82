"""Which rows lose to a dull baseline, on numbers made by hand."""

from overheard.scores.against_baselines import lost_to

LABELS = {"scene": "L_s", "hand": "Colours", "heard": "Teacher", "majority": "Majority"}


def runs(method: str, modality: str, *f_scores: float) -> list[dict]:
    return [
        {"method": method, "modality": modality, "seed": seed, "f_score": value / 100}
        for seed, value in enumerate(f_scores)
    ]


DULL = [*runs("majority", "none", 3, 4), *runs("hand", "image", 50, 60), *runs("heard", "sound", 20, 30)]


def test_a_row_is_compared_with_baselines_that_see_and_hear_no_more():
    rows = [*runs("scene", "image", 54, 55), *runs("scene", "sound", 26, 26), *runs("scene", "image+sound", 30, 30)]
    (sentence,) = lost_to(DULL, rows, LABELS)
    # the mean of 54 and 55 is below that of 50 and 60; 26 is above 25; both inputs lose to the best of all
    assert "L_s (image) 54.50 < Colours (image) 55.00" in sentence
    assert "L_s (image+sound) 30.00 < Colours (image) 55.00" in sentence
    assert "(sound) 26" not in sentence


def test_a_majority_beats_what_has_learnt_nothing():
    assert lost_to(DULL, runs("scene", "sound", 1, 2), LABELS) == [
        "Mean F below that of a dull baseline: L_s (sound) 1.50 < Teacher (sound) 25.00."
    ]


def test_nothing_is_said_where_no_row_loses():
    assert lost_to(DULL, runs("scene", "image", 80, 80), LABELS) == []
    assert lost_to([], runs("scene", "image", 1, 1), LABELS) == []


def test_a_baseline_in_the_table_is_not_compared_with_the_others():
    dull = [*DULL, *runs("background", "sound", 10, 11)]
    assert lost_to(dull, [*dull, *runs("scene", "image", 80, 80)], LABELS) == []
