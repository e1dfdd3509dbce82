"""The table of methods against the study's file, the reference losses, and what a loss reaches."""

from pathlib import Path

import numpy as np
import protocols
import pytest
import torch
import yaml

from overheard.errors import ConfigError
from overheard.learning.methods import METHODS, MODALITIES, Said, find, own

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors" / "advance_losses.npz"


@pytest.fixture(scope="module")
def reference():
    with np.load(VECTORS) as archive:
        return dict(archive)


def loss_of(method, reference):
    """A method's loss on the vectors, given only what its row uses."""
    tensors = {name: torch.from_numpy(reference[name]).double() for name in reference if reference[name].ndim}
    row = protocols.row(method)
    p = tensors["teacher_prob"]
    known = {"logits": torch.log(p / (1 - p)), "prior": tensors["prior"], "relevance": tensors["relevance_positive"]}
    known |= protocols.chosen(method)
    said = Said(tensors["logits"], tensors["student_logit"] if row.event_head else None, torch.zeros(6, 1))
    terms = row.terms(said, torch.from_numpy(reference["label"]), **{name: known[name] for name in row.uses})
    assert all(value.shape == (6,) for value in terms.values())
    return sum(terms.values()).mean().item()


SCENE, KL, SQ, E1 = (
    "ref_Ls_mean",
    "ref_KL_sum_over_events_mean_over_batch",
    "ref_SQ_sum_over_events_mean_over_batch",
    "ref_LE1_KL_sum_over_events_mean_over_batch",
)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("scratch", lambda v: v[SCENE]),
        ("scene", lambda v: v[SCENE]),
        ("scene+kl_sound", lambda v: v["ref_L_KL_paper_corrected"]),
        ("scene+kl_av", lambda v: v["ref_L_KL_paper_corrected"]),
        ("scene+sq_sound", lambda v: v[SCENE] + 0.1 * v[SQ] / 8),
        ("scene+sq_av", lambda v: v[SCENE] + 0.1 * v[SQ] / 8),
        ("scene+event", lambda v: v["ref_L_LE_paper_corrected"]),
        ("event1", lambda v: v[E1]),
        ("event1+event2", lambda v: v["ref_LE_paper_corrected"]),
        ("kl_av", lambda v: v[KL]),
        ("sq_av", lambda v: v[SQ] / 8),
    ],
)
def test_a_methods_loss_is_the_reference(reference, method, expected):
    # the squared difference is of the teacher's logits as given; the others take its probability, rounded, as exact
    tolerance = 1e-5 if "sq" in method else 1e-9
    np.testing.assert_allclose(loss_of(method, reference), expected(reference), rtol=tolerance)


def test_terms_are_named_as_the_history_names_them():
    said = Said(torch.zeros(1, 3), torch.zeros(1, 4), torch.zeros(1, 1))
    known = {"logits": torch.zeros(1, 4), "prior": torch.full((3, 4), 0.5), "relevance": torch.ones(3, 4)}
    names = {
        method: list(
            row.terms(said, torch.tensor([0]), **{name: (known | protocols.chosen(method))[name] for name in row.uses})
        )
        for method, row in ((method, protocols.row(method)) for method in METHODS)
    }
    assert names == {
        "random_head": [],
        "scratch": ["scene"],
        "smoothed": ["scene"],
        "scene": ["scene"],
        "scene+sq_sound": ["scene", "sq"],
        "scene+kl_sound": ["scene", "kl"],
        "scene+sq_av": ["scene", "sq"],
        "scene+kl_av": ["scene", "kl"],
        "scene+event": ["scene", "event1", "event2"],
        "event1": ["event1"],
        "event1+event2": ["event1", "event2"],
        "kl_av": ["kl"],
        "sq_av": ["sq"],
    }


def test_the_methods_are_the_rows_of_the_study():
    study = yaml.safe_load((ROOT / "config" / "studies" / "advance.yaml").read_text())
    trained = {name for name, row in study["methods"].items() if not row.get("baseline")}
    assert set(METHODS) == trained
    for table in study["tables"].values():
        for block in table["blocks"]:
            for method in trained & {*block["rows"]}:
                for modality in block["columns"]:
                    assert find(method, modality) is METHODS[method]


