"""What a figure is given: what it says of itself, and the files it reads, as they were read. Draws nothing."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.scores.cells import Ask, by_row_key, table_rows
from overheard.scores.origin import Origin
from overheard.scores.over_seeds import Row, Run, checked_run
from overheard.scores.plots.style import math
from overheard.scores.tabular import OWN_NAMES, left_out_notes, sentence


@dataclass(frozen=True)
class Settings:
    """What a figure shows and says of itself; of a figure without rows the first three and `own`."""

    experiment: str
    source: dict[str, Any]  # an Origin
    spec: dict[str, Any]  # title and caption; of a figure of rows also its blocks
    own: dict[str, Any] | None = None  # settings of this figure in the study file
    configuration: dict[str, Any] | None = None  # what a diagram says of the experiment
    protocol: str | None = None  # these, of a figure of rows
    labels: dict[str, str] | None = None  # what each method is called
    columns: dict[str, str] | None = None  # what each input is called
    seeds: list[int] | None = None  # asked
    partial: bool | None = None  # fewer seeds than asked are shown, and said
    left_out: dict[str, str] | None = None  # "method|modality" -> reason
    remarks: list[str] | None = None  # lines that stand in every caption
    diverged: dict[str, list[int]] | None = None  # "method|modality" -> seeds; known with `partial` alone
    spread: str | None = None  # sample or population: which standard deviation ± is; sample where it is not said
    repeats: str | None = None  # seeds or next_epochs: what is measured several times; seeds where it is not said
    varies: str | None = None  # what differs between seeds, beside the fold

    @property
    def origin(self) -> Origin:
        """Whose numbers these are."""
        return Origin(**self.source)


class File(NamedTuple):
    """A file that a figure reads: its path as it was given, and what is in it.

    Lines of a CSV as dicts of text, of a JSON what it says, of an `.npz` its arrays by name, of an `.npy` its array.
    """

    path: str
    content: Any


Files = Mapping[str, Sequence[File]]
"""By flag, as `media.statistics` is the flag `statistics`; a flag that was not given is empty."""

Draw = Callable[[Settings, Files], Figure | Sequence[Figure]]
"""What draws a figure, one page or several. It computes nothing: its numbers are in the files."""


class NotDrawnError(Exception):
    """There is nothing to draw in this experiment; its text, one line, stands in the figure's place."""


def lines_of(files: Files, flag: str) -> list[dict[str, str]]:
    """All lines of the CSVs of a flag."""
    return [line for file in files.get(flag, ()) for line in file.content]


def runs_of(files: Files) -> list[Run]:
    """The scores of every run, checked."""
    return [checked_run(file.content, file.path) for file in files.get("scores", ())]


def run_of(path: str) -> tuple[str, str, int]:
    """Method, modality and seed of a file that lies in its run's folder, `…/method/modality/seed-k/file`."""
    method, modality, seed = path.split("/")[-4:-1]
    return method, modality, int(seed.removeprefix("seed-"))


def origin_of(settings: Settings) -> str:
    """Whose numbers a figure without a protocol shows."""
    return f"{OWN_NAMES}{settings.experiment}; source: {settings.origin.said}."


def caption_of(settings: Settings) -> list[str]:
    """The study's own sentences on a figure."""
    return [sentence(settings.spec["caption"])] if settings.spec.get("caption") else []


def rows_of(settings: Settings) -> list[tuple[str, str]]:
    """The (method, modality) of the rows of a figure, in its order."""
    blocks = settings.spec["blocks"]
    return [(row, column) for block in blocks for row in block["rows"] for column in block["columns"]]


def ask_of(settings: Settings, figure: str) -> Ask:
    """What a figure of rows was asked for.

    Raises:
        ConfigError: settings of rows are missing.
    """
    wanted = ("protocol", "labels", "seeds", "left_out", "remarks")
    if missing := [key for key in wanted if getattr(settings, key) is None]:
        raise ConfigError(f"{figure}: missing settings: {', '.join(missing)}")
    ask = Ask(
        settings.experiment,
        settings.origin,
        str(settings.protocol),
        settings.seeds or [],
        bool(settings.partial),
        by_row_key(settings.left_out or {}),
        by_row_key(settings.diverged or {}),
        settings.spread or "sample",
        settings.repeats or "seeds",
    )
    return ask if settings.varies is None else ask._replace(varies=settings.varies)


def row_notes(settings: Settings, ask: Ask, runs: Collection[tuple[str, str, int]]) -> list[str]:
    """What a caption says of rows without runs, or with fewer seeds than asked; `runs`: (method, modality, seed)."""
    made = Counter(run[:2] for run in runs)
    rows = [{"row": row, "column": column, "n": made[row, column]} for row, column in table_rows(settings.spec)]
    return left_out_notes(settings.labels or {}, rows, ask)


def row_title(settings: Settings, row: Row) -> str:
    """What a row is called in a figure of several modalities: its label, and its modality unless it is both."""
    label = math((settings.labels or {}).get(row[0], row[0]))
    return label if row[1] == "image+sound" else f"{label}, {column_name(settings, row[1]).lower()}"


def column_name(settings: Settings, column: str) -> str:
    """What an input is called."""
    return (settings.columns or {}).get(column, column)


def texts(content: Any) -> Iterator[str]:
    """Every text in what was read, names of classes among them."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        yield from (text for value in content.values() for text in texts(value))
    elif isinstance(content, Sequence):
        yield from (text for value in content for text in texts(value))
    elif isinstance(content, np.ndarray) and content.dtype.kind == "U":
        yield from content.ravel().tolist()
