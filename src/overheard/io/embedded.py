"""Embeddings of windows as they lie in files: read, joined, and cut into the splits of a fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.learning.fusion_training import Windows
from overheard.media.moments import Moments

COLUMNS = ("id", "window", "second", "row")
"""Of the windows of a front end: clip, number of the window, its middle in s, and its row of the embeddings."""


@dataclass(frozen=True)
class Rows:
    """Some rows of an array that stays on the disk; like an array of its own."""

    array: np.ndarray
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """(windows, width)."""
        return len(self.rows), *self.array.shape[1:]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, windows: np.ndarray) -> np.ndarray:
        return self.array[self.rows[windows]]


@dataclass(frozen=True)
class Embedded:
    """All windows of all clips.

    Attributes:
        clips: the clip of each window, in the order of the file.
        embeddings: by modality, (windows, width).
    """

    clips: Sequence[str]
    embeddings: Mapping[str, Rows]

    def of(self, ids: Sequence[str], label: np.ndarray, z_score: Mapping[str, Moments]) -> Windows:
        """The windows of some clips, clip after clip, with their labels.

        Raises:
            PairingError: a clip has none.
        """
        places: dict[str, list[int]] = {clip: [] for clip in ids}
        for place, clip in enumerate(self.clips):
            if clip in places:
                places[clip].append(place)
        if missing := [clip for clip, its in places.items() if not its]:
            raise PairingError(f"{len(missing)} clips have no window: {', '.join(missing[:10])}; run features again")
        counts = [len(its) for its in places.values()]
        rows = np.array([place for its in places.values() for place in its], dtype=np.int64)
        clip = np.repeat(np.arange(len(ids)), counts)
        return Windows(self.embeddings, label[clip], clip, rows, z_score)


def read_embedded(files: Mapping[str, tuple[Path, Path]]) -> Embedded:
    """The embeddings of each modality, joined by clip and window.

    Args:
        files: by modality, its array and the table of its windows.

    Raises:
        MediaError: a file is not what it should be, or an embedding is no number.
        PairingError: two modalities have other windows than each other.
    """
    keys: list[tuple[str, str]] | None = None
    embeddings = {}
    for name, (array, table) in files.items():
        lines = artifacts.read_table(table, COLUMNS)
        own = [(line["id"], line["window"]) for line in lines]
        if keys is not None and own != keys:
            other = sorted(set(own) ^ set(keys))
            raise PairingError(
                f"{table}: {len(other)} windows differ from those of the other modality, as "
                f"{' '.join(other[0]) if other else 'their order'}; run features of both again"
            )
        keys = own
        values = artifacts.read_array(array)
        rows = np.array([int(line["row"]) for line in lines], dtype=np.int64)
        if values.ndim != 2 or (len(rows) and rows.max() >= len(values)):
            raise PairingError(f"{array}: {values.shape}, but {table} names row {rows.max()}; run features again")
        if not np.isfinite(values).all():
            raise MediaError(f"{array}: embeddings that are no number (NaN or infinite); run features again")
        embeddings[name] = Rows(values, rows)
    return Embedded([clip for clip, _ in keys or []], embeddings)


def read_z_score(path: Path, width: int) -> Moments:
    """Mean and deviation of a modality's training windows, (width,) each.

    Raises:
        PairingError: they are of embeddings of another front end.
    """
    arrays = artifacts.read_arrays(path)
    if arrays["mean"].shape != (width,):
        raise PairingError(f"{path}: {arrays['mean'].shape[0]} values, expected {width}: run normaliser again")
    return arrays["mean"], arrays["std"]
