"""How much a number moves with the split, beside how much it moves with the seed: an ablation over splits or worlds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from overheard.errors import PairingError

Row = tuple[str, str]
"""Method and modality."""
Scored = Mapping[str, Mapping[Row, Mapping[int, float]]]
"""Of each split the weighted F in percent, by row and seed."""


@dataclass(frozen=True)
class Moved:
    """A row's F or a difference of two, in percent.

    Attributes:
        what: the row, or the two rows.
        splits: how many.
        seeds: in each of them.
        mean: of the splits' means over seeds.
        over_seeds: sample deviation over the seeds (and folds) of one split, pooled over splits.
        by_seeds: what the splits' means would deviate by if seeds alone moved them: over_seeds / sqrt(seeds).
        over_splits: sample deviation of the splits' means.
        lowest: mean of a split.
        highest: mean of a split.
    """

    what: str
    splits: int
    seeds: int
    mean: float
    over_seeds: float
    by_seeds: float
    over_splits: float
    lowest: float
    highest: float


COLUMNS = tuple(Moved.__dataclass_fields__)


def moved(what: str, values: Mapping[str, Mapping[int, float]]) -> Moved:
    """How far one number moves.

    Args:
        what: it is.
        values: of each split a number a seed.

    Raises:
        PairingError: fewer than two splits or seeds, or splits of other seeds.
    """
    seeds = {tuple(sorted(its)) for its in values.values()}
    if len(values) < 2 or len(seeds) != 1 or len(next(iter(seeds))) < 2:
        raise PairingError(
            f"{what}: {len(values)} splits of seeds {sorted(seeds)}; expected two splits or more of the same seeds"
        )
    table = np.array([[its[seed] for seed in sorted(its)] for its in values.values()])
    means = table.mean(axis=1)
    within = float(np.sqrt(table.var(axis=1, ddof=1).mean()))
    n = table.shape[1]
    over = float(means.std(ddof=1))
    return Moved(
        what, len(table), n, float(means.mean()), within, within / n**0.5, over, float(means.min()), float(means.max())
    )


def main_comparisons(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Every method against the first on each modality, and every modality against the first for each method."""
    methods, modalities = (list(dict.fromkeys(names)) for names in zip(*rows, strict=True))
    found = [((methods[0], its), (method, its)) for its in modalities for method in methods[1:]]
    found += [((method, modalities[0]), (method, its)) for method in methods for its in modalities[1:]]
    return [pair for pair in found if set(pair) <= set(rows)]


def all_moved(scored: Scored, rows: Sequence[Row]) -> list[Moved]:
    """Every row, and every main comparison, second less first by seed."""
    lines = [moved(" on ".join(row), {split: its[row] for split, its in scored.items()}) for row in rows]
    for first, second in main_comparisons(rows):
        differences = {
            split: {seed: its[second][seed] - value for seed, value in its[first].items()}
            for split, its in scored.items()
        }
        lines.append(moved(f"{' on '.join(second)} - {' on '.join(first)}", differences))
    return lines


def csv_line(line: Moved) -> dict[str, str]:
    """A line of `COLUMNS`; numbers in percent with 4 decimals."""
    return {name: f"{value:.4f}" if isinstance(value, float) else str(value) for name, value in asdict(line).items()}


def markdown(title: str, said: Sequence[str], lines: Sequence[Moved]) -> str:
    """The table as Markdown.

    Args:
        title: one line.
        said: what every number is.
        lines: of the table.
    """
    text = [f"# {title}", "", " ".join(said), ""]
    text += [
        "| F, or difference of two | Mean | ± over seeds | Seeds alone would move a mean by | ± over splits | Means |"
    ]
    text += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for line in lines:
        numbers = f"{line.mean:.2f} | {line.over_seeds:.2f} | {line.by_seeds:.2f} | {line.over_splits:.2f}"
        text.append(f"| {line.what} | {numbers} | {line.lowest:.2f} to {line.highest:.2f} |")
    return "\n".join(text) + "\n"
