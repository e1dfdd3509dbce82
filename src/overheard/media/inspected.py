"""What decoding a file once showed."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Picture:
    """What a picture file holds.

    Attributes:
        kind: format and type of its values.
        bands: a declared alpha band not counted; 3 where a palette or grey is shown.
        lowest: value of the bands used, in the file's own units.
        highest: likewise.
        limits: what is shown as black and as white.
        beyond: share of the values beyond the limits.
        levels: for more than eight bits, how many of 256 grey levels hold 98 % of what is shown; else None.
        turned: it is stored otherwise than upright, as EXIF's orientation says.
    """

    kind: str
    bands: int
    lowest: float
    highest: float
    limits: tuple[float, float]
    beyond: float
    levels: int | None
    turned: bool


@dataclass(frozen=True)
class Sound:
    """What a sound file holds.

    Attributes:
        kind: container and coding, as libsndfile names them.
        frames: samples of a channel that could be decoded.
        rate: Hz.
        peak: largest absolute value; 1 is full scale.
        cut_off: the file ends before its own end, or lacks a part before it.
        mended: its header does not tell its length, by which other programs hear less.
    """

    kind: str
    frames: int
    rate: int
    channels: int
    peak: float
    cut_off: bool
    mended: bool

    @property
    def seconds(self) -> float:
        """Duration of what could be decoded."""
        return self.frames / self.rate


@dataclass(frozen=True, eq=False)
class Video:
    """What a video file holds.

    Attributes:
        kind: container and coding, e.g. MP4 h264.
        times_s: (frames,) float64, increasing: when each frame is shown, in seconds from the file's beginning.
        seconds: when the last frame ends.
        promised: frames its header speaks of; None where it does not (MKV).
        has_sound: whether there is a sound track.
    """

    kind: str
    times_s: np.ndarray
    seconds: float
    promised: int | None
    has_sound: bool
