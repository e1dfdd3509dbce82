"""The stage that fits dull baselines, on a made-up record."""

import numpy as np
import pytest

from overheard.errors import ConfigError, PairingError
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


def test_a_fusion_joins_other_runs_by_clip_and_by_scene(record, tmp_path):
    arrays, _ = fit(record, "majority")
    ids, rng = arrays["id"], np.random.default_rng(5)
    logits = [rng.normal(size=(9, 3)).astype(np.float32) for _ in range(2)]
    # the second run has clips and scenes in another order
    clips, scenes = rng.permutation(9), [2, 0, 1]
    told = [(ids, logits[0], CLASSES), (ids[clips], logits[1][clips][:, scenes], [CLASSES[k] for k in scenes])]
    paths = []
    for place, (names, values, classes) in enumerate(told):
        paths.append(tmp_path / f"run{place}.npz")
        artifacts.write_arrays(paths[-1], id=names, label=np.zeros(9), scene_logits=values, classes=np.array(classes))
    arrays, _ = fit(record, "fused_runs", runs=paths)
    shares = [np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in logits]
    np.testing.assert_allclose(np.exp(arrays["scene_logits"]), np.mean(shares, axis=0), rtol=1e-5)
    artifacts.write_arrays(
        paths[0], id=ids[1:], label=np.zeros(8), scene_logits=logits[0][1:], classes=np.array(CLASSES)
    )
    with pytest.raises(PairingError, match=f"run0.npz: 1 of 9 clips are missing: {ids[0]}"):
        fit(record, "fused_runs", runs=paths)


def test_the_nearest_prior_takes_the_events_that_the_teacher_knows_and_scenes_by_name(record, tmp_path):
    arrays, _ = fit(record, "majority")
    events = artifacts.event_names()
    rows = artifacts.read_table(record["index"], ["id", "class"])
    ids, named = [row["id"] for row in rows], ["lake", "beach", "forest"]
    prior = np.full((3, len(events)), 0.5)
    logits = np.zeros((len(ids), len(events)), dtype=np.float32)
    # events 10 to 12 tell the scene; event 20, which the teacher does not know, tells another
    for scene, name in enumerate(named):
        prior[scene, 10 + scene], prior[scene, 20 + scene] = 0.9, 0.999
        logits[[row["class"] == name for row in rows], 10 + scene] = 3
        logits[[row["class"] == name for row in rows], 20 + (scene + 1) % 3] = 9
    paths = {name: tmp_path / name for name in ("logits.npy", "logit_ids", "events", "prior")}
    artifacts.write_array(paths["logits.npy"], logits)
    artifacts.write_ids(paths["logit_ids"], ids)
    artifacts.write_event_matrix(paths["prior"], named, prior)
    trained = ({"index": k, "event": name, "trained": int(k < 20)} for k, name in enumerate(events))
    artifacts.write_table(paths["events"], ["index", "event", "trained"], trained)
    told = {"logits": paths["logits.npy"], "logit_ids": paths["logit_ids"], "teacher_events": paths["events"]}
    arrays, scores = fit(record, "nearest_prior", prior=paths["prior"], **told)
    assert scores["f_score"] == 1.0
    assert arrays["classes"].tolist() == CLASSES
