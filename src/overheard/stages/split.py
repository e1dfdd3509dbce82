"""Training, validation and test of one fold: by location, within each class (paper, section 5.1: 70/10/20)."""

from dataclasses import asdict, dataclass

from overheard.io import artifacts, clips
from overheard.io.signature import Reads, Writes
from overheard.media.split_draws import draw_of
from overheard.media.splits import check_classes, has_own_split, split_clips, training_labels


@dataclass(frozen=True)
class Settings:
    """What decides the splits of all folds."""

    fractions: list[float]  # of the locations of a class: train, val, test
    seed: int
    folds: int  # each location is tested in one of them; 1: one split
    split_unit: str | None = None  # these four: words of media.split_draws; None: as Draw has it
    split_draw: str | None = None
    split_group: str | None = None
    class_order: str | None = None
    validation: str | None = None  # word of media.folds.VALIDATIONS, where the user's data say train and test alone
    redrawn: float | None = None  # share of training labels that are drawn again, in a control


def split(index: Reads, fold: int, settings: Settings, splits: Writes, listing: Reads | None = None) -> None:
    """Give every clip a split: the one its metadata says, else one drawn by location within its class.

    Args:
        index: index of the pairs, by the media stage.
        fold: which of the folds, from 0.
        settings: of the draw.
        splits: one line a clip: id, split, fold (empty where the split is the user's own: the same in every fold), and
            in a control `label`, the class that training sees.
        listing: ids in the order in which the released program found them (column id); where it decides the draw.
    """
    columns = ["id", "class", "location", "recording", "lat", "lon", "split"]
    rows = artifacts.read_table(index, columns)
    check_classes(rows)
    assigned = split_clips(rows, draw_of(asdict(settings), clips.listed(listing)), fold)
    said = {"fold": "" if has_own_split(rows) else fold}
    label = training_labels(rows, assigned, settings.redrawn, settings.seed) if settings.redrawn else {}
    columns = ["id", "split", "fold", *(["label"] if label else [])]
    told = ({"id": clip, "split": word, "label": label.get(clip, "")} | said for clip, word in assigned.items())
    artifacts.write_table(splits, columns, ({column: line[column] for column in columns} for line in told))
