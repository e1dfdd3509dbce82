"""The training of one row on windows' embeddings: `audio`, `video`, `early`, or `proposed` on the first two.

Which row is trained changes no stream of random numbers but that of its own first weights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from overheard import seeds
from overheard.errors import CheckpointError
from overheard.learning.loop import Adam, Recipe, Run, fit
from overheard.learning.losses import scene_loss
from overheard.learning.models.fusion import ROWS, FeedForward, Proposed, build
from overheard.learning.start import generator, start_linear
from overheard.media.moments import Moments, z_scored

# windows at a time where nothing is learnt; part of the result's last bits, so no setting
_WINDOWS = 1024


@dataclass(frozen=True)
class Windows:
    """The windows of a split. Embeddings are read batch by batch, so that memory-mapped arrays stay on the disk.

    Attributes:
        embeddings: by `audio` and `video`, (all windows, width).
        label: (windows,) index of the scene.
        clip: (windows,) index of the clip.
        rows: (windows,) where each stands in the embeddings; None: these are all, in order.
        z_score: by modality, mean and deviation (width,) of the training windows; None: embeddings are z-scored.

    Raises:
        ValueError: label, clip and rows, or without rows the embeddings, are not of one length.
    """

    embeddings: Mapping[str, NDArray[np.floating]]
    label: NDArray[np.integer]
    clip: NDArray[np.integer]
    rows: NDArray[np.integer] | None = None
    z_score: Mapping[str, Moments] | None = None

    def __post_init__(self) -> None:
        placed = [*self.embeddings.values()] if self.rows is None else [self.rows]
        if {len(self.clip), *map(len, placed)} != {len(self.label)}:
            found = [len(self.label), len(self.clip), *map(len, placed)]
            raise ValueError(f"expected one label, clip and place a window, got lengths {found}")

    def __len__(self) -> int:
        return len(self.label)

    def batch(self, modalities: tuple[str, ...], positions: Tensor) -> Tensor:
        """The embeddings (windows, width) float32 of some windows, of these modalities side by side."""
        rows = positions.numpy() if self.rows is None else self.rows[positions.numpy()]
        parts = {name: np.asarray(self.embeddings[name][rows]) for name in modalities}
        if self.z_score is not None:
            parts = {name: z_scored(part, *self.z_score[name]) for name, part in parts.items()}
        return torch.from_numpy(np.concatenate(list(parts.values()), axis=1).astype(np.float32, copy=False))


class Drawn:
    """One window of each clip in every epoch, drawn anew."""

    def __init__(self, clip: NDArray[np.integer]) -> None:
        """`clip` (windows,) is the clip of each window, in any order."""
        counts = np.unique(clip, return_counts=True)[1]
        self.order = torch.from_numpy(np.argsort(clip, kind="stable"))
        self.counts = torch.from_numpy(counts)
        self.first = self.counts.cumsum(0) - self.counts

    def __len__(self) -> int:
        return len(self.counts)

    def __call__(self, positions: Tensor, draws: torch.Generator) -> Tensor:
        """The positions of a window of each of these clips."""
        place = torch.randint(2**62, positions.shape, generator=draws) % self.counts[positions]
        return self.order[self.first[positions] + place]


class Every:
    """Every window in every epoch."""

    def __init__(self, clip: NDArray[np.integer]) -> None:
        """`clip` (windows,) is the clip of each window, in any order."""
        self.windows = len(clip)

    def __len__(self) -> int:
        return self.windows

    def __call__(self, positions: Tensor, draws: torch.Generator) -> Tensor:
        """The positions as they are."""
        return positions


TRAIN_WINDOWS: Mapping[str, type[Every] | type[Drawn]] = {"all": Every, "per_clip": Drawn}
"""What an epoch is made of, by a protocol's word."""


def started(
    row: str,
    widths: Mapping[str, int],
    n_classes: int,
    seed: int,
    states: Mapping[str, Mapping[str, Tensor]] = {},
    dropout: torch.Generator | None = None,
    **switches: str,
) -> FeedForward | Proposed:
    """The network of a row at its start, on the CPU: linear layers as torch starts them, from streams of the seed.

    Args:
        row: word of `fusion.ROWS`.
        widths: of the embeddings, by modality.
        n_classes: of the logits.
        seed: of the streams.
        states: the trained `audio` and `video` of this seed, for `proposed`.
        dropout: draws the masks, on the training's device.
        switches: `hidden`; and `fusion_input`, `fusion_head`, `fusion_trains` for `proposed`: see `fusion.build`.

    Raises:
        CheckpointError: a state is of another network.
    """
    model = build(row, widths, n_classes, dropout=dropout, **switches)
    if row != "proposed":
        _start(model, seed, f"{row} network")
        return model
    for name in ROWS[row]:
        try:
            getattr(model, name).load_state_dict(states[name])
        except RuntimeError as error:
            reason = str(error).split("\n\t")[1].strip()
            raise CheckpointError(f"{name}: weights of another network ({reason[:200]}); train {name} again") from error
    _start(model.head, seed, "fusion head")
    return model


