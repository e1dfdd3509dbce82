"""What inputs are normalised by: mean and deviation of the training clips, and of nothing else."""

from pathlib import Path

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
    given: Reads | None = None,
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
        given: mean and deviation of the sounds in place of the training clips' (band, mean_db, std_db), .csv.
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
    if given is not None:
        sound_mean, sound_std = _given(given, front_end)
    elif front_end in _OWN_SCALING:
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


def _given(path: Path, front_end: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each band from a file.

    Raises:
        ConfigError: the front end scales itself.
        MediaError: the file has not one line of numbers for each band, or a deviation that is not positive.
    """
    if front_end in _OWN_SCALING:
        raise ConfigError(
            f"sound_normaliser: found {path}, but the front end {front_end} scales itself; set it to null"
        )
    bands = FRONT_ENDS[front_end].bands
    rows = {row["band"]: row for row in artifacts.read_table(path, ["band", "mean_db", "std_db"])}
    try:
        values = np.array([[float(rows[str(band)][name]) for band in range(bands)] for name in ("mean_db", "std_db")])
    except (KeyError, ValueError) as error:
        raise MediaError(f"{path}: expected numbers for bands 0 to {bands - 1}; found {error}") from error
    if len(rows) != bands or not np.isfinite(values).all() or (values[1] <= 0).any():
        raise MediaError(f"{path}: expected {bands} bands of finite means and positive deviations; give another file")
    return values[0], values[1]


def _without_zeros(what: str, deviation: np.ndarray) -> np.ndarray:
    """The deviation as float32; 1 where nothing varies, said aloud, because nothing can be divided by zero."""
    deviation = deviation.astype(np.float32)
    if constant := np.flatnonzero(deviation == 0).tolist():
        progress.note(f"warning: {what} {constant} are constant over all training clips; they are centred, not scaled")
        deviation[constant] = 1
    return deviation
