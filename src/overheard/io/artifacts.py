"""One reader and one writer per file format that crosses a stage border; readers check what they read.

Writers serialise to memory first, so that a file's bytes never depend on its name. Training imports this module:
it needs numpy alone at import time, torch only for weights.
"""

import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import CheckpointError, MediaError, PairingError

_DIGEST_BYTES = 32


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a whole file."""
    path.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends."""
    write_bytes(path, text.encode())


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a CSV with the given columns in the given order; floats with the digits that read back."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_table(path: Path, columns: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read a CSV as one dict a line; `columns` must be among its columns.

    Raises:
        MediaError: the file is not UTF-8 text or no CSV, a column is missing, or a line has another number of fields.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
    except UnicodeDecodeError as error:
        raise MediaError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except csv.Error as error:
        raise MediaError(f"{path}: not CSV ({error}); save it again, or delete it and run again") from error
    found = reader.fieldnames or []
    missing = [column for column in columns if column not in found]
    if missing:
        raise MediaError(f"{path}: no column {', '.join(missing)}; found {', '.join(found) or 'an empty file'}")
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise MediaError(f"{path}, line {line}: expected {len(found)} fields, as its first line has")
    return rows


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys."""
    write_text(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        MediaError: the file is not whole JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, a number without end, brackets without end
        raise MediaError(f"{path}: not JSON ({error}); delete it and run again") from error


def write_array(path: Path, array: np.ndarray) -> None:
    """Write one array as `.npy`."""
    write_bytes(path, _npy(array))


def create_array(path: Path, shape: tuple[int, ...], dtype: Any) -> np.memmap:
    """A new `.npy` on disk, to be filled in place; the disk gives all of it now.

    A full disk is an error here; while a hole is filled it would kill the process.
    """
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    with path.open("r+b") as stream:
        try:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
    return array


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Write several arrays as `.npz`, without dates, so that equal arrays give equal bytes."""
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for name, array in arrays.items():
            # numpy.savez streams: how zipfile writes a member of unknown size changed within Python 3.11
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), _npy(array))
    write_bytes(path, stream.getvalue())


def _npy(array: np.ndarray) -> bytes:
    np.lib.format.write_array(stream := io.BytesIO(), np.asarray(array, order="C"), allow_pickle=False)
    return stream.getvalue()


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an `.npz`.

    Raises:
        MediaError: it is none, or damaged.
    """
    with _damage(path), np.load(path, allow_pickle=False) as archive:
        return dict(archive)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What is inside loads arrays and does nothing else: numpy raises whatever ast, struct, zipfile and zlib raise.

    Raises:
        MediaError: it cannot be loaded, though the file is there.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        raise MediaError(f"{path}: not a file of arrays ({error}); delete it and run again") from error


def write_ids(path: Path, ids: Sequence[str]) -> None:
    """Write the ids that belong to an array's first axis."""
    write_table(path, ["id"], ({"id": clip} for clip in ids))


def read_array(path: Path) -> np.ndarray:
    """An array, memory-mapped and read-only.

    Raises:
        MediaError: it is none, or damaged.
    """
    with _damage(path):
        return np.asanyarray(np.load(path, mmap_mode="r", allow_pickle=False))


def read_clips(array: Path, ids: Path) -> tuple[list[str], np.ndarray]:
    """An array with a clip axis, memory-mapped and read-only, and its ids.

    Raises:
        MediaError: one of the files is not what it should be.
        PairingError: the array has not one row for each id.
    """
    names = [row["id"] for row in read_table(ids, ["id"])]
    values = read_array(array)
    if np.shape(values)[:1] != (len(names),):
        raise PairingError(
            f"{array}: {np.shape(values)[0]} rows, but {ids} names {len(names)} clips; delete both and run again"
        )
    return names, values


def positions(wanted: Sequence[str], available: Sequence[str], what: str) -> np.ndarray:
    """Where each wanted id stands among the available ones: the join by key.

    Raises:
        PairingError: ids are missing; names the first ones.
    """
    place = {clip: row for row, clip in enumerate(available)}
    missing = [clip for clip in wanted if clip not in place]
    if missing:
        shown = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
        raise PairingError(f"{what}: {len(missing)} of {len(wanted)} clips are missing: {shown}")
    return np.array([place[clip] for clip in wanted], dtype=np.int64)


