"""`overheard score`: numbers by scikit-learn, and every kind of predictions that are not those of the splits."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from made_rows import CLASSES, make_rows
from sklearn.metrics import precision_recall_fscore_support

from overheard.errors import ConfigError, MediaError, PairingError
from overheard.io import artifacts
from overheard.lineage.compare import compare
from overheard.lineage.score import score

ROWS = [("scratch", "image"), ("scene", "image"), ("scene", "sound")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_rows(Path("results/mini"), ROWS)


def said(folder: Path, method="scene", modality="image", seeds=range(5)) -> list[dict[str, str]]:
    """A row's predictions as somebody else would write them: seed, id, predicted."""
    lines = []
    for seed in seeds:
        arrays = artifacts.read_arrays(folder / f"evaluate/{method}/{modality}/seed-{seed}/predictions.npz")
        names = [CLASSES[place] for place in arrays["scene_logits"].argmax(axis=1)]
        pairs = zip(arrays["id"].tolist(), names, strict=True)
        lines += [{"seed": str(seed), "id": clip, "predicted": name} for clip, name in pairs]
    return lines


def written(lines: list[dict[str, str]], name="mine.csv") -> Path:
    with Path(name).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return Path(name)


def scored(lines: list[dict[str, str]], column: str) -> list[dict[str, str]]:
    """The same lines with a score for each class, of which the predicted one's is the highest."""
    return [
        {key: line[key] for key in line if key != column}
        | {name: str(2.5 if line[column] == name else -0.5) for name in reversed(CLASSES)}
        for line in lines
    ]


def test_weighted_scores_over_seeds_are_scikit_learns(folder):
    lines = said(folder)
    text = score(folder, written(lines))
    known = {row["id"]: row["class"] for row in artifacts.read_table(folder / "media/index.csv", ["id", "class"])}
    found = []
    for seed in range(5):
        own = [line for line in lines if line["seed"] == str(seed)]
        truth = [known[line["id"]] for line in own]
        told = [line["predicted"] for line in own]
        found.append(precision_recall_fscore_support(truth, told, average="weighted", zero_division=0)[:3])
    words_of = ("weighted precision", "weighted recall", "weighted F")
    for words, values in zip(words_of, 100 * np.array(found).T, strict=True):
        assert f"{words:<26}{values.mean():.2f} ± {values.std(ddof=1):.2f} %" in text
    assert "5 seeds, 60 predictions; ±: sample standard deviation over seeds, each another training and other" in text
    assert "Source: SIMULATED TWIN" in text
    assert not Path("mine.json").exists()


def test_lines_in_any_order_scores_for_classes_and_folds_say_the_same(folder):
    lines = said(folder)
    plain = score(folder, written(lines))
    assert score(folder, written(lines[::-1])) == plain
    assert score(folder, written(scored(lines, "predicted"))) == plain
    by_fold = [{"fold": line["seed"], "id": line["id"], "predicted": line["predicted"]} for line in lines]
    assert score(folder, written(by_fold)) == plain


def test_one_seed_has_no_deviation_and_says_so(folder):
    lines = [{key: line[key] for key in ("id", "predicted")} for line in said(folder, seeds=[3])]
    text = score(folder, written(lines), against="scratch")
    assert "±" not in text.split("One seed")[0]
    assert "One seed, 12 predictions: no ± and no test over seeds" in text


def test_on_one_split_the_deviation_is_of_trainings_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_rows(Path("results/mini"), ROWS, folds=1, own_split=True)
    assert "each another training on this split only" in score(folder, written(said(folder)))


def test_a_row_compared_with_its_own_predictions_is_compared_as_by_compare(folder):
    text = score(folder, written(said(folder, "scene", "sound"), "theirs.csv"), against="scene@image", by="seed")
    other = compare(folder, ("scene@image", "scene@sound"), by="seed")
    shown = text.replace("theirs@given", "scene@sound ").split("(B)\n")[1]
    assert [line.split() for line in shown.splitlines()] == [line.split() for line in other.splitlines()[3:]]


def test_scores_are_written_where_asked_for(folder):
    score(folder, written(said(folder)), out=Path("scores.json"))
    runs = json.loads(Path("scores.json").read_text())
    expected = [json.loads((folder / f"evaluate/scene/image/seed-{seed}/scores.json").read_text()) for seed in range(5)]
    assert [run["f_score"] for run in runs] == [run["f_score"] for run in expected]
    assert [(run["method"], run["fold"], run["confusion"]) for run in runs] == [
        ("mine", its["fold"], its["confusion"]) for its in expected
    ]


