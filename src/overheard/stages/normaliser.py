"""What inputs are normalised by: mean and deviation of the training clips, and of nothing else."""

import numpy as np

from overheard.errors import ConfigError, MediaError
from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.media import moments
from overheard.media.front_ends import FRONT_ENDS

_OWN_SCALING = ("tagger_mn04",)  # front ends whose numbers are already as their network wants them


def normaliser(
    images: Reads,
    image_ids: Reads,
    sounds: Reads,
    sound_ids: Reads,
    splits: Reads,
    front_end: str,
    image_normaliser: Writes,
    sound_normaliser: Writes,
) -> None:
    """Mean and standard deviation per colour and per mel band over the training clips.

    Args:
        images: (clips, height, width, 3) uint8.
        image_ids: the ids of its rows.
        sounds: (clips, time, band), the log-mel of the front end.
        sound_ids: the ids of its rows.
        splits: id, split.
        front_end: of the sounds: paper, or tagger_mn04, which scales itself (mean 0, deviation 1).
        image_normaliser: .npz with mean, std (3,) of numbers 0..1.
        sound_normaliser: .npz with mean, std (bands,) of dB.
    """
    if front_end not in FRONT_ENDS:
        raise ConfigError(f"--front-end: found {front_end}; allowed: {', '.join(FRONT_ENDS)}")
    training = sorted(row["id"] for row in artifacts.read_table(splits, ["id", "split"]) if row["split"] == "train")
    if not training:
        raise MediaError(f"{splits}: no training clips in it; run the split stage again")
    picture_ids, pictures = artifacts.read_clips(images, image_ids)
    clip_ids, clips = artifacts.read_clips(sounds, sound_ids)

    rows = np.sort(artifacts.positions(training, picture_ids, str(images)))
    image_mean, image_std = moments.picture_moments(pictures, rows)
    if front_end in _OWN_SCALING:
        bands = FRONT_ENDS[front_end].bands
        sound_mean, sound_std = np.zeros(bands), np.ones(bands)
    else:
        sound_mean, sound_std = moments.band_moments(
            clips, np.sort(artifacts.positions(training, clip_ids, str(sounds)))
        )

    # a file each: a run that leaves a modality out does not depend on it
    for path, what, mean, std in (
        (image_normaliser, "colours", image_mean, image_std),
        (sound_normaliser, "mel bands", sound_mean, sound_std),
    ):
        artifacts.write_arrays(path, mean=mean.astype(np.float32), std=_without_zeros(what, std))


def _without_zeros(what: str, deviation: np.ndarray) -> np.ndarray:
    """The deviation as float32; 1 where nothing varies, said aloud, because nothing can be divided by zero."""
    deviation = deviation.astype(np.float32)
    if constant := np.flatnonzero(deviation == 0).tolist():
        progress.note(f"warning: {what} {constant} are constant over all training clips; they are centred, not scaled")
        deviation[constant] = 1
    return deviation
