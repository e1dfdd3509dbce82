"""Which pictures show the same, which sounds come from one recording, whatever they are called: fingerprints, compared.

Pictures by `imagehash.phash`, 256 bits, in eight turns. Sounds by their log-mels: what is left in 64 bands after each
band's mean over 0.2 s is taken off, and what neighbouring bands do together, so that level, frequency response and beat
go and the grain of the very recording stays; two sounds are slid along each other, first coarsely (every pair), then
finely (pairs that look alike).

Found: other size, level, sample rate, codec (JPEG quality 50, Ogg, MP3), a mirrored or quarter-turned picture, windows
of one recording that share at least 3 s. Not found: cuts below about 97 % of a picture's sides, turns by other angles,
sounds at another speed or mixed with louder ones, recordings without anything in common, such as two parts of it.
docs/leaks.md has the measurements behind the thresholds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PICTURE_BITS = 60  # of 256; re-encoded and resized copies differ by up to 44, unrelated pictures by 80 or more
SOUND_LIKENESS = 0.45  # copies and shifted windows: mostly above 0.7; unrelated sounds: below 0.21
SHARED_S = 3.0  # shortest common part of two windows of one recording
_QUIET_LIKENESS = 0.7  # where hardly anything sounds; two knocks in digital silence can reach 0.61
_SOUNDING_S = 2.0
_SIDE = 16  # of the hash: 16 × 16 bits
_TURNS = 8
_WORTH_A_LOOK = 0.38  # coarse likeness
_RANGE_DB = 60.0  # of a clip; what lies lower is the codec's
_LIMIT_DB = 3.0  # no single onset decides
_TICK_S = 0.1  # coarse frames
_BANDS, _COARSE_BANDS = 64, 16
_GROUPS = 4
_SLACK = 4  # fine frames around the coarse shift
_ROWS = 512


@dataclass(frozen=True)
class SoundPrints:
    """Fingerprints of ten-second sounds."""

    coarse: np.ndarray  # (clips, 100, 16) float32, dB
    fine: np.ndarray  # (clips, frames, 64) int8, 1/40 dB
    frame_s: float

    def __len__(self) -> int:
        return len(self.fine)

    def __getitem__(self, rows: np.ndarray) -> "SoundPrints":
        return SoundPrints(self.coarse[rows], self.fine[rows], self.frame_s)

    @property
    def silent(self) -> np.ndarray:
        """(clips,) bool: nothing varies, nothing can be compared."""
        return ~self.coarse.any(axis=(1, 2))


@dataclass(frozen=True)
class Pairs:
    """Things that are alike: rows among the first and among the second, and by how much."""

    first: np.ndarray  # (pairs,) int
    second: np.ndarray  # (pairs,) int
    value: np.ndarray  # (pairs,): differing bits of pictures, likeness of sounds


def picture_hashes(pictures: np.ndarray, step: Callable[[int], None] = lambda done: None) -> np.ndarray:
    """Perceptual hashes of pictures in eight turns: as they are, mirrored, turned by quarters.

    Args:
        pictures: (pictures, height, width, 3) uint8.
        step: told how many are done.

    Returns:
        (pictures, 8, 256) bool; [:, 0] is `imagehash.phash(picture, hash_size=16)`. A picture of one colour has next to
        no bits.
    """
    import imagehash  # here, because its own imports take half a second
    from PIL import Image

    hashes = np.zeros((len(pictures), _TURNS, _SIDE**2), dtype=bool)
    for row, picture in enumerate(pictures):
        # the hash's own first step; done once, its filter treats every turn alike
        small = Image.fromarray(np.asarray(picture)).convert("L").resize((4 * _SIDE,) * 2, Image.Resampling.LANCZOS)
        turned = [small, *(small.transpose(turn) for turn in Image.Transpose)]
        hashes[row] = [imagehash.phash(view, hash_size=_SIDE).hash.ravel() for view in turned]
        step(row + 1)
    return hashes


def blank(hashes: np.ndarray) -> np.ndarray:
    """(pictures,) bool: pictures of one colour, whose hash says nothing. Half of every other hash's bits are set."""
    return hashes[:, 0].sum(axis=1) < _SIDE**2 // 4


