"""WAV: whether its chunks tell the truth about how long it is.

libsndfile believes the data chunk where it is shorter than what follows, hears nothing where it says 0, and refuses
two of them. So the chunks are walked here; small reads alone, as most files are honest and may be large.
"""

import struct
from typing import BinaryIO

from overheard.media.streams import mpeg
from overheard.media.streams.parts import Parts, holds_no_sound

_MAGIC = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">"}
_KNOWN = (b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"inst", b"fact", b"JUNK", b"junk", b"PEAK", b"iXML")
_KNOWN += (b"PAD ", b"FLLR", b"_PMX", b"axml", b"chna", b"acid", b"DISP", b"afsp", b"guan", b"wamd", b"data", b"fmt ")
_UNKNOWN = 0x7FFF0000  # programs that write to a pipe state this size or more
_MP3 = b"\x55\0"  # the format whose data are an MP3's
_SLACK_S = 0.1  # so much may lie behind the data without being missed


def is_riff(head: bytes) -> bool:
    """Whether twelve bytes begin a WAV."""
    return head[:4] in _MAGIC and head[8:12] == b"WAVE"


def parts(stream: BinaryIO, start: int = 0) -> Parts:
    """Walk a WAV's chunks.

    Args:
        stream: the file.
        start: where it begins in the stream.

    Raises:
        ValueError: sound lies behind the data chunk; says how long both are.
    """
    end = stream.seek(0, 2)
    found: list[tuple[bytes, bytes, int, int]] = []  # magic, fmt chunk, begin and end of data
    magic, form, honest, cut_off, wide = b"RIFF", b"", True, False, 0
    at = start
    while at + 8 <= end:
        head = _at(stream, at, 12)
        if is_riff(head):
            magic, at = head[:4], at + 12
            continue
        name, size = head[:4], struct.unpack(_MAGIC[magic] + "L", head[4:8])[0]
        body = at + 8
        if name == b"ds64":
            wide = int.from_bytes(_at(stream, body + 8, 8), "little")
        elif name == b"fmt ":
            form = _at(stream, body, size) if size < 1024 else b""
        elif name == b"data":
            size = wide if size == 0xFFFFFFFF and wide else size
            stops, cut_off, said = _data(stream, body, size, end, cut_off)
            honest &= said
            found.append((magic, form, body, stops))
            at = _next(stream, stops, end)
            _refuse_rest(stream, form, found[-1][2:], (at, end), magic)
            continue
        elif not _is_chunk(head, end - at, magic):
            break
        at = _next(stream, body + size, end)
    if found and form[:2] == _MP3:
        sound = b"".join(_at(stream, begin, stop - begin) for _, _, begin, stop in found)
        inside = mpeg.parts(sound)
        return Parts(inside.files or (sound,), cut_off or inside.cut_off)
    if honest and len(found) < 2:
        return Parts(cut_off=cut_off)
    return Parts(tuple(_file(stream, *its) for its in found), cut_off)


def _at(stream: BinaryIO, place: int, size: int) -> bytes:
    stream.seek(place)
    return stream.read(size)


def _data(stream: BinaryIO, begin: int, size: int, end: int, cut_off: bool) -> tuple[int, bool, bool]:
    """Where the data of a chunk end, whether they are cut off, and whether libsndfile will find the same."""
    if size >= _UNKNOWN and begin + size > end:
        return end, cut_off, True
    if size == 0 and begin < end:
        unfinished = not _is_chunk(_at(stream, begin, 12), end - begin, b"RIFF")
        return end if unfinished else begin, cut_off, not unfinished
    return min(begin + size, end), cut_off or begin + size > end + 1, True


def _next(stream: BinaryIO, at: int, end: int) -> int:
    """Where the next chunk begins: at an even place, though some programs forget it."""
    return at if at % 2 == 0 or at >= end or _is_chunk(_at(stream, at, 12), end - at, b"RIFF") else at + 1


def _is_chunk(head: bytes, room: int, magic: bytes) -> bool:
    name = head[:4]
    if name in _KNOWN or is_riff(head):
        return True
    size = struct.unpack(_MAGIC[magic] + "L", head[4:8])[0] if len(head) >= 8 else 0
    return len(name) == 4 and all(32 <= byte < 127 for byte in name) and size <= room


def _refuse_rest(stream: BinaryIO, form: bytes, data: tuple[int, int], rest: tuple[int, int], magic: bytes) -> None:
    """Behind the data stand chunks, or nothing to hear."""
    at, end = rest
    if end - at < 8 or len(form) < 12 or _is_chunk(_at(stream, at, 12), end - at, magic):
        return
    a_second = struct.unpack(_MAGIC[magic] + "L", form[8:12])[0]
    if end - at > _SLACK_S * a_second > 0 and not holds_no_sound(_at(stream, at, end - at)):
        heard, more = ((stop - begin) / a_second for begin, stop in (data, rest))
        raise ValueError(f"its header says {heard:.2f} s, and what follows would be {more:.2f} s more; export it again")


def _file(stream: BinaryIO, magic: bytes, form: bytes, begin: int, end: int) -> bytes:
    """A WAV of one format and one data chunk, whose sizes are right."""
    order = _MAGIC[magic]
    chunks = b"fmt " + struct.pack(order + "L", len(form)) + form + b"\0" * (len(form) % 2)
    data = _at(stream, begin, end - begin)
    chunks += b"data" + struct.pack(order + "L", len(data)) + data
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(order + "L", len(chunks) + 4) + b"WAVE" + chunks
