"""Pieces of clips: they stand together in every comparison, and what is not the test clips' pieces is refused."""

import shutil

import numpy as np
import pytest
from made_rows import files_of, make_rows
from origins import TWIN
from sklearn.metrics import log_loss, recall_score

from overheard.errors import PairingError
from overheard.io import artifacts
from overheard.io.scored import write_scored
from overheard.io.tested import read_tested
from overheard.lineage.recounted import wrong_clips
from overheard.scores.comparison_text import by_class
from overheard.scores.comparisons import Asked, compared
from overheard.scores.over_seeds import clips_tested, piece_remarks
from overheard.stages.statistics import Settings, statistics

TABLE = {"blocks": [{"rows": ["scratch", "scene"], "columns": ["image"]}], "metrics": ["accuracy", "log_loss"]}


def rewritten(folder, times, change=None):
    """The runs of a folder once more, each clip in so many pieces that all say what the clip said."""
    for path in folder.rglob("predictions.npz"):
        arrays, scores = artifacts.read_arrays(path), path.with_name("scores.json")
        clips = [clip for clip in arrays["id"].tolist() for _ in range(times)]
        ids = [f"{clip}_{place % times}" for place, clip in enumerate(clips)] if times > 1 else clips
        label, logits = (arrays[name].repeat(times, axis=0) for name in ("label", "scene_logits"))
        if change:
            ids, clips, label = change(path, ids, clips, label)
        write_scored(
            path,
            scores,
            artifacts.read_json(scores),
            arrays["classes"].tolist(),
            ids,
            label,
            logits,
            decided=logits.argmax(axis=1),
            clips=clips if times > 1 else None,
        )
    return folder


def lines_of(folder):
    writes = {"comparisons": folder / "comparisons.csv", "report": folder / "report.md"}
    statistics(settings=Settings("mini", TWIN._asdict(), {"t": TABLE}, {}), **files_of(folder), **writes)
    return writes["comparisons"].read_text(), writes["report"].read_text()


def test_pieces_that_say_what_their_clip_says_decide_no_more_than_the_clip(tmp_path):
    folder = make_rows(tmp_path / "mini", rows=[("scratch", "image"), ("scene", "image")])
    clips = rewritten(folder, 1)
    pieces = rewritten(shutil.copytree(clips, tmp_path / "pieces"), 10)
    (of_clips, _), (of_pieces, report) = lines_of(clips), lines_of(pieces)
    assert of_pieces == of_clips
    assert "600 pieces of 60 test clips at 30 test locations" in report
    assert "all clips of a location with all their pieces together" in report


def test_what_a_caption_says_of_them():
    runs = [{"fold": 0, "n": 40, "clips": 4}, {"fold": 1, "n": 30, "clips": 3}]
    assert clips_tested(runs) == {0: 4, 1: 3}
    assert piece_remarks(runs) == ["10 pieces of each clip, scored one by one"]
    assert piece_remarks([{"fold": 0, "n": 40}]) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path, ids, clips, label: (ids, [*clips[3:], *clips[:3]], label), "not the test clips of its fold"),
        (lambda path, ids, clips, label: (ids, clips, label[::-1]), "other labels than the index has"),
        (lambda path, ids, clips, label: (ids[::-1] if "scene" in path.parts else ids, clips, label), "other than the"),
        (lambda path, ids, clips, label: (ids, clips[:-1], label), "12 pieces of 11 clips"),
    ],
    ids=["clips", "labels", "ids", "number"],
)
def test_other_pieces_are_refused(tmp_path, change, message):
    folder = make_rows(tmp_path / "mini", rows=[("scratch", "image"), ("scene", "image")], clips=1)
    with pytest.raises(PairingError, match=message):
        lines_of(rewritten(folder, 2, change))


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_by_class_is_scikit_learns_of_all_runs_pieces_together(tmp_path, metric):
    folder = rewritten(make_rows(tmp_path / "mini", rows=[("scratch", "image"), ("scene", "image")]), 3)
    files = files_of(folder)
    study = read_tested(metrics=[metric], **files)
    (line,) = compared(study, [Asked(("scratch", "image"), ("scene", "image"), [metric])])
    head, titles, *lines = by_class(study, line).splitlines()
    assert "pieces" in head
    assert "pieces" in titles.split()
    found = {name: [float(text) for text in values] for name, *values in (text.split() for text in lines)}
    for place, row in ((2, "scratch"), (3, "scene")):
        said = [artifacts.read_arrays(path) for path in sorted(folder.glob(f"evaluate/{row}/*/*/predictions.npz"))]
        label, logits = (np.concatenate([its[name] for its in said]) for name in ("label", "scene_logits"))
        each = recall_score(label, logits.argmax(axis=1), average=None)
        for number, name in enumerate(study.classes):
            if metric == "accuracy":
                expected = 100 * each[number]
            else:
                own = np.exp(logits[label == number].astype(float))
                expected = log_loss(label[label == number], own / own.sum(axis=1, keepdims=True), labels=range(3))
            assert found[name][place] == pytest.approx(expected, abs=0.006)


def test_the_audit_knows_pieces_of_other_clips_and_with_other_labels():
    arrays = {
        "id": np.array(["a_0", "a_1", "b_0", "b_1"]),
        "clip": np.array(["a", "a", "b", "b"]),
        "label": np.array([0, 0, 1, 1]),
        "classes": np.array(["beach", "lake"]),
    }
    assert list(wrong_clips(arrays, {"a": "beach", "b": "lake"})) == []
    assert [found for found, _ in wrong_clips(arrays, {"a": "beach", "c": "lake"})] == ["predictions of 2 clips"]
    ((found, expected),) = wrong_clips(arrays, {"a": "beach", "b": "beach"})
    assert (found, expected) == ("2 labels are not the index's: b is lake", "b is beach")
