"""Cells: numbers, runs, what may be compared, and when the paper's numbers are shown."""

import io
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from origins import DIRECTORY, RECORD, TWIN
from sklearn.metrics import f1_score

from overheard.errors import ConfigError, PairingError
from overheard.scores import metrics
from overheard.scores.cells import (
    COLUMNS,
    Ask,
    by_row_key,
    table_cells,
    table_rows,
)
from overheard.scores.frames import cells_csv, nested_metrics
from overheard.scores.published import Printed, printed_values
from overheard.scores.tabular import conditions

SPEC = {
    "published": "Table 2",
    "title": "One modality",
    "caption": "Alone.",
    "blocks": [{"rows": ["scratch", "scene"], "columns": ["sound", "image"]}],
    "metrics": ["precision", "f_score"],
}
PRINTED = {
    ("scene", "sound", "f_score"): Printed(28.99, 0.51, 5, False),
    ("scene", "image", "f_score"): Printed(72.85, None, 5, False),
    ("scratch", "image", "f_score"): Printed(64.04, 1.07, None, True),
}
ROWS = [("scratch", "sound"), ("scene", "sound"), ("scratch", "image"), ("scene", "image")]


def ask(source=TWIN, seeds=(0, 1, 2), partial=False, left_out=None):
    return Ask("trial", source, "corrected", list(seeds), partial, left_out or {})


def runs(rows=ROWS, seeds=(0, 1, 2)):
    rng = random.Random(5)
    return [
        {"method": m, "modality": v, "seed": s, "fold": s, "n": 231} | counted(rng.choices(range(1, 60), k=4))
        for m, v in rows
        for s in seeds
    ]


def counted(counts):
    """The scores of a confusion of two classes."""
    confusion = np.array(counts).reshape(2, 2)
    return {"classes": ["beach", "lake"], "confusion": confusion.tolist()} | metrics.scores(confusion)


def as_text(cells):
    """Cells as cells.csv has them."""
    return pd.read_csv(io.StringIO(cells_csv(cells)), dtype=str, keep_default_na=False)


def cell(cells, row, column, metric="f_score"):
    return next(c for c in cells if (c["row"], c["column"], c["metric"]) == (row, column, metric))


def test_rows_come_modality_by_modality_as_the_study_lists_them():
    assert table_rows(SPEC) == ROWS
    with pytest.raises(ConfigError, match="scene/image, scene/sound stands twice"):
        table_rows({"blocks": [{"rows": ["scene", "scene"], "columns": ["sound", "image"]}]})


def test_a_cell_is_numpys_mean_and_sample_std_in_percent():
    given_runs = runs()
    found = cell(table_cells("table2", SPEC, given_runs, ask(), {}), "scene", "image")
    values = [100 * r["f_score"] for r in given_runs if (r["method"], r["modality"]) == ("scene", "image")]
    assert found["mean"] == pytest.approx(np.mean(values), abs=5e-5)
    assert found["std"] == pytest.approx(np.std(values, ddof=1), abs=5e-5)
    assert (found["n"], found["asked"], found["table"]) == (3, 3, "table2")
    assert found["runs"] == "scene/image/seed-0 scene/image/seed-1 scene/image/seed-2"


def test_the_pooled_score_is_of_all_seeds_test_clips_together():
    given_runs = runs()
    found = cell(table_cells("table2", SPEC, given_runs, ask(), {}), "scene", "image")
    own = [run["confusion"] for run in given_runs if (run["method"], run["modality"]) == ("scene", "image")]
    true = [k for confusion in own for k in (0, 1) for _ in range(sum(confusion[k]))]
    predicted = [p for confusion in own for k in (0, 1) for p in (0, 1) for _ in range(confusion[k][p])]
    assert found["pooled"] == pytest.approx(100 * f1_score(true, predicted, average="weighted"), abs=5e-5)
    assert abs(found["pooled"] - found["mean"]) > 1e-3
    one = table_cells("table2", SPEC, runs(seeds=[0]), ask(seeds=[0]), {})[0]
    assert one["pooled"] == one["mean"]


def test_columns_are_the_promised_ones():
    promised = "table,row,column,metric,n,mean,std,pooled,comparable,source,protocol,runs,published_mean,published_std"
    assert ",".join(COLUMNS) == f"{promised},asked,note"
    line = as_text([cell(table_cells("table2", SPEC, runs(), ask(), {}), "scene", "image")]).iloc[0]
    assert list(line.index) == list(COLUMNS)
    assert len(line["mean"].partition(".")[2]) == 4


@pytest.mark.parametrize(
    ("source", "reason"), [(TWIN, "no: simulated twin"), (DIRECTORY, "no: other pairs than ADVANCE")]
)
def test_only_the_published_record_shows_printed_numbers(source, reason):
    for found in table_cells("table2", SPEC, runs(), ask(source), PRINTED):
        assert found["comparable"] == reason
        assert found["published_mean"] is None
        assert found["published_std"] is None


def test_the_published_record_shows_printed_numbers_and_what_is_not_known_of_them():
    cells = table_cells("table2", SPEC, runs(), ask(RECORD), PRINTED)
    plain, no_std = cell(cells, "scene", "sound"), cell(cells, "scene", "image")
    doubtful, none = cell(cells, "scratch", "image"), cell(cells, "scene", "sound", "precision")
    assert (plain["published_mean"], plain["published_std"], plain["note"]) == (28.99, 0.51, "")
    assert (no_std["published_mean"], no_std["published_std"]) == (72.85, None)
    assert no_std["note"] == "printed std not found"
    assert doubtful["note"] == "printed value inferred; the paper names no number of runs"
    assert (none["comparable"], none["note"]) == ("no: no printed number", "no printed number")
    assert {plain["comparable"], no_std["comparable"], doubtful["comparable"]} == {"yes"}
    assert as_text([no_std]).at[0, "published_std"] == ""


