"""Shell: reads one picture from disk. Everything else takes the arrays that come out of here."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from overheard.errors import MediaError
from overheard.media import multiband
from overheard.media.inspected import Picture
from overheard.media.pictures import full_range, levels_used, to_eight_bits

Limits = Sequence[float]
"""Which values of a picture become 0 and 255."""

# what Pillow raises where bytes are not what they should be
_BROKEN = (
    *(SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, MemoryError),
    *(struct.error, zlib.error),
)
_PICTURES = ("JPEG", "MPO", "PNG")  # and TIFF; MPO: a JPEG with further pictures behind the first, as drones write it
_SHOWN_AS_RGB = ("RGB", "L", "P", "1", "LA", "PA", "La", "RGBA", "RGBX", "RGBa")
_ORIENTATION = ExifTags.Base.Orientation
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GREY16 = ("I;16", "I;16L", "I;16B", "I;16N")


def read_picture(path: Path, bands: Sequence[int] | None = None, limits: Limits | None = None) -> Image.Image:
    """Decode a picture to eight-bit RGB, upright by EXIF's orientation; grey is repeated, alpha dropped.

    Args:
        path: JPEG, PNG or TIFF; the content decides, not the name.
        bands: the three bands, counted from 0, of a picture with more than three; None takes the first three of a
            four-band TIFF that says they are red, green and blue.
        limits: what becomes 0 and 255 of values of more than eight bits; None: the whole range of 16 bits.

    Raises:
        MediaError: says what was found and what to do.
    """
    with _refusing():
        return _shown(_decode(path.read_bytes(), bands), limits)


def inspect_picture(path: Path, bands: Sequence[int] | None = None, limits: Limits | None = None) -> Picture:
    """Decode a picture as `read_picture` does, and tell what it holds."""
    with _refusing():
        decoded = _decode(path.read_bytes(), bands)
        shown = _shown(decoded, limits)
    values, turned = decoded.values, decoded.orientation in _TURNS
    if isinstance(values, Image.Image):
        ends = values.getextrema()
        lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
        return Picture(decoded.kind, decoded.bands, lowest, highest, (0, 255), 0.0, None, turned)
    lowest, highest = float(values.min()), float(values.max())
    if values.dtype == np.uint8:
        return Picture(decoded.kind, decoded.bands, lowest, highest, (0, 255), 0.0, None, turned)
    low, high = limits or full_range(values.dtype) or (lowest, highest)
    beyond = float(np.mean((values < low) | (values > high)))
    levels = levels_used(np.asarray(shown))
    return Picture(decoded.kind, decoded.bands, lowest, highest, (low, high), beyond, levels, turned)


@dataclass(frozen=True)
class _Decoded:
    """A picture as stored: RGB of eight bits, or (height, width, bands) of other values."""

    kind: str
    values: Image.Image | np.ndarray
    orientation: int  # EXIF's
    bands: int = 3
    upright: bool = False  # turned already


@contextmanager
def _refusing() -> Iterator[None]:
    """What Pillow and numpy raise, as one error."""
    try:
        with warnings.catch_warnings():
            # Pillow warns where a file is odd, and raises where it cannot be read; only the latter stops us
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError as error:
        raise MediaError("not a picture that can be read; replace or remove it") from error
    except Image.DecompressionBombError as error:
        raise MediaError("more pixels than Pillow opens; cut it to the place it shows") from error
    except _BROKEN as error:
        raise MediaError(f"cannot be decoded ({error}); replace or convert it") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise MediaError(f"broken or truncated ({error}); replace or remove it") from error


def _decode(content: bytes, bands: Sequence[int] | None) -> _Decoded:
    return _tiff(content, bands) if multiband.is_tiff(content) else _plain(content)


def _plain(content: bytes) -> _Decoded:
    """A picture that Pillow shows, but for 16-bit PNGs of several bands, of which it keeps the high bytes."""
    with Image.open(io.BytesIO(content)) as picture:
        kind = str(picture.format)
        if kind not in _PICTURES:
            raise MediaError(f"{kind}, whatever its name says; expected JPEG, PNG or TIFF: convert it")
        if kind == "PNG" and getattr(picture, "n_frames", 1) > 1:
            raise MediaError(f"an animation of {picture.n_frames} pictures; save the one that is meant")
        if kind == "PNG" and content[24] == 16 and picture.mode not in _GREY16:
            return _Decoded("PNG of 16 bits", _sixteen_bits(content), _orientation(picture))
        if picture.mode in _GREY16:
            values = np.asarray(picture).astype(np.uint16)
            return _Decoded(f"{kind} of 16 bits", values[..., None], _orientation(picture))
        return _Decoded(kind, _rgb(picture), _orientation(picture))


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode not in _SHOWN_AS_RGB:
        raise MediaError(f"colour mode {picture.mode}; expected grey, RGB or RGBA of 8 or 16 bits: convert it")
    if picture.mode in ("P", "PA") or "A" in picture.mode:
        # by way of RGBA, so that a palette's transparency is dropped like any other
        return picture.convert("RGBA").convert("RGB")
    if picture.mode != "RGB":
        return picture.convert("RGB")
    picture.load()
    return picture


def _sixteen_bits(content: bytes) -> np.ndarray:
    """Colours of a 16-bit PNG, (height, width, 1 or 3) uint16: the high bytes, and the low ones taken for high."""
    halves = []
    for end in ("B", "L"):
        with Image.open(io.BytesIO(content)) as picture:
            tile = picture.tile[0]
            grey = tile.args == "LA;16B"
            picture.tile = [tile._replace(args="RGBA" if grey else f"{picture.mode};16{end}")]
            halves.append(np.asarray(picture).astype(np.uint16))
    high, low = (halves[0][..., :1], halves[0][..., 1:2]) if grey else (half[..., :3] for half in halves)
    return high << 8 | low


def _orientation(picture: Image.Image) -> int:
    """EXIF's number; 1 where EXIF is damaged, which says nothing about the pixels."""
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except (*_BROKEN, OSError):
        return 1


