"""What the frozen lower blocks of a network make of clips: computed once, in eval mode, and stored."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from overheard.errors import CheckpointError
from overheard.learning.models import encoders

# clips at a time; part of the result's last bits, so no setting
_BATCH = 16


@torch.no_grad()
def lower_outputs(
    content: Mapping[str, Any], where: str, frozen_blocks: int, clips: np.ndarray, device: str = "cpu"
) -> Iterator[tuple[slice, np.ndarray]]:
    """Outputs of a network's first blocks, batch by batch, each clip once.

    Args:
        content: what `pretrain` wrote: network, modality, encoder, and the mean and deviation it was given inputs with.
        where: the file it came from, for messages.
        frozen_blocks: how many blocks; at least 1.
        clips: pictures (clips, height, width, 3) uint8, or log-mels (clips, time, band); memory-mapped or not.
        device: where to compute.

    Yields:
        The rows (a slice), and (rows, channels, height, width) float32.

    Raises:
        CheckpointError: the network was given inputs of another width.
        ConfigError: the network has no blocks that can be frozen.
    """
    network, modality = content["network"], content["modality"]
    encoders.build(network, modality, torch.Generator(), frozen_blocks)  # refuses what cannot be frozen
    encoder = encoders.build(network, modality, torch.Generator())
    encoders.load(encoder, content["encoder"], where)
    encoder = encoder.to(device=device, memory_format=torch.channels_last).eval()
    mean, deviation = (content[f"{modality}_{name}"].to(device) for name in ("mean", "std"))
    if mean.shape != clips.shape[-1:]:
        raise CheckpointError(
            f"{where}: {network} was given inputs of {len(mean)} bands or colours, these have {clips.shape[-1]}; "
            "give it the features of its front end"
        )
    for start in range(0, len(clips), _BATCH):
        rows = slice(start, min(start + _BATCH, len(clips)))
        raw = torch.tensor(np.asarray(clips[rows]), device=device)
        if modality == "image":
            x = ((raw.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)
        else:
            x = ((raw - mean) / deviation)[:, None]
        yield rows, encoder.lower(x, frozen_blocks).contiguous().cpu().numpy()