def test_missing_runs_are_named_unless_partial():
    fewer = runs()[:-2]
    with pytest.raises(
        PairingError, match=r"^table2: missing runs \(2\): scene/image/seed-1, scene/image/seed-2; make them"
    ):
        table_cells("table2", SPEC, fewer, ask(RECORD), PRINTED)
    found = cell(table_cells("table2", SPEC, fewer, ask(RECORD, partial=True), PRINTED), "scene", "image")
    assert (found["n"], found["std"], found["comparable"]) == (1, None, "no: 1 of 3 seeds")
    assert found["note"].startswith("1 of 3 seeds; one seed: no std")


def test_one_asked_seed_is_complete_and_has_no_std():
    found = table_cells("table2", SPEC, runs(seeds=[0]), ask(seeds=[0]), {})[0]
    assert (found["n"], found["std"], found["note"]) == (1, None, "one seed: no std")


def test_a_row_left_out_has_cells_that_say_why():
    left_out = by_row_key({"scratch|sound": "no sounds were given"})
    cells = table_cells("table2", SPEC, runs(ROWS[1:]), ask(left_out=left_out), {})
    found = cell(cells, "scratch", "sound")
    assert len(cells) == 8
    assert (found["n"], found["mean"], found["pooled"], found["runs"]) == (0, None, None, "")
    assert found["note"] == "left out: no sounds were given"
    with pytest.raises(PairingError, match="^table2: scratch/sound/seed-0, scratch/sound/seed-1, .* left out"):
        table_cells("table2", SPEC, runs(), ask(left_out=left_out), {})
    with pytest.raises(ConfigError, match=r"expected method\|modality"):
        by_row_key({"scratch": "why"})


@given(st.permutations(runs()))
def test_order_of_scores_changes_nothing(permuted):
    assert table_cells("t", SPEC, permuted, ask(), {}) == table_cells("t", SPEC, runs(), ask(), {})


def test_metrics_are_nested_numbers_of_cells_that_have_one():
    left_out = {("scratch", "sound"): "no sounds"}
    cells = as_text(table_cells("table2", SPEC, runs(ROWS[1:]), ask(left_out=left_out), {}))
    nested = nested_metrics(cells)
    line = cell(cells.to_dict("records"), "scene", "image")
    assert nested["table2"]["scene"]["image"]["f_score"] == {
        name: float(line[name]) for name in ("mean", "std", "pooled")
    }
    assert list(nested["table2"]["scratch"]) == ["image"]
    with pytest.raises(PairingError, match="cell table2, scratch, sound, precision is given twice"):
        nested_metrics(pd.concat([cells, cells[:1]]))


def test_numbers_of_a_line_have_four_decimals_and_counts_none():
    line = as_text([cell(table_cells("table2", SPEC, runs(), ask(), {}), "scene", "image") | {"mean": 72.5}]).iloc[0]
    assert (line["mean"], line["n"], line["published_mean"]) == ("72.5000", "3", "")


def test_a_table_names_itself_where_runs_are_wrong():
    foreign = [*runs(), runs([("event1", "sound")])[0]]
    with pytest.raises(PairingError, match="^table2: event1/sound/seed-0 belongs to none"):
        table_cells("table2", SPEC, foreign, ask(), {})


def test_printed_values_of_one_table():
    line = {"table": "Table 2", "row": "scene", "column": "image", "metric": "recall", "mean": "72.79", "std": ""}
    line |= {"n": "5", "source": "the std is lost"}
    other = line | {"table": "Table 3"}
    found = printed_values([line, other], "Table 2")
    assert found == {("scene", "image", "recall"): Printed(72.79, None, 5, False)}
    with pytest.raises(PairingError, match="here: Table 2, scene, image, recall stands there twice"):
        printed_values([line, line], "Table 2", "here")
    with pytest.raises(PairingError, match="could not convert"):
        printed_values([line | {"mean": "seventy"}], "Table 2")


def test_a_cell_over_epochs_says_so_and_pools_nothing():
    (one,) = runs(rows=[("scene", "image")], seeds=(10,))
    tested = [{"epoch": epoch, "f_score": value} for epoch, value in ((7, 0.5), (8, 0.54), (9, 0.52))]
    spec = {"blocks": [{"rows": ["scene"], "columns": ["image"]}], "metrics": ["f_score"]}
    ask = Ask("mine", DIRECTORY, "released", [10], False, {}, {}, "population", "next_epochs")
    (cell,) = table_cells("table2", spec, [one | {"epochs": tested}], ask, {})
    assert (cell["n"], cell["asked"], cell["mean"]) == (3, 3, 52.0)
    assert cell["std"] == pytest.approx(float(np.std([50, 54, 52])), abs=1e-4)
    assert cell["pooled"] is None
    assert cell["note"] == "epochs 7 to 9 of one run"
    (caption,) = [text for text in conditions(ask, {0: 231}, []) if text.startswith("Percent")]
    assert caption == "Percent on 231 test clips of one split; one run (seed 10); ± = population standard deviation."