def _tiff(content: bytes, bands: Sequence[int] | None) -> _Decoded:
    found = multiband.directories(content)
    tags, count = found[0], multiband.band_count(found[0])
    if (number := multiband.pages(found)) > 1:
        raise MediaError(f"a TIFF of {number} pages; save the one that is meant as a picture of its own")
    if colours := multiband.unread(tags):
        raise MediaError(f"{colours} colours; expected grey or RGB: convert it")
    if multiband.is_shown(tags):
        try:
            with Image.open(io.BytesIO(content)) as picture:
                # Pillow turns TIFFs by itself
                return _Decoded("TIFF", _rgb(picture), multiband.orientation(tags), upright=True)
        except UnidentifiedImageError as error:
            raise MediaError(f"{multiband.described(tags)}: not read here; save it with deflate or LZW") from error
    multiband.check_pixels(tags)
    if count == 2:
        raise MediaError("2 bands; expected 1, 3, or more of which source.bands says three: convert it")
    if count > 3 and bands is None and not (count == 4 and multiband.is_rgb(tags)):
        raise MediaError(f"{count} bands; say which three to use, e.g. source.bands: [2, 1, 0] (counted from 0)")
    chosen = (bands or (0, 1, 2)) if count > 3 else range(count)
    values = multiband.read_bands(content, tags, chosen)
    kind = "TIFF" if values.dtype == np.uint8 else f"TIFF of {values.dtype}"
    return _Decoded(kind, values, multiband.orientation(tags), max(count, 3))


def _shown(decoded: _Decoded, limits: Limits | None) -> Image.Image:
    """A picture as it is seen: eight-bit RGB, upright."""
    shown = decoded.values
    if isinstance(shown, np.ndarray):
        if not np.isfinite(shown).all():
            row, column = np.argwhere(~np.isfinite(shown))[0][:2]
            raise MediaError(f"a value that is not a number (NaN or infinite) in row {row}, column {column}; fill it")
        if limits is None and full_range(shown.dtype) is None:
            low, high = float(shown.min()), float(shown.max())
            raise MediaError(
                f"{shown.dtype} values of {low:g} to {high:g}, whose type does not say what is black and white; "
                f"say it: source.range, e.g. [{max(low, 0):g}, {high if high > max(low, 0) else max(low, 0) + 1:g}]"
            )
        eight = to_eight_bits(shown, limits)
        shown = Image.fromarray(eight if eight.shape[2] == 3 else eight[..., 0]).convert("RGB")
    turn = None if decoded.upright else _TURNS.get(decoded.orientation)
    return shown if turn is None else shown.transpose(turn)
