"""Pretrain, teacher, prior and relevance on tiny real files, run as the command runs them."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from overheard import seeds
from overheard.io import artifacts
from overheard.jobs.runner import run_stage
from overheard.learning.models import encoders
from overheard.learning.pretraining import held_out
from overheard.stages.pretrain import Settings, pretrain
from overheard.stages.prior import prior
from overheard.stages.relevance import relevance
from overheard.stages.teacher import teacher

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
SETTINGS = Settings(
    epochs=4,
    batch_size=8,
    learning_rate=0.003,
    weight_decay=1e-4,
    flip=0.5,
    augmentation_order="brightness_first",
    brightness=[0.7, 1.3],
    colour=[0.7, 1.3],
    picture_scale="training_moments",
    device="cpu",
    channels_last=True,
)
EVENTS = (0, 137, 300)


@pytest.fixture
def scenes(tmp_path) -> dict:
    """Forty pictures of two scenes, one bluer than the other; the index stands in another order than the features."""
    random = seeds.generator("test", "scenes")
    ids = [f"p{number:02d}" for number in range(40)]
    pictures = random.integers(0, 160, (40, 64, 64, 3), dtype=np.uint8)
    pictures[::2, :, :, 2] += 90
    artifacts.write_array(tmp_path / "images.npy", pictures)
    artifacts.write_ids(tmp_path / "images.ids.csv", ids)
    rows = [{"id": clip, "class": "field" if row % 2 else "sea"} for row, clip in enumerate(ids)]
    artifacts.write_table(tmp_path / "scenes.csv", ["id", "class"], [rows[row] for row in random.permutation(40)])
    return {
        "modality": "image",
        "network": "small",
        "features": tmp_path / "images.npy",
        "ids": tmp_path / "images.ids.csv",
        "index": tmp_path / "scenes.csv",
        "seed": 0,
    }


@pytest.fixture
def sounds(tmp_path) -> dict:
    """Sixty log-mels; each event of `EVENTS` is a band of its own, 30 dB up."""
    random = seeds.generator("test", "sounds")
    ids = [f"s{number:02d}" for number in range(60)]
    heard = random.random((60, len(EVENTS))) < 0.4
    logmels = random.normal(-50, 6, (60, 100, 64)).astype(np.float32)
    for place in range(len(EVENTS)):
        logmels[heard[:, place], :, 8 + 20 * place : 16 + 20 * place] += 30
    artifacts.write_array(tmp_path / "paper.npy", logmels)
    artifacts.write_ids(tmp_path / "paper.ids.csv", ids)
    tags = [" ".join(str(event) for event, there in zip(EVENTS, row, strict=True) if there) for row in heard]
    rows = [{"id": clip, "events": events} for clip, events in zip(ids, tags, strict=True)]
    artifacts.write_table(tmp_path / "tags.csv", ["id", "events"], [rows[row] for row in random.permutation(60)])
    truth = [
        {"id": clip, "index": event, "audible": 1 if there else 0}
        for clip, row in zip(ids, heard, strict=True)
        for event, there in zip(EVENTS, row, strict=True)
    ]
    artifacts.write_table(tmp_path / "events.csv", ["id", "index", "audible"], truth)
    return {
        "modality": "sound",
        "network": "small",
        "features": tmp_path / "paper.npy",
        "ids": tmp_path / "paper.ids.csv",
        "index": tmp_path / "tags.csv",
        "seed": 0,
    }


def run_pretrain(folder: Path, given: dict, settings: Settings = SETTINGS) -> int:
    """Pre-train as `settings` say, sounds without what is of pictures; given weights have none."""
    if given["modality"] == "sound":
        of_pictures = ("flip", "brightness", "colour", "augmentation_order", "picture_scale")
        settings = dataclasses.replace(settings, **dict.fromkeys(of_pictures))
    settings = None if "given" in given else settings
    outputs = {"weights": folder / "net.pt", "history": folder / "net.history.csv", "checkpoints": folder / "kept"}
    return run_stage(pretrain, given | outputs | {"settings": settings}, None, ["overheard"])


def run_teacher(folder: Path, sounds: dict, **more) -> int:
    arguments = {
        "sounds": sounds["features"],
        "ids": sounds["ids"],
        "weights": folder / "net.pt",
        "logits": folder / "logits.npy",
        "logit_ids": folder / "logits.ids.csv",
        "events": folder / "events.csv",
        "report": folder / "report.json",
    }
    return run_stage(teacher, arguments | more, None, ["overheard"])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_pretraining_learns_scenes_and_gives_the_same_bytes_twice(scenes, tmp_path):
    assert run_pretrain(tmp_path / "one", scenes) == 0
    assert run_pretrain(tmp_path / "two", scenes) == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")

    history = artifacts.read_table(
        tmp_path / "one/net.history.csv", ["epoch", "train_loss", "val_loss", "val_accuracy"]
    )
    assert [row["epoch"] for row in history] == ["1", "2", "3", "4"]
    assert float(history[-1]["val_accuracy"]) == 1
    content = artifacts.read_weights(tmp_path / "one/net.pt")
    assert (content["network"], content["modality"], content["labels"]) == ("small", "image", ["field", "sea"])
    assert content["classifier"]["weight"].shape == (2, 96)
    assert not list((tmp_path / "one/kept").iterdir())


def test_the_rate_of_pretraining_falls_as_torchs_half_cosine(scenes, tmp_path):
    """36 of 40 clips train, five batches an epoch; the history has the rate of each epoch's last step."""
    assert run_pretrain(tmp_path, scenes) == 0
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=SETTINGS.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5 * SETTINGS.epochs)
    expected = []
    for _ in range(5 * SETTINGS.epochs):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    history = artifacts.read_table(tmp_path / "net.history.csv", ["epoch", "learning_rate"])
    assert [float(row["learning_rate"]) for row in history] == pytest.approx(expected[4::5])


