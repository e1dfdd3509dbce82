"""Index and split of each fold of a folder, by which every way of a leak is asked. Touches files: reads the tables."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts, clips
from overheard.media import leak_lines
from overheard.media.leak_lines import Line
from overheard.study.flow import STAGES
from overheard.study.layout import values_of


@dataclass(frozen=True)
class Study:
    """What the ways ask for, of one fold: the index and the split, by id."""

    folder: Path
    rows: list[dict[str, str]]
    assigned: list[tuple[str, str]]  # lines of the split file
    fold: int = 0
    listing: list[str] | None = None  # ids in the order in which the released program would find them
    given: Path | None = None  # mean and deviation of sounds in place of the training clips'

    def made(self, stage: str, flag: str = "") -> Path:
        """The file that a stage makes for the fold; the flag is needed where it makes several."""
        pattern = STAGES[stage].writes[flag] if flag else next(iter(STAGES[stage].writes.values()))
        return self.folder / pattern.format(fold=self.fold)

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

    def places(self) -> dict[str, tuple[float, float] | None]:
        """Latitude and longitude by id."""
        return {row["id"]: _coordinate(row) for row in self.rows}


def load_studies(folder: Path, read: Mapping[str, Sequence[str]]) -> list[Study]:
    """Index and split of every fold of `results/NAME` or `reference/NAME`.

    Args:
        folder: of the results.
        read: by flag, recorded paths of files that jobs read: `splits` (a fold that one read is asked for, also where
            its split is lost), `listing`, and `given` of the normaliser.

    Raises:
        MediaError: one is not there, or has no usable content.
        PairingError: they do not name the same clips.
    """
    here = [path.relative_to(folder).as_posix() for path in folder.glob("media/*/splits.csv")]
    named = [
        values_of(place, "split", "splits") for place in here + [path.split("/", 2)[-1] for path in read["splits"]]
    ]
    folds = sorted({int(values["fold"]) for values in named if values}) or [0]
    index = _there(folder / "media/index.csv")
    rows = artifacts.read_table(index, ["id", "class", "location", "recording", "lat", "lon", "sound"])
    listing, given = (next(filter(Path.is_file, map(Path, read[flag])), None) for flag in ("listing", "given"))
    known = clips.listed(listing), given
    return [_with_split(Study(folder, rows, [], fold, *known), index) for fold in folds]


def _there(path: Path) -> Path:
    if not path.is_file():
        raise MediaError(f"{path} is not there; a leak report needs at least index and split: run the experiment")
    return path


def _with_split(study: Study, index: Path) -> Study:
    path = _there(study.made("split"))
    assigned = [(row["id"], row["split"]) for row in artifacts.read_table(path, ["id", "split"])]
    if wrong := [f"{clip} ({word or 'empty'})" for clip, word in assigned if word not in ("train", "val", "test")]:
        raise MediaError(f"{path}: {len(wrong)} clips have no usable split: {', '.join(wrong[:10])}; split again")
    if leftovers := sorted({row["id"] for row in study.rows} ^ {clip for clip, _ in assigned}):
        shown = ", ".join(leftovers[:10])
        raise PairingError(f"{index} and {path}: {len(leftovers)} clips in one of them alone: {shown}; split again")
    return replace(study, assigned=assigned)


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


def absent(folder: Path, path: Path, *ways: str) -> list[Line]:
    """The lines of ways that cannot be examined without a file."""
    why = f"{path.relative_to(folder).as_posix()} is not there"
    return [line for way in ways for line in leak_lines.not_examined(way, why)]


def unknown_set(what: str) -> str:
    """Why pictures or sounds of a pre-training set are not examined."""
    return f"the {what} of the pre-training set are not in this folder (its weights were given, or it was cleaned)"
