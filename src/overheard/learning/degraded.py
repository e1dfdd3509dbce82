"""Test clips whose picture or sound is missing, of another place, or worse than in training (paper, section 1)."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

DARK = 0.25
"""Share of a picture's brightness that is left."""
NOISE = 1.0
"""Standard deviations of the training clips: of a picture's channel, of a sound's band."""

Degradation = Callable[[Tensor, Tensor | None, torch.Generator], Tensor]


def zeroed(batch: Tensor, black: Tensor | None, generator: torch.Generator) -> Tensor:
    """Zeros as the network reads them, which is the training clips' mean; the paper's missing modality."""
    return torch.zeros_like(batch)


def dark(pictures: Tensor, black: Tensor | None, generator: torch.Generator) -> Tensor:
    """`DARK` of the brightness: each value moves towards black.

    Args:
        pictures: (clips, 3, height, width), normalised.
        black: (3,), the value of a black pixel.
        generator: not used.
    """
    assert black is not None
    return torch.lerp(black.view(-1, 1, 1), pictures, DARK)


def rotated(pictures: Tensor, black: Tensor | None, generator: torch.Generator) -> Tensor:
    """A quarter turn of pictures (clips, 3, height, width)."""
    return pictures.rot90(dims=(2, 3))


def noisy(batch: Tensor, black: Tensor | None, generator: torch.Generator) -> Tensor:
    """Normal noise of `NOISE` standard deviations on every pixel, or every time and band of a log-mel.

    Args:
        batch: pictures or sounds, normalised to the deviation of the training clips.
        black: not used.
        generator: of the CPU, so that the noise is the same on every device.
    """
    return batch + NOISE * torch.randn(batch.shape, generator=generator).to(batch.device)


DEGRADATIONS: Mapping[str, Degradation] = {"zeroed": zeroed, "dark": dark, "rotated": rotated, "noisy": noisy}
"""By word; `mispaired` is no matter of a clip alone."""
PICTURES_ALONE = ("dark", "rotated")
