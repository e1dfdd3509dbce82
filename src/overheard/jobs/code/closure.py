"""What code decides a job's bytes: all definitions reachable from its stage function. Touches files: source and data.

Nothing is imported or executed to find out. What cannot be followed (a dynamic import, `exec`, a star import, a module
passed on as a value, package data whose name is not written out) is refused, never left out.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError, LineageError
from overheard.jobs.code import own
from overheard.jobs.code.definitions import Definition, Module
from overheard.jobs.code.modules import HOME, OWN, Library
from overheard.jobs.code.names import Import, Names
from overheard.jobs.records import code_digest

_CHOICES = {
    "overheard.learning.methods:METHODS": "method",
    "overheard.learning.baselines:BASELINES": "method",
    "overheard.scores.plots.drawings:DRAWINGS": "draws",
    "overheard.learning.schedules:BY_NAME": "schedule",
    "overheard.learning.selection:BY_NAME": "selection",
    "overheard.learning.loop:ORDERS": "clip_order",
    "overheard.learning.augment:ORDERS": "augmentation_order",
    "overheard.learning.inputs:SCALES": "picture_scale",
    "overheard.learning.start:EVENT_HEADS": "event_head_start",
    "overheard.learning.start:MISSING": "missing_modality",
    "overheard.learning.relevance:SELECTIONS": "prior_clips",
    "overheard.learning.relevance:VECTORS": "relevance_vector",
    "overheard.learning.relevance:SIGNS": "relevance_sign",
    "overheard.learning.losses:DIVERGENCES": "divergence",
    "overheard.learning.losses:REDUCTIONS": "event_reduction",
    "overheard.learning.losses:SQUARED_REDUCTIONS": "squared_reduction",
    "overheard.learning.losses:SQUARED_TARGETS": "squared_target",
    "overheard.learning.losses:RELEVANCE_LOSSES": "relevance_loss",
}
"""Dicts of which a job uses the entry that this setting names, or none."""
_UNFOLLOWED = re.compile(
    r"importlib(\.(import_module|__import__|reload|util|machinery|abc)\b.*)?$|(runpy|imp|zipimport)\b|sys\.(modules|executable)\b"
    r"|builtins(\.(exec|eval|__import__|globals)\b.*)?$|pkgutil\.(resolve_name|walk_packages|iter_modules)\b|pydoc\.locate\b"
)
_UNFOLLOWED_NAMES = {"exec", "eval", "__import__", "__builtins__", "global", "globals"}
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


Entries = tuple[tuple[str, str | None], ...]
"""Of each dict of `_CHOICES`, the entry that counts, None for none; each function of a user's own, with `OWN_ROOT`."""
OWN_ROOT = "<own>"
_DESIGN = "<design>"


def entries(settings: Mapping[str, Any]) -> Entries:
    """The entries that a job's settings, as its record has them, name.

    Raises:
        LineageError: what should name one is no word.
    """
    words = {**(settings.get("settings") or {}), **settings}
    for name in (*_CHOICES.values(), *own.KEYS):
        if not isinstance(words.get(name), str | None):
            raise LineageError(f"its {name} is {words[name]!r}; a word was expected")
    functions = own.named(words)
    if functions:
        # the study's own loss stands in the place of a row of the table
        words["method"] = None
    design = settings.get("design")
    if not isinstance(design, str | None):
        raise LineageError(f"its design is {design!r}; a word was expected")
    chosen = ((table, words.get(name)) for table, name in _CHOICES.items())
    return (*chosen, *((name, OWN_ROOT) for name in functions), *([(_DESIGN, design)] if design else []))


def stage_code(stage: str, entries: Entries = ()) -> Closure:
    """The code of a stage; of a job, with its own `entries` alone.

    Raises:
        ConfigError: something in it cannot be followed, or there is no such stage or entry.
    """
    rows = dict(entries)
    functions = [name for name, word in entries if word == OWN_ROOT and rows.pop(name)]
    return closure([f"{stage_module(stage, rows.pop(_DESIGN, None))}:{stage}", *functions], rows)


