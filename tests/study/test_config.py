"""What a configuration may say, and how it is refused."""

from pathlib import Path

import pytest
import torch

from overheard.errors import ConfigError
from overheard.learning.models import encoders
from overheard.study import captions, config, yaml_file
from overheard.study.changes import with_changes
from overheard.study.checking import check
from overheard.study.experiments import with_named
from overheard.study.study_file import Study
from overheard.study.transfer import job_settings, row_files
from overheard.study.transfer.experiment import BLOCKS, Experiment
from overheard.study.transfer.protocol import Protocol
from overheard.study.transfer.remarks import remarks

ROOT = Path(__file__).resolve().parents[2]
TWIN = {"source": {"kind": "twin"}}


def refused(content: dict, *words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(Experiment, content, "config/x.yaml")
    for word in ("config/x.yaml", *words):
        assert word in str(caught.value)


def test_an_unknown_key_is_named_with_those_allowed():
    refused({"source": {"kind": "twin", "scal": 1}}, "source.scal", "unknown key", "scale")
    refused(TWIN | {"sedes": [1]}, "sedes", "unknown key", "seeds")


def test_a_wrong_type_names_what_was_found():
    refused(TWIN | {"train": {"epochs": "many"}}, "train.epochs", "'many'", "integer")
    refused(TWIN | {"seeds": 3}, "seeds", "3", "list")


def test_an_impossible_value_is_refused():
    refused({"source": {"kind": "twin", "scale": -1}}, "source.scale", "-1", "greater than 0")
    refused(TWIN | {"split": {"fractions": [0.7, 0.1, 0.1]}}, "fractions", "sum to 1", "0.9")
    refused(TWIN | {"split": {"fractions": [0.6, 0.1, 0.3]}}, "fractions: 0.3 for test", "folds: 5", "0.2", "folds: 1")
    refused(TWIN | {"split": {"folds": 10}}, "fractions: 0.2 for test", "folds: 10", "set the fraction to 0.1")
    refused(TWIN | {"split": {"folds": 0}}, "folds")
    refused(TWIN | {"networks": {"image": {"name": "mn04"}}}, "image.name", "small, resnet101, efficientnet_lite0")


def test_repeated_seeds_are_refused():
    refused(TWIN | {"seeds": [0, 1, 1]}, "seeds", "1 repeated")


def test_a_missing_source_is_named():
    refused({}, "source", "missing")


def test_every_wrong_key_is_listed_at_once():
    refused({"source": {"kind": "twin", "scale": -1}, "foo": 1}, "source.scale", "foo")


def test_yamls_text_for_a_number_is_the_number():
    content = yaml_file.parsed("source: {kind: twin}\ntrain: {learning_rate: 1e-3}", "x")
    experiment = check(Experiment, content, "x")
    assert experiment.train.learning_rate == 1e-3


def test_changes_go_to_their_keys_and_leave_the_original():
    content = {"source": {"kind": "twin"}, "train": {"epochs": 25}}
    changed = with_changes(content, ["train.epochs=5", "networks.image.pretrain.epochs=2", "seeds=[7]"])
    assert changed["train"]["epochs"] == 5
    assert changed["networks"]["image"]["pretrain"] == {"epochs": 2}
    assert changed["seeds"] == [7]
    assert content == {"source": {"kind": "twin"}, "train": {"epochs": 25}}


@pytest.mark.parametrize("change", ["epochs", "=5", "train.epochs.more=1"])
def test_a_change_of_another_form_is_refused(change):
    with pytest.raises(ConfigError, match="--set"):
        with_changes({"train": {"epochs": 25}}, [change])


REVIEWERS = ("random_head", "smoothed")
"""Students that the paper has not, in the table of baselines."""


def test_the_study_has_the_papers_rows():
    experiment = check(Experiment, TWIN, "x")
    study = config.load_study(ROOT, experiment.study)
    assert len([row for row in study.trained() if row[0] not in REVIEWERS]) == 20
    by_modality = {
        modality: [m for m, c in study.trained() if c == modality and m not in REVIEWERS]
        for modality in ("image", "sound", "image+sound")
    }
    assert {modality: len(rows) for modality, rows in by_modality.items()} == {
        "image": 5,
        "sound": 5,
        "image+sound": 10,
    }


def test_rows_whose_needs_are_not_given_are_left_out_with_the_reason():
    bare = {"source": {"kind": "directory", "pairs": "somewhere"}}
    experiment = check(Experiment, bare, "x")
    study = config.load_study(ROOT, experiment.study)
    absent = job_settings.left_out(experiment, study)
    assert set(study.trained()) - set(absent) == {("scratch", "sound"), ("scratch", "image")}
    assert {method for method, _ in set(study.baselines()) & set(absent)} == {
        *("teacher_outputs", "late_fusion", "nearest_prior")
    }
    assert absent["fused_runs", "image+sound"].startswith("scene on image is left out: no trained image network")
    assert "source.scenes" in absent["scene", "image"]
    assert "networks.image" in absent["scene", "image+sound"]
    assert "source.tagger" in absent["scene", "image+sound"]
    assert "source.tagger" in absent["scene", "sound"]

    with_scenes = check(Experiment, {"source": bare["source"] | {"scenes": "there"}}, "x")
    absent = job_settings.left_out(with_scenes, study)
    assert ("scene", "image") not in absent
    assert "hear" in absent["scene+event", "image"]


@pytest.mark.parametrize(
    ("rows", "parts", "networks", "teacher"),
    [
        (["scratch"], ["pairs"], [], []),
        (["scratch", "scene"], ["pairs", "scenes", "sounds"], ["image", "sound"], []),
        (["kl_av"], ["pairs", "scenes", "sounds"], ["image", "sound"], ["teacher"]),
        (["kl_av", "event1"], ["pairs", "scenes", "sounds"], ["image", "sound"], ["teacher", "prior"]),
        (["event1+event2"], ["pairs", "scenes", "sounds"], ["image", "sound"], ["teacher", "prior", "relevance"]),
    ],
)
def test_what_no_row_rests_on_is_not_made(rows, parts, networks, teacher):
    experiment = check(Experiment, TWIN, "x")
    study = config.load_study(ROOT, experiment.study).model_dump()
    study["figures"] = {}
    study["tables"] = {"table2": study["tables"]["table2"] | {"blocks": [{"rows": rows, "columns": ["image+sound"]}]}}
    study = check(Study, study, "x")
    assert job_settings.parts(experiment, study) == parts
    assert job_settings.pretrained(experiment, study) == networks
    assert job_settings.teacher_jobs(experiment, study) == teacher


def test_full_networks_take_the_protocols_settings_and_small_ones_their_own():
    plain = check(Experiment, TWIN, "x")
    protocol = config.load_protocol(ROOT, plain)
    row = (config.load_study(ROOT, plain.study).methods["scene+event"], "image")
    settings = job_settings.train_settings(plain, protocol, *row)
    assert (settings["learning_rate"], settings["weight_decay"], settings["alpha"], settings["beta"]) == (
        1e-5,
        1e-4,
        0.1,
        0.001,
    )
    own = check(Experiment, TWIN | {"train": {"learning_rate": 0.01}}, "x")
    assert job_settings.train_settings(own, protocol, *row)["learning_rate"] == 0.01
    assert any("0.01" in line for line in remarks(own, protocol))


def test_a_protocol_may_allow_only_leaks_that_are_looked_for():
    content = config.read_yaml(ROOT / "config" / "protocols" / "corrected.yaml")
    allowing = check(Protocol, content | {"allowed_leaks": ["prior", "prior_location"]}, "x")
    assert allowing.allowed_leaks == ["prior", "prior_location"]
    with pytest.raises(ConfigError, match=r"x: allowed_leaks: found priors; allowed: clip, location.*pretrain_sound"):
        check(Protocol, content | {"allowed_leaks": ["prior", "priors"]}, "x")


@pytest.mark.parametrize(
    ("tool", "page", "made"),
    [
        ("configuration", "configuration.md", "page"),
        ("protocols", "switches.md", "page"),
        ("protocols", "tau.md", "tau_page"),
    ],
)
def test_a_page_is_what_types_and_protocols_say(tool, page, made):
    import importlib.util

    spec = importlib.util.spec_from_file_location(tool, ROOT / "tools" / f"{tool}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == getattr(module, made)(), "run `make docs`"


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_of_the_project_is_valid(path):
    experiment = config.load_experiment(path)
    config.load_study(ROOT, experiment.study)
    config.load_protocol(ROOT, experiment)


def test_a_random_start_and_a_row_without_sound_freeze_nothing():
    experiment = check(Experiment, GIVEN, "x")
    protocol, methods = config.load_protocol(ROOT, experiment), config.load_study(ROOT, experiment.study).methods
    whole = {"image": "features/images.npy", "sound": "features/tagger_mn04.npy"}
    for method, modality, kept in [
        ("scene", "sound", ["sound"]),
        ("scene", "image", ["image"]),
        ("scene", "image+sound", ["image", "sound"]),
        ("scratch", "sound", []),
        ("scratch", "image", []),
    ]:
        settings = job_settings.train_settings(experiment, protocol, methods[method], modality)
        files = row_files.train_inputs(experiment, methods[method], modality, 0)
        for name, blocks in (("image", 16), ("sound", 13)):
            assert settings.get(f"frozen_blocks_{name}") == (blocks if name in kept else None)
            if name in modality:
                assert files[f"{name}s"] == (f"frozen/{name}.npy" if name in kept else whole[name])
        # stored outputs are not augmented
        assert ("flip" in settings) == (method == "scratch" and modality == "image")
    said = " ".join(remarks(experiment, protocol))
    for words in ("13 of 17", "16 of 18", "pictures are augmented only where none are kept"):
        assert words in said


GIVEN = {
    "source": {"kind": "directory", "pairs": "a", "tagger": "c"},
    "networks": {
        "image": {"name": "efficientnet_lite0", "frozen_blocks": 16},
        "sound": {"name": "mn04", "frozen_blocks": 13},
    },
}
"""Both networks start from weights that others published."""


def test_given_networks_need_no_scenes_and_leave_no_row_out():
    experiment = check(Experiment, GIVEN, "x")
    study = config.load_study(ROOT, experiment.study)
    assert job_settings.left_out(experiment, study) == {}
    assert job_settings.parts(experiment, study) == ["pairs"]
    assert job_settings.pretrained(experiment, study) == ["image", "sound"]
    assert job_settings.frozen(experiment, study) == ["image", "sound"]
    only = with_changes(GIVEN, ["networks.image.frozen_blocks=0"])
    assert job_settings.frozen(check(Experiment, only, "x"), study) == ["sound"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["source.scenes=there"], ["source.scenes", "efficientnet_lite0 starts from given weights"]),
        (["networks.image.frozen_blocks=18"], ["frozen_blocks"]),
        (["networks.sound.frozen_blocks=17"], ["sound.frozen_blocks: found 17, expected at most 16"]),
        (["networks.image.pretrain.epochs=3"], ["image.pretrain", "starts from given weights"]),
        (["networks.sound.weights=x.pt"], ["sound.weights: mn04 takes none", "source.tagger"]),
        (["networks.image={name: small, weights: x.pt}"], ["image.weights: small takes none"]),
        (["networks.image={name: small, frozen_blocks: 3}"], ["image.frozen_blocks", "efficientnet_lite0 and mn04"]),
        (["networks.sound.name=efficientnet_lite0"], ["sound.name", "small, resnet50, mn04"]),
    ],
)
def test_what_given_networks_do_not_use_is_refused(changes, words):
    refused(with_changes(GIVEN, changes), *words)


