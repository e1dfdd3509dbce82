"""Folders of pairs for the tests of the field: small files made here, and the media stage on them."""

import csv
import io
import wave
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from overheard.stages.media import Settings, media

RATE = 8000


@cache
def jpeg(colour: int) -> bytes:
    """A picture of 16 × 16 pixels."""
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), (colour % 256, 7 * colour % 256, 90)).save(stream, "JPEG")
    return stream.getvalue()


@cache
def wav(seconds: float, pitch: int = 0) -> bytes:
    """A sound of 16 bits, one channel, 8 kHz."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", None))
        phase = np.arange(round(seconds * RATE)) * (0.05 + 0.01 * pitch)
        sound.writeframes((8000 * np.sin(phase)).astype("<i2").tobytes())
    return stream.getvalue()


def pairs(root: Path, classes: tuple[str, ...] = ("airport", "beach"), locations: int = 5, copies: int = 1) -> Path:
    """Clips NNNNN, NNNNN_1, …: `copies` of each location, of three seconds."""
    for number, name in enumerate(classes):
        for place in range(locations):
            for copy in range(copies):
                clip = f"{number}{place:04d}" + (f"_{copy}" if copy else "")
                pair(root, name, clip, 3.0, 100 * number + 10 * place + copy)
    return root


def pair(root: Path, name: str, clip: str, seconds: float = 3.0, look: int = 0) -> None:
    """One clip's picture and sound."""
    for part, ending, content in (("vision", "jpg", jpeg(look)), ("sound", "wav", wav(seconds, look))):
        path = root / part / name / f"{clip}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def run(root: Path, out: Path, collection: str = "pairs", **settings) -> tuple[list[dict[str, str]], str]:
    """The index and the report of the media stage."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / name for name in ("index.csv", "manifest.csv", "statistics.csv", "report.md")]
    media(root, collection, Settings(**({"seed": 0} | settings)), *paths)
    return table(paths[0]), paths[3].read_text(encoding="utf-8")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