def test_another_seed_gives_another_network(scenes, tmp_path):
    assert run_pretrain(tmp_path / "one", scenes) == 0
    assert run_pretrain(tmp_path / "two", scenes | {"seed": 1}) == 0
    assert (tmp_path / "one/net.pt").read_bytes() != (tmp_path / "two/net.pt").read_bytes()


def run_interrupted(monkeypatch, epoch: int, folder: Path, given: dict, settings: Settings = SETTINGS) -> None:
    """Have the program die after the checkpoint of an epoch."""

    def step(done: int, total: int, text: str = "") -> None:
        if done == epoch:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("overheard.io.progress.step", step)
        with pytest.raises(KeyboardInterrupt):
            run_pretrain(folder, given, settings)


def test_an_interrupted_pretraining_goes_on_to_the_same_bytes(scenes, tmp_path, monkeypatch):
    assert run_pretrain(tmp_path / "whole", scenes) == 0
    run_interrupted(monkeypatch, 2, tmp_path / "cut", scenes)
    assert files(tmp_path / "cut") == {}
    seen = []
    monkeypatch.setattr("overheard.io.progress.step", lambda done, total, text="": seen.append(done))
    assert run_pretrain(tmp_path / "cut", scenes) == 0
    assert seen == [3, 4]
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_checkpoint_of_other_settings_is_refused(scenes, tmp_path, monkeypatch, capsys):
    other = dataclasses.replace(SETTINGS, learning_rate=0.1)
    run_interrupted(monkeypatch, 1, tmp_path, scenes)
    (mine,) = (tmp_path / "kept").rglob("*.pt")
    run_interrupted(monkeypatch, 1, tmp_path, scenes, other)
    (theirs,) = set((tmp_path / "kept").rglob("*.pt")) - {mine}
    mine.replace(theirs)
    assert run_pretrain(tmp_path, scenes, other) == 2
    message = capsys.readouterr().err
    assert f"{theirs.name}: belongs to another training (learning_rate: found 0.003, expected 0.1); delete" in message


def test_a_flipped_bit_in_a_checkpoint_is_refused(scenes, tmp_path, monkeypatch, capsys):
    run_interrupted(monkeypatch, 1, tmp_path, scenes)
    (kept,) = (tmp_path / "kept").rglob("*.pt")
    weights = artifacts.read_checkpoint(kept)["state"]["model"]
    tensor = next(value for value in weights.values() if value.ndim == 2)
    content = bytearray(kept.read_bytes())
    content[content.index(tensor.numpy().tobytes()) + 3] ^= 1
    kept.write_bytes(content)
    assert run_pretrain(tmp_path, scenes) == 2
    message = capsys.readouterr().err
    assert f"{kept}: a damaged checkpoint" in message
    assert "delete it and run again" in message
    kept.unlink()
    assert run_pretrain(tmp_path, scenes) == 0


