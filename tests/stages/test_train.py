"""Training on a small made-up record: bytes, resuming, refusals, and what is written."""

import csv
import re

import numpy as np
import pytest
import torch

from overheard.errors import CheckpointError, ConfigError, PairingError
from overheard.io import artifacts
from overheard.learning import loop
from overheard.learning.models import encoders

CLASSES = ["beach", "forest", "lake"]
EVENTS = 527
CLIPS = 27


def content(paths):
    return [path.read_bytes() for path in paths.values()]


def lines(path):
    with path.open() as stream:
        return [{key: float(value) for key, value in line.items()} for line in csv.DictReader(stream)]


class KilledError(BaseException):
    """What a kill looks like from inside: nothing catches it."""


def kill_after(monkeypatch, epoch, training):
    """Run a training that dies after some epoch."""

    def step(done, total, text=""):
        if done == epoch:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("overheard.io.progress.step", step)
        with pytest.raises(KilledError):
            training()


def count_epochs(patch):
    """A list that grows with every epoch that is trained."""
    trained, summed = [], loop._summed

    def counted(*given):
        trained.append(1)
        return summed(*given)

    patch.setattr(loop, "_summed", counted)
    return trained


@pytest.mark.parametrize(
    ("method", "modality"), [("scene+kl_av", "image+sound"), ("scene+event", "image"), ("scratch", "sound")]
)
def test_the_same_bytes_again_and_after_a_kill_at_any_epoch(record, tmp_path, monkeypatch, method, modality, train_one):
    row = {"method": method, "modality": modality}
    expected = content(train_one(record, tmp_path / "whole", **row))
    assert content(train_one(record, tmp_path / "again", **row)) == expected
    for epoch in (1, 2, 3):
        kill_after(monkeypatch, epoch, lambda: train_one(record, tmp_path / "killed", **row))
        assert len(list((tmp_path / "checkpoints").glob("*.pt"))) == 1
        with monkeypatch.context() as patch:
            trained = count_epochs(patch)
            assert content(train_one(record, tmp_path / "killed", **row)) == expected
        # it went on, and did not begin again
        assert len(trained) == 3 - epoch
        # and nothing of a finished training stays behind
        assert list((tmp_path / "checkpoints").iterdir()) == []


def test_settings_from_a_command_line_give_the_same_bytes(record, students, tmp_path, train_one):
    """Pickle tells two equal strings from one that stands twice, and JSON makes two."""
    spelt = {"network_image": "".join(["sma", "ll"]), "method": "".join(["scene+", "kl_av"])}
    assert content(train_one(record, tmp_path / "spelt", **spelt)) == content(students["scene+kl_av", "image+sound"])


def test_a_run_stopped_by_patience_and_killed_does_not_train_on(record, tmp_path, monkeypatch, train_one):
    row = {"method": "kl_av", "learning_rate": 0.5, "patience": 1, "epochs": 50}
    expected = train_one(record, tmp_path / "whole", **row)
    stopped = len(lines(expected["history"]))
    assert stopped < 50
    kill_after(monkeypatch, stopped, lambda: train_one(record, tmp_path / "killed", **row))
    assert content(train_one(record, tmp_path / "killed", **row)) == content(expected)


def checkpoint_of(train_one, record, folder, monkeypatch, **row):
    """The checkpoint that a training killed after one epoch leaves."""
    before = set((folder / "checkpoints").glob("*.pt"))
    kill_after(monkeypatch, 1, lambda: train_one(record, folder / "killed", **row))
    (left,) = set((folder / "checkpoints").glob("*.pt")) - before
    return left


