"""A fair search: what is chosen, and what is said of it."""

from overheard.scores.paired import Scores
from overheard.scores.tuned import COLUMNS, TRIALS, Searched, Tuned, chosen, csv_line, markdown, trial_line
from overheard.scores.worth import simultaneous, worth

ROW, OTHER = ("scene", "image"), ("scratch", "image")
TRIED = [
    Searched(ROW, 0, "as it is", [50.0, 60.0]),
    Searched(ROW, 1, "learning_rate = 0.01", [70.0, 41.0]),
    Searched(ROW, 2, "learning_rate = 0.02", [56.0, 55.0]),
    Searched(OTHER, 0, "as it is", [30.0, 30.0]),
    Searched(OTHER, 1, "learning_rate = 0.01", [10.0, 49.0]),
]


def test_the_highest_mean_over_all_places_is_chosen_and_of_equal_ones_the_first():
    best = chosen(TRIED)
    assert {row: one.trial for row, one in best.items()} == {ROW: 1, OTHER: 0}
    lines = [trial_line(one, best) for one in TRIED]
    assert [line["chosen"] for line in lines] == ["0", "1", "0", "1", "0"]
    assert (tuple(lines[0]), lines[1]["validation"], lines[1]["n"]) == (TRIALS, "55.5000", "2")


def test_the_table_compares_on_the_same_fresh_seeds():
    fold = {5: 0, 6: 1, 7: 2}
    first = Scores({5: 50.0, 6: 52.0, 7: 51.0}, fold, 20, 60)
    second = Scores({5: 53.0, 6: 54.0, 7: 55.0}, fold, 20, 60)
    (found,) = simultaneous([worth(first, second)])
    line = Tuned(TRIED[1], TRIED[0], found, 51.0)
    told = csv_line(line)
    assert set(told) == set(COLUMNS)
    assert (told["fixed"], told["tuned"]) == ("51.0000", "54.0000")
    assert float(told["low"]) < 3.0 < float(told["high"])
    same = Tuned(TRIED[3], TRIED[3], None, 30.0)
    assert (csv_line(same)["tuned"], csv_line(same)["low"]) == ("", "")
    text = markdown("t", ["Said."], [line, same])
    assert "| scene, image | learning_rate = 0.01 | 55.00 | 55.50 | 51.00 | 54.00 |" in text
    assert "| scratch, image | as it is | 30.00 | 30.00 | 30.00 | – |  |" in text
