"""The fusion design's pretrain on a small folder of unlabelled places, run as the command runs it."""

import dataclasses

import numpy as np
import pytest
import torch
from unlabelled_places import easy_places

from overheard import seeds
from overheard.errors import CheckpointError, ConfigError, MediaError
from overheard.io import artifacts, checkpoints
from overheard.io.front_end_weights import read_front_end_weights
from overheard.learning.correspondence import Training, pairs
from overheard.learning.embeddings import FRONT_ENDS, build, embed
from overheard.stages.fusion.pretrain import Settings, pretrain

SETTINGS = Settings(steps=6, batch_size=8, learning_rate=3e-3, weight_decay=1e-4, held_out=4, validate_every=4)
FRAMES, SECONDS = easy_places(20)


def folder_of(path, frames=FRAMES, seconds=SECONDS):
    path.mkdir()
    for name, array in (("frames", frames), ("seconds", seconds)):
        if array is not None:
            artifacts.write_array(path / f"{name}.npy", array)
    return path


def run(folder, into, settings=SETTINGS, seed=3, encoder="small"):
    into.mkdir(exist_ok=True)
    files = {"weights": into / "small.pt", "history": into / "small.history.csv"}
    pretrain("fusion", folder, encoder, seed, settings, into / "checkpoints", **files)
    return files


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("drawn") / "places")


@pytest.fixture(scope="module")
def made(places, tmp_path_factory):
    return run(places, tmp_path_factory.mktemp("made"))


def embeddings(weights, name, values):
    end = FRONT_ENDS[name]
    network = build(end, read_front_end_weights(name, weights).state, str(weights))
    return embed(end, network, end.prepare(values))


def test_the_history_has_the_accuracy_on_the_last_places_of_what_is_written(made):
    """Computed again from the file: front ends, and the head by hand."""
    lines = artifacts.read_table(made["history"])
    assert list(lines[0]) == ["step", "learning_rate", "train_loss", "val_loss", "val_accuracy"]
    assert [line["step"] for line in lines] == ["4", "6"]
    seen = embeddings(made["weights"], "small_image", FRAMES[-4:].reshape(-1, 128, 128, 3))
    samples = SECONDS[-4:].reshape(-1, 16000).astype(np.float32) / 32767
    heard = embeddings(made["weights"], "small_audio", samples)
    head = {name: value.numpy() for name, value in artifacts.read_weights(made["weights"]).items()}
    seen, heard = (
        values @ head[f"{word}.weight"].T + head[f"{word}.bias"] for word, values in (("seen", seen), ("heard", heard))
    )
    frame, second, belongs = pairs(4, 10, seeds.generator("correspondence", "pairs", 3))
    lengths = np.linalg.norm(seen[frame], axis=1) * np.linalg.norm(heard[second], axis=1)
    logits = head["scale"] * (seen[frame] * heard[second]).sum(axis=1) / lengths + head["bias"]
    clear = np.abs(logits) > 1e-4
    right, share = (logits > 0) == belongs, float(lines[-1]["val_accuracy"])
    assert clear.mean() > 0.9
    assert right[clear].sum() <= round(40 * share) <= right[clear].sum() + (~clear).sum()


def test_the_same_again_gives_the_same_bytes_and_another_seed_does_not(places, made, tmp_path):
    again = run(places, tmp_path / "again")
    assert all(again[name].read_bytes() == made[name].read_bytes() for name in made)
    other = run(places, tmp_path / "other", seed=4)
    assert other["weights"].read_bytes() != made["weights"].read_bytes()


@pytest.mark.parametrize(("place", "teaches"), [(-4, False), (-5, True)])
def test_the_last_places_and_no_others_teach_nothing(made, tmp_path, place, teaches):
    frames = FRAMES.copy()
    frames[place] = frames[place, :, ::-1]
    other = run(folder_of(tmp_path / "places", frames), tmp_path / "made")
    assert (other["weights"].read_bytes() != made["weights"].read_bytes()) == teaches


def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(places, made, tmp_path, monkeypatch):
    kept = checkpoints.kept

    def killed_after_the_first(training, now):
        if len(now.history) == 2:
            raise KeyboardInterrupt
        return kept(training, now)

    monkeypatch.setattr(checkpoints, "kept", killed_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        run(places, tmp_path / "killed")
    assert len(list((tmp_path / "killed" / "checkpoints").iterdir())) == 1
    monkeypatch.setattr(checkpoints, "kept", kept)
    steps = []
    fitted = Training._loss
    monkeypatch.setattr(Training, "_loss", lambda self, places: steps.append(1) or fitted(self, places))
    again = run(places, tmp_path / "killed")
    assert len(steps) == 2, "the first four steps are not taken again"
    assert all(again[name].read_bytes() == made[name].read_bytes() for name in made)
    assert list((tmp_path / "killed" / "checkpoints").iterdir()) == []


BAD = {
    "too few": (FRAMES[:19], SECONDS[:19], r"places: found 19 places, expected at least 20; draw more"),
    "no seconds": (FRAMES, None, r"seconds\.npy: not there; expected frames\.npy and seconds\.npy"),
    "no frames": (None, SECONDS, r"frames\.npy: not there"),
    "smaller frames": (FRAMES[:, :, ::2], SECONDS, r"frames\.npy: found \(20, 10, 64, 128, 3\) uint8, expected"),
    "floats": (FRAMES, SECONDS.astype(np.float32), r"found \(20, 10, 16000\) float32, expected .*16000\) int16"),
    "stereo": (FRAMES, np.stack([SECONDS] * 2, axis=2), r"found \(20, 10, 2, 16000\) int16"),
    "other places": (FRAMES[:-1], SECONDS, r"found frames of 19 places and seconds of 20"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_folder_that_is_not_of_places_is_refused(case, tmp_path):
    *arrays, message = BAD[case]
    folder = folder_of(tmp_path / "places", *arrays)
    with pytest.raises(MediaError, match=message):
        run(folder, tmp_path / "made")
    assert not (tmp_path / "made" / "small.pt").exists()


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("held_out", 19, "2 to 18"),
        ("held_out", 1, "2 to 18"),
        ("batch_size", 1, "2 to 20"),
        ("batch_size", 21, "2 to 20"),
        ("steps", 0, "at least 1"),
        ("validate_every", 0, "at least 1"),
    ],
)
def test_an_impossible_setting_is_refused(key, value, allowed, places, tmp_path):
    with pytest.raises(ConfigError, match=f"{key}: found {value}, expected {allowed} with 20 places"):
        run(places, tmp_path / "made", dataclasses.replace(SETTINGS, **{key: value}))


def test_another_encoder_is_refused(places, tmp_path):
    with pytest.raises(ConfigError, match="--encoder: found resnet50; allowed: small"):
        run(places, tmp_path / "made", encoder="resnet50")


@pytest.mark.parametrize("name", ["small_image", "small_audio"])
def test_a_file_of_other_weights_is_refused(name, made, tmp_path):
    path = tmp_path / "other.pt"
    artifacts.write_weights(path, {"network": "small", "encoder": {}})
    with pytest.raises(CheckpointError, match=r"other\.pt: found network, encoder, expected (image|sound)\.\*"):
        embeddings(path, name, None)
    part = FRONT_ENDS[name].state(artifacts.read_weights(made["weights"]), "")
    artifacts.write_weights(path, {f"{word}.{key}": part[key] for word in ("image", "sound") for key in [*part][1:]})
    with pytest.raises(CheckpointError, match=r"other\.pt: Missing key"):
        embeddings(path, name, None)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match=r"other\.pt: found one list, expected named weights"):
        embeddings(path, name, None)
