"""The only training loop: `pretrain` and `train` both call `fit`.

It knows nothing of scenes, teachers or files. Who calls it says how a batch gets its loss, how weights are validated,
and by its recipe how long and how fast to go and which weights to keep; `fit` orders the clips, steps and keeps.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from overheard.errors import DivergedError
from overheard.learning.batching import Batching, batches
from overheard.learning.schedules import Schedule
from overheard.learning.selection import Selection

Loss = Callable[[Tensor], tuple[dict[str, Tensor], Tensor | None]]
"""From the positions of a batch's clips (int64, on the CPU) to the named terms of the loss, each (clips,), whose sum is
the loss, and the representation at which the terms' gradients are compared (None: they are not)."""


class Adam:
    """Adam with L2 weight decay, equal to `torch.optim.Adam(fused=True)`, over the parameters it is given.

    The class of torch imports its whole compiler at the first step, 1.0 s of 2.5 s of a short run; this calls
    the same kernel. `tests/learning/test_loop.py` holds the two equal.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], learning_rate: float, weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.mean = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.square = [torch.zeros_like(parameter) for parameter in self.parameters]
        device = self.parameters[0].device
        self.steps = [torch.zeros((), device=device)] * len(self.parameters)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter along its `.grad`, then forget the gradients.

        Raises:
            RuntimeError: a parameter has no gradient; no loss reaches it, so it must not be here.
        """
        gradients = [parameter.grad for parameter in self.parameters]
        if any(gradient is None for gradient in gradients):
            raise RuntimeError("a parameter that no loss reaches was given to Adam: weight decay alone would shrink it")
        self.steps[0].add_(1)
        torch._fused_adam_(
            self.parameters,
            gradients,
            self.mean,
            self.square,
            [],
            self.steps,
            lr=self.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
        for parameter in self.parameters:
            parameter.grad = None

    def state(self) -> dict[str, Any]:
        """What `load` needs to go on."""
        return {"step": self.steps[0], "mean": self.mean, "square": self.square}

    @torch.no_grad()
    def load(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        for mine, stored in zip([*self.mean, *self.square], [*state["mean"], *state["square"]], strict=True):
            mine.copy_(stored)
        self.steps[0].copy_(state["step"])


@dataclass
class Run:
    """Where a training stands after a validation: together with the weights, all that is needed to go on.

    Attributes:
        step: optimizer steps so far.
        waiting: the batches that are left of the epoch.
        history: one line a validation.
        kept: positions in the history of the validations whose weights are kept, the best first.
        states: the weights of each of them.
    """

    step: int = 0
    waiting: list[Tensor] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    states: dict[int, dict[str, Tensor]] = field(default_factory=dict)

    @property
    def best_state(self) -> dict[str, Tensor]:
        """The weights that are tested."""
        return self.states[self.kept[0]]

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, in which they were reached."""
        return int(self.history[self.kept[0]]["epoch"])


def each_epoch(clips: int, generator: torch.Generator) -> Tensor:
    """A new order of the clips, (clips,) int64."""
    return torch.randperm(clips, generator=generator)


def fixed(clips: int, generator: torch.Generator) -> Tensor:
    """The order of the first epoch again: the released program's sampler is seeded anew in each."""
    return torch.randperm(clips, generator=generator.manual_seed(generator.initial_seed()))


Order = Callable[[int, torch.Generator], Tensor]
ORDERS: Mapping[str, Order] = {"each_epoch": each_epoch, "fixed": fixed}


@dataclass(frozen=True)
class Recipe:
    """How long, how fast, and which weights are kept.

    Attributes:
        batch_size: clips, at most.
        steps: optimizer steps in all; None with `epochs`.
        epochs: passes over the training clips; None with `steps`.
        schedule: the factor of the learning rate; see `schedules`.
        selection: which validations' weights are kept; see `selection`.
        patience: validations without a new best before training stops; None for never.
        order: of the clips of an epoch; see `ORDERS`.
        batching: how the order is cut; see `batching.BATCHINGS`.
        every: optimizer steps from one validation to the next; None for an epoch's.
    """

    batch_size: int
    steps: int | None
    epochs: int | None
    schedule: Schedule
    selection: Selection
    patience: int | None
    order: Order = each_epoch
    batching: Batching = batches
    every: int | None = None

    def steps_an_epoch(self, clips: int) -> int:
        """Batches of so many training clips."""
        return len(self.batching(torch.arange(clips), self.batch_size))

    def length(self, clips: int) -> int:
        """Optimizer steps in all, with so many training clips."""
        return self.steps or self.epochs * self.steps_an_epoch(clips)

    def finished(self, run: Run, clips: int) -> bool:
        """Whether `fit` has nothing left to do."""
        waited = len(run.history) - 1 - run.kept[0] if run.kept else 0
        return run.step >= self.length(clips) or (self.patience is not None and waited >= self.patience)


def fit(
    model: nn.Module,
    adam: Adam,
    loss: Loss,
    validate: Callable[[], dict[str, float]],
    recipe: Recipe,
    *,
    clips: int,
    order: torch.Generator,
    run: Run | None = None,
    before_validation: Callable[[], None] = lambda: None,
    on_validation: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Train for the recipe's length, or until its patience ends; the model ends with its last weights.

    Each epoch has an order of the clips; each batch is one step along the mean over clips of the sum of the terms.
    After every epoch's steps (or `every`), and after the last one, `validate` runs in eval mode without gradients.

    Args:
        model: set to train and eval mode here, otherwise seen only by `loss` and `validate`.
        adam: over every parameter that a loss reaches, and over no other; with the learning rate of the first step.
        loss: see `Loss`.
        validate: the validation's numbers, e.g. {"val_loss": …}; they go to the history as they are.
        recipe: length, schedule, selection.
        clips: number of training clips; `loss` gets positions in 0..clips-1.
        order: draws the order of the clips, on the CPU.
        run: where an earlier training stopped; the caller has loaded the weights, `adam` and the generators.
        before_validation: called before the weights are validated and kept, e.g. for exact batch-norm statistics.
        on_validation: called after each validation, e.g. to keep a checkpoint and to show progress.

    Returns:
        The run; each `history` line has `epoch` (from 1), `step` (steps so far), `learning_rate` (of the last step) and
        `train_loss`; for each term `loss_<term>` (its part of `train_loss`), `loss_share_<term>` and
        `gradient_share_<term>` (its part of the sum of the norms of the terms' gradients at the representation, in the
        first batch); then what `validate` said. DivergedError where a loss or weight is no number any more.
    """
    run = run or Run()
    steps, epoch = recipe.length(clips), recipe.steps_an_epoch(clips)
    first_rate = adam.learning_rate
    while not recipe.finished(run, clips):
        model.train()
        taken = []
        for step in range(run.step, min(run.step + (recipe.every or epoch), steps)):
            if not run.waiting:
                run.waiting = recipe.batching(recipe.order(clips, order), recipe.batch_size)
            adam.learning_rate = first_rate * recipe.schedule(step, steps, epoch)
            taken.append(_step(adam, loss, run.waiting.pop(0), measured=not taken))
        run.step += len(taken)
        line = {"epoch": math.ceil(run.step / epoch), "step": run.step, "learning_rate": adam.learning_rate}
        line |= _summed(taken)
        adam.learning_rate = first_rate
        with torch.no_grad():
            before_validation()
            model.eval()
            line |= validate()
        _refuse_infinite(model, taken, line)
        run.history.append(line)
        _keep(run, model, recipe.selection)
        on_validation(run)
    return run


def untrained(model: nn.Module) -> Run:
    """The run of a model that is tested as it starts: epoch 0 is its only one."""
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return Run(history=[{"epoch": 0, "step": 0}], kept=[0], states={0: state})


def _refuse_infinite(model: nn.Module, taken: Sequence["_Taken"], line: Mapping[str, float]) -> None:
    """Refuse an epoch with a loss or a weight that is no number.

    Raises:
        DivergedError: names which, the step and the learning rate.
    """
    weights = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    wrong = [name.replace("_", " ") for name, value in line.items() if "loss" in name and not math.isfinite(value)]
    wrong += [f"weight {name}" for name, value in weights.items() if not value.isfinite().all()]
    if wrong:
        before = int(line["step"]) - len(taken)
        step = next((at for at, its in enumerate(taken, 1) if not its.means.isfinite().all()), len(taken))
        raise DivergedError(
            f"{wrong[0]} is no number at step {before + step}, learning rate {line['learning_rate']:.3g}"
        )


def _keep(run: Run, model: nn.Module, selection: Selection) -> None:
    """Keep the weights that the selection wants, of those that were kept before and of these."""
    now = len(run.history) - 1
    run.kept = list(selection(run.history))
    if now in run.kept:
        run.states[now] = {name: value.detach().clone() for name, value in model.state_dict().items()}
    run.states = {place: run.states[place] for place in run.kept}


@dataclass(frozen=True)
class _Taken:
    """One step: clips, the terms' names and means (on the device), and their shares where they were measured."""

    clips: int
    names: Sequence[str]
    means: Tensor
    shares: dict[str, float]


def _step(adam: Adam, loss: Loss, batch: Tensor, measured: bool) -> _Taken:
    terms, representation = loss(batch)
    means = torch.stack(list(terms.values())).mean(dim=1)
    shares = {}
    if measured and representation is not None:
        shares = gradient_shares(dict(zip(terms, means.unbind(), strict=True)), representation)
    means.sum().backward()
    adam.step()
    return _Taken(len(batch), tuple(terms), means.detach(), shares)


def _summed(taken: Sequence[_Taken]) -> dict[str, float]:
    """The means of the terms over the clips of some steps, and their shares."""
    # read here alone: reading a number after each step would make a GPU wait
    sums = torch.stack([step.means * step.clips for step in taken]).double().sum(dim=0)
    means = sums / sum(step.clips for step in taken)
    values = dict(zip(taken[0].names, means.tolist(), strict=True))
    total = sum(values.values())
    return (
        {"train_loss": total}
        | {f"loss_{name}": value for name, value in values.items()}
        | {f"loss_share_{name}": value / total if total else 0.0 for name, value in values.items()}
        | {f"gradient_share_{name}": share for name, share in taken[0].shares.items()}
    )


def still_falls(run: Run) -> bool:
    """Whether the training loss still falls at the end: over the last fifth of the epochs by more than a twentieth of
    its whole fall since the first.

    Each end is a mean over a tenth of the epochs, at least two; with fewer than ten epochs nothing is said.
    """
    losses = [line["train_loss"] for line in run.history]
    width = max(2, len(losses) // 10)
    if len(losses) < 10:
        return False
    before, end = (sum(part) / width for part in (losses[-3 * width : -2 * width], losses[-width:]))
    return before - end > 0.05 * (losses[0] - end)


def exact_statistics(model: nn.Module, inputs: Iterable[Any]) -> None:
    """Give every batch norm of a model the mean of its batches' statistics over some inputs, in place of running ones.

    Running statistics lag behind the weights where an epoch has few steps. Only modules are touched: a constant that
    stands for a modality left out, and stored outputs of frozen blocks, are not. The model is left in train mode.

    Args:
        model: takes one of `inputs`.
        inputs: batches of training clips, not augmented.

    Source: Wu and Johnson, Rethinking "Batch" in BatchNorm (2021), section 3, "PreciseBN"; `update_bn` of torch.
    """
    model.train()
    update_bn(inputs, model)


def gradient_shares(terms: dict[str, Tensor], representation: Tensor) -> dict[str, float]:
    """Each term's part of the sum of the norms of the terms' gradients at the representation."""
    norms = {}
    for name, value in terms.items():
        (gradient,) = torch.autograd.grad(value, representation, retain_graph=True, allow_unused=True)
        norms[name] = 0.0 if gradient is None else gradient.norm().item()
    total = sum(norms.values())
    return {name: norm / total if total else 0.0 for name, norm in norms.items()}
