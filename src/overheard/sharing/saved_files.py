"""What of an experiment's results goes where when it is saved, into git or into an archive. Touches files.

It lists the results, compares archives with them, and reads and writes the tables beside the archives in
`results/NAME/saved/`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from overheard.errors import ConfigError, LineageError, MediaError, OverheardError
from overheard.io import artifacts, whole
from overheard.jobs import hashing, on_disk, records
from overheard.scheduling.notes import metadata_path
from overheard.sharing import archive
from overheard.study.experiment import NAME
from overheard.study.flow import STAGES
from overheard.study.layout import SAVED, in_git, maker, results

INDEX = "archives.csv"
MEMORY = ".same.json"
METADATA = "snakemake/metadata.tar"

Digests = Mapping[str, str]
"""The sha256 of files by their names, relative to an experiment's results."""


class Archive(NamedTuple):
    """A line of `saved/archives.csv`: an archive by its path under `saved/`, and what it contains."""

    archive: str
    files: int
    bytes: int
    sha256: str


def archive_of(path: str) -> str:
    """The archive, under SAVED, of a file by its path under `results/NAME`: its job's, one for all jobs of a row."""
    made = maker(path)
    job = STAGES[made[0]].record.format_map(made[2]) if made else path
    # stage, method, modality: what lies deeper is one of the row's jobs
    return "/".join(job.split("/")[:3]) + ".tar"


def folder_of(name: str) -> Path:
    """An experiment's results.

    Raises:
        ConfigError: no experiment can have this name.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r}: not the name of an experiment (letters, digits, dot, dash, underscore)")
    return Path(results(name))


def results_files(folder: Path) -> list[str]:
    """Every file in the stages' folders, relative to `folder`, sorted; names that begin with a dot are left out.

    Raises:
        MediaError: something there is a link, or neither a file nor a folder.
    """
    found = []
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if parts[0] == SAVED or any(part.startswith(".") for part in parts) or (len(parts) == 1 and path.is_file()):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise MediaError(f"{path}: a link or no plain file, which cannot be saved; put the file itself there")
        if path.is_file():
            found.append("/".join(parts))
    return sorted(found)


def expected(folder: Path) -> dict[str, str]:
    """The sha256 of every file that a record says was written, by path relative to `folder`.

    Raises:
        LineageError: no records, one that is not whole, or a folder's listing that is not the recorded one.
    """
    found = {}
    for record in records.load_records(folder).values():
        for entry in records.entries(record["writes"]):
            path = records.located(entry["path"], folder)
            relative = path.relative_to(folder).as_posix()
            if "files" not in entry:
                found[relative] = entry["sha256"]
                continue
            found |= {f"{relative}/{name}": file.sha256 for name, file in on_disk.listed(entry, path).items()}
            found[f"{relative}{records.LISTING}"] = entry["sha256"]
    return found


def wrong_in_git(folder: Path) -> list[str]:
    """Files that git keeps and that are not what the records say, by path relative to `folder`."""
    kept = {name: digest for name, digest in expected(folder).items() if in_git(name)}
    return [name for name, digest in kept.items() if hashing.difference(folder / name, digest)]


def unrecorded(folder: Path) -> list[str]:
    """Files among the results that no record names, by path relative to `folder`."""
    known, beside = expected(folder), (records.SUFFIX, records.CIRCUMSTANCE)
    return [name for name in results_files(folder) if name not in known and not name.endswith(beside)]


def wanted(folder: Path) -> dict[str, dict[str, str]]:
    """What each archive should contain by the records; raises what `expected` does."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, digest in expected(folder).items():
        if not in_git(name):
            found[archive_of(name)][name] = digest
    return dict(found)


def place_of(folder: Path, path: str, name: str) -> Path:
    """Where a member of an archive belongs."""
    return metadata_path(f"{results(folder.name)}/{name}") if path == METADATA else folder / name


