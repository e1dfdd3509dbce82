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


def test_event_kl_is_equation_3_and_4(given, reference):
    inputs, exact = given
    equal(losses.event_kl(inputs["student_logit"], inputs["teacher"]), reference["ref_KL_per_sample_sum"], exact)


def test_event_squared_is_equation_5(given, reference):
    inputs, exact = given
    squared = losses.event_squared(inputs["student_logit"], inputs["teacher_logit"])
    equal(squared, reference["ref_SQ_per_sample_sum"] / 8, exact)


def test_event_squared_is_the_high_temperature_limit_of_the_divergence(reference):
    student, teacher = (torch.from_numpy(reference[name]).double() for name in ("student_logit", "teacher_logit"))
    limit = 1e4**2 * losses.event_kl(student / 1e4, teacher / 1e4)
    torch.testing.assert_close(losses.event_squared(student, teacher), limit, rtol=1e-3, atol=0)


def test_event_kl_at_temperature_2(given, reference):
    inputs, exact = given
    cooled = losses.event_kl(inputs["student_logit"] / 2, inputs["teacher_logit"] / 2)
    equal(cooled, reference["ref_KL_T2_per_sample_sum"], exact)


def test_event_probability_is_equation_6(given, reference):
    inputs, exact = given
    probability = losses.event_probability(inputs["logits"], inputs["prior"])
    equal(probability, reference["ref_pe"], exact)
    equal(losses.event_log_odds(inputs["logits"], inputs["prior"]).sigmoid(), reference["ref_pe"], exact)


def test_event_prior_kl_is_equation_7(given, reference):
    inputs, exact = given
    log_odds = losses.event_log_odds(inputs["logits"], inputs["prior"])
    equal(losses.event_prior_kl(log_odds, inputs["teacher"]), reference["ref_LE1_KL_per_sample_sum"], exact)


@pytest.mark.parametrize("sign", ["signed", "positive"])
def test_event_relevance_is_equation_8(given, reference, sign):
    inputs, exact = given
    probability = losses.event_probability(inputs["logits"], inputs["prior"])
    relevance = losses.event_relevance(probability, inputs[f"relevance_{sign}"], inputs["label"])
    equal(relevance, reference[f"ref_LE2_{sign}_one_minus_cosine_per_sample"], exact)


def whole(inputs, reference):
    """L = L_s + alpha (L_E1 + beta L_E2), the mean over clips."""
    log_odds = losses.event_log_odds(inputs["logits"], inputs["prior"])
    probability = losses.event_probability(inputs["logits"], inputs["prior"])
    event = losses.event_loss(
        losses.event_prior_kl(log_odds, inputs["teacher"]),
        losses.event_relevance(probability, inputs["relevance_positive"], inputs["label"]),
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
    kl = losses.event_kl(inputs["student_logit"], inputs["teacher"])
    total = losses.total_loss(scene, {"kl": kl}, alpha)
    equal(sum(total.values()).mean(), reference["ref_L_KL_paper_corrected"], exact)
    squared = losses.event_squared(inputs["student_logit"], inputs["teacher_logit"])
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
    found = gradient(losses.event_kl(student, inputs["teacher"]).sum(), student)
    np.testing.assert_allclose(found, q - p, rtol=1e-4, atol=1e-7)
    # and the released program's: binary cross-entropy, mean over 6 clips and 527 events, has the same direction
    released = reference["rel_grad_student_KL"] * 6 * 527
    np.testing.assert_allclose(found[:, :64], released, rtol=1e-4, atol=1e-5)


def test_gradient_of_the_squared_difference(given, reference):
    # closed form, in numpy float64: d/dz (z - t)^2 / 8 = (z - t) / 4
    inputs, _ = given
    student = inputs["student_logit"].requires_grad_()
    expected = (reference["student_logit"].astype(np.float64) - reference["teacher_logit"]) / 4
    found = gradient(losses.event_squared(student, inputs["teacher_logit"]).sum(), student)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_gradients_of_the_event_terms_by_the_scene_logits(given, reference):
    # released program: mean over clips and events, cross-entropy instead of divergence (a constant apart), signed d_k
    inputs, _ = given
    logits = inputs["logits"].requires_grad_()
    prior_kl = losses.event_prior_kl(losses.event_log_odds(logits, inputs["prior"]), inputs["teacher"])
    found = gradient(prior_kl.mean() / 527, logits)
    np.testing.assert_allclose(found, reference["rel_grad_logits_LE1"], rtol=2e-4, atol=1e-7)
    probability = losses.event_probability(logits, inputs["prior"])
    relevance = losses.event_relevance(probability, inputs["relevance_signed"], inputs["label"])
    found = gradient(relevance.mean(), logits)
    np.testing.assert_allclose(found, reference["rel_grad_logits_LE2_signed"], rtol=2e-4, atol=1e-7)


def test_a_perfect_student_has_no_loss():
    logits = torch.randn(4, 527, generator=torch.Generator().manual_seed(0))
    assert torch.equal(losses.event_kl(logits, logits), torch.zeros(4))
    assert torch.equal(losses.event_squared(logits, logits), torch.zeros(4))


def test_the_divergence_is_finite_for_every_logit():
    student = torch.tensor([[-200.0, 200.0, 200.0, -200.0]], requires_grad=True)
    loss = losses.event_kl(student, torch.tensor([[200.0, -200.0, 200.0, -200.0]]))
    torch.testing.assert_close(loss, torch.tensor([400.0]))
    np.testing.assert_allclose(gradient(loss.sum(), student), [[-1.0, 1.0, 0.0, 0.0]])


def test_event_terms_are_finite_where_float32_rounds_the_prior_to_0_or_1():
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    prior = torch.tensor([[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
    teacher = torch.tensor([[5.0, -5.0, 5.0, -5.0]])
    loss = losses.event_prior_kl(losses.event_log_odds(logits, prior), teacher)
    assert torch.isfinite(loss).all()
    assert loss > 100  # both are worlds apart, and the loss says so
    assert np.isfinite(gradient(loss.sum(), logits)).all()


def test_log_odds_keep_what_a_probability_near_1_would_lose():
    # two scenes at 1 - 6e-8: in float32 their odds differ from those of 1 - p(e) = 1 - 0.99999994 by nothing
    prior = torch.full((2, 1), 1 - 2.0**-24)
    torch.testing.assert_close(
        losses.event_log_odds(torch.zeros(1, 2), prior).item(), np.log(2.0**24 - 1), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("loss", [losses.event_kl, losses.event_squared])
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match=r"\(2, 527\) and \(1, 527\)"):
        loss(torch.zeros(2, 527), torch.zeros(1, 527))
