"""What diagrams are told of an experiment: held against the methods' own code and the switches that they use."""

from pathlib import Path

import pytest

from overheard.learning.methods import METHODS
from overheard.study import captions
from overheard.study.checking import check
from overheard.study.experiments import with_named
from overheard.study.study_file import Method
from overheard.study.transfer import diagrams
from overheard.study.transfer.experiment import Experiment

ROOT = Path(__file__).parents[2]
TWIN = {"study": "advance", "source": {"kind": "twin"}}
FOLDER = {"study": "advance", "source": {"kind": "directory", "pairs": "mine"}}


def loaded(**content):
    experiment = check(Experiment, content, "x")
    return with_named("x", Path("x"), experiment, ROOT)


def test_the_event_head_of_every_row_is_the_one_that_its_training_has():
    """The study file says it in the label's symbol alone, as a plan may not import what trains."""
    study = loaded(**TWIN).study
    found = {name: diagrams.event_head(method) for name, method in study.methods.items() if not method.baseline}
    assert found == {name: method.event_head for name, method in METHODS.items()}
    own = Method(label="Mine on N_a", reads=["logits"], loss="my.losses:mine", event_head="joint")
    assert diagrams.event_head(own) == "joint"


def test_the_method_is_told_as_the_protocol_has_it():
    of = loaded(**TWIN | {"protocol": {"base": "corrected", "alpha": 0.25, "prior_clips": "seventy_percent"}})
    said = captions.figure_settings(of, "figure5", [])["configuration"]
    methods = {method["label"]: method for method in said["methods"]}
    assert {*captions.figure_settings(of, "figure5", ["scene/image/seed-0"])} == {
        *("experiment", "source", "spec", "protocol", "configuration")
    }, "seeds and what is missing of them change no diagram"
    assert [*methods] == [of.study.methods[row].label for row, column in of.study.tables["figure6"].runs()[2:]]
    assert methods["L_s"] == {"label": "L_s", "reads": ["encoders"], "head": None, "uses": {}}
    event = methods["L_s + L_E"]
    assert event["reads"] == ["encoders", "logits", "prior", "relevance"]
    assert event["uses"] == {
        **{"alpha": 0.25, "beta": 0.001, "divergence": "kl", "event_reduction": "sum"},
        "relevance_loss": "one_minus_cosine",
    }
    assert "temperature" in methods["L_s + L_KL on N_a"]["uses"]
    assert (said["events"], said["prior"]) == (527, {"prior_clips": "seventy_percent"})
    assert said["networks"]["image"] == {
        **{"name": "small", "shape": [3, 64, 64], "start": "pre-trained", "frozen_blocks": 0}
    }


def test_networks_say_how_they_start_and_what_is_frozen():
    networks = {"sound": {"name": "mn04", "frozen_blocks": 13}, "image": {"name": "small"}}
    folder = FOLDER | {"source": FOLDER["source"] | {"tagger": "mn04.pt"}, "networks": networks}
    said = diagrams.of_method(loaded(**folder), [("scene", "sound"), ("scene", "image")])
    assert {key: its["start"] for key, its in said["networks"].items()} == {
        **{"image": "random start", "sound": "given weights"}
    }
    assert said["networks"]["sound"]["frozen_blocks"] == 13
    assert said["networks"]["sound"]["shape"] == [1, 1000, 128]
    assert len(said["methods"]) == 1, "the method that some row of is made"


def test_methods_that_an_experiment_cannot_make_and_baselines_are_left_out():
    rows = [("scratch", "image"), ("scene", "image+sound"), ("majority", "none")]
    assert [its["label"] for its in diagrams.of_method(loaded(**FOLDER), rows)["methods"]] == ["L_s, random start"]


@pytest.mark.parametrize(("source", "parts"), [(TWIN, ["scenes", "sounds"]), (FOLDER, [])])
def test_the_data_are_told_as_configured(source, parts):
    own = {"split": {"fractions": [0.6, 0.15, 0.25], "folds": 4}}
    said = captions.figure_settings(loaded(**source | own), "figure2", [])["configuration"]
    assert said["source"]["kind"] == source["source"]["kind"]
    assert said["pretrained"] == parts
    assert said["split"] == {
        **{"fractions": [0.6, 0.15, 0.25], "folds": 4, "split_unit": "rounded_locations", "split_draw": "by_name"},
        **{"class_order": "alphabetical"},
        **({} if source is TWIN else {"split_group": "location"}),
    }
    assert said["front_ends"]["sound"] == {"front_end": "paper", "shape": [1, 100, 64], "rate_hz": 16000}
