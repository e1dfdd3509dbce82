"""What training asks of a student: the terms of a batch's loss, an epoch's numbers on the validation clips, the fit."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from overheard.errors import ConfigError
from overheard.learning import losses
from overheard.learning.augment import Augmentation
from overheard.learning.batching import batches
from overheard.learning.inputs import Inputs
from overheard.learning.loop import Adam, Loss, Recipe, Run, exact_statistics, fit
from overheard.learning.methods import Method
from overheard.learning.models.student import Said, Student
from overheard.scores.metrics import weighted_f_score

_OVER_EVENTS = ("logits", "prior", "relevance")
"""What a method is given with events as the last axis."""


@dataclass(frozen=True)
class Part:
    """The clips of a split: inputs, labels (clips,) int64 and the teacher's logits (clips, events), if needed."""

    inputs: Inputs
    label: Tensor
    teacher_logits: Tensor | None

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class Objective:
    """The loss of one method for one student.

    Attributes:
        method: row of the study.
        student: in train or eval mode as `loop.fit` set it.
        given: of what the method uses (`Method.uses`) that which is one for all clips: numbers, functions, relevance.
        events: (known,) int64, positions of the events that the teacher was trained on: event losses are over these
            alone, as its other logits say nothing of a clip but drift together; None where no loss reads events.
        bf16: run the networks in bfloat16; losses are always float32.
    """

    method: Method
    student: Student
    given: Mapping[str, Any]
    events: Tensor | None = None
    bf16: bool = False

    def terms(self, part: Part, clips: Tensor, inputs: dict[str, Tensor]) -> tuple[dict[str, Tensor], Said, Tensor]:
        """The named terms of the loss of some clips, what the student said of them, and their labels."""
        said = say(self.student, inputs, self.bf16)
        clips = clips.to(part.label.device)
        label = part.label.index_select(0, clips)
        given = dict(self.given)
        if part.teacher_logits is not None:
            given["logits"] = part.teacher_logits.index_select(0, clips)
        if self.student.prior is not None:
            given["prior"] = self.student.prior
        heard = {name: self._known(value) if name in _OVER_EVENTS else value for name, value in given.items()}
        known = Said(said.scene_logits, self._known(said.event_logits), said.representation)
        return self.method.terms(known, label, **heard), said, label

    def _known(self, values: Tensor | None) -> Tensor | None:
        """Of values with events as their last axis, those of the events that the teacher was trained on."""
        return values if values is None or self.events is None else values.index_select(-1, self.events)

    def reached(self, part: Part) -> list[nn.Parameter]:
        """The student's parameters that the loss reaches: those that have a gradient of it, of two clips.

        Raises:
            ConfigError: a term of the loss is not one number a clip, or the loss reaches none.
        """
        self.student.eval()
        clips = torch.arange(min(2, len(part)))
        terms, _, _ = self.terms(part, clips, part.inputs.batch(clips))
        for name, value in terms.items():
            if value.shape != clips.shape:
                found, expected = tuple(value.shape), tuple(clips.shape)
                raise ConfigError(f"loss: its term {name!r} has shape {found}, expected one value a clip, {expected}")
        loss, parameters = sum(terms.values()).sum(), list(self.student.parameters())
        if not loss.requires_grad:
            raise ConfigError("loss: no parameter has a gradient of it, expected one of what the student said")
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        return [parameter for parameter, gradient in zip(parameters, gradients, strict=True) if gradient is not None]

    def on_training(self, part: Part, augmentation: Augmentation | None, generator: torch.Generator) -> Loss:
        """The loss of a batch of training clips, augmented, for `loop.fit`."""

        def loss(clips: Tensor) -> tuple[dict[str, Tensor], Tensor]:
            terms, said, _ = self.terms(part, clips, part.inputs.batch(clips, augmentation, generator))
            return terms, said.representation

        return loss

    def on_validation(
        self,
        part: Part,
        batch_size: int,
        augmentation: Augmentation | None = None,
        generator: torch.Generator | None = None,
    ) -> dict[str, float]:
        """Means over the validation clips: `val_loss`, `val_scene_loss` (nats), `val_f_score` (0..1)."""
        sums, predicted = torch.zeros(2, dtype=torch.float64), []
        for clips in torch.arange(len(part)).split(batch_size):
            terms, said, label = self.terms(part, clips, part.inputs.batch(clips, augmentation, generator))
            scene = losses.scene_loss(said.scene_logits, label)
            sums += torch.stack([sum(terms.values()).sum(), scene.sum()]).double().cpu()
            predicted.append(said.scene_logits.argmax(dim=1).cpu())
        val_loss, val_scene_loss = (sums / len(part)).tolist()
        f_score = weighted_f_score(
            part.label.cpu().numpy(), torch.cat(predicted).numpy(), self.student.scene.out_features
        )
        return {"val_loss": val_loss, "val_scene_loss": val_scene_loss, "val_f_score": f_score}

    def exact_statistics(self, part: Part, batch_size: int) -> None:
        """Give the student's batch norms the exact statistics of the training clips, not augmented."""
        # any precision that the batches were trained in
        with _precision(part.inputs.batch(torch.arange(1)), self.bf16):
            clips = batches(torch.arange(len(part)), batch_size)
            exact_statistics(self.student, (part.inputs.batch(batch) for batch in clips))


class Training:
    """A student's training: its objective, its clips, and what a checkpoint must hold to end with the same bytes."""

    def __init__(
        self,
        objective: Objective,
        train: Part,
        val: Part,
        adam: Adam,
        augmentation: tuple[Augmentation | None, Augmentation | None],
        generators: dict[str, torch.Generator],
    ) -> None:
        """Args as the attributes; `augmentation` is of training and validation pictures, None where there is none.

        `generators` are `order`, `augmentation` and `validation`, on the CPU.
        """
        self.objective, self.train, self.val = objective, train, val
        self.adam, self.augmentation, self.generators = adam, augmentation, generators
        self.model = objective.student

    def fit(self, recipe: Recipe, exact: bool, run: Run | None, on_validation: Callable[[Run], None]) -> Run:
        """Train; see `loop.fit`. With `exact`, batch norms get exact statistics before weights are validated."""
        statistics = partial(self.objective.exact_statistics, self.train, recipe.batch_size)
        return fit(
            self.objective.student,
            self.adam,
            self.objective.on_training(self.train, self.augmentation[0], self.generators["augmentation"]),
            partial(
                self.objective.on_validation,
                self.val,
                recipe.batch_size,
                self.augmentation[1],
                self.generators["validation"],
            ),
            recipe,
            clips=len(self.train),
            order=self.generators["order"],
            run=run,
            before_validation=statistics if exact else lambda: None,
            on_validation=on_validation,
        )


def say(student: Student, inputs: dict[str, Tensor], bf16: bool) -> Said:
    """What a student says of clips; logits in float32, though its networks may run in bfloat16."""
    with _precision(inputs, bf16):
        said = student(inputs)
    events = None if said.event_logits is None else said.event_logits.float()
    # the representation stays the tensor that the logits come from: gradients are measured at it
    return Said(said.scene_logits.float(), events, said.representation)


def _precision(inputs: dict[str, Tensor], bf16: bool) -> AbstractContextManager:
    if not bf16:
        return nullcontext()
    return torch.autocast(next(iter(inputs.values())).device.type, torch.bfloat16)