def alike_pictures(first: np.ndarray, second: np.ndarray, most: int = PICTURE_BITS) -> Pairs:
    """Pairs of pictures whose hashes differ by at most `most` bits in one of the eight turns.

    Args:
        first: (n, 8, 256) bool.
        second: (m, 8, 256) bool.
        most: bits.
    """
    other = second[:, 0].astype(np.float32)
    usable = ~blank(first)[:, None] & ~blank(second)[None]
    found = []
    for start in range(0, len(first), _ROWS):
        fewest = np.full((len(first[start : start + _ROWS]), len(second)), np.inf, dtype=np.float32)
        for turn in range(_TURNS):
            own = first[start : start + _ROWS, turn].astype(np.float32)
            # bits of one, bits of the other, less twice the common ones: whole numbers, exact in float32
            differing = own.sum(axis=1)[:, None] + other.sum(axis=1)[None] - 2 * (own @ other.T)
            np.minimum(fewest, differing, out=fewest)
        rows, columns = np.nonzero((fewest <= most) & usable[start : start + _ROWS])
        found.append((rows + start, columns, fewest[rows, columns].astype(int)))
    return _joined(found)


def sound_prints(
    log_mels: np.ndarray, decibel: Callable[[np.ndarray], np.ndarray] = lambda values: values
) -> SoundPrints:
    """Fingerprints of ten-second sounds.

    Args:
        log_mels: (clips, frames, bands): 400 to 1,000 frames, 64 or 128 bands.
        decibel: from the front end's numbers to dB.
    """
    parts = [_print(decibel(np.asarray(log_mels[at : at + 64]))) for at in range(0, len(log_mels), 64)]
    if not parts:
        raise ValueError("expected at least one sound, found none")
    fine = np.concatenate([part[1] for part in parts])
    return SoundPrints(np.concatenate([part[0] for part in parts]), fine, 10.0 / fine.shape[1])


def tagger_decibel(values: np.ndarray) -> np.ndarray:
    """The tagger's front end, (ln(mel + 1e-5) + 4.5) / 5, in dB."""
    return (np.asarray(values, dtype=np.float32) * 5 - 4.5) * np.float32(10 / np.log(10))


