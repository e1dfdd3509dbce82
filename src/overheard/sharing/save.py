"""`overheard save`: results into git and into DVC's cache and remote; `--verify` reads them back. Touches files.

Git keeps what is small and read: records, tables, figures, scores, scene predictions, learning curves. DVC keeps the
rest in archives, and with them Snakemake's metadata, without which a dry run elsewhere would not know what is stale.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.jobs import records
from overheard.scheduling.lock import only_run
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.curves import TABLES, write_curves
from overheard.sharing.restore import pulled_without_restore
from overheard.sharing.saved_files import Archive, folder_of
from overheard.sharing.verify import verify_remote
from overheard.study.layout import SAVED, in_git

Note = Callable[[str], None]


def save(name: str, verify: bool = False, pack_only: bool = False, note: Note = print) -> str:
    """Save an experiment's results; again, without a change, changes nothing.

    Args:
        name: the experiment.
        verify: read the remote back afterwards, and hash it again.
        pack_only: write the archives and stop, as `dvc repro` asks, which then does the rest itself.
        note: told what is going on.

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
        changed = pack(folder, note)
        write_curves(folder)
        if pack_only:
            return f"{folder / SAVED}: {changed} archives written; `overheard save {name}` sends them"
        _to_dvc(name, changed, note)
        if verify:
            note("reading them back")
            verify_remote(name)
        return "\n".join([*_archived(folder, verify), *_to_git(name)])


def _to_dvc(name: str, changed: int, note: Note) -> None:
    stage = dvc.stage_name(name)
    dvc.declare(name)
    note("keeping the archives in DVC's cache")
    dvc.keep_lock()
    dvc.dvc("commit", "--force", "--quiet", stage)
    if changed:
        # one file with two names, where the disk can: the archives do not take their place twice
        dvc.dvc("checkout", "--relink", "--quiet", stage)
        saved_files.refresh(folder_of(name))
    note("sending them to the remote")
    dvc.dvc("push", stage, shown=True)


def require_finished(name: str) -> None:
    """Refuse results that a run would still change.

    Raises:
        OverheardError: they were pulled or copied and not restored, or jobs are to do.
    """
    from overheard.scheduling.asking import plan
    from overheard.study.experiments import load

    if message := pulled_without_restore(name):
        raise OverheardError(message)
    if jobs := plan(load(name)).scheduled:
        raise OverheardError(f"results/{name} is not complete, {len(jobs)} jobs are to do; `overheard run {name}`")


def pack(folder: Path, note: Note) -> int:
    """Bring the archives under `saved/` up to date; how many were written.

    Raises:
        LineageError: a file is not what its record says, or is gone.
    """
    contents, expected = saved_files.contents(folder), saved_files.expected(folder)
    in_place = {name: folder / name for name in expected if in_git(name) and (folder / name).is_file()}
    _refuse_others(folder, {name: archive.file_digest(path) for name, path in in_place.items()}, expected)
    known, old = saved_files.remembered(folder), _old_index(folder)
    index: dict[str, Archive] = {}
    changed = 0
    for path, members in contents.items():
        target = folder / SAVED / path
        if path in old and _is_kept(target, members, known.get(path, {}), old[path]):
            index[path] = old[path]
            known[path] |= saved_files.marks(target, {})
            continue
        note(f"packing {path}")
        before = saved_files.marks(folder, members)
        digests = archive.pack(target, members)
        if path != saved_files.METADATA:
            _refuse_others(folder, digests, expected, target)
        index[path] = Archive(path, len(members), target.stat().st_size, archive.file_digest(target))
        # the marks of before: what changed while it was packed is packed again next time
        known[path] = before | saved_files.marks(target, {})
        changed += 1
    packed = {name for path, members in contents.items() if path != saved_files.METADATA for name in members}
    if lost := [name for name in expected if name not in packed and name not in in_place]:
        missing = saved_files.first(folder, lost)
        raise LineageError(f"{missing}: recorded, but missing; `overheard run {folder.name}`, then save again")
    _remove_others(folder, index)
    saved_files.write_index(folder, index.values())
    saved_files.remember(folder, {path: known[path] for path in index})
    return changed


def _old_index(folder: Path) -> dict[str, Archive]:
    try:
        return saved_files.read_index(folder)
    except LineageError:
        return {}


def _is_kept(target: Path, members: Mapping[str, Path], known: Mapping[str, list[int]], old: Archive) -> bool:
    """Whether an archive has what it should: by the file system's marks; where DVC put a link, by reading it."""
    if not target.is_file():
        return False
    now = saved_files.marks(target, members)
    if now == known:
        return True
    return now | {".": None} == {**known, ".": None} and archive.file_digest(target) == old.sha256


def _refuse_others(
    folder: Path, found: Mapping[str, str], expected: Mapping[str, str], packed: Path | None = None
) -> None:
    """Refuse to save what is not what the records say; what was packed of it is removed."""
    if wrong := [name for name, digest in found.items() if expected.get(name, digest) != digest]:
        if packed:
            packed.unlink()
        raise LineageError(
            f"{saved_files.first(folder, wrong)}: not what the record says was written; "
            f"delete it and `overheard run {folder.name}`, then save again"
        )


def _remove_others(folder: Path, index: Mapping[str, Archive]) -> None:
    """Remove archives of what is no longer among the results."""
    for path in sorted((folder / SAVED).rglob("*.tar"), reverse=True):
        if path.relative_to(folder / SAVED).as_posix() not in index:
            path.unlink()
    for path in sorted((folder / SAVED).rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _archived(folder: Path, verified: bool) -> list[str]:
    """Say what the remote has now, and what of it no record names."""
    index = saved_files.read_index(folder)
    total = sum(entry.bytes for entry in index.values())
    how = ", read back and found whole" if verified else ""
    lines = [f"{len(index)} archives, {total / 1e6:.1f} MB, are in the remote{how}"]
    known = saved_files.expected(folder)
    own = (records.SUFFIX, ".circumstance.json")
    extra = [path for path in saved_files.results_files(folder) if path not in known and not path.endswith(own)]
    if extra:
        lines.append(f"saved too, though no record names them: {saved_files.first(Path(), extra)}")
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
    return [
        f"{len(staged)} small files wait in git's index; what is left to you:",
        f'  git commit --message "Save the results of {name}" && git push',
    ]
