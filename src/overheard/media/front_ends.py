"""Named front ends: ten seconds of samples in, a log-mel picture (time × band) out; and its pooled form.

`paper` is section 5.1 of the paper (16 kHz, window 1024, hop 400, 64 bands, 400 frames), in raw dB; what the section
leaves open are switches of the protocol. `tagger_mn04` is the front end of the EfficientAT tagger, `openl3_mel` that of
OpenL3, for windows of one second. Samples are float32 in -1..1, mono. Equal samples give equal bytes: one thread,
aligned buffers, no randomness.

The FFT is torch's (MKL), 1.6 times as fast as scipy's here; mel sums are small dense products over the bins that
a group of bands covers, because most of the matrix is zero. The banks themselves are torchaudio's; its whole log-mel
takes 3.8 times as long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from overheard.media.pictures import POOL, SIZE

IMAGES = "images"
"""What pictures go through, in place of a front end."""
_CUTS = (0, 1 / 4, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 15 / 16, 1)  # of the bands, into groups: fastest of a dozen tried
_FLOOR = 1e-10  # power under which the paper's log-mel is -100 dB


@dataclass(frozen=True)
class FrontEnd:
    """A front end: what the features stage must know, and the function."""

    rate: int  # Hz
    frames: int
    bands: int
    pool: int  # neighbouring frames averaged in the pooled form; 0 if there is none
    function: Callable[..., np.ndarray]

    @property
    def samples(self) -> int:
        """Samples of a ten-second clip."""
        return 10 * self.rate


POWERS = {"power": 2.0, "magnitude": 1.0}
"""Of the spectrum, what the mel bank sums."""


def paper(
    samples: np.ndarray, stft_points: int = 1024, mel_of: str = "power", mel_floor_db: float | None = None
) -> np.ndarray:
    """The paper's log-mel (section 5.1) of a ten-second clip.

    Args:
        samples: (160000,) float32 at 16 kHz.
        stft_points: length of the transform; the released program has 4096.
        mel_of: word of `POWERS`; the released program takes magnitudes.
        mel_floor_db: values more than this below the clip's maximum are raised to it; 80 in the released program.

    Returns:
        (400, 64) float32, dB, time × band, at least -100; the first 400 of 401 frames.
    """
    return log_mel_db(samples, stft_points, POWERS[mel_of], mel_floor_db, frames=400)


def log_mel_db(
    samples: np.ndarray,
    n_fft: int = 1024,
    power: float = 2.0,
    top_db: float | None = None,
    rate: int = 16000,
    frames: int | None = None,
) -> np.ndarray:
    """Log-mel in dB: periodic Hann window of 1024, hop 400, centred with zeros, 64 Slaney bands from 0 to 8 kHz.

    Args:
        samples: (n,) float32, mono.
        n_fft: length of the transform, at least 1024; the window stands in its middle.
        power: 2 for the power spectrum, 1 for the magnitude (what the released program feeds to the mel bank).
        top_db: values more than this below the maximum are raised to it; None leaves them.
        rate: Hz.
        frames: the first so many, of which the maximum is; None for all.

    Returns:
        (1 + n // 400, 64) or (frames, 64) float32.
    """
    squares = _squares(_centred(samples, n_fft, 400), _hann(n_fft, 1024, True), 400)
    if power != 2.0:
        squares[:, ::2] = (squares[:, ::2] + squares[:, 1::2]) ** (power / 2)
        squares[:, 1::2] = 0
    bands = _mel_sums(squares, _slaney_groups(rate, n_fft, 64, 8000.0))[:frames]
    decibel = np.maximum(bands, np.float32(_FLOOR), out=bands)
    np.log10(decibel, out=decibel)
    decibel *= np.float32(10)
    if top_db is not None:
        np.maximum(decibel, decibel.max() - np.float32(top_db), out=decibel)
    return decibel


SMALL_RATE = 16000
_SMALL_FRAMES = 40


def small_sound(windows: np.ndarray) -> np.ndarray:
    """What the small network of the simulated cities hears of windows of one second, each by itself: `log_mel_db`.

    Args:
        windows: (windows, 16000) float32 at 16 kHz.

    Returns:
        (windows, 40, 64) float32, dB, time × band.

    Raises:
        ValueError: another number of samples.
    """
    if windows.shape[1:] != (SMALL_RATE,):
        raise ValueError(f"expected windows of {SMALL_RATE} samples, got {windows.shape}")
    return np.stack([log_mel_db(samples, frames=_SMALL_FRAMES) for samples in windows])


def tagger_mn04(samples: np.ndarray) -> np.ndarray:
    """The front end of the mn04 tagger, already in the tagger's own scaling.

    Pre-emphasis 0.97, symmetric Hann window of 800 in an FFT of 1024, hop 320, reflected ends, power, 128 Kaldi mel
    bands from 0 to 15 kHz without area norm, (ln(mel + 1e-5) + 4.5) / 5.

    Args:
        samples: (n,) float32 at 32 kHz.

    Returns:
        (frames, 128) float32, time × band; 1000 frames for ten seconds.
    """
    emphasised = samples[1:] - np.float32(0.97) * samples[:-1]
    squares = _squares([np.pad(emphasised, 512, mode="reflect")], _hann(1024, 800, False), 320)
    bands = _mel_sums(squares, _kaldi_groups())
    bands += np.float32(1e-5)
    np.log(bands, out=bands)
    bands += np.float32(4.5)
    bands /= np.float32(5)
    return bands


OPENL3_RATE, OPENL3_FRAMES, OPENL3_BANDS = 48000, 199, 256
_OPENL3_DFT, _OPENL3_PADDING = 2048, 982  # samples; the padding on either side
OPENL3_BANK = (OPENL3_BANDS, _OPENL3_DFT // 2 + 1)
"""Shape of its mel bank: bands, bins."""


def openl3_mel(windows: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """OpenL3's mel256 of windows of one second, each by itself.

    Periodic Hann window of 2048, hop 242, zeros around, power, mel bank; then 10 log10 of the square root, so half of
    the power's decibels, relative to the window's own maximum: how loud a window is, is lost. Silence is 0 throughout.

    Source: kapre 0.1.4, `Melspectrogram` as openl3 0.3.1 builds it.

    Args:
        windows: (windows, 48000) float32 at 48 kHz.
        bank: (256, 1025), from OpenL3's weight file, which stores its own; or from `openl3_bank`.

    Returns:
        (windows, 199, 256) float32, dB in -80..0, time × band.

    Raises:
        ValueError: another number of samples, or a bank of another shape.
    """
    if windows.shape[1:] != (OPENL3_RATE,) or bank.shape != OPENL3_BANK:
        wanted = f"windows of {OPENL3_RATE} samples and a bank {OPENL3_BANK}"
        raise ValueError(f"expected {wanted}, got {windows.shape} and {bank.shape}")
    mels = np.empty((len(windows), OPENL3_FRAMES, OPENL3_BANDS), dtype=np.float32)
    # each bin stands twice, for its real and its imaginary part
    weights = bank.T.repeat(2, axis=0).astype(np.float32)
    for samples, decibel in zip(windows, mels, strict=True):
        padded = np.pad(samples, _OPENL3_PADDING)
        np.matmul(_squares([padded], _hann(_OPENL3_DFT, _OPENL3_DFT, True), 242), weights, out=decibel)
        np.sqrt(decibel, out=decibel)
        np.log10(np.maximum(decibel, np.float32(_FLOOR), out=decibel), out=decibel)
        decibel *= np.float32(10)
        decibel -= decibel.max()
        np.maximum(decibel, np.float32(-80), out=decibel)
    return mels


def openl3_bank(norm: str) -> np.ndarray:
    """256 mel bands by HTK's formula from 0 to 24 kHz: (256, 1025) float32; bands 0 and 7 are between bins, and empty.

    Args:
        norm: what librosa made of `norm=1`: `slaney`, each band's area is 1, up to version 0.7; or `l1`, each row's sum
            is 1, since 0.8. Which one OpenL3 was trained with, its weight file says.

    Raises:
        ValueError: no such norm.
    """
    import warnings

    from torchaudio.functional import melscale_fbanks

    if norm not in ("slaney", "l1"):
        raise ValueError(f"norm: expected slaney or l1, got {norm!r}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filterbank has all zero values")
        bank = melscale_fbanks(
            *(OPENL3_BANK[1], 0.0, OPENL3_RATE / 2, OPENL3_BANDS, OPENL3_RATE),
            norm="slaney" if norm == "slaney" else None,
            mel_scale="htk",
        ).numpy()
    if norm == "l1":
        total = bank.sum(axis=0)
        bank = bank / np.where(total > 0, total, 1)
    return bank.T


FRONT_ENDS = {
    "paper": FrontEnd(rate=16000, frames=400, bands=64, pool=4, function=paper),
    "tagger_mn04": FrontEnd(rate=32000, frames=1000, bands=128, pool=0, function=tagger_mn04),
}


def stored_shape(front_end: str, pooled: bool) -> tuple[int, ...]:
    """Of one clip in the arrays of `images` (height, width, 3), or of a front end of sounds (time, band).

    Raises:
        KeyError: no such front end.
        ValueError: it has no pooled form.
    """
    if front_end == IMAGES:
        side = SIZE // POOL if pooled else SIZE
        return side, side, 3
    end = FRONT_ENDS[front_end]
    if pooled and not end.pool:
        raise ValueError(f"the front end {front_end} has no pooled form")
    return end.frames // end.pool if pooled else end.frames, end.bands


def pool_frames(log_mel: np.ndarray, pool: int) -> np.ndarray:
    """Mean of each `pool` neighbouring frames: (time, band) to (time / pool, band); of dB, not of power."""
    total = log_mel[::pool].copy()
    for frame in range(1, pool):
        total += log_mel[frame::pool]
    total /= np.float32(pool)
    return total


@cache
def _hann(n_fft: int, length: int, periodic: bool):
    """A Hann window in the middle of `n_fft` zeros."""
    import torch

    window = torch.zeros(n_fft)
    start = (n_fft - length) // 2
    window[start : start + length] = torch.hann_window(length, periodic=periodic, dtype=torch.float64)
    return window


def _centred(samples: np.ndarray, n_fft: int, hop: int) -> list[np.ndarray]:
    """Pieces whose frames, one after the other, are those of the samples between two halves of `n_fft` zeros.

    Only frames that reach over an end are copied: a padded copy of everything costs 7 % of the whole log-mel.
    """
    half, total = n_fft // 2, 1 + len(samples) // hop
    first = -(-half // hop)  # the first frame that lies within the samples
    inside = (len(samples) - (first * hop - half) - n_fft) // hop + 1
    zeros = np.zeros(half, dtype=np.float32)
    if inside < 1:
        return [np.concatenate([zeros, samples, zeros])]
    last = first + inside
    pieces = [np.concatenate([zeros, samples[: (first - 1) * hop + half]]), samples[first * hop - half :]]
    pieces[1] = pieces[1][: (inside - 1) * hop + n_fft]
    return pieces if last == total else [*pieces, np.concatenate([samples[last * hop - half :], zeros])]


def _squares(pieces: list[np.ndarray], window, hop: int) -> np.ndarray:
    """Re² and Im² of the STFT of samples in pieces, side by side: (frames, 2 bins) float32."""
    import torch

    n_fft = len(window)
    counts = [(len(piece) - n_fft) // hop + 1 for piece in pieces]
    # in torch's own memory, aligned to 64 bytes: MKL's sums depend on alignment, our bytes must not
    frames = torch.empty(sum(counts), n_fft)
    for piece, rows in zip(pieces, frames.split(counts), strict=True):
        torch.mul(torch.from_numpy(piece).unfold(0, n_fft, hop), window, out=rows)
    squares = torch.view_as_real(torch.fft.rfft(frames)).numpy().reshape(len(frames), -1)
    return np.multiply(squares, squares, out=squares)


def _grouped(bank: np.ndarray) -> tuple[tuple[slice, slice, np.ndarray], ...]:
    """Cut a mel bank (bins, bands) into groups of bands: (columns of the squares, bands, weights), most zeros left out.

    Each bin stands twice, for its real and its imaginary part: the product adds Re² and Im² faster than numpy does.
    """
    groups = []
    edges = [round(cut * bank.shape[1]) for cut in _CUTS]
    for first, last in pairwise(edges):
        bins = np.flatnonzero(bank[:, first:last].any(axis=1))
        weights = bank[bins[0] : bins[-1] + 1, first:last].repeat(2, axis=0).astype(np.float32)
        groups.append((slice(2 * int(bins[0]), 2 * int(bins[-1]) + 2), slice(first, last), weights))
    return tuple(groups)


@cache
def _slaney_groups(rate: int, n_fft: int, bands: int, highest_hz: float) -> tuple:
    """Slaney's mel bank with area norm from 0 Hz, as librosa's default."""
    from torchaudio.functional import melscale_fbanks

    bank = melscale_fbanks(n_fft // 2 + 1, 0.0, highest_hz, bands, rate, norm="slaney", mel_scale="slaney")
    return _grouped(bank.numpy())


@cache
def _kaldi_groups() -> tuple:
    """The tagger's mel bank: 128 Kaldi triangles from 0 to 15 kHz; the last of the 513 bins has no weight."""
    from torchaudio.compliance.kaldi import get_mel_banks

    # no warping of the vocal tract: factor 1, its limits are Kaldi's defaults
    bank, _ = get_mel_banks(128, 1024, 32000.0, 0.0, 15000.0, 100.0, -500.0, 1.0)
    return _grouped(np.pad(bank.numpy().T, ((0, 1), (0, 0))))


def _mel_sums(squares: np.ndarray, groups: tuple[tuple[slice, slice, np.ndarray], ...]) -> np.ndarray:
    sums = np.empty((len(squares), groups[-1][1].stop), dtype=np.float32)
    for columns, bands, weights in groups:
        np.matmul(squares[:, columns], weights, out=sums[:, bands])
    return sums