def stage_module(stage: str, design: str | None = None) -> str:
    """Where the function of a stage stands: one that a study's design has of its own, in a folder of its name."""
    return f"overheard.stages.{design}.{stage}" if design else f"overheard.stages.{stage}"


def closure(roots: Sequence[str], rows: Mapping[str, str | None] = {}, places: Sequence[Path] | None = None) -> Closure:
    """All definitions reachable from some functions, in `overheard` and in the roots' own packages.

    Args:
        roots: "package.module:function".
        rows: of these dicts ("package.module:NAME"), only the entry of this key counts; with None no entry.
        places: folders to look for own packages in; else this very program, `sys.path`, the working folder.

    Raises:
        ConfigError: something reached cannot be followed; names file and line.
    """
    own = frozenset([OWN, *(re.split("[.:]", root)[0] for root in roots)])
    looked_in = (HOME, *map(Path, sys.path), Path.cwd()) if places is None else tuple(places)
    if not _known(own, looked_in)[0].unchanged():
        _known.cache_clear()
    library, found = _known(own, looked_in)
    asked = (*roots, *sorted(rows.items(), key=str))
    try:
        if asked not in found:
            found[asked] = _Walk(library, rows).closure(roots)
        return found[asked]
    finally:
        if not library.settled():
            # the next change may leave no mark, so that it would be believed for ever
            _known.cache_clear()


@cache
def _known(own: frozenset[str], places: tuple[Path, ...]) -> tuple[Library, dict[object, Closure]]:
    """What was looked at, and what was found there."""
    return Library(own, places), {}


