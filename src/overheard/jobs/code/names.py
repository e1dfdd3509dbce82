"""What a piece of source refers to: names of its module, its own imports, strings; told from its local names.

Where one cannot tell, more is taken than needed: a needless rerun costs time, a missed one gives wrong numbers.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, *COMPREHENSIONS, ast.ClassDef)

_Scopes = tuple[dict[str, list["Import"]], ...]
"""Local names from the outside in, each with the imports it may stand for; none for a plain local name."""


@dataclass(frozen=True)
class Import:
    """What an import binds: a module, or with `name` that attribute (or submodule) of it; `name` "*" is all of them."""

    module: str
    name: str | None = None

    def __str__(self) -> str:
        return self.module if self.name is None else f"{self.module}:{self.name}"


@dataclass
class Names:
    """What a piece of source refers to; chains are dotted names, each with its first line.

    Attributes:
        chains: rooted in a name of the module or a builtin, e.g. ("losses", "event_kl").
        imported: rooted in an import of the piece itself, with the attributes taken from it.
        executed: imports of the piece itself.
        strings: its string constants.
    """

    chains: dict[tuple[str, ...], int] = field(default_factory=dict)
    imported: dict[tuple[Import, tuple[str, ...]], int] = field(default_factory=dict)
    executed: dict[Import, int] = field(default_factory=dict)
    strings: set[str] = field(default_factory=set)


def is_string(statement: ast.AST) -> bool:
    """Whether it is a docstring or another string that stands alone."""
    return isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str)


def imports_of(statement: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, Import, Import]]:
    """Each name that an import binds, what it stands for, and what Python imports for it (of `import a.b`, both).

    A relative import is told by the package it stands in.
    """
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            top = alias.name.partition(".")[0]
            yield alias.asname or top, Import(alias.name if alias.asname else top), Import(alias.name)
        else:
            above = package.split(".")[: package.count(".") + 2 - statement.level] if statement.level else []
            taken = Import(".".join([*above, *([statement.module] if statement.module else [])]), alias.name)
            yield alias.asname or alias.name, taken, taken


def same_scope(statements: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that may bind names in the scope of these statements."""
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, COMPREHENSIONS):
            # of a comprehension only := reaches out
            waiting += [inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)]
        elif not isinstance(node, OWN_SCOPE):
            waiting += ast.iter_child_nodes(node)


def _binds(node: ast.AST) -> tuple[str, ...]:
    """The names that this very node binds, imports left out."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.NamedExpr(target=ast.Name(id=name)):
            return (name,)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return (node.name,)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case ast.MatchMapping(rest=str(name)):
            return (name,)
    return ()


def bound_names(statements: Iterable[ast.AST]) -> Iterator[str]:
    """Names that statements bind in their own scope, imports left out."""
    return chain.from_iterable(map(_binds, same_scope(statements)))


def names_of(node: ast.AST, package: str) -> Names:
    """What a definition refers to, local names told from the module's; `package` is where relative imports start."""
    reader = _Reader(package)
    reader.read(node, ())
    return reader.found


class _Reader:
    """Collects what one definition refers to, telling local names from the module's."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found = Names()

    def read(self, node: ast.AST, scopes: _Scopes) -> None:
        """Note what a node, and all below it, takes from outside these scopes."""
        match node:
            case ast.Name(ctx=ast.Load()) | ast.Attribute():
                self._chain(node, scopes)
            case ast.Constant(value=str(text)):
                self.found.strings.add(text)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node, scopes)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node, scopes)
            case ast.ClassDef():
                self._class(node, scopes)
            case ast.Import() | ast.ImportFrom():
                for _, _, executed in imports_of(node, self.package):
                    self.found.executed.setdefault(executed, node.lineno)
            case ast.Global():
                self.found.chains.setdefault(("global",), node.lineno)
            case ast.AugAssign(target=ast.Name() as target, value=value):
                # it is read before it is bound
                self._chain(target, scopes)
                self._all([target, value], scopes)
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                self._annotation(annotation, scopes)
                self._all([target, value], scopes)
            case _ if not is_string(node):
                self._all(ast.iter_child_nodes(node), scopes)

    def _all(self, nodes: Iterable[ast.AST | None], scopes: _Scopes) -> None:
        for node in nodes:
            if node is not None:
                self.read(node, scopes)

    def _chain(self, node: ast.Name | ast.Attribute, scopes: _Scopes) -> None:
        attributes: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        if not isinstance(base, ast.Name):
            self.read(base, scopes)
            return
        for scope in reversed(scopes):
            if base.id in scope:
                for bound in scope[base.id]:
                    self.found.imported.setdefault((bound, tuple(attributes)), node.lineno)
                return
        self.found.chains.setdefault((base.id, *attributes), node.lineno)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scopes: _Scopes) -> None:
        arguments = node.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        parameters += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
        self._all([*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", [])], scopes)
        for annotation in [*(parameter.annotation for parameter in parameters), getattr(node, "returns", None)]:
            self._annotation(annotation, scopes)
        body = node.body if isinstance(node.body, list) else [node.body]
        inner = self._scope(body)
        inner |= {parameter.arg: inner.get(parameter.arg, []) for parameter in parameters}
        self._all([*body, *getattr(node, "type_params", [])], (*scopes, inner))

    def _scope(self, body: Sequence[ast.AST]) -> dict[str, list[Import]]:
        """The local names of a function, each with the imports it may stand for."""
        names: dict[str, list[Import]] = {}
        outer: set[str] = set()
        for node in same_scope(body):
            for name in _binds(node):
                names.setdefault(name, [])
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name, bound, _ in imports_of(node, self.package):
                    names.setdefault(name, []).append(bound)
            elif isinstance(node, ast.Nonlocal):
                outer |= set(node.names)
        return {name: bound for name, bound in names.items() if name not in outer}

    def _class(self, node: ast.ClassDef, scopes: _Scopes) -> None:
        self._all([*node.decorator_list, *node.bases, *node.keywords, *getattr(node, "type_params", [])], scopes)
        # names of a class body are not seen by its methods, and may still be the module's before they are bound
        imported = {name: bound for name, bound in self._scope(node.body).items() if bound}
        self._all(node.body, (*scopes, imported) if imported else scopes)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, scopes: _Scopes
    ) -> None:
        first = node.generators[0].iter
        self.read(first, scopes)
        bound = [name for generator in node.generators for name in bound_names([generator.target])]
        parts = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.comprehension)]
        for generator in node.generators:
            parts += [part for part in (generator.iter, *generator.ifs) if part is not first]
            parts.append(generator.target)
        self._all(parts, (*scopes, {name: [] for name in bound}))

    def _annotation(self, annotation: ast.expr | None, scopes: _Scopes) -> None:
        """An annotation, also one that is written as a string."""
        if annotation is None:
            return
        self.read(annotation, scopes)
        for node in ast.walk(annotation):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                try:
                    written = ast.parse(node.value, mode="eval")
                except SyntaxError:
                    continue
                ast.increment_lineno(written, node.lineno - 1)
                self.read(written.body, scopes)
