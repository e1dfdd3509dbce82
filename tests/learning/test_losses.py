"""Equations (1) to (9) against reference vectors made by others; gradients against them or against closed forms."""

from pathlib import Path

import numpy as np
import pytest
import torch

from overheard.learning import losses

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "advance_losses.npz"


@pytest.fixture(scope="module")
def reference():
    with np.load(VECTORS) as archive:
        return dict(archive)


@pytest.fixture(params=[torch.float64, torch.float32], ids=["float64", "float32"])
def given(reference, request):
    """The inputs as tensors of one precision, and the tolerances of the vectors' README for it."""
    names = ("logits", "teacher_logit", "student_logit", "prior", "relevance_signed", "relevance_positive")
    inputs = {name: torch.from_numpy(reference[name]).to(request.param) for name in names}
    inputs["label"] = torch.from_numpy(reference["label"])
    # the references take the teacher's probability, rounded to float32, as exact
    p = reference["teacher_prob"].astype(np.float64)
    inputs["teacher"] = torch.from_numpy(np.log(p / (1 - p))).to(request.param)
    exact = {"rtol": 1e-9, "atol": 1e-12} if request.param is torch.float64 else {"rtol": 2e-5, "atol": 1e-6}
    return inputs, exact


def equal(value, expected, exact):
    np.testing.assert_allclose(value.detach().numpy(), expected, **exact)


def gradient(value, source):
    return torch.autograd.grad(value, source)[0].double().numpy()


def test_scene_loss_is_equation_1(given, reference):
    inputs, exact = given
    equal(losses.scene_loss(inputs["logits"], inputs["label"]), reference["ref_Ls_per_sample"], exact)


@pytest.mark.parametrize(
    ("form", "name"), [("kl", "ref_KL"), ("cross_entropy", "ref_BCE"), ("as_printed", "ref_KL_table1_literal")]
)
def test_a_divergence_is_equation_3_and_4_in_its_form(given, reference, form, name):
    inputs, exact = given
    values = losses.DIVERGENCES[form](inputs["student_logit"], inputs["teacher"])
    assert values.shape == (6, 527)
    equal(losses.REDUCTIONS["sum"](values, 527), reference[f"{name}_per_sample_sum"], exact)
    equal(losses.REDUCTIONS["sum"](values, 527).mean(), reference[f"{name}_sum_over_events_mean_over_batch"], exact)
    equal(losses.REDUCTIONS["mean"](values, 527).mean(), reference[f"{name}_mean_over_all"], exact)


