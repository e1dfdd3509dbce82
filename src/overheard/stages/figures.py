"""One figure of the study, as PNG and PDF: what it reads and which function draws it stands in the study file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.io import artifacts, progress
from overheard.io.signature import Reads, Writes
from overheard.scores.plots import fonts, style
from overheard.scores.plots.drawings import DRAWINGS
from overheard.scores.plots.given import File, NotDrawnError, Settings, texts

_READ: Mapping[str, Callable[[Path], Any]] = {
    ".csv": artifacts.read_table,
    ".json": artifacts.read_json,
    ".npz": artifacts.read_arrays,
}


def figures(
    figure: str,
    draws: str,
    settings: Settings,
    png: Writes,
    pdf: Writes,
    statistics: list[Reads] | None = None,
    scores: list[Reads] | None = None,
    comparisons: list[Reads] | None = None,
    index: list[Reads] | None = None,
    pairs: list[Reads] | None = None,
    splits: list[Reads] | None = None,
    pointing: list[Reads] | None = None,
    activations: list[Reads] | None = None,
    telling: list[Reads] | None = None,
    examples: list[Reads] | None = None,
    basis: list[Reads] | None = None,
    points: list[Reads] | None = None,
    separation: list[Reads] | None = None,
    history: list[Reads] | None = None,
    bins: list[Reads] | None = None,
    calibration: list[Reads] | None = None,
) -> None:
    """One figure of the study.

    Args:
        figure: its name in the study file.
        draws: the word of the function that draws it.
        settings: what the figure shows and says of itself.
        png: the figure as picture; pages one below the other.
        pdf: the figure as PDF.
        statistics: pairs and locations per class.
        scores: scores.json of each run of the figure's rows, in any order.
        comparisons: of every two rows of the figure's table.
        index: of the pairs.
        pairs: by the stage samples.
        splits: of each fold.
        pointing: the pointing game of each row.
        activations: class activation maps of each row.
        telling: p(e|s) and d_k of the events that tell a scene.
        examples: clips to hear them in.
        basis: which clips an atlas is of.
        points: a map of the test clips by what is said of events.
        separation: silhouette and purity of neighbours of each run.
        history: losses and scores by epoch of each training.
        bins: how often a row is right, by how sure it is.
        calibration: the calibration error of each run.
    """
    given = {"statistics": statistics, "scores": scores, "comparisons": comparisons}
    given |= {"index": index, "pairs": pairs, "splits": splits}
    given |= {"pointing": pointing, "activations": activations}
    given |= {"telling": telling, "examples": examples, "basis": basis}
    given |= {"points": points, "separation": separation}
    given |= {"history": history, "bins": bins, "calibration": calibration}
    if draws not in DRAWINGS:
        raise ConfigError(f"--draws: found {draws!r}, expected {', '.join(DRAWINGS)}")
    for path, content in _pictures(figure, draws, settings, given, png, pdf).items():
        artifacts.write_bytes(path, content)


def _pictures(
    figure: str, draws: str, settings: Settings, given: Mapping[str, list[Path] | None], png: Path, pdf: Path
) -> dict[Path, bytes]:
    """What is written into both files."""
    files = {flag: [File(str(path), _READ[path.suffix](path)) for path in paths or ()] for flag, paths in given.items()}
    with style.styled(_families(figure, settings, files)):
        pages = _pages(figure, draws, settings, files)
        return {png: style.png(pages), pdf: style.pdf(pages)}


def _families(figure: str, settings: Settings, files: Mapping[str, Sequence[File]]) -> list[str]:
    """Fonts for what the figure's names need and the first font lacks; says which are missing here."""
    names = {text for its in files.values() for file in its for text in texts(file.content)}
    families, absent = fonts.families(fonts.missing([*names, *texts(settings.labels or {})]))
    if absent:
        progress.note(
            f"warning: {figure}: no font here has {' '.join(sorted(absent)[:20])}, so boxes stand there; "
            f"install {fonts.to_install(absent)}, delete results/{settings.experiment}/figures/{figure}.png and "
            f"`OVERHEARD_STORE=off overheard run {settings.experiment}`"
        )
    return families


def _pages(figure: str, draws: str, settings: Settings, files: Mapping[str, Sequence[File]]) -> list[Figure]:
    try:
        drawn = DRAWINGS[draws](settings, files)
    except NotDrawnError as reason:
        progress.note(f"{figure}: not drawn: {reason}")
        return [style.figure(settings.spec["title"], [f"Not drawn: {reason}"], settings.origin, body_in=0.1)]
    return [drawn] if isinstance(drawn, Figure) else list(drawn)
