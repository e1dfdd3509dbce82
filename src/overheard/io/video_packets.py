"""Shell: what the packets of an open video say, before any is decoded: when frames are shown, which are needed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from overheard.errors import MediaError


class Coded(NamedTuple):
    """A packet of the pictures, without its bytes; times in the stream's unit."""

    stamp: int
    end: int
    is_key: bool  # can be decoded without others
    whole: bool  # not cut off by the file's end
    seen: bool  # whole, and not left out by an edit list


@dataclass(frozen=True)
class Listed:
    """The packets of a video.

    Attributes:
        packets: in the order of decoding.
        shown: stamps of the frames that can be seen, increasing.
        end_s: of the last packet of any stream.
        counted: the stamps are those of a constant rate, not of each packet's own frame.
    """

    packets: list[Coded]
    shown: list[int]
    end_s: float
    counted: bool


def listed(container: InputContainer, stream: VideoStream) -> Listed:
    """Read all packets of a file.

    Raises:
        MediaError: frames without a time of their own.
    """
    # AVI knows no times: its frames follow each other evenly, in the order in which they leave the decoder
    even = container.format.name == "avi"
    packets, end_s = [], 0.0
    for packet in with_bytes(container.demux()):
        own = packet.stream_index == stream.index
        stamp = packet.dts if even else packet.pts
        if stamp is None:
            if own:
                raise MediaError(f"frame {len(packets)} (from 0) without a time stamp; export it again")
            continue
        end = stamp + packet.duration
        end_s = max(end_s, float(end * packet.time_base))
        if own:
            whole = not packet.is_corrupt
            packets.append(Coded(stamp, end, packet.is_keyframe, whole, whole and not packet.is_discard))
    shown = sorted(packet.stamp for packet in packets if packet.seen)
    if twice := [stamp for stamp, later in pairwise(shown) if stamp == later]:
        seconds = float(twice[0] * stream.time_base)
        raise MediaError(f"two frames at {seconds:.3f} s; expected one at a time: export it again")
    return Listed(packets, shown, end_s, counted=even and not all(packet.is_key for packet in packets))


def with_bytes(packets: Iterator[Packet]) -> Iterator[Packet]:
    """Packets that are more than the mark of an end, or of a frame that AVI repeats."""
    return (packet for packet in packets if packet.size)


def needed(packets: list[Coded], wanted: Collection[int]) -> set[int]:
    """Positions of the packets to decode for frames of some stamps.

    They are those from a beginning before each wanted one to the next beginning.
    """
    begins, earliest = [len(packets)], packets[-1].stamp
    for position in reversed(range(len(packets))):
        earliest = min(earliest, packets[position].stamp)
        # a key frame behind which earlier frames stand is none to begin at: they are predicted from both its sides
        if position == 0 or (packets[position].is_key and packets[position].stamp == earliest):
            begins.append(position)
    return {
        position
        for begin, end in pairwise(reversed(begins))
        if any(packet.stamp in wanted for packet in packets[begin:end])
        for position in range(begin, end)
        if packets[position].whole
    }
