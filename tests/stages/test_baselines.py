"""The stage that fits dull baselines, on a made-up record."""

import numpy as np
import pytest

from overheard.errors import ConfigError
from overheard.io import artifacts
from overheard.lineage.recount import scores_again
from overheard.stages.baselines import baselines

CLASSES = ["beach", "forest", "lake"]
PLACES, CLIPS = 6, 3


@pytest.fixture
def record(tmp_path) -> dict:
    """Sounds whose quiet level is their scene's; per scene four places to train on, one to validate, one to test."""
    rng = np.random.default_rng(3)
    lines = [
        {"id": f"{scene}{place}{clip}", "class": name, "location": f"{name}{place}", "place": place}
        for scene, name in enumerate(CLASSES)
        for place in range(PLACES)
        for clip in range(CLIPS)
    ]
    words = ["train"] * 4 + ["val", "test"]
    ids = [line["id"] for line in lines]
    sounds = rng.normal(0, 0.1, (len(ids), 20, 4)).astype(np.float32)
    for sound, line in zip(sounds, lines, strict=True):
        sound[:, CLASSES.index(line["class"])] += 1
    places = {name: tmp_path / name for name in ("index", "splits", "sounds.npy", "sound_ids", "predictions", "scores")}
    artifacts.write_table(
        places["index"],
        ["id", "class", "location"],
        ({k: v for k, v in line.items() if k != "place"} for line in lines),
    )
    artifacts.write_table(
        places["splits"],
        ["id", "split", "fold"],
        ({"id": line["id"], "split": words[line["place"]], "fold": 2} for line in lines),
    )
    artifacts.write_array(places["sounds.npy"], sounds)
    artifacts.write_ids(places["sound_ids"], ids)
    return places


def fit(record, method: str, **more) -> tuple[dict, dict]:
    given = {name: record[name] for name in ("index", "splits", "predictions", "scores")}
    baselines(method, "sound", 7, **given, **more)
    return artifacts.read_arrays(record["predictions"]), artifacts.read_json(record["scores"])


def test_the_test_clips_of_its_fold_are_told_by_what_training_clips_say(record):
    arrays, scores = fit(record, "background", sounds=record["sounds.npy"], sound_ids=record["sound_ids"])
    assert [clip[1] for clip in arrays["id"].tolist()] == ["5"] * 9
    assert scores["f_score"] == 1.0
    assert (scores["method"], scores["seed"], scores["fold"], scores["n"]) == ("background", 7, 2, 9)
    assert scores_again(arrays, scores) == scores


def test_the_majority_needs_no_picture_and_no_sound(record):
    arrays, scores = fit(record, "majority")
    np.testing.assert_allclose(arrays["scene_logits"], np.log(1 / 3), rtol=1e-6)
    # the first class for every clip: precision 1/3 and recall 1 of one of three classes
    assert scores["f_score"] == pytest.approx(1 / 3 * 0.5)


def test_labels_of_a_control_are_what_training_sees_and_the_test_does_not(record):
    rows = artifacts.read_table(record["splits"], ["id", "split", "fold"])
    after = {"beach": "forest", "forest": "lake", "lake": "beach"}
    scene = {row["id"]: row["class"] for row in artifacts.read_table(record["index"], ["id", "class"])}
    told = ({**row, "label": after[scene[row["id"]]] if row["split"] == "train" else ""} for row in rows)
    artifacts.write_table(record["splits"], ["id", "split", "fold", "label"], told)
    arrays, scores = fit(record, "background", sounds=record["sounds.npy"], sound_ids=record["sound_ids"])
    assert scores["accuracy"] == 0
    assert (arrays["scene_logits"].argmax(1) == (arrays["label"] + 1) % 3).all()


def test_an_unknown_baseline_is_refused_by_name(record):
    with pytest.raises(ConfigError, match="--method nearest: no baseline of that name; there are majority, "):
        fit(record, "nearest")
