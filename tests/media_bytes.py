"""Sounds and pictures of every kind, made here as bytes."""

import io
import struct
import zlib

import numpy as np
import soundfile
from PIL import Image

RATE = 8000


def noise(seconds: float, rate: int = RATE, seed: int = 0, level: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-level, level, round(seconds * rate)).astype(np.float32)


def encoded(samples: np.ndarray, rate: int = RATE, **how) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, **how)
    return stream.getvalue()


def wav(samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
    return encoded(samples, rate, format="WAV", subtype=subtype)


def with_size(content: bytes, size: int, of: bytes = b"data") -> bytes:
    """A WAV whose chunk says another size."""
    at = content.index(of) + 4
    return content[:at] + struct.pack("<L", size) + content[at + 4 :]


def saved(picture: Image.Image, form: str, **how) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **how)
    return stream.getvalue()


def png(values: np.ndarray, chunks: bytes = b"") -> bytes:
    """A 16-bit PNG of 1 to 4 bands, by the letters of its specification; Pillow writes none of several bands."""

    def chunk(kind, content):
        return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))

    height, width, bands = values.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    header = struct.pack(">LLBBBBB", width, height, 16, [0, 4, 2, 6][bands - 1], 0, 0, 0)
    body = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(values: np.ndarray, order: str = "<", big: bool = False, planar: bool = False, tile: int = 0, **tags) -> bytes:
    """A TIFF of (height, width, bands), by the letters of TIFF 6.0 and of BigTIFF; tags by `t` and number."""
    height, width, bands = values.shape
    given = {int(name[1:]): value for name, value in tags.items()}
    predictor, packed = given.get(317, 1), given.get(259, 1) == 8
    planes = [values[..., k : k + 1] for k in range(bands)] if planar else [values]
    if tile:
        padded = [np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0))) for plane in planes]
        tops, lefts = (range(0, -(-side // tile) * tile, tile) for side in (height, width))
        planes = [its[top : top + tile, left : left + tile] for its in padded for top in tops for left in lefts]
    pieces = [piece_of(plane, order, predictor) for plane in planes]
    pieces = [zlib.compress(piece) for piece in pieces] if packed else pieces
    starts = np.cumsum([16, *map(len, pieces)]).tolist()
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    found = {
        256: width,
        257: height,
        258: [8 * values.itemsize] * bands,
        259: 1,
        262: 2 if bands == 3 else 1,
        277: bands,
    }
    found |= {278: height, 284: 2 if planar else 1, 339: [kind] * bands} | given
    where, sizes = (324, 325) if tile else (273, 279)
    found |= {where: starts[:-1], sizes: [len(piece) for piece in pieces]} | ({322: tile, 323: tile} if tile else {})
    at = starts[-1] + starts[-1] % 2
    head = struct.pack(order + ("HHHQ" if big else "HL"), *((43, 8, 0, at) if big else (42, at)))
    head = (b"II" if order == "<" else b"MM") + head
    body = head.ljust(16, b"\0") + b"".join(pieces)
    return body.ljust(at, b"\0") + directory(found, order, big, at)


def piece_of(plane: np.ndarray, order: str, predictor: int) -> bytes:
    """A strip or tile: as it is (1), as differences (2), or as differences of floats' bytes (3; Adobe's note 3)."""
    if predictor == 2:
        plane = np.diff(plane, axis=1, prepend=np.zeros_like(plane[:, :1]))
    if predictor != 3:
        return plane.astype(plane.dtype.newbyteorder(order)).tobytes()
    height, width, bands = plane.shape
    each = plane.astype(plane.dtype.newbyteorder(">")).view(np.uint8).reshape(height, width * bands, -1)
    apart = each.swapaxes(1, 2).reshape(height, -1, bands)
    return np.diff(apart, axis=1, prepend=np.zeros_like(apart[:, :1])).tobytes()


def directory(tags: dict, order: str, big: bool, at: int) -> bytes:
    number, room = ("Q", 8) if big else ("L", 4)
    head = struct.pack(order + ("Q" if big else "H"), len(tags))
    after, entries, behind = at + len(head) + len(tags) * (20 if big else 12) + room, b"", b""
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        packed = struct.pack(f"{order}{len(values)}L", *values)
        if len(packed) > room:
            behind, packed = behind + packed, struct.pack(order + number, after + len(behind))
        entries += struct.pack(order + "HH" + number, tag, 4, len(values)) + packed.ljust(room, b"\0")
    return head + entries + bytes(room) + behind


def levels(*shape: int) -> np.ndarray:
    """Whole numbers from 0 to 255, some of each."""
    return np.random.default_rng(0).integers(0, 256, shape)