def test_a_checkpoint_of_other_settings_is_refused_by_name(record, tmp_path, monkeypatch, train_one):
    mine = checkpoint_of(train_one, record, tmp_path, monkeypatch)
    other = checkpoint_of(train_one, record, tmp_path, monkeypatch, learning_rate=0.5, seed=3)
    mine.write_bytes(other.read_bytes())
    with pytest.raises(
        CheckpointError, match=r"learning_rate: found 0\.5, expected 0\.001; seed: found 3, expected 0"
    ) as error:
        train_one(record, tmp_path / "killed")
    assert str(mine) in str(error.value)
    assert "delete it and run again" in str(error.value)


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 64]) + content[place + 1 :]


def test_a_broken_checkpoint_is_refused_by_name(record, tmp_path, monkeypatch, train_one):
    mine = checkpoint_of(train_one, record, tmp_path, monkeypatch)
    whole = mine.read_bytes()
    weights = artifacts.read_checkpoint(mine)["state"]["model"]["scene.weight"]
    in_a_tensor = whole.index(weights.numpy().tobytes())
    for broken in (whole[:1000], whole[:10], b"", flipped(whole, in_a_tensor), flipped(whole, 0)):
        mine.write_bytes(broken)
        with pytest.raises(CheckpointError, match="damaged checkpoint .*; delete it and run again") as error:
            train_one(record, tmp_path / "killed")
        assert str(mine) in str(error.value)
    mine.unlink()
    train_one(record, tmp_path / "killed")


def test_each_training_has_its_own_checkpoint(record, tmp_path, monkeypatch, train_one):
    changed = tmp_path / "prior.csv"
    changed.write_bytes(record["prior"].read_bytes().replace(b"0.1", b"0.2", 1))
    rows = [{}, {"seed": 1}, {"method": "kl_av"}, {"modality": "sound"}, {"alpha": 0.2}]
    rows += [{"method": "event1"}, {"method": "event1", "prior": changed}]
    assert len({checkpoint_of(train_one, record, tmp_path, monkeypatch, **row) for row in rows}) == len(rows)


def test_test_clips_touch_nothing(record, students, tmp_path, train_one):
    """Other pictures, sounds, teacher and classes for the test clips: the same student, to the byte."""
    changed = dict(record)
    test = {row["id"] for row in artifacts.read_table(record["splits"]) if row["split"] == "test"}
    for array, ids in (("images", "image_ids"), ("sounds", "sound_ids"), ("logits", "logit_ids")):
        names, values = artifacts.read_clips(record[array], record[ids])
        values = np.array(values)
        values[[name in test for name in names]] = 77
        changed[array] = tmp_path / record[array].name
        artifacts.write_array(changed[array], values)
    rows = artifacts.read_table(record["index"])
    for row in rows:
        row["class"] = CLASSES[0] if row["id"] in test else row["class"]
    changed["index"] = tmp_path / "index.csv"
    artifacts.write_table(changed["index"], ["id", "class"], rows)
    for cell in (("scene+kl_av", "image+sound"), ("scene+event", "image+sound")):
        assert content(train_one(changed, tmp_path / cell[0], *cell)) == content(students[cell])


def test_clips_are_joined_by_id_not_by_place(record, students, tmp_path, train_one, evaluate_one):
    turned = dict(record)
    for array, ids in (("images", "image_ids"), ("sounds", "sound_ids"), ("logits", "logit_ids")):
        names, values = artifacts.read_clips(record[array], record[ids])
        turned[array], turned[ids] = tmp_path / record[array].name, tmp_path / record[ids].name
        artifacts.write_array(turned[array], np.array(values)[::-1])
        artifacts.write_ids(turned[ids], names[::-1])
    for name in ("index", "splits"):
        rows = artifacts.read_table(record[name])
        turned[name] = tmp_path / record[name].name
        artifacts.write_table(turned[name], list(rows[0]), rows[::-1])
    cell = ("scene+kl_av", "image+sound")
    again = train_one(turned, tmp_path / "again", *cell)
    assert content(again) == content(students[cell])
    expected = evaluate_one(record, [again["student"]], tmp_path / "expected")
    found = evaluate_one(turned, [again["student"]], tmp_path / "found")
    for name, paths in found.items():
        assert paths[0].read_bytes() == expected[name][0].read_bytes()


