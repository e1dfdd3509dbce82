"""Windows over a clip and their frames, against OpenL3's counts, the released pieces and values by hand."""

from pathlib import Path

import numpy as np
import pytest

from overheard.errors import MediaError
from overheard.media import windows

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@pytest.fixture(scope="module")
def counted():
    return np.load(VECTORS / "tau_windows.npz")


def test_as_many_windows_as_openl3_makes(counted):
    for samples, centred, plain in counted["windows_of_length"].tolist():
        found = [len(windows.window_starts(samples, 48000, 0.1, rule)) for rule in (True, False)]
        assert found == [centred, plain], samples


def test_windows_of_ten_seconds_by_both_rules():
    centred = windows.window_starts(480000, 48000, 0.1, True)
    assert (len(centred), centred[0], centred[1], centred[-1]) == (96, -24000, -19200, 432000)
    np.testing.assert_allclose(windows.window_centres_s(centred, 48000), np.arange(96) / 10, atol=1e-12)
    plain = windows.window_starts(480000, 48000, 0.1, False)
    assert (len(plain), plain[0], plain[-1]) == (91, 0, 432000)
    np.testing.assert_allclose(windows.window_centres_s(plain, 48000), 0.5 + np.arange(91) / 10, atol=1e-12)


@pytest.mark.parametrize("rate", [16000, 32000, 44100])
def test_windows_are_the_same_seconds_at_any_rate(rate):
    starts = windows.window_starts(10 * rate, rate, 0.1, True)
    np.testing.assert_allclose(windows.window_centres_s(starts, rate), np.arange(96) / 10, atol=1e-12)


def test_the_first_windows_are_kept():
    whole = windows.window_starts(480001, 48000, 0.1, True)
    kept = windows.window_starts(480001, 48000, 0.1, True, at_most=96)
    assert (len(whole), len(kept)) == (97, 96)
    np.testing.assert_array_equal(kept, whole[:96])
    assert len(windows.window_starts(480000, 48000, 0.1, True, at_most=97)) == 96


def test_windows_hold_the_clip_and_zeros_around_it():
    # 4 samples a second, hop of half a second: seven samples from 1 to 7
    samples = np.arange(1, 8, dtype=np.float32)
    starts = windows.window_starts(7, 4, 0.5, True)
    found = windows.cut_windows(samples, starts, 4)
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 0, 1, 2], [1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 0]]
    plain = windows.cut_windows(samples, windows.window_starts(7, 4, 0.5, False), 4)
    assert plain.tolist() == [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 0]]
    stereo = windows.cut_windows(np.stack([samples, -samples], axis=1), starts, 4)
    assert stereo.shape == (4, 4, 2)
    np.testing.assert_array_equal(stereo[..., 1], -found)


def test_a_hop_of_no_whole_number_of_samples_is_refused():
    for samples, hop_s in ((100, 0.01), (100, 0.0), (0, 1.0)):
        with pytest.raises(ValueError, match="whole number of them, got"):
            windows.window_starts(samples, 10, hop_s, True)


def test_the_nearest_frame_in_time_whatever_the_frame_rate():
    times = np.array([0.0, 0.1, 0.15, 0.4, 1.0, 1.5])
    centres = np.array([-0.5, 0.0, 0.04, 0.12, 0.13, 0.27, 0.28, 0.69, 0.71, 9.0])
    assert windows.nearest_frames(times, centres).tolist() == [0, 0, 0, 1, 2, 2, 3, 3, 4, 5]
    brute = [int(np.argmin(np.abs(times - centre))) for centre in centres]
    assert windows.nearest_frames(times, centres).tolist() == brute


def test_of_two_frames_at_the_same_distance_the_earlier():
    # 0.35 - 0.3 and 0.4 - 0.35 differ in their last digits, either way
    times = np.arange(100) / 10
    middles = times[:-1] + 0.05
    assert windows.nearest_frames(times, middles).tolist() == list(range(99))


def test_frames_from_the_first_to_the_last_by_the_released_rule():
    centres, times = np.arange(96) / 10, np.arange(300) / 30
    found = windows.linspace_frames(times, centres)
    assert found.tolist() == [j * 299 // 95 for j in range(96)]
    # facts of the released rule: up to 0.47 s late at the end
    late = times[found] - times[windows.nearest_frames(times, centres)]
    assert (late[0], round(late.max(), 2)) == (0, 0.47)


def test_a_picture_is_a_video_of_one_frame():
    for rule in windows.FRAME_RULES.values():
        assert rule(np.zeros(1), np.arange(96) / 10).tolist() == [0] * 96


def test_the_pieces_of_a_clip(counted):
    assert windows.piece_windows(96).tolist() == counted["window_index_of_pieces"].tolist()
    assert windows.piece_windows(10).tolist() == list(range(10))
    with pytest.raises(ValueError, match="expected at least 10 windows, got 9"):
        windows.piece_windows(9)


def test_sound_and_video_of_different_length_are_refused():
    windows.check_lengths(9.9, 9.7)  # in floats 0.2000000000000011
    windows.check_lengths(9.8, 10.0)
    for sound_s, video_s in ((10.0, 9.79), (9.79, 10.0)):
        expected = f"{sound_s:.2f} s of sound and {video_s:.2f} s of video; expected lengths that differ by at most 0.2"
        with pytest.raises(MediaError, match=expected):
            windows.check_lengths(sound_s, video_s)


def test_a_clip_of_less_than_a_window_is_refused():
    windows.check_lengths(1.0, None)
    windows.check_lengths(1.0, 1.0)
    with pytest.raises(MediaError, match=r"0\.998 s of sound; expected at least 1 s, which is a window: give a longer"):
        windows.check_lengths(0.998, None)
    with pytest.raises(MediaError, match=r"0\.900 s of video; expected at least 1 s"):
        windows.check_lengths(1.0, 0.9)
