"""`overheard diff A B`: which cells moved, by how much, and through which cause. Touches files: reads results, or git.

A and B are commits, folders with results, or experiments. Of a commit counts what git has of one experiment: its
reference run, or its saved results.
"""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import ConfigError, LineageError
from overheard.lineage import comparison
from overheard.lineage.comparison import SAME, Compared
from overheard.lineage.diff_sides import Side, load_side
from overheard.lineage.differences import Cause, first_causes, rests_on

_SAID = "a commit, a folder with results, or an experiment's name"
_CELLS = "tables/cells.csv"


@dataclass(frozen=True)
class Diff:
    """What two sides have that differs.

    Attributes:
        cells: every cell of either side, with its verdict.
        causes: first causes on which moved cells rest, each with how many.
        idle: other first causes, on which no moved cell rests.
        told: whether both sides have records, so that causes can be told.
    """

    first: Side
    second: Side
    cells: Sequence[Compared]
    causes: Sequence[tuple[Cause, int]]
    idle: Sequence[Cause]
    told: bool


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
        commits = [None if _folder(word) else _commit(word) for word in (a, b)]
        kinds = _kinds([_tracked(commit) for commit in commits if commit], experiment)
        sides = [_side(word, commit, kinds, experiment, stack) for word, commit in zip((a, b), commits, strict=True)]
        return compared(*sides)


def compared(first: Side, second: Side) -> Diff:
    """Two sides that are read already."""
    cells = comparison.compare(first.cells, second.cells)
    told = bool(first.records and second.records)
    causes = first_causes(first.records, second.records) if told else []
    resting = _resting(first, second, [one for one in cells if one.verdict != SAME]) if told else {}
    counted = [(cause, sum(1 for jobs in resting.values() if jobs & set(cause.jobs))) for cause in causes]
    moved = sorted(((cause, count) for cause, count in counted if count), key=lambda pair: -pair[1])
    return Diff(first, second, cells, moved, [cause for cause, count in counted if not count], told)


def _resting(first: Side, second: Side, moved: Sequence[Compared]) -> dict[comparison.Key, set[str]]:
    """The jobs, of both sides, that each moved cell rests on."""
    known: dict[tuple[str, str, str], set[str]] = {}
    for table, row, column, _ in (one.key for one in moved):
        if (table, row, column) not in known:
            both = (rests_on(side.records, row, column, table) for side in (first, second))
            known[table, row, column] = set.union(*both)
    return {one.key: known[one.key[:3]] for one in moved}


def _folder(word: str) -> Path | None:
    """The folder that a word names: itself, or an experiment's results or reference run."""
    places = [Path(word), Path("results") / word, Path("reference") / word]
    return next((place for place in places if (place / _CELLS).is_file()), None)


def _git(*arguments: str) -> bytes | None:
    done = subprocess.run(["git", "--no-optional-locks", *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _commit(word: str) -> str:
    try:
        found = None if word.startswith("-") else _git("rev-parse", "--verify", "--quiet", f"{word}^{{commit}}")
    except FileNotFoundError:
        found = None
    if not found:
        known = sorted(path.parent.parent.name for path in Path("results").glob(f"*/{_CELLS}"))
        raise ConfigError(
            f"{word}: no such commit, folder with {_CELLS}, or experiment; expected {_SAID}; "
            f"there are: {', '.join(known) or 'no finished experiments here'}"
        )
    return found.decode().strip()


def _tracked(commit: str) -> dict[str, list[str]]:
    """Of each experiment in a commit, the folders in which its cells are: `results/NAME`, `reference/NAME`."""
    root = _top()
    listed = _git("-C", root, "ls-tree", "-r", "-z", "--name-only", commit, "--", "results", "reference") or b""
    found: dict[str, list[str]] = {}
    for path in listed.decode().split("\0"):
        if path.endswith(f"/{_CELLS}") and path.count("/") == 3:
            folder = path.removesuffix(f"/{_CELLS}")
            found.setdefault(folder.partition("/")[2], []).append(folder)
    return found


def _top() -> str:
    return (_git("rev-parse", "--show-toplevel") or b".").decode().strip()


def _kinds(tracked: Sequence[Mapping[str, list[str]]], experiment: str | None) -> list[str]:
    """`results` and `reference` in the order of preference: what both commits have first, of both the results."""
    kinds = ("results", "reference")
    names = [experiment] if experiment else sorted({name for one in tracked for name in one})

    def everywhere(kind: str) -> bool:
        return any(all(f"{kind}/{name}" in one.get(name, ()) for one in tracked) for name in names)

    return sorted(kinds, key=lambda kind: not everywhere(kind))


def _side(word: str, commit: str | None, kinds: Sequence[str], experiment: str | None, stack: ExitStack) -> Side:
    if commit is None:
        return load_side(word, _folder(word))
    tracked = _tracked(commit)
    names = [experiment] if experiment else sorted(tracked)
    if len(names) != 1 or names[0] not in tracked:
        there = ", ".join(sorted(tracked)) or "none"
        raise ConfigError(f"{word}: its commit has these experiments with tables: {there}; name one by --experiment")
    folder = next(f"{kind}/{names[0]}" for kind in kinds if f"{kind}/{names[0]}" in tracked[names[0]])
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overheard-diff-")))
    packed = _git("-C", _top(), "archive", commit, folder)
    if packed is None:
        raise LineageError(f"{word}: git could not give out {folder} of {commit[:12]}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(place, filter="data")
    return load_side(f"{word} ({folder})", place / folder)


def as_text(found: Diff) -> str:
    """A comparison for people: how many cells moved, which, and why."""
    counted = comparison.counts(found.cells)
    lines = [f"{found.first.label} (first) and {found.second.label} (second): {len(found.cells)} cells"]
    lines += [f"  {verdict}: {count}" for verdict, count in counted.items()]
    moved = [one for one in found.cells if one.verdict != SAME]
    if moved:
        lines += ["", *comparison.as_lines(moved), "", *_causes(found, len(moved))]
    if found.idle:
        lines += ["", "Also different, but no moved cell rests on it:"]
        lines += [f"  {cause.text()}" for cause in found.idle[:20]]
    return "\n".join(lines)


def _causes(found: Diff, moved: int) -> list[str]:
    if not found.told:
        side = found.second if found.first.records else found.first
        return [f"No cause can be told: {side.label} has no records."]
    if not found.causes:
        return ["No cause is known: no record differs."]
    lines = [f"  {cause.text()}: {count} of {moved} moved cells rest on it" for cause, count in found.causes]
    return ["First causes:", *lines]
