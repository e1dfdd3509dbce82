"""The pointing game: does an activation map point at the object (Zhang et al. 2018), and what points as well blindly.

A map is coarse: each value stands for a field of the picture. What a map points at is the middle of the field of its
greatest value, where the map enlarged bilinearly has its maximum. There is no tolerance around it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

HALF = 0.5
"""A mask over more of the picture than this leaves nothing to find."""


@dataclass(frozen=True)
class Pointed:
    """What came of one picture; shares 0..1.

    Attributes:
        pointing: whether the map points into the mask; of cells that share the greatest value, the share that does.
        area: of the picture that the mask covers: what a random pixel hits.
        centre: whether the picture's centre lies in the mask.
        within_reach: whether the middle of some field lies in the mask, so that such a map can hit at all.
    """

    pointing: float
    area: float
    centre: float
    within_reach: float


@dataclass(frozen=True)
class Tally:
    """Means over pictures, 0..1; None where no picture counts.

    Attributes:
        clips: pictures.
        unmarked: those of them without a mask; left out.
        empty: those whose mask marks nothing; left out.
        over_half: those whose mask covers more than half of the picture; left out.
        mean: of the others.
    """

    clips: int
    unmarked: int
    empty: int
    over_half: int
    mean: Pointed | None

    @property
    def scored(self) -> int:
        """Pictures that count."""
        return self.clips - self.unmarked - self.empty - self.over_half


def field_middles(shape: Sequence[int], picture: Sequence[int], middle: float) -> tuple[np.ndarray, np.ndarray]:
    """The pixel rows (rows, 1) and columns (1, columns) of the middles of what a map's places see.

    Args:
        shape: of the map, (rows, columns): so many cells are the picture.
        picture: (height, width) in pixels.
        middle: of a field, 0 and 1 being the borders of its cell; see learning.activation_maps.
    """
    rows, columns = (
        ((np.arange(cells) + middle) * side / cells).astype(np.int64)
        for cells, side in zip(shape, picture, strict=True)
    )
    return rows[:, None], columns[None, :]


def pointed(activation: np.ndarray, mask: np.ndarray, middle: float) -> Pointed:
    """How a map (rows, columns) points at a mask (height, width) bool of its picture; middle as in `field_middles`."""
    inside = mask[field_middles(activation.shape, mask.shape, middle)]
    height, width = mask.shape
    return Pointed(
        pointing=float(inside[activation == activation.max()].mean()),
        area=float(mask.mean()),
        centre=float(mask[height // 2, width // 2]),
        within_reach=float(inside.any()),
    )


def tally(maps: Iterable[np.ndarray], masks: Iterable[np.ndarray | None], middle: float) -> Tally:
    """The pointing game over pictures.

    Args:
        maps: (rows, columns) of each picture.
        masks: (height, width) bool of each, or None.
        middle: as in `field_middles`.
    """
    pairs = list(zip(maps, masks, strict=True))
    areas = [None if mask is None else mask.mean() for _, mask in pairs]
    counted = [
        pointed(activation, mask, middle)
        for (activation, mask), area in zip(pairs, areas, strict=True)
        if mask is not None and area is not None and 0 < area <= HALF
    ]
    return Tally(
        clips=len(pairs),
        unmarked=areas.count(None),
        empty=sum(area == 0 for area in areas),
        over_half=sum(area is not None and area > HALF for area in areas),
        mean=Pointed(*np.mean([list(vars(one).values()) for one in counted], axis=0).tolist()) if counted else None,
    )


@dataclass(frozen=True)
class Played:
    """The pointing game of a row; percent, means over its seeds.

    Attributes:
        values: of each seed.
        mean: of the values.
        std: of the values; None of a single seed.
        above_area: mean, less what the mask's area alone gives.
        blind: mean of `area`, `centre` and `within_reach`.
        clips: pictures of all its seeds.
        scored: of them, those that count.
        left_out: of them, how many are `unmarked`, `empty` and `over_half`.
    """

    values: dict[int, float]
    mean: float
    std: float | None
    above_area: float
    blind: dict[str, float]
    clips: int
    scored: int
    left_out: dict[str, int]


def played(lines: Sequence[Mapping[str, str]], row: tuple[str, str], ddof: int) -> Played | None:
    """The pointing game of a row (method, modality) over its seeds; None where none of them has a picture that counts.

    Args:
        lines: of the rows' pointing.csv.
        row: which of them.
        ddof: of the standard deviation.
    """
    own = [line for line in lines if (line["method"], line["modality"]) == row and int(line["scored"])]
    if not own:
        return None
    values = {int(line["seed"]): float(line["pointing"]) for line in own}
    blind = {word: float(np.mean([float(line[word]) for line in own])) for word in ("area", "centre", "within_reach")}
    mean, every = float(np.mean([*values.values()])), [*values.values()]
    return Played(
        values=values,
        mean=mean,
        std=float(np.std(every, ddof=ddof)) if len(every) > 1 else None,
        above_area=mean - blind["area"],
        blind=blind,
        clips=sum(int(line["clips"]) for line in own),
        scored=sum(int(line["scored"]) for line in own),
        left_out={word: sum(int(line[word]) for line in own) for word in ("unmarked", "empty", "over_half")},
    )
