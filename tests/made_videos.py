"""Videos of every kind, made here."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def pictures(count: int, height: int = 48, width: int = 64) -> np.ndarray:
    """(count, height, width, 3) uint8: waves that move, and a blue that tells the number of the frame."""
    x, y, k = np.arange(width), np.arange(height)[:, None], np.arange(count)[:, None, None]
    red, green = 128 + 90 * np.sin((x + 3 * k) / 15), 128 + 90 * np.sin((y + 2 * k) / 9)
    blue = 6.0 * k
    return np.stack(np.broadcast_arrays(red, green, blue), axis=-1).round().astype(np.uint8)


def tone(seconds: float, rate: int = 48000) -> np.ndarray:
    """(n, 2) float32: a tone for each ear."""
    t = np.arange(round(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * 440 * t), 0.2 * np.sin(2 * np.pi * 300 * t)], axis=1).astype(np.float32)


def encoded(
    path: Path,
    frames: np.ndarray,
    codec: str = "mjpeg",
    times_ms: Sequence[int] | None = None,
    rotation: float | None = None,
    mirrored: bool = False,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
) -> None:
    """Write frames by any encoder of FFmpeg, ten a second or at times of their own."""
    with av.open(str(path), "w", container_options=container or {}) as output:
        stream = output.add_stream(codec, rate=10, pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p")
        stream.height, stream.width = frames.shape[1:3]
        stream.codec_context.options = options or {}
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 100 * number if times_ms is None else times_ms[number], Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
