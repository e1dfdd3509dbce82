"""Windows of one second over a clip, and the frame of its video that each one goes with.

Times are seconds from the clip's first sample. A picture is a video of one frame, at 0 s.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from overheard.errors import MediaError

WINDOW_S = 1
PIECES = 10
"""One-second pieces that DCASE 2021 Task 1B makes of a clip of ten seconds."""
_APART_S = 0.2  # by which the ends of sound and video may differ
_TIE_S = 1e-6  # time stamps are fractions, whose differences are not exact


def check_lengths(sound_s: float, video_s: float | None) -> None:
    """Refuse a clip whose sound and video do not belong together, or that has no whole window.

    Args:
        sound_s: length of the sound.
        video_s: length of the video; None for a picture, which has none.

    Raises:
        MediaError: says both lengths and what to do; the caller names the clip.
    """
    if video_s is not None and round(abs(sound_s - video_s), 6) > _APART_S:
        raise MediaError(
            f"{sound_s:.2f} s of sound and {video_s:.2f} s of video; expected lengths that differ by at most "
            f"{_APART_S} s: cut both from one recording again"
        )
    for what, seconds in (("sound", sound_s), ("video", video_s)):
        if seconds is not None and seconds < WINDOW_S:
            raise MediaError(
                f"{seconds:.3f} s of {what}; expected at least {WINDOW_S} s, which is a window: give a longer clip, "
                "or remove it"
            )


def window_starts(samples: int, rate: int, hop_s: float, centred: bool, at_most: int | None = None) -> np.ndarray:
    """First samples of the windows over a clip; the last window ends with or behind the clip's end.

    Args:
        samples: of the clip.
        rate: Hz.
        hop_s: from one window to the next, s.
        centred: True: the first window has its middle at the first sample, so half of it lies before the clip
            (`center` of OpenL3, which the released program leaves on); False: it begins there, as the paper says.
        at_most: keep that many of the first windows; None: all. A clip of 480,001 samples at 48 kHz has 97 at
            a hop of 0.1 s, one more than a clip of 480,000.

    Returns:
        (windows,) int64, in samples; negative where a window begins before the clip.

    Raises:
        ValueError: no samples, or a hop of no whole number of samples.
    """
    hop = round(hop_s * rate)
    if samples < 1 or hop < 1 or abs(hop - hop_s * rate) > 1e-6:
        raise ValueError(
            f"expected samples and a hop of a whole number of them, got {samples} samples and a hop of {hop_s} s, "
            f"which is {hop_s * rate:g} samples at {rate} Hz"
        )
    first = -(rate * WINDOW_S // 2) if centred else 0
    beyond = max(samples - first - rate * WINDOW_S, 0)
    count = 1 - (-beyond // hop)
    return first + hop * np.arange(count if at_most is None else min(count, at_most), dtype=np.int64)


def window_centres_s(starts: np.ndarray, rate: int) -> np.ndarray:
    """Time of the middle of each window, (windows,) float64 in s."""
    return starts / rate + WINDOW_S / 2


def cut_windows(samples: np.ndarray, starts: np.ndarray, rate: int) -> np.ndarray:
    """The windows themselves, with zeros before and behind the clip.

    Args:
        samples: (n,) or (n, channels).
        starts: increasing, of `window_starts`.
        rate: Hz.

    Returns:
        (windows, rate) or (windows, rate, channels), a copy of the samples' type.
    """
    length = rate * WINDOW_S
    before, behind = max(-starts[0], 0), max(starts[-1] + length - len(samples), 0)
    padded = np.pad(samples, [(before, behind), *[(0, 0)] * (samples.ndim - 1)])
    return np.moveaxis(sliding_window_view(padded, length, axis=0)[starts + before], -1, 1)


def nearest_frames(times_s: np.ndarray, centres_s: np.ndarray) -> np.ndarray:
    """The frame nearest in time to each window's middle, the earlier of two; the paper's rule.

    Args:
        times_s: (frames,) increasing time stamps, at any distances.
        centres_s: (windows,) of `window_centres_s`.

    Returns:
        (windows,) int64, counted from 0.
    """
    later = np.searchsorted(times_s, centres_s).clip(max=len(times_s) - 1)
    earlier = (later - 1).clip(min=0)
    nearer = centres_s - times_s[earlier] > times_s[later] - centres_s + _TIE_S
    return np.where(nearer, later, earlier)


def linspace_frames(times_s: np.ndarray, centres_s: np.ndarray) -> np.ndarray:
    """Frames evenly from the first to the last, whatever their time; the released program's rule (`create_*.py`).

    Takes and returns what `nearest_frames` does. The frames are spread over the windows that are given, so over
    those that were kept.
    """
    return np.linspace(0, len(times_s) - 1, len(centres_s)).astype(np.int64)


FRAME_RULES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "window_centre": nearest_frames,
    "linspace": linspace_frames,
}


def piece_windows(windows: int) -> np.ndarray:
    """Which windows of a clip stand for its ten one-second pieces, (10,) int64: the released `test_DCASE.py`.

    Raises:
        ValueError: there are fewer windows than pieces.
    """
    if windows < PIECES:
        raise ValueError(f"expected at least {PIECES} windows, got {windows}")
    return np.arange(PIECES, dtype=np.int64) * windows // PIECES
