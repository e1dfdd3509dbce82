"""`overheard diff` and `overheard check`: which cells moved, by how much, and why. Touches files: results, or git.

The two sides of a diff are commits, folders with results, or experiments. Of a commit counts what git has of one
experiment: its reference run, or its saved results. `check` compares a fresh run with the reference run.
"""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import ConfigError, LineageError
from overheard.io import artifacts
from overheard.jobs import hashing, on_disk
from overheard.jobs.records import Record, entries, load_records, record_paths, recorded
from overheard.lineage import cell_comparison
from overheard.lineage.cell_comparison import NOT, ONLY_A, ONLY_B, SAME, Cell, Compared, Key, cell_of
from overheard.lineage.differences import FirstCause, first_causes, rests_on
from overheard.lineage.graph import Graph
from overheard.scores.cells import COLUMNS
from overheard.study.experiments import project_root
from overheard.study.flow import STAGES, VIEWS
from overheard.study.layout import run_of

CELLS = "tables/cells.csv"
_SAID = "a commit, a folder with results, or an experiment's name"


@dataclass(frozen=True)
class Side:
    """An experiment at one time or place.

    Attributes:
        label: what the user called it.
        folder: where its files are.
        cells: by table, row, column, metric.
        records: by recorded path; none where no records are kept.
    """

    label: str
    folder: Path
    cells: Mapping[Key, Cell]
    records: Mapping[str, Record]


def reference_folder(name: str) -> Path:
    """`reference/NAME` here, or the project's own.

    Raises:
        ConfigError: there is none.
    """
    for folder in (Path("reference") / name, project_root() / "reference" / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"reference/{name}: no such reference run; `overheard reference {name} --write` makes one")


def check(name: str, all_cells: bool = False) -> tuple[str, int]:
    """Compare `results/NAME` with `reference/NAME`.

    Args:
        name: the experiment.
        all_cells: show every cell; else those with other bytes alone.

    Returns:
        What came of it, as text; and 0 if every cell is the same, within tolerance or within seed noise, else 1.

    Raises:
        ConfigError: there is no such reference or no such results.
        LineageError: a file of either is not what its record says.
    """
    folder = Path("results") / name
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such results to check; `overheard run {name}` makes them")
    first, second = load_side("reference", reference_folder(name)), load_side("fresh", folder)
    found = cell_comparison.compare(first.cells, second.cells)
    shown = found if all_cells else [one for one in found if one.verdict != SAME]
    lines = [f"{name}: {len(found)} cells of results/{name} (second) against {first.folder} (first)"]
    lines += _counts(found) + (["", *cell_comparison.as_lines(shown)] if shown else [])
    failed = any(one.verdict in (NOT, ONLY_A, ONLY_B) for one in found)
    if failed:
        lines += ["", f"`overheard diff {first.folder} results/{name}` shows the cause"]
    return "\n".join(lines), int(failed)


@dataclass(frozen=True)
class Diff:
    """What two sides have that differs.

    Attributes:
        cells: every cell of either side, with its verdict.
        causes: first causes on which moved cells rest, each with how many.
        idle: other first causes, on which no moved cell rests.
    """

    first: Side
    second: Side
    cells: Sequence[Compared]
    causes: Sequence[tuple[FirstCause, int]]
    idle: Sequence[FirstCause]

    @property
    def moved(self) -> list[Compared]:
        """Cells whose predictions do not have the same bytes."""
        return [one for one in self.cells if one.verdict != SAME]


def diff(a: str, b: str, experiment: str | None = None) -> Diff:
    """Compare two sides.

    Args:
        a: a commit, a folder with results, or an experiment's name.
        b: the same.
        experiment: of a commit that has several: which.

    Raises:
        ConfigError: there is no such side, or the commit has no experiment or several.
        LineageError: a side has no cells, or files that are not what their records say.
    """
    with ExitStack() as stack:
        places = {word: _folder(word) or _commit(word) for word in (a, b)}
        tracked = [set(_tracked(commit)) for commit in places.values() if isinstance(commit, str)]
        common = set.intersection(*tracked) if tracked else set()
        # what both commits have first, of both the results
        shared = {kind for kind, _, name in (folder.partition("/") for folder in common) if experiment in (None, name)}
        kinds = sorted(("results", "reference"), key=lambda kind: kind not in shared)
        return _compared(*(_side(word, places[word], kinds, experiment, stack) for word in (a, b)))


def _compared(first: Side, second: Side) -> Diff:
    cells = cell_comparison.compare(first.cells, second.cells)
    # the jobs, of both sides, that each moved cell rests on; those of one row and column rest on the same
    rows = [one.key[:3] for one in cells if one.verdict != SAME]
    graphs = [Graph(side.records) for side in (first, second)]
    resting = {row: set().union(*(rests_on(graph, *row) for graph in graphs)) for row in dict.fromkeys(rows)}
    causes = first_causes(first.records, second.records) if first.records and second.records else []
    counted = [(cause, sum(1 for row in rows if resting[row] & set(cause.jobs))) for cause in causes]
    moved = sorted(((cause, count) for cause, count in counted if count), key=lambda pair: -pair[1])
    return Diff(first, second, cells, moved, [cause for cause, count in counted if not count])


def _folder(word: str) -> Path | None:
    """The folder that a word names: itself, or an experiment's results or reference run."""
    places = [Path(word), Path("results") / word, Path("reference") / word]
    return next((place for place in places if (place / CELLS).is_file()), None)


