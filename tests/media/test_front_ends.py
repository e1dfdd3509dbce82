"""Front ends against librosa, the released program and the tagger's authors.

`librosa_logmel.npz` was made with librosa 0.11.0 (numpy 2.4.6, scipy 1.17.1): `wave` is a sweep of 1.5 s at 16 kHz
with noise and a silent part; `logmel` is, transposed, power_to_db(melspectrogram(S=abs(stft(wave, n_fft=1024,
hop_length=400, pad_mode="constant"))**2, sr=16000, n_mels=64, fmax=8000), top_db=None); `mel_bank` is
filters.mel(sr=16000, n_fft=1024, n_mels=64). `released_logmel.npz` and `tagger_mn04.npz` come from running the released
program and the tagger's own code.
"""

from pathlib import Path

import numpy as np
import pytest

from overheard.media.front_ends import (
    FRONT_ENDS,
    _mel_sums,
    _slaney_groups,
    log_mel_db,
    paper,
    pool_frames,
    small_sound,
    tagger_mn04,
)

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def _load(name: str) -> dict[str, np.ndarray]:
    return dict(np.load(VECTORS / name))


def test_paper_equals_librosa():
    vector = _load("librosa_logmel.npz")
    ours, theirs = log_mel_db(vector["wave"]), vector["logmel"]
    assert ours.shape == theirs.shape
    loud = theirs > theirs.max() - 60
    assert loud.mean() > 0.3
    np.testing.assert_allclose(ours[loud], theirs[loud], rtol=0, atol=1e-3)
    # digital silence is the floor, in both
    silent = theirs < -99.9
    assert silent.any()
    np.testing.assert_allclose(ours[silent], -100, rtol=0, atol=1e-4)


def test_mel_bank_equals_librosa():
    bank = _load("librosa_logmel.npz")["mel_bank"]
    # one bin at a time, as its real part: each stands twice
    one_each = np.eye(2 * bank.shape[1], dtype=np.float32)[::2]
    ours = _mel_sums(one_each, _slaney_groups(16000, 1024, 64, 8000.0))
    np.testing.assert_allclose(ours.T, bank, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "n_fft", "power"),
    [("logmel_1s", 4096, 1.0), ("paper_logmel_1s_nfft1024", 1024, 1.0), ("alt_logmel_1s_power2", 4096, 2.0)],
)
def test_variants_equal_the_released_program(name, n_fft, power):
    vector = _load("released_logmel.npz")
    ours = log_mel_db(vector["wave_1s"], n_fft=n_fft, power=power, top_db=80.0)
    np.testing.assert_allclose(ours, vector[name], rtol=0, atol=1e-3)


def test_the_80_db_floor_equals_the_released_program():
    vector = _load("released_logmel.npz")
    half = vector["wave_1s"].copy()
    half[8000:] = 0
    ours = log_mel_db(half, n_fft=4096, power=1.0, top_db=80.0)
    np.testing.assert_allclose(ours, vector["logmel_1s_half_silent"], rtol=0, atol=1e-3)
    assert ours.max() - ours.min() == pytest.approx(80, abs=1e-4)


@pytest.mark.parametrize("name", ["dog", "tone"])
def test_tagger_front_end_equals_its_authors(name):
    vector = _load("tagger_mn04.npz")
    wave = vector["dog_wave_int16"].astype(np.float32) / 32768 if name == "dog" else vector["tone_wave"]
    # a periodic window would be 8.8e-3 off, no pre-emphasis 1.3
    np.testing.assert_allclose(tagger_mn04(wave).T, vector[f"{name}_logmel"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_ten_seconds_give_the_shape_that_is_promised(name):
    end = FRONT_ENDS[name]
    noise = np.random.default_rng(0).standard_normal(end.samples).astype(np.float32)
    log_mel = end.function(noise)
    assert log_mel.shape == (end.frames, end.bands)
    assert log_mel.dtype == np.float32
    assert log_mel.tobytes() == end.function(noise.copy()).tobytes()


def test_twice_the_amplitude_is_six_decibels():
    noise = np.random.default_rng(1).standard_normal(160000).astype(np.float32) * 0.1
    np.testing.assert_allclose(paper(2 * noise) - paper(noise), 20 * np.log10(2), rtol=0, atol=1e-3)


def test_pooled_frames_are_means_of_decibels():
    log_mel = np.arange(16, dtype=np.float32).reshape(8, 2)
    np.testing.assert_array_equal(pool_frames(log_mel, 4), [[3, 4], [11, 12]])


def test_the_small_networks_seconds_are_log_mels_each_by_itself():
    wave = _load("librosa_logmel.npz")["wave"]
    loud, quiet = wave[:16000], 1e-3 * wave[-16000:]
    found = small_sound(np.stack([loud, quiet]))
    assert (found.shape, found.dtype) == ((2, 40, 64), np.float32)
    # the first frames of a second do not reach its end
    assert np.array_equal(found[0, :38], log_mel_db(wave)[:38])
    assert np.array_equal(found[1], log_mel_db(quiet)[:40])
    with pytest.raises(ValueError, match=r"expected windows of 16000 samples, got \(1, 8000\)"):
        small_sound(loud[None, :8000])
