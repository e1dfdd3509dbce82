"""The methods that the paper compares: which losses, on which event head, from which start.

A method is a row of `METHODS`. Its L_Omega is a function of what the student said of a batch and of what is known of
its clips, and gives named terms; everything else about training is the same for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from overheard.errors import ConfigError
from overheard.learning import losses
from overheard.learning.models.student import Said


class Known(NamedTuple):
    """What is known of the clips of a batch, and of all scenes; None where the method needs none."""

    label: Tensor  # (clips,) int64
    teacher_logits: Tensor | None  # (clips, events), of N_a^(0)
    prior: Tensor | None  # (scenes, events), p(e | s_k)
    relevance: Tensor | None  # (scenes, events), d_k
    beta: float  # of equation (9)


@dataclass(frozen=True)
class Method:
    """One row of the study.

    Attributes:
        scene_loss: L_s is part of the loss; else L_Omega is the whole of it, without alpha.
        transfer: L_Omega, as named terms.
        event_head: `sound` for f_e on N_a, `joint` for f_e on N_{v+a}, None where no event head is trained.
        pretrained: the encoders start from `pretrain`; else at random.
        needs: what besides the media it reads, of `logits`, `prior`, `relevance`.
    """

    scene_loss: bool
    transfer: Callable[[Said, Known], dict[str, Tensor]]
    event_head: str | None = None
    pretrained: bool = True
    needs: tuple[str, ...] = ()

    @property
    def trains_scene_head(self) -> bool:
        """Whether a loss reaches the scene head: L_s, or p(e) of equation (6)."""
        return self.scene_loss or self.predicts_by_prior

    @property
    def predicts_by_prior(self) -> bool:
        """Whether its prediction of events is p(e) of equation (6)."""
        return "prior" in self.needs

    def terms(self, said: Said, known: Known, alpha: float) -> dict[str, Tensor]:
        """The named terms, each (clips,), whose sum is this method's loss, equation (2)."""
        scene = losses.scene_loss(said.scene_logits, known.label) if self.scene_loss else None
        return losses.total_loss(scene, self.transfer(said, known), alpha)


def nothing(said: Said, known: Known) -> dict[str, Tensor]:
    """No L_Omega."""
    return {}


def divergence(said: Said, known: Known) -> dict[str, Tensor]:
    """L_KL, equations (3) and (4)."""
    return {"kl": losses.event_kl(said.event_logits, known.teacher_logits)}


def squared(said: Said, known: Known) -> dict[str, Tensor]:
    """L_SQ, equation (5)."""
    return {"sq": losses.event_squared(said.event_logits, known.teacher_logits)}


def event_prior(said: Said, known: Known) -> dict[str, Tensor]:
    """L_E1, equation (7)."""
    return {"event1": _prior_kl(said, known)}


def event_prior_and_relevance(said: Said, known: Known) -> dict[str, Tensor]:
    """L_E = L_E1 + beta L_E2, equation (9)."""
    probability = losses.event_probability(said.scene_logits, known.prior)
    relevance = losses.event_relevance(probability, known.relevance, known.label)
    return losses.event_loss(_prior_kl(said, known), relevance, known.beta)


def _prior_kl(said: Said, known: Known) -> Tensor:
    return losses.event_prior_kl(losses.event_log_odds(said.scene_logits, known.prior), known.teacher_logits)


_TEACHER = ("logits",)
_PRIOR = ("logits", "prior")
_PRIOR_AND_RELEVANCE = ("logits", "prior", "relevance")

METHODS = {
    "scratch": Method(True, nothing, pretrained=False),
    "scene": Method(True, nothing),
    "scene+sq_sound": Method(True, squared, event_head="sound", needs=_TEACHER),
    "scene+kl_sound": Method(True, divergence, event_head="sound", needs=_TEACHER),
    "scene+sq_av": Method(True, squared, event_head="joint", needs=_TEACHER),
    "scene+kl_av": Method(True, divergence, event_head="joint", needs=_TEACHER),
    "scene+event": Method(True, event_prior_and_relevance, needs=_PRIOR_AND_RELEVANCE),
    "event1": Method(False, event_prior, needs=_PRIOR),
    "event1+event2": Method(False, event_prior_and_relevance, needs=_PRIOR_AND_RELEVANCE),
    "kl_av": Method(False, divergence, event_head="joint", needs=_TEACHER),
    "sq_av": Method(False, squared, event_head="joint", needs=_TEACHER),
}

MODALITIES = {"image": ("image",), "sound": ("sound",), "image+sound": ("image", "sound")}
"""The modalities whose encoder is trained, by the word of a column."""


def find(method: str, modality: str) -> Method:
    """The method of this id.

    Raises:
        ConfigError: no such method or modality, or an event head on N_a without sound.
    """
    if method not in METHODS:
        raise ConfigError(f"method {method!r}: expected one of {', '.join(METHODS)}")
    if modality not in MODALITIES:
        raise ConfigError(f"modality {modality!r}: expected one of {', '.join(MODALITIES)}")
    if METHODS[method].event_head == "sound" and "sound" not in MODALITIES[modality]:
        raise ConfigError(f"method {method!r} has its event head on the sound network, which {modality!r} lacks")
    return METHODS[method]
