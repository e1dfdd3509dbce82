"""What of an experiment's results goes where when it is saved, into git or into an archive. Touches files.

It lists the results, and reads and writes the small tables beside the archives in `results/NAME/saved/`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path, PurePosixPath

from overheard.errors import ConfigError, LineageError, MediaError
from overheard.io import artifacts, whole
from overheard.jobs import on_disk, records
from overheard.scheduling.notes import metadata
from overheard.study.config import NAME
from overheard.study.layout import SAVED, in_git, record_of

INDEX = "archives.csv"
METADATA = "snakemake/metadata.tar"
_ROW_PARTS = 3  # stage, method, modality: what lies deeper is one of the row's jobs


@dataclass(frozen=True)
class Archive:
    """A line of `saved/archives.csv`: an archive by its path under `saved/`, and what it contains."""

    archive: str
    files: int
    bytes: int
    sha256: str


_COLUMNS = [field.name for field in fields(Archive)]


def folder_of(name: str) -> Path:
    """An experiment's results.

    Raises:
        ConfigError: no experiment can have this name.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r}: not the name of an experiment (letters, digits, dot, dash, underscore)")
    return Path("results") / name


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


def archive_of(path: str) -> str:
    """The archive of a file that git does not keep: its job's, and one for all jobs of a row, as of its seeds."""
    record = record_of(f"results/x/{path}")
    job = record.removeprefix("results/x/").removesuffix(records.SUFFIX) if record else path
    return "/".join(job.split("/")[:_ROW_PARTS]) + ".tar"


def contents(folder: Path) -> dict[str, dict[str, Path]]:
    """What each archive contains: archive, then name in it, then file. Names are relative to the results' folder."""
    found: dict[str, dict[str, Path]] = {}
    for path in results_files(folder):
        if not in_git(path):
            found.setdefault(archive_of(path), {})[path] = folder / path
    if known := metadata(folder):
        found[METADATA] = known
    return dict(sorted(found.items()))


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


def write_index(folder: Path, archives: Iterable[Archive]) -> None:
    """Write `saved/archives.csv`."""
    rows = [asdict(archive) for archive in sorted(archives, key=lambda archive: archive.archive)]
    path = folder / SAVED / INDEX
    with whole.writing(path) as part:
        artifacts.write_table(part, _COLUMNS, rows)


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
        for row in artifacts.read_table(path, _COLUMNS):
            place = PurePosixPath(row["archive"])
            if not place.name or place.is_absolute() or ".." in place.parts:
                raise ValueError(f"{row['archive']!r} is no place under {folder / SAVED}")
            found[row["archive"]] = Archive(row["archive"], int(row["files"]), int(row["bytes"]), row["sha256"])
        return found
    except (MediaError, ValueError) as error:
        raise LineageError(f"{path}: not a table of archives ({error}); `git restore {path}`") from error


def first(folder: Path, names: Sequence[str]) -> str:
    """The first files of a list, to be named in a message."""
    return ", ".join(str(folder / name) for name in names[:5]) + (", …" if len(names) > 5 else "")


Marks = dict[str, dict[str, list[int]]]
"""The file system's marks of each archive and of its members, as they were when both were the same."""


def marks(archive: Path, members: Mapping[str, Path]) -> dict[str, list[int]]:
    """Inode, size and times of an archive, under the name `.`, and of its members."""
    found = {}
    for name, path in {".": archive, **members}.items():
        status = path.stat()
        found[name] = [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return found


def remember(folder: Path, known: Marks) -> None:
    """Note that files and archives are the same now, for this checkout alone."""
    path = folder / SAVED / ".same.json"
    whole.write_text(path, json.dumps({"index": _index_digest(folder), "marks": known}))


def refresh(folder: Path) -> None:
    """Note the archives' marks again, after DVC has put links to its cache in their place."""
    known = remembered(folder)
    for path in known:
        known[path] |= marks(folder / SAVED / path, {})
    remember(folder, known)


def remembered(folder: Path) -> Marks:
    """What `remember` noted; nothing if it is lost, which costs time alone."""
    return _memory(folder).get("marks", {})


def index_is_new(folder: Path) -> bool:
    """Whether `archives.csv` is another than when files and archives were last the same here: it was pulled since."""
    noted = _memory(folder).get("index")
    return noted is not None and noted != _index_digest(folder)


def _memory(folder: Path) -> dict:
    try:
        found = json.loads((folder / SAVED / ".same.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _index_digest(folder: Path) -> str | None:
    path = folder / SAVED / INDEX
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None
