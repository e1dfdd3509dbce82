"""Evaluation of students on a small made-up record: scores, events, and refusals."""

import json

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from overheard.errors import CheckpointError, ConfigError, MediaError
from overheard.io import artifacts

CLASSES = ["beach", "forest", "lake"]
EVENTS = 527


def test_scores_are_scikit_learns_on_the_written_predictions(record, students, tmp_path, evaluate_one):
    row = [students["scene", modality]["student"] for modality in ("image+sound", "image", "sound")]
    written = evaluate_one(record, row, tmp_path)
    test = sorted(row["id"] for row in artifacts.read_table(record["splits"]) if row["split"] == "test")
    class_of = {row["id"]: row["class"] for row in artifacts.read_table(record["index"])}
    for predictions, scores in zip(written["predictions"], written["scores"], strict=True):
        said, scored = artifacts.read_arrays(predictions), json.loads(scores.read_text())
        assert said["id"].tolist() == test
        assert said["classes"].tolist() == scored["classes"] == CLASSES
        assert [CLASSES[k] for k in said["label"]] == [class_of[clip] for clip in test]
        assert said["scene_logits"].shape == (9, 3)
        assert said["scene_logits"].dtype == np.float32
        label, predicted = said["label"], said["scene_logits"].argmax(axis=1)
        weighted = precision_recall_fscore_support(label, predicted, average="weighted", zero_division=0)
        assert [scored[key] for key in ("precision", "recall", "f_score")] == pytest.approx(weighted[:3])
        assert scored["accuracy"] == pytest.approx((label == predicted).mean())
        assert scored["macro_f"] == pytest.approx(f1_score(label, predicted, average="macro", zero_division=0))
        assert scored["confusion"] == confusion_matrix(label, predicted, labels=range(3)).tolist()
        each = precision_recall_fscore_support(label, predicted, labels=range(3), average=None, zero_division=0)
        assert [scored["per_class"][name]["f_score"] for name in CLASSES] == pytest.approx(each[2].tolist())
        assert [scored["per_class"][name]["support"] for name in CLASSES] == each[3].tolist()
        assert scored["n"] == 9


def test_every_cell_can_be_evaluated_and_says_its_events(record, students, tmp_path, evaluate_one):
    prior = artifacts.read_event_matrix(record["prior"], CLASSES)
    written = evaluate_one(record, [paths["student"] for paths in students.values()], tmp_path)
    for (method, modality), events, predictions, scores in zip(
        students, written["events"], written["predictions"], written["scores"], strict=True
    ):
        heard, said, scored = (
            artifacts.read_arrays(events),
            artifacts.read_arrays(predictions),
            json.loads(scores.read_text()),
        )
        assert (scored["method"], scored["modality"], scored["seed"]) == (method, modality, 0)
        assert heard["id"].tolist() == said["id"].tolist()
        logits = heard["event_logits"]
        assert logits.dtype == np.float32
        if method in ("scene", "scratch", "smoothed", "random_head"):
            assert logits.shape == (9, 0)
        elif "event" in method:
            scenes = np.exp(said["scene_logits"].astype(np.float64))
            expected = scenes / scenes.sum(axis=1, keepdims=True) @ prior
            np.testing.assert_allclose(1 / (1 + np.exp(-logits.astype(np.float64))), expected, rtol=1e-4)
        else:
            assert logits.shape == (9, EVENTS)
            assert np.isfinite(logits).all()


def test_a_clips_prediction_does_not_depend_on_its_neighbours(record, students, tmp_path, evaluate_one):
    """Eval mode: other test clips, other batches, the same logits."""
    student = students["scene+kl_av", "image+sound"]["student"]
    whole = evaluate_one(record, [student], tmp_path / "whole")
    rows = artifacts.read_table(record["splits"])
    last = max(row["id"] for row in rows if row["split"] == "test")
    artifacts.write_table(
        tmp_path / "splits.csv", list(rows[0]), [row for row in rows if row["split"] != "test" or row["id"] == last]
    )
    alone = evaluate_one(record | {"splits": tmp_path / "splits.csv"}, [student], tmp_path / "alone")
    for name, key in (("predictions", "scene_logits"), ("events", "event_logits")):
        expected = artifacts.read_arrays(whole[name][0])[key][-1:]
        np.testing.assert_allclose(artifacts.read_arrays(alone[name][0])[key], expected, rtol=1e-4, atol=1e-5)


@pytest.fixture
def other_fold(record, tmp_path) -> dict:
    """The record as its fold 1 has it: another split, and a normaliser of which its predictions can be told."""
    words = {"train": "train", "val": "test", "test": "val"}
    rows = [row | {"split": words[row["split"]], "fold": 1} for row in artifacts.read_table(record["splits"])]
    artifacts.write_table(tmp_path / "splits-1.csv", ["id", "split", "fold"], rows)
    means = artifacts.read_arrays(record["image_normaliser"])
    means["mean"] = means["mean"] + np.float32(0.1)
    artifacts.write_arrays(tmp_path / "normaliser-1.npz", **means)
    return record | {"splits": tmp_path / "splits-1.csv", "image_normaliser": tmp_path / "normaliser-1.npz"}


