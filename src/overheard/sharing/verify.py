"""`overheard save --verify`: read everything back from the remote and hash it against the records. Touches files."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.saved_files import SAVED, Archive, folder_of


def verify_remote(name: str) -> None:
    """Fetch everything from the remote into an empty cache, and hash it against the records.

    Raises:
        LineageError: names each file that is not what its record says, and each archive that is damaged or missing.
    """
    folder = folder_of(name)
    expected, index = saved_files.expected(folder), saved_files.read_index(folder)
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
        wrong = _wrong(folder, fetched, index, expected)
    if wrong:
        raise LineageError(
            "\n".join(
                [
                    "the remote is not what was saved:",
                    *(f"  {line}" for lines in wrong.values() for line in lines),
                    "delete these there (`dvc remote list` says where), as far as it has them:",
                    *sorted({f"  {place}" for path in wrong for place in places.get(path, [])}),
                    f"`overheard save {name}` then sends them again",
                ]
            )
        )


def _wrong(
    folder: Path, fetched: Mapping[str, Path], index: Mapping[str, Archive], expected: Mapping[str, str]
) -> dict[str, list[str]]:
    """What is wrong with each archive, by its path in the repository."""
    wrong: dict[str, list[str]] = {}
    names = {name for name in expected if saved_files.in_git(name)}
    for archived, wanted in index.items():
        path = (folder / SAVED / archived).as_posix()
        if path not in fetched:
            wrong[path] = [f"{path}: not there"]
        elif archived == saved_files.METADATA:
            if archive.file_digest(fetched[path]) != wanted.sha256:
                wrong[path] = [_another(path, wanted)]
        else:
            found, lines = _members(fetched[path], path, folder, expected)
            names |= found
            if not lines and archive.file_digest(fetched[path]) != wanted.sha256:
                lines = [_another(path, wanted)]
            if lines:
                wrong[path] = lines
    # what is in a damaged archive need not be said again file by file
    if not wrong and (lost := sorted(expected.keys() - names)):
        wrong[str(folder)] = [f"{folder / name}: in no archive" for name in lost]
    return wrong


def _another(path: str, wanted: Archive) -> str:
    return f"{path}: damaged (not sha256 {wanted.sha256[:12]}…, which was saved)"


def _members(archived: Path, path: str, folder: Path, expected: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """The names in an archive, and what is wrong with them."""
    names, lines = set(), []
    try:
        for name, digest in archive.digests(archived).items():
            names.add(name)
            if expected.get(name, digest) != digest:
                lines.append(f"{folder / name}: sha256 {expected[name][:12]}… recorded, {digest[:12]}… found in {path}")
    except LineageError as error:
        lines.append(f"{path}: {str(error).split(': ', 1)[1]}")
    return names, lines
