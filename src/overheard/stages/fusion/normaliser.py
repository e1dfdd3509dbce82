"""What embeddings are scaled by: mean and deviation of the training windows, and of nothing else."""

import numpy as np

from overheard.errors import MediaError
from overheard.io import artifacts, progress
from overheard.io.embedded import read_embedded
from overheard.io.signature import Reads, Writes
from overheard.media import moments


def normaliser(
    design: str,
    audio: Reads,
    audio_windows: Reads,
    video: Reads,
    video_windows: Reads,
    splits: Reads,
    z_score: str,
    audio_normaliser: Writes,
    video_normaliser: Writes,
) -> None:
    """Mean and standard deviation of the embeddings of each modality over the training windows.

    Args:
        design: of the study, by which the command finds this stage.
        audio: embeddings (rows, width) of sound.
        audio_windows: which window each row is of.
        video: embeddings of frames.
        video_windows: which windows each row is of.
        splits: id, split.
        z_score: per_dimension or one_number; see media.moments.Z_SCORES.
        audio_normaliser: .npz with mean, std (width,).
        video_normaliser: the same of frames.
    """
    training = {row["id"] for row in artifacts.read_table(splits, ["id", "split"]) if row["split"] == "train"}
    if not training:
        raise MediaError(f"{splits}: no training clips in it; run the split stage again")
    files = {"audio": (audio, audio_windows), "video": (video, video_windows)}
    embedded = read_embedded(files)
    places = np.array([place for place, clip in enumerate(embedded.clips) if clip in training], dtype=np.int64)
    for name, path in (("audio", audio_normaliser), ("video", video_normaliser)):
        its = embedded.embeddings[name]
        mean, deviation = moments.embedding_moments(its.array, its.rows[places], z_score)
        deviation = deviation.astype(np.float32)
        if constant := np.flatnonzero(deviation == 0).tolist():
            progress.note(
                f"warning: {len(constant)} of {len(deviation)} values of {name} are constant over all training "
                "windows; they are centred, not scaled"
            )
            deviation[constant] = 1
        artifacts.write_arrays(path, mean=mean.astype(np.float32), std=deviation)