def test_a_clip_without_its_sound_is_named(record, tmp_path, train_one):
    names, values = artifacts.read_clips(record["sounds"], record["sound_ids"])
    (tmp_path / "short").mkdir()
    short = {"sounds": tmp_path / "short" / "sounds.npy", "sound_ids": tmp_path / "short" / "sounds.ids.csv"}
    keep = [place for place, name in enumerate(names) if name != "00003"]
    artifacts.write_array(short["sounds"], np.array(values)[keep])
    artifacts.write_ids(short["sound_ids"], [names[place] for place in keep])
    with pytest.raises(PairingError, match=r"sounds\.ids\.csv: 1 of 12 clips are missing: 00003"):
        train_one(record | short, tmp_path / "run")
    # pictures alone do not need it
    train_one(record | short, tmp_path / "image", "scene", "image")


def test_history_says_the_share_of_each_term(students):
    history = lines(students["scene+event", "image+sound"]["history"])
    assert [line["epoch"] for line in history] == [1, 2, 3]
    assert sum(line["best"] for line in history) == 1
    terms = ("scene", "event1", "event2")
    for line in history:
        assert sum(line[f"loss_{term}"] for term in terms) == pytest.approx(line["train_loss"])
        assert sum(line[f"loss_share_{term}"] for term in terms) == pytest.approx(1)
        assert sum(line[f"gradient_share_{term}"] for term in terms) == pytest.approx(1)
        assert line["gradient_share_event1"] > 0
        # beta L_E2 beside a summed L_E1
        assert 0 < line["gradient_share_event2"] < 1e-3
        assert 0 <= line["val_f_score"] <= 1


@pytest.mark.parametrize(
    ("method", "rule", "column"),
    [
        ("scene", "lowest_loss", "val_loss"),
        ("kl_av", "best_f_score", "val_loss"),
        ("event1", "best_f_score", "val_loss"),
        ("scene", "best_f_score", "val_f_score"),
    ],
)
def test_the_epoch_that_is_kept_is_the_rules(record, tmp_path, method, rule, column, train_one):
    paths = train_one(record, tmp_path / "run", method, learning_rate=0.03, epochs=6, selection=rule)
    history = lines(paths["history"])
    (best,) = (line for line in history if line["best"])
    extreme = max if column == "val_f_score" else min
    assert best[column] == extreme(line[column] for line in history)
    assert artifacts.read_weights(paths["student"])["best_epoch"] == best["epoch"]


@pytest.mark.parametrize("method", ["scene+sq_av", "scene+kl_sound", "scene+event"])
def test_events_that_the_teacher_was_not_trained_on_reach_no_loss(record, tmp_path, method, train_one):
    """Of the others what the teacher says, and what is probable in a scene, may be anything."""
    known = np.zeros(527, dtype=bool)
    known[artifacts.read_trained_events(record["teacher_events"])] = True
    _, logits = artifacts.read_clips(record["logits"], record["logit_ids"])
    other = dict(record)
    for name in ("logits", "prior", "relevance") if method == "scene+event" else ("logits",):
        other[name] = tmp_path / record[name].name
    # the event head starts from the mean logits only where sound is left out, so this is on both
    artifacts.write_array(other["logits"], np.where(known, logits, logits[::-1] + 3).astype(np.float32))
    for name in {"prior", "relevance"} & {key for key in other if other[key] != record[key]}:
        matrix = artifacts.read_event_matrix(record[name], CLASSES)
        artifacts.write_event_matrix(other[name], CLASSES, np.where(known, matrix, matrix[::-1] / 2))
    first, second = (
        lines(train_one(reads, tmp_path / word, method)["history"])
        for word, reads in (("first", record), ("second", other))
    )
    assert first == second
    assert known.sum() == artifacts.read_weights(tmp_path / "first" / "student.pt")["events"]