def test_networks_of_blocks_have_as_many_as_the_configuration_says():
    for network, modality in (("efficientnet_lite0", "image"), ("mn04", "sound")):
        last = BLOCKS[network] - 1
        encoders.build(network, modality, torch.Generator(), last)
        with pytest.raises(ValueError, match=f"expected 0 to {last}"):
            encoders.build(network, modality, torch.Generator(), last + 1)


def protocol_of(content: dict) -> Protocol:
    return config.load_protocol(ROOT, check(Experiment, TWIN | content, "x"))


def test_an_experiment_may_change_any_switch_of_its_protocol():
    content = with_changes(TWIN, ["protocol.alpha=0.2", "protocol.clip_order=fixed"])
    assert content["protocol"] == {"base": "corrected", "alpha": 0.2, "clip_order": "fixed"}
    changed, base = protocol_of(content), protocol_of({})
    differing = {name for name in Protocol.model_fields if getattr(changed, name) != getattr(base, name)}
    assert differing == {"alpha", "clip_order"}
    again = with_changes(content | {"protocol": "released"}, ["protocol.beta=0"])
    assert again["protocol"] == {"base": "released", "beta": 0}
    assert protocol_of(again).divergence == "cross_entropy"
    experiment = check(Experiment, content, "x")
    assert captions.protocol_name(experiment) == "corrected with alpha 0.2, clip_order fixed"
    assert captions.protocol_name(check(Experiment, TWIN, "x")) == "corrected"


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ({"alpha": 0.2}, "protocol: base: missing; name the protocol that is changed"),
        ({"base": "mine"}, "protocol: found 'mine', known: corrected, paper, released"),
        (
            {"base": "corrected", "alhpa": 0.2},
            "alhpa: unknown key; allowed here: protocol, allowed_leaks, split_unit, split_draw",
        ),
        ({"base": "corrected", "divergence": "js"}, "divergence: found 'js' .*'kl', 'cross_entropy' or 'as_printed'"),
        ({"base": "corrected", "batch_norm_group": 64}, "batch_norm_group: found 64, more than batch_size 32"),
        (
            {"base": "corrected", "relevance_sign": "largest_score"},
            "relevance_sign: found largest_score with relevance_vector gram_eigenvector",
        ),
    ],
)
def test_a_change_that_no_protocol_could_mean_is_refused(protocol, said):
    with pytest.raises(ConfigError, match=said):
        protocol_of({"protocol": protocol})


