"""The only training loop: `pretrain` and `train` both call `fit`.

It knows nothing of scenes, teachers or files. Who calls it says how a batch gets its loss, how an epoch is judged
and which of two epochs is better; `fit` orders the clips, steps, keeps the best weights and stops.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor], tuple[dict[str, Tensor], Tensor | None]]
"""From the positions of a batch's clips (int64, on the CPU) to the named terms of the loss, each (clips,), whose sum is
the loss, and the representation at which the terms' gradients are compared (None: they are not)."""


class Adam:
    """Adam with L2 weight decay, equal to `torch.optim.Adam(fused=True)`, over the parameters it is given.

    The class of torch imports its whole compiler at the first step, 1.0 s of 2.5 s of a short run; this calls
    the same kernel. `tests/core/test_loop.py` holds the two equal.
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
    """Where a training stands after some epochs: together with the weights, all that is needed to go on."""

    epoch: int = 0
    best_epoch: int = 0
    best_state: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)


def fit(
    model: nn.Module,
    adam: Adam,
    loss: Loss,
    validate: Callable[[], dict[str, float]],
    better: Callable[[dict[str, float], dict[str, float]], bool],
    *,
    clips: int,
    batch_size: int,
    epochs: int,
    patience: int,
    order: torch.Generator,
    run: Run | None = None,
    on_epoch: Callable[[Run], None] = lambda run: None,
) -> Run:
    """Train until `epochs`, or until `patience` epochs in a row were no better; the model ends with its last weights.

    Each epoch: a new order of the clips; per batch one step along the mean over clips of the sum of the terms; then
    `validate` with the model in eval mode and without gradients. The last batch of an epoch may be smaller; a single
    clip left over joins the batch before it, as batch norm has no variance of one clip.

    Args:
        model: set to train and eval mode here, otherwise seen only by `loss` and `validate`.
        adam: over every parameter that a loss reaches, and over no other.
        loss: see `Loss`.
        validate: the epoch's numbers, e.g. {"val_loss": …}; they go to the history as they are.
        better: whether the first history line is a better epoch than the second; asked from epoch 2 on.
        clips: number of training clips; `loss` gets positions in 0..clips-1.
        batch_size: clips.
        epochs: at most so many.
        patience: epochs without a new best before training stops.
        order: draws the order of the clips, on the CPU.
        run: where an earlier training stopped; the caller has loaded the weights, `adam` and the generators.
        on_epoch: called after each epoch, e.g. to keep a checkpoint and to show progress.

    Returns:
        The run: `best_state` and `best_epoch` (from 1), and one `history` line an epoch with `epoch`, `train_loss`;
        for each term `loss_<term>` (its part of `train_loss`), `loss_share_<term>` and `gradient_share_<term>`
        (its part of the sum of the norms of the terms' gradients at the representation, in the epoch's first
        batch); then what `validate` said.
    """
    run = run or Run()
    while not finished(run, epochs, patience):
        model.train()
        line: dict[str, float] = {"epoch": run.epoch + 1}
        line |= _epoch(adam, loss, batches(torch.randperm(clips, generator=order), batch_size))
        model.eval()
        with torch.no_grad():
            line |= validate()
        run.history.append(line)
        run.epoch += 1
        if run.epoch == 1 or better(line, run.history[run.best_epoch - 1]):
            run.best_epoch = run.epoch
            run.best_state = {name: value.detach().clone() for name, value in model.state_dict().items()}
        on_epoch(run)
    return run


def finished(run: Run, epochs: int, patience: int) -> bool:
    """Whether `fit` has nothing left to do."""
    return run.epoch >= epochs or run.epoch - run.best_epoch >= patience


def batches(order: Tensor, batch_size: int) -> list[Tensor]:
    """Cut an order of clips into batches; a last batch of one clip joins the one before it."""
    cut = list(order.split(batch_size))
    if len(cut) > 1 and len(cut[-1]) == 1:
        cut[-2:] = [torch.cat(cut[-2:])]
    return cut


def _epoch(adam: Adam, loss: Loss, epoch_batches: list[Tensor]) -> dict[str, float]:
    """One step a batch; the means of the terms over the clips, and their shares."""
    totals, shares = [], {}
    for number, batch in enumerate(epoch_batches):
        terms, representation = loss(batch)
        means = torch.stack(list(terms.values())).mean(dim=1)
        if number == 0 and representation is not None:
            shares = gradient_shares(dict(zip(terms, means.unbind(), strict=True)), representation)
        means.sum().backward()
        adam.step()
        # summed at the end: reading a number here would make a GPU wait
        totals.append(means.detach() * len(batch))
    sums = torch.stack(totals).double().sum(dim=0) / sum(map(len, epoch_batches))
    values = dict(zip(terms, sums.tolist(), strict=True))
    total = sum(values.values())
    return (
        {"train_loss": total}
        | {f"loss_{name}": value for name, value in values.items()}
        | {f"loss_share_{name}": value / total if total else 0.0 for name, value in values.items()}
        | {f"gradient_share_{name}": share for name, share in shares.items()}
    )


def gradient_shares(terms: dict[str, Tensor], representation: Tensor) -> dict[str, float]:
    """Each term's part of the sum of the norms of the terms' gradients at the representation."""
    norms = {}
    for name, value in terms.items():
        (gradient,) = torch.autograd.grad(value, representation, retain_graph=True, allow_unused=True)
        norms[name] = 0.0 if gradient is None else gradient.norm().item()
    total = sum(norms.values())
    return {name: norm / total if total else 0.0 for name, norm in norms.items()}
