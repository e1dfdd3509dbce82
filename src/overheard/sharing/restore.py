"""`overheard restore`: pull what was saved and put it back; the next dry run finds nothing to do. Touches files."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.jobs import records
from overheard.jobs.hashing import difference
from overheard.scheduling.lock import only_run
from overheard.scheduling.notes import metadata_path
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.saved_files import METADATA, Archive, folder_of
from overheard.study.layout import SAVED, in_git

Note = Callable[[str], None]


def pulled_without_restore(name: str) -> str | None:
    """Say what to do where results lie that neither a run nor a restore put here; None where all is as it should be.

    Snakemake does not know results that came by `git clone`, `dvc pull` or a copy: it would go by arbitrary times,
    run what need not run, and not see what changed. What a killed run left has its marks and passes.
    """
    folder = folder_of(name)
    is_saved = (folder / SAVED / "archives.csv").is_file()
    do = f"`overheard restore {name}` here (or `overheard clean {name} --yes`, to compute everything again)"
    if is_saved and saved_files.index_is_new(folder):
        return f"{folder}: other results were pulled since these were saved or restored; {do}"
    paths = [records.recorded(path, folder) for path in records.record_paths(folder)]
    strange = sum(not any(metadata_path(path, kind).is_file() for kind in ("metadata", "incomplete")) for path in paths)
    if strange and is_saved:
        how = f"Snakemake does not know {strange} of {len(paths)} records"
        return f"{folder}: pulled or copied, but not restored ({how}); {do}"
    if strange and strange == len(paths):
        how = f"copied from elsewhere, so Snakemake knows none of its {strange} records"
        return f"{folder}: {how}; `overheard save {name}` there and {do}"
    return None


def restore(name: str, force: bool = False, note: Note = print) -> str:
    """Bring an experiment's saved results back; again, where all is back, changes nothing but times.

    Args:
        name: the experiment.
        force: overwrite files that have other content than what is put back.
        note: told what is going on.

    Raises:
        OverheardError: nothing was saved, or the remote does not give it back.
        LineageError: what lies here has other content, or what came back is not what was saved.
    """
    folder = folder_of(name)
    saved_files.read_index(folder)
    with only_run(name):
        index = saved_files.read_index(folder)
        if _not_here(folder, index):
            note("pulling the archives")
            _pull(name, index)
        paths = [path for path in index if path != METADATA]
        if not force:
            _refuse_others(folder, paths)
        written = 0
        for path in paths:
            note(f"putting back {path}")
            written += _put_back(folder, path)
        _check_in_git(folder)
        one_time(folder)
        # last: until Snakemake knows of the results, `overheard run` says that they are not restored
        _put_metadata(folder)
        contents = saved_files.contents(folder)
        known = {path: saved_files.marks(folder / SAVED / path, contents[path]) for path in index if path in contents}
        saved_files.remember(folder, known)
    return f"{folder}: {written} files put back, {len(index)} archives; `overheard run {name}` goes on from here"


def _not_here(folder: Path, index: Mapping[str, Archive]) -> list[str]:
    """Archives that are not here, or not whole."""
    return [
        path
        for path, wanted in index.items()
        if not (there := folder / SAVED / path).is_file()
        or there.stat().st_size != wanted.bytes
        or archive.file_digest(there) != wanted.sha256
    ]


def _pull(name: str, index: Mapping[str, Archive]) -> None:
    folder = folder_of(name)
    dvc.require_dvc()
    if dvc.stage_name(name) not in dvc.read_lock().get("stages", {}):
        raise OverheardError(f"dvc.lock has no stage for {name}; `git pull`, or commit dvc.lock where {name} was saved")
    dvc.require_remote(reading=True)
    for path in _not_here(folder, index):
        (folder / SAVED / path).unlink(missing_ok=True)
    try:
        dvc.dvc("pull", "--force", dvc.stage_name(name), shown=True)
    except OverheardError as error:
        kept = dvc.cache()
        absent = [path for path, (place, *_) in dvc.addresses(name, kept).items() if not (kept / place).is_file()]
        named = f" ({saved_files.first(Path(), absent)})" if absent else ""
        raise OverheardError(
            f"the remote does not give everything back{named}; is it reachable? If so, something is missing there: "
            f"`overheard save {name} --verify` where the results are, then again here\n{error}"
        ) from error
    if wrong := _not_here(folder, index):
        raise LineageError(
            f"{saved_files.first(folder / SAVED, wrong)}: pulled, but not what was saved (another sha256); `git pull` "
            f"if the commits here are not the newest, else `overheard save {name} --verify` where the results are"
        )


def _refuse_others(folder: Path, paths: list[str]) -> None:
    """Refuse before anything is written, if something would be overwritten that is not known to be saved."""
    known = saved_files.remembered(folder)
    others = []
    for path in paths:
        kept = known.get(path, {})
        for name, content in archive.members(folder / SAVED / path):
            there = folder / name
            if not os.path.lexists(there):
                continue
            is_plain = there.is_file() and not there.is_symlink()
            is_saved = is_plain and kept.get(name) == saved_files.marks(there, {})["."]
            if not is_plain or (not is_saved and _differs(there, content)):
                others.append(name)
    if others:
        listed = "".join(f"\n  {folder / name}" for name in others[:20]) + ("\n  …" if len(others) > 20 else "")
        raise LineageError(
            f"{len(others)} files have other content than what would be put back:{listed}\nmove them away or save them "
            f"first; `overheard restore {folder.name} --force` overwrites them"
        )


def _differs(path: Path, content) -> bool:
    with path.open("rb") as stream:
        return archive.digest_of(stream) != archive.digest_of(content)


def _put_back(folder: Path, path: str) -> int:
    written = 0
    for name, content in archive.members(folder / SAVED / path):
        there = folder / name
        if there.is_file() and not there.is_symlink():
            if not _differs(there, content):
                continue
            content.seek(0)
        archive.put(content, there)
        written += 1
    return written


def _check_in_git(folder: Path) -> None:
    """What git keeps must be here and be what the records say, or the dry run would be about something else."""
    expected = {name: digest for name, digest in saved_files.expected(folder).items() if in_git(name)}
    if wrong := [name for name, digest in expected.items() if difference(folder / name, digest)]:
        raise LineageError(
            f"{saved_files.first(folder, wrong)}: not here as recorded; `git restore {folder}` brings back what git "
            "keeps, then restore again"
        )


def one_time(folder: Path) -> None:
    """Set one modification time on all results: equal times are never newer, whatever order they came in."""
    now = time.time_ns()
    for place, _, names in os.walk(folder, topdown=False):
        if Path(place).relative_to(folder).parts[:1] == (SAVED,):
            continue
        for name in names:
            os.utime(os.path.join(place, name), ns=(now, now), follow_symlinks=False)
        os.utime(place, ns=(now, now))


def _put_metadata(folder: Path) -> None:
    for name, content in archive.members(folder / SAVED / METADATA):
        archive.put(content, metadata_path(f"results/{folder.name}/{name}"))
