"""Networks of inverted-residual blocks, each a table: their blocks, and how the lower ones are kept frozen.

A block expands the channels, convolves each by itself, may weigh them (squeeze and excitation), and projects them back
(MobileNetV2 and V3). Which networks there are: `mn04`, `efficientnet_lite0`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

Activation = Callable[..., nn.Module]


class Row(NamedTuple):
    """One block: kernel, channels inside and out, squeeze (0: none), activation, stride."""

    kernel: int
    expanded: int
    out: int
    squeeze: int
    activation: Activation
    stride: int


@dataclass(frozen=True)
class Table:
    """What a network is made of; its blocks are counted with the first and the last convolution.

    Attributes:
        rows: between the two.
        inputs: channels of a clip.
        stem: channels of the first convolution, 3x3 with stride 2.
        last: channels of the last convolution, 1x1.
        activation: of both.
        pads_end: a stride of 2 pads the ends of even sides more, as TensorFlow does; else both ends alike.
        enter: what is done to a batch of clips before the first block.
        head: from the last convolution's output to the representation; its names in the state dict: `classifier`.
        width: of the representation.
    """

    rows: tuple[Row, ...]
    inputs: int
    stem: int
    last: int
    activation: Activation
    pads_end: bool
    enter: Callable[[Tensor], Tensor]
    head: Callable[[], nn.Sequential]
    width: int

    def blocks(self) -> list[nn.Module]:
        """All blocks, from the first convolution to the last."""
        channels = [self.stem, *(row.out for row in self.rows)]
        between = [_Block(inputs, row, self.pads_end) for inputs, row in zip(channels, self.rows, strict=False)]
        first = _convolution(self.inputs, self.stem, 3, 2, 1, self.activation, self.pads_end)
        return [first, *between, _convolution(channels[-1], self.last, 1, 1, 1, self.activation)]


def _convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int,
    groups: int,
    activation: Activation | None,
    pads_end: bool = False,
) -> nn.Sequential:
    uneven = pads_end and stride == 2
    begin, end = (kernel - 2) // 2, (kernel - 1) // 2
    padding = 0 if uneven else (kernel - 1) // 2
    layers = [
        *([nn.ZeroPad2d((begin, end, begin, end))] if uneven else []),
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=0.001),
    ]
    return nn.Sequential(*layers, *([activation(inplace=True)] if activation else []))


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
    """A list of one gate: EfficientAT's networks can hold several, and its names in the state dict say so."""

    def __init__(self, channels: int, squeeze: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([_Gate(channels, squeeze)])

    def forward(self, x: Tensor) -> Tensor:
        return self.conc_se_layers[0](x)


class _Block(nn.Module):
    """Inverted residual: expand, depthwise, gate, project."""

    def __init__(self, inputs: int, row: Row, pads_end: bool) -> None:
        super().__init__()
        act = row.activation
        layers = [] if row.expanded == inputs else [_convolution(inputs, row.expanded, 1, 1, 1, act)]
        layers.append(_convolution(row.expanded, row.expanded, row.kernel, row.stride, row.expanded, act, pads_end))
        if row.squeeze:
            layers.append(_Gates(row.expanded, row.squeeze))
        layers.append(_convolution(row.expanded, row.out, 1, 1, 1, None))
        self.block = nn.Sequential(*layers)
        self.residual = row.stride == 1 and inputs == row.out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x) if self.residual else self.block(x)


class Blocks(nn.Module):
    """A network of blocks without its classifier, or the part of it above the frozen lower blocks."""

    def __init__(self, table: Table, frozen_blocks: int = 0) -> None:
        """Build `features[frozen_blocks:]` and the head; names in the state dict do not depend on `frozen_blocks`.

        Raises:
            ValueError: at least the last block must remain.
        """
        super().__init__()
        blocks = dict(enumerate(table.blocks()))
        if not 0 <= frozen_blocks < len(blocks):
            raise ValueError(f"frozen_blocks: expected 0 to {len(blocks) - 1}, got {frozen_blocks}")
        self.frozen_blocks, self.width, self._enter = frozen_blocks, table.width, table.enter
        self.features = nn.Sequential()
        for number, block in blocks.items():
            if number >= frozen_blocks:
                self.features.add_module(str(number), block)
        self.classifier = table.head()

    def forward(self, x: Tensor) -> Tensor:
        """Representation (clips, width) of x: clips as `build` has them, or `lower`'s output with frozen blocks."""
        return self.classifier(self.features(x if self.frozen_blocks else self._enter(x)))

    @torch.no_grad()
    def lower(self, x: Tensor, frozen_blocks: int) -> Tensor:
        """Output (clips, channels, height, width) of the first blocks: what a network with `frozen_blocks` reads.

        Args:
            x: clips as `build` has them.
            frozen_blocks: how many blocks; at least 1, and not all.

        Raises:
            ValueError: this network has no lower blocks of its own, or it is in training mode: frozen blocks have
                running statistics, never those of a batch.
        """
        if self.frozen_blocks or self.training:
            raise ValueError("lower blocks are computed by the whole network, in eval mode")
        return self.features[:frozen_blocks](self._enter(x))


def upper_state(state: Mapping[str, Tensor], frozen_blocks: int) -> dict[str, Tensor]:
    """The entries of a whole encoder's state dict that a network with `frozen_blocks` has."""
    frozen = tuple(f"features.{number}." for number in range(frozen_blocks))
    return {name: value for name, value in state.items() if not name.startswith(frozen)} if frozen else dict(state)
