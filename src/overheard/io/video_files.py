"""Shell: reads and writes one video on disk by FFmpeg (PyAV). Everything else takes what comes out of here."""

import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from overheard.errors import MediaError
from overheard.io import video_packets
from overheard.io.video_packets import Listed
from overheard.media.inspected import Video

_KINDS = {"mov,mp4,m4a,3gp,3g2,mj2": "MP4", "avi": "AVI", "matroska,webm": "MKV"}  # MOV is MP4's kind
_LATE_S = 0.2  # by which a track may begin after its file
_SHORT_S = 0.05  # by which a file that counts no frames may end before its header says


def inspect_video(path: Path, fewer_frames: bool = False) -> Video:
    """Tell what a video holds by its packets; nothing is decoded.

    Args:
        path: MP4, MOV, AVI or MKV; the content decides, not the name.
        fewer_frames: whether there may be fewer frames than the header promises.

    Raises:
        MediaError: says what was found and what to do; there are fewer frames than the header promises, or MKV's, which
            counts none, ends early.
    """
    with _opened(path) as container:
        stream = _video_stream(container)
        listed = video_packets.listed(container, stream)
        if not listed.shown:
            raise MediaError("no frames; replace or remove it")
        if not fewer_frames:
            _check_promise(container, stream.frames, listed)
        unit, begin = stream.time_base, _beginning_s(container)
        return Video(
            kind=f"{_KINDS[container.format.name]} {stream.codec_context.name}",
            times_s=np.array([float(stamp * unit) for stamp in listed.shown]) - begin,
            seconds=float(max(packet.end for packet in listed.packets if packet.seen) * unit) - begin,
            promised=stream.frames or None,
            has_sound=bool(container.streams.audio),
        )


def read_frames(path: Path, wanted: Sequence[int]) -> Iterator[np.ndarray]:
    """Decode some frames of a video one after the other, upright by its rotation flag.

    Between key frames, frames that no wanted one is predicted from are skipped, as far as the coding tells.

    Args:
        path: of a file that `inspect_video` took.
        wanted: frames counted from 0 in the order of `Video.times_s`, never decreasing; one may stand repeatedly.

    Yields:
        (height, width, 3) uint8, one for each entry of `wanted`.

    Raises:
        MediaError: a frame cannot be decoded.
        ValueError: the order.
    """
    left = deque(int(index) for index in wanted)
    if sorted(left) != list(left):
        raise ValueError(f"expected frames in the order of time, got {list(left)}")
    if not left:
        return
    with _opened(path) as container:
        stream = _video_stream(container)
        listed = video_packets.listed(container, stream)
    if left[-1] >= (count := len(listed.shown)):
        raise MediaError(f"{count} frames, and frame {left[-1]} (from 0) is asked for; replace or remove it")
    for sparing in (True, False):
        try:
            yield from _taken(path, listed, left, sparing)
        except MediaError:
            # H.264 may mark frames as keys behind which others are predicted from before them
            if not sparing:
                raise
        if not left:
            return
    raise MediaError(f"frame {left[0]} (from 0) of {count} cannot be decoded; replace or remove it")


def read_track(path: Path) -> tuple[np.ndarray, int]:
    """The sound track of a video: (n, channels) float32 in -1..1, and its rate in Hz.

    Raises:
        MediaError: there is none, or it does not begin with the video.
    """
    with _opened(path) as container:
        if not container.streams.audio:
            raise MediaError("no sound track, and no sound file of its own; put one beside it, or remove it")
        stream = _known(container.streams.audio[0])
        stream.codec_context.thread_count = 1
        to_float = AudioResampler(format="fltp")  # rate and channels stay
        blocks: list[np.ndarray] = []
        for frame in container.decode(stream):
            late = (frame.time or 0.0) - _beginning_s(container)
            if not blocks and late > _LATE_S:
                raise MediaError(
                    f"a sound track that begins {late:.2f} s after the video; expected at most {_LATE_S} s: "
                    "export it again"
                )
            blocks += [block.to_ndarray().T for block in to_float.resample(frame)]
        if not blocks:
            raise MediaError("no samples in its sound track; replace or remove it")
        return np.concatenate(blocks), stream.rate


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    frame_rate: int | Fraction,
    sound: np.ndarray | None = None,
    rate: int = 48000,
    quantiser: int = 3,
) -> None:
    """Write frames as MJPEG: the same bytes each time in .mp4, .mov and .avi.

    Args:
        path: its ending says the container.
        frames: (height, width, 3) uint8 each, of one size.
        frame_rate: frames a second.
        sound: (n, channels) float32 in -1..1, one or two channels, stored as PCM of 16 bits; None: no track.
        rate: of the sound, Hz.
        quantiser: of JPEG, 2 (finest) to 31.
    """
    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("mjpeg", rate=Fraction(frame_rate), pix_fmt="yuvj420p")
        codec = video.codec_context
        codec.thread_count = 1
        codec.options = {"qmin": str(quantiser), "qmax": str(quantiser)}
        track = None
        if sound is not None:
            track = container.add_stream("pcm_s16le", rate=rate, layout="mono" if sound.shape[1] == 1 else "stereo")
        done = 0
        for number, picture in enumerate(frames):
            if number == 0:
                codec.height, codec.width = picture.shape[:2]
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, 1 / Fraction(frame_rate)
            container.mux(video.encode(frame))
            if track is not None and done < len(sound):
                # by turns, or a cut file would have one of the two alone
                until = round((number + 1) * rate / frame_rate)
                container.mux(track.encode(_block(sound[done:until], rate, done)))
                done = until
        if track is not None and done < len(sound):
            container.mux(track.encode(_block(sound[done:], rate, done)))
        for stream in filter(None, (video, track)):
            container.mux(stream.encode(None))


