"""Equations (1) to (9) of the paper, one function each, in the form of protocol `corrected`.

p is the teacher's probability of an event, q the student's; every function gives one value per clip, in nats where it
is a divergence, and the caller averages over clips. Where the paper's printed form differs, the docstring says so.
"""

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


def event_kl(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """L_KL = Σ C(p, q), equations (3) and (4): on N_a or on N_{v+a}, as the student's logits come from it.

        C(p, q) = p log(p / q) + (1 - p) log((1 - p) / (1 - q)),   p = σ(teacher),   q = σ(student)

    Args:
        student_logits: (clips, events), before the sigmoid.
        teacher_logits: (clips, events), before the sigmoid; constants.

    Returns:
        (clips,) in nats, summed over events.

    Raises:
        ValueError: the shapes differ.

    Source: the paper's Table 1 prints the first term without its factor p; this is the divergence.
    """
    _same_shape(student_logits, teacher_logits)
    # log q = z + log(1 - q), and the same for p: one logarithm a network, finite for every logit
    not_heard = logsigmoid(-teacher_logits) - logsigmoid(-student_logits)
    return (not_heard + teacher_logits.sigmoid() * (teacher_logits - student_logits)).sum(dim=-1)


def event_squared(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """L_SQ = Σ (z_teacher - z_student)² / 8, equation (5): on N_a or on N_{v+a}.

    Args:
        student_logits: (clips, events), before the sigmoid.
        teacher_logits: (clips, events), before the sigmoid; constants.

    Returns:
        (clips,), summed over events.

    Raises:
        ValueError: the shapes differ.

    Source: the paper prints the sum without 1/8. With it L_SQ is what T² L_KL tends to as its temperature T grows,
    which is how section 4.1 argues for it; without it alpha L_SQ is a hundred times L_s.
    """
    _same_shape(student_logits, teacher_logits)
    return (teacher_logits - student_logits).square().sum(dim=-1) / 8


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


def event_prior_kl(event_log_odds: Tensor, teacher_logits: Tensor) -> Tensor:
    """L_E1 = Σ C(p, p(e)), equation (7), with C as in `event_kl`.

    Args:
        event_log_odds: (clips, events), from the function of this name.
        teacher_logits: (clips, events); constants.

    Returns:
        (clips,) in nats, summed over events.
    """
    return event_kl(event_log_odds, teacher_logits)


def event_relevance(event_probability: Tensor, relevance: Tensor, label: Tensor) -> Tensor:
    """L_E2 = 1 - cosine(d_k, p(e)), k the clip's scene, equation (8).

    Args:
        event_probability: (clips, events).
        relevance: (scenes, events), d_k.
        label: (clips,) int64.

    Returns:
        (clips,), 0..1 for a positive d_k.

    Source: the paper prints the cosine itself, which minimising would turn away from d_k, while its text aligns them.
    """
    return 1 - cosine_similarity(event_probability, relevance[label], dim=-1)


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