def split_otherwise(lines):
    """Each fourth clip is of another fold: another division of the same clips."""
    return [{**line, "seed": str((int(line["seed"]) + (place % 4 == 0)) % 5)} for place, line in enumerate(lines)]


def changed(lines, **cells):
    return [{**lines[0], **cells}, *lines[1:]]


def less(lines, column):
    return [{name: text for name, text in line.items() if name != column} for line in lines]


def more(lines, **cells):
    return [line | cells for line in lines]


def with_scores(lines, **cells):
    return changed(scored(lines, "predicted"), **cells)


BAD = [
    (lambda its: its[1:], PairingError, "csv, seed 0: not the 12 test clips of fold 0: 1 missing: beach-0-0; predict"),
    (lambda its: [*its, its[2]], PairingError, "mine.csv, seed 0: beach-5-0 stands on lines 4 and 62; keep one"),
    (lambda its: [*its, {**its[12], "seed": "0"}], PairingError, "seed 0: .*: 1 tested in other folds: beach-1-0"),
    (split_otherwise, PairingError, "3 missing: .*; 3 tested in other folds: "),
    (lambda its: [*its, {**its[0], "id": "x-1"}], PairingError, "seed 0: .*: 1 no test clips at all: x-1"),
    (lambda its: less(its, "seed"), PairingError, "48 tested in other folds: .* with a column seed"),
    (lambda its: changed(its, predicted="city"), MediaError, "mine.csv, line 2: 'city' is no class; expected one of"),
    (lambda its: changed(its, predicted=""), MediaError, "line 2: '' is no class"),
    (lambda its: changed(its, seed="first"), MediaError, "line 2: seed 'first'; expected a whole number from 0"),
    (lambda its: changed(its, seed=""), MediaError, "line 2: seed ''; expected a whole number from 0"),
    (lambda its: with_scores(its, forest="nan"), MediaError, "line 2: score of forest is 'nan'; expected a finite"),
    (lambda its: with_scores(its, forest="inf"), MediaError, "line 2: score of forest is 'inf'"),
    (lambda its: with_scores(its, forest="high"), MediaError, "line 2: score of forest is 'high'"),
    (lambda its: more(its, fold="7"), PairingError, "seed 0: fold 7; there are 0, 1, 2, 3, 4"),
    (lambda its: changed(more(its, fold="0"), fold="1"), PairingError, "seed 0: folds 0, 1; a run is of one fold"),
    (lambda its: more(its, score="1"), PairingError, "columns predicted, score beside id"),
    (lambda its: less(its, "id"), MediaError, "no column id; found seed, predicted"),
    (lambda its: less(its, "predicted"), PairingError, "columns none beside id, seed and fold; expected predicted, or"),
    (lambda its: more(with_scores(its), city="0"), PairingError, "columns lake, forest, beach, city beside id"),
    (lambda its: less(with_scores(its), "lake"), PairingError, "columns forest, beach beside .* each class: beach"),
]


@pytest.mark.parametrize(("change", "kind", "message"), BAD, ids=[message for _, _, message in BAD])
def test_predictions_that_are_not_those_of_the_splits_are_refused(folder, change, kind, message):
    with pytest.raises(kind, match=message):
        score(folder, written(change(said(folder))), out=Path("scores.json"))
    assert not Path("scores.json").exists()


def test_what_cannot_be_compared_is_refused(folder, tmp_path):
    path = written(said(folder))
    with pytest.raises(ConfigError, match="--by says where two rows differ; name the other by --against"):
        score(folder, path, by="class")
    with pytest.raises(ConfigError, match="mini has no row nothing"):
        score(folder, path, against="nothing")
    other = written([{**line, "seed": str(int(line["seed"]) + 5)} for line in said(folder)], "later.csv")
    with pytest.raises(PairingError, match=r"scratch@image and later@given: not paired: seeds \[0, 1, 2"):
        score(folder, other, against="scratch")
    (tmp_path / "results/none").mkdir()
    with pytest.raises(MediaError, match="results/none: no index or no splits; `overheard run none --until split`"):
        score(Path("results/none"), path)
