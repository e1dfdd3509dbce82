"""Kinds of pictures found in the field: seen right, or refused by name."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from media_bytes import levels, png, saved, tiff
from PIL import Image

from overheard.errors import MediaError
from overheard.io import picture_files
from overheard.media import multiband


def seen(tmp_path: Path, content: bytes, limits=None, name: str = "x.tif") -> np.ndarray:
    (tmp_path / name).write_bytes(content)
    return np.asarray(picture_files.read_picture(tmp_path / name, None, limits))


def unseen(tmp_path: Path, content: bytes, match: str, name: str = "x.tif", limits=None) -> None:
    with pytest.raises(MediaError, match=match):
        seen(tmp_path, content, limits, name)


# each is a level of 0 to 255 in a file's own units, and the range that says so
UNITS = {
    "uint16": lambda level: level * 10 + 100,
    "int16": lambda level: level * 10 - 500,
    "uint32": lambda level: level * 1000,
    "int32": lambda level: level * 1000 - 70000,
    "float32": lambda level: level / 255 - 0.25,
    "float64": lambda level: level / 255 * 3e4,
    "float16": lambda level: level / 256,
    "int8": lambda level: level // 2 - 60,
}


@pytest.mark.parametrize(
    "how", [{}, {"order": ">"}, {"big": True}, {"planar": True}, {"tile": 16}, {"t259": 8, "t317": 2}]
)
@pytest.mark.parametrize("kind", UNITS)
def test_a_stated_range_shows_every_type_of_value_in_every_layout(tmp_path, kind, how):
    unit = UNITS[kind]
    for bands in (1, 3):
        level = levels(20, 37, bands)
        values = unit(level).astype(kind)
        if values.dtype.kind == "f" and "t317" in how:
            how = how | {"t317": 3, "tile": 16}
        limits = [float(unit(np.array(0))), float(unit(np.array(255)))]
        shown = seen(tmp_path, tiff(values, **how), limits).astype(int)
        assert np.abs(shown - level).max() <= (2 if kind == "int8" else 0)
        assert shown.shape == (20, 37, 3)


def test_values_of_no_black_and_white_are_refused_until_a_range_is_stated(tmp_path):
    for kind in set(UNITS) - {"uint16"}:
        values = UNITS[kind](levels(8, 8, 1)).astype(kind)
        unseen(tmp_path, tiff(values), f"{kind} values of .* whose type does not say .*source.range, e.g. \\[")


def test_libtiffs_own_float_differences_are_undone(tmp_path):
    values = (levels(20, 37) / 255).astype(np.float32)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "TIFF", compression="tiff_adobe_deflate", tiffinfo={317: 3})
    np.testing.assert_array_equal(seen(tmp_path, stream.getvalue(), [0, 1])[..., 1], np.round(values * 255))


@pytest.mark.parametrize("how", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma", "raw", "jpeg"])
@pytest.mark.parametrize("big", [False, True])
def test_compressions_of_a_tiff(tmp_path, how, big):
    for values in (
        levels(24, 32, 3).astype(np.uint8),
        levels(24, 32).astype(np.uint8),
        levels(24, 32).astype(np.uint16),
    ):
        if how == "jpeg" and values.dtype == np.uint16:
            continue
        stream = io.BytesIO()
        quality = {"quality": 95} if how == "jpeg" else {}
        Image.fromarray(values).save(stream, "TIFF", compression=how, big_tiff=big, **quality)
        shown = seen(tmp_path, stream.getvalue(), [0, 255]).astype(int)
        expected = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
        assert np.abs(shown - expected).mean() <= (12 if how == "jpeg" else 0)


def test_white_is_zero(tmp_path):
    values = (levels(8, 8, 1) * 257).astype(np.uint16)
    np.testing.assert_array_equal(seen(tmp_path, tiff(values, t262=0))[..., :1], 255 - levels(8, 8, 1))


def test_four_bands_in_a_big_tiff_are_not_taken_for_alpha(tmp_path):
    values = levels(8, 8, 5).astype(np.uint8)
    unseen(tmp_path, tiff(values, big=True, t338=[0] * 4), "5 bands; say which three to use")
    np.testing.assert_array_equal(seen(tmp_path, tiff(values[..., :4], big=True, t262=2, t338=0)), values[..., :3])
    # neither where the name says otherwise
    unseen(tmp_path, tiff(values, t338=[0] * 4), "5 bands; say which three to use", "x.jpg")


def test_kinds_that_are_refused_say_what_they_are(tmp_path):
    colour = Image.fromarray(levels(8, 8, 3).astype(np.uint8))
    for mode, said in (("CMYK", "CMYK colours"), ("YCbCr", "YCbCr colours"), ("LAB", "Lab colours")):
        unseen(tmp_path, saved(colour.convert(mode), "TIFF"), f"{said}; expected grey or RGB: convert it")
    unseen(tmp_path, saved(colour.convert("CMYK"), "JPEG"), "colour mode CMYK; .*convert it", "x.jpg")
    pages = saved(colour, "TIFF", save_all=True, append_images=[colour, colour])
    unseen(tmp_path, pages, "a TIFF of 3 pages; save the one that is meant")
    frames = {"save_all": True, "append_images": [colour.rotate(90)]}
    unseen(tmp_path, saved(colour, "PNG", **frames), "an animation of 2 pictures", "x.png")
    for form in ("GIF", "BMP", "WEBP", "PPM"):
        unseen(tmp_path, saved(colour, form), f"{form}, whatever its name says; expected JPEG, PNG or TIFF", "x.jpg")
    values = levels(8, 8, 3).astype(np.uint16)
    unseen(
        tmp_path, tiff(values, t259=34887), "a TIFF of 3 bands of 16-bit whole numbers, compression LERC: not read here"
    )
    unseen(tmp_path, tiff(values[..., :2], t338=0), "2 bands; expected 1, 3, or more")
    unseen(tmp_path, tiff(values.astype(np.uint64), t339=[6] * 3), "bits \\[64\\] of a band", limits=[0, 1])


def test_every_kind_of_jpeg_that_is_a_picture_is_seen(tmp_path):
    smooth = np.kron(levels(2, 3, 3).astype(np.uint8), np.ones((16, 16, 1), np.uint8))
    colour, grey = Image.fromarray(smooth), Image.fromarray(smooth[..., 0])
    forms = {
        "progressive": saved(colour, "JPEG", quality=95, progressive=True),
        "grey": saved(grey, "JPEG", quality=95),
    }
    # as drones write it: further pictures behind the first
    forms["several"] = saved(colour, "MPO", quality=95, save_all=True, append_images=[colour.rotate(180)])
    for name, content in forms.items():
        wanted = smooth if name != "grey" else smooth[..., :1].repeat(3, axis=2)
        assert np.abs(seen(tmp_path, content, None, "x.jpg").astype(int) - wanted).mean() < 6, name
    unseen(tmp_path, forms["grey"][: len(forms["grey"]) // 2], "broken or truncated", "x.jpg")


def test_small_copies_and_masks_in_a_tiff_are_no_pages(tmp_path):
    values = levels(8, 8, 3).astype(np.uint8)
    small = Image.fromarray(values[::2, ::2])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "TIFF", save_all=True, append_images=[small], tiffinfo={254: 0})
    content = stream.getvalue()
    assert [tags[254] for tags in multiband.directories(content)] == [0, 1]
    np.testing.assert_array_equal(seen(tmp_path, content), values)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_float_that_is_not_a_number_is_refused_with_its_place(tmp_path, value):
    values = np.zeros((8, 8, 1), np.float32)
    values[5, 2] = value
    unseen(tmp_path, tiff(values), "not a number .* in row 5, column 2", limits=[0, 1])


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_sixteen_bits_of_a_png_keep_their_low_bytes(tmp_path, bands):
    level = levels(20, 30, bands)
    shown = seen(tmp_path, png((level * 10 + 100).astype(np.uint16)), [100, 2650], "x.png")
    colours = level[..., :1].repeat(3, axis=2) if bands < 3 else level[..., :3]
    np.testing.assert_array_equal(shown, colours)
    full = seen(tmp_path, png((level * 257).astype(np.uint16)), None, "x.png")
    np.testing.assert_array_equal(full, colours)


def test_a_range_leaves_eight_bits_alone(tmp_path):
    values = levels(8, 8, 3).astype(np.uint8)
    for form, name in (("PNG", "x.png"), ("TIFF", "x.tif")):
        np.testing.assert_array_equal(seen(tmp_path, saved(Image.fromarray(values), form), [0, 3000], name), values)


TURNS = {  # where EXIF's figures put the stored top left corner, by numpy
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", TURNS)
def test_one_rule_for_orientation_in_every_format(tmp_path, orientation):
    stored = levels(16, 24, 3).astype(np.uint8)
    expected = TURNS[orientation](stored)
    exif = Image.Exif()
    exif[274] = orientation
    picture = Image.fromarray(stored)
    smooth = Image.fromarray(np.kron(levels(2, 3, 3).astype(np.uint8), np.ones((32, 32, 1), np.uint8)))
    forms = {"x.png": saved(picture, "PNG", exif=exif), "x.tif": saved(picture, "TIFF", exif=exif)}
    forms |= {"y.tif": tiff(stored, t274=orientation), "z.tif": tiff(stored, tile=16, t274=orientation)}
    forms |= {"lzw.tif": saved(picture, "TIFF", compression="tiff_lzw", exif=exif)}
    deep = (stored.astype(np.uint16)) * 257
    forms |= {"deep.tif": tiff(deep, t274=orientation), "grey.tif": tiff(deep[..., :1], t274=orientation)}
    for name, content in forms.items():
        wanted = expected if name != "grey.tif" else expected[..., :1].repeat(3, axis=2)
        np.testing.assert_array_equal(seen(tmp_path, content, None, name), wanted, name)
        assert picture_files.inspect_picture(tmp_path / name).turned == (orientation > 1)
    shown = seen(tmp_path, saved(smooth, "JPEG", quality=100, exif=exif), None, "x.jpg").astype(int)
    assert np.abs(shown - TURNS[orientation](np.asarray(smooth))).mean() < 3


def test_orientation_in_xmp_counts_where_exif_is_silent(tmp_path):
    stored = levels(16, 24, 3).astype(np.uint8)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    for values in (stored, stored.astype(np.uint16) * 257):
        content = tiff(values)
        at = len(content)
        # appended: a directory with one entry more
        order = int.from_bytes(content[4:8], "little")
        count = int.from_bytes(content[order : order + 2], "little")
        entries = content[order + 2 : order + 2 + 12 * count]
        entry = struct.pack("<HHLL", 700, 1, len(xmp), at)
        made = (
            content[:4] + struct.pack("<L", at + len(xmp) + len(xmp) % 2) + content[8:] + xmp + b"\0" * (len(xmp) % 2)
        )
        made += struct.pack("<H", count + 1) + entries + entry + bytes(4)
        np.testing.assert_array_equal(seen(tmp_path, made), TURNS[6](stored))
        assert picture_files.inspect_picture(tmp_path / "x.tif").turned


def test_damaged_exif_and_orientations_that_are_none_leave_a_picture_as_stored(tmp_path):
    picture = Image.fromarray(levels(16, 24, 3).astype(np.uint8))
    exif = Image.Exif()
    exif[274] = 9
    for given in (exif, b"Exif\0\0nonsense" * 3):
        shown = seen(tmp_path, saved(picture, "JPEG", exif=given), None, "x.jpg")
        assert shown.shape == (16, 24, 3)
        assert not picture_files.inspect_picture(tmp_path / "x.jpg").turned
