"""Index and split of a folder, by which every way of a leak is asked. Touches files: reads both tables."""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.media import leak_lines
from overheard.media.leak_lines import Line


@dataclass(frozen=True)
class Study:
    """What the ways ask for: the index and the split, by id."""

    folder: Path
    rows: list[dict[str, str]]
    assigned: list[tuple[str, str]]  # lines of the split file

    @property
    def split(self) -> dict[str, str]:
        # a clip with two splits counts as the one that must be kept apart most
        order = ("train", "val", "test")
        return dict(sorted(self.assigned, key=lambda line: order.index(line[1])))

    def column(self, name: str) -> dict[str, str]:
        """A column of the index by id."""
        return {row["id"]: row[name] for row in self.rows}

    def keys(self, name: str) -> dict[str, set[Hashable]]:
        """A column as something that may be shared; empty where the index says nothing."""
        return {clip: {value} if value else set() for clip, value in self.column(name).items()}

    def rows_of(self, ids: Sequence[str], words: Collection[str]) -> np.ndarray:
        """Rows, of an array with these ids, of clips in some splits."""
        split = self.split
        return np.array([row for row, clip in enumerate(ids) if split.get(clip) in words], dtype=np.int64)

    def places(self) -> dict[str, tuple[float, float] | None]:
        """Latitude and longitude by id."""
        return {row["id"]: _coordinate(row) for row in self.rows}


def load_study(folder: Path) -> Study:
    """Index and split of `results/NAME` or `reference/NAME`.

    Raises:
        MediaError: one is not there, or has no usable content.
        PairingError: they do not name the same clips.
    """
    index, splits = folder / "media/index.csv", folder / "media/splits.csv"
    for path in (index, splits):
        if not path.is_file():
            raise MediaError(f"{path} is not there; a leak report needs at least index and split: run the experiment")
    rows = artifacts.read_table(index, ["id", "class", "location", "recording", "lat", "lon", "image", "sound"])
    assigned = read_split(splits, "split")
    if leftovers := sorted({row["id"] for row in rows} ^ {clip for clip, _ in assigned}):
        shown = ", ".join(leftovers[:10])
        raise PairingError(f"{index} and {splits}: {len(leftovers)} clips in one of them alone: {shown}; split again")
    return Study(folder, rows, assigned)


def read_split(path: Path, column: str) -> list[tuple[str, str]]:
    """Id and split of every line of a table.

    Raises:
        MediaError: a line has another word than train, val or test.
    """
    assigned = [(row["id"], row[column]) for row in artifacts.read_table(path, ["id", column])]
    if wrong := [f"{clip} ({word or 'empty'})" for clip, word in assigned if word not in ("train", "val", "test")]:
        raise MediaError(f"{path}: {len(wrong)} clips have no usable split: {', '.join(wrong[:10])}; split again")
    return assigned


def _coordinate(row: Mapping[str, str]) -> tuple[float, float] | None:
    if not (row["lat"].strip() and row["lon"].strip()):
        return None
    try:
        place = float(row["lat"]), float(row["lon"])
    except ValueError:
        place = (math.nan, math.nan)
    if not all(map(math.isfinite, place)):
        raise MediaError(f"clip {row['id']}: lat {row['lat']}, lon {row['lon']}: not degrees; index again")
    return place


def absent(study: Study, path: Path, *ways: str) -> list[Line]:
    """The lines of ways that cannot be examined without a file."""
    why = f"{path.relative_to(study.folder).as_posix()} is not there"
    return [line for way in ways for line in leak_lines.not_examined(way, why)]


def unknown_set(what: str) -> str:
    """Why pictures or sounds of a pre-training set are not examined."""
    return f"the {what} of the pre-training set are not in this folder (its weights were given, or it was cleaned)"
