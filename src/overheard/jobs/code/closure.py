"""What code decides a job's bytes: all definitions reachable from its stage function. Touches files: source and data.

Nothing is imported or executed to find out. What cannot be followed (a dynamic import, `exec`, package data whose name
is not written out) is refused, never left out.
"""

import builtins
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from overheard.errors import ConfigError
from overheard.jobs.code.definitions import Definition, Module
from overheard.jobs.code.modules import OWN, Library
from overheard.jobs.code.names import WHOLE, Import, Names
from overheard.jobs.records import code_digest

_METHODS = "overheard.learning.methods:METHODS"
_UNFOLLOWED = re.compile(
    r"importlib(\.(import_module|__import__|reload|util|machinery|abc)\b.*)?$|(runpy|imp|zipimport)\b|sys\.(modules|executable)\b"
    r"|builtins(\.(exec|eval|__import__)\b.*)?$|pkgutil\.(resolve_name|walk_packages|iter_modules)\b|pydoc\.locate\b"
)
_DATA_READERS = re.compile(r"importlib\.resources\b|pkgutil\.get_data\b")
# messages to people: its functions return nothing and write no artefact
_SAYS_ONLY = {"overheard.io.progress"}


@dataclass(frozen=True)
class Closure:
    """All code that is reachable from some functions.

    Attributes:
        definitions: "package.module:name" -> 12 hex digits of its normalised source, sorted. Besides names there are
            "module:NAME[key]", one entry of a dict; "module:<executed>", what importing it does; "data:package/file".
        packages: top-level names of other distributions that these definitions use, sorted.
    """

    definitions: dict[str, str]
    packages: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the definitions, 64 hex digits."""
        return code_digest(self.definitions)


def stage_code(stage: str, method: str | None = None) -> Closure:
    """The code of a stage; of a run, with no other row of `METHODS` than its method's.

    Raises:
        ConfigError: something in it cannot be followed, or there is no such stage or method.
    """
    rows = {} if method is None else {_METHODS: method}
    return closure([f"overheard.stages.{stage}:{stage}"], rows)


def closure(roots: Sequence[str], rows: Mapping[str, str] = {}, places: Sequence[Path] | None = None) -> Closure:
    """All definitions reachable from some functions, in `overheard` and in the roots' own packages.

    Args:
        roots: "package.module:function".
        rows: of these dicts ("package.module:NAME"), only the entry of this key counts.
        places: folders to look for own packages in; else this very program, the working folder and `sys.path`.

    Raises:
        ConfigError: something reached cannot be followed; names file and line.
    """
    looked_in = (*(sys.path if places is None else places), Path.cwd())
    asked = tuple(roots), tuple(rows), None if places is None else tuple(places), looked_in
    walk = _walked(*asked)
    if not walk.library.unchanged():
        _walked.cache_clear()
        walk = _walked(*asked)
    found = walk.with_rows(rows)
    if not walk.library.settled():
        # the next change may leave no mark, so that it would be believed for ever
        _walked.cache_clear()
    return found


@cache
def _walked(
    roots: Sequence[str], rows: Iterable[str], places: Sequence[Path] | None, looked_in: Sequence[str | Path]
) -> "_Walk":
    """A walk from these roots, begun: most of what a method's run reaches, every method's does."""
    walk = _Walk(Library({OWN, *(root.partition(":")[0].partition(".")[0] for root in roots)}, places), rows)
    walk.begin(roots)
    return walk


class _Walk:
    """Follows names from definition to definition; dicts of which one row is asked for are left open at first."""

    def __init__(self, library: Library, rows: Iterable[str]) -> None:
        self.library = library
        self.rows: dict[str, str | None] = dict.fromkeys(rows)
        self.open: set[tuple[str, str]] = set()
        self.definitions: dict[str, str] = {}
        self.packages: set[str] = set()
        self.seen: set[tuple[str, tuple[str, ...]]] = set()
        self.imported: set[str] = set()
        self.wholes: set[str] = set()
        self.waiting: list[tuple[Module, Path, Definition]] = []
        self.closures: dict[tuple[tuple[str, str], ...], Closure] = {}

    def begin(self, roots: Iterable[str]) -> None:
        """Follow all but the dicts left open."""
        for root in roots:
            module, _, name = root.partition(":")
            self._start(module, name, root)
        self._finish()

    def with_rows(self, rows: Mapping[str, str]) -> Closure:
        """What was found, with what is reachable from these rows; the walk itself stays where it is."""
        asked = tuple(sorted(rows.items()))
        if asked in self.closures:
            return self.closures[asked]
        walk = _Walk(self.library, ())
        walk.rows = dict(rows)
        for name in ("definitions", "packages", "seen", "imported", "wholes"):
            setattr(walk, name, getattr(self, name).copy())
        for module, name in sorted(self.open):
            walk._define(*self._loaded(module), name)
        walk._finish()
        self.closures[asked] = Closure(dict(sorted(walk.definitions.items())), tuple(sorted(walk.packages)))
        return self.closures[asked]

    def _start(self, module: str, name: str, root: str) -> None:
        found = self.library.load(module)
        if found is None or not name or name.split(".")[0] not in found[0].bindings:
            where = f"{found[1]} has no function {name!r}" if found else f"no module {module!r} on the path"
            raise ConfigError(f"{root}: {where}; expected package.module:function")
        self._import(module)
        self._name(*found, tuple(name.split(".")), 1)

    def _finish(self) -> None:
        while self.waiting:
            module, path, definition = self.waiting.pop()
            self._follow(module, path, definition.names)

    def _follow(self, module: Module, path: Path, names: Names) -> None:
        reader: int | None = None
        for bound, line in names.executed.items():
            self._execute(path, bound, line)
        for chain, line in names.chains.items():
            imported = [bound for bound in module.bindings.get(chain[0], ()) if isinstance(bound, Import)]
            if chain[0] == "__file__" or any(_DATA_READERS.match(_dotted(bound, chain[1:])) for bound in imported):
                reader = line
            self._name(module, path, chain, line)
        for (bound, attributes), line in names.imported.items():
            if _DATA_READERS.match(_dotted(bound, attributes)):
                reader = line
            self._bound(module, path, bound, attributes, line)
        self._data(module, path, names.strings, reader)

    def _name(self, module: Module, path: Path, chain: tuple[str, ...], line: int) -> None:
        """What a dotted name in a module stands for."""
        if (module.name, chain) in self.seen or module.name in _SAYS_ONLY:
            return
        self.seen.add((module.name, chain))
        bindings = module.bindings.get(chain[0])
        if bindings is None:
            self._unbound(module, path, chain, line)
            return
        if any(isinstance(bound, Definition) for bound in bindings):
            self._define(module, path, chain[0])
        for bound in bindings:
            if isinstance(bound, Import):
                self._bound(module, path, bound, chain[1:], line)

    def _unbound(self, module: Module, path: Path, chain: tuple[str, ...], line: int) -> None:
        """A name that the module does not bind: from a star import, a builtin, or everything (`globals()`)."""
        if chain == WHOLE:
            self._whole(module, path)
        elif chain[0] in ("exec", "eval", "__import__", "__builtins__"):
            raise _refused(path, line, f"{chain[0]}() cannot be followed")
        elif not hasattr(builtins, chain[0]):
            for star, starred_line in module.stars.items():
                if self._own(star):
                    found = self._must_load(path, star, starred_line)
                    if chain[0] in found[0].bindings or self._starred(*found, chain[0]):
                        self._name(*found, chain, line)
                else:
                    self._outside(star, path, starred_line)

    def _bound(self, module: Module, path: Path, bound: Import, attributes: tuple[str, ...], line: int) -> None:
        """What an import stands for, with attributes taken from it."""
        if not self._own(bound.module):
            dotted = _dotted(bound, attributes)
            self._outside(dotted, path, line)
            return
        target = self._must_load(path, bound.module, line)
        chain = (*([bound.name] if bound.name else []), *attributes)
        while True:
            found, where = target
            if not chain:
                self._whole(found, where)
                return
            own = [held for held in found.bindings.get(chain[0], ()) if held != Import(found.name, chain[0])]
            below = self.library.load(f"{found.name}.{chain[0]}")
            if own or not below:
                break
            self._import(below[0].name)
            target, chain = below, chain[1:]
        if own or self._starred(found, where, chain[0]):
            self._name(found, where, chain, line)
        elif chain[0].startswith("__") and chain[0].endswith("__"):
            self._whole(found, where)
        elif "__getattr__" in found.bindings:
            self._name(found, where, ("__getattr__",), line)
        else:
            raise ConfigError(f"{path}, line {line}: {found.name} ({where}) has no {chain[0]!r}; correct the name")

    def _starred(self, module: Module, path: Path, name: str) -> bool:
        """Whether a star import of the module may bind this name."""
        for star, line in module.stars.items():
            if not self._own(star):
                return True
            found = self._must_load(path, star, line)
            if name in found[0].bindings or self._starred(*found, name):
                return True
        return False

    def _own(self, module: str) -> bool:
        return self.library.top(module.partition(".")[0]) is not None

    def _must_load(self, path: Path, module: str, line: int) -> tuple[Module, Path]:
        found = self.library.load(module)
        if found is None:
            raise ConfigError(f"{path}, line {line}: there is no module {module!r}; correct the import")
        return found

    def _loaded(self, module: str) -> tuple[Module, Path]:
        """A module that was found before, or a package of one."""
        found = self.library.load(module)
        assert found is not None, module
        return found

    def _outside(self, dotted: str, path: Path, line: int) -> None:
        """A name of the standard library or of another distribution."""
        if _UNFOLLOWED.match(dotted):
            raise _refused(path, line, f"{dotted} cannot be followed")
        top = dotted.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "__future__":
            self.packages.add(top)

    def _define(self, module: Module, path: Path, name: str) -> None:
        key = f"{module.name}:{name}"
        held = [bound for bound in module.bindings[name] if isinstance(bound, Definition)]
        if key in self.rows:
            row = self.rows[key]
            if row is None:
                self.open.add((module.name, name))
                return
            entries = [entry for definition in held if (entry := definition.row(row))]
            if len(entries) < len(held):
                raise ConfigError(f"{path}: {name} has no entry {row!r} in one written-out dict; expected {row!r}: …")
            key, held = f"{key}[{row}]", entries
        self._import(module.name)
        self.definitions[key] = module.digest(held)
        self.waiting += [(module, path, definition) for definition in held]

    def _whole(self, module: Module, path: Path) -> None:
        """Everything in a module that is passed on as a value; of a package also its modules."""
        if module.name in self.wholes or module.name in _SAYS_ONLY:
            return
        self._import(module.name)
        self.wholes.add(module.name)
        for name, bindings in module.bindings.items():
            for bound in bindings:
                if isinstance(bound, Definition) or (bound.name and self._own(bound.module)):
                    self._name(module, path, (name,), 1)
        if path.name == "__init__.py" or path.is_dir():
            for file in sorted((path if path.is_dir() else path.parent).iterdir()):
                if (file.suffix == ".py" and file.stem != "__init__") or (file / "__init__.py").is_file():
                    self._whole(*self._must_load(path, f"{module.name}.{file.stem}", 1))

    def _import(self, name: str) -> None:
        """What Python does when it imports an own module: its packages first, then all that it imports."""
        if name in self.imported or name in _SAYS_ONLY:
            return
        self.imported.add(name)
        if parent := name.rpartition(".")[0]:
            self._import(parent)
        module, path = self._loaded(name)
        if module.order_matters:
            self.definitions[f"{name}:<executed>"] = module.digest(module.effects, module.sequence)
            self.waiting += [(module, path, effect) for effect in module.effects]
        for bound, line in module.executed.items():
            self._execute(path, bound, line)

    def _execute(self, path: Path, bound: Import, line: int) -> None:
        if not self._own(bound.module):
            return
        self._must_load(path, bound.module, line)
        self._import(bound.module)
        if bound.name and bound.name != "*":
            below = f"{bound.module}.{bound.name}"
            if self.library.load(below):
                self._import(below)

    def _data(self, module: Module, path: Path, strings: set[str], reader: int | None) -> None:
        """Package data that a definition names in a string, by its path in the package or the end of it.

        A file beside a module of no package counts only where the definition is known to read one, in line `reader`.
        """
        files = self.library.data_files(module.name)
        in_package = "." in module.name or path.name == "__init__.py"
        ends = tuple(f"/{text}" for text in strings if text)
        named = [name for name in files if f"/{name}".endswith(ends)] if in_package or reader else []
        if reader and not named:
            raise _refused(path, reader, "the package data it reads is not named in a string beside it")
        self.definitions |= {f"data:{name}": self.library.file_digest(files[name]) for name in named}


def _dotted(bound: Import, attributes: Sequence[str]) -> str:
    return ".".join([bound.module, *([bound.name] if bound.name else []), *attributes])


def _refused(path: Path, line: int, what: str) -> ConfigError:
    return ConfigError(f"{path}, line {line}: {what}, so a change of it would go unnoticed; write it out instead")
