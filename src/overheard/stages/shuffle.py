"""A control: the teacher's outputs stand under other clips' names, so that they tell of other clips."""

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes
from overheard.media.exchanged import exchanged_in_splits
from overheard.seeds import generator


def shuffle(
    logit_ids: Reads, index: Reads, splits: Reads, fold: int, teacher: str, seed: int, shuffled_ids: Writes
) -> None:
    """Exchange the teacher's outputs between locations of a split, by exchanging the names of their rows.

    Args:
        logit_ids: the ids of the rows of the teacher's logits, .csv.
        index: the media index (id, class, location), .csv.
        splits: the split (id, split) of the fold, .csv.
        fold: which of the folds, from 0.
        teacher: within_class, between locations of a class; across, between any.
        seed: of the draw.
        shuffled_ids: the ids of the same rows, exchanged; in place of `logit_ids`, .csv.
    """
    rows = artifacts.read_table(index, ["id", "class", "location"])
    assigned = {row["id"]: row["split"] for row in artifacts.read_table(splits, ["id", "split"])}
    hears = exchanged_in_splits(rows, assigned, teacher, generator("shuffled teacher", seed, fold))
    gets = {heard: clip for clip, heard in hears.items()}
    ids = [row["id"] for row in artifacts.read_table(logit_ids, ["id"])]
    artifacts.positions(ids, list(gets), str(splits))
    artifacts.write_ids(shuffled_ids, [gets[clip] for clip in ids])