def _start(layers: nn.Module, seed: int, word: str) -> None:
    stream = generator(seed, word)
    for layer in layers.modules():
        if isinstance(layer, nn.Linear):
            start_linear(layer, stream)


@torch.no_grad()
def window_logits(
    row: str, model: nn.Module, windows: Windows, positions: Tensor | None = None, device: str = "cpu"
) -> Tensor:
    """What a row's network says of windows in eval mode, logits (windows, classes) on the CPU.

    Args:
        row: word of `fusion.ROWS`.
        model: on the device; left in eval mode.
        windows: of a split.
        positions: of the windows that are asked for, (n,) int64; None for all.
        device: `cpu` or `cuda`.
    """
    model.eval()
    asked = torch.arange(len(windows)) if positions is None else positions
    return torch.cat([model(windows.batch(ROWS[row], part).to(device)).cpu() for part in asked.split(_WINDOWS)])


class Training:
    """A row's training: its network, its windows, and what a checkpoint must hold to end with the same bytes."""

    def __init__(
        self,
        row: str,
        train: Windows,
        val: Windows,
        *,
        n_classes: int,
        seed: int,
        learning_rate: float,
        weight_decay: float,
        train_windows: str,
        states: Mapping[str, Mapping[str, Tensor]] = {},
        device: str = "cpu",
        **switches: str,
    ) -> None:
        """At its start.

        Args:
            row: word of `fusion.ROWS`.
            train: training windows.
            val: validation windows.
            n_classes: of the logits.
            seed: decides the first weights, the order, the masks of dropout and the windows drawn.
            learning_rate: of Adam, at the first step.
            weight_decay: of Adam, L2.
            train_windows: word of `TRAIN_WINDOWS`.
            states: the trained `audio` and `video` of this seed, for `proposed`.
            device: `cpu` or `cuda`.
            switches: see `started`.
        """
        self.row, self.train, self.val, self.device = row, train, val, device
        self.generators = {word: generator(seed, word) for word in ("order", "window", "validation")}
        self.generators["dropout"] = torch.Generator(device).manual_seed(seeds.integer("train", "dropout", seed))
        widths = {name: train.embeddings[name].shape[1] for name in ROWS[row]}
        self.model = started(row, widths, n_classes, seed, states, self.generators["dropout"], **switches).to(device)
        learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.adam = Adam(learning, learning_rate, weight_decay)
        self.drawn = TRAIN_WINDOWS[train_windows](train.clip)

    def fit(
        self,
        recipe: Recipe,
        run: Run | None = None,
        before_validation: Callable[[], None] = lambda: None,
        on_validation: Callable[[Run], None] = lambda run: None,
    ) -> Run:
        """Train; see `loop.fit`. Clips of the recipe are windows, or clips where one window of each is drawn.

        The history says `val_loss` (nats) and `val_accuracy` (0..1), over the validation windows that the recipe's
        batching keeps: with full batches alone others in each validation, as in the released program.
        `before_validation` must leave networks that do not learn alone: `loop.exact_statistics` of all would not.
        """
        return fit(
            self.model,
            self.adam,
            self._loss,
            lambda: self._validate(recipe),
            recipe,
            clips=len(self.drawn),
            order=self.generators["order"],
            run=run,
            before_validation=before_validation,
            on_validation=on_validation,
        )

    def _loss(self, positions: Tensor) -> tuple[dict[str, Tensor], None]:
        windows = self.drawn(positions, self.generators["window"])
        logits = self.model(self.train.batch(ROWS[self.row], windows).to(self.device))
        return {"scene": scene_loss(logits, _label(self.train, windows).to(self.device))}, None

    def _validate(self, recipe: Recipe) -> dict[str, float]:
        order = torch.randperm(len(self.val), generator=self.generators["validation"])
        # in their order on the disk; batches of one size have the mean of their windows
        kept = torch.cat(recipe.batching(order, recipe.batch_size)).sort().values
        logits, label = window_logits(self.row, self.model, self.val, kept, self.device), _label(self.val, kept)
        return {
            "val_loss": scene_loss(logits, label).double().mean().item(),
            "val_accuracy": (logits.argmax(dim=1) == label).double().mean().item(),
        }


def _label(windows: Windows, positions: Tensor) -> Tensor:
    return torch.from_numpy(windows.label[positions.numpy()].astype(np.int64, copy=False))