def test_validation_numbers_are_those_of_the_kept_student(record, tmp_path, train_one, evaluate_one):
    """The history's line of the best epoch, computed again from the student on the validation clips."""
    paths = train_one(record, tmp_path / "run", "scene", epochs=8, learning_rate=0.03)
    assert artifacts.read_weights(paths["student"])["best_epoch"] < 8
    swapped = record | {"splits": tmp_path / "splits.csv"}
    rows = artifacts.read_table(record["splits"])
    names = {"val": "test", "test": "val", "train": "train"}
    artifacts.write_table(swapped["splits"], list(rows[0]), [row | {"split": names[row["split"]]} for row in rows])
    written = evaluate_one(swapped, [paths["student"]], tmp_path / "validation")
    (best,) = (line for line in lines(paths["history"]) if line["best"])
    scores = artifacts.read_json(written["scores"][0])
    assert scores["f_score"] == pytest.approx(best["val_f_score"])
    said = artifacts.read_arrays(written["predictions"][0])
    logits, label = torch.from_numpy(said["scene_logits"]), torch.from_numpy(said["label"])
    assert torch.nn.functional.cross_entropy(logits, label).item() == pytest.approx(best["val_scene_loss"], rel=1e-5)


def test_a_scene_head_that_no_loss_reaches_stays_as_it_was(students):
    start = artifacts.read_weights(students["kl_av", "image+sound"]["student"])["state"]["scene.weight"]
    other = artifacts.read_weights(students["sq_av", "image+sound"]["student"])["state"]["scene.weight"]
    moved = artifacts.read_weights(students["event1", "image+sound"]["student"])["state"]["scene.weight"]
    assert torch.equal(start, other)
    assert not torch.equal(start, moved)


@pytest.mark.parametrize(("modality", "left_out"), [("image", "sound"), ("sound", "image")])
def test_the_modality_left_out_is_the_pretrained_networks_answer_to_zeros(record, students, modality, left_out):
    state = artifacts.read_weights(students["scene+event", modality]["student"])["state"]
    network = encoders.build("small", left_out, torch.Generator())
    encoders.load(network, artifacts.read_weights(record[f"{left_out}_encoder"])["encoder"], "")
    zeros = torch.zeros(1, 3, 32, 32) if left_out == "image" else torch.zeros(1, 1, 24, 64)
    with torch.no_grad():
        torch.testing.assert_close(state[f"absent_{left_out}"], network.eval()(zeros)[0])
    assert not any(name.startswith(f"encoders.{left_out}") for name in state)


@pytest.mark.parametrize(("modality", "left_out"), [("image", "sounds"), ("sound", "images")])
def test_nothing_of_a_modality_left_out_is_used(
    record, students, tmp_path, modality, left_out, train_one, evaluate_one
):
    other = record | {left_out: tmp_path / f"{left_out}.npy"}
    artifacts.write_array(other[left_out], np.zeros_like(np.load(record[left_out])))
    cell = ("scene+kl_av", modality)
    again = train_one(other, tmp_path / "again", *cell)
    assert content(again) == content(students[cell])
    found = evaluate_one(other, [again["student"]], tmp_path / "found")["predictions"][0]
    expected = evaluate_one(record, [again["student"]], tmp_path / "expected")["predictions"][0]
    assert found.read_bytes() == expected.read_bytes()


def test_scratch_starts_at_random_and_needs_no_weights(record, students, tmp_path, train_one):
    bare = {name: path for name, path in record.items() if name not in ("prior", "relevance", "logits", "logit_ids")}
    bare = {name: path for name, path in bare.items() if not name.endswith("encoder")}
    assert content(train_one(bare, tmp_path / "bare", "scratch")) == content(students["scratch", "image+sound"])


