"""Which header a file of sound has; what it says is checked by the reader of that kind."""

from typing import BinaryIO

from overheard.media.streams import flac, mpeg, ogg, riff
from overheard.media.streams.parts import Parts, after_tag


def parts(stream: BinaryIO) -> Parts:
    """How to hear all of a WAV, Ogg, FLAC or MP3.

    Raises:
        ValueError: the file does not tell what it holds; says what was found.
    """
    stream.seek(0)
    start = after_tag(head) if (head := stream.read(10)).startswith(b"ID3") else 0
    stream.seek(start)
    head = stream.read(12)
    if riff.is_riff(head):
        return riff.parts(stream, start)
    stream.seek(0)
    content = stream.read()
    if head.startswith(b"OggS"):
        return ogg.parts(content)
    if head.startswith(b"fLaC"):
        return flac.parts(content)
    return mpeg.parts(content)
