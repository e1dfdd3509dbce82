"""The methods that the paper compares: which losses, on which event head, from which start.

A method is a row of `METHODS`, or of an L_Omega that the study file names. L_Omega is a function of what the student
said of a batch and of the clips' labels; what else it computes with, it asks for by keyword. A training is given what
the study file names for its row (`reads`, `uses`, `settings`), as a plan may not import torch, and must be given
exactly this. All else about training is the same for all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from inspect import Parameter, signature
from typing import Any, Protocol

from torch import Tensor, nn

from overheard.errors import ConfigError
from overheard.learning import losses
from overheard.learning.models.student import Said

Transfer = Callable[..., dict[str, Tensor]]
"""L_Omega: of what a student said, labels (clips,) and what it asks for by keyword, the named terms, each (clips,)."""
Head = Callable[[int, int], nn.Module]
"""From (clips, width) to (clips, events): log-odds."""


@dataclass(frozen=True)
class Method:
    """One row of the study.

    Attributes:
        scene_loss: L_s is part of the loss; else L_Omega is the whole of it, without alpha.
        transfer: L_Omega, as named terms, each (clips,); None for plain scene recognition.
        event_head: `sound` for f_e on N_a, `joint` for f_e on N_{v+a}, None where no event head is trained.
        pretrained: the encoders start from `pretrain`; else at random.
        scene: L_s, of scene logits and labels, and of what it asks for by keyword.
        head: of its width and the number of events, f_e in place of a linear layer.
    """

    scene_loss: bool
    transfer: Transfer | None = None
    event_head: str | None = None
    pretrained: bool = True
    scene: Callable[..., Tensor] = losses.scene_loss
    head: Head | None = None

    @property
    def uses(self) -> tuple[str, ...]:
        """What it must be given: of `logits`, `prior`, `relevance`, the switches of a protocol and the row's settings.

        What a function has a default for it need not be given.
        """
        asked = signature(self.transfer or self.scene).parameters.values() if self.learns else ()
        needed = (each for each in asked if each.kind is Parameter.KEYWORD_ONLY and each.default is Parameter.empty)
        return (*(each.name for each in needed), *(["alpha"] if self.scene_loss and self.transfer else []))

    @property
    def learns(self) -> bool:
        """Whether it has a loss; else its student is tested as it starts."""
        return self.scene_loss or self.transfer is not None

    @property
    def predicts_by_prior(self) -> bool:
        """Whether its prediction of events is p(e) of equation (6)."""
        return "prior" in self.uses

    def terms(self, said: Said, label: Tensor, alpha: float | None = None, **given: Any) -> dict[str, Tensor]:
        """The named terms, each (clips,), whose sum is this method's loss, equation (2).

        Args:
            said: of the clips.
            label: (clips,) int64.
            alpha: weight of L_Omega beside L_s; only where the method uses it.
            given: the others of `uses`: logits (clips, events), the teacher's; prior (scenes, events), p(e | s_k);
                relevance (scenes, events), d_k; and what `chosen` gives.
        """
        scene = self.scene(said.scene_logits, label) if self.scene_loss else None
        transfer = self.transfer(said, label, **given) if self.transfer else {}
        if not isinstance(transfer, Mapping):
            raise ConfigError(
                f"loss: gives {type(transfer).__name__}, expected its terms by name: {{'mine': (clips,)}}"
            )
        return losses.total_loss(scene, transfer, alpha)


Reduced = Callable[[Tensor], Tensor]
"""From (clips, known events) to (clips,)."""


def divergence(
    said: Said,
    label: Tensor,
    *,
    logits: Tensor,
    divergence: losses.Divergence,
    event_reduction: Reduced,
    temperature: float,
) -> dict[str, Tensor]:
    """L_KL, equations (3) and (4)."""
    values = losses.divided(divergence, said.event_logits, logits, temperature)
    return {"kl": event_reduction(values)}


def squared(
    said: Said, label: Tensor, *, logits: Tensor, squared_target: losses.Divergence, squared_reduction: Reduced
) -> dict[str, Tensor]:
    """L_SQ, equation (5)."""
    return {"sq": squared_reduction(squared_target(said.event_logits, logits))}


def event_prior(
    said: Said,
    label: Tensor,
    *,
    logits: Tensor,
    prior: Tensor,
    divergence: losses.Divergence,
    event_reduction: Reduced,
) -> dict[str, Tensor]:
    """L_E1, equation (7)."""
    values = divergence(losses.event_log_odds(said.scene_logits, prior), logits)
    return {"event1": event_reduction(values)}


def event_prior_and_relevance(
    said: Said,
    label: Tensor,
    *,
    logits: Tensor,
    prior: Tensor,
    relevance: Tensor,
    beta: float,
    divergence: losses.Divergence,
    event_reduction: Reduced,
    relevance_loss: losses.RelevanceLoss,
) -> dict[str, Tensor]:
    """L_E = L_E1 + beta L_E2, equation (9)."""
    event2 = relevance_loss(losses.event_probability(said.scene_logits, prior), relevance, label)
    event1 = event_prior(
        said, label, logits=logits, prior=prior, divergence=divergence, event_reduction=event_reduction
    )["event1"]
    return losses.event_loss(event1, event2, beta)


METHODS = {
    "random_head": Method(False),
    "scratch": Method(True, pretrained=False),
    "scene": Method(True),
    "smoothed": Method(True, scene=losses.smoothed_scene_loss),
    "scene+sq_sound": Method(True, squared, event_head="sound"),
    "scene+kl_sound": Method(True, divergence, event_head="sound"),
    "scene+sq_av": Method(True, squared, event_head="joint"),
    "scene+kl_av": Method(True, divergence, event_head="joint"),
    "scene+event": Method(True, event_prior_and_relevance),
    "event1": Method(False, event_prior),
    "event1+event2": Method(False, event_prior_and_relevance),
    "kl_av": Method(False, divergence, event_head="joint"),
    "sq_av": Method(False, squared, event_head="joint"),
}

CHOICES: Mapping[str, Mapping[str, Callable[..., Tensor]]] = {
    "divergence": losses.DIVERGENCES,
    "event_reduction": losses.REDUCTIONS,
    "squared_reduction": losses.SQUARED_REDUCTIONS,
    "squared_target": losses.SQUARED_TARGETS,
    "relevance_loss": losses.RELEVANCE_LOSSES,
}
"""Where a protocol's word names a function; `jobs/code/closure.py` has the same dicts, so that only its code counts."""