def test_methods_differ_by_nothing_but_their_loss(record, tmp_path, train_one):
    """With alpha = 0 every method with L_s is the same training: one start, one order, one augmentation."""
    paths = [train_one(record, tmp_path / "scene", "scene")]
    for method in ("scene+kl_av", "scene+sq_sound", "scene+event"):
        paths.append(train_one(record, tmp_path / method, method, alpha=0.0))
    states = [artifacts.read_weights(written["student"])["state"] for written in paths]
    for state in states[1:]:
        for name in (name for name in states[0] if name.startswith(("encoders", "scene"))):
            torch.testing.assert_close(state[name], states[0][name], rtol=1e-4, atol=1e-5)


def test_bfloat16_changes_little_and_keeps_the_shares(record, students, tmp_path, train_one):
    cell = ("scene+kl_av", "image+sound")
    rough = lines(train_one(record, tmp_path / "bf16", *cell, bf16=True)["history"])
    for line, exact in zip(rough, lines(students[cell]["history"]), strict=True):
        assert line["train_loss"] == pytest.approx(exact["train_loss"], rel=0.02)
        assert line["gradient_share_kl"] == pytest.approx(exact["gradient_share_kl"], rel=0.05)
    assert rough != lines(students[cell]["history"])


def test_alpha_weighs_both_event_terms_and_beta_the_second_alone(record, tmp_path, train_one):
    """With weights that stay as they are, each term of the loss says its own weight."""

    def terms(word, **weights):
        still = {"learning_rate": 0.0, "epochs": 1}
        (line,) = lines(train_one(record, tmp_path / word, "scene+event", "sound", **still, **weights)["history"])
        return [line[f"loss_{name}"] for name in ("scene", "event1", "event2")]

    scene, event1, event2 = terms("plain", alpha=0.1, beta=0.01)
    assert terms("alpha", alpha=0.2, beta=0.01) == pytest.approx([scene, 2 * event1, 2 * event2])
    assert terms("beta", alpha=0.1, beta=0.03) == pytest.approx([scene, event1, 3 * event2])


def test_pictures_are_augmented_in_training_alone(record, tmp_path, train_one):
    """Brightness 0 trains as on black pictures, and validates as if there were no augmentation."""
    black = record | {"images": tmp_path / "images.npy"}
    artifacts.write_array(black["images"], np.zeros_like(np.load(record["images"])))
    still = {"learning_rate": 0.0, "epochs": 1, "flip": 0.0, "colour": [1.0, 1.0]}
    dark, plain, none = (
        lines(train_one(reads, tmp_path / word, "scene", "image", **still, brightness=[factor, factor])["history"])[0]
        for word, reads, factor in (("dark", record, 0.0), ("plain", record, 1.0), ("none", black, 1.0))
    )
    assert dark["train_loss"] == pytest.approx(none["train_loss"])
    assert dark["train_loss"] != pytest.approx(plain["train_loss"])
    # weights stay as they are and batch norms have the statistics of pictures that are not augmented
    assert dark["val_loss"] == plain["val_loss"]


class StartedError(Exception):
    """A training was about to begin."""


@pytest.fixture
def started(record, tmp_path, monkeypatch, train_one):
    """Of a row and seed: the student as training starts, and the states of the order's and augmentation's streams."""

    def start(method="scene+kl_av", modality="image+sound", seed=0):
        found = {}

        def fit(training, *_):
            found["student"] = training.objective.student.state_dict()
            found.update({word: generator.get_state() for word, generator in training.generators.items()})
            raise StartedError

        with monkeypatch.context() as patch:
            patch.setattr("overheard.learning.objective.Training.fit", fit)
            with pytest.raises(StartedError):
                train_one(record, tmp_path / "started", method, modality, seed)
        return found

    return start


def drawn(state):
    """The first numbers of a stream."""
    return torch.rand(64, generator=torch.Generator().set_state(state))


def test_order_and_augmentation_are_streams_of_their_own_for_every_seed(started):
    starts = [started(seed=seed) for seed in range(3)]
    streams = [drawn(start[word]) for start in starts for word in ("order", "augmentation")]
    assert len({tuple(numbers.tolist()) for numbers in streams}) == 6


