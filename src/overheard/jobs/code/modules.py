"""Finds and reads own source files and package data, each parsed once in a process. It touches files.

A file is known by its times, size and inode, so that a forked process only asks for these again. Bytecode of another
text than the source has is removed, so that what runs is what was read here.
"""

import hashlib
import importlib.util
import os
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path

from overheard.errors import ConfigError
from overheard.jobs.code.definitions import Module, parse

OWN = "overheard"
HOME = Path(__file__).parents[3]
# a file changed twice within the clock's step has one time stamp: what was changed this recently is read again
_UNSETTLED_NS = 100_000_000

_Stamp = tuple[int, int, int, int]


class Library:
    """Where own modules are and what is in them; keeps in mind what it looked at."""

    def __init__(self, own: Collection[str], places: Sequence[Path]) -> None:
        self.began = time.time_ns()
        self.own = own
        self.places = places
        self.looked: dict[str, _Stamp | None] = {}
        self.top, self.load, self.data_files = cache(self._top), cache(self._load), cache(self._data_files)

    def settled(self) -> bool:
        """Whether all that was looked at was old enough for its times to tell of any later change."""
        return all(self._settled(stamp) for stamp in self.looked.values() if stamp)

    def unchanged(self) -> bool:
        """Whether all that was looked at is as it was."""
        return all(_stamp(path) == stamp for path, stamp in self.looked.items())

    def _settled(self, stamp: _Stamp) -> bool:
        return max(stamp[:2]) < self.began - _UNSETTLED_NS

    def _look(self, path: str) -> _Stamp | None:
        if path not in self.looked:
            self.looked[path] = _stamp(path)
        return self.looked[path]

    def _top(self, name: str) -> Path | None:
        """The folder in which an own package or module lies; None for the standard library and what is installed."""
        files = f"{name}.py", os.path.join(name, "__init__.py")
        holding = (place for place in self.places if any(self._look(os.path.join(place, file)) for file in files))
        found = None if name in sys.stdlib_module_names else next(holding, None)
        # what is installed has a version instead
        is_installed = found and {"site-packages", "dist-packages"} & set(found.resolve().parts)
        return None if is_installed and name not in self.own else found

    def _load(self, name: str) -> Module | None:
        """An own module; None if there is none."""
        place = self.top(name.partition(".")[0])
        base = os.path.join(place or "", *name.split("."))
        for path in (os.path.join(base, "__init__.py"), f"{base}.py") if place else ():
            if (stamp := self._look(path)) is not None:
                once = _parsed if self._settled(stamp) else _parsed.__wrapped__
                return once(name, Path(path), stamp)
        return None

    def _data_files(self, top: str) -> dict[str, Path]:
        """Files of a package that are no source, as package/path."""
        found: dict[str, Path] = {}
        if (place := self.top(top)) is None:
            return found
        for folder, folders, names in os.walk(place / top):
            self._look(folder)
            folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
            paths = [Path(folder, name) for name in names if not name.startswith(".")]
            found |= {path.relative_to(place).as_posix(): path for path in paths if path.suffix not in (".py", ".pyc")}
        return found

    def file_digest(self, path: Path) -> str:
        """First 12 hex digits of the SHA-256 of a file."""
        self._look(str(path))
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def _parsed(name: str, path: Path, stamp: _Stamp) -> Module:
    """A source file as it was when it had this stamp."""
    try:
        return parse(name, path)
    except SyntaxError as error:
        raise ConfigError(f"{path}, line {error.lineno}: not Python ({error.msg}); fix it and run again") from error


def _stamp(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


_YOUNGER_NS = 2_000_000_000
"""By how much bytecode must be younger than its source: it is written some time after the source was read."""


def forget_stale_bytecode(package: Path = HOME / OWN) -> list[Path]:
    """Remove bytecode that Python would run for a source though it is of another text; returns those sources.

    Python goes by the source's size and its whole second of change. An edit that keeps both, as where all files of an
    archive have one date, leaves the old bytecode in use, and a digest of the source would not be that of what runs.
    Only what is not clearly younger than its source's last change of any kind is compared.

    Raises:
        ConfigError: it cannot be removed.
    """
    stale = []
    for folder, _, names in os.walk(package):
        for source in (os.path.join(folder, name) for name in names if name.endswith(".py")):
            bytecode = importlib.util.cache_from_source(source)
            written, changed = _stamp(bytecode), _stamp(source)
            if not written or not changed or written[0] >= changed[1] + _YOUNGER_NS:
                continue
            if _runs_as_written(source):
                # so that the next process need not compare
                with suppress(OSError):
                    os.utime(bytecode)
                continue
            try:
                os.unlink(bytecode)
            except OSError as error:
                raise ConfigError(
                    f"{bytecode}: is of an older text of {source}, and cannot be removed ({error.strerror}); remove it"
                ) from error
            stale.append(Path(source))
    return stale


def _runs_as_written(source: str) -> bool:
    """Whether what Python would run for a source, by its bytecode or without it, is its text."""
    try:
        taken = SourceFileLoader("", source).get_code("")
        return taken == compile(Path(source).read_bytes(), source, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, EOFError, TypeError):
        return False
