"""Ogg: streams joined end to end, of which libsndfile hears the first (RFC 3533, chained streams)."""

from overheard.media.streams.parts import Parts

_BEGINS, _ENDS = 2, 4


def parts(content: bytes) -> Parts:
    """Walk an Ogg's pages; a page that begins a stream after pages that do not is the next part."""
    starts, cut_off, before, last = [], False, _ENDS, 0
    number: dict[bytes, int] = {}  # of the last page, by stream
    at = content.find(b"OggS")
    while at >= 0 and at + 27 <= len(content):
        flags = content[at + 5]
        if flags & _BEGINS and not before & _BEGINS:
            cut_off |= bool(starts) and not last & _ENDS
            starts.append(at)
            number = {}
        stream, its = content[at + 14 : at + 18], int.from_bytes(content[at + 18 : at + 22], "little")
        cut_off |= its != number.get(stream, its - 1) + 1  # pages are missing
        number[stream] = its
        before = last = flags
        segments = content[at + 27 : at + 27 + content[at + 26]]
        after = at + 27 + content[at + 26] + sum(segments)
        if content[after : after + 4] != b"OggS":
            found = content.find(b"OggS", at + 4)
            if after > len(content) or 0 <= found < after:
                last = 0  # this page is cut off
            after = found
        at = after
    cut_off |= not last & _ENDS
    if len(starts) < 2:
        return Parts(cut_off=cut_off)
    ends = [*starts[1:], len(content)]
    return Parts(tuple(content[start:end] for start, end in zip(starts, ends, strict=True)), cut_off)
