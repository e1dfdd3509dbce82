"""Training, validation and test: by location, within each class (section 5.1 of the paper says 70/10/20)."""

from dataclasses import dataclass

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes
from overheard.media.splits import split_clips


@dataclass(frozen=True)
class Settings:
    """What decides the split."""

    fractions: list[float]  # of the locations of a class: train, val, test
    seed: int


def split(index: Reads, settings: Settings, splits: Writes) -> None:
    """Give every clip a split: the one its metadata says, else one drawn by location within its class.

    Args:
        index: index of the pairs, by the media stage.
        settings: of the draw.
        splits: one line a clip: id, split.
    """
    columns = ["id", "class", "location", "recording", "lat", "lon", "split"]
    rows = artifacts.read_table(index, columns)
    assigned = split_clips(rows, settings.fractions, settings.seed)
    artifacts.write_table(splits, ["id", "split"], ({"id": clip, "split": word} for clip, word in assigned.items()))
