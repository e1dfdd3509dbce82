"""mn04: EfficientAT's MobileNetV3 of width 0.4, an AudioSet tagger, as encoder (Schmid, Koutini and Widmer, 2023).

The representation is the 512-vector after `classifier.2` and its Hardswish, so that the event classifier on top,
`classifier.5`, is linear. The dropout that stands between them in the original is not used.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn


class _Row(NamedTuple):
    """One line of the table: kernel, channels inside and out, squeeze (0: none), Hardswish or ReLU, stride."""

    kernel: int
    expanded: int
    out: int
    squeeze: int
    hardswish: bool
    stride: int


BLOCKS = (
    _Row(3, 8, 8, 0, False, 1),  # features.1
    _Row(3, 24, 16, 0, False, 2),
    _Row(3, 32, 16, 0, False, 1),
    _Row(5, 32, 16, 8, False, 2),
    _Row(5, 48, 16, 16, False, 1),
    _Row(5, 48, 16, 16, False, 1),
    _Row(3, 96, 32, 0, True, 2),
    _Row(3, 80, 32, 0, True, 1),
    _Row(3, 72, 32, 0, True, 1),
    _Row(3, 72, 32, 0, True, 1),
    _Row(3, 192, 48, 48, True, 1),
    _Row(3, 272, 48, 72, True, 1),
    _Row(5, 272, 64, 72, True, 2),
    _Row(5, 384, 64, 96, True, 1),
    _Row(5, 384, 64, 96, True, 1),  # features.15
)
STEM, LAST, WIDTH, EVENTS, BANDS = 8, 384, 512, 527, 128
CLASSIFIER = "classifier.5."


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int, act: type | None) -> nn.Sequential:
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=0.001),
    ]
    return nn.Sequential(*layers, *([act(inplace=True)] if act else []))


class _Gate(nn.Module):
    """Squeeze and excitation over channels."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeeze)
        self.fc2 = nn.Linear(squeeze, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(self.fc1(x.mean(dim=(2, 3))).relu()).sigmoid()
        return x * gate[:, :, None, None]


class _Gates(nn.Module):
    """A list of one gate: the original can hold several, and its names in the state dict say so."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Gate(channels, squeeze)])

    def forward(self, x: Tensor) -> Tensor:
        return self.conc_se_layers[0](x)


class _Block(nn.Module):
    """Inverted residual: expand, depthwise, gate, project."""

    def __init__(self, inputs: int, row: _Row) -> None:
        super().__init__()
        act = nn.Hardswish if row.hardswish else nn.ReLU
        layers = [] if row.expanded == inputs else [_convolution(inputs, row.expanded, 1, 1, 1, act)]
        layers.append(_convolution(row.expanded, row.expanded, row.kernel, row.stride, row.expanded, act))
        if row.squeeze:
            layers.append(_Gates(row.expanded, row.squeeze))
        layers.append(_convolution(row.expanded, row.out, 1, 1, 1, None))
        self.block = nn.Sequential(*layers)
        self.residual = row.stride == 1 and inputs == row.out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x) if self.residual else self.block(x)


def _features() -> list[nn.Module]:
    inputs = [STEM, *(row.out for row in BLOCKS)]
    blocks = [_Block(channels, row) for channels, row in zip(inputs, BLOCKS, strict=False)]
    first = _convolution(1, STEM, 3, 2, 1, nn.Hardswish)
    return [first, *blocks, _convolution(inputs[-1], LAST, 1, 1, 1, nn.Hardswish)]


class Mn04(nn.Module):
    """The tagger without its event classifier, or the part of it above the frozen lower blocks."""

    width = WIDTH

    def __init__(self, frozen_blocks: int = 0) -> None:
        """Build `features[frozen_blocks:]` and what follows; names in the state dict do not depend on `frozen_blocks`.

        Raises:
            ValueError: there are 17 blocks, and at least the last one must remain.
        """
        super().__init__()
        blocks = dict(enumerate(_features()))
        if not 0 <= frozen_blocks < len(blocks):
            raise ValueError(f"frozen_blocks: expected 0 to {len(blocks) - 1}, got {frozen_blocks}")
        self.frozen_blocks = frozen_blocks
        self.features = nn.Sequential()
        for number, block in blocks.items():
            if number >= frozen_blocks:
                self.features.add_module(str(number), block)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAST, WIDTH), nn.Hardswish(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Representation (clips, 512) of x: log-mels (clips, 1, time, band), or `lower`'s output with frozen blocks."""
        if not self.frozen_blocks:
            x = x.transpose(2, 3)
        return self.classifier(self.features(x))

    @torch.no_grad()
    def lower(self, x: Tensor, frozen_blocks: int) -> Tensor:
        """Output (clips, channels, band, time) of the first blocks: what a network with `frozen_blocks` reads.

        Args:
            x: log-mels (clips, 1, time, band).
            frozen_blocks: how many blocks; from 1 to 16.

        Raises:
            ValueError: this network has no lower blocks of its own, or it is in training mode: frozen blocks have
                running statistics, never those of a batch.
        """
        if self.frozen_blocks or self.training:
            raise ValueError("lower blocks are computed by the whole network, in eval mode")
        for block in self.features[:frozen_blocks]:
            x = block(x.transpose(2, 3) if block is self.features[0] else x)
        return x


def split_tagger(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A tagger's state dict as that of the encoder and that of the event classifier (weight, bias)."""
    encoder = {name: value for name, value in state.items() if not name.startswith(CLASSIFIER)}
    classifier = {name.removeprefix(CLASSIFIER): state[name] for name in state if name.startswith(CLASSIFIER)}
    return encoder, classifier


def upper_state(state: Mapping[str, Tensor], frozen_blocks: int) -> dict[str, Tensor]:
    """The entries of a whole encoder's state dict that a network with `frozen_blocks` has."""
    frozen = tuple(f"features.{number}." for number in range(frozen_blocks))
    return {name: value for name, value in state.items() if not name.startswith(frozen)} if frozen else dict(state)