def test_each_student_is_tested_on_the_clips_of_its_fold(record, other_fold, students, tmp_path, evaluate_one):
    student = students["scene", "image"]["student"]
    artifacts.write_weights(tmp_path / "one.pt", artifacts.read_weights(student) | {"fold": 1, "seed": 6})
    row = [student, tmp_path / "one.pt", student]
    folds = {name: [record[name], other_fold[name], record[name]] for name in ("splits", "image_normaliser")}
    written = evaluate_one(record | folds, row, tmp_path / "together", row=("scene", "image"))
    said = [json.loads(scores.read_text()) for scores in written["scores"]]
    assert [(scores["seed"], scores["fold"]) for scores in said] == [(0, 0), (6, 1), (0, 0)]
    for fold, path, number in ((record, student, 0), (other_fold, tmp_path / "one.pt", 1), (record, student, 2)):
        alone = evaluate_one(fold, [path], tmp_path / f"alone-{number}")
        for name, paths in written.items():
            assert paths[number].read_bytes() == alone[name][0].read_bytes()
        test = sorted(line["id"] for line in artifacts.read_table(fold["splits"]) if line["split"] == "test")
        assert artifacts.read_arrays(written["predictions"][number])["id"].tolist() == test


def test_a_student_of_another_fold_is_refused(record, other_fold, students, tmp_path, evaluate_one):
    student = students["scene", "image"]["student"]
    with pytest.raises(CheckpointError, match=r"student\.pt: found fold 0, expected 1"):
        evaluate_one(other_fold, [student], tmp_path / "run")
    rows = artifacts.read_table(record["splits"])
    artifacts.write_table(tmp_path / "own.csv", list(rows[0]), [row | {"fold": ""} for row in rows])
    with pytest.raises(CheckpointError, match=r"student\.pt: found fold 0, expected None"):
        evaluate_one(record | {"splits": tmp_path / "own.csv"}, [student], tmp_path / "run")
    artifacts.write_table(tmp_path / "own.csv", list(rows[0]), [*rows[1:], rows[0] | {"fold": 1}])
    with pytest.raises(MediaError, match=r"own\.csv: no single fold"):
        evaluate_one(record | {"splits": tmp_path / "own.csv"}, [student], tmp_path / "run")


def test_a_student_of_other_classes_and_a_file_that_is_no_student_are_refused(record, students, tmp_path, evaluate_one):
    stored = artifacts.read_weights(students["scene", "image"]["student"])
    artifacts.write_weights(tmp_path / "other.pt", stored | {"classes": ["a", "b", "c"]})
    with pytest.raises(CheckpointError, match=r"other\.pt: found classes"):
        evaluate_one(record, [tmp_path / "other.pt"], tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"image\.pt: not a student"):
        evaluate_one(record, [record["image_encoder"]], tmp_path / "run")
    other_row = [students["scene", "image"]["student"], students["scene+kl_av", "image+sound"]["student"]]
    with pytest.raises(CheckpointError, match=r"found method scene\+kl_av, expected scene"):
        evaluate_one(record, other_row, tmp_path / "run", row=("scene", "image"))


def test_degraded_test_clips_change_what_is_said_of_them_and_no_label(record, students, tmp_path, evaluate_one):
    rows = [{"id": row["id"], "class": row["class"]} for row in artifacts.read_table(record["index"])]
    placed = {"index": tmp_path / "index.csv"}
    artifacts.write_table(
        placed["index"], ["id", "class", "location"], ({**row, "location": row["id"]} for row in rows)
    )
    row = [students["scene", "image+sound"]["student"], students["scene", "image"]["student"]]

    def said(**how):
        written = evaluate_one(record | placed, row, tmp_path / str(how), **how)
        found = [artifacts.read_arrays(path) for path in written["predictions"]]
        assert all(one["label"].tolist() == intact[0]["label"].tolist() for one in found) if how else True
        return found

    intact = said()
    differ = [{"test_image": word} for word in ("zeroed", "mispaired", "dark", "rotated", "noisy")] + [
        {"test_sound": word} for word in ("zeroed", "mispaired", "noisy")
    ]
    found = {str(how): said(**how) for how in differ}
    for how, both in found.items():
        assert not np.allclose(both[0]["scene_logits"], intact[0]["scene_logits"]), how
        # a student of pictures hears nothing
        same = np.array_equal(both[1]["scene_logits"], intact[1]["scene_logits"])
        assert same == ("sound" in how)
    # of pictures alone, mispaired ones are the same pictures under other labels, zeros all the same picture
    other, zeroed = (found[str({"test_image": word})][1]["scene_logits"] for word in ("mispaired", "zeroed"))
    np.testing.assert_allclose(
        np.sort(other.sum(axis=1)), np.sort(intact[1]["scene_logits"].sum(axis=1)), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(zeroed, np.broadcast_to(zeroed[0], zeroed.shape), rtol=1e-5, atol=1e-6)
    with pytest.raises(ConfigError, match="test_sound: found 'dark'; expected one of mispaired, zeroed, noisy"):
        said(test_sound="dark")
