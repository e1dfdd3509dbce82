"""TIFFs that Pillow cannot show as a picture: more than three bands, or values of other than eight bits.

Pillow reads one grey band of eight bits under every lossless compression. So a new directory is appended to the bytes
that tells the same pixels as grey bytes, and the values are made from those here: their type, bands and differences.
"""

import io
import re
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL = 254, 256, 257, 258, 259, 262, 266
_STRIP_OFFSETS, _ORIENTATION, _BANDS, _STRIP_BYTES, _PLANAR, _PREDICTOR = 273, 274, 277, 279, 284, 317
_TILE_WIDTH, _TILE_OFFSETS, _TILE_BYTES, _EXTRA, _FORMAT, _XMP = 322, 324, 325, 338, 339, 700
_SHAPE_AND_PLACE = (256, 257, 259, 273, 278, 279, 322, 323, 324, 325)
_ALPHA = {1, 2}
_LOSSLESS = {1: "raw", 5: "LZW", 8: "deflate", 32773: "packbits", 32946: "deflate", 34925: "lzma", 50000: "zstd"}
_OTHERS = {2: "CCITT", 3: "fax", 4: "fax", 6: "old JPEG", 7: "JPEG", 34712: "JPEG 2000", 34887: "LERC", 50001: "WebP"}
_COLOURS = {5: "CMYK", 6: "YCbCr", 8: "Lab", 9: "Lab", 10: "Lab", 32803: "a camera's raw", 34892: "a camera's raw"}
_TYPES = {1: "u", 2: "i", 3: "f"}
_CLASSIC, _BIG = {b"II*\0": "<", b"MM\0*": ">"}, {b"II+\0": "<", b"MM\0+": ">"}


def is_tiff(content: bytes) -> bool:
    """Whether bytes begin as a TIFF's do, classic or big."""
    return content[:4] in _CLASSIC or content[:4] in _BIG


def directories(content: bytes) -> list[dict[int, Any]]:
    """A TIFF's directories by tag number, in order: its pages, small copies and masks.

    Raises:
        ValueError: there is none.
    """
    stream = io.BytesIO(content)
    reader = TiffImagePlugin.ImageFileDirectory_v2(stream.read(16 if content[:4] in _BIG else 8))
    found: list[dict[int, Any]] = []
    places = {0}
    # what follows the first may be garbage, which Pillow does not read either
    while reader.next not in places and reader.next < len(content):
        places.add(reader.next)
        stream.seek(reader.next)
        reader.load(stream)
        found.append(dict(reader))
    if not found or not {_WIDTH, _HEIGHT} <= set(found[0]):
        raise ValueError("no directory that tells its size")
    return found


def pages(found: Sequence[dict[int, Any]]) -> int:
    """Pictures of full size among directories: no small copies, no masks."""
    return sum(not tags.get(_SUBFILE, 0) & 5 for tags in found)


def orientation(tags: dict[int, Any]) -> int:
    """EXIF's number of how the picture is stored, or XMP's where that is silent, as Pillow reads it; 1: upright."""
    said = re.search(rb'tiff:Orientation(?:="|>)([0-9])', xmp) if isinstance(xmp := tags.get(_XMP), bytes) else None
    return tags.get(_ORIENTATION, int(said[1]) if said else 1)


def band_count(tags: dict[int, Any]) -> int:
    """Bands of a TIFF, a declared alpha band not counted."""
    return tags.get(_BANDS, 1) - sum(kind in _ALPHA for kind in _tuple(tags.get(_EXTRA, ())))


def bits(tags: dict[int, Any]) -> int:
    """Bits of a band; the most, if bands differ."""
    return max(_tuple(tags.get(_BITS, 1)))


def is_shown(tags: dict[int, Any]) -> bool:
    """Whether Pillow shows all there is: up to three bands of whole numbers of up to eight bits."""
    return bits(tags) <= 8 and set(_tuple(tags.get(_FORMAT, 1))) <= {1, 4} and band_count(tags) in (1, 3)


def is_rgb(tags: dict[int, Any]) -> bool:
    """Whether the file says that its first three bands are red, green and blue."""
    return tags.get(_PHOTOMETRIC) == 2


def described(tags: dict[int, Any]) -> str:
    """A TIFF in words: bands, type of values, colours, compression."""
    kinds = {1: "whole numbers", 2: "signed whole numbers", 3: "floats", 5: "complex numbers", 6: "complex numbers"}
    kind = kinds.get(_tuple(tags.get(_FORMAT, 1))[0], "values")
    compression = tags.get(_COMPRESSION, 1)
    packed = (_LOSSLESS | _OTHERS).get(compression, f"number {compression}")
    colours = f", {_COLOURS[photo]} colours" if (photo := tags.get(_PHOTOMETRIC)) in _COLOURS else ""
    return f"a TIFF of {tags.get(_BANDS, 1)} bands of {bits(tags)}-bit {kind}{colours}, compression {packed}"


def unread(tags: dict[int, Any]) -> str | None:
    """What about a TIFF's colours is not read right by anybody here, or None."""
    photo = tags.get(_PHOTOMETRIC)
    # JPEG's own YCbCr is made RGB by its decoder
    return _COLOURS.get(photo) if photo != 6 or tags.get(_COMPRESSION) not in (6, 7) else None


