"""What the frozen lower blocks of a network make of every clip: students train the blocks above on that."""

from overheard.errors import CheckpointError
from overheard.io import artifacts, progress
from overheard.io.device import settle
from overheard.io.signature import Reads, Writes
from overheard.learning.models.frozen import lower_outputs


def frozen(
    modality: str,
    clips: Reads,
    ids: Reads,
    weights: Reads,
    frozen_blocks: int,
    outputs: Writes,
    output_ids: Writes,
    device: str = "cpu",
) -> None:
    """Compute the outputs of a network's lower blocks for every clip, once, in eval mode, not augmented.

    Inputs are normalised with the mean and deviation that the network was pre-trained with, whatever the split.

    Args:
        modality: image or sound.
        clips: pictures (N,H,W,3) uint8, or log-mels (N,time,band) float32, .npy.
        ids: the ids of its rows, .csv.
        weights: what pretrain wrote for their modality, .pt.
        frozen_blocks: how many blocks, from the first convolution on; at least 1.
        outputs: (N,channels,height,width) float32, .npy.
        output_ids: the ids of its rows, .csv.
        device: cpu or cuda.
    """
    settle(device)
    names, values = artifacts.read_clips(clips, ids)
    content = artifacts.read_weights(weights)
    if content.get("modality") != modality:
        raise CheckpointError(f"{weights}: found a network for {content.get('modality')}, expected one for {modality}")

    stored = None
    for rows, lower in lower_outputs(content, str(weights), frozen_blocks, values, device):
        if stored is None:
            stored = artifacts.create_array(outputs, (len(values), *lower.shape[1:]), lower.dtype)
        stored[rows] = lower
        progress.step(rows.stop, len(values), "clips through the frozen blocks")
    if stored is None:
        raise CheckpointError(f"{clips}: no clip in it; run features again")
    stored.flush()

    artifacts.write_ids(output_ids, names)
