"""A grid of settings with the validation score of each point: which a method's constants are chosen by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Point:
    """One row of the study at one point of a grid.

    Attributes:
        at: settings and their values.
        method: of the row.
        modality: of the row.
        seeds: how many.
        mean: of the weighted F of validation clips over seeds, in percent.
        std: its sample deviation; None for one seed.
        experiment: where it was measured.
    """

    at: Mapping[str, Any]
    method: str
    modality: str
    seeds: int
    mean: float
    std: float | None
    experiment: str

    @property
    def said(self) -> str:
        """The point in words."""
        return ", ".join(f"{name} = {value}" for name, value in self.at.items())


def point(at: Mapping[str, Any], row: tuple[str, str], values: Sequence[float], experiment: str) -> Point:
    """A point from a number a seed, in percent."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Point(dict(at), *row, len(values), float(np.mean(values)), std, experiment)


def best(points: Sequence[Point]) -> dict[tuple[str, str], Point]:
    """The point of the highest mean of each row; of equal ones the first."""
    rows = dict.fromkeys((one.method, one.modality) for one in points)
    return {
        row: max((one for one in points if (one.method, one.modality) == row), key=lambda one: one.mean) for row in rows
    }


def columns(points: Sequence[Point]) -> tuple[str, ...]:
    """Of the table as CSV."""
    return (*points[0].at, "method", "modality", "seeds", "mean", "std", "experiment")


def csv_line(one: Point) -> dict[str, str]:
    """A line of `columns`; numbers in percent."""
    std = "" if one.std is None else f"{one.std:.4f}"
    numbers = {"seeds": str(one.seeds), "mean": f"{one.mean:.4f}", "std": std}
    where = {"method": one.method, "modality": one.modality, "experiment": one.experiment}
    return {name: str(value) for name, value in one.at.items()} | where | numbers


def markdown(title: str, said: Sequence[str], points: Sequence[Point]) -> str:
    """The table as Markdown: a line a point, a column a row of the study; the highest of each is bold.

    Args:
        title: one line.
        said: what every number is.
        points: of all rows, those of the base with the base's values.
    """
    found = best(points)
    lines = [f"# {title}", "", " ".join(said), ""]
    lines += [f"| At | {' | '.join(', '.join(row) for row in found)} |", f"| --- |{' ---: |' * len(found)}"]
    at: dict[str, dict[tuple[str, str], Point]] = {}
    for one in points:
        at.setdefault(one.said, {})[one.method, one.modality] = one
    for words, its in at.items():
        texts = [_text(its.get(row), its.get(row) is top) for row, top in found.items()]
        lines.append(f"| {words} | {' | '.join(texts)} |")
    shown = "; ".join(f"{', '.join(row)}: {top.said} ({top.mean:.2f})" for row, top in found.items())
    return "\n".join([*lines, "", f"Highest: {shown}.", ""])


def _text(one: Point | None, highest: bool) -> str:
    if one is None:
        return "not reached"
    text = f"{one.mean:.2f}" if one.std is None else f"{one.mean:.2f} ± {one.std:.2f}"
    return f"**{text}**" if highest else text
