"""MP3: its length by its frames (ISO 11172-3, 13818-3), not by the guess that stands in for it.

Without a Xing header the decoder guesses the length from the first frame's bit rate, and with one it stops where that
says, though another file was joined to it. So frames are counted here; where the file does not tell their number, a
header that does is put before them.
"""

import struct
from dataclasses import dataclass

from overheard.media.streams.parts import Parts, after_tag, holds_no_sound

_V1 = {
    1: (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_V2 = {
    1: (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    **dict.fromkeys((2, 3), (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)),
}
_RATES, _HALVED = (44100, 48000, 32000), {3: 0, 2: 1, 0: 2}  # by MPEG's versions 1, 2, 2.5
_LEAD = 1 << 16  # bytes before the first frame


@dataclass(frozen=True)
class Frame:
    """A frame's header.

    Attributes:
        size: bytes with header; 0 for a free format, whose headers do not tell it.
        rate: Hz.
        kind: what is the same in all frames of a stream: version, layer, rate, one channel or two.
        side: bytes of side information behind the header.
    """

    size: int
    rate: int
    kind: tuple[int, int, int, bool]
    side: int


def frame(content: bytes, at: int) -> Frame | None:
    """The header at a place; None if there is none."""
    if at + 4 > len(content) or content[at] != 0xFF or content[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = content[at + 1] >> 3 & 3, 4 - (content[at + 1] >> 1 & 3)
    bits, rate = content[at + 2] >> 4, content[at + 2] >> 2 & 3
    if version == 1 or layer == 4 or bits == 15 or rate == 3:
        return None
    hertz = _RATES[rate] >> _HALVED[version]
    kilobits, padded = (_V1 if version == 3 else _V2)[layer][bits], content[at + 2] >> 1 & 1
    if layer == 1:
        size = (12000 * kilobits // hertz + padded) * 4
    else:
        size = (144000 if layer == 2 or version == 3 else 72000) * kilobits // hertz + padded
    one = content[at + 3] >> 6 == 3
    side = (17 if one else 32) if version == 3 else (9 if one else 17)
    return Frame(size if kilobits else 0, hertz, (version, layer, rate, one), side)


def parts(content: bytes) -> Parts:
    """Count an MP3's frames.

    Raises:
        ValueError: frames of another kind, or of a free format.
    """
    at = _first(content, after_tag(content))
    if at is None:
        return Parts()
    first = frame(content, at)
    assert first is not None
    if first.size == 0:
        raise ValueError("an MP3 of free format, whose length cannot be told; convert it")
    runs, count, cut_off = _runs(content, at, first)
    stated = _stated(content, at, first)
    if count == 0 or (stated is not None and 0 <= stated - count <= 1):
        return Parts(cut_off=cut_off)
    cut_off |= (stated or 0) > count + 1
    sound = b"".join(content[begin:end] for begin, end in runs)
    given = content[at : at + first.size] if stated is not None else b""
    return Parts((_header(given, sound[:4], first, count, len(sound)) + sound,), cut_off)


def _first(content: bytes, at: int) -> int | None:
    """The first frame that another of its kind follows."""
    begin, stop = at, at + _LEAD
    while 0 <= at < stop:
        its = frame(content, at)
        if its is not None and (at == begin if its.size == 0 else _same(content, at + its.size, its)):
            return at
        at = content.find(b"\xff", at + 1)
    return None


def _same(content: bytes, at: int, first: Frame) -> bool:
    its = frame(content, at)
    return its is not None and its.kind == first.kind


def _runs(content: bytes, at: int, first: Frame) -> tuple[list[tuple[int, int]], int, bool]:
    """Stretches of frames that hold sound, their number, and whether there is less than there was."""
    runs: list[tuple[int, int]] = []
    count, cut_off = 0, False
    while at < len(content):
        its = frame(content, at)
        if its is None or its.size == 0 or its.kind != first.kind:
            found = _resync(content, at, first)
            if found is None:
                break
            cut_off |= not holds_no_sound(content[at:found])
            at = found
            continue
        after = at + its.size
        if after > len(content):
            return runs, count, True
        if _stated(content, at, its) is None:
            count += 1
            if runs and runs[-1][1] == at:
                runs[-1] = runs[-1][0], after
            else:
                runs.append((at, after))
        at = after
    return runs, count, cut_off


def _resync(content: bytes, at: int, first: Frame) -> int | None:
    """The next frame behind a tag or a damaged place.

    Raises:
        ValueError: it is of another kind.
    """
    at = at + after_tag(content[at : at + 10]) if content[at : at + 3] == b"ID3" else at
    while 0 <= at < len(content):
        its = frame(content, at)
        if its is not None and its.size and _same(content, at + its.size, its):
            if its.kind == first.kind:
                return at
            after = frame(content, at + its.size)
            if after and _same(content, at + its.size + after.size, its):
                raise ValueError(
                    f"MP3s of {first.rate} and {its.rate} Hz, or of one and two channels, joined; export it as one"
                )
        at = content.find(b"\xff", at + 1)
    return None


def _stated(content: bytes, at: int, its: Frame) -> int | None:
    """Frames that a Xing header says; None if there is none there."""
    place = at + 4 + its.side
    if content[place : place + 4] in (b"Xing", b"Info"):
        says = content[place + 4 : place + 12].ljust(8, b"\0")
        return struct.unpack(">L", says[4:])[0] if says[3] & 1 else 0
    return 0 if content[at + 36 : at + 40] == b"VBRI" else None


def _header(given: bytes, sound: bytes, first: Frame, count: int, size: int) -> bytes:
    """A frame that holds no sound and says how many follow it; the given one, mended, if it can say so.

    Args:
        given: the file's own such frame, or nothing.
        sound: the header of the first frame that holds sound.
        first: what it says.
        count: frames that follow.
        size: their bytes.
    """
    place = 4 + first.side
    if given[place : place + 4] in (b"Xing", b"Info") and given[place + 7] & 3 == 3:
        return given[: place + 8] + struct.pack(">LL", count, len(given) + size) + given[place + 16 :]
    # without a checksum, of a bit rate that leaves room
    head = bytes([0xFF, sound[1] | 1, 9 << 4 | sound[2] & 0x0C, sound[3]])
    made = frame(head, 0)
    assert made is not None
    says = b"Xing" + struct.pack(">LLL", 3, count, made.size + size)
    return (head + bytes(first.side) + says).ljust(made.size, b"\0")
