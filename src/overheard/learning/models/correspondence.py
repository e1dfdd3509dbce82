"""Two small encoders, of frames and of seconds of sound, and the head that says whether a frame belongs to a second.

What L3-Net is to OpenL3 (Arandjelovic and Zisserman, Look, Listen and Learn, 2017), at the size of the twin. The head
compares directions, as their later network does (Objects that Sound, 2018), and does not read both embeddings side by
side: from a few hundred places that learns less.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from overheard.learning.models.small import Small

WIDTH = Small.width
"""Values of an embedding."""
BANDS = 64
_COMPARED = 32
"""Values of what is compared: the direction of a linear map of an embedding."""
SCALE = 5.0
"""Of a cosine, at the start: what becomes of it must be able to say yes and no."""


class Scaled(nn.Module):
    """An encoder that scales its inputs by a mean and deviation of its own, which stand in its state dict."""

    def __init__(self, encoder: nn.Module, shape: tuple[int, ...]) -> None:
        """`shape` is that of mean and deviation: their last axes are those of the inputs."""
        super().__init__()
        self.encoder = encoder
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings (n, `WIDTH`) of x (n, channels, rows, columns)."""
        return self.encoder((x - self.mean) / self.deviation)


def image() -> Scaled:
    """Of frames (n, 3, 64, 64), 0..1: `media.frame_front_ends.small_image`."""
    return Scaled(Small(channels=3), (3, 1, 1))


def sound() -> Scaled:
    """Of seconds (n, 1, time, `BANDS`), dB: `media.front_ends.small_sound`."""
    return Scaled(Small(channels=1, bands=BANDS), (BANDS,))


class Correspondence(nn.Module):
    """Both encoders, and the head."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.sound = image(), sound()
        self.seen, self.heard = nn.Linear(WIDTH, _COMPARED), nn.Linear(WIDTH, _COMPARED)
        self.scale, self.bias = nn.Parameter(torch.tensor(SCALE)), nn.Parameter(torch.tensor(0.0))

    def forward(self, frames: Tensor, seconds: Tensor) -> Tensor:
        """Logits (frames, seconds) that each frame belongs to each second; inputs as the encoders take them."""
        return self.compared(self.image(frames), self.sound(seconds))

    def compared(self, frames: Tensor, seconds: Tensor) -> Tensor:
        """The same from embeddings (frames, `WIDTH`) and (seconds, `WIDTH`)."""
        seen, heard = (normalize(values, dim=1) for values in (self.seen(frames), self.heard(seconds)))
        return self.scale * (seen @ heard.T) + self.bias