def chosen(method: Method, words: Mapping[str, Any], n_events: int) -> dict[str, Any]:
    """Of what a method uses, that which a protocol decides: numbers as they are, functions by their words.

    Args:
        method: row of the study.
        words: value of each switch, by its name.
        n_events: number of events, of which a mean over events is taken.

    Raises:
        ConfigError: a word that is not known.
    """
    found = {}
    for name in method.uses:
        if name in CHOICES:
            if words[name] not in CHOICES[name]:
                known = ", ".join(CHOICES[name])
                raise ConfigError(f"train: {name}: found {words[name]!r}, expected one of {known}")
            function = CHOICES[name][words[name]]
            found[name] = partial(function, n_events=n_events) if name.endswith("_reduction") else function
        elif name in words:
            found[name] = words[name]
    return found


class Named(Protocol):
    """A function of a user's own, known by its name."""

    function: Callable[..., Any]


def own(
    loss: Named, event_head: str | None, head: Named | None, scene_loss: bool = True, pretrained: bool = True
) -> Method:
    """The method of a study's own L_Omega; arguments as the attributes of `Method`."""
    return Method(scene_loss, loss.function, event_head, pretrained, head=head.function if head else None)


MODALITIES = {"image": ("image",), "sound": ("sound",), "image+sound": ("image", "sound")}
"""The modalities whose encoder is trained, by the word of a column."""


def find(method: str, modality: str, own: Method | None = None, settings: Mapping[str, Any] | None = None) -> Method:
    """The method of this id.

    Args:
        method: a row of `METHODS`, unless it is given.
        modality: a column.
        own: a study's own method of this id.
        settings: of the row, for what its loss asks for by keyword.

    Raises:
        ConfigError: no such method or modality, an event head on N_a without sound, or other settings than it asks for.
    """
    if own is None and method not in METHODS:
        raise ConfigError(f"method {method!r}: expected one of {', '.join(METHODS)}")
    if modality not in MODALITIES:
        raise ConfigError(f"modality {modality!r}: expected one of {', '.join(MODALITIES)}")
    row = own or METHODS[method]
    if row.event_head == "sound" and "sound" not in MODALITIES[modality]:
        raise ConfigError(
            f"method {method!r} has its event head on the sound network, which {modality!r} does not have"
        )
    if not settings:
        return row
    part = "transfer" if row.transfer else "scene"
    asked = [each.name for each in signature(getattr(row, part)).parameters.values() if each.kind is each.KEYWORD_ONLY]
    if unknown := sorted(set(settings) - set(asked)):
        raise ConfigError(f"method {method!r}: settings {', '.join(unknown)}: its loss asks for {', '.join(asked)}")
    return replace(row, **{part: partial(getattr(row, part), **settings)})
