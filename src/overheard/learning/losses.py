"""Equations (1) to (9) of the paper, one function each; where paper and released program differ, one for each form.

p is the teacher's probability of an event, q the student's, in nats where it is a divergence. The dicts name what a
protocol may choose, in its words; docs/protocol.md says what each form is worth.
"""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy, logsigmoid

_RAREST = 1e-30
_HALF_STEP_BELOW_ONE = 2.0**-25


def scene_loss(scene_logits: Tensor, label: Tensor) -> Tensor:
    """L_s = -log softmax(z_s)[label], equation (1).

    Args:
        scene_logits: (clips, scenes).
        label: (clips,) int64.

    Returns:
        (clips,) in nats.
    """
    return cross_entropy(scene_logits, label, reduction="none")


def smoothed_scene_loss(scene_logits: Tensor, label: Tensor, *, smoothing: float) -> Tensor:
    """(1 - ε) L_s + ε times the mean over scenes of -log softmax(z_s): label smoothing, no teacher.

    Args, returns as `scene_loss`; `smoothing` is ε, in 0..1.

    Source: Szegedy et al. (2016), section 7; torch's `label_smoothing`.
    """
    return cross_entropy(scene_logits, label, reduction="none", label_smoothing=smoothing)


def total_loss(scene: Tensor | None, transfer: dict[str, Tensor], alpha: float | None) -> dict[str, Tensor]:
    """L = L_s + alpha L_Omega, equation (2), as named terms whose sum is L; without L_s it is L_Omega itself.

    Args:
        scene: (clips,) L_s, or None.
        transfer: the terms of L_Omega, each (clips,); empty for plain scene recognition.
        alpha: weight of L_Omega beside L_s; None where one of the two is not there.
    """
    if scene is None:
        return dict(transfer)
    return {"scene": scene} | {name: alpha * value for name, value in transfer.items()}


