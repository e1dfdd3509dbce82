"""Training, validation and test of one fold: by location, within each class (paper, section 5.1: 70/10/20)."""

from dataclasses import dataclass

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes
from overheard.media.splits import has_own_split, split_clips


@dataclass(frozen=True)
class Settings:
    """What decides the splits of all folds."""

    fractions: list[float]  # of the locations of a class: train, val, test
    seed: int
    folds: int  # each location is tested in one of them; 1: one split


def split(index: Reads, fold: int, settings: Settings, splits: Writes) -> None:
    """Give every clip a split: the one its metadata says, else one drawn by location within its class.

    Args:
        index: index of the pairs, by the media stage.
        fold: which of the folds, from 0.
        settings: of the draw.
        splits: one line a clip: id, split, fold (empty where the split is the user's own: the same in every fold).
    """
    columns = ["id", "class", "location", "recording", "lat", "lon", "split"]
    rows = artifacts.read_table(index, columns)
    assigned = split_clips(rows, settings.fractions, settings.seed, settings.folds, fold)
    said = {"fold": "" if has_own_split(rows) else fold}
    lines = ({"id": clip, "split": word} | said for clip, word in assigned.items())
    artifacts.write_table(splits, ["id", "split", "fold"], lines)
