"""OpenL3's networks, which learnt whether a frame belongs to a second of sound (Cramer, Wu, Salamon and Bello, 2019).

Four blocks of two 3x3 convolutions; the last ends with its second convolution, bare. The embedding is the largest value
of each of its 512 channels. Layers as in openl3 0.3.1; names as in torchopenl3 1.0.1, which has the audio network
alone: those of the image network continue its pattern. Other embeddings of OpenL3, of 6144 and 8192 values, come from
the same weights by smaller poolings.
"""

from collections.abc import Iterator

from torch import nn

WIDTH = 512
_CHANNELS = (64, 128, 256, WIDTH)

Layers = Iterator[tuple[str, nn.Module]]


def audio() -> nn.Sequential:
    """The network of sounds: (windows, 1, 256 bands, 199 frames) to (windows, 512)."""
    layers = [layer for block in range(len(_CHANNELS)) for layer in _block(block, 1, "audio_embedding_layer")]
    return _network(1, layers, (32, 24))


def image() -> nn.Sequential:
    """The network of frames: (frames, 3, 224, 224) to (frames, 512).

    In its first block, unlike in all others, the second batch norm stands behind the activation.
    """
    layers = [layer for block in range(len(_CHANNELS)) for layer in _block(block, 3, "vision_embedding_layer")]
    names = [name for name, _ in layers]
    second = names.index("batch_normalization_3")
    layers[second : second + 2] = reversed(layers[second : second + 2])
    return _network(3, layers, (28, 28))


def _network(inputs: int, layers: list[tuple[str, nn.Module]], rest: tuple[int, int]) -> nn.Sequential:
    """Batch norm of the inputs, the blocks, and the maximum over the `rest` rows and columns that are left."""
    network = nn.Sequential()
    network.add_module("batch_normalization_1", _norm(inputs))
    for name, layer in layers:
        network.add_module(name, layer)
    network.add_module("max_pooling2d_4", nn.MaxPool2d(rest))
    network.add_module("flatten", nn.Flatten())
    return network


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=0.001)


def _block(block: int, inputs: int, last: str) -> Layers:
    """Two convolutions, each with batch norm and activation, and a pooling; in the last block none after the second."""
    out, first = _CHANNELS[block], 2 * block + 1
    yield f"conv2d_{first}", nn.Conv2d(_CHANNELS[block - 1] if block else inputs, out, 3, padding=1)
    yield f"batch_normalization_{first + 1}", _norm(out)
    yield f"activation_{first}", nn.ReLU(inplace=True)
    if block == len(_CHANNELS) - 1:
        yield last, nn.Conv2d(out, out, 3, padding=1)
        return
    yield f"conv2d_{first + 1}", nn.Conv2d(out, out, 3, padding=1)
    yield f"batch_normalization_{first + 2}", _norm(out)
    yield f"activation_{first + 1}", nn.ReLU(inplace=True)
    yield f"max_pooling2d_{block + 1}", nn.MaxPool2d(2)
