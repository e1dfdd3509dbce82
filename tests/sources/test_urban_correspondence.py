"""Unlabelled places: frames and the seconds that belong to them."""

import numpy as np

from overheard.sources.urban_twin import correspondence, views

WORLD = 101


def test_a_place_is_ten_frames_and_ten_seconds_the_same_again_and_unlike_others():
    frames, seconds = correspondence.place(WORLD, 3, 0.9)
    assert (frames.shape, frames.dtype) == ((10, views.SIDE, views.SIDE, 3), np.uint8)
    assert (seconds.shape, seconds.dtype) == ((10, 2, 16_000), np.float32)
    again, other = (correspondence.place(WORLD, number, 0.9) for number in (3, 4))
    assert frames.tobytes() == again[0].tobytes()
    assert seconds.tobytes() == again[1].tobytes()
    assert frames.tobytes() != other[0].tobytes()
    assert seconds.tobytes() != other[1].tobytes()


def test_seconds_follow_each_other_without_a_break():
    _, seconds = correspondence.place(WORLD, 5, 0.9)
    whole = seconds.swapaxes(0, 1).reshape(2, -1)
    steps = np.abs(np.diff(whole, axis=1))
    assert steps[:, 15_999::16_000].mean() < 2 * steps.mean()