def described(path: str, place: Path, files: int) -> Archive:
    """The line of an archive, from its file."""
    content = hashing.read(place)
    return Archive(path, files, content.bytes, content.sha256)


def wrong_in(folder: Path, line: Archive, place: Path, digests: Digests | None) -> list[str]:
    """What is wrong with an archive: a line for each member that is another, else one for the whole.

    Args:
        folder: the experiment's results.
        line: the archive, as the index has it.
        place: the archive's file.
        digests: what it should contain by the records, see `wanted`; None where that is not known. What no record names
            should be as it lies among the results.
    """
    path = folder / SAVED / line.archive
    try:
        members = archive.digests(place)
        now = described(line.archive, place, len(members))
    except (OverheardError, OSError) as error:
        return [f"{path}: {str(error).removeprefix(f'{place}: ')}"]
    # what Snakemake keeps is in no record
    if digests is None or line.archive == METADATA:
        digests = members
    others = [name for name in members.keys() - digests.keys() if (folder / name).is_file()]
    digests = {**digests, **{name: hashing.read(folder / name).sha256 for name in others}}
    lines = [
        f"{folder / name}: sha256 {_short(digests.get(name))} recorded, {_short(members.get(name))} found in {path}"
        for name in sorted(digests.keys() | members.keys())
        if digests.get(name) != members.get(name)
    ]
    if not lines and now != line:
        lines = [f"{path}: damaged (sha256 {now.sha256[:12]}…, {line.sha256[:12]}… was saved)"]
    return lines


def _short(digest: str | None) -> str:
    return f"{digest[:12]}…" if digest else "none"


def write_index(folder: Path, archives: Iterable[Archive]) -> None:
    """Write `saved/archives.csv`."""
    with whole.writing(folder / SAVED / INDEX) as part:
        artifacts.write_table(part, Archive._fields, (line._asdict() for line in sorted(archives)))


def read_index(folder: Path) -> dict[str, Archive]:
    """Read `saved/archives.csv`, by archive.

    Raises:
        LineageError: it is missing, or not such a table.
    """
    path = folder / SAVED / INDEX
    if not path.is_file():
        raise LineageError(
            f"{path}: no such file, so {folder} was never saved, or the commit with it is not here; "
            f"`git pull`, or `overheard save {folder.name}` where the results are"
        )
    try:
        found = {}
        for row in artifacts.read_table(path, Archive._fields):
            place = PurePosixPath(row["archive"])
            if not place.name or place.is_absolute() or ".." in place.parts:
                raise ValueError(f"{row['archive']!r} is no place under {folder / SAVED}")
            found[row["archive"]] = Archive(row["archive"], int(row["files"]), int(row["bytes"]), row["sha256"])
        return found
    except (MediaError, ValueError) as error:
        raise LineageError(f"{path}: not a table of archives ({error}); `git restore {path}`") from error


def first(paths: Sequence[object]) -> str:
    """The first of some files, to be named in a message."""
    return ", ".join(map(str, paths[:5])) + (", …" if len(paths) > 5 else "")


def remember(folder: Path, packed: Mapping[str, Digests]) -> None:
    """Note, for this checkout alone, what each archive contains: the results are the same now."""
    index = hashing.read(folder / SAVED / INDEX).sha256
    whole.write_text(folder / SAVED / MEMORY, json.dumps({"index": index, "packed": packed}))


def remembered(folder: Path) -> Mapping[str, Digests]:
    """What `remember` noted; nothing if it is lost, which costs time alone."""
    return _memory(folder).get("packed", {})


def index_is_new(folder: Path) -> bool:
    """Whether `archives.csv` is another than when files and archives were last the same here: it was pulled since."""
    noted = _memory(folder).get("index")
    return noted is not None and noted != hashing.read(folder / SAVED / INDEX).sha256


def _memory(folder: Path) -> dict:
    try:
        found = json.loads((folder / SAVED / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
