"""Finds and reads own source files and package data, each parsed or hashed once in a process. It touches files.

A file is known by its times, size and inode, so that a forked process only asks for these again. Bytecode of another
text than the source has is removed, so that what runs is what was read here.
"""

import hashlib
import importlib.util
import marshal
import os
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from overheard.errors import ConfigError
from overheard.jobs.code.definitions import Module, parse

OWN = "overheard"
_HOME = Path(__file__).parents[3]
# a file changed twice within the clock's step has one time stamp: what was changed this recently is read again
_UNSETTLED_NS = 100_000_000


_Stamp = tuple[int, int, int, int]


class Library:
    """Where own modules are and what is in them; keeps in mind what it looked at."""

    def __init__(self, own: set[str], places: Sequence[Path] | None) -> None:
        self.began = time.time_ns()
        self.own = own
        self.places = places
        self.tops: dict[str, Path | None] = {}
        self.modules: dict[str, tuple[Module, Path] | None] = {}
        self.data: dict[str, dict[str, Path]] = {}
        self.looked: dict[str, _Stamp | None] = {}
        for name in sorted(own):
            self.top(name)

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

    def top(self, name: str) -> Path | None:
        """The folder in which an own package or module lies; None for the standard library and other distributions."""
        if name not in self.tops:
            self.tops[name] = None if name in sys.stdlib_module_names else self._find_top(name)
        return self.tops[name]

    def _find_top(self, name: str) -> Path | None:
        if name == OWN and self.places is None:
            return _HOME
        places = self._places(name)
        found = next((place for place in places if self._holds(place, name)), None)
        if found is None and name in self.own:
            found = next((place for place in places if (place / name).is_dir()), None)
        if found is None and self.places is None and name in self.own:
            spec = importlib.util.find_spec(name)
            origin = Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
            found = origin and (origin.parents[1] if origin.name == "__init__.py" else origin.parent)
        return found

    def _places(self, name: str) -> Sequence[Path]:
        if self.places is not None:
            return self.places
        if name in self.own:
            return [Path.cwd(), *(Path(entry) for entry in sys.path)]
        # a user's other files lie beside his own; what is installed has a version instead
        beside = [place for top in sorted(self.own - {OWN}) if (place := self.tops.get(top))]
        return [place for place in dict.fromkeys([Path.cwd(), *beside]) if not _installed(place)]

    def _holds(self, place: Path, name: str) -> bool:
        return any(self._look(os.path.join(place, *parts)) for parts in ((f"{name}.py",), (name, "__init__.py")))

    def load(self, name: str) -> tuple[Module, Path] | None:
        """An own module and its file, or the folder of a package without `__init__`; None if there is none."""
        if name not in self.modules:
            self.modules[name] = self._load(name)
        return self.modules[name]

    def _load(self, name: str) -> tuple[Module, Path] | None:
        place = self.top(name.partition(".")[0])
        if place is None:
            return None
        base = os.path.join(place, *name.split("."))
        for path, is_package in ((os.path.join(base, "__init__.py"), True), (f"{base}.py", False)):
            if (stamp := self._look(path)) is not None:
                return self._parsed(name, path, is_package, stamp), Path(path)
        return (Module(name, name), Path(base)) if os.path.isdir(base) else None

    def data_files(self, module: str) -> dict[str, Path]:
        """Files of a module's package that are no source, as package/path; of a lone module, its neighbours."""
        top = module.partition(".")[0]
        if top not in self.data:
            place = self.top(top)
            assert place is not None, f"{module} is no own module"
            self.data[top] = dict(self._data_below(place, place / top if (place / top).is_dir() else None))
        return self.data[top]

    def _data_below(self, place: Path, package: Path | None) -> Iterator[tuple[str, Path]]:
        for folder, folders, names in os.walk(package or place):
            self._look(folder)
            folders[:] = sorted(name for name in folders if package and not name.startswith((".", "__pycache__")))
            for name in names:
                if not name.startswith(".") and not name.endswith((".py", ".pyc")):
                    path = Path(folder, name)
                    yield path.relative_to(place).as_posix(), path

    def _parsed(self, name: str, path: str, is_package: bool, stamp: _Stamp) -> Module:
        once = _parsed if self._settled(stamp) else _parsed.__wrapped__
        return once(name, path, is_package, stamp)

    def file_digest(self, path: Path) -> str:
        """First 12 hex digits of the SHA-256 of a file."""
        stamp = self._look(str(path))
        once = _digest if stamp and self._settled(stamp) else _digest.__wrapped__
        return once(path, stamp)


@cache
def _parsed(name: str, path: str, is_package: bool, stamp: _Stamp) -> Module:
    """A source file as it was when it had this stamp."""
    try:
        return parse(name, Path(path).read_bytes(), is_package)
    except SyntaxError as error:
        raise ConfigError(f"{path}, line {error.lineno}: not Python ({error.msg}); fix it and run again") from error


@cache
def _digest(path: Path, stamp: _Stamp | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _stamp(path: str) -> _Stamp | None:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def forget_stale_bytecode(package: Path = _HOME / OWN) -> list[Path]:
    """Remove bytecode that Python would run for a source though it is of another text; returns those sources.

    Python goes by the source's size and its whole second of change. An edit that keeps both, as where all files of an
    archive have one date, leaves the old bytecode in use, and a digest of the source would not be that of what runs.
    Only what is not clearly younger than its source's last change of any kind is read and compared.

    Raises:
        ConfigError: it cannot be removed.
    """
    stale = []
    for folder, _, names in os.walk(package):
        for source in (os.path.join(folder, name) for name in names if name.endswith(".py")):
            bytecode = importlib.util.cache_from_source(source)
            if not _may_be_of_another(source, bytecode):
                continue
            if _is_of(Path(source), Path(bytecode).read_bytes()[_HEADER_BYTES:]):
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


_HEADER_BYTES = 16
_YOUNGER_NS = 2_000_000_000
"""By how much bytecode must be younger than its source: it is written some time after the source was read."""


def _may_be_of_another(source: str, bytecode: str) -> bool:
    """Whether Python takes this bytecode, and the times do not rule out that it is of another text."""
    try:
        theirs, mine = os.stat(bytecode), os.stat(source)
        with open(bytecode, "rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except OSError:
        return False
    magic, flags, rest = header[:4], int.from_bytes(header[4:8], "little"), header[8:]
    if magic != importlib.util.MAGIC_NUMBER:
        return False
    if flags:
        # known by the source's hash, which Python compares itself where the second bit is set
        return flags == 1 and rest != importlib.util.source_hash(Path(source).read_bytes())
    taken = rest == b"".join((int(n) & 0xFFFF_FFFF).to_bytes(4, "little") for n in (mine.st_mtime, mine.st_size))
    return taken and theirs.st_mtime_ns < mine.st_ctime_ns + _YOUNGER_NS


def _is_of(source: Path, code: bytes) -> bool:
    try:
        return bool(marshal.loads(code) == compile(source.read_bytes(), source, "exec", dont_inherit=True))
    except (SyntaxError, ValueError, EOFError, TypeError):
        return False


@cache
def _installed(place: Path) -> bool:
    own = {sysconfig.get_path(word) for word in ("stdlib", "platstdlib", "purelib", "platlib")}
    return str(place.resolve()) in own or bool({"site-packages", "dist-packages"} & set(place.resolve().parts))