def test_sounds_tags_are_learnt_and_the_teacher_hears_them(sounds, tmp_path):
    settings = dataclasses.replace(SETTINGS, epochs=12)
    assert run_pretrain(tmp_path / "one", sounds, settings) == 0
    assert run_teacher(tmp_path / "one", sounds, truth=tmp_path / "events.csv") == 0
    assert run_pretrain(tmp_path / "two", sounds, settings) == 0
    assert run_teacher(tmp_path / "two", sounds, truth=tmp_path / "events.csv") == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")

    ids, logits = artifacts.read_clips(tmp_path / "one/logits.npy", tmp_path / "one/logits.ids.csv")
    assert logits.shape == (60, 527)
    assert logits.dtype == np.float32
    truth = artifacts.read_table(tmp_path / "events.csv")
    report = json.loads((tmp_path / "one/report.json").read_text())
    areas = []
    for event in EVENTS:
        there = {row["id"] for row in truth if row["index"] == str(event) and row["audible"] == "1"}
        areas.append(roc_auc_score([clip in there for clip in ids], logits[:, event]))
    assert report["n_events"] == len(EVENTS)
    assert report["auc_macro"] == pytest.approx(np.mean(areas))
    assert report["auc_macro"] > 0.9


def test_the_event_classifier_starts_at_the_prevalence_of_each_event(sounds, tmp_path):
    assert run_pretrain(tmp_path, sounds, dataclasses.replace(SETTINGS, epochs=1, learning_rate=1e-9)) == 0
    bias = artifacts.read_weights(tmp_path / "net.pt")["classifier"]["bias"]
    # 54 of 60 sounds train; event 500 is in none of them, event 0 in a good third
    assert bias[500].item() == pytest.approx(math.log(0.5 / 54.5), abs=1e-4)
    assert -1.2 < bias[0].item() < 0


