"""OpenL3's mel against torchopenl3's, from `openl3.npz`: window 2, and window 0, whose first half is silent."""

import numpy as np
import pytest
from openl3_filled import VECTORS, windows

from overheard.media.front_ends import openl3_bank, openl3_mel


@pytest.mark.parametrize(
    ("name", "norm", "window"),
    [
        ("audio_mel_l1", "l1", 2),
        ("audio_mel_slaney_every_4th", "slaney", 2),
        ("audio_mel_first_window_every_8th", "l1", 0),
    ],
)
def test_mels_are_torchopenl3s(name, norm, window):
    theirs = np.load(VECTORS / "openl3.npz")[name].T
    ours = openl3_mel(windows(), openl3_bank(norm))
    assert ours.shape == (4, 199, 256)
    step = round(199 / len(theirs))
    np.testing.assert_allclose(ours[window, ::step], theirs, rtol=0, atol=1e-3)
    # whole silent frames and the two empty bands are the floor
    assert (theirs == -80).any()


def test_a_window_is_heard_by_itself_and_without_its_loudness():
    bank, heard = openl3_bank("slaney"), windows()
    mels = openl3_mel(heard, bank)
    assert openl3_mel(heard[2:3], bank).tobytes() == mels[2:3].tobytes()
    np.testing.assert_allclose(openl3_mel(heard / 8, bank), mels, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(mels.max(axis=(1, 2)), 0)
    np.testing.assert_array_equal(openl3_mel(np.zeros((1, 48000), np.float32), bank), 0)


def test_banks_are_normalised_as_they_say():
    area, total = openl3_bank("slaney"), openl3_bank("l1")
    filled = [band for band in range(256) if band not in (0, 7)]
    assert not area[[0, 7]].any()
    assert not total[[0, 7]].any()
    np.testing.assert_allclose(total[filled].sum(axis=1), 1, rtol=1e-5)
    # wide bands, where bins of 23.4 Hz sum up to the area
    np.testing.assert_allclose(area[200:].sum(axis=1) * 24000 / 1024, 1, rtol=5e-3)
    with pytest.raises(ValueError, match="expected slaney or l1, got 'l2'"):
        openl3_bank("l2")


def test_other_windows_and_other_banks_are_refused():
    with pytest.raises(ValueError, match=r"windows of 48000 samples .* got \(1, 44100\)"):
        openl3_mel(np.zeros((1, 44100), np.float32), openl3_bank("l1"))
    with pytest.raises(ValueError, match=r"bank \(256, 1025\), got .* and \(128, 1025\)"):
        openl3_mel(np.zeros((1, 48000), np.float32), openl3_bank("l1")[:128])
