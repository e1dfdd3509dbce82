"""A table of the clips themselves: how many, and of which scenes. It rests on no run."""

from dataclasses import dataclass
from typing import Any

from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.scores import counted as counting
from overheard.scores import frames
from overheard.scores.origin import Origin
from overheard.scores.published import COLUMNS as PUBLISHED_COLUMNS
from overheard.scores.published import printed_values


@dataclass(frozen=True)
class Settings:
    """What the table shows and says of itself."""

    experiment: str
    source: dict[str, Any]  # an Origin
    spec: dict[str, Any]  # its entry of the study file


def counts(
    index: Reads, published: Reads, counted: str, settings: Settings, csv: Writes, markdown: Writes, latex: Writes
) -> None:
    """Count the clips of each scene.

    Args:
        index: class, location and duration of every clip.
        published: the paper's printed numbers; shown where the source is comparable with them.
        counted: the table's word in the study file, e.g. `table1`.
        settings: what it shows.
        csv: the table as CSV, one line a scene and one of all.
        markdown: as Markdown.
        latex: as LaTeX (booktabs).
    """
    spec, lines = settings.spec, artifacts.read_table(index, counting.INDEX)
    printed = printed_values(artifacts.read_table(published, PUBLISHED_COLUMNS), spec["published"], str(published))

    found = counting.counted(lines, spec["shows"])
    text = counting.lay_out(counted, settings.experiment, Origin(**settings.source), spec, found, printed)

    artifacts.write_text(csv, counting.as_csv(found))
    artifacts.write_text(markdown, frames.markdown(text))
    artifacts.write_text(latex, frames.latex(text))
    progress.step(1, 1, f"{len(lines)} clips of {len(found) - 1} scenes")