def write_weights(path: Path, content: Mapping[str, Any]) -> None:
    """Write tensors and plain values with `torch.save`; the file's name does not enter its bytes."""
    import torch

    torch.save(dict(content), stream := io.BytesIO())
    write_bytes(path, stream.getvalue())


def read_weights(path: Path) -> dict[str, Any]:
    """Read tensors and plain values, never code.

    Raises:
        CheckpointError: not a file of weights.
    """
    return _loaded(path, path)


def _loaded(source: Any, path: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path}: not a file of weights ({reason}); delete it and run again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: found one {type(content).__name__}, expected named weights; give another file")
    return content


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write tensors and plain values as `write_weights`, after their own SHA-256 (32 bytes).

    No record says what a checkpoint should be, and `torch.load` does not notice a flipped bit in a tensor.
    """
    import torch

    stream = io.BytesIO()
    stream.write(bytes(_DIGEST_BYTES))
    torch.save(dict(content), stream)
    with stream.getbuffer() as whole:
        whole[:_DIGEST_BYTES] = hashlib.sha256(whole[_DIGEST_BYTES:]).digest()
        write_bytes(path, whole)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote.

    Raises:
        CheckpointError: it is not as it was written.
    """
    with path.open("rb") as stream:
        digest, content = stream.read(_DIGEST_BYTES), stream.read()
    if (found := hashlib.sha256(content).digest()) != digest:
        raise CheckpointError(
            f"{path}: a damaged checkpoint (sha256 {found.hex()[:8]}… found, {digest.hex()[:8]}… expected); "
            "delete it and run again: the training starts again"
        )
    return _loaded(io.BytesIO(content), path)


def write_event_matrix(path: Path, classes: Sequence[str], matrix: np.ndarray) -> None:
    """Write (classes, events) as CSV: class, e0, e1, …; the digits read back to the same float32."""
    columns = ["class", *(f"e{event}" for event in range(matrix.shape[1]))]
    values = matrix.astype(np.float32)
    rows = (
        {"class": name} | {f"e{event}": str(value) for event, value in enumerate(row)}
        for name, row in zip(classes, values, strict=True)
    )
    write_table(path, columns, rows)


def read_event_matrix(path: Path, classes: Sequence[str]) -> np.ndarray:
    """Read (classes, events) float32, as written by `write_event_matrix`.

    Raises:
        MediaError: it is no table of numbers.
        PairingError: the classes of the file are not `classes`, in this order.
    """
    rows = read_table(path, ["class"])
    found = [row.pop("class") for row in rows]
    if found != list(classes):
        raise PairingError(f"{path}: classes {found}, expected {list(classes)}; delete it and run again")
    try:
        return np.array([[float(value) for value in row.values()] for row in rows], dtype=np.float32)
    except ValueError as error:
        raise MediaError(f"{path}: not a table of numbers ({error}); delete it and run again") from error


@cache
def read_trained_events(path: Path) -> list[int]:
    """Positions of the events that a teacher was trained on, from what `teacher` wrote.

    Raises:
        MediaError: it is no such table, or names none.
    """
    rows = read_table(path, ["index", "event", "trained"])
    if [row["event"] for row in rows] != list(event_names()) or {row["trained"] for row in rows} - {"0", "1"}:
        raise MediaError(f"{path}: not AudioSet's 527 events with trained 1 or 0; delete it and run teacher again")
    if not (found := [place for place, row in enumerate(rows) if row["trained"] == "1"]):
        raise MediaError(f"{path}: no event is trained, expected at least one; run pretrain and teacher again")
    return found


def event_names() -> tuple[str, ...]:
    """AudioSet's 527 event names, in the order of every event axis."""
    text = files("overheard").joinpath("io/audioset_classes.csv").read_text(encoding="utf-8")
    return tuple(row["display_name"] for row in csv.DictReader(io.StringIO(text)))
