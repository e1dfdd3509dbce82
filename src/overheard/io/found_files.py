"""The files below a folder, as everyone here sees them: what is listed for people is what is hashed. Touches files.

Names that begin with a dot are left out, files and folders alike. A linked file or folder counts as what it leads to; a
link that leads nowhere, or back into a folder it lies in, is refused. Empty folders do not count.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import MediaError

_SHOWN = 20


@dataclass(frozen=True)
class Found:
    """A file: its name below the folder (POSIX), where it lies, and the file system's marks."""

    name: str
    path: str
    status: os.stat_result

    def written(self) -> tuple[str | int, ...]:
        """What no change of a file's content leaves as it was, unless somebody sets its time back."""
        return self.name, self.status.st_dev, self.status.st_ino, self.status.st_size, self.status.st_mtime_ns

    def inode_time(self) -> int:
        """Nanoseconds; another hard link or other permissions change it as well."""
        return self.status.st_ctime_ns


def find(path: Path) -> tuple[list[Found], bool]:
    """All files of a folder, sorted by name, or the one file; and whether it is a folder.

    Raises:
        MediaError: it is not there, or names what in it is neither file nor folder, leads nowhere or cannot be read.
    """
    status = _status(str(path))
    if stat.S_ISREG(status.st_mode):
        return [Found("", str(path), status)], False
    found: list[Found] = []
    problems: list[str] = []
    _walk(str(path), "", status, (), found, problems)
    if len(problems) == 1:
        raise MediaError(problems[0])
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        said = f"{path}: {len(problems)} names in it lead to no file that can be read; fix or remove each:"
        raise MediaError("\n  ".join([said, *sorted(problems)[:_SHOWN], *more]))
    return sorted(found, key=lambda file: file.name), True


def _walk(
    place: str,
    prefix: str,
    status: os.stat_result,
    above: Sequence[tuple[int, int]],
    found: list[Found],
    problems: list[str],
) -> None:
    here = (status.st_dev, status.st_ino)
    if trouble := _no_folder(place, status, here in above):
        problems.append(trouble)
        return
    try:
        with os.scandir(place) as entries:
            visible = [(entry.name, entry.path, entry) for entry in entries if not entry.name.startswith(".")]
            for name, path, entry in visible:
                try:
                    (prefix + name).encode()
                    below = _status(path) if entry.is_symlink() else entry.stat(follow_symlinks=False)
                except MediaError as error:
                    problems.append(str(error))
                    continue
                except UnicodeEncodeError:
                    problems.append(f"{path!r}: its name is not UTF-8 text; rename it")
                    continue
                if stat.S_ISREG(below.st_mode):
                    found.append(Found(prefix + name, path, below))
                else:
                    _walk(path, f"{prefix}{name}/", below, (*above, here), found, problems)
    except FileNotFoundError as error:
        problems.append(f"{error.filename}: vanished while {place} was read; run again when it is at rest")
    except OSError as error:
        problems.append(_unreadable(place, error))


def _no_folder(place: str, status: os.stat_result, repeated: bool) -> str | None:
    if not stat.S_ISDIR(status.st_mode):
        kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
        kind = kinds.get(stat.S_IFMT(status.st_mode), "a device")
        return f"{place}: neither a file nor a folder but {kind}; remove it"
    return f"{place}: a link that leads back into a folder it lies in; remove it" if repeated else None


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise MediaError(f"{path}: a link to {os.readlink(path)}, which is not there; fix or remove it") from error
        raise MediaError(f"{path}: no such file or folder; run the step that makes it") from error
    except OSError as error:
        raise MediaError(_unreadable(path, error)) from error


def _unreadable(path: str, error: OSError) -> str:
    return f"{path}: cannot be read ({error.strerror}); fix or remove it"
