"""`overheard restore`: pull what was saved and put it back; the next dry run finds nothing to do. Touches files."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.jobs import hashing, records
from overheard.scheduling.lock import only_run
from overheard.scheduling.notes import metadata_path
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.saved_files import INDEX, METADATA, Archive, Digests, folder_of
from overheard.study.layout import SAVED


def pulled_without_restore(name: str) -> str | None:
    """Say what to do where results lie that neither a run nor a restore put here; None where all is as it should be.

    Snakemake does not know results that came by `git clone`, `dvc pull` or a copy: it would go by arbitrary times,
    run what need not run, and not see what changed. What a killed run left has its marks and passes.
    """
    folder = folder_of(name)
    is_saved = (folder / SAVED / INDEX).is_file()
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


def restore(name: str, force: bool = False) -> str:
    """Bring an experiment's saved results back; again, where all is back, changes nothing but times.

    Args:
        name: the experiment.
        force: overwrite files that have other content than what is put back.

    Raises:
        OverheardError: nothing was saved, or the remote does not give it back.
        LineageError: what lies here has other content, or what came back is not what was saved.
    """
    folder = folder_of(name)
    saved_files.read_index(folder)
    with only_run(name):
        index = saved_files.read_index(folder)
        if _not_here(folder, index):
            print("pulling the archives")
            _pull(name, index)
        packed = {path: archive.digests(folder / SAVED / path) for path in index}
        results = {path: digests for path, digests in packed.items() if path != METADATA}
        if not force:
            _refuse_others(folder, results)
        written = sum(_put_back(folder, path, digests) for path, digests in results.items())
        if wrong := saved_files.wrong_in_git(folder):
            raise LineageError(
                f"{saved_files.first([folder / name for name in wrong])}: not here as recorded; `git restore {folder}` "
                "brings back what git keeps, then restore again"
            )
        one_time(folder)
        # last: until Snakemake knows of the results, `overheard run` says that they are not restored
        _put_back(folder, METADATA, packed[METADATA])
        saved_files.remember(folder, packed)
    return f"{folder}: {written} files put back, {len(index)} archives; `overheard run {name}` goes on from here"


def _not_here(folder: Path, index: Mapping[str, Archive]) -> list[Path]:
    """Archives that are not here, or not whole."""
    places = {folder / SAVED / path: line.sha256 for path, line in index.items()}
    return [place for place, digest in places.items() if hashing.difference(place, digest)]


def _pull(name: str, index: Mapping[str, Archive]) -> None:
    folder = folder_of(name)
    dvc.require_dvc()
    if dvc.stage_name(name) not in dvc.read_lock().get("stages", {}):
        raise OverheardError(f"dvc.lock has no stage for {name}; `git pull`, or commit dvc.lock where {name} was saved")
    dvc.require_remote(reading=True)
    for place in _not_here(folder, index):
        place.unlink(missing_ok=True)
    try:
        dvc.dvc("pull", "--force", dvc.stage_name(name), shown=True)
    except OverheardError as error:
        kept = dvc.cache()
        absent = [path for path, (place, *_) in dvc.addresses(name, kept).items() if not (kept / place).is_file()]
        named = f" ({saved_files.first(absent)})" if absent else ""
        raise OverheardError(
            f"the remote does not give everything back{named}; is it reachable? If so, something is missing there: "
            f"`overheard save {name} --verify` where the results are, then again here\n{error}"
        ) from error
    if wrong := _not_here(folder, index):
        raise LineageError(
            f"{saved_files.first(wrong)}: pulled, but not what was saved (another sha256); `git pull` "
            f"if the commits here are not the newest, else `overheard save {name} --verify` where the results are"
        )


def _refuse_others(folder: Path, packed: Mapping[str, Digests]) -> None:
    """Refuse before anything is written, if something would be overwritten that is not known to be saved."""
    known, others = saved_files.remembered(folder), []
    for path, digests in packed.items():
        for name, digest in digests.items():
            there, saved = folder / name, (digest, known.get(path, {}).get(name))
            if os.path.lexists(there) and (there.is_symlink() or hashing.read(there).sha256 not in saved):
                others.append(there)
    if others:
        listed = "".join(f"\n  {there}" for there in others[:20]) + ("\n  …" if len(others) > 20 else "")
        raise LineageError(
            f"{len(others)} files have other content than what would be put back:{listed}\nmove them away or save them "
            f"first; `overheard restore {folder.name} --force` overwrites them"
        )


def _put_back(folder: Path, path: str, digests: Digests) -> int:
    """Write the members of an archive that are not in their place as they should be; how many."""
    places = {name: saved_files.place_of(folder, path, name) for name in digests}
    others = [name for name, place in places.items() if place.is_symlink() or hashing.difference(place, digests[name])]
    for name, content in archive.members(folder / SAVED / path) if others else ():
        if name in others:
            archive.put(content, places[name])
    return len(others)


def one_time(folder: Path) -> None:
    """Set one modification time on all results: equal times are never newer, whatever order they came in."""
    now = time.time_ns()
    for place, _, names in os.walk(folder, topdown=False):
        if Path(place).relative_to(folder).parts[:1] == (SAVED,):
            continue
        for name in names:
            os.utime(os.path.join(place, name), ns=(now, now), follow_symlinks=False)
        os.utime(place, ns=(now, now))