def test_a_switch_that_the_experiment_overrides_is_refused_by_name():
    for key, own in (("learning_rate", "learning_rate"), ("epochs", "steps"), ("schedule", "schedule")):
        value = {"learning_rate": 0.1, "steps": 9, "schedule": "cosine"}[own]
        other = {"learning_rate": 0.2, "epochs": 9, "schedule": "steps"}[key]
        content = TWIN | {"train": {own: value}, "protocol": {"base": "corrected", key: other}}
        refused(content, f"protocol.{key}: has no effect, as train.{own} is set")


def test_a_row_may_use_only_switches_that_reach_some_rows_alone():
    content = yaml_file.read_yaml(ROOT / "config" / "studies" / "plain.yaml")
    content["methods"]["scene"]["uses"] = ["alhpa", "flip"]
    with pytest.raises(ConfigError, match="methods.scene.uses: found alhpa, flip; allowed: alpha, beta, divergence"):
        config.check_study(content, "config/studies/x.yaml")


def test_the_released_protocol_makes_one_split_and_one_run():
    content = TWIN | {"protocol": "released", "seeds": [3, 4]}
    loaded = with_named("x", Path("x"), check(Experiment, content, "x"), ROOT)
    assert (loaded.experiment.split.folds, loaded.experiment.seeds) == (1, [10])
    fixed = content | {"train": {"selection": "last"}}
    loaded = with_named("x", Path("x"), check(Experiment, fixed, "x"), ROOT)
    assert (loaded.experiment.split.folds, loaded.experiment.seeds) == (1, [3, 4])
    assert any("no epochs after it" in line for line in loaded.design.remarks(loaded))
    plain = with_named("x", Path("x"), check(Experiment, TWIN, "x"), ROOT)
    assert (plain.experiment.split.folds, plain.experiment.seeds) == (5, [0, 1, 2, 3, 4])
    assert not any("folds" in line or "change nothing" in line for line in plain.design.remarks(plain))
