"""What a change is worth: against scipy's paired t, and Nadeau and Bengio's error by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from overheard.errors import PairingError
from overheard.io import artifacts
from overheard.io.tested import read_tested
from overheard.scores.comparisons import Asked, covariance_over_locations, groups_of
from overheard.scores.paired import Scores
from overheard.scores.worth import OverLocations, simultaneous, worth
from overheard.scores.worth_table import Line, csv_line, markdown

REFERENCE = Path(__file__).parents[2] / "reference" / "twin"

FIRST = {0: 60.0, 1: 62.5, 2: 61.0, 3: 65.0, 4: 70.0}
SECOND = {0: 63.0, 1: 63.0, 2: 66.0, 3: 66.5, 4: 71.0}


def scores(values, folds=1):
    return Scores(values, {seed: seed % folds for seed in values}, 20.0, 70.0)


@pytest.mark.parametrize("together", [1, 14])
def test_on_one_split_the_interval_is_scipys_paired_t(together):
    found = simultaneous([worth(scores(FIRST), scores(SECOND))] * together)[0]
    result = stats.ttest_rel(list(SECOND.values()), list(FIRST.values()))
    interval = result.confidence_interval(1 - 0.05 / together)
    assert (found.difference - found.half, found.difference + found.half) == pytest.approx(tuple(interval))
    assert (found.n, found.df, found.one_split) == (5, 4, True)
    assert (found.first, found.second) == pytest.approx((np.mean(list(FIRST.values())), np.mean(list(SECOND.values()))))


def test_over_folds_the_error_has_what_they_share():
    values = {seed: float(value) for seed, value in enumerate((1, 4, 2, 8, 3, 5, 6, 2, 9, 4))}
    zeros = dict.fromkeys(values, 0.0)
    found = worth(scores(zeros, 5), scores(values, 5))
    means = [np.mean([values[fold], values[fold + 5]]) for fold in range(5)]
    assert found.error == pytest.approx(math.sqrt((1 / 5 + 20 / 70) * np.var(means, ddof=1)))
    assert (found.df, found.one_split) == (4, False)


def test_unpaired_sides_have_the_errors_of_both():
    found = worth(scores(FIRST), scores(SECOND), paired=False)
    assert found.error == pytest.approx(math.hypot(stats.sem(list(FIRST.values())), stats.sem(list(SECOND.values()))))


def test_where_the_same_clips_are_tested_the_interval_is_that_of_the_studys_own_comparison():
    # a pair whose trainings add to what its locations explain
    rows = (("scene", "sound"), ("scene", "image"))
    paths = [REFERENCE / f"evaluate/{method}/{column}/seed-{seed}" for method, column in rows for seed in range(5)]
    study = read_tested(
        REFERENCE / "media/index.csv",
        sorted(REFERENCE.glob("media/fold-*/splits.csv")),
        [path / "scores.json" for path in paths],
        [path / "predictions.npz" for path in paths],
        ["f_score"],
    )
    asked = Asked(*rows, ["f_score"])
    groups = groups_of(study, asked, range(5))
    over = OverLocations(
        covariance_over_locations(study, asked, groups, "f_score"), study.locations_of([*study.splits])[1]
    )
    n_test, n_train = (
        np.mean([count(split) for split in study.splits.values()])
        for count in (lambda split: len(split.test), lambda split: split.n_train)
    )
    sides = [
        Scores(
            {seed: 100 * run["f_score"] for seed, run in study.runs[row].items()},
            {seed: run["fold"] for seed, run in study.runs[row].items()},
            n_test,
            n_train,
        )
        for row in rows
    ]
    (found,) = simultaneous([worth(*sides, True, over)])
    lines = artifacts.read_table(REFERENCE / "statistics/figure6.comparisons.csv")
    (line,) = [
        line
        for line in lines
        if ((line["row_a"], line["column_a"]), (line["row_b"], line["column_b"]), line["metric"]) == (*rows, "f_score")
    ]
    ends = float(line["location_low"]), float(line["location_high"])
    assert (found.difference - found.half, found.difference + found.half) == pytest.approx(ends, abs=1e-4)
    assert found.over_locations
    unpaired = worth(*sides, False, over)
    assert (unpaired.over_locations, unpaired.df) == (False, 4)


def test_other_seeds_or_a_single_one_are_refused():
    with pytest.raises(PairingError, match=r"seeds \[0, 1, 2, 3, 4\] against \[0, 1, 2, 3\]; expected the same"):
        worth(scores(FIRST), scores({seed: SECOND[seed] for seed in range(4)}))
    with pytest.raises(PairingError, match="at least two"):
        worth(scores({0: 1.0}), scores({0: 2.0}))


def test_a_line_says_its_experiments_and_is_bold_where_the_interval_leaves_out_0():
    clear, noise = simultaneous([worth(scores(FIRST), scores(second)) for second in (shifted(9), shifted(0.1))])
    lines = [
        Line("corrected", {"alpha": value}, "scene", "image", its, 2, "twin-a", "twin-b")
        for value, its in ((1.0, clear), (0.2, noise))
    ]
    text = markdown("Title", ["Said."], lines, {"corrected: epochs = 3": "no row"})
    assert "| corrected | alpha = 1.0 | scene, image | 63.70 | 72.70 | **+9.00** |" in text
    assert "| 63.80 | +0.10 |" in text
    assert "- left out: corrected: epochs = 3: no row" in text
    line = csv_line(lines[0])
    assert (line["experiment"], line["against"], line["trainings"]) == ("twin-a", "twin-b", 10)
    assert float(line["low"]) < float(line["difference"]) == 9.0 < float(line["high"])


def shifted(by):
    return {seed: value + by + 0.3 * (-1) ** seed - 0.06 for seed, value in FIRST.items()}
