"""Bands of a TIFF that Pillow cannot show as a picture: more than three bands, or 16 bits a band.

Pillow reads one grey band of any width. So a new directory is appended to the bytes that tells the same pixels
otherwise: one grey picture a band where bands lie apart, one grey picture of width × bands where they lie side by side.
"""

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

_WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _BANDS = 256, 258, 259, 262, 273, 277
_STRIP_BYTES, _PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_OFFSETS, _TILE_BYTES = 279, 284, 317, 322, 324, 325
_EXTRA, _FORMAT = 338, 339
_SHAPE_AND_PLACE = (256, 257, 259, 273, 278, 279, 317, 322, 323, 324, 325)
_ALPHA = {1, 2}
_LOSSLESS = {1: "raw", 5: "LZW", 8: "deflate", 32773: "packbits", 32946: "deflate", 50000: "zstd"}


def tiff_tags(content: bytes) -> dict[int, Any] | None:
    """The first directory of a classic TIFF by tag number, or None if these bytes are no classic TIFF."""
    if content[:4] not in (b"II*\0", b"MM\0*"):
        return None
    stream = io.BytesIO(content)
    directory = TiffImagePlugin.ImageFileDirectory_v2(stream.read(8))
    stream.seek(directory.next)
    directory.load(stream)
    return dict(directory)


def band_count(tags: dict[int, Any]) -> int:
    """Bands of a TIFF, a declared alpha band not counted."""
    extra = tags.get(_EXTRA, ())
    extra = extra if isinstance(extra, tuple) else (extra,)
    return tags.get(_BANDS, 1) - sum(kind in _ALPHA for kind in extra)


def bits(tags: dict[int, Any]) -> int:
    """Bits of a band; the most, if bands differ."""
    return max(tags.get(_BITS, (1,)))


def is_rgb(tags: dict[int, Any]) -> bool:
    """Whether the file says that its first three bands are red, green and blue."""
    return tags.get(_PHOTOMETRIC) == 2


def read_bands(content: bytes, bands: Sequence[int]) -> np.ndarray:
    """Bands of a TIFF, counted from 0: (height, width, len(bands)) uint8 or uint16.

    Raises:
        ValueError: a band that is not there, or an encoding that is not read here.
    """
    tags = tiff_tags(content)
    if tags is None:
        raise ValueError("not a classic TIFF")
    count, depth, compression = tags.get(_BANDS, 1), tags.get(_BITS, (1,)), tags.get(_COMPRESSION, 1)
    if max(bands) >= count or min(bands) < 0:
        raise ValueError(f"{count} bands found, bands {list(bands)} asked for, counted from 0")
    if set(depth) not in ({8}, {16}) or set(_tuple(tags.get(_FORMAT, 1))) != {1}:
        raise ValueError(f"bits {sorted(set(depth))} of a band; only whole numbers of 8 or 16 bits are read")
    if compression not in _LOSSLESS or tags.get(_PREDICTOR, 1) not in (1, 2):
        raise ValueError(f"compression {compression} of many bands is not read; save it with deflate or LZW")
    if tags.get(_PLANAR, 1) == 2:
        return np.stack([_plane(content, tags, band, count) for band in bands], axis=-1)
    return _interleaved(content, tags, count)[..., list(bands)]


def _tuple(value: Any) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def _plane(content: bytes, tags: dict[int, Any], band: int, count: int) -> np.ndarray:
    """One band of a file whose bands lie one after the other."""
    changed = dict(tags)
    for key in (_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES):
        if key in tags:
            pieces = _tuple(tags[key])
            each = len(pieces) // count
            changed[key] = pieces[band * each : (band + 1) * each]
    return _grey(content, changed)


def _interleaved(content: bytes, tags: dict[int, Any], count: int) -> np.ndarray:
    """All bands of a file whose bands lie side by side: (height, width, bands)."""
    changed = dict(tags) | {_WIDTH: tags[_WIDTH] * count, _PREDICTOR: 1}
    if _TILE_WIDTH in tags:
        changed[_TILE_WIDTH] = tags[_TILE_WIDTH] * count
    flat = _grey(content, changed)
    values = flat.reshape(len(flat), -1, count)
    if tags.get(_PREDICTOR, 1) == 2:
        step = tags.get(_TILE_WIDTH, values.shape[1])
        # each row of a strip or tile holds differences to the pixel before; sums wrap as the encoder's did
        parts = [
            np.cumsum(values[:, left : left + step], axis=1, dtype=values.dtype)
            for left in range(0, values.shape[1], step)
        ]
        values = np.concatenate(parts, axis=1)
    return values


def _grey(content: bytes, tags: dict[int, Any]) -> np.ndarray:
    """Read the file as one grey band, under changed tags."""
    kept = {key: _tuple(tags[key]) for key in _SHAPE_AND_PLACE if key in tags}
    kept |= {_BITS: (tags[_BITS][0],), _PHOTOMETRIC: (1,), _BANDS: (1,)}
    padded = content + b"\0" * (len(content) % 2)
    order = "<" if content[:2] == b"II" else ">"
    header = content[:4] + struct.pack(order + "L", len(padded))
    stream = io.BytesIO(header + padded[8:] + _directory(kept, order, len(padded)))
    with Image.open(stream) as picture:
        values = np.asarray(picture)
    return values.astype(values.dtype.newbyteorder("="))


def _directory(tags: dict[int, tuple[int, ...]], order: str, position: int) -> bytes:
    """A TIFF directory of 32-bit numbers, as it stands at `position` in the file; what does not fit follows it.

    Pillow's own writer is no help: it moves the offsets of the strips.
    """
    entries, behind = struct.pack(order + "H", len(tags)), b""
    after = position + 2 + 12 * len(tags) + 4
    for key, numbers in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(numbers)}L", *numbers)
        if len(numbers) > 1:
            place, behind = after + len(behind), behind + packed
            packed = struct.pack(order + "L", place)
        entries += struct.pack(order + "HHL", key, 4, len(numbers)) + packed
    return entries + struct.pack(order + "L", 0) + behind
