"""`overheard save`: results into git and into DVC's cache and remote; `--verify` reads them back. Touches files.

Git keeps what is small and read: records, tables, figures, scores, scene predictions, learning curves. DVC keeps the
rest in archives, and with them Snakemake's metadata, without which a dry run elsewhere could not tell what is stale.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.jobs.hashing import difference
from overheard.scheduling.lock import only_run
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.curves import write_curves
from overheard.sharing.restore import pulled_without_restore
from overheard.sharing.saved_files import Archive, folder_of
from overheard.sharing.verify import verify_remote
from overheard.study.layout import SAVED, in_git

Note = Callable[[str], None]


def save(name: str, verify: bool = False, pack_only: bool = False, note: Note = print) -> str:
    """Save an experiment's results; again, without a change, changes nothing.

    Args:
        name: the experiment.
        verify: read the remote back afterwards, and hash it anew.
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
        dvc.mend_lock()
        require_finished(name)
    with only_run(name):
        changed = pack(folder, note)
        write_curves(folder)
        if pack_only:
            return f"{folder / SAVED}: {changed} archives written anew; `overheard save {name}` sends them"
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
    from overheard.scheduling.asking import Wanted, planned_jobs
    from overheard.study.experiments import load

    if message := pulled_without_restore(name):
        raise OverheardError(message)
    if jobs := planned_jobs(load(name), Wanted(), []):
        raise OverheardError(
            f"results/{name} is not complete, {sum(jobs.values())} jobs are to do; `overheard run {name}`"
        )


def pack(folder: Path, note: Note) -> int:
    """Bring the archives under `saved/` up to date; how many were written anew.

    Raises:
        LineageError: a file is not what its record says, or is gone.
    """
    contents, expected = saved_files.contents(folder), saved_files.expected(folder)
    _check_in_git(folder, expected)
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
        _check(folder, path, digests, expected)
        index[path] = Archive(path, len(members), target.stat().st_size, archive.file_digest(target))
        # the marks of before: what changed while it was packed is packed again next time
        known[path] = before | saved_files.marks(target, {})
        changed += 1
    _check_complete(folder, contents, expected)
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
    """Whether an archive has what it should: by the file system's marks, and by reading it where DVC linked it anew."""
    if not target.is_file():
        return False
    now = saved_files.marks(target, members)
    if now == known:
        return True
    return now | {".": None} == {**known, ".": None} and archive.file_digest(target) == old.sha256


def _check(folder: Path, path: str, digests: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Refuse to save what is not what the records say."""
    wrong = (
        []
        if path == saved_files.METADATA
        else [name for name in digests if expected.get(name, digests[name]) != digests[name]]
    )
    if wrong:
        (folder / SAVED / path).unlink()
        raise LineageError(_not_as_recorded(folder, wrong))


def _check_in_git(folder: Path, expected: Mapping[str, str]) -> None:
    there = {name: digest for name, digest in expected.items() if in_git(name) and (folder / name).is_file()}
    if wrong := [name for name, digest in there.items() if difference(folder / name, digest)]:
        raise LineageError(_not_as_recorded(folder, wrong))


def _not_as_recorded(folder: Path, names: list[str]) -> str:
    shown = ", ".join(str(folder / name) for name in names[:5]) + (", …" if len(names) > 5 else "")
    return (
        f"{shown}: not what the record says was written; delete it and `overheard run {folder.name}`, then save again"
    )


def _check_complete(folder: Path, contents: Mapping[str, Mapping[str, Path]], expected: Mapping[str, str]) -> None:
    packed = {name for path, members in contents.items() if path != saved_files.METADATA for name in members}
    lost = [name for name in expected if name not in packed and not (in_git(name) and (folder / name).is_file())]
    if lost:
        shown = ", ".join(str(folder / name) for name in lost[:5])
        raise LineageError(f"{shown}: recorded, but not there; `overheard run {folder.name}`, then save again")


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
    extra = [
        path
        for path in saved_files.results_files(folder)
        if path not in known and not path.endswith((".record.json", ".circumstance.json"))
    ]
    if extra:
        lines.append(f"saved too, though no record names them: {', '.join(extra[:5])}{', …' if len(extra) > 5 else ''}")
    return lines


def _to_git(name: str) -> list[str]:
    """Hand the small files to git, and say what is left to do."""
    folder = folder_of(name)
    small = [folder / path for path in saved_files.results_files(folder) if in_git(path)]
    small += [folder / SAVED / file for file in ("archives.csv", "curves.csv", "f_scores.csv")]
    own = [dvc.STAGES_FILE, dvc.LOCK_FILE, Path("config") / f"{name}.yaml"]
    small += [path for path in [*own, Path(".dvc/config")] if path.is_file()]
    # results are ignored as a whole, so that a run leaves no mark in `git status`; only what is saved is named
    dvc.git("add", "--force", "--pathspec-from-file=-", given="\n".join(map(_literal, small)))
    dvc.git("add", "--update", "--", folder.as_posix())
    staged = dvc.git("diff", "--cached", "--name-only", "--", *map(str, [*own, folder])).splitlines()
    if not staged:
        return ["git has all the rest already: nothing to commit"]
    return [
        f"{len(staged)} small files wait in git's index; what is left to you:",
        f'  git commit --message "Save the results of {name}" && git push',
    ]


def _literal(path: Path) -> str:
    return f":(literal){path.as_posix()}"