def _git(*arguments: str) -> bytes | None:
    done = subprocess.run(["git", "--no-optional-locks", *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _commit(word: str) -> str:
    try:
        found = None if word.startswith("-") else _git("rev-parse", "--verify", "--quiet", f"{word}^{{commit}}")
    except FileNotFoundError:
        found = None
    if not found:
        _refuse_for_git(word)
        known = sorted(path.parent.parent.name for path in Path("results").glob(f"*/{CELLS}"))
        raise ConfigError(
            f"{word}: no such commit, folder with {CELLS}, or experiment; expected {_SAID}; "
            f"there are: {', '.join(known) or 'no finished experiments here'}"
        )
    return found.decode().strip()


def _refuse_for_git(word: str) -> None:
    """Say what git says where it does not open this folder's repository, or has only its newest commits.

    Raises:
        LineageError: in git's words, or with the command that fetches the others.
    """
    try:
        asked = ["git", "rev-parse", "--is-shallow-repository"]
        done = subprocess.run(asked, capture_output=True, encoding="utf-8", errors="replace", check=False)
    except FileNotFoundError:
        return
    here = Path.cwd()
    if done.returncode and any((folder / ".git").exists() for folder in (here, *here.parents)):
        raise LineageError(f"{word}: git does not open this repository; git says:\n{done.stderr.strip()}")
    if done.stdout.strip() == "true":
        raise LineageError(
            f"{word}: no such commit here, and no results of that name; this clone is shallow, it has only the newest "
            "commits: `git fetch --unshallow`, then again"
        )


def _tracked(commit: str) -> list[str]:
    """Of each experiment in a commit, the folders in which its cells are: `results/NAME`, `reference/NAME`."""
    listed = _git("-C", _top(), "ls-tree", "-r", "-z", "--name-only", commit, "--", "results", "reference") or b""
    paths = [path for path in listed.decode().split("\0") if path.endswith(f"/{CELLS}")]
    return [path.removesuffix(f"/{CELLS}") for path in paths if path.count("/") == 3]


def _top() -> str:
    return (_git("rev-parse", "--show-toplevel") or b".").decode().strip()


def _side(word: str, found: Path | str, kinds: Sequence[str], experiment: str | None, stack: ExitStack) -> Side:
    if isinstance(found, Path):
        return load_side(word, found)
    tracked = _tracked(found)
    there = sorted({folder.partition("/")[2] for folder in tracked})
    names = [experiment] if experiment else there
    folders = [f"{kind}/{name}" for name in names for kind in kinds if f"{kind}/{name}" in tracked]
    if len(names) != 1 or not folders:
        known = ", ".join(there) or "none"
        raise ConfigError(f"{word}: its commit has these experiments with tables: {known}; name one by --experiment")
    folder = folders[0]
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overheard-diff-")))
    packed = _git("-C", _top(), "archive", found, folder)
    if packed is None:
        raise LineageError(f"{word}: git could not give out {folder} of {found[:12]}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        # a method's argument only from Python 3.11.4 on
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(place)
    return load_side(f"{word} ({folder})", place / folder)


def load_side(label: str, folder: Path) -> Side:
    """Read an experiment's cells; predictions that are there are hashed, of others the recorded hash counts.

    Raises:
        LineageError: there are no cells, or cells or predictions are not what their record says.
        MediaError: the file of cells has no such columns.
    """
    place = folder / CELLS
    if not place.is_file():
        raise LineageError(f"{place}: no such file, so {label} has no cells to compare; `overheard run {folder.name}`")
    records = load_records(folder) if record_paths(folder) else {}
    lines = artifacts.read_table(place, [name for name in COLUMNS if name not in ("asked", "note")])
    digests = _digests(folder, records)
    predictions = {run: digest for path, digest in digests.items() if (run := run_of(path, "predictions"))}
    return Side(label, folder, dict(cell_of(line, predictions) for line in lines), records)


def _digests(folder: Path, records: Mapping[str, Record]) -> dict[str, str]:
    """The sha256 of cells and predictions, as they lie here, and of all that the records have and is not here."""
    written = {entry["path"]: entry for record in records.values() for entry in entries(record["writes"])}

    def digest(place: Path) -> str:
        entry = written.get(recorded(place, folder))
        if entry is None:
            return hashing.read(place).sha256
        on_disk.whole(entry, place)
        return str(entry["sha256"])

    flags = ("predictions", *(its["predictions"] for its in VIEWS.values()))
    patterns = [STAGES["evaluate"].writes[flag].format(method="*", modality="*", seed="*") for flag in flags]
    places = [*(path for pattern in patterns for path in sorted(folder.glob(pattern))), folder / CELLS]
    with ThreadPoolExecutor(2) as pool:
        here = {recorded(place, folder): made for place, made in zip(places, pool.map(digest, places), strict=True)}
    return {path: str(entry["sha256"]) for path, entry in written.items()} | here


def as_text(found: Diff) -> str:
    """A comparison for people: how many cells moved, which, and why."""
    lines = [f"{found.first.label} (first) and {found.second.label} (second): {len(found.cells)} cells"]
    lines += _counts(found.cells)
    if found.moved:
        lines += ["", *cell_comparison.as_lines(found.moved), "", *_causes(found)]
    if found.idle:
        lines += ["", "Also different, but no moved cell rests on it:"]
        lines += [f"  {cause.text()}" for cause in found.idle[:20]]
    return "\n".join(lines)


def _counts(cells: Sequence[Compared]) -> list[str]:
    return [f"  {verdict}: {count}" for verdict, count in cell_comparison.counts(cells).items()]


def _causes(found: Diff) -> list[str]:
    if without := [side.label for side in (found.first, found.second) if not side.records]:
        return [f"The cause is not known: {without[0]} has no records."]
    if not found.causes:
        return ["No cause is known: no record differs."]
    of = f"of {len(found.moved)} moved cells rest on it"
    return ["First causes:", *(f"  {cause.text()}: {count} {of}" for cause, count in found.causes)]