def _block(samples: np.ndarray, rate: int, at: int) -> AudioFrame:
    whole = np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    block = AudioFrame.from_ndarray(np.ascontiguousarray(whole).reshape(1, -1), format="s16", layout=layout)
    block.rate, block.pts, block.time_base = rate, at, Fraction(1, rate)
    return block


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    """A video that is open; what FFmpeg raises of it, as one error."""
    with path.open("rb") as stream:
        if stream.seek(0, io.SEEK_END) == 0:
            raise MediaError("not a video that can be read (0 bytes); replace or remove it")
        stream.seek(0)
        try:
            with av.open(stream, metadata_errors="replace") as container:
                if (found := container.format.name) not in _KINDS:
                    raise MediaError(f"{found}, whatever its name says; expected MP4, MOV, AVI or MKV: convert it")
                yield container
        except av.FFmpegError as error:
            said = (error.strerror or str(error)).lower()
            raise MediaError(f"broken, truncated or no video ({said}); replace or remove it") from error


def _video_stream(container: InputContainer) -> VideoStream:
    """The first that is no picture on a cover."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return _known(stream)
    found = ", ".join(stream.type for stream in container.streams if stream.type != "video") or "nothing"
    raise MediaError(f"no video stream in it (found {found}); replace or remove it")


def _known(stream: Stream) -> Stream:
    if stream.codec_context is None:
        raise MediaError(f"{stream.type} in a coding that FFmpeg does not know; convert it")
    return stream


def _beginning_s(container: InputContainer) -> float:
    """When the file begins; what comes before 0 s is a codec's start, which nobody sees or hears."""
    return max(container.start_time or 0, 0) / av.time_base


def _check_promise(container: InputContainer, promised: int, listed: Listed) -> None:
    next_step = "export it again, remove it, or set source.fewer_frames: true"
    found, end_s = len(listed.shown), listed.end_s
    if found < promised:
        raise MediaError(f"{promised} frames promised by its header, {found} can be decoded; {next_step}")
    promised_s = (container.duration or 0) / av.time_base
    if not promised and promised_s > end_s + _SHORT_S:
        raise MediaError(f"{promised_s:.2f} s promised by its header, it ends after {end_s:.2f} s; {next_step}")


def _taken(path: Path, listed: Listed, left: deque[int], sparing: bool) -> Iterator[np.ndarray]:
    """The frames that are left to read, each removed when it was given, until one is damaged."""
    wanted = {listed.shown[index] for index in left}
    numbers = {stamp: number for number, stamp in enumerate(listed.shown)}
    sparing &= not listed.counted
    needed = video_packets.needed(listed.packets, wanted if sparing else set(listed.shown))
    unseen = {at for at, packet in enumerate(listed.packets) if sparing and packet.stamp not in wanted}
    frames = _decoded(path, needed, unseen)
    to_rgb = VideoReformatter()  # one for all frames: each new one costs half of a small frame's decoding
    for out, frame in enumerate(frames):
        number = out if listed.counted else numbers.get(frame.pts, -1)
        # a damaged frame damages those that are predicted from it
        if frame.is_corrupt:
            return
        if out == 0:
            turn = _turn(frame)
        if number == left[0]:
            picture = _upright(to_rgb.reformat(frame, format="rgb24", threads=1).to_ndarray(), *turn)
        while left and left[0] == number:
            yield picture
            left.popleft()
        if not left:
            return


def _decoded(path: Path, needed: set[int], unseen: set[int]) -> Iterator[VideoFrame]:
    """Frames in the order of time of the packets at some positions, of the unseen those that others need."""
    with _opened(path) as container:
        stream = _video_stream(container)
        codec = stream.codec_context
        codec.thread_count = 1  # the processes are the cores' work
        codec.options = {"err_detect": "explode"}  # rather than a picture that the decoder made up
        codec.open()
        before = -1
        for position, packet in enumerate(video_packets.with_bytes(container.demux(stream))):
            if position not in needed:
                continue
            if position > before + 1:
                yield from stream.decode(None)
                codec.flush_buffers()
            codec.skip_frame = "NONREF" if position in unseen else "DEFAULT"
            yield from stream.decode(packet)
            before = position
        yield from stream.decode(None)


def _turn(frame: VideoFrame) -> tuple[bool, int, int]:
    """What a file's display matrix asks for: whether to transpose, then the steps down and to the right, 1 or -1."""
    sides = [side for side in frame.side_data if side.type == Type.DISPLAYMATRIX]
    if not sides:
        return False, 1, 1
    a, b, _, c, d = np.frombuffer(bytes(sides[0]), np.int32)[:5].tolist()
    # a point (x, y) of the stored picture is shown at (a x + c y, b x + d y)
    if a == d == 0 and b and c:
        return True, int(np.sign(b)), int(np.sign(c))
    if b == c == 0 and a and d:
        return False, int(np.sign(d)), int(np.sign(a))
    raise MediaError("a rotation of no quarter turns; export it upright")


def _upright(picture: np.ndarray, transposed: bool, down: int, right: int) -> np.ndarray:
    shown = picture.transpose(1, 0, 2) if transposed else picture
    return np.ascontiguousarray(shown[::down, ::right])
