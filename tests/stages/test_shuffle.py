"""The teacher's outputs under other clips' names: what is read from them, and what stays as it was."""

from collections import Counter

import numpy as np
import pytest
import torch

from overheard.errors import PairingError
from overheard.io import artifacts
from overheard.stages.prior import prior
from overheard.stages.shuffle import shuffle

CLASSES = ("beach", "forest")
CLIPS = {
    f"{scene}{place}{clip}": (scene, f"{scene}{place}") for scene in CLASSES for place in range(8) for clip in "ab"
}


@pytest.fixture
def heard(tmp_path):
    """Files of a teacher that hears one number in every clip of a location, and of a split of locations."""
    paths = {name: tmp_path / f"{name}.csv" for name in ("logit_ids", "index", "splits")} | {
        "logits": tmp_path / "l.npy"
    }
    ids = [*CLIPS][::-1]
    place = {location: number for number, location in enumerate(dict.fromkeys(its[1] for its in CLIPS.values()))}
    artifacts.write_ids(paths["logit_ids"], ids)
    number = np.float32([place[CLIPS[clip][1]] for clip in ids])
    artifacts.write_array(paths["logits"], np.tile(number[:, None] / 10, (1, 527)))
    rows = [{"id": clip, "class": scene, "location": location} for clip, (scene, location) in CLIPS.items()]
    artifacts.write_table(paths["index"], ["id", "class", "location"], rows)
    words = {clip: "test" if location[-1] in "67" else "train" for clip, (_, location) in CLIPS.items()}
    artifacts.write_table(paths["splits"], ["id", "split"], [{"id": clip, "split": its} for clip, its in words.items()])
    return paths, words


def shuffled(paths, how, fold=0, seed=0):
    written = paths["index"].with_name(f"{how}-{fold}-{seed}.csv")
    given = {name: paths[name] for name in ("logit_ids", "index", "splits")}
    shuffle(**given, fold=fold, teacher=how, seed=seed, shuffled_ids=written)
    return written


@pytest.mark.parametrize("how", ["within_class", "across"])
def test_what_is_heard_of_a_split_stays_the_same_and_no_clip_keeps_its_own(heard, how):
    paths, words = heard
    ids, values = artifacts.read_clips(paths["logits"], paths["logit_ids"])
    before = dict(zip(ids, values[:, 0].tolist(), strict=True))
    ids, values = artifacts.read_clips(paths["logits"], shuffled(paths, how))
    after = dict(zip(ids, values[:, 0].tolist(), strict=True))
    assert not [clip for clip in before if before[clip] == after[clip]]
    groups = {clip: (words[clip], CLIPS[clip][0] if how == "within_class" else "") for clip in before}
    for group in set(groups.values()):
        its = [clip for clip in before if groups[clip] == group]
        assert Counter(before[clip] for clip in its) == Counter(after[clip] for clip in its)
    # both clips of a location get what was heard at one other
    assert all(after[f"{clip[:-1]}a"] == after[f"{clip[:-1]}b"] for clip in before)
    drawn = [shuffled(paths, how, **other).read_bytes() for other in ({}, {"fold": 1}, {"seed": 1})]
    assert len(set(drawn)) == 3


def test_the_prior_is_computed_from_what_clips_have_now(heard, tmp_path):
    """Within a class it stays; across, scenes come closer together and their mean stays."""
    paths, _ = heard
    found = {}
    for how in ("heard", "within_class", "across"):
        ids = paths["logit_ids"] if how == "heard" else shuffled(paths, how)
        given = {name: paths[name] for name in ("logits", "index", "splits")}
        prior(**given, logit_ids=ids, prior=tmp_path / f"{how}.csv")
        found[how] = artifacts.read_event_matrix(tmp_path / f"{how}.csv", list(CLASSES))
    np.testing.assert_allclose(found["within_class"], found["heard"], rtol=1e-6)
    np.testing.assert_allclose(found["across"].mean(axis=0), found["heard"].mean(axis=0), rtol=1e-6)
    assert np.ptp(found["across"], axis=0).max() < np.ptp(found["heard"], axis=0).min()


def test_a_clip_without_a_split_is_named(heard):
    paths, _ = heard
    artifacts.write_ids(paths["logit_ids"], [*CLIPS, "lake0a"])
    with pytest.raises(PairingError, match="lake0a"):
        shuffled(paths, "across")


def test_pictures_sounds_starts_and_the_order_of_clips_stay_as_they_are(record, tmp_path, monkeypatch, train_one):
    """Of two trainings that differ by the names of the teacher's outputs alone, as a control's do."""
    ids = [row["id"] for row in artifacts.read_table(record["logit_ids"])]
    splits = {row["id"]: row["split"] for row in artifacts.read_table(record["splits"])}
    train = [clip for clip in ids if splits[clip] == "train"]
    other = dict(zip(train, [*train[1:], train[0]], strict=True))
    artifacts.write_ids(tmp_path / "ids.csv", [other.get(clip, clip) for clip in ids])
    found = []

    class BegunError(Exception):
        pass

    def fit(training, *_):
        found.append(training)
        raise BegunError

    monkeypatch.setattr("overheard.learning.objective.Training.fit", fit)
    for names in ({}, {"logit_ids": tmp_path / "ids.csv"}):
        for method, modality in (("scene+event", "image+sound"), ("scene+kl_av", "image")):
            with pytest.raises(BegunError):
                train_one(record, tmp_path / "started", method, modality, **names)
    for before, after in zip(found[:2], found[2:], strict=True):
        clips = torch.arange(len(before.train))
        inputs = [one.train.inputs.batch(clips) for one in (before, after)]
        assert all(torch.equal(inputs[0][name], inputs[1][name]) for name in inputs[0])
        assert torch.equal(before.train.label, after.train.label)
        for word in before.generators:
            assert torch.equal(before.generators[word].get_state(), after.generators[word].get_state())
        states = [one.objective.student.state_dict() for one in (before, after)]
        for name, value in states[0].items():
            # the event head of pictures starts from a mean over clips, summed in another order
            torch.testing.assert_close(value, states[1][name], rtol=1e-6 if name == "event.bias" else 0, atol=0)
        told = [one.train.teacher_logits for one in (before, after)]
        assert not torch.equal(*told)
        assert torch.equal(*(its.sort(dim=0).values for its in told))
