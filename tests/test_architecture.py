"""The floor plan holds: read from the imports, by folder, so that it cannot drift from docs/architecture.md."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "overheard"
FILES = sorted(SOURCE.rglob("*.py"))
STAGES = sorted((SOURCE / "stages").glob("[a-z]*.py"))

ROOMS = (
    *("command", "sharing", "lineage", "scheduling", "study", "jobs", "stages"),
    *("io", "learning", "media", "scores", "sources"),
)
"""From top to bottom: a room imports itself and what stands below it."""
CORE = ("learning", "media", "scores", "sources")
"""Rooms of pure functions: they open no file."""
EVERYWHERE = ("errors", "seeds")
FOR_FILES = {"pathlib", "os", "shutil", "tempfile"}
TRAINING = {"torch", "numpy", "overheard"}


def room(path: Path) -> str:
    """The folder under `overheard`; the program's entry belongs to what a person types."""
    first = path.relative_to(SOURCE).parts[0]
    return "command" if first == "__main__.py" else first.removesuffix(".py")


def name_of(path: Path) -> str:
    return ".".join(["overheard", *path.relative_to(SOURCE).with_suffix("").parts]).removesuffix(".__init__")


MODULES = {name_of(path): path for path in FILES}


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    """Names of the modules a file imports, whole (`a.b.c`)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in below}
    return found


def own(path: Path, top_level_only: bool = False) -> set[Path]:
    """The project's own files that a file imports."""
    return {MODULES[name] for name in imports(path, top_level_only) if name in MODULES}


def test_what_a_function_imports_when_it_is_called_exists():
    """Commands import late, so that `overheard --help` is fast: nothing else reads these lines before a user does."""
    missing = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in MODULES:
                defined = set(vars(importlib.import_module(node.module)))
                missing += [
                    f"{path.relative_to(SOURCE)}: {node.module}.{alias.name}"
                    for alias in node.names
                    if alias.name not in defined and f"{node.module}.{alias.name}" not in MODULES
                ]
    assert not missing


def test_every_folder_is_a_room():
    assert {room(path) for path in FILES} - {"__init__"} == {*ROOMS, *EVERYWHERE}


def test_imports_go_down():
    allowed = {name: {*ROOMS[place:], *EVERYWHERE} for place, name in enumerate(ROOMS)}
    allowed |= {name: set(EVERYWHERE) for name in EVERYWHERE}
    allowed["stages"] -= {"stages"}
    wrong = {
        f"{name_of(path)} imports {name_of(other)}"
        for path in FILES
        for other in own(path)
        if path.name != "__init__.py" and room(other) not in allowed[room(path)]
    }
    assert wrong == set()


def test_no_files_import_each_other_in_a_circle():
    waiting = {path: own(path) - {path} for path in FILES}
    while free := [path for path, needed in waiting.items() if not needed]:
        for path in free:
            del waiting[path]
        for needed in waiting.values():
            needed.difference_update(free)
    assert sorted(map(name_of, waiting)) == []


@pytest.mark.parametrize("path", [path for path in FILES if room(path) in CORE], ids=name_of)
def test_the_core_opens_no_file(path):
    assert not {name.partition(".")[0] for name in imports(path)} & FOR_FILES
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "open"]


def test_packages_are_empty():
    assert [path for path in FILES if path.name == "__init__.py" and path.read_bytes()] == []


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_a_stage_is_one_public_function_of_the_files_name(path):
    tree = ast.parse(path.read_text())
    public = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    assert public == [path.stem]


def reachable(path: Path) -> set[str]:
    """Every module that importing a file imports, at top level, through our own modules."""
    seen, waiting, found = set(), [path], set()
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            found |= {name.partition(".")[0] for name in imports(current, top_level_only=True)}
            waiting += own(current, top_level_only=True)
    return found


@pytest.mark.parametrize("word", ["train", "evaluate"])
def test_training_imports_torch_and_numpy_only(word):
    outside = reachable(SOURCE / "stages" / f"{word}.py") - sys.stdlib_module_names
    assert outside <= TRAINING


def test_every_stage_has_one_word_everywhere():
    from overheard.study.flow import STAGES as listed  # noqa: N811

    words = {path.stem for path in STAGES}
    assert words == set(listed)
    rules = "".join(path.read_text() for path in (SOURCE.parents[1] / "workflow" / "rules").glob("*.smk"))
    assert not [word for word in words if f"overheard {word}" not in rules]


def test_modules_named_in_strings_exist():
    """A stale one would tie every run to all methods, or let a dry run import torch, and nothing would say so."""
    named = {
        (path.name, node.value)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("overheard.")
    }
    built = [
        f"{path.name}, line {node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr) and ast.unparse(node).startswith(("f'{OWN}.", "f'{OWN}:"))
    ]
    assert built == [], "written out, a module's name is found here"
    for where, text in named:
        module, _, attribute = text.partition(":")
        if module == "overheard.stages.":
            continue
        assert module in MODULES, f"{where}: {text}"
        if attribute:
            bound = {
                target.id
                for node in ast.parse(MODULES[module].read_text()).body
                if isinstance(node, ast.Assign | ast.AnnAssign)
                for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                if isinstance(target, ast.Name)
            }
            assert attribute in bound, f"{where}: {text}"


def test_files_and_functions_stay_readable():
    long = []
    for path in FILES:
        text = path.read_text()
        if text.count("\n") > 350:
            long.append(f"{path.name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 60:
                long.append(f"{path.name}: {node.name}")
    assert not long
