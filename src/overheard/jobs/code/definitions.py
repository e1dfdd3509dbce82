"""One module's source as definitions: what each name of it stands for, and its text for hashing.

Nothing is imported or executed. Comments, docstrings, layout and positions do not count.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from overheard.jobs.code.names import (
    OWN_SCOPE,
    Import,
    Names,
    bindings_of,
    bound_names,
    executed_by,
    is_string,
    names_of,
    same_scope,
)

_BLOCKS = (ast.If, ast.Try, ast.TryStar)
_PLAIN = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, *OWN_SCOPE)
_UNSAID = {"ctx", "kind", "type_comment"}


@dataclass(eq=False)
class Definition:
    """A statement at module level that gives names a value, or that does something."""

    node: ast.AST
    package: str

    @cached_property
    def names(self) -> Names:
        return names_of(self.node, self.package)

    @cached_property
    def text(self) -> str:
        out: list[str] = []
        _write(self.node, out)
        return "".join(out)

    def row(self, key: str) -> "Definition | None":
        """Of an assigned dict, the entry of this key and what is not written as `"key": value`; None if it has none."""
        table = getattr(self.node, "value", None)
        if not isinstance(table, ast.Dict):
            return None
        pairs = list(zip(table.keys, table.values, strict=True))
        kept = [pair for pair in pairs if not isinstance(pair[0], ast.Constant) or pair[0].value == key]
        if not kept:
            return None
        only = ast.Dict([name for name, _ in kept], [value for _, value in kept])
        return Definition(ast.copy_location(only, table), self.package)


@dataclass(eq=False)
class Module:
    """A module's source.

    Attributes:
        bindings: each name at module level with everything it may stand for, in the order of the file.
        stars: modules that `from … import *` takes names from.
        executed: modules that importing this one imports, each with its line.
        effects: statements that do something besides giving a name a value.
        sequence: the names and the effects in the order of the file.
    """

    name: str
    package: str
    bindings: dict[str, list[Import | Definition]] = field(default_factory=dict)
    stars: dict[str, int] = field(default_factory=dict)
    executed: dict[Import, int] = field(default_factory=dict)
    effects: list[Definition] = field(default_factory=list)
    sequence: list[str] = field(default_factory=list)

    @cached_property
    def order_matters(self) -> bool:
        """Whether importing it does something, or binds a name more than once."""
        names = [name for line in self.sequence for name in line.split()]
        return bool(self.effects) or len(names) > len(set(names))

    def digest(self, definitions: Sequence[Definition], more: Sequence[str] = ()) -> str:
        """First 12 hex digits of the SHA-256 of definitions' text and of the imports that their names stand for."""
        text = [*more, *(definition.text for definition in definitions)]
        roots = {chain[0] for definition in definitions for chain in definition.names.chains}
        for root in sorted(roots):
            text += [f"{root}={bound}" for bound in self.bindings.get(root, []) if isinstance(bound, Import)]
        if self.stars and any(root not in self.bindings for root in roots):
            text.append(f"*={list(self.stars)}")
        return sha256("\n".join(text).encode()).hexdigest()[:12]


def parse(name: str, source: str | bytes, is_package: bool) -> Module:
    """Read one module.

    Args:
        name: dotted name.
        source: its text.
        is_package: whether it is a package's `__init__`.

    Raises:
        SyntaxError: not Python.
    """
    module = Module(name, name if is_package else name.rpartition(".")[0])
    for statement in ast.parse(source).body:
        _add(module, statement)
    if b"global" in (source.encode() if isinstance(source, str) else source):
        for definition in list(dict.fromkeys(held for bound in module.bindings.values() for held in bound)):
            if isinstance(definition, Definition):
                _add_globals(module, definition)
    return module


def _add(module: Module, statement: ast.stmt) -> None:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        _add_import(module, statement, executed=True)
        return
    if is_string(statement) or isinstance(statement, ast.Pass) or _is_main(statement):
        return
    definition = Definition(statement, module.package)
    names = list(dict.fromkeys(bound_names([statement])))
    if not isinstance(statement, _PLAIN):
        _add_block_imports(module, statement)
    if _does_something(statement):
        module.effects.append(definition)
        module.sequence.append("!")
    for name in names:
        module.bindings.setdefault(name, []).append(definition)
    if names:
        module.sequence.append(" ".join(names))


def _add_import(module: Module, statement: ast.Import | ast.ImportFrom, executed: bool) -> None:
    for name, bound in bindings_of(statement, module.package):
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            # it changes what every definition of the file means
            module.effects.append(Definition(statement, module.package))
        elif bound.name == "*":
            module.stars.setdefault(bound.module, statement.lineno)
        elif bound not in module.bindings.setdefault(name, []):
            module.bindings[name].append(bound)
    if executed:
        for target in executed_by(statement, module.package):
            module.executed.setdefault(target, statement.lineno)


def _add_block_imports(module: Module, block: ast.stmt) -> None:
    unexecuted: set[int] = set()
    if isinstance(block, ast.If) and ast.unparse(block.test).split(".")[-1] == "TYPE_CHECKING":
        unexecuted = {id(node) for statement in block.body for node in ast.walk(statement)}
    for node in same_scope([block]):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _add_import(module, node, executed=id(node) not in unexecuted)


def _does_something(statement: ast.stmt) -> bool:
    """Whether a statement at module level may do more than give names of the module a value."""
    if isinstance(statement, _BLOCKS):
        parts = [*statement.body, *statement.orelse, *getattr(statement, "finalbody", [])]
        parts += [inner for handler in getattr(statement, "handlers", []) for inner in handler.body]
        return any(_does_something(part) for part in parts)
    if isinstance(statement, ast.Assign):
        return not all(_only_names(target) for target in statement.targets)
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        return not _only_names(statement.target)
    harmless = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)
    is_type_alias = type(statement).__name__ == "TypeAlias"  # since Python 3.12
    return not (isinstance(statement, harmless) or is_type_alias or is_string(statement))


def _only_names(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_only_names(item) for item in target.elts)
    return isinstance(target, ast.Name) or (isinstance(target, ast.Starred) and _only_names(target.value))


def _is_main(statement: ast.stmt) -> bool:
    """Whether no import executes it."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and ast.unparse(statement.test) == "__name__ == '__main__'"
    )


def _add_globals(module: Module, definition: Definition) -> None:
    """A function that gives a global name its value is one of the name's definitions."""
    nodes = list(ast.walk(definition.node))
    names = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    for name in sorted(names):
        module.bindings.setdefault(name, []).append(definition)
    for node in nodes if names else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, bound in bindings_of(node, module.package):
                if name in names:
                    module.bindings[name].append(bound)


def _write(node: ast.AST, out: list[str]) -> None:
    """The tree as text, without positions, docstrings and what is empty: alike under every version of Python."""
    out.append(type(node).__name__)
    out.append("(")
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or name in _UNSAID:
            continue
        if isinstance(value, ast.AST):
            out.append(f"{name}=")
            _write(value, out)
        elif isinstance(value, list):
            if value:
                out.append(f"{name}=[")
                _write_items(value, out)
                out.append("]")
        else:
            out.append(f"{name}={value!r},")
    out.append(")")


def _write_items(items: list[Any], out: list[str]) -> None:
    said = [item for item in items if not is_string(item)]
    for item in said or [ast.Pass()]:
        if isinstance(item, ast.AST):
            _write(item, out)
        else:
            out.append(repr(item))
        out.append(",")
