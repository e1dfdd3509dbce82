"""A user's own functions, which a study file names: where their package lies, how they are called, and the import.

Of the working folder nothing can be imported, so that no module there stands for one of the library. A package that a
study file names can, and that package alone. Touches files.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError
from overheard.io.signature import Own
from overheard.jobs.code.definitions import Definition
from overheard.jobs.code.modules import HOME, Library, forget_stale_bytecode
from overheard.jobs.code.names import Import

KEYS = ("loss", "head")
"""Settings of stages that name such a function."""


def named(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The own functions that a job's settings name."""
    return tuple(settings[key] for key in KEYS if settings.get(key) is not None)


def loaded(settings: Mapping[str, Any]) -> dict[str, Own]:
    """Of a stage's settings, those that name own functions, with these imported.

    Raises:
        ConfigError: one cannot be imported.
    """
    return {key: _load(settings[key]) for key in KEYS if settings.get(key) is not None}


def package(name: str) -> Path | None:
    """The package in the working folder that an own function is of; None where it is installed.

    Raises:
        ConfigError: there is no such package, or two of this name.
    """
    top = _top(name)
    here = _package(top, [str(Path.cwd())])
    other = installed(top)
    if top in sys.stdlib_module_names or (here and other):
        where = f"in {other.origin}" if other else "in Python's standard library"
        raise ConfigError(f"{name}: {top} is also {where}; give your package another name")
    if not here and not other:
        raise ConfigError(f"{name}: no package {top} in {Path.cwd()}; expected {top}/__init__.py, beside config/")
    return Path(str(here.origin)).parent if here else None


def definition(name: str) -> ast.FunctionDef:
    """The definition of an own function, read and not executed.

    Raises:
        ConfigError: no such package, module or function.
    """
    package(name)
    module_name, _, function = name.partition(":")
    library = Library({_top(name)}, (HOME, *map(Path, sys.path), Path.cwd()))
    module = library.load(module_name)
    if module is None:
        raise ConfigError(f"{name}: no module {module_name}; expected {module_name.replace('.', '/')}.py")
    for bound in reversed(module.bindings.get(function, ())):
        if isinstance(bound, Definition) and isinstance(bound.node, ast.FunctionDef):
            return bound.node
        if isinstance(bound, Import) and bound.name:
            return definition(f"{bound.module}:{bound.name}")
    known = [word for word in module.bindings if isinstance(module.bindings[word][-1], Definition)]
    raise ConfigError(f"{name}: {module.path} has no function {function!r}; it has {', '.join(known) or 'none'}")


def _load(name: str) -> Own:
    folder, (module, _, function), found = package(name), name.partition(":"), Own(name)
    try:
        if folder is not None:
            forget_stale_bytecode(folder)
            _import_package(folder)
        found.function = getattr(importlib.import_module(module), function)
    except Exception as error:  # what a user's module raises while it is imported may be anything
        raise ConfigError(
            f"{name}: cannot be imported ({type(error).__name__}: {error}); of this folder only {_top(name)} can be"
        ) from error
    return found


def _import_package(folder: Path) -> None:
    if folder.name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            folder.name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None, "a source file has a loader"
        sys.modules[folder.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[folder.name])


def installed(top: str) -> ModuleSpec | None:
    """What is imported by a top-level name, but for the working folder."""
    return PathFinder.find_spec(top, [str(HOME), *(place for place in sys.path if Path(place).resolve() != Path.cwd())])


def _top(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


def _package(top: str, places: list[str]) -> ModuleSpec | None:
    """A package with an `__init__.py` in the first place that has it."""
    spec = PathFinder.find_spec(top, places)
    return spec if spec and spec.submodule_search_locations is not None and spec.origin else None
