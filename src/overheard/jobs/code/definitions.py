"""One module's source as definitions: what each name of it stands for, and its text for hashing.

Nothing is imported or executed. Comments, docstrings, layout and positions do not count.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from overheard.jobs.code.names import OWN_SCOPE, Import, Names, bound_names, imports_of, is_string, names_of, same_scope

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
        return _text(self.node)

    def row(self, key: str) -> "Definition | None":
        """Of an assigned dict, the entry of this key and what is not written as `"key": value`; None if it has none."""
        table = getattr(self.node, "value", None)
        if not isinstance(table, ast.Dict):
            return None
        pairs = zip(table.keys, table.values, strict=True)
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
        executed: modules that importing this one imports, each with its line.
        effects: statements that do something besides giving a name a value.
        sequence: the names and the effects in the order of the file.
    """

    name: str
    path: Path
    bindings: dict[str, list[Import | Definition]] = field(default_factory=dict)
    executed: dict[Import, int] = field(default_factory=dict)
    effects: list[Definition] = field(default_factory=list)
    sequence: list[str] = field(default_factory=list)

    @cached_property
    def package(self) -> str:
        """Where its relative imports start."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

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
        return sha256("\n".join(text).encode()).hexdigest()[:12]


def parse(name: str, path: Path) -> Module:
    """Read one module, of this dotted name.

    Raises:
        SyntaxError: not Python.
    """
    module = Module(name, path)
    for statement in ast.parse(path.read_bytes()).body:
        _add(module, statement)
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
    for name, bound, imported in imports_of(statement, module.package):
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            # it changes what every definition of the file means
            module.effects.append(Definition(statement, module.package))
        elif bound not in module.bindings.setdefault(name, []):
            module.bindings[name].append(bound)
        if executed:
            module.executed.setdefault(imported, statement.lineno)


def _add_block_imports(module: Module, block: ast.stmt) -> None:
    unexecuted: set[int] = set()
    if isinstance(block, ast.If) and ast.unparse(block.test).split(".")[-1] == "TYPE_CHECKING":
        unexecuted = {id(node) for statement in block.body for node in ast.walk(statement)}
    for node in same_scope([block]):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _add_import(module, node, executed=id(node) not in unexecuted)


def _does_something(statement: ast.stmt) -> bool:
    """Whether a statement at module level may do more than give names of the module a value."""
    match statement:
        case ast.If() | ast.Try() | ast.TryStar():
            parts = [*statement.body, *statement.orelse, *getattr(statement, "finalbody", [])]
            parts += [inner for handler in getattr(statement, "handlers", []) for inner in handler.body]
            return any(map(_does_something, parts))
        case ast.Assign(targets=targets):
            return not all(map(_only_names, targets))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return not _only_names(target)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom() | ast.Pass():
            return False
    is_type_alias = type(statement).__name__ == "TypeAlias"  # since Python 3.12
    return not (is_type_alias or is_string(statement))


def _only_names(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_only_names(item) for item in target.elts)
    return isinstance(target, ast.Name) or (isinstance(target, ast.Starred) and _only_names(target.value))


def _is_main(statement: ast.stmt) -> bool:
    """Whether no import executes it."""
    alone = isinstance(statement, ast.If) and not statement.orelse
    return alone and ast.unparse(statement).startswith("if __name__ == '__main__':")


def _text(node: Any) -> str:
    """A tree as text, without positions, docstrings and what is empty: alike under every version of Python."""
    if isinstance(node, list):
        return f"[{','.join(map(_text, [item for item in node if not is_string(item)] or [ast.Pass()]))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    values = [(name, getattr(node, name, None)) for name in node._fields if name not in _UNSAID]
    said = [f"{name}={_text(value)}" for name, value in values if value is not None and value != []]
    return f"{type(node).__name__}({','.join(said)})"
