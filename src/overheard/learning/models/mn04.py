"""mn04: EfficientAT's MobileNetV3 of width 0.4, an AudioSet tagger, as encoder (Schmid, Koutini and Widmer, 2023).

Its clips are log-mels (clips, 1, time, band) in the tagger's own scaling. The representation is the 512-vector after
`classifier.2` and its Hardswish, so that the event classifier on top, `classifier.5`, is linear. The dropout that
stands between them in the original is not used.
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from overheard.learning.models.blocks import Blocks, Row, Table

_LAST, WIDTH, EVENTS, BANDS = 384, 512, 527, 128
CLASSIFIER = "classifier.5."


def _band_first(x: Tensor) -> Tensor:
    return x.transpose(2, 3)


def _head() -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(_LAST, WIDTH), nn.Hardswish(inplace=True))


TABLE = Table(
    rows=(
        Row(3, 8, 8, 0, nn.ReLU, 1),  # features.1
        Row(3, 24, 16, 0, nn.ReLU, 2),
        Row(3, 32, 16, 0, nn.ReLU, 1),
        Row(5, 32, 16, 8, nn.ReLU, 2),
        Row(5, 48, 16, 16, nn.ReLU, 1),
        Row(5, 48, 16, 16, nn.ReLU, 1),
        Row(3, 96, 32, 0, nn.Hardswish, 2),
        Row(3, 80, 32, 0, nn.Hardswish, 1),
        Row(3, 72, 32, 0, nn.Hardswish, 1),
        Row(3, 72, 32, 0, nn.Hardswish, 1),
        Row(3, 192, 48, 48, nn.Hardswish, 1),
        Row(3, 272, 48, 72, nn.Hardswish, 1),
        Row(5, 272, 64, 72, nn.Hardswish, 2),
        Row(5, 384, 64, 96, nn.Hardswish, 1),
        Row(5, 384, 64, 96, nn.Hardswish, 1),  # features.15
    ),
    inputs=1,
    stem=8,
    last=_LAST,
    activation=nn.Hardswish,
    pads_end=False,
    enter=_band_first,
    head=_head,
    width=WIDTH,
)


def mn04(frozen_blocks: int = 0) -> Blocks:
    """The tagger without its event classifier; 17 blocks."""
    return Blocks(TABLE, frozen_blocks)


def mn04_pooled() -> Blocks:
    """The tagger up to the mean of its last feature map over bands and frames: 384 values, its authors' embedding."""
    return Blocks(replace(TABLE, head=_pooling, width=_LAST))


def _pooling() -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def split_tagger(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A tagger's state dict as that of the encoder and that of the event classifier (weight, bias)."""
    encoder = {name: value for name, value in state.items() if not name.startswith(CLASSIFIER)}
    classifier = {name.removeprefix(CLASSIFIER): state[name] for name in state if name.startswith(CLASSIFIER)}
    return encoder, classifier
