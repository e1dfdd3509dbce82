"""`overheard save --verify`: read everything back from the remote and hash it against the records. Touches files."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.sharing import archive, dvc, saved_files
from overheard.sharing.saved_files import Archive, folder_of
from overheard.study.layout import SAVED, in_git


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
        said = ["the remote is not what was saved:", *(f"  {line}" for lines in wrong.values() for line in lines)]
        said += ["delete these there (`dvc remote list` says where), as far as it has them:"]
        said += sorted({f"  {place}" for path in wrong for place in places.get(path, [])})
        raise LineageError("\n".join([*said, f"`overheard save {name}` then sends them again"]))


def _wrong(
    folder: Path, fetched: Mapping[str, Path], index: Mapping[str, Archive], expected: Mapping[str, str]
) -> dict[str, list[str]]:
    """What is wrong with each archive, by its path in the repository."""
    wrong: dict[str, list[str]] = {}
    names = {name for name in expected if in_git(name)}
    for archived, wanted in index.items():
        path = (folder / SAVED / archived).as_posix()
        members, lines = {}, [f"{path}: missing"]
        if path in fetched:
            members, lines = _examined(path, fetched[path], wanted, folder, expected)
        names |= members.keys()
        if lines:
            wrong[path] = lines
    # what is in a damaged archive need not be said again file by file
    if not wrong and (lost := sorted(expected.keys() - names)):
        wrong[str(folder)] = [f"{folder / name}: in no archive" for name in lost]
    return wrong


def _examined(
    path: str, fetched: Path, wanted: Archive, folder: Path, expected: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The digests of what is in an archive, and what is wrong with it."""
    try:
        # what Snakemake keeps is in no record
        members = {} if wanted.archive == saved_files.METADATA else archive.digests(fetched)
    except LineageError as error:
        return {}, [f"{path}: {str(error).split(': ', 1)[1]}"]
    lines = [
        f"{folder / name}: sha256 {expected[name][:12]}… recorded, {digest[:12]}… found in {path}"
        for name, digest in members.items()
        if expected.get(name, digest) != digest
    ]
    if not lines and archive.file_digest(fetched) != wanted.sha256:
        lines = [f"{path}: damaged (not sha256 {wanted.sha256[:12]}…, which was saved)"]
    return members, lines