def test_the_gradient_of_the_released_divergence_is_the_programs(reference):
    student = torch.from_numpy(reference["student_logit"]).requires_grad_()
    p = torch.from_numpy(reference["teacher_prob"])
    values = losses.DIVERGENCES["cross_entropy"](student, torch.log(p / (1 - p)))
    loss = losses.REDUCTIONS["mean"](values, 527).mean()
    equal(loss, reference["rel_KL"], {"rtol": 2e-5, "atol": 1e-6})
    np.testing.assert_allclose(gradient(loss, student)[:, :64], reference["rel_grad_student_KL"], rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(("target", "name"), [("logits", "ref_SQ"), ("probabilities", "ref_SQ_vs_teacher_prob")])
def test_a_squared_difference_is_equation_5_to_its_target(given, reference, target, name):
    inputs, exact = given
    teacher = inputs["teacher_logit"] if target == "logits" else inputs["teacher"]
    values = losses.SQUARED_TARGETS[target](inputs["student_logit"], teacher)
    summed = reference[f"{name}_sum_over_events_mean_over_batch"]
    equal(losses.SQUARED_REDUCTIONS["sum"](values, 527).mean(), summed, exact)
    equal(losses.SQUARED_REDUCTIONS["eighth_of_sum"](values, 527).mean(), summed / 8, exact)
    equal(losses.SQUARED_REDUCTIONS["mean"](values, 527).mean(), reference[f"{name}_mean_over_all"], exact)


def test_the_released_squared_difference_is_the_programs(reference):
    student, teacher = (torch.from_numpy(reference[name]) for name in ("student_logit", "teacher_logit"))
    values = losses.SQUARED_TARGETS["logits"](student, teacher)
    equal(losses.SQUARED_REDUCTIONS["mean"](values, 527).mean(), reference["rel_SQ"], {"rtol": 2e-5, "atol": 1e-6})


def test_a_mean_is_over_all_events_though_fewer_are_known():
    known = torch.ones(2, 63)
    equal(losses.REDUCTIONS["mean"](known, 527), [63 / 527] * 2, {"rtol": 1e-6})


def test_as_the_temperature_grows_the_divergence_approaches_the_squared_difference(reference):
    student, teacher = (torch.from_numpy(reference[name]).double() for name in ("student_logit", "teacher_logit"))
    limit = losses.eighth_of_sum(losses.squared_to_logits(student, teacher), 527)
    gaps = []
    for temperature in (1.0, 10.0, 100.0, 1e4):
        scaled = losses.divided(losses.kl, student, teacher, temperature).sum(dim=-1)
        gaps.append(float((scaled - limit).abs().max()))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-3 * float(limit.min())


def test_the_divergence_at_temperature_2(given, reference):
    inputs, exact = given
    softened = losses.divided(losses.kl, inputs["student_logit"], inputs["teacher"], 2.0).sum(dim=-1)
    # the reference clamps no probability, the inputs' are rounded to float32
    equal(softened, 4 * reference["ref_KL_T2_per_sample_sum"], exact | {"rtol": max(exact["rtol"], 1e-6)})


def test_event_probability_is_equation_6(given, reference):
    inputs, exact = given
    probability = losses.event_probability(inputs["logits"], inputs["prior"])
    equal(probability, reference["ref_pe"], exact)
    equal(losses.event_log_odds(inputs["logits"], inputs["prior"]).sigmoid(), reference["ref_pe"], exact)


@pytest.mark.parametrize(
    ("form", "name"),
    [("kl", "ref_LE1_KL"), ("cross_entropy", "ref_LE1_BCE"), ("as_printed", "ref_LE1_KL_table1_literal")],
)
def test_the_events_by_the_prior_are_equation_7(given, reference, form, name):
    inputs, exact = given
    log_odds = losses.event_log_odds(inputs["logits"], inputs["prior"])
    values = losses.DIVERGENCES[form](log_odds, inputs["teacher"])
    equal(values.sum(dim=-1), reference[f"{name}_per_sample_sum"], exact)
    equal(losses.REDUCTIONS["mean"](values, 527).mean(), reference[f"{name}_mean_over_all"], exact)


@pytest.mark.parametrize("sign", ["signed", "positive"])
@pytest.mark.parametrize(("form", "name"), [("one_minus_cosine", "one_minus_cosine"), ("cosine", "cosine_literal")])
def test_relevance_is_equation_8(given, reference, sign, form, name):
    inputs, exact = given
    probability = losses.event_probability(inputs["logits"], inputs["prior"])
    value = losses.RELEVANCE_LOSSES[form](probability, inputs[f"relevance_{sign}"], inputs["label"])
    equal(value, reference[f"ref_LE2_{sign}_{name}_per_sample"], exact)


def test_the_released_loss_and_its_gradients(reference):
    """L = L_s + alpha (L_E1 + beta L_E2) with means over events: the loss objects of `bayes_transfer.py`."""
    logits = torch.from_numpy(reference["logits"]).requires_grad_()
    p, label = torch.from_numpy(reference["teacher_prob"]), torch.from_numpy(reference["label"])
    prior, relevance = (torch.from_numpy(reference[name]) for name in ("prior", "relevance_signed"))
    values = losses.DIVERGENCES["cross_entropy"](losses.event_log_odds(logits, prior), torch.log(p / (1 - p)))
    event1 = losses.REDUCTIONS["mean"](values, 527)
    event2 = losses.RELEVANCE_LOSSES["one_minus_cosine"](losses.event_probability(logits, prior), relevance, label)
    total = losses.total_loss(losses.scene_loss(logits, label), losses.event_loss(event1, event2, 0.001), 0.1)
    loss = sum(total.values()).mean()
    exact = {"rtol": 2e-5, "atol": 1e-6}
    for value, name in ((event1.mean(), "rel_LE1"), (event2.mean(), "rel_LE2_signed"), (loss, "rel_L_bayes_signed")):
        equal(value, reference[name], exact)
    for value, name in ((event1.mean(), "LE1"), (event2.mean(), "LE2_signed"), (loss, "bayes_signed")):
        (found,) = torch.autograd.grad(value, logits, retain_graph=True)
        np.testing.assert_allclose(found.numpy(), reference[f"rel_grad_logits_{name}"], rtol=1e-4, atol=1e-8)


def whole(inputs, reference):
    """L = L_s + alpha (L_E1 + beta L_E2), the mean over clips."""
    log_odds = losses.event_log_odds(inputs["logits"], inputs["prior"])
    probability = losses.event_probability(inputs["logits"], inputs["prior"])
    event = losses.event_loss(
        losses.kl(log_odds, inputs["teacher"]).sum(dim=-1),
        losses.one_minus_cosine(probability, inputs["relevance_positive"], inputs["label"]),
        float(reference["beta"]),
    )
    scene = losses.scene_loss(inputs["logits"], inputs["label"])
    total = losses.total_loss(scene, event, float(reference["alpha"]))
    return sum(event.values()).mean(), sum(total.values()).mean()


def test_event_loss_is_equation_9_and_total_loss_equation_2(given, reference):
    inputs, exact = given
    event, total = whole(inputs, reference)
    equal(event, reference["ref_LE_paper_corrected"], exact)
    equal(total, reference["ref_L_LE_paper_corrected"], exact)


def test_total_loss_with_the_other_transfers(given, reference):
    inputs, exact = given
    scene, alpha = losses.scene_loss(inputs["logits"], inputs["label"]), float(reference["alpha"])
    kl = losses.kl(inputs["student_logit"], inputs["teacher"]).sum(dim=-1)
    total = losses.total_loss(scene, {"kl": kl}, alpha)
    equal(sum(total.values()).mean(), reference["ref_L_KL_paper_corrected"], exact)
    squared = losses.eighth_of_sum(losses.squared_to_logits(inputs["student_logit"], inputs["teacher_logit"]), 527)
    total = losses.total_loss(scene, {"sq": squared}, alpha)
    expected = reference["ref_Ls_mean"] + alpha * reference["ref_SQ_sum_over_events_mean_over_batch"] / 8
    equal(sum(total.values()).mean(), expected, exact)


def test_without_the_scene_loss_the_transfer_is_the_loss_itself():
    event = torch.tensor([1.0, 2.0])
    assert losses.total_loss(None, {"kl": event}, 0.1) == {"kl": event}


def test_gradient_of_the_whole_loss_by_the_scene_logits(given, reference):
    inputs, _ = given
    logits = inputs["logits"].requires_grad_()
    _, total = whole(inputs | {"logits": logits}, reference)
    expected = reference["ref_grad_logits_LE_paper_corrected"]
    np.testing.assert_allclose(gradient(total, logits), expected, rtol=1e-4, atol=1e-8)


def test_gradient_of_the_scene_loss_is_probability_minus_truth(given, reference):
    inputs, _ = given
    logits = inputs["logits"].requires_grad_()
    expected = reference["ref_scene_prob"] - np.eye(13)[reference["label"]]
    summed = losses.scene_loss(logits, inputs["label"]).sum()
    np.testing.assert_allclose(gradient(summed, logits), expected, rtol=1e-4, atol=1e-6)


def test_gradient_of_the_divergence_is_q_minus_p(given, reference):
    # closed form, in numpy float64: dC/dz = sigmoid(z) - p, wherever the student's logits come from
    inputs, _ = given
    student = inputs["student_logit"].requires_grad_()
    q, p = (1 / (1 + np.exp(-reference[name].astype(np.float64))) for name in ("student_logit", "teacher_logit"))
    found = gradient(losses.kl(student, inputs["teacher"]).sum(), student)
    np.testing.assert_allclose(found, q - p, rtol=1e-4, atol=1e-7)
    # and the released program's: binary cross-entropy, mean over 6 clips and 527 events, has the same direction
    released = reference["rel_grad_student_KL"] * 6 * 527
    np.testing.assert_allclose(found[:, :64], released, rtol=1e-4, atol=1e-5)


def test_gradient_of_the_squared_difference(given, reference):
    # closed form, in numpy float64: d/dz (z - t)^2 / 8 = (z - t) / 4
    inputs, _ = given
    student = inputs["student_logit"].requires_grad_()
    expected = (reference["student_logit"].astype(np.float64) - reference["teacher_logit"]) / 4
    found = gradient(losses.squared_to_logits(student, inputs["teacher_logit"]).sum() / 8, student)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_gradients_of_the_event_terms_by_the_scene_logits(given, reference):
    # released program: mean over clips and events, cross-entropy instead of divergence (a constant apart), signed d_k
    inputs, _ = given
    logits = inputs["logits"].requires_grad_()
    prior_kl = losses.kl(losses.event_log_odds(logits, inputs["prior"]), inputs["teacher"])
    found = gradient(prior_kl.mean(), logits)
    np.testing.assert_allclose(found, reference["rel_grad_logits_LE1"], rtol=2e-4, atol=1e-7)
    probability = losses.event_probability(logits, inputs["prior"])
    relevance = losses.one_minus_cosine(probability, inputs["relevance_signed"], inputs["label"])
    found = gradient(relevance.mean(), logits)
    np.testing.assert_allclose(found, reference["rel_grad_logits_LE2_signed"], rtol=2e-4, atol=1e-7)


def test_a_perfect_student_has_no_loss():
    logits = torch.randn(4, 527, generator=torch.Generator().manual_seed(0))
    for form in (losses.kl, losses.kl_as_printed, losses.squared_to_logits):
        assert torch.equal(form(logits, logits), torch.zeros(4, 527))


def test_the_divergence_is_finite_for_every_logit():
    student = torch.tensor([[-200.0, 200.0, 200.0, -200.0]], requires_grad=True)
    loss = losses.kl(student, torch.tensor([[200.0, -200.0, 200.0, -200.0]])).sum(dim=-1)
    torch.testing.assert_close(loss, torch.tensor([400.0]))
    np.testing.assert_allclose(gradient(loss.sum(), student), [[-1.0, 1.0, 0.0, 0.0]])


def test_event_terms_are_finite_where_float32_rounds_the_prior_to_0_or_1():
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    prior = torch.tensor([[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
    teacher = torch.tensor([[5.0, -5.0, 5.0, -5.0]])
    loss = losses.kl(losses.event_log_odds(logits, prior), teacher).sum(dim=-1)
    assert torch.isfinite(loss).all()
    assert loss > 100  # both are worlds apart, and the loss says so
    assert np.isfinite(gradient(loss.sum(), logits)).all()


def test_log_odds_keep_what_a_probability_near_1_would_lose():
    # two scenes at 1 - 6e-8: in float32 their odds differ from those of 1 - p(e) = 1 - 0.99999994 by nothing
    prior = torch.full((2, 1), 1 - 2.0**-24)
    torch.testing.assert_close(
        losses.event_log_odds(torch.zeros(1, 2), prior).item(), np.log(2.0**24 - 1), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("loss", [*losses.DIVERGENCES.values(), *losses.SQUARED_TARGETS.values()])
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match=r"\(2, 527\) and \(1, 527\)"):
        loss(torch.zeros(2, 527), torch.zeros(1, 527))


def test_smoothed_labels_are_the_cross_entropy_with_the_smoothed_distribution(reference):
    logits, label = torch.from_numpy(reference["logits"]).double(), torch.from_numpy(reference["label"])
    target = torch.full_like(logits, 0.3 / logits.shape[1])
    target[torch.arange(len(label)), label] += 0.7
    # torch's cross-entropy with probabilities as target
    expected = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    torch.testing.assert_close(losses.smoothed_scene_loss(logits, label, smoothing=0.3), expected)
