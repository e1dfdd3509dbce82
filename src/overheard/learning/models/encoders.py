"""Encoders by name: pictures or sounds in, one representation a clip out; their first weights from one generator."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from overheard.errors import CheckpointError, ConfigError
from overheard.learning.models import resnet
from overheard.learning.models.blocks import upper_state
from overheard.learning.models.efficientnet_lite0 import efficientnet_lite0
from overheard.learning.models.mn04 import mn04
from overheard.learning.models.small import BandOffset, Small

_ENCODERS = {
    ("small", "image"): lambda: Small(channels=3),
    ("small", "sound"): lambda: Small(channels=1, bands=64),
    ("resnet101", "image"): resnet.resnet101,
    ("resnet50", "sound"): resnet.resnet50,
}
_OF_BLOCKS = {("efficientnet_lite0", "image"): efficientnet_lite0, ("mn04", "sound"): mn04}
"""Those whose lower blocks can stay frozen."""


def build(network: str, modality: str, generator: torch.Generator, frozen_blocks: int = 0) -> nn.Module:
    """An encoder with random weights, on the CPU, in training mode; `encoder.width` is its representation's width.

    Args:
        network: `small`, `resnet101` or `efficientnet_lite0` (image), `resnet50` or `mn04` (sound).
        modality: `image`, inputs (clips, 3, height, width), or `sound`, inputs (clips, 1, time, band); normalised.
        generator: all randomness comes from it; the global one is neither read nor moved.
        frozen_blocks: of networks of blocks: the encoder has no first blocks and reads their stored output instead.

    Raises:
        ConfigError: no such network for this modality, or it has no frozen blocks.
    """
    known = {**_ENCODERS, **_OF_BLOCKS}
    if (network, modality) not in known:
        allowed = ", ".join(name for name, kind in known if kind == modality)
        raise ConfigError(f"network for {modality}: found {network!r}, expected one of {allowed}")
    if frozen_blocks and (network, modality) not in _OF_BLOCKS:
        able = " and ".join(name for name, _ in _OF_BLOCKS)
        raise ConfigError(f"frozen_blocks: {network} has none, expected 0; {able} can keep lower blocks frozen")
    # constructors draw from the global generator; on the meta device they have nothing to draw for
    with torch.device("meta"):
        encoder = known[network, modality](*([frozen_blocks] if frozen_blocks else []))
    encoder.to_empty(device="cpu")
    initialise(encoder, generator)
    return encoder


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight: convolutions by He's rule on their outputs, linear layers with deviation 0.01.

    Source: torchvision's ResNet and MobileNetV3 start like this; band offsets, deviation 0.1, are ours.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01, generator=generator)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        elif isinstance(layer, BandOffset):
            nn.init.normal_(layer.offset, std=0.1, generator=generator)


def load(encoder: nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Load a whole encoder's weights into one made by `build`, whose lower blocks may be missing; else strictly.

    Args:
        encoder: made by `build`; changed in place.
        state: the state dict of a whole encoder.
        where: the file it came from, for the message.

    Raises:
        CheckpointError: a name or a shape differs.
    """
    wanted = upper_state(state, getattr(encoder, "frozen_blocks", 0))
    try:
        encoder.load_state_dict(wanted, strict=True)
    except RuntimeError as error:
        reason = str(error).split("\n\t")[1].strip()
        raise CheckpointError(f"{where}: weights of another network ({reason[:200]}); run pretrain again") from error
