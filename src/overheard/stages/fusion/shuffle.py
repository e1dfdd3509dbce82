"""A control: frames stand beside the sound of another location, so that what both tell together is another thing."""

from overheard.io import artifacts
from overheard.io.embedded import COLUMNS
from overheard.io.signature import Reads, Writes
from overheard.media.exchanged import exchanged_in_splits
from overheard.seeds import generator


def shuffle(
    design: str,
    video_windows: Reads,
    index: Reads,
    splits: Reads,
    fold: int,
    pairs: str,
    seed: int,
    shuffled_windows: Writes,
) -> None:
    """Exchange the frames of clips between locations of a split, window by window; sounds stay.

    Args:
        design: of the study, by which the command finds this stage.
        video_windows: which windows each row of the embeddings of frames is of, .csv.
        index: the media index (id, class, location), .csv.
        splits: the split (id, split) of the fold, .csv.
        fold: which of the folds, from 0.
        pairs: within_class, between locations of a scene: the label is all that both share; across, between any.
        seed: of the draw.
        shuffled_windows: the same windows with rows of other clips, in place of `video_windows`, .csv; where the other
            clip is shorter, its last window stays.
    """
    rows = artifacts.read_table(index, ["id", "class", "location"])
    assigned = {row["id"]: row["split"] for row in artifacts.read_table(splits, ["id", "split"])}
    sees = exchanged_in_splits(rows, assigned, pairs, generator("shuffled frames", seed, fold))
    lines = artifacts.read_table(video_windows, COLUMNS)
    own: dict[str, list[str]] = {}
    for line in lines:
        own.setdefault(line["id"], []).append(line["row"])

    def of_other(clip: str, window: int) -> str:
        its = own[sees[clip]]
        return its[min(window, len(its) - 1)]

    exchanged = ({**line, "row": of_other(line["id"], int(line["window"]))} for line in lines)
    artifacts.write_table(shuffled_windows, COLUMNS, exchanged)
