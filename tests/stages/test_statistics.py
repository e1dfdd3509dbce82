"""The stage that compares rows, on made-up runs: what it says, and where it says that nothing can be said."""

import numpy as np
import pytest
from made_rows import files_of, make_rows
from origins import TWIN
from scipy import stats
from sklearn.metrics import f1_score

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.scores.comparisons import COLUMNS
from overheard.stages.statistics import Settings, statistics

TABLES = {
    "table2": {
        "blocks": [{"rows": ["scratch", "scene", "scene+event"], "columns": ["image"]}],
        "metrics": ["precision", "recall", "f_score"],
    },
    "again": {"blocks": [{"rows": ["scene", "scratch"], "columns": ["image"]}], "metrics": ["f_score"]},
}


def compare(folder, tables=TABLES, left_out=None, **changed):
    """The lines of comparisons.csv by rows and metric, and the report."""
    writes = {"comparisons": folder / "comparisons.csv", "report": folder / "report.md"}
    settings = Settings("mini", TWIN._asdict(), tables, left_out or {})
    statistics(settings=settings, **(files_of(folder) | changed), **writes)
    lines = artifacts.read_table(writes["comparisons"], COLUMNS)
    found = {(f"{line['row_a']}@{line['column_a']}", f"{line['row_b']}@{line['column_b']}", line["metric"]): line
             for line in lines}  # fmt: skip
    assert len(found) == len(lines)
    return found, writes["report"].read_text()


PAIR = ("scene@image", "scene+event@image", "f_score")


def f_scores(folder, method, seeds=range(5)):
    """Of each seed, by scikit-learn."""
    found = []
    for seed in seeds:
        said = artifacts.read_arrays(folder / f"evaluate/{method}/image/seed-{seed}/predictions.npz")
        found.append(100 * f1_score(said["label"], said["scene_logits"].argmax(1), average="weighted", zero_division=0))
    return np.array(found)


def test_every_pair_of_a_table_once_in_its_order_with_its_metrics(tmp_path):
    found, report = compare(make_rows(tmp_path / "mini"))
    pairs = [("scratch", "scene"), ("scratch", "scene+event"), ("scene", "scene+event")]
    metrics = TABLES["table2"]["metrics"]
    assert list(found) == [(f"{a}@image", f"{b}@image", metric) for a, b in pairs for metric in metrics]
    assert "SIMULATED TWIN" in report
    assert "3 rows, 5 seeds (0, 1, 2, 3, 4), 5 folds" in report
    assert "A class has 10 to 10 test locations, 2 to 2 in a fold" in report
    assert "5 folds give p of 0.0625 at least, so they cannot decide at 0.05" in report
    assert "processor" in report


def test_over_folds_the_numbers_are_scikit_learns_and_nadeau_and_bengios(tmp_path):
    folder = make_rows(tmp_path / "mini")
    line = compare(folder)[0][PAIR]
    first, second = f_scores(folder, "scene"), f_scores(folder, "scene+event")
    difference = second - first
    assert float(line["mean_a"]) == pytest.approx(first.mean(), abs=1e-4)
    assert float(line["difference"]) == pytest.approx(difference.mean(), abs=1e-4)
    # 12 test clips of 3 classes, 48 to train on
    error = np.sqrt((1 / 5 + 12 / 48) * difference.var(ddof=1))
    assert float(line["seed_error"]) == pytest.approx(error, abs=1e-4)
    half = stats.t.ppf(0.975, 4) * error
    assert float(line["seed_low"]) == pytest.approx(difference.mean() - half, abs=1e-3)
    assert (line["n"], line["folds"], line["df"], line["floor"]) == ("5", "5", "4", "0.0625")
    assert float(line["detectable"]) == pytest.approx(2.8 * float(line["location_error"]), abs=1e-3)
    assert int(line["locations_needed"]) == pytest.approx(6 * int(line["seeds_needed"]), abs=6)
    assert "Nadeau-Bengio" in line["covers"]