def kl(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """C(p, q) = p log(p / q) + (1 - p) log((1 - p) / (1 - q)), p = σ(teacher), q = σ(student): the divergence.

    Args:
        student_logits: (clips, events), before the sigmoid.
        teacher_logits: (clips, events), before the sigmoid; constants.

    Returns:
        (clips, events) in nats.

    Raises:
        ValueError: the shapes differ.

    Source: Table 1 of the paper, with the factor p that its first term lacks in print.
    """
    _same_shape(student_logits, teacher_logits)
    # log q = z + log(1 - q), and the same for p: one logarithm a network, finite for every logit
    not_heard = logsigmoid(-teacher_logits) - logsigmoid(-student_logits)
    return not_heard + teacher_logits.sigmoid() * (teacher_logits - student_logits)


def cross_entropy_of_events(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """-(p log q + (1 - p) log(1 - q)): the divergence and the teacher's entropy, which no student changes.

    Args, returns, raises as `kl`. Source: the released program (`BCELoss`).
    """
    _same_shape(student_logits, teacher_logits)
    return -logsigmoid(-student_logits) - teacher_logits.sigmoid() * student_logits


def kl_as_printed(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """log(p / q) + (1 - p) log((1 - p) / (1 - q)): Table 1 of the paper to the letter; not a divergence.

    Args, returns, raises as `kl`.
    """
    _same_shape(student_logits, teacher_logits)
    heard = logsigmoid(teacher_logits) - logsigmoid(student_logits)
    not_heard = logsigmoid(-teacher_logits) - logsigmoid(-student_logits)
    return heard + (1 - teacher_logits.sigmoid()) * not_heard


Divergence = Callable[[Tensor, Tensor], Tensor]
DIVERGENCES: Mapping[str, Divergence] = {
    "kl": kl,
    "cross_entropy": cross_entropy_of_events,
    "as_printed": kl_as_printed,
}


def sum_over_events(values: Tensor, n_events: int) -> Tensor:
    """(clips,) from (clips, known events): equations (3), (4), (7)."""
    return values.sum(dim=-1)


def mean_over_events(values: Tensor, n_events: int) -> Tensor:
    """(clips,) from (clips, known events), over all `n_events`: the released program, 527 times less.

    An event that the teacher was not trained on counts as one on which student and teacher agree.
    """
    return values.sum(dim=-1) / n_events


def eighth_of_sum(values: Tensor, n_events: int) -> Tensor:
    """(clips,) from (clips, known events): what T² L_KL tends to as its temperature T grows, if values are squares."""
    return values.sum(dim=-1) / 8


Reduction = Callable[[Tensor, int], Tensor]
REDUCTIONS: Mapping[str, Reduction] = {"sum": sum_over_events, "mean": mean_over_events}
SQUARED_REDUCTIONS: Mapping[str, Reduction] = {
    "eighth_of_sum": eighth_of_sum,
    "sum": sum_over_events,
    "mean": mean_over_events,
}


def divided(divergence: Divergence, student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """T² C(σ(teacher / T), σ(student / T)), (clips, events): softened targets, at a gradient that stays of one size.

    Source: Hinton, Vinyals and Dean (2015), section 2; the paper names "a large temperature" and no value.
    """
    return temperature**2 * divergence(student_logits / temperature, teacher_logits / temperature)


def squared_to_logits(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """(z_teacher - z_student)², equation (5), (clips, events): between activations before the sigmoid."""
    _same_shape(student_logits, teacher_logits)
    return (teacher_logits - student_logits).square()


def squared_to_probabilities(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """(p - z_student)², (clips, events): if the files that the released program reads held probabilities.

    Source: `sq_transfer.py` reads a folder that no released program writes; the extractor ends with a sigmoid.
    """
    _same_shape(student_logits, teacher_logits)
    return (teacher_logits.sigmoid() - student_logits).square()


SQUARED_TARGETS: Mapping[str, Divergence] = {"logits": squared_to_logits, "probabilities": squared_to_probabilities}


def event_probability(scene_logits: Tensor, prior: Tensor) -> Tensor:
    """p(e) = Σ_k p(s_k) p(e | s_k), equation (6).

    Args:
        scene_logits: (clips, scenes).
        prior: (scenes, events) p(e | s_k), in 0..1.

    Returns:
        (clips, events), in 0..1.
    """
    return scene_logits.softmax(dim=-1) @ prior


def event_log_odds(scene_logits: Tensor, prior: Tensor) -> Tensor:
    """log p(e) / (1 - p(e)) of equation (6), finite for every scene logit and every prior.

    Both p(e) and 1 - p(e) are mixed over scenes, so neither comes out of a difference. The prior is a mean of
    sigmoids, inside (0, 1), and only float32 can make a 0 or 1 of it; there it stands for the nearest number it can
    have come from (1e-30, as products of smaller ones are flushed to 0; half a float32 step below 1).
    """
    scenes = scene_logits.softmax(dim=-1)
    return (scenes @ prior.clamp(min=_RAREST)).log() - (scenes @ (1 - prior).clamp(min=_HALF_STEP_BELOW_ONE)).log()


def one_minus_cosine(event_probability: Tensor, relevance: Tensor, label: Tensor) -> Tensor:
    """L_E2 = 1 - cosine(d_k, p(e)), equation (8), k the clip's scene: minimised, it aligns the two.

    Args:
        event_probability: (clips, events).
        relevance: (scenes, events), d_k.
        label: (clips,) int64.

    Returns:
        (clips,), 0..1 for a positive d_k.

    Source: the released program; it does what the paper's text says.
    """
    return 1 - cosine_similarity(event_probability, relevance[label], dim=-1)


def cosine(event_probability: Tensor, relevance: Tensor, label: Tensor) -> Tensor:
    """L_E2 = cosine(d_k, p(e)), equation (8) as printed: minimised, it turns p(e) away from d_k.

    Args, returns as `one_minus_cosine`.
    """
    return cosine_similarity(event_probability, relevance[label], dim=-1)


RelevanceLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
RELEVANCE_LOSSES: Mapping[str, RelevanceLoss] = {"one_minus_cosine": one_minus_cosine, "cosine": cosine}


def event_loss(prior_kl: Tensor, relevance: Tensor, beta: float) -> dict[str, Tensor]:
    """L_E = L_E1 + beta L_E2, equation (9), as named terms whose sum is L_E.

    Args:
        prior_kl: (clips,) L_E1.
        relevance: (clips,) L_E2.
        beta: weight of L_E2.
    """
    return {"event1": prior_kl, "event2": beta * relevance}


def _same_shape(student_logits: Tensor, teacher_logits: Tensor) -> None:
    if student_logits.shape != teacher_logits.shape:
        raise ValueError(f"expected one shape, got {tuple(student_logits.shape)} and {tuple(teacher_logits.shape)}")