def read_bands(content: bytes, tags: dict[int, Any], bands: Sequence[int]) -> np.ndarray:
    """Bands of a TIFF, counted from 0: (height, width, len(bands)), of the file's own type; white is high.

    Raises:
        ValueError: a band that is not there, or an encoding that is not read here.
    """
    count, depth = tags.get(_BANDS, 1), set(_tuple(tags.get(_BITS, 1)))
    kinds = set(_tuple(tags.get(_FORMAT, 1)))
    if max(bands) >= count or min(bands) < 0:
        raise ValueError(f"{count} bands found, bands {list(bands)} asked for, counted from 0")
    if len(depth) > 1 or len(kinds) > 1 or not kinds <= set(_TYPES) or not depth <= {8, 16, 32, 64}:
        raise ValueError(f"bits {sorted(depth)} of a band; only whole numbers of 8 or 16 bits, and floats, are read")
    kind = np.dtype(f"{_TYPES[kinds.pop()]}{depth.pop() // 8}")
    compression, fill = tags.get(_COMPRESSION, 1), tags.get(_FILL, 1)
    if compression not in _LOSSLESS or tags.get(_PREDICTOR, 1) not in (1, 2, 3) or fill != 1:
        raise ValueError(f"{described(tags)}: not read here; save it with deflate or LZW")
    if tags.get(_PLANAR, 1) == 2:
        planes = [_values(content, _plane(tags, band, count), kind, 1) for band in bands]
        values = np.concatenate(planes, axis=-1)
    else:
        values = _values(content, tags, kind, count)[..., list(bands)]
    if tags.get(_PHOTOMETRIC) == 0 and kind.kind == "u":
        values = np.iinfo(kind).max - values
    return values


def _tuple(value: Any) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def _plane(tags: dict[int, Any], band: int, count: int) -> dict[int, Any]:
    """The directory of one band of a file whose bands lie one after the other."""
    changed = dict(tags)
    for key in (_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES):
        if key in tags:
            pieces = _tuple(tags[key])
            each = len(pieces) // count
            changed[key] = pieces[band * each : (band + 1) * each]
    return changed


def _values(content: bytes, tags: dict[int, Any], kind: np.dtype, count: int) -> np.ndarray:
    """Bands that lie side by side: (height, width, count)."""
    width, height, pixel = tags[_WIDTH], tags[_HEIGHT], kind.itemsize * count
    step = tags.get(_TILE_WIDTH, width)
    whole = -(-width // step) * step  # with what the last tiles hold beyond the picture
    flat = _grey(content, tags, whole * pixel, step * pixel)
    order = "<" if content[:2] == b"II" else ">"
    rows = flat.reshape(height, whole // step, step * pixel)  # one of a tile or strip
    if tags.get(_PREDICTOR, 1) == 3:
        # differences of bytes, all first bytes before all second ones
        summed = np.cumsum(rows.reshape(*rows.shape[:2], -1, count), axis=2, dtype=np.uint8)
        apart = summed.reshape(height, whole // step, kind.itemsize, step * count)
        rows, order = np.ascontiguousarray(apart.swapaxes(2, 3)).reshape(rows.shape), ">"
    values = rows.view(kind.newbyteorder(order)).astype(kind).reshape(height, whole // step, step, count)
    if tags.get(_PREDICTOR, 1) == 2:
        # differences to the pixel before; sums wrap as the encoder's did
        values = np.cumsum(values.view(f"u{kind.itemsize}"), axis=2, dtype=f"u{kind.itemsize}").view(kind)
    return values.reshape(height, whole, count)[:, :width]


def _grey(content: bytes, tags: dict[int, Any], width: int, tile: int) -> np.ndarray:
    """Read the file as one grey band of bytes: (height, width) uint8."""
    kept = {key: _tuple(tags[key]) for key in _SHAPE_AND_PLACE if key in tags}
    kept |= {_WIDTH: (width,), _BITS: (8,), _PHOTOMETRIC: (1,), _BANDS: (1,)}
    kept |= {_TILE_WIDTH: (tile,)} if _TILE_WIDTH in tags else {}
    padded = content + b"\0" * (len(content) % 2)
    order = "<" if content[:2] == b"II" else ">"
    if len(padded) >= 1 << 32:
        raise ValueError("more than 4 GB; cut it to the place it shows")
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", len(padded))
    stream = io.BytesIO(header + padded[8:] + _directory(kept, order, len(padded)))
    # not by Image.open, whose bound on pixels would count bytes
    with TiffImagePlugin.TiffImageFile(stream) as picture:
        return np.asarray(picture)


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


def check_pixels(tags: dict[int, Any]) -> None:
    """Refuse a picture of more pixels than Pillow opens.

    Raises:
        Image.DecompressionBombError: as Pillow does.
    """
    pixels, most = tags[_WIDTH] * tags[_HEIGHT], Image.MAX_IMAGE_PIXELS
    if most is not None and pixels > 2 * most:
        raise Image.DecompressionBombError(f"{pixels} pixels")
