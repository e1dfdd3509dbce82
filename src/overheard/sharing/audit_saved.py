"""Is what `overheard save` packed, and what `dvc plots` draws, of these results? Touches files: reads `saved/`."""

import csv
import os
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from overheard.errors import OverheardError
from overheard.io.whole import PART
from overheard.jobs.records import recorded
from overheard.lineage.findings import Finding, Said
from overheard.lineage.recounted import first_line
from overheard.sharing import curves, saved_files
from overheard.sharing.saved_files import INDEX, MEMORY, Archive
from overheard.study.layout import SAVED

_KNOWN = (INDEX, *curves.TABLES, MEMORY)


def audit_saved(folder: Path, faulty: Collection[str]) -> Iterator[Said]:
    """What of `results/NAME/saved/` does not hold, and remarks.

    Args:
        folder: `results/NAME`.
        faulty: recorded paths of files that are known not to be what they should be; what needs them is left.
    """
    place = folder / SAVED
    if not place.is_dir() or not any(path.is_file() for path in place.rglob("*")):
        return
    try:
        yield from _packed(folder, saved_files.read_index(folder))
    except OverheardError as error:
        yield _finding(folder, INDEX, str(error), "the list of archives")
    yield from _curves(folder, faulty)


def _packed(folder: Path, index: Mapping[str, Archive]) -> Iterator[Said]:
    """Strangers among the archives; archives against the index; what is in them against the records."""
    wanted = None
    try:
        wanted = saved_files.wanted(folder)
    except OverheardError as error:
        yield f"what is in the archives was not compared: {error}"
    if absent := [path for path in index if not (folder / SAVED / path).exists()]:
        yield f"{len(absent)} of {len(index)} archives are not here; `overheard restore {folder.name}`"
    yield from _strangers(folder, index)
    for path in sorted((wanted or {}).keys() - index.keys()):
        yield _finding(folder, INDEX, f"no line for {path}", f"an archive with {min(wanted[path])}")

    def faults(line: Archive) -> list[str]:
        digests = None if wanted is None else wanted.get(line.archive, {})
        return saved_files.wrong_in(folder, line, folder / SAVED / line.archive, digests)

    here = [line for path, line in index.items() if path not in absent]
    with ThreadPoolExecutor(max(2, len(os.sched_getaffinity(0)))) as pool:
        for line, said in zip(here, pool.map(faults, here), strict=True):
            if said:
                more = f", and {len(said) - 1} more" if len(said) > 1 else ""
                yield _finding(folder, line.archive, f"{said[0]}{more}", "the results that lie here")


def _finding(folder: Path, path: str, found: str, expected: str, kind: str = "saved") -> Finding:
    command = f"`overheard save {folder.name}` makes it of the results that lie here"
    return Finding(kind, recorded(folder / SAVED / path, folder), found, expected, command)


def _strangers(folder: Path, index: Collection[str]) -> Iterator[Finding]:
    for parent, _, names in os.walk(folder / SAVED):
        for name in sorted(names):
            path = Path(parent, name).relative_to(folder / SAVED).as_posix()
            if path not in index and path not in _KNOWN and name != ".gitignore":
                what = "left by a save that was interrupted" if name.startswith(PART) else "a file that is not listed"
                yield _finding(folder, path, what, f"only what {INDEX} lists", "unknown")


def _curves(folder: Path, faulty: Collection[str]) -> Iterator[Said]:
    """The tables for `dvc plots`, made again from cells and learning curves."""
    for name, (stage, _) in curves.TABLES.items():
        stored = folder / SAVED / name
        if not stored.is_file():
            yield _finding(folder, name, "no such file", "what `dvc plots` draws", "missing")
            continue
        if any(path.startswith(f"results/{folder.name}/{stage}/") for path in faulty):
            yield f"saved/{name} was not made again: what it is made from is not what it should be"
            continue
        try:
            now = curves.table(folder, name).encode()
        except (OverheardError, OSError, ValueError, csv.Error) as error:  # missing or forged cells or histories
            yield _finding(folder, name, f"cannot be made again ({error!r})", "what `dvc plots` draws", "number")
            continue
        if (was := stored.read_bytes()) != now:
            yield _finding(folder, name, *first_line(was, now), "number")
