"""Clips by split from the index, the splits and arrays, joined by id."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.media.class_order import ORDERS

Labelled = tuple[list[str], np.ndarray]
"""Ids in order, and their labels (clips,) int64: indices into the classes."""


def scenes_and_splits(index: Path, splits: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The class of every clip of an index, and the split of every clip of the splits, by id.

    Where the splits have a label of their own for a clip, as in a control, it takes the place of the class.
    """
    scene = {row["id"]: row["class"] for row in artifacts.read_table(index, ["id", "class"])}
    rows = artifacts.read_table(splits, ["id", "split"])
    scene |= {row["id"]: row["label"] for row in rows if row.get("label")}
    return scene, {row["id"]: row["split"] for row in rows}


def fold_of_split(splits: Path) -> int | None:
    """The fold that a split is of; None where the split is the user's own, and no fold.

    Raises:
        MediaError: its lines do not agree.
    """
    found = {row["fold"] for row in artifacts.read_table(splits, ["id", "split", "fold"])}
    if len(found) != 1 or not (word := found.pop()).isdigit() | (word == ""):
        raise MediaError(f"{splits}: no single fold in its column fold; delete it and run split again")
    return int(word) if word else None


def labelled(
    index: Path, splits: Path, wanted: Sequence[str], class_order: str = "alphabetical"
) -> tuple[list[str], dict[str, Labelled]]:
    """The classes in order (word of `media.class_order.ORDERS`), and the clips of each wanted split.

    Raises:
        PairingError: a wanted split has no clip, or one that the index does not name.
    """
    scene, split = scenes_and_splits(index, splits)
    classes = ORDERS[class_order](set(scene.values()))
    found = {}
    for word in wanted:
        ids = sorted(clip for clip, its in split.items() if its == word)
        if not ids:
            raise PairingError(f"{splits}: no clip in split {word!r}, expected some of each class; run split again")
        artifacts.positions(ids, list(scene), str(index))
        found[word] = ids, np.array([classes.index(scene[clip]) for clip in ids], dtype=np.int64)
    return classes, found


def listed(listing: Path | None) -> list[str] | None:
    """The ids of a listing in their order; None without one.

    Raises:
        MediaError: one stands in it twice.
    """
    if listing is None:
        return None
    ids = [row["id"] for row in artifacts.read_table(listing, ["id"])]
    if repeated := sorted({clip for clip, times in Counter(ids).items() if times > 1}):
        raise MediaError(f"{listing}: {len(repeated)} ids stand in it twice: {', '.join(repeated[:10])}; keep one line")
    return ids


def gathered(array: Path, ids: Path, wanted: Sequence[str]) -> np.ndarray:
    """The rows of the wanted clips, in memory and in their order.

    Raises:
        PairingError: a clip has no row.
    """
    names, values = artifacts.read_clips(array, ids)
    return values[artifacts.positions(wanted, names, str(ids))]
