"""Resampling, against resampy.

`resampy_kaiser_best.npz` was made with resampy 0.4.3 (`filter="sinc_window"`) and the filter of resampy 0.2.2: 64
zeros, precision 9, Kaiser window of beta 14.769656459379492, rolloff 0.9475937167399596. Waves are two tones and noise
of an eighth of a second.
"""

from pathlib import Path

import numpy as np
import pytest
import soxr

from overheard.media.resampling import kaiser_best

VECTOR = Path(__file__).resolve().parents[1] / "vectors" / "resampy_kaiser_best.npz"


@pytest.mark.parametrize("own", [8000, 44100])
def test_samples_equal_resampys(own):
    with np.load(VECTOR) as vector:
        wave, expected = vector[f"wave_{own}"], vector[f"to_16000_from_{own}"]
    found = kaiser_best(wave, own, 16000)
    # librosa fills up to the length rounded up, as here
    assert (len(found), found.dtype) == (-(-len(wave) * 16000 // own), np.float32)
    found = found[: len(expected)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6)
    other = soxr.resample(wave, own, 16000, quality="HQ")
    assert np.abs(other[: len(expected)] - expected).max() > 1e-3