def drawn_differences(folder, seeds, draws=250):
    """(draws, seeds) of scikit-learn's F of scene+event less scene, locations drawn again within class and fold."""
    rng = np.random.default_rng(0)
    found = np.zeros((draws, len(seeds)))
    for column, seed in enumerate(seeds):
        first, second = (
            artifacts.read_arrays(folder / f"evaluate/{method}/image/seed-{seed}/predictions.npz")
            for method in ("scene", "scene+event")
        )
        # two locations a class and fold: one of them with the weight 2; ids are class-place-clip
        place = np.array([clip.rpartition("-")[0] for clip in first["id"]])
        names = np.unique(place).reshape(3, 2)
        for draw in range(draws):
            weight = 2.0 * np.isin(place, names[np.arange(3), rng.integers(0, 2, 3)])
            scores = [
                f1_score(
                    said["label"], said["scene_logits"].argmax(1), sample_weight=weight, average="weighted",
                    zero_division=0, labels=range(3),
                )
                for said in (first, second)
            ]  # fmt: skip
            found[draw, column] = 100 * (scores[1] - scores[0])
    return found


def test_the_error_of_locations_and_trainings_together_is_that_of_drawing_by_hand(tmp_path):
    folder = make_rows(tmp_path / "mini")
    drawn = drawn_differences(folder, range(5))
    difference = f_scores(folder, "scene+event") - f_scores(folder, "scene")
    # folds test other locations, so their variances add
    of_locations = drawn.var(axis=0, ddof=1).sum() / 25
    of_trainings = max(0.0, difference.var(ddof=1) / 5 - of_locations)
    expected = np.sqrt(of_locations + (1 + 5 * 12 / 48) * of_trainings)
    assert float(compare(folder)[0][PAIR]["location_error"]) == pytest.approx(expected, rel=0.08)
    single = make_rows(tmp_path / "single", seeds=[0])
    expected = drawn[:, 0].std(ddof=1)
    assert float(compare(single)[0][PAIR]["location_error"]) == pytest.approx(expected, rel=0.08)


def test_on_one_split_the_interval_is_of_this_split_only(tmp_path):
    folder = make_rows(tmp_path / "mini", folds=1)
    found, report = compare(folder)
    line = found[PAIR]
    expected = stats.ttest_rel(f_scores(folder, "scene+event"), f_scores(folder, "scene")).confidence_interval()
    assert (float(line["seed_low"]), float(line["seed_high"])) == pytest.approx(tuple(expected), abs=1e-3)
    assert line["folds"] == "1"
    assert "on this split only" in line["covers"]
    assert "one split for all seeds" in report


def test_a_users_own_split_is_no_fold(tmp_path):
    folder = make_rows(tmp_path / "mini", folds=1, own_split=True)
    line = compare(folder)[0][PAIR]
    assert (line["folds"], line["df"]) == ("1", "4")
    assert "on this split only" in line["covers"]


def test_one_seed_has_no_test_over_seeds_and_says_so(tmp_path):
    found, report = compare(make_rows(tmp_path / "mini", seeds=[0]))
    line = found[PAIR]
    nothing = ("seed_error", "df", "seed_low", "seed_high", "improvement", "floor", "detectable", "seeds_needed")
    assert {line[name] for name in nothing} == {""}
    assert line["location_low"]
    assert line["p_exchange"]
    assert "one seed: no ± and no test over seeds" in line["covers"]
    assert "One seed: no ±" in report


def test_two_runs_of_the_same_bytes(tmp_path):
    folder = make_rows(tmp_path / "mini")
    first = (folder / "comparisons.csv", folder / "report.md")
    compare(folder)
    before = [path.read_bytes() for path in first]
    compare(folder, scores=files_of(folder)["scores"][::-1], predictions=files_of(folder)["predictions"][::-1])
    assert [path.read_bytes() for path in first] == before


def test_rows_without_runs_and_missing_seeds_are_said(tmp_path):
    folder = make_rows(tmp_path / "mini")
    given = files_of(folder)
    keep = [
        path for path in given["scores"] if "scene+event/image/seed-3" not in str(path) and "scratch" not in str(path)
    ]
    changed = {"scores": keep, "predictions": [path.with_name("predictions.npz") for path in keep]}
    found, report = compare(folder, left_out={"scratch|image": "no tagger"}, **changed)
    assert found[PAIR]["n"] == "4"
    assert found[PAIR]["covers"].startswith("seeds 0, 1, 2, 4 of 0, 1, 2, 3, 4; ")
    gone = found["scratch@image", "scene@image", "f_score"]
    assert (gone["difference"], gone["covers"]) == ("", "scratch@image: left out: no tagger")
    assert "scratch@image: left out: no tagger" in report


