"""The small encoder for two cores: one network for pictures and for log-mels, which differ in channels alone."""

from torch import Tensor, nn


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    # patches do not overlap, so they need no padding; a 3x3 kernel with stride 2 does
    padding = 0 if kernel == stride else kernel // 2
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


class Small(nn.Module):
    """Patch stem (4x4, stride 4), two stride-2 convolutions, a 1x1 convolution, mean over both axes.

    About 25,000 parameters; the shape is the fastest of those measured at this size on one thread, most of all with
    `channels_last`. Strides stand in for pooling layers, which would cost twice the time.
    """

    width = 96

    def __init__(self, channels: int) -> None:
        """A network for inputs with `channels` channels: 3 for pictures, 1 for log-mels."""
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(channels, 16, 4, 4),
            *_convolution(16, 32, 3, 2),
            *_convolution(32, 48, 3, 2),
            *_convolution(48, self.width, 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Representation (clips, width) of x: (clips, channels, height or time, width or band)."""
        return self.layers(x).mean(dim=(2, 3))