def test_every_method_and_modality_has_the_seeds_order_and_augmentation(started):
    expected = started(seed=1)
    for method, modality in (("scratch", "sound"), ("scene", "image"), ("event1", "image+sound")):
        found = started(method, modality, seed=1)
        assert all(torch.equal(found[word], expected[word]) for word in ("order", "augmentation"))


def test_the_start_does_not_follow_the_order_or_the_augmentation(started):
    """Were one stream drawn from twice, the first weights would be those that the other's numbers give."""
    start = started("scratch", "sound")
    bound = 1 / start["student"]["scene.weight"].shape[1] ** 0.5
    for word in ("order", "augmentation"):
        again = torch.Generator().set_state(start[word])
        other = torch.empty_like(start["student"]["scene.weight"]).uniform_(-bound, bound, generator=again)
        assert not torch.equal(start["student"]["scene.weight"], other)
        network = encoders.build("small", "sound", torch.Generator().set_state(start[word]))
        for name, value in network.named_parameters():
            found = start["student"][f"encoders.sound.{name}"]
            assert not torch.equal(found, value) or value.unique().numel() == 1


def test_the_event_head_of_pictures_starts_from_training_clips(record, started):
    """Its bias is the mean of what the teacher says of them: closed form, from the record's files."""
    splits = {row["id"]: row["split"] for row in artifacts.read_table(record["splits"])}
    ids, logits = artifacts.read_clips(record["logits"], record["logit_ids"])
    expected = np.mean([row for clip, row in zip(ids, logits, strict=True) if splits[clip] == "train"], axis=0)
    bias = started("scene+kl_av", "image")["student"]["event.bias"]
    np.testing.assert_allclose(bias.numpy(), expected, rtol=1e-5)


def test_seeds_differ(record, students, tmp_path, train_one):
    other = train_one(record, tmp_path / "seed-1", "scene", seed=1)
    assert content(other)[1] != content(students["scene", "image+sound"])[1]


@pytest.mark.parametrize(
    ("method", "lacks", "flags"),
    [
        ("scene+kl_av", ("logits", "logit_ids"), "--logits, --logit-ids"),
        ("scene+event", ("prior", "relevance"), "--prior, --relevance"),
        ("event1", ("prior",), "--prior"),
        ("scene", ("image_encoder",), "--image-encoder"),
    ],
)
def test_what_a_method_needs_and_does_not_get_is_named(record, tmp_path, method, lacks, flags, train_one):
    given = {name: path for name, path in record.items() if name not in lacks}
    with pytest.raises(ConfigError, match=f"needs {flags};"):
        train_one(given, tmp_path / "run", method)


@pytest.mark.parametrize(
    ("method", "modality", "missing"),
    [
        ("scene+kl_av", "image", "alpha"),
        ("scene+event", "image", "beta"),
        ("event1+event2", "image", "beta"),
        ("scene", "image", "flip"),
    ],
)
def test_a_setting_that_the_loss_needs_and_does_not_get_is_named(
    record, tmp_path, method, modality, missing, train_one
):
    with pytest.raises(ConfigError, match=f"{modality} needs {missing} in --settings; .*`uses`"):
        train_one(record, tmp_path / "run", method, modality, **{missing: None})


@pytest.mark.parametrize(
    ("method", "modality", "more", "shown"),
    [
        ("scratch", "image", {"alpha": 0.1}, "alpha in --settings"),
        ("scene+kl_av", "image", {"beta": 0.1}, "beta in --settings"),
        ("event1", "image", {"alpha": 0.1}, "alpha in --settings"),
        ("scene", "sound", {"flip": 0.5}, "flip in --settings"),
        ("scratch", "image", ["image_encoder"], "--image-encoder"),
        ("kl_av", "image+sound", ["prior", "relevance"], "--prior, --relevance"),
        ("scene", "image+sound", ["logits", "logit_ids"], "--logits, --logit-ids"),
    ],
)
def test_what_a_row_does_not_use_is_refused(record, tmp_path, method, modality, more, shown, train_one):
    """Else it would be read as deciding, and a change of it would train again for nothing."""
    more = {name: record[name] for name in more} if isinstance(more, list) else more
    with pytest.raises(ConfigError, match=re.escape(f"{modality} does not use {shown}; leave it out")):
        train_one(record, tmp_path / "run", method, modality, **more)


