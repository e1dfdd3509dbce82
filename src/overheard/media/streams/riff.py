"""WAV: whether its chunks tell the truth about how long it is.

libsndfile believes the data chunk where it is shorter than what follows, hears nothing where it says 0, and refuses
two of them. So the chunks are walked here; small reads alone, as most files are honest and may be large.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from overheard.media.streams import mpeg
from overheard.media.streams.parts import Parts, check_rate, holds_no_sound

_MAGIC = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">"}
_KNOWN = (
    *(b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"inst", b"fact", b"JUNK", b"junk", b"PEAK", b"iXML"),
    *(b"PAD ", b"FLLR", b"_PMX", b"axml", b"chna", b"acid", b"DISP", b"afsp", b"guan", b"wamd", b"data", b"fmt "),
)
_UNKNOWN = 0x7FFF0000  # programs that write to a pipe state this size or more
_MP3 = b"\x55\0"  # the format whose data are an MP3's
_LONGEST_FORM = 1024  # bytes of a fmt chunk
_SLACK_S = 0.1  # so much may lie behind the data without being missed


def is_riff(head: bytes) -> bool:
    """Whether twelve bytes begin a WAV."""
    return head[:4] in _MAGIC and head[8:12] == b"WAVE"


@dataclass(frozen=True)
class _Data:
    """A data chunk as found, and what is needed to make a file of it."""

    order: str
    form: bytes  # the fmt chunk before it
    begin: int
    end: int

    @property
    def bytes_a_second(self) -> int:
        return struct.unpack(self.order + "L", self.form[8:12])[0] if len(self.form) >= 12 else 0


def parts(stream: BinaryIO, start: int = 0) -> Parts:
    """Walk a WAV's chunks.

    Args:
        stream: the file.
        start: where it begins in the stream.

    Raises:
        ValueError: sound lies behind the data chunk (says how long both are), or no sampling rate or channels.
    """
    walk = _Walk(stream, start)
    found = list(walk)
    if found and found[-1].form[:2] == _MP3:
        sound = b"".join(walk.read(its.begin, its.end - its.begin) for its in found)
        inside = mpeg.parts(sound)
        return Parts(inside.files or (sound,), walk.cut_off or inside.cut_off)
    if walk.unfinished or len(found) > 1:
        return Parts(tuple(_file(its, walk.read(its.begin, its.end - its.begin)) for its in found), walk.cut_off)
    return Parts(cut_off=walk.cut_off)


class _Walk:
    """The data chunks of a file, one after the other.

    Attributes:
        cut_off: a chunk states more than there is.
        unfinished: a chunk states nothing, though something follows.
    """

    def __init__(self, stream: BinaryIO, start: int) -> None:
        self._stream, self._start, self._end = stream, start, stream.seek(0, 2)
        self._order = "<"
        self.cut_off = self.unfinished = False

    def read(self, place: int, size: int) -> bytes:
        self._stream.seek(place)
        return self._stream.read(size)

    def __iter__(self) -> Iterator[_Data]:
        form, wide, at = b"", 0, self._start
        while at + 8 <= self._end and self._begins_chunk(at):
            head = self.read(at, 12)
            if is_riff(head):
                self._order, at = _MAGIC[head[:4]], at + 12
                continue
            name, size = head[:4], struct.unpack(self._order + "L", head[4:8])[0]
            at += 8
            if name == b"ds64":
                wide = int.from_bytes(self.read(at + 8, 8), "little")
            elif name == b"fmt ":
                form = self.read(at, min(size, _LONGEST_FORM))
                self._check(form)
            elif name == b"data":
                data = _Data(self._order, form, at, self._data_end(at, wide if wide and size == 0xFFFFFFFF else size))
                self._refuse_sound_behind(data)
                yield data
                size = data.end - at
            at = self._next(at + size)

    def _check(self, form: bytes) -> None:
        """Say what is wrong in a header of which libsndfile says that it is incomplete."""
        if len(form) >= 8:
            _, channels, rate = struct.unpack(self._order + "HHL", form[:8])
            check_rate(rate)
            if channels == 0:
                raise ValueError("0 channels; mend its header")

    def _begins_chunk(self, at: int) -> bool:
        """Whether a chunk begins here: of a known name, or of some letters and a size that fits."""
        head = self.read(at, 12)
        if head[:4] in _KNOWN or is_riff(head):
            return True
        letters = len(head) >= 8 and all(32 <= byte < 127 for byte in head[:4])
        return letters and struct.unpack(self._order + "L", head[4:8])[0] <= self._end - at

    def _next(self, at: int) -> int:
        """Where the next chunk begins: at an even place, though some programs forget it."""
        return at if at % 2 == 0 or at >= self._end or self._begins_chunk(at) else at + 1

    def _data_end(self, begin: int, size: int) -> int:
        """Where the data of a chunk of a stated size end."""
        if size >= _UNKNOWN and begin + size > self._end:
            return self._end
        if size == 0 and begin < self._end and not self._begins_chunk(begin):
            self.unfinished = True
            return self._end
        self.cut_off |= begin + size > self._end + 1
        return min(begin + size, self._end)

    def _refuse_sound_behind(self, data: _Data) -> None:
        """Behind the data stand chunks, or nothing to hear."""
        at = self._next(data.end)
        rest, a_second = self._end - at, data.bytes_a_second
        if not rest > _SLACK_S * a_second > 0 or self._begins_chunk(at) or holds_no_sound(self.read(at, rest)):
            return
        heard, more = (data.end - data.begin) / a_second, rest / a_second
        raise ValueError(f"its header says {heard:.2f} s, and what follows would be {more:.2f} s more; export it again")


def _file(its: _Data, data: bytes) -> bytes:
    """A WAV of one format and one data chunk, whose sizes are right."""
    chunks = b"fmt " + struct.pack(its.order + "L", len(its.form)) + its.form + b"\0" * (len(its.form) % 2)
    chunks += b"data" + struct.pack(its.order + "L", len(data)) + data
    magic = b"RIFX" if its.order == ">" else b"RIFF"
    return magic + struct.pack(its.order + "L", len(chunks) + 4) + b"WAVE" + chunks
