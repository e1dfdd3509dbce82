"""Networks on embeddings of windows: one of a modality or of both side by side, and a head on two trained ones.

All read (windows, width): the embeddings of a row's modalities side by side, in the order of `ROWS`. Their linear
layers are not started here: `fusion_training.started` does, or a state dict.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

ROWS: Mapping[str, tuple[str, ...]] = {
    "audio": ("audio",),
    "video": ("video",),
    "early": ("audio", "video"),
    "proposed": ("audio", "video"),
}
"""The modalities that a trained row reads, in their order."""
SIZES = (512, 128, 64)
"""Values of the three hidden layers (the paper, Fig. 1; the program has the same)."""
HEAD = 128
"""Values between the head's two layers."""
_DROPPED = 0.2


class Dropout(nn.Module):
    """Dropout whose masks come from a generator: torch's own draws from the global one.

    Args:
        share: of the values that are dropped in training.
        generator: on the inputs' device; None where the network is not trained.
    """

    def __init__(self, share: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, x: Tensor) -> Tensor:
        """x, in training with some values 0 and the others larger, so that their mean stays."""
        if not self.training:
            return x
        return x * torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator).div_(1 - self.share)


def bn_relu_dropout(width: int, dropout: torch.Generator | None) -> list[nn.Module]:
    """After a hidden linear layer: the released program."""
    return [nn.BatchNorm1d(width), nn.ReLU(), Dropout(_DROPPED, dropout)]


def plain(width: int, dropout: torch.Generator | None) -> list[nn.Module]:
    """After a hidden linear layer: a feed-forward network, as the paper says."""
    return [nn.ReLU()]


Hidden = Callable[[int, torch.Generator | None], list[nn.Module]]
HIDDEN: Mapping[str, Hidden] = {"bn_relu_dropout": bn_relu_dropout, "plain": plain}
"""What follows a hidden linear layer, by a protocol's word."""

FUSION_INPUTS: Mapping[str, tuple[type[nn.Module], int]] = {
    "second_linear_128": (nn.Linear, 2),
    "hidden_64": (nn.ReLU, 3),
}
"""What the head reads of a network, by a protocol's word: the output of its n-th layer of this kind.

`second_linear_128` is the program's, before batch norm; `hidden_64` is what the paper's "second-last layer" would mean.
"""
FUSION_HEADS: Mapping[str, tuple[type[nn.Module], ...]] = {"linear": (), "relu": (nn.ReLU,)}
"""What stands between the head's two linear layers, by a protocol's word; nothing in the program."""
FUSION_TRAINS: Mapping[str, bool] = {"head": False, "all": True}
"""Whether the two networks learn with the head, by a protocol's word."""


class FeedForward(nn.Module):
    """Three hidden layers and a linear one: a row `audio`, `video` or `early`.

    Args:
        width: of the embeddings.
        n_classes: of the logits.
        hidden: word of `HIDDEN`.
        dropout: draws the masks; None where the network is not trained.
    """

    def __init__(self, width: int, n_classes: int, hidden: str, dropout: torch.Generator | None = None) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for size in SIZES:
            layers += [_linear(width, size), *HIDDEN[hidden](size, dropout)]
            width = size
        self.model = nn.Sequential(*layers, _linear(width, n_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (windows, classes) of embeddings (windows, width)."""
        return self.model(x)

    def up_to(self, fusion_input: str) -> nn.Sequential:
        """The layers up to what the head reads, word of `FUSION_INPUTS`; the same layers, not a copy."""
        kind, number = FUSION_INPUTS[fusion_input]
        ends = [place + 1 for place, layer in enumerate(self.model) if isinstance(layer, kind)]
        return self.model[: ends[number - 1]]


class Proposed(nn.Module):
    """Two trained networks and a head on what both make of a window (Fig. 1b).

    Of the networks only the layers up to the head's input are run. Without `trains` they are constants: no gradient,
    and in eval mode also while the head is in training.

    Args:
        audio, video: networks.
        fusion_input: word of `FUSION_INPUTS`.
        fusion_head: word of `FUSION_HEADS`.
        fusion_trains: word of `FUSION_TRAINS`.
    """

    def __init__(
        self, audio: FeedForward, video: FeedForward, fusion_input: str, fusion_head: str, fusion_trains: str
    ) -> None:
        super().__init__()
        self.audio, self.video, self.fusion_input = audio, video, fusion_input
        self.trains = FUSION_TRAINS[fusion_trains]
        self.widths = [net.model[0].in_features for net in (audio, video)]
        read = [net.requires_grad_(False).up_to(fusion_input).requires_grad_(self.trains) for net in (audio, video)]
        width = sum([layer for layer in layers if isinstance(layer, nn.Linear)][-1].out_features for layers in read)
        between = [kind() for kind in FUSION_HEADS[fusion_head]]
        self.head = nn.Sequential(_linear(width, HEAD), *between, _linear(HEAD, audio.model[-1].out_features))

    def train(self, mode: bool = True) -> "Proposed":
        """Training or eval mode; the latter always for networks that do not learn."""
        super().train(mode)
        if not self.trains:
            self.audio.eval()
            self.video.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Logits (windows, classes) of embeddings (windows, width of audio and of video)."""
        parts = zip((self.audio, self.video), x.split(self.widths, dim=1), strict=True)
        return self.head(torch.cat([net.up_to(self.fusion_input)(part) for net, part in parts], dim=1))


def build(
    row: str,
    widths: Mapping[str, int],
    n_classes: int,
    hidden: str,
    fusion_input: str | None = None,
    fusion_head: str | None = None,
    fusion_trains: str | None = None,
    dropout: torch.Generator | None = None,
) -> FeedForward | Proposed:
    """The network of a trained row, its linear layers not started.

    Args:
        row: word of `ROWS`.
        widths: of the embeddings, by modality.
        n_classes: of the logits.
        hidden: word of `HIDDEN`.
        fusion_input: word of `FUSION_INPUTS`; these three for `proposed`.
        fusion_head: word of `FUSION_HEADS`.
        fusion_trains: word of `FUSION_TRAINS`.
        dropout: draws the masks, on the training's device; None where the network is not trained.
    """
    if row != "proposed":
        return FeedForward(sum(widths[name] for name in ROWS[row]), n_classes, hidden, dropout)
    audio, video = (FeedForward(widths[name], n_classes, hidden, dropout) for name in ROWS[row])
    return Proposed(audio, video, fusion_input, fusion_head, fusion_trains)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    # skip_init: the default start would draw from the global generator
    return nn.utils.skip_init(nn.Linear, inputs, outputs)