def test_weights_of_another_network_or_of_other_events_are_refused(record, tmp_path, train_one):
    with pytest.raises(CheckpointError, match=r"image\.pt: found .*small.*expected .*resnet101"):
        train_one(record, tmp_path / "run", network_image="resnet101")
    stored = artifacts.read_weights(record["sound_encoder"])
    stored["labels"] = stored["labels"][::-1]
    artifacts.write_weights(tmp_path / "sound.pt", stored)
    with pytest.raises(CheckpointError, match="not AudioSet's 527 events in their order"):
        train_one(record | {"sound_encoder": tmp_path / "sound.pt"}, tmp_path / "run")


def test_a_prior_of_other_classes_is_refused(record, tmp_path, train_one):
    artifacts.write_event_matrix(tmp_path / "prior.csv", CLASSES[::-1], np.full((3, EVENTS), 0.1))
    with pytest.raises(PairingError, match=r"prior\.csv: classes"):
        train_one(record | {"prior": tmp_path / "prior.csv"}, tmp_path / "run", "event1")


def test_no_gpu_is_a_setting_to_mend(record, tmp_path, monkeypatch, train_one):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device: found 'cuda'"):
        train_one(record, tmp_path / "run", device="cuda")


def test_a_split_without_clips_is_refused(record, tmp_path, train_one, evaluate_one):
    rows = [row | {"split": "train"} for row in artifacts.read_table(record["splits"])]
    artifacts.write_table(tmp_path / "splits.csv", ["id", "split", "fold"], rows)
    with pytest.raises(PairingError, match="no clip in split 'val'"):
        train_one(record | {"splits": tmp_path / "splits.csv"}, tmp_path / "run")
    with pytest.raises(PairingError, match="no clip in split 'test'"):
        evaluate_one(
            record | {"splits": tmp_path / "splits.csv"}, [record["index"]], tmp_path / "run", row=("scene", "image")
        )


def write_tagger_record(record, folder, frozen_blocks):
    """The record with mn04 as its sound network: whole log-mels, or the stored outputs of its lower blocks."""
    generator = torch.Generator().manual_seed(5)
    network = encoders.build("mn04", "sound", generator).eval()
    labels = list(artifacts.event_names())
    classifier = {"weight": torch.zeros(EVENTS, network.width), "bias": torch.zeros(EVENTS)}
    stored = {"network": "mn04", "modality": "sound", "encoder": network.state_dict(), "labels": labels}
    artifacts.write_weights(folder / "mn04.pt", stored | {"classifier": classifier})
    frames = torch.randn(CLIPS, 1, 64, 128, generator=generator)
    with torch.no_grad():
        sounds = network.lower(frames, frozen_blocks) if frozen_blocks else frames[:, 0]
    artifacts.write_array(folder / "tagger.npy", sounds.numpy())
    artifacts.write_arrays(folder / "own.npz", mean=np.zeros(128, np.float32), std=np.ones(128, np.float32))
    paths = {"sounds": "tagger.npy", "sound_encoder": "mn04.pt", "sound_normaliser": "own.npz"}
    return record | {name: folder / file for name, file in paths.items()}, network


