"""A pair of each class, small enough to stand in a figure and to be kept with the tables."""

import numpy as np

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes
from overheard.media.samples import chosen, small_picture, small_sound


def samples(index: Reads, images: Reads, image_ids: Reads, sounds: Reads, sound_ids: Reads, pairs: Writes) -> None:
    """One pair of each class: the first by id, of those with coordinates where there are any.

    Args:
        index: id, class, coordinates and length of sound of every clip.
        images: (clips, height, width, 3) uint8.
        image_ids: of their rows.
        sounds: (clips, time, band) float32, log-mel.
        sound_ids: of their rows.
        pairs: .npz by class: id, class; lat, lon in degrees, NaN where not known; duration_s; image (classes, 64, 64,
            3) uint8; sound (classes, time, band) float16.
    """
    rows = chosen(artifacts.read_table(index, ["id", "class", "lat", "lon", "sound_duration_s"]))
    wanted = [row["id"] for row in rows]
    seen, heard = artifacts.read_clips(images, image_ids), artifacts.read_clips(sounds, sound_ids)
    pictures = [small_picture(seen[1][place]) for place in artifacts.positions(wanted, seen[0], str(images))]
    log_mels = [small_sound(heard[1][place]) for place in artifacts.positions(wanted, heard[0], str(sounds))]

    numbers = {
        name: np.array([float(row[column] or "nan") for row in rows])
        for name, column in (("lat", "lat"), ("lon", "lon"), ("duration_s", "sound_duration_s"))
    }
    names = {name: np.array([row[name] for row in rows]) for name in ("id", "class")}
    artifacts.write_arrays(pairs, **names, **numbers, image=np.stack(pictures), sound=np.stack(log_mels))
