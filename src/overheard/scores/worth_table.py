"""The table of an ablation: a line for each row of the study and each change, as CSV and Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overheard.scores.worth import Worth

COLUMNS = (
    *("from", "switch", "value", "method", "modality", "seeds", "first", "second", "difference", "low", "high"),
    *("paired", "trainings", "experiment", "against"),
)


@dataclass(frozen=True)
class Line:
    """One row of the study under one change.

    Attributes:
        base: name of the protocol that is changed.
        change: switches and their values.
        method: of the row.
        modality: of the row.
        worth: the difference, with its simultaneous interval.
        rows: how many rows the change reaches.
        experiment: name of the changed one.
        against: name of the base.
    """

    base: str
    change: Mapping[str, Any]
    method: str
    modality: str
    worth: Worth
    rows: int
    experiment: str
    against: str

    @property
    def said(self) -> str:
        """The change in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.change.items())

    @property
    def half(self) -> float:
        """Half the width of its interval, in points of percent."""
        return self.worth.half or 0.0


def sentences(found: Sequence[Line], source: str, seeds: Sequence[int]) -> list[str]:
    """What every number is.

    Args:
        found: the lines.
        source: in words.
        seeds: of both sides.
    """
    lines = [
        f"Source: {source}.",
        f"Weighted F in percent, mean over seeds {', '.join(map(str, seeds))}; differences paired by seed and fold.",
        "Intervals are over seeds and test locations together (docs/statistics.md); "
        f"all {len(found)} hold together with 95 % (Bonferroni's t).",
    ]
    if not all(line.worth.over_locations for line in found):
        folds = all(line.worth.one_split for line in found if not line.worth.over_locations)
        how = "over seeds" if folds else "over folds, which share training clips (Nadeau, Bengio)"
        lines.append(f"Unpaired rows were tested on other clips or pictures: their intervals are {how}, and far wider.")
    if any(line.worth.one_split for line in found):
        lines.append("Where all seeds have one split, nothing is said of other training locations.")
    return lines


def csv_line(line: Line) -> dict[str, Any]:
    """A line of `COLUMNS`; numbers in percent."""
    its = line.worth
    numbers = {"first": its.first, "second": its.second, "difference": its.difference}
    numbers |= {"low": its.difference - line.half, "high": its.difference + line.half}
    return {
        "from": line.base,
        "switch": " ".join(line.change),
        "value": " ".join(str(value) for value in line.change.values()),
        "method": line.method,
        "modality": line.modality,
        "seeds": its.n,
        **{name: f"{value:.4f}" for name, value in numbers.items()},
        "paired": int(its.paired),
        "trainings": line.rows * its.n,
        "experiment": line.experiment,
        "against": line.against,
    }


def markdown(title: str, said: Sequence[str], found: Sequence[Line], refused: Mapping[str, str]) -> str:
    """The table as Markdown.

    Args:
        title: one line.
        said: what every number is.
        found: the lines.
        refused: changes that are left out, with the reason.
    """
    lines = [f"# {title}", "", " ".join(said), ""]
    lines += ["| From | Change | Row | F | F changed | Difference | 95 %, all together |"]
    lines += ["| --- | --- | --- | ---: | ---: | ---: | ---: |"]
    for line in found:
        its = line.worth
        bold = "**" if abs(its.difference) > line.half else ""
        row = f"{line.method}, {line.modality}" + ("" if its.paired else " (unpaired)")
        ends = f"{its.difference - line.half:+.2f} to {its.difference + line.half:+.2f}"
        numbers = f"{its.first:.2f} | {its.second:.2f} | {bold}{its.difference:+.2f}{bold} | {ends}"
        lines.append(f"| {line.base} | {line.said} | {row} | {numbers} |")
    lines += ["", "Bold: the interval leaves out 0."]
    lines += ["", *(f"- left out: {change}: {why}" for change, why in refused.items())] if refused else []
    return "\n".join(lines) + "\n"
