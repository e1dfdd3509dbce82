"""Which variants an ablation has."""

from pathlib import Path

import protocols
import pytest

from overheard.command.ablate import Asked
from overheard.command.ablation_tables import is_paired
from overheard.errors import ConfigError
from overheard.study import ablation, config
from overheard.study.checking import check
from overheard.study.experiment import NAME
from overheard.study.experiments import Loaded
from overheard.study.transfer import design as transfer
from overheard.study.transfer.experiment import Experiment

ROOT = protocols.ROOT
CONTENT = {"source": {"kind": "twin"}, "seeds": [0, 1]}
EXPERIMENT = check(Experiment, CONTENT, "x")
LOADED = Loaded("twin", Path("config/twin.yaml"), ROOT, EXPERIMENT, protocols.STUDY, transfer, protocols.PROTOCOL)
STUDY = ablation.narrowed(protocols.STUDY, "twin-ablation", ["scene", "scene+event"], ["image"])


def protocol(word):
    return config.load_protocol(ROOT, EXPERIMENT.model_copy(update={"protocol": word}))


def test_a_flip_is_the_first_other_value():
    changes = ablation.flips(transfer.SWITCHES, protocols.PROTOCOL, [protocol("released"), protocol("paper")])
    assert {"divergence": "cross_entropy"} in changes
    assert {"augmentation_order": "colour_first"} in changes  # released says as corrected, the paper otherwise
    assert all(len(change) == 1 for change in changes)
    assert not any("alpha" in change for change in changes)
    back = ablation.flips(transfer.SWITCHES, protocol("released"), [protocols.PROTOCOL])
    assert {"divergence": "kl"} in back
    assert not any("augmentation_order" in change for change in back)


def test_a_grid_has_every_combination():
    points = ablation.grid(transfer.SWITCHES, ["alpha=0.01,1", "protocol.clip_order=fixed,each_epoch"])
    assert points == [{"alpha": a, "clip_order": o} for a in (0.01, 1) for o in ("fixed", "each_epoch")]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("alpha", "expected key=value,value"),
        ("alpha=", "expected key=value,value"),
        ("speed.x=3", "no switch 'speed.x'"),
        ("seeds=3", "no switch 'seeds'"),
    ],
)
def test_what_is_no_grid_is_refused(vary, said):
    with pytest.raises(ConfigError, match=said):
        ablation.grid(transfer.SWITCHES, [vary])


def test_a_narrowed_study_has_its_rows_and_no_others():
    assert STUDY.rows() == [("scene", "image"), ("scene+event", "image")]
    with pytest.raises(ConfigError, match="the study has no row scene\\+kl_sound on image; it has: "):
        ablation.narrowed(protocols.STUDY, "x", ["scene+kl_sound"], ["image"])


def test_a_variant_is_an_experiment_of_its_own_that_reaches_the_rows_that_use_the_switch():
    base = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {})
    other = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {"beta": 0.5})
    assert (base.loaded.name, other.loaded.name) == ("twin-ablation-corrected", "twin-ablation-corrected-beta-0.5")
    assert other.content == CONTENT | {"study": "twin-ablation", "protocol": {"base": "corrected", "beta": 0.5}}
    assert ablation.rows_reached(base.loaded, other.loaded) == (("scene+event", "image"),)
    order = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {"brightness": [0.9, 1.1]})
    assert NAME.fullmatch(order.loaded.name)


def test_a_switch_without_effect_is_refused_by_name():
    content = CONTENT | {"train": {"schedule": "cosine"}}
    with pytest.raises(ConfigError, match="protocol.schedule: has no effect, as train.schedule is set"):
        ablation.variant(LOADED, content, ROOT, STUDY, "corrected", {"schedule": "steps"})
    with pytest.raises(ConfigError, match="relevance_sign: found largest_score with relevance_vector gram_eigenvector"):
        ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {"relevance_sign": "largest_score"})