def _print(decibel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frames, bands = decibel.shape[1:]
    if bands % _BANDS or frames < 400:
        raise ValueError(f"expected at least 400 frames and a multiple of {_BANDS} bands, got {frames} and {bands}")
    heard = np.maximum(decibel, decibel.max(axis=(1, 2), keepdims=True) - _RANGE_DB)
    fine = _pooled(heard, frames // 400, _BANDS)
    per_tick = round(fine.shape[1] * _TICK_S / 10)
    coarse = _pooled(fine, per_tick, _COARSE_BANDS)
    # two frames are averaged: windows of one recording rarely fall on the same grid
    grain = _mean_around(fine, 0, 1) - _mean_around(fine, per_tick, per_tick)
    slow = coarse - _mean_around(coarse, 5, 5)
    limited = [_LIMIT_DB * np.tanh(_uncommon(part) / _LIMIT_DB) for part in (slow, grain)]
    return limited[0].astype(np.float32), np.rint(limited[1] * 40).astype(np.int8)


def _pooled(values: np.ndarray, frames: int, bands: int) -> np.ndarray:
    """Means of `frames` neighbours in time, and of neighbours in frequency until `bands` are left."""
    clips, time, wide = values.shape
    cut = values[:, : time // frames * frames]
    return cut.reshape(clips, time // frames, frames, bands, wide // bands).mean(axis=(2, 4), dtype=np.float64)


def _uncommon(values: np.ndarray) -> np.ndarray:
    """What neighbouring bands do not do together, in four groups: two engines of one beat rise and fall alike."""
    groups = values.reshape(*values.shape[:2], _GROUPS, -1)
    return (groups - groups.mean(axis=3, keepdims=True)).reshape(values.shape)


def _mean_around(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """Mean over time from `before` frames earlier to `after` later; the ends are held."""
    sums = np.pad(values, ((0, 0), (before + 1, after), (0, 0)), mode="edge").cumsum(axis=1)
    width = before + after + 1
    return (sums[:, width:] - sums[:, :-width]) / width


def alike_sounds(
    first: SoundPrints,
    second: SoundPrints,
    least: float = SOUND_LIKENESS,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Pairs:
    """Pairs of sounds with a common part of at least 3 s, by the correlation of their fingerprints at the best shift.

    Args:
        first: of n sounds.
        second: of m sounds, from the same front end.
        least: correlation, 0..1. Where less than 2 s of the common part sounds, 0.7 if that is more.
        step: told rows done and their number.
    """
    if first.fine.shape[1:] != second.fine.shape[1:]:
        raise ValueError(f"expected one front end, got {first.fine.shape[1:]} and {second.fine.shape[1:]}")
    found = []
    for start in range(0, len(first), _ROWS):
        block = np.arange(start, min(start + _ROWS, len(first)))
        likeness, shift = _coarse(first.coarse[block], second.coarse)
        rows, columns = np.nonzero(likeness >= _WORTH_A_LOOK)
        fine = _fine(first, second, block[rows], columns, shift[rows, columns], least)
        kept = fine >= least
        found.append((block[rows[kept]], columns[kept], fine[kept]))
        step(int(block[-1]) + 1, len(first))
    return _joined(found)


def _coarse(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest correlation of every pair over all shifts, and that shift: (n, m) float32 and int16, in coarse frames."""
    frames, bands = first.shape[1:]
    shortest = round(SHARED_S / _TICK_S)
    flat = [part.reshape(len(part), -1) for part in (first, second)]
    energy = [_running_energy(part) for part in (first, second)]
    best = np.zeros((len(first), len(second)), dtype=np.float32)
    shift = np.zeros(best.shape, dtype=np.int16)
    for late in range(shortest - frames, frames - shortest + 1):
        ours, theirs = _common(frames, late)
        scale = [
            np.sqrt(np.maximum(sums[:, part.stop] - sums[:, part.start], 1e-9))
            for sums, part in zip(energy, (ours, theirs), strict=True)
        ]
        own, other = (
            values[:, part.start * bands : part.stop * bands] / length[:, None]
            for values, part, length in zip(flat, (ours, theirs), scale, strict=True)
        )
        likeness = own @ other.T
        better = likeness > best
        best[better] = likeness[better]
        shift[better] = late
    return best, shift


def _running_energy(prints: np.ndarray) -> np.ndarray:
    """(clips, frames + 1) float32: sum of squares before each frame."""
    sums = np.square(prints, dtype=np.float64).sum(axis=2).cumsum(axis=1)
    return np.concatenate([np.zeros((len(prints), 1)), sums], axis=1).astype(np.float32)


def _common(frames: int, late: int) -> tuple[slice, slice]:
    """The frames that two windows share if the second begins `late` frames after the first."""
    return slice(max(late, 0), frames + min(late, 0)), slice(max(-late, 0), frames - max(late, 0))


def _fine(
    first: SoundPrints, second: SoundPrints, rows: np.ndarray, columns: np.ndarray, shift: np.ndarray, least: float
) -> np.ndarray:
    """Correlation of given pairs near their coarse shift, at full resolution; 0 where too little sounds for it."""
    frames = first.fine.shape[1]
    ticks = frames // first.coarse.shape[1]
    result = np.zeros(len(rows))
    for late in np.unique(shift):
        here = np.flatnonzero(shift == late)
        for at in range(0, len(here), 64):
            pairs = here[at : at + 64]
            own = first.fine[rows[pairs]].astype(np.float32)
            other = second.fine[columns[pairs]].astype(np.float32)
            scores = [
                _correlation(own, other, *_common(frames, shifted), first.frame_s, least)
                for shifted in range(late * ticks - _SLACK, late * ticks + _SLACK + 1)
            ]
            result[pairs] = np.max(scores, axis=0)
    return result


def _correlation(
    own: np.ndarray, other: np.ndarray, ours: slice, theirs: slice, frame_s: float, least: float
) -> np.ndarray:
    own, other = own[:, ours], other[:, theirs]
    energies = [np.einsum("ptb,ptb->pt", part, part) for part in (own, other)]
    lengths = [np.sqrt(energy.sum(axis=1)) for energy in energies]
    likeness = np.einsum("ptb,ptb->p", own, other) / np.maximum(lengths[0] * lengths[1], 1e-9)
    sounding = np.minimum(*(_sounding_s(energy, frame_s) for energy in energies))
    needed = np.where(sounding < _SOUNDING_S, max(least, _QUIET_LIKENESS), least)
    return np.where(likeness >= needed, likeness, 0)


def _sounding_s(energy: np.ndarray, frame_s: float) -> np.ndarray:
    """(pairs,) seconds over which the energy (pairs, frames) is spread: its participation ratio."""
    return energy.sum(axis=1) ** 2 / np.maximum((energy**2).sum(axis=1), 1e-9) * frame_s


def _joined(found: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Pairs:
    if not found:
        return Pairs(np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    return Pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
