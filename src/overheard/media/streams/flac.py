"""FLAC: files joined end to end, and headers whose number of samples is not what the frames hold (RFC 9639).

libFLAC hears what the first header says. The last frame's own header says where it stands.
"""

import re
from functools import cache

from overheard.media.streams.parts import Parts, after_tag, holds_no_sound

_BEGIN = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
_LONGEST = 1 << 18  # bytes of a frame: 16 bits, 8 channels, 16,384 samples
_TRIED = 8  # of the places that look like the last frame's begin
_BLOCKS = {1: 192} | {code: 576 << code - 2 for code in range(2, 6)} | {code: 256 << code - 8 for code in range(8, 16)}


def parts(content: bytes) -> Parts:
    """Split a file where another begins, and put the true number of samples into each header."""
    starts = [its.start() for its in _BEGIN.finditer(content, after_tag(content))]
    ends = [*starts[1:], len(content)]
    files = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    wrong, cut_off = [], False
    for number, file in enumerate(files):
        stated, held = _stated(file), _held(file)
        if held is not None and held != stated:
            wrong.append(number)
            cut_off |= held < stated
            files[number] = file[:18] + ((int.from_bytes(file[18:26]) >> 36 << 36) | held).to_bytes(8) + file[26:]
    return Parts(tuple(files) if wrong or len(files) > 1 else None, cut_off)


def _stated(file: bytes) -> int:
    """Samples of a channel that the header states; 0: unknown."""
    return int.from_bytes(file[18:26]) & (1 << 36) - 1


def _held(file: bytes) -> int | None:
    """Samples of a channel up to the end of the last frame; None where that frame cannot be told."""
    stated, block = _stated(file), int.from_bytes(file[8:10])
    before = max(0, len(file) - _LONGEST)
    places = [before + found.start() for found in re.finditer(rb"\xff[\xf8\xf9]", file[before:])]
    ends = [(at, samples) for at in places if (samples := _end_of_frame(file, at, block)) is not None]
    if any(samples == stated for _, samples in ends):
        return stated
    return next((samples for at, samples in ends[: -_TRIED - 1 : -1] if _ends_here(file, at)), None)


def _end_of_frame(file: bytes, at: int, block: int) -> int | None:
    """Samples up to the end of the frame at a place; None if no frame's header stands there."""
    head = file[at : at + 16]
    if len(head) < 16 or head[3] & 1 or head[2] >> 4 == 0 or head[2] & 15 == 15:
        return None
    long = _bytes_of_number(head[4])
    number = head[4] if long == 1 else head[4] & (1 << 7 - long) - 1
    for byte in head[5 : 4 + long]:
        number = number << 6 | byte & 63
    code, rate, after = head[2] >> 4, head[2] & 15, 4 + long
    width = {6: 1, 7: 2}.get(code, 0)
    samples = _BLOCKS[code] if not width else int.from_bytes(head[after : after + width]) + 1
    after += width + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if after >= len(head) or _crc(head[:after], 8, 0x07) != head[after]:
        return None
    return (number if head[1] & 1 else number * block) + samples


def _bytes_of_number(first: int) -> int:
    """Bytes of a number written as UTF-8 writes them, up to 7."""
    ones = 0
    while ones < 8 and first & 0x80 >> ones:
        ones += 1
    return max(1, min(ones, 7))


def _ends_here(file: bytes, at: int) -> bool:
    """Whether the frame at a place ends with the file, or before a tag: its checksum says so."""
    ends = [len(file)]
    if holds_no_sound(file[-128:]):
        ends.append(len(file) - 128)
    frames = [file[at:end] for end in ends if end > at + 2]
    return any(_crc(frame[:-2], 16, 0x8005) == int.from_bytes(frame[-2:]) for frame in frames)


def _crc(content: bytes, bits: int, polynomial: int) -> int:
    table, value, mask = _table(bits, polynomial), 0, (1 << bits) - 1
    for byte in content:
        value = (value << 8 & mask) ^ table[value >> bits - 8 ^ byte]
    return value


@cache
def _table(bits: int, polynomial: int) -> list[int]:
    """What each byte makes of a checksum of 0."""
    values = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> bits - 1 else 0)
            value &= (1 << bits) - 1
        values.append(value)
    return values