def test_a_tagger_with_frozen_blocks_trains_on_their_stored_outputs(record, tmp_path, train_one, evaluate_one):
    tagger, _ = write_tagger_record(record, tmp_path, frozen_blocks=12)
    cell = {"network_sound": "mn04", "frozen_blocks_sound": 12}
    paths = train_one(tagger, tmp_path / "run", "scene+kl_av", "image+sound", epochs=1, **cell)
    state = artifacts.read_weights(paths["student"])["state"]
    assert not any(name.startswith("encoders.sound.features.0") for name in state)
    (scores,) = evaluate_one(tagger, [paths["student"]], tmp_path / "run")["scores"]
    assert artifacts.read_json(scores)["n"] == 9
    with pytest.raises(ConfigError, match="frozen_blocks_sound: found 12, expected 0 for a method with a random start"):
        train_one(tagger, tmp_path / "scratch", "scratch", "sound", **cell)
    with pytest.raises(ConfigError, match="frozen_blocks_sound: found 12, expected 0 where sound is left out"):
        train_one(tagger, tmp_path / "image", "scene", "image", **cell)


def test_an_image_network_with_frozen_blocks_trains_on_their_stored_outputs(record, tmp_path, train_one, evaluate_one):
    generator = torch.Generator().manual_seed(5)
    network = encoders.build("efficientnet_lite0", "image", generator).eval()
    stored = {"network": "efficientnet_lite0", "modality": "image", "encoder": network.state_dict()}
    artifacts.write_weights(tmp_path / "lite0.pt", stored | {"labels": []})
    lower = network.lower(torch.randn(CLIPS, 3, 64, 64, generator=generator), 16)
    artifacts.write_array(tmp_path / "lower.npy", lower.numpy())
    lite0 = record | {"images": tmp_path / "lower.npy", "image_encoder": tmp_path / "lite0.pt"}
    none = dict.fromkeys(("flip", "brightness", "colour", "augmentation_order", "augmented_splits", "picture_scale"))
    cell = {"network_image": "efficientnet_lite0", "frozen_blocks_image": 16, "epochs": 1} | none
    paths = train_one(lite0, tmp_path / "run", "scene+kl_av", "image+sound", **cell)
    content = artifacts.read_weights(paths["student"])
    assert (content["frozen_blocks_image"], content["frozen_blocks_sound"]) == (16, 0)
    kept = [name for name in content["state"] if name.startswith("encoders.image.features.")]
    assert {name.split(".")[3] for name in kept} == {"16", "17"}
    (scores,) = evaluate_one(lite0, [paths["student"]], tmp_path / "run", row=("scene+kl_av", "image+sound"))["scores"]
    assert artifacts.read_json(scores)["n"] == 9
    with pytest.raises(ConfigError, match="does not use flip in --settings"):
        train_one(lite0, tmp_path / "augmented", "scene", "image", **cell | {"flip": 0.5})
    with pytest.raises(ConfigError, match="frozen_blocks_image: found 16, expected 0 where image is left out"):
        train_one(lite0, tmp_path / "sound", "scene", "sound", **cell)


def test_a_tagger_left_out_is_the_whole_networks_answer_to_zeros(record, tmp_path, train_one):
    tagger, network = write_tagger_record(record, tmp_path, frozen_blocks=0)
    paths = train_one(tagger, tmp_path / "run", "scene", "image", epochs=1, network_sound="mn04")
    with torch.no_grad():
        expected = network(torch.zeros(1, 1, 64, 128))[0]
    torch.testing.assert_close(artifacts.read_weights(paths["student"])["state"]["absent_sound"], expected)


def test_a_random_head_is_the_student_of_its_seed_as_a_training_of_l_s_starts(record, train_one, started, tmp_path):
    paths = train_one(record, tmp_path / "run", "random_head", seed=3)
    stored = artifacts.read_weights(paths["student"])
    assert (stored["best_epoch"], stored["events"], stored["method"]) == (0, None, "random_head")
    assert lines(paths["history"]) == [{"epoch": 0, "step": 0, "best": 1}]
    expected = started("scene", seed=3)["student"]
    assert stored["state"].keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in stored["state"].items())
