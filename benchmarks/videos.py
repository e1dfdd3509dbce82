"""How fast the needed frames of a clip are read, beside PyAV decoding them alone.

README line: `python benchmarks/videos.py` (a minute).

Clips of ten seconds at 30 frames a second are made here, as MJPEG and H.264, of which 100 frames are needed (one each
0.1 s). Ours is the whole way: time stamps, choice of frames by windows, decoding, colours. PyAV alone is its shortest
loop over the same file, told which frames they are: of MJPEG it decodes those and no others, of H.264 all, as it cannot
do otherwise. Both on one core, by turns; times are the core's seconds, the best of all turns.
"""

import os
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from overheard.io.video_files import inspect_video, read_frames, write_video
from overheard.media.windows import nearest_frames, window_centres_s, window_starts

TURNS = 7
SECONDS, RATE, FRAMES = 10, 30, 100
SIZES = {"twin's, 320 x 180": (180, 320), "640 x 360": (360, 640), "1280 x 720": (720, 1280)}


def main() -> None:
    print(f"one-minute load at the start: {os.getloadavg()[0]:.1f}")
    line = "{:36} {:>9} {:>9} {:>7}   {}"
    print(line.format("100 frames of a clip", "ours ms", "PyAV ms", "ratio", "asked for"))
    with tempfile.TemporaryDirectory() as name:
        for size, (height, width) in SIZES.items():
            for coding in ("MJPEG", "H.264"):
                path = Path(name) / "clip.mp4"
                make(path, coding, height, width)
                mine, theirs = by_turns(lambda path=path: ours(path), lambda path=path, c=coding: alone(path, c))
                kilobytes = path.stat().st_size // 1000
                row = (
                    f"{coding}, {size}, {kilobytes} kB",
                    f"{1e3 * mine:.0f}",
                    f"{1e3 * theirs:.0f}",
                    f"{mine / theirs:.2f}",
                )
                print(line.format(*row, "at most 1.2"))
    print(f"one-minute load at the end: {os.getloadavg()[0]:.1f}")


def wanted() -> np.ndarray:
    return np.arange(FRAMES) * SECONDS * RATE // FRAMES


def ours(path: Path) -> np.ndarray:
    """Sum of each frame, so that both sides hold one frame at a time and are compared."""
    video = inspect_video(path)
    # windows at a hop of 0.1 s whose middles are 0, 0.1, ... 9.9 s, at any rate of the sound
    starts = window_starts(1000 * SECONDS + 400, 1000, 0.1, centred=True)
    chosen = nearest_frames(video.times_s, window_centres_s(starts, 1000))
    return np.array([frame[::8, ::8].sum() for frame in read_frames(path, chosen)])


def alone(path: Path, coding: str) -> np.ndarray:
    needed, found = set(wanted().tolist()), []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if coding == "MJPEG":
            packets = (packet for number, packet in enumerate(container.demux(stream)) if number in needed)
            frames = (frame for packet in packets for frame in packet.decode())
        else:
            frames = (frame for number, frame in enumerate(container.decode(stream)) if number in needed)
        for frame in frames:
            found.append(frame.to_ndarray(format="rgb24")[::8, ::8].sum())
    return np.array(found)


def by_turns(first: Callable[[], np.ndarray], second: Callable[[], np.ndarray]) -> tuple[float, float]:
    """Best seconds of a core of both, which must find the same."""
    best = [np.inf, np.inf]
    for _ in range(TURNS):
        found = []
        for side, function in enumerate((first, second)):
            start = time.process_time()
            found.append(function())
            best[side] = min(best[side], time.process_time() - start)
        np.testing.assert_array_equal(*found)
    return best[0], best[1]


def make(path: Path, coding: str, height: int, width: int) -> None:
    """Clouds of all sizes, still, with a patch of them that moves: some work for a coder, as a street has."""
    random, still = np.random.default_rng(0), np.zeros((height, width, 3))
    for size in (64, 32, 16, 8, 4):
        coarse = random.integers(0, 256, (height // size + 1, width // size + 1, 3), dtype=np.uint8)
        still += np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    still = (still / 5).astype(np.uint8)
    patch = still[-(height // 4) :, : width // 4]
    frames = []
    for number in range(SECONDS * RATE):
        picture = still.copy()
        left = number * 2 % (width // 2)
        picture[height // 3 : height // 3 + height // 4, left : left + width // 4] = patch
        frames.append(picture)
    if coding == "MJPEG":
        write_video(path, frames, RATE)
        return
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, pix_fmt="yuv420p")
        stream.height, stream.width = height, width
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
