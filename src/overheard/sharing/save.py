"""`overheard save`: results into git and into DVC's cache and remote; `--verify` reads them back. Touches files.

Git keeps what is small and read: records, tables, figures, scores, scene predictions, learning curves. DVC keeps the
rest in archives, and with them Snakemake's metadata, without which a dry run elsewhere would not know what is stale.
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.jobs import hashing, on_disk, store
from overheard.scheduling.lock import only_run
from overheard.scheduling.notes import metadata
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.curves import TABLES, write_curves
from overheard.sharing.restore import pulled_without_restore
from overheard.sharing.saved_files import METADATA, Archive, archive_of, folder_of
from overheard.study.layout import SAVED, in_git


def save(name: str, verify: bool = False, pack_only: bool = False) -> str:
    """Save an experiment's results; again, without a change, changes nothing.

    Args:
        name: the experiment.
        verify: read the remote back afterwards, and hash it again.
        pack_only: write the archives and stop, as `dvc repro` asks, which then does the rest itself.

    Returns:
        What was saved, and how to commit it.

    Raises:
        OverheardError: no git, DVC or remote; the results are not complete, or are not what their records say.
    """
    folder = folder_of(name)
    if not folder.is_dir():
        raise OverheardError(f"{folder}: no such results; `overheard run {name}` makes them")
    if not pack_only:
        dvc.require_git()
        dvc.require_dvc()
        dvc.require_remote()
        dvc.repair_lock()
        require_finished(name)
    with only_run(name):
        changed = pack(folder)
        write_curves(folder)
        if pack_only:
            return f"{folder / SAVED}: {changed} archives written; `overheard save {name}` sends them"
        _to_dvc(name, changed)
        if verify:
            print("reading them back")
            verify_remote(name)
        return "\n".join([*_archived(folder, verify), *_to_git(name)])


def _to_dvc(name: str, changed: int) -> None:
    stage = dvc.stage_name(name)
    dvc.declare(name)
    print("keeping the archives in DVC's cache")
    dvc.dvc("commit", "--force", "--quiet", stage)
    if changed:
        # one file with two names, where the disk can: the archives do not take their place twice
        dvc.dvc("checkout", "--relink", "--quiet", stage)
    print("sending them to the remote")
    dvc.dvc("push", stage, shown=True)


def require_finished(name: str) -> None:
    """Refuse results that a run would still change.

    Raises:
        OverheardError: they were pulled or copied and not restored, or jobs are to do.
    """
    from overheard.scheduling.reruns import plan
    from overheard.study.experiments import load

    if message := pulled_without_restore(name):
        raise OverheardError(message)
    if jobs := plan(load(name)).scheduled:
        raise OverheardError(f"results/{name} is not complete, {len(jobs)} jobs are to do; `overheard run {name}`")


def pack(folder: Path) -> int:
    """Bring the archives under `saved/` up to date; how many were written.

    Raises:
        LineageError: a file is not what its record says, or is gone.
    """
    _require_as_recorded(folder)
    wanted, known = saved_files.wanted(folder), saved_files.remembered(folder)
    old: Mapping[str, Archive] = {}
    # one that is missing or damaged is written again
    with suppress(LineageError):
        old = saved_files.read_index(folder)
    for name in saved_files.unrecorded(folder):
        if not in_git(name):
            wanted.setdefault(archive_of(name), {})[name] = hashing.read(folder / name).sha256
    if notes := metadata(folder):
        wanted[METADATA] = {name: hashing.read(path).sha256 for name, path in notes.items()}
    index: dict[str, Archive] = {}
    changed = 0
    for path, digests in sorted(wanted.items()):
        target = folder / SAVED / path
        is_kept = path in old and known.get(path) == digests
        if is_kept and not hashing.difference(target, old[path].sha256, store.memory()):
            index[path] = old[path]
            continue
        print(f"packing {path}")
        packed = archive.pack(target, {name: saved_files.place_of(folder, path, name) for name in digests})
        if packed != digests:
            target.unlink()
            _refuse(folder, [str(folder / name) for name in digests if packed[name] != digests[name]])
        index[path] = saved_files.described(path, target, len(digests))
        changed += 1
    _remove_others(folder, index)
    saved_files.write_index(folder, index.values())
    saved_files.remember(folder, wanted)
    return changed


def _require_as_recorded(folder: Path) -> None:
    found = on_disk.examine(folder)
    if lost := [path for job in found.values() for path in job.lost]:
        raise LineageError(
            f"{saved_files.first(lost)}: recorded, but missing; `overheard run {folder.name}`, then save again"
        )
    # git would keep whatever it gets, so that is really read
    _refuse(folder, on_disk.edited(found) or [str(folder / name) for name in saved_files.wrong_in_git(folder)])


def _refuse(folder: Path, changed: Sequence[str]) -> None:
    if changed:
        raise LineageError(
            f"{saved_files.first(changed)}: not what the record says was written; delete it and "
            f"`overheard run {folder.name}`, then save again"
        )


def _remove_others(folder: Path, index: Mapping[str, Archive]) -> None:
    """Remove archives of what is no longer among the results."""
    # what lies in a folder comes before the folder
    for path in sorted((folder / SAVED).rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.suffix == ".tar" and path.relative_to(folder / SAVED).as_posix() not in index:
            path.unlink()


def _archived(folder: Path, verified: bool) -> list[str]:
    """Say what the remote has now, and what of it no record names."""
    index = saved_files.read_index(folder)
    total = sum(entry.bytes for entry in index.values())
    how = ", read back and found whole" if verified else ""
    lines = [f"{len(index)} archives, {total / 1e6:.1f} MB, are in the remote{how}"]
    if extra := saved_files.unrecorded(folder):
        lines.append(f"saved too, though no record names them: {saved_files.first(extra)}")
    return lines


def _to_git(name: str) -> list[str]:
    """Hand the small files to git, and say what is left to do."""
    folder = folder_of(name)
    small = [folder / path for path in saved_files.results_files(folder) if in_git(path)]
    small += [folder / SAVED / file for file in (saved_files.INDEX, *TABLES)]
    own = [dvc.STAGES_FILE, dvc.LOCK_FILE, Path("config") / f"{name}.yaml"]
    small += [path for path in [*own, Path(".dvc/config")] if path.is_file()]
    # results are ignored as a whole, so that a run leaves no mark in `git status`; only what is saved is named
    literal = "\n".join(f":(literal){path.as_posix()}" for path in small)
    dvc.git("add", "--force", "--pathspec-from-file=-", given=literal)
    dvc.git("add", "--update", "--", folder.as_posix())
    staged = dvc.git("diff", "--cached", "--name-only", "--", *map(str, [*own, folder])).splitlines()
    if not staged:
        return ["git has all the rest already: nothing to commit"]
    command = f'git commit --message "Save the results of {name}" && git push'
    return [f"{len(staged)} small files are in git's index; now commit them:", f"  {command}"]


def verify_remote(name: str) -> None:
    """Fetch everything from the remote into an empty cache, and hash it against the records.

    Raises:
        LineageError: names each file that is not what its record says, and each archive that is damaged or missing.
    """
    folder = folder_of(name)
    wanted, index = saved_files.wanted(folder), saved_files.read_index(folder)
    places = dvc.addresses(name, dvc.cache())
    scratch = dvc.require_dvc() / ".dvc" / "tmp"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overheard-verify-", dir=scratch) as temporary:
        cache, failure = dvc.second_repository(Path(temporary)), ""
        try:
            dvc.dvc("fetch", dvc.stage_name(name), where=Path(temporary), shown=True)
        except OverheardError as error:
            failure = str(error)
        fetched = {path: cache / place for path, (place, *_) in places.items() if (cache / place).is_file()}
        if failure and len(fetched) in (0, len(places)):
            raise LineageError(f"the remote cannot be read back\n{failure}")
        wrong: dict[str, list[str]] = {}
        for archived, line in index.items():
            path = (folder / SAVED / archived).as_posix()
            if path not in fetched:
                wrong[path] = [f"{path}: missing"]
            elif lines := saved_files.wrong_in(folder, line, fetched[path], wanted.get(archived, {})):
                wrong[path] = lines
    if wrong:
        said = ["the remote is not what was saved:", *(f"  {line}" for lines in wrong.values() for line in lines)]
        said += ["delete these there (`dvc remote list` says where), as far as it has them:"]
        said += sorted({f"  {place}" for path in wrong for place in places.get(path, [])})
        raise LineageError("\n".join([*said, f"`overheard save {name}` then sends them again"]))