class _Walk:
    """Follows names from definition to definition."""

    def __init__(self, library: Library, rows: Mapping[str, str | None]) -> None:
        self.library = library
        self.rows = rows
        self.definitions: dict[str, str] = {}
        self.packages: set[str] = set()
        self.seen: set[tuple[str, tuple[str, ...]]] = set()
        self.imported: set[str] = set()
        self.waiting: list[tuple[Module, Definition]] = []

    def closure(self, roots: Sequence[str]) -> Closure:
        """All that is reached from some functions."""
        for root in roots:
            name, _, function = root.partition(":")
            chain = tuple(function.split("."))
            module = self.library.load(name)
            if module is None or chain[0] not in module.bindings:
                where = f"{module.path} has no function {function!r}" if module else f"no module {name!r} on the path"
                raise ConfigError(f"{root}: {where}; expected package.module:function, packages with an __init__.py")
            self._import(module)
            self._name(module, chain, 1)
        while self.waiting:
            module, definition = self.waiting.pop()
            self._follow(module, definition.names)
        return Closure(dict(sorted(self.definitions.items())), tuple(sorted(self.packages)))

    def _follow(self, module: Module, names: Names) -> None:
        reader: int | None = None
        for bound, line in names.executed.items():
            self._execute(module, bound, line)
        for chain, line in names.chains.items():
            imported = [bound for bound in module.bindings.get(chain[0], ()) if isinstance(bound, Import)]
            if chain[0] == "__file__" or any(_DATA_READERS.match(_dotted(bound, chain[1:])) for bound in imported):
                reader = line
            self._name(module, chain, line)
        for (bound, attributes), line in names.imported.items():
            if _DATA_READERS.match(_dotted(bound, attributes)):
                reader = line
            self._bound(module, bound, attributes, line)
        self._data(module, names.strings, reader)

    def _name(self, module: Module, chain: tuple[str, ...], line: int) -> None:
        """What a dotted name in a module stands for."""
        if (module.name, chain) in self.seen or module.name in _SAYS_ONLY:
            return
        self.seen.add((module.name, chain))
        bindings = module.bindings.get(chain[0])
        if bindings is None:
            if chain[0] in _UNFOLLOWED_NAMES:
                raise _refused(module, line, f"{chain[0]} cannot be followed")
            return
        if any(isinstance(bound, Definition) for bound in bindings):
            self._define(module, chain[0])
        for bound in bindings:
            if isinstance(bound, Import):
                self._bound(module, bound, chain[1:], line)

    def _bound(self, module: Module, bound: Import, attributes: tuple[str, ...], line: int) -> None:
        """What an import stands for, with attributes taken from it."""
        if not self._own(bound):
            self._outside(module, _dotted(bound, attributes), line)
            return
        found = self._must_load(module, bound.module, line)
        chain = (*([bound.name] if bound.name else []), *attributes)
        while chain:
            own = [held for held in found.bindings.get(chain[0], ()) if held != Import(found.name, chain[0])]
            below = self.library.load(f"{found.name}.{chain[0]}")
            if own:
                self._name(found, chain, line)
                return
            if below is None:
                raise ConfigError(
                    f"{module.path}, line {line}: {found.name} ({found.path}) has no {chain[0]!r}; correct the name"
                )
            self._import(below)
            found, chain = below, chain[1:]
        if found.name not in _SAYS_ONLY:
            raise _refused(module, line, f"what is taken from {found.name}, passed on as a whole, cannot be followed")

    def _own(self, bound: Import) -> bool:
        return self.library.top(bound.module.partition(".")[0]) is not None

    def _must_load(self, module: Module, name: str, line: int) -> Module:
        found = self.library.load(name)
        if found is None:
            raise ConfigError(f"{module.path}, line {line}: there is no module {name!r}; correct the import")
        return found

    def _outside(self, module: Module, dotted: str, line: int) -> None:
        """A name of the standard library or of another distribution."""
        if _UNFOLLOWED.match(dotted):
            raise _refused(module, line, f"{dotted} cannot be followed")
        top = dotted.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "__future__":
            self.packages.add(top)

    def _define(self, module: Module, name: str) -> None:
        key = f"{module.name}:{name}"
        held = [bound for bound in module.bindings[name] if isinstance(bound, Definition)]
        if key in self.rows:
            row = self.rows[key]
            if row is None:
                return
            entries = [entry for definition in held if (entry := definition.row(row))]
            if len(entries) < len(held):
                raise ConfigError(
                    f"{module.path}: {name} has no entry {row!r} in one written-out dict; expected {row!r}: …"
                )
            key, held = f"{key}[{row}]", entries
        self._import(module)
        self.definitions[key] = module.digest(held)
        self.waiting += [(module, definition) for definition in held]

    def _import(self, module: Module) -> None:
        """What Python does when it imports an own module: its packages first, then all that it imports."""
        if module.name in self.imported or module.name in _SAYS_ONLY:
            return
        self.imported.add(module.name)
        if above := self.library.load(module.name.rpartition(".")[0]):
            self._import(above)
        if module.order_matters:
            self.definitions[f"{module.name}:<executed>"] = module.digest(module.effects, module.sequence)
            self.waiting += [(module, effect) for effect in module.effects]
        for bound, line in module.executed.items():
            self._execute(module, bound, line)

    def _execute(self, module: Module, bound: Import, line: int) -> None:
        if bound.name == "*":
            raise _refused(module, line, f"from {bound.module} import * cannot be followed")
        if self._own(bound):
            self._import(self._must_load(module, bound.module, line))
            if bound.name and (below := self.library.load(f"{bound.module}.{bound.name}")):
                self._import(below)

    def _data(self, module: Module, strings: set[str], reader: int | None) -> None:
        """Package data that a definition names in a string, by its path in the package or the end of it.

        `reader` is the line in which the definition reads some, as far as that is known.
        """
        files = self.library.data_files(module.name.partition(".")[0])
        ends = tuple(f"/{text}" for text in strings if text)
        named = [name for name in files if f"/{name}".endswith(ends)]
        if reader and not named:
            raise _refused(module, reader, "the package data it reads is not named in a string beside it")
        self.definitions |= {f"data:{name}": self.library.file_digest(files[name]) for name in named}


def _dotted(bound: Import, attributes: Sequence[str]) -> str:
    return ".".join([bound.module, *([bound.name] if bound.name else []), *attributes])


def _refused(module: Module, line: int, what: str) -> ConfigError:
    why = f"{what}, so a change of it would go unnoticed; write it out instead"
    return ConfigError(f"{module.path}, line {line}: {why}")