def test_the_teacher_hears_by_the_sounds_it_was_trained_on(sounds, tmp_path):
    """Mean and deviation are of the 54 training sounds; the same sounds shifted in level are other sounds to it."""
    assert run_pretrain(tmp_path, sounds) == 0
    content = artifacts.read_weights(tmp_path / "net.pt")
    values = np.load(sounds["features"]).astype(np.float64)[held_out(60, 0)[0].numpy()]
    np.testing.assert_allclose(content["sound_mean"], values.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(content["sound_std"], values.std(axis=(0, 1)), rtol=1e-5)

    assert run_teacher(tmp_path, sounds) == 0
    encoder = encoders.build("small", "sound", torch.Generator())
    encoder.load_state_dict(content["encoder"])
    x = (torch.from_numpy(np.load(sounds["features"])[:16]) - content["sound_mean"]) / content["sound_std"]
    with torch.no_grad():
        expected = torch.nn.functional.linear(encoder.eval()(x[:, None]), *content["classifier"].values())
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy")[:16], expected, atol=1e-4)


def test_the_teacher_may_hear_by_the_studys_moments(sounds, tmp_path):
    """Logits of shifted and stretched sounds are the same then, but for rounding; by its own they are not."""
    assert run_pretrain(tmp_path, sounds) == 0
    louder = sounds | {"features": tmp_path / "louder.npy"}
    artifacts.write_array(louder["features"], 2 * np.load(sounds["features"]) + 7)
    heard = {}
    for word in ("own", "study"):
        for name, given in (("plain", sounds), ("louder", louder)):
            assert run_teacher(tmp_path, given, teacher_normaliser=word) == 0
            heard[word, name] = np.load(tmp_path / "logits.npy")
    np.testing.assert_allclose(heard["study", "plain"], heard["study", "louder"], atol=1e-3)
    assert np.abs(heard["own", "plain"] - heard["own", "louder"]).max() > 0.1
    assert run_teacher(tmp_path, sounds, teacher_normaliser="mine") == 2


def test_the_teacher_depends_on_each_clip_alone(sounds, tmp_path):
    """Eval mode: a clip's logits do not depend on what stands beside it, and rows follow the ids."""
    assert run_pretrain(tmp_path / "all", sounds) == 0
    assert run_teacher(tmp_path / "all", sounds) == 0
    ids, logits = artifacts.read_clips(tmp_path / "all/logits.npy", tmp_path / "all/logits.ids.csv")
    chosen = [41, 7, 30]
    artifacts.write_array(tmp_path / "some.npy", np.load(sounds["features"])[chosen])
    artifacts.write_ids(tmp_path / "some.ids.csv", [ids[row] for row in chosen])
    few = sounds | {"features": tmp_path / "some.npy", "ids": tmp_path / "some.ids.csv"}
    assert run_teacher(tmp_path / "all", few) == 0
    few_ids, few_logits = artifacts.read_clips(tmp_path / "all/logits.npy", tmp_path / "all/logits.ids.csv")
    assert few_ids == ["s41", "s07", "s30"]
    np.testing.assert_allclose(few_logits, logits[chosen], atol=1e-5)
    assert "not known" in json.loads((tmp_path / "all/report.json").read_text())["truth"]


def test_the_given_tagger_is_adopted_and_heard(shared, tmp_path):
    vectors = np.load(VECTORS / "tagger_mn04.npz")
    artifacts.write_array(tmp_path / "tagger.npy", vectors["dog_logmel"].T[None])
    artifacts.write_ids(tmp_path / "tagger.ids.csv", ["dog"])
    heard = {"features": tmp_path / "tagger.npy", "ids": tmp_path / "tagger.ids.csv"}
    given = {"modality": "sound", "network": "mn04", "given": shared / "data/weights/mn04_as_mAP_432.pt"}
    assert run_pretrain(tmp_path, given) == 0
    assert run_teacher(tmp_path, heard) == 0

    np.testing.assert_allclose(np.load(tmp_path / "logits.npy")[0], vectors["dog_logits"], atol=1e-4)


def test_a_tagger_with_a_missing_entry_is_refused(shared, tmp_path, capsys):
    state = torch.load(shared / "data/weights/mn04_as_mAP_432.pt", weights_only=True)
    del state["features.5.block.2.conc_se_layers.0.fc1.bias"]
    torch.save(state, tmp_path / "short.pt")
    given = {"modality": "sound", "network": "mn04", "given": tmp_path / "short.pt"}
    assert run_pretrain(tmp_path, given) == 2
    message = capsys.readouterr().err
    assert "short.pt: weights of another network" in message
    assert "features.5.block.2.conc_se_layers.0.fc1.bias" in message
    assert not (tmp_path / "net.pt").exists()


def test_wrong_input_ends_with_what_to_do(sounds, tmp_path, capsys):
    rows = artifacts.read_table(sounds["index"])
    last = rows[-1]["id"]
    artifacts.write_table(tmp_path / "wrong.csv", ["id", "events"], [*rows[:-1], rows[-1] | {"events": "3 527"}])
    assert run_pretrain(tmp_path, sounds | {"index": tmp_path / "wrong.csv"}) == 2
    assert f"events of {last}: found '3 527', expected AudioSet indices from 0 to 526" in capsys.readouterr().err
    artifacts.write_table(tmp_path / "short.csv", ["id", "events"], rows[:-1])
    assert run_pretrain(tmp_path, sounds | {"index": tmp_path / "short.csv"}) == 2
    assert f"1 of 60 clips are missing: {last}" in capsys.readouterr().err
    assert run_pretrain(tmp_path, {**sounds, "index": None}) == 2
    assert "--seed, --features, --ids, --index; found no --index" in capsys.readouterr().err
    given = {"modality": "sound", "network": "small", "given": sounds["index"]}
    assert run_pretrain(tmp_path, given | {"seed": 0}) == 2
    assert "with --given nothing is trained: expected no --seed" in capsys.readouterr().err
    assert run_pretrain(tmp_path, given) == 2
    assert "only mn04 for sound and efficientnet_lite0 for image can be given" in capsys.readouterr().err


def test_the_teacher_refuses_what_does_not_fit(scenes, sounds, tmp_path, capsys):
    assert run_pretrain(tmp_path, scenes) == 0
    assert run_teacher(tmp_path, sounds) == 2
    assert "net.pt: found a network for image, expected one for sound" in capsys.readouterr().err
    assert run_pretrain(tmp_path, sounds) == 0
    artifacts.write_array(tmp_path / "narrow.npy", np.load(sounds["features"])[..., :32])
    assert run_teacher(tmp_path, sounds | {"features": tmp_path / "narrow.npy"}) == 2
    assert "was trained on sounds of 64 bands, these have 32" in capsys.readouterr().err
    artifacts.write_table(tmp_path / "other.csv", ["id", "index", "audible"], [{"id": "x", "index": 3, "audible": 1}])
    assert run_teacher(tmp_path, sounds, truth=tmp_path / "other.csv") == 2
    assert "belongs to other clips" in capsys.readouterr().err
    artifacts.write_table(tmp_path / "bad.csv", ["id", "index", "audible"], [{"id": "s01", "index": 3, "audible": "?"}])
    assert run_teacher(tmp_path, sounds, truth=tmp_path / "bad.csv") == 2
    assert "expected index 0 to 526 and audible 1 or 0" in capsys.readouterr().err


@pytest.fixture
def logits(tmp_path) -> dict:
    """Twelve clips of two classes; four of each train."""
    ids = [f"c{number:02d}" for number in range(12)]
    values = seeds.generator("test", "logits").normal(-3, 2, (12, 527)).astype(np.float32)
    artifacts.write_array(tmp_path / "logits.npy", values)
    artifacts.write_ids(tmp_path / "logits.ids.csv", ids)
    rows = [{"id": clip, "class": "lake" if row % 2 else "beach"} for row, clip in enumerate(ids)]
    artifacts.write_table(tmp_path / "index.csv", ["id", "class"], rows)
    words = ["train"] * 8 + ["val"] * 2 + ["test"] * 2
    rows = [{"id": clip, "split": word} for clip, word in zip(ids, words, strict=True)]
    artifacts.write_table(tmp_path / "splits.csv", ["id", "split"], rows[::-1])
    return {
        "logits": tmp_path / "logits.npy",
        "logit_ids": tmp_path / "logits.ids.csv",
        "index": tmp_path / "index.csv",
        "splits": tmp_path / "splits.csv",
    }


@pytest.mark.parametrize("stage", [prior, relevance])
def test_prior_and_relevance_come_from_training_clips_alone(stage, logits, tmp_path, capsys):
    def result() -> bytes:
        assert run_stage(stage, logits | {stage.__name__: tmp_path / "out.csv"}, None, ["overheard"]) == 0
        return (tmp_path / "out.csv").read_bytes()

    before = result()
    values = np.load(logits["logits"])
    values[8:] = 5
    artifacts.write_array(logits["logits"], values)
    assert result() == before
    values[7, 3] = 5
    artifacts.write_array(logits["logits"], values)
    assert result() != before

    rows = artifacts.read_table(logits["splits"])
    artifacts.write_table(
        logits["splits"], ["id", "split"], [row | {"split": "test"} if int(row["id"][1:]) % 2 else row for row in rows]
    )
    (tmp_path / "out.csv").unlink()
    assert run_stage(stage, logits | {stage.__name__: tmp_path / "out.csv"}, None, ["overheard"]) == 2
    assert "no training clip of lake" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_prior_and_relevance_have_their_values(logits, tmp_path):
    for stage in (prior, relevance):
        path = tmp_path / f"{stage.__name__}.csv"
        assert run_stage(stage, logits | {stage.__name__: path}, None, ["overheard"]) == 0
    probability = 1 / (1 + np.exp(-np.load(logits["logits"]).astype(np.float64)))
    classes = ["beach", "lake"]
    expected = [probability[0:8:2].mean(axis=0), probability[1:8:2].mean(axis=0)]
    np.testing.assert_allclose(artifacts.read_event_matrix(tmp_path / "prior.csv", classes), expected, rtol=1e-6)
    P = probability[1:8:2]
    found = artifacts.read_event_matrix(tmp_path / "relevance.csv", classes)[1]
    np.testing.assert_allclose(np.abs(np.linalg.eigh(P.T @ P)[1][:, -1]), found, atol=1e-6)
