"""The training of a row: it learns, gives the same bytes, goes on after a stop, and leaves frozen networks alone."""

import copy
from functools import cache

import numpy as np
import pytest
import torch

from overheard.errors import CheckpointError, ConfigError
from overheard.learning import schedules
from overheard.learning.batching import BATCHINGS
from overheard.learning.fusion_training import Drawn, Training, Windows, started, window_logits
from overheard.learning.loop import Recipe, Run
from overheard.learning.models.fusion import ROWS
from overheard.learning.selection import lowest_loss
from overheard.learning.standing import kept, resume
from overheard.media.moments import embedding_moments, z_scored

CLASSES, WIDTHS = 4, {"audio": 12, "video": 20}
CORRECTED = {"hidden": "bn_relu_dropout", "train_windows": "all"}
HEAD = {"fusion_input": "hidden_64", "fusion_head": "relu", "fusion_trains": "head"}
LEARNING = {"learning_rate": 3e-3, "weight_decay": 1e-4}


def windows(seed, clips, each=5):
    """Clips of some windows: each modality tells two of the four classes from the other two, and has noise."""
    rng = np.random.default_rng(seed)
    label = (np.arange(clips) % CLASSES).repeat(each)
    told = {"audio": label // 2, "video": label % 2}
    found = {name: rng.standard_normal((len(label), width)).astype(np.float32) for name, width in WIDTHS.items()}
    for name, values in found.items():
        values[:, :4] += 2.0 * told[name][:, None]
    return Windows(found, label, np.arange(clips).repeat(each))


TRAIN, VAL = windows(1, 40), windows(2, 12)


def recipe(**said):
    given = {"batch_size": 16, "steps": 60, "epochs": None, "schedule": schedules.constant, "patience": None}
    return Recipe(**({"selection": lowest_loss, "every": 20} | given | said))


def training(row, seed=0, train=TRAIN, val=VAL, **said):
    given = {"n_classes": CLASSES, "seed": seed} | CORRECTED | LEARNING | (HEAD if row == "proposed" else {})
    if row == "proposed" and "states" not in said:
        said["states"] = states(seed, said.get("hidden", CORRECTED["hidden"]))
    return Training(row, train, val, **(given | said))


def trained(row, seed=0, how=None, **said):
    found = training(row, seed, **said)
    return found, found.fit(how or recipe())


@cache
def states(seed=0, hidden=CORRECTED["hidden"]):
    """The two networks that `proposed` starts from."""
    return {name: trained(name, seed, hidden=hidden)[1].best_state for name in ROWS["proposed"]}


def same(one, other):
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("hidden", ["bn_relu_dropout", "plain"])
@pytest.mark.parametrize(("row", "above", "below"), [("audio", 0.4, 0.6), ("early", 0.8, 1), ("proposed", 0.8, 1)])
def test_a_row_learns_what_its_modalities_tell(row, hidden, above, below):
    """One modality tells two classes of four apart, so that half is all it can do; both tell all."""
    found, run = trained(row, hidden=hidden)
    assert [line["step"] for line in run.history] == [20, 40, 60]
    found.model.load_state_dict(run.best_state)
    test = windows(3, 40)
    right = window_logits(row, found.model, test).argmax(dim=1).numpy() == test.label
    assert above < right.mean() <= below


@pytest.mark.parametrize("row", ROWS)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(row):
    before = torch.get_rng_state()
    one, other = trained(row), trained(row)
    assert torch.equal(before, torch.get_rng_state())
    assert one[1].history == other[1].history
    assert same(one[1].best_state, other[1].best_state)
    assert not same(one[1].best_state, trained(row, seed=1)[1].best_state)


def test_a_networks_start_depends_on_its_name_and_seed_alone():
    audio = started("audio", WIDTHS, CLASSES, 3, hidden="plain").state_dict()
    assert same(audio, started("audio", WIDTHS, CLASSES, 3, hidden="plain").state_dict())
    video = started("video", {"video": 12}, CLASSES, 3, hidden="plain").state_dict()
    assert not torch.equal(audio["model.0.weight"], video["model.0.weight"])
    # torch's start: uniform within one over the root of the width
    bound = 12**-0.5
    assert 0.95 * bound < audio["model.0.weight"].abs().max() <= bound


def test_proposed_begins_with_the_trained_networks_of_its_seed():
    model = training("proposed").model
    assert same(model.audio.state_dict(), states()["audio"])
    assert same(model.video.state_dict(), states()["video"])
    # its head has a stream of its own: the same whatever the networks are
    other = training("proposed", states=states(1)).model
    assert same(model.head.state_dict(), other.head.state_dict())
    third = training("proposed", seed=1, states=states(1)).model
    assert not torch.equal(model.head[0].weight, third.head[0].weight)


@pytest.mark.parametrize("fusion_input", ["second_linear_128", "hidden_64"])
def test_where_the_head_alone_learns_networks_and_their_statistics_stay(fusion_input):
    found = training("proposed", fusion_input=fusion_input)
    before = copy.deepcopy(found.model.state_dict())
    run = found.fit(recipe())
    for state in (found.model.state_dict(), run.best_state):
        changed = {name for name in before if not torch.equal(before[name], state[name])}
        assert changed == {name for name in before if name.startswith("head")}


def test_where_all_learns_the_networks_change_too():
    found = training("proposed", fusion_trains="all")
    before = copy.deepcopy(found.model.state_dict())
    found.fit(recipe())
    changed = {name for name in before if not torch.equal(before[name], found.model.state_dict()[name])}
    # all that the head reads: not the last linear layer of either
    assert changed == {name for name in before if not name.split("model.")[-1].startswith("12.")}


SWITCHES = [
    ("audio", {"train_windows": "per_clip"}, {}),
    ("early", {}, {"batching": BATCHINGS["drop_last"], "every": 7}),
    ("proposed", {}, {}),
    ("proposed", {"fusion_trains": "all", "hidden": "plain"}, {"every": None}),
]


@pytest.mark.parametrize("stop", [1, 2])
@pytest.mark.parametrize(("row", "switches", "how"), SWITCHES)
def test_a_training_that_goes_on_ends_as_one_that_was_not_stopped(row, switches, how, stop):
    whole, first, second = (training(row, **switches) for _ in range(3))
    expected, checkpoint = whole.fit(recipe(**how)), {}

    def interrupt(run):
        if len(run.history) == stop:
            checkpoint.update(copy.deepcopy(kept(first, run)))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        first.fit(recipe(**how), on_validation=interrupt)
    run = resume(second, checkpoint)
    assert isinstance(run, Run)
    resumed = second.fit(recipe(**how), run)
    assert resumed.history == expected.history
    assert same(second.model.state_dict(), whole.model.state_dict())
    assert same(resumed.best_state, expected.best_state)


def test_embeddings_on_the_disk_read_by_rows_and_scaled_by_batch_give_the_same_bytes(tmp_path):
    """All windows of a collection in one file, in another order, not z-scored; against arrays of a split in memory."""
    rows = np.random.default_rng(4).permutation(len(TRAIN) + 30)[: len(TRAIN)]
    stored, z_score, scaled = {}, {}, {}
    for name, values in TRAIN.embeddings.items():
        whole = np.full((len(TRAIN) + 30, values.shape[1]), np.nan, np.float32)
        whole[rows] = 3 * values + 1
        np.save(tmp_path / f"{name}.npy", whole)
        stored[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        z_score[name] = embedding_moments(stored[name], rows, "per_dimension")
        scaled[name] = z_scored(whole[rows], *z_score[name])
        assert abs(scaled[name].mean()) < 1e-5
    on_disk = Windows(stored, TRAIN.label, TRAIN.clip, rows, z_score)
    in_memory = Windows(scaled, TRAIN.label, TRAIN.clip)
    one, other = (trained("early", train=each)[1] for each in (on_disk, in_memory))
    assert one.history == other.history
    assert same(one.best_state, other.best_state)


def test_a_batch_has_audio_before_video():
    batch = TRAIN.batch(ROWS["early"], torch.tensor([7, 2]))
    expected = np.concatenate([TRAIN.embeddings[name][[7, 2]] for name in ("audio", "video")], axis=1)
    np.testing.assert_array_equal(batch.numpy(), expected)


def test_a_window_is_said_the_same_of_alone_and_among_others_in_training_or_not():
    model = training("early").model.train()
    all_windows = window_logits("early", model, VAL)
    alone = window_logits("early", model.train(), VAL, torch.tensor([17]))
    torch.testing.assert_close(alone[0], all_windows[17])


def test_one_window_of_each_clip_is_drawn_anew():
    clip = np.array([3, 1, 3, 1, 1, 0, 3])
    drawn, draws = Drawn(clip), torch.Generator().manual_seed(1)
    assert len(drawn) == 3
    seen = torch.stack([drawn(torch.tensor([2, 0, 1]), draws) for _ in range(400)])
    assert (clip[seen.numpy()] == [3, 0, 1]).all()
    counts = [np.bincount(seen[:, column], minlength=7) for column in range(3)]
    assert set(seen[:, 0].tolist()) == {0, 2, 6}
    # each of three about 133 times, 5 deviations of 9.4
    assert all(abs(count - 400 / 3) < 47 for column in (0, 2) for count in counts[column] if count)


def test_an_epoch_of_one_window_a_clip_has_as_many_batches_as_clips_ask_for():
    run = trained("audio", how=recipe(steps=None, epochs=2, every=None), train_windows="per_clip")[1]
    assert [line["step"] for line in run.history] == [3, 6]  # 40 clips in batches of 16


def test_validation_is_over_all_windows_or_over_full_batches_drawn_anew():
    """Sixty windows in batches of 16: all count, or 48 of them, others each time; weights that do not move."""
    said = {}
    for word, batching in BATCHINGS.items():
        found, run = trained("audio", how=recipe(batching=batching, every=5), learning_rate=0.0, hidden="plain")
        said[word] = [line["val_loss"] for line in run.history]
    logits = window_logits("audio", found.model, VAL)
    expected = torch.nn.functional.cross_entropy(logits, torch.from_numpy(VAL.label)).item()
    assert said["all"] == pytest.approx([expected] * 12, rel=1e-6)
    assert len(set(said["drop_last"])) > 6
    assert said["drop_last"] == pytest.approx([expected] * 12, rel=0.1)


def test_what_is_done_before_a_validation_is_what_is_validated():
    found, seen = training("audio"), []
    found.fit(recipe(), before_validation=lambda: seen.append(found.model.training))
    assert seen == [True] * 3


def test_weights_of_another_network_are_refused():
    swapped = {"audio": states()["audio"], "video": states()["audio"]}
    with pytest.raises(CheckpointError, match="video: weights of another network.*train video again"):
        training("proposed", states=swapped)


def test_a_split_smaller_than_a_full_batch_is_refused():
    with pytest.raises(ConfigError, match="batch_size: found 64, expected at most 60"):
        training("audio").fit(recipe(batch_size=64, batching=BATCHINGS["drop_last"]))


def test_arrays_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="got lengths"):
        Windows(TRAIN.embeddings, TRAIN.label[:-1], TRAIN.clip[:-1])
    with pytest.raises(ValueError, match="got lengths"):
        Windows(TRAIN.embeddings, TRAIN.label[:5], TRAIN.clip[:5], np.arange(4))