def test_an_ablation_compares_trainings_whatever_a_protocol_measures():
    released = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "released", {"alpha": 0.5})
    assert released.content["protocol"] == {"base": "released", "repeats": "seeds", "alpha": 0.5}
    assert released.loaded.experiment.seeds == [0, 1]
    fixed = CONTENT | {"train": {"selection": "last"}}
    assert ablation.variant(LOADED, fixed, ROOT, STUDY, "released", {}).content["protocol"] == "released"
    with pytest.raises(ConfigError, match="repeats: several epochs of one run are no trainings"):
        ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {"repeats": "next_epochs"})


@pytest.mark.parametrize(
    ("base", "change", "paired"),
    [
        ("corrected", {"alpha": 0.5}, True),
        ("corrected", {"split_unit": "pairs"}, False),
        ("corrected", {"augmented_splits": "all"}, False),
        ("corrected", {"class_order": "released"}, True),
        ("released", {"class_order": "alphabetical"}, False),
    ],
)
def test_what_is_tested_on_other_clips_or_pictures_is_not_paired(base, change, paired):
    one, other = (ablation.variant(LOADED, CONTENT, ROOT, STUDY, base, its) for its in ({}, change))
    assert is_paired(one, other) == paired


def test_a_grid_varies_settings_too():
    base = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {})
    (change,) = ablation.grid(transfer.SWITCHES, ["train.learning_rate=0.01"])
    other = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", change)
    assert other.content["train"] == {"learning_rate": 0.01}
    assert other.value_of("train.learning_rate") == 0.01
    assert (base.value_of("alpha"), base.value_of("source.world")) == (0.1, 0)
    assert is_paired(base, other)
    with pytest.raises(ConfigError, match="train.speed"):
        ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {"train.speed": 3})


@pytest.mark.parametrize(("axis", "key"), [("splits", "split.seed"), ("worlds", "source.world")])
def test_other_splits_and_worlds_reach_every_row_and_are_not_paired(axis, key):
    changes = ablation.over(axis, 3, EXPERIMENT)
    assert changes == [{key: 1}, {key: 2}]
    base = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", {})
    other = ablation.variant(LOADED, CONTENT, ROOT, STUDY, "corrected", changes[0])
    assert ablation.rows_reached(base.loaded, other.loaded) == tuple(STUDY.rows())
    assert not is_paired(base, other)


def test_what_has_no_other_splits_or_worlds_is_refused():
    folder = check(Experiment, {"source": {"kind": "directory", "pairs": "x"}, "seeds": [0]}, "x")
    with pytest.raises(ConfigError, match="--over worlds: source.kind directory has no source.world"):
        ablation.over("worlds", 3, folder)
    with pytest.raises(ConfigError, match="--over seeds: expected one of splits, worlds"):
        ablation.over("seeds", 3, EXPERIMENT)
    with pytest.raises(ConfigError, match="--n 1: expected at least 2 splits"):
        ablation.over("splits", 1, EXPERIMENT)
    with pytest.raises(ConfigError, match="by_label draws by the class's number"):
        ablation.variant(LOADED, CONTENT, ROOT, STUDY, "released", {"split.seed": 1})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"vary": ["alpha=1"], "over": "splits"}, "--vary and --over exclude each other"),
        ({"switches": ["alpha"], "vary": ["alpha=1"]}, "--switch and --vary exclude each other"),
        ({"validation": True}, "--on-validation is for a grid"),
    ],
)
def test_questions_that_exclude_each_other_are_named_together(words, said):
    with pytest.raises(ConfigError, match=said):
        Asked("twin", **words).check()


def test_another_question_has_another_table():
    asked = [Asked("twin"), Asked("twin", switches=["alpha"]), Asked("twin", vary=["alpha=1,2", "beta=0,1"])]
    asked += [Asked("twin", vary=["alpha=1,2"], validation=True), Asked("twin", over="splits")]
    asked += [Asked("twin", methods=("scene+event",), modalities=("image+sound",))]
    assert [one.table.name for one in asked] == [
        "ablation",
        "switch-alpha",
        "vary-alpha-beta",
        "validation-vary-alpha",
        "over-splits",
        "ablation-scene_event-image_sound",
    ]
    # other rows are another study: what was made of the first stays as it is
    assert {one.study for one in asked} == {"twin-ablation", "twin-ablation-scene_event-image_sound"}
