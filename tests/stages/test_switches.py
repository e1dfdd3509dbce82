"""Every switch of a protocol changes what is predicted, or what is said of it: no value is read by nobody."""

import numpy as np
import protocols
import pytest

from overheard.io import artifacts
from overheard.scores.over_seeds import mean_and_std
from overheard.stages import prior, relevance
from overheard.study.transfer.protocol import SWITCHES

ROW_OF = {
    "squared_target": ("scene+sq_av", "image+sound"),
    "squared_reduction": ("scene+sq_av", "image+sound"),
    "beta": ("scene+event", "sound"),
    "relevance_loss": ("scene+event", "sound"),
    "baseline_learning_rate": ("scene", "sound"),
    "missing_modality": ("scene", "sound"),
    "repeats": ("scene", "sound"),
    "patience": ("scene+event", "sound"),
}
"""A row that uses the switch, where the default one does not."""
TRAINED = [name for name, switch in SWITCHES.items() if "train" in switch.stages]
AUGMENTATION = ("flip", "brightness", "colour", "augmentation_order")
RECIPE = {"epochs": 6, "learning_rate": 2e-3}


@pytest.fixture(scope="module")
def predicted(record, tmp_path_factory, train_one, evaluate_one):
    """What a row's student says of scenes and events of the test clips, under settings that are changed."""
    folder, known = tmp_path_factory.mktemp("switches"), {}

    def said(row, **changes):
        key = (row, repr(changes))
        if key not in known:
            student = train_one(record, folder / str(len(known)), *row, **(RECIPE | changes))["student"]
            augmentation = AUGMENTATION if "augmented_splits" in changes else ()
            given = {name: protocols.train_settings(*row)[name] for name in augmentation}
            given |= {name: changes[name] for name in ("class_order", "picture_scale") if name in changes}
            paths = evaluate_one(record, [student], folder / f"said-{len(known)}", **given)
            with np.load(paths["predictions"][0]) as scenes, np.load(paths["events"][0]) as events:
                known[key] = np.concatenate([scenes["scene_logits"], events["event_logits"]], axis=1)
                if "next_epochs" in scenes:
                    known[key] = [scenes["scene_logits"], *scenes["next_scene_logits"]]
        return known[key]

    return said


@pytest.mark.parametrize("name", TRAINED)
def test_a_switch_of_training_changes_what_is_predicted(predicted, name):
    row = ROW_OF.get(name, ("scene+kl_av", "image+sound"))
    setting = "learning_rate" if name == "baseline_learning_rate" else name
    # what is chosen among several epochs must have epochs to choose from, and an early one must be best
    own = {"learning_rate": 0.02, "epochs": 12} if name in ("selection", "patience", "repeats") else {}
    one, other = predicted(row, **own), predicted(row, **own, **{setting: protocols.OTHER[name]})
    if name == "repeats":  # the best epoch is the same, and others are tested beside it
        assert np.array_equal(one, other[0])
        assert all(not np.array_equal(one, epoch) for epoch in other[1:])
        assert len(other) > 1
        return
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("stage", "name", "others"),
    [
        (prior.prior, "prior_clips", ("seventy_percent", "all")),
        (relevance.relevance, "prior_clips", ("seventy_percent", "all")),
        (relevance.relevance, "relevance_vector", ("first_component",)),
    ],
)
def test_a_switch_of_prior_and_relevance_changes_them(record, tmp_path, stage, name, others):
    reads = {flag: record[flag] for flag in ("logits", "logit_ids", "index", "splits")}
    made = []
    for word in (getattr(protocols.PROTOCOL, name), *others):
        stage(**reads, **{stage.__name__: tmp_path / f"{word}.csv"}, **{name: word})
        made.append(artifacts.read_event_matrix(tmp_path / f"{word}.csv", ["beach", "forest", "lake"]))
    assert all(np.abs(one - other).max() > 1e-4 for k, one in enumerate(made) for other in made[:k])


def test_the_signs_of_a_component_differ(record, tmp_path):
    reads = {flag: record[flag] for flag in ("logits", "logit_ids", "index", "splits")}
    made = {}
    for sign in ("positive_sum", "largest_loading", "largest_score"):
        path = tmp_path / f"{sign}.csv"
        relevance.relevance(**reads, relevance=path, relevance_vector="first_component", relevance_sign=sign)
        made[sign] = artifacts.read_event_matrix(path, ["beach", "forest", "lake"])
    np.testing.assert_allclose(abs(made["largest_score"]), abs(made["positive_sum"]), atol=1e-6)
    assert len({tuple(np.sign(matrix[:, 0])) + tuple(np.sign(matrix[:, 1])) for matrix in made.values()}) > 1
    assert (made["positive_sum"].sum(axis=1) > 0).all()


def test_spread_is_of_a_sample_or_a_population():
    values = {seed: float(number) for seed, number in enumerate((60, 62, 61, 65, 70))}
    for spread, ddof in (("sample", 1), ("population", 0)):
        found = mean_and_std(values, list(values), spread=spread)
        assert found.std == pytest.approx(np.std(list(values.values()), ddof=ddof))


def test_every_switch_is_tried_here():
    elsewhere = {
        *("split_unit", "split_draw", "split_group"),  # tests/media/test_released_split.py
        *(
            "stft_points",
            "mel_of",
            "mel_floor_db",
            "resampler",
            "resize_filter",
            "sound_normaliser",
        ),  # test_features.py
        "teacher_normaliser",  # test_pretrain_teacher.py
    }
    here = {*TRAINED, "prior_clips", "relevance_vector", "relevance_sign", "spread"}
    assert here | elsewhere == set(SWITCHES)
