"""A fair search: every row has the same trials, chosen by validation, tested on seeds that chose nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from overheard.scores.worth import Worth

Row = tuple[str, str]
"""Method and modality."""


@dataclass(frozen=True)
class Searched:
    """One trial of one row.

    Attributes:
        row: method and modality.
        trial: its number; 0 is the row as it is.
        said: what is changed, in words.
        values: weighted F of validation clips in percent, by world (or experiment) and seed.
    """

    row: Row
    trial: int
    said: str
    values: Sequence[float]

    @property
    def mean(self) -> float:
        """Over worlds and seeds."""
        return float(np.mean(self.values))


@dataclass(frozen=True)
class Tuned:
    """A row with the trial that was chosen for it.

    Attributes:
        chosen: the trial with the highest mean; of equal ones the first.
        own: the row as it is.
        worth: test F of the chosen one less that of the row as it is; None where that was chosen.
        fixed: test F in percent of the row as it is, mean over the fresh seeds.
    """

    chosen: Searched
    own: Searched
    worth: Worth | None
    fixed: float


TRIALS = ("method", "modality", "trial", "settings", "n", "validation", "chosen")
COLUMNS = ("method", "modality", "trial", "settings", "validation_fixed", "validation", "fixed", "tuned", "low", "high")


def chosen(trials: Sequence[Searched]) -> dict[Row, Searched]:
    """The trial with the highest mean of each row; of equal ones the first."""
    rows = dict.fromkeys(one.row for one in trials)
    return {row: max((one for one in trials if one.row == row), key=lambda one: one.mean) for row in rows}


def trial_line(one: Searched, best: Mapping[Row, Searched]) -> dict[str, str]:
    """A line of `TRIALS`."""
    method, modality = one.row
    numbers = {"n": str(len(one.values)), "validation": f"{one.mean:.4f}", "chosen": str(int(best[one.row] is one))}
    return {"method": method, "modality": modality, "trial": str(one.trial), "settings": one.said} | numbers


def csv_line(one: Tuned) -> dict[str, str]:
    """A line of `COLUMNS`; numbers in percent, empty where nothing was changed."""
    method, modality = one.chosen.row
    ends = ("", "", "")
    if one.worth is not None:
        half = one.worth.half or 0.0
        numbers = (one.worth.second, one.worth.difference - half, one.worth.difference + half)
        ends = tuple(f"{value:.4f}" for value in numbers)  # type: ignore[assignment]
    said = {"method": method, "modality": modality, "trial": str(one.chosen.trial), "settings": one.chosen.said}
    said |= {"validation_fixed": f"{one.own.mean:.4f}", "validation": f"{one.chosen.mean:.4f}"}
    return said | {"fixed": f"{one.fixed:.4f}"} | dict(zip(("tuned", "low", "high"), ends, strict=True))


def markdown(title: str, said: Sequence[str], lines: Sequence[Tuned]) -> str:
    """The table as Markdown.

    Args:
        title: one line.
        said: what every number is.
        lines: of the table.
    """
    text = [f"# {title}", "", " ".join(said), ""]
    text += ["| Row | Chosen | Validation, as it is | Validation, chosen | F as it is | F tuned | 95 %, all together |"]
    text += ["| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for one in lines:
        tuned, interval = "–", ""
        if one.worth is not None:
            half = one.worth.half or 0.0
            tuned = f"{one.worth.second:.2f}"
            interval = f"{one.worth.difference - half:+.2f} to {one.worth.difference + half:+.2f}"
        numbers = f"{one.own.mean:.2f} | {one.chosen.mean:.2f} | {one.fixed:.2f} | {tuned} | {interval}"
        text.append(f"| {', '.join(one.chosen.row)} | {one.chosen.said} | {numbers} |")
    return "\n".join(text) + "\n"