def test_no_row_at_all(tmp_path):
    folder = make_rows(tmp_path / "mini", seeds=[0])
    found, report = compare(folder, splits=[], scores=[], predictions=[])
    assert {line["covers"] for line in found.values()} == {
        f"{a}@image: no run; {b}@image: no run" for a, b, _ in ((k[0][:-6], k[1][:-6], k[2]) for k in found)
    }
    assert "No row was made" in report


def test_epochs_of_one_run_are_no_trainings(tmp_path):
    found, report = compare(make_rows(tmp_path / "mini", seeds=[10], folds=1, epochs=5))
    line = found[PAIR]
    assert (line["n"], line["location_error"], line["p_exchange"]) == ("6", "", "")
    assert line["difference"]
    assert line["covers"] == "epochs of one run, not trainings: no interval and no test"
    assert line["covers"] in report


def test_rows_of_other_seeds_are_not_paired(tmp_path):
    folder = make_rows(tmp_path / "mini")
    given = files_of(folder)
    half = {"scene/": (0, 1), "scene+event/": (2, 3)}
    keep = [
        p for p in given["scores"] for row, seeds in half.items() if row in str(p) and int(p.parts[-2][5:]) in seeds
    ]
    changed = {"scores": keep, "predictions": [path.with_name("predictions.npz") for path in keep]}
    line = compare(folder, **changed)[0][PAIR]
    assert line["p_exchange"] == ""
    assert "not paired: seeds [0, 1] against [2, 3]" in line["covers"]


def _rewrite(folder, **arrays):
    path = folder / "evaluate/scene/image/seed-0/predictions.npz"
    artifacts.write_arrays(path, **(artifacts.read_arrays(path) | arrays))


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (
            lambda was: {"id": np.array([f"x{clip}" for clip in was["id"]])},
            PairingError,
            "not the test clips of its fold",
        ),
        (lambda was: {"id": was["id"][::-1]}, PairingError, "they stand in another order"),
        (lambda was: {"label": (was["label"] + 1) % 3}, PairingError, "other labels than the index has: beach-0-0"),
        (lambda was: {"scene_logits": was["scene_logits"][:, :2]}, PairingError, "expected 3 classes"),
        (lambda was: {"scene_logits": was["scene_logits"] * np.nan}, MediaError, "no number"),
    ],
    ids=["of another split", "another order", "other labels", "other classes", "NaN"],
)
def test_predictions_that_are_not_of_this_study(tmp_path, change, kind, message):
    folder = make_rows(tmp_path / "mini")
    was = artifacts.read_arrays(folder / "evaluate/scene/image/seed-0/predictions.npz")
    _rewrite(folder, **change(was))
    with pytest.raises(kind, match=message):
        compare(folder)


def test_runs_that_do_not_belong(tmp_path):
    folder = make_rows(tmp_path / "mini")
    given = files_of(folder)
    with pytest.raises(
        PairingError, match=r"scene/image/seed-0 is given twice|scene\+event/image/seed-0 is given twice"
    ):
        compare(folder, scores=[given["scores"][5], *given["scores"]],
                predictions=[given["predictions"][5], *given["predictions"]])  # fmt: skip
    with pytest.raises(PairingError, match="15 scores and 14 predictions"):
        compare(folder, predictions=given["predictions"][1:])
    with pytest.raises(PairingError, match=r"tested on fold 4; there are splits of \[0, 1, 2, 3\]"):
        compare(folder, splits=given["splits"][:4])
    path = folder / "evaluate/scratch/image/seed-0/scores.json"
    path.write_text(path.read_text().replace('"beach"', '"bay"'))
    with pytest.raises(PairingError, match="classes bay, forest, lake, expected beach, forest, lake"):
        compare(folder)