def test_names_say_which_network_the_event_head_is_on():
    heads = {method: row.event_head for method, row in METHODS.items()}
    assert {method for method, head in heads.items() if head == "sound"} == {"scene+sq_sound", "scene+kl_sound"}
    assert {method for method, head in heads.items() if head == "joint"} == {
        *("scene+sq_av", "scene+kl_av", "kl_av", "sq_av")
    }
    assert [method for method, row in METHODS.items() if not row.pretrained] == ["scratch"]


@pytest.mark.parametrize(
    ("method", "modality", "said"),
    [
        ("scene+kl", "image", "expected one of random_head, scratch, scene, smoothed, scene\\+sq_sound"),
        ("scene", "picture", "expected one of image, sound, image\\+sound"),
        ("scene+kl_sound", "image", "which 'image' does not have"),
    ],
)
def test_what_is_not_there_is_refused_by_name(method, modality, said):
    with pytest.raises(ConfigError, match=said):
        find(method, modality)


def test_modalities_are_in_the_order_of_the_representation():
    assert MODALITIES["image+sound"] == ("image", "sound")


def halved(said, label, *, logits, share: float, bias: float = 1.0):
    return {"halved": share * logits.sum(dim=1) + bias}


def named(function):
    return type("Own", (), {"function": staticmethod(function)})()


def test_a_studys_own_loss_is_given_what_it_asks_for_and_the_settings_of_its_row():
    row = find("mine", "image", own(named(halved), None, None), {"share": 0.5})
    # what has a default, and what the settings give, is asked of nobody
    assert row.uses == ("logits", "alpha")
    said = Said(torch.zeros(2, 3), None, torch.zeros(2, 1))
    terms = row.terms(said, torch.tensor([0, 1]), alpha=10.0, logits=torch.ones(2, 4))
    assert list(terms) == ["scene", "halved"]
    assert terms["halved"].tolist() == [30.0, 30.0]  # 10 (0.5 times 4 + 1)
    alone = find("mine", "image", own(named(halved), None, None, scene_loss=False), {"share": 0.5, "bias": 0.0})
    assert alone.uses == ("logits",)
    assert {
        name: value.tolist() for name, value in alone.terms(said, torch.tensor([0, 1]), logits=torch.ones(2, 4)).items()
    } == {"halved": [2.0, 2.0]}


def test_settings_that_a_loss_does_not_ask_for_are_refused():
    with pytest.raises(ConfigError, match="method 'smoothed': settings alpha: its loss asks for smoothing"):
        find("smoothed", "image", settings={"alpha": 1.0})
    with pytest.raises(ConfigError, match="method 'mine': settings shares: its loss asks for logits, share, bias"):
        find("mine", "image", own(named(halved), None, None), {"shares": 1.0})


def test_a_loss_that_gives_no_named_terms_is_refused():
    row = find("mine", "image", own(named(lambda said, label: said.scene_logits.sum(dim=1)), None, None, False))
    with pytest.raises(ConfigError, match="loss: gives Tensor, expected its terms by name"):
        row.terms(Said(torch.zeros(2, 3), None, torch.zeros(2, 1)), torch.tensor([0, 1]))


@pytest.mark.parametrize("method", ["scene+event", "event1", "event1+event2"])
def test_equal_rows_of_the_prior_give_the_scene_scores_no_gradient_of_events(reference, method):
    """The exact null: sum_k P(s_k) p(e | s_k) is then the row, whatever the scene scores say."""
    tensors = {name: torch.from_numpy(reference[name]).double() for name in reference if reference[name].ndim}
    row, p = protocols.row(method), tensors["teacher_prob"]
    label = torch.from_numpy(reference["label"])

    def gradient(prior):
        scores = tensors["logits"].clone().requires_grad_()
        known = {"logits": torch.log(p / (1 - p)), "prior": prior, "relevance": tensors["relevance_positive"]}
        known |= protocols.chosen(method)
        terms = row.terms(Said(scores, None, torch.zeros(6, 1)), label, **{name: known[name] for name in row.uses})
        events = [value.sum() for name, value in terms.items() if name != "scene"]
        return torch.autograd.grad(sum(events), scores)[0].abs().max().item()

    measured = gradient(tensors["prior"])
    assert measured > 1e-6
    assert gradient(tensors["prior"].mean(dim=0).expand_as(tensors["prior"])) < 1e-12 * max(1, measured)
