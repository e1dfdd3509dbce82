"""The floor plan holds: read from the imports, so that it cannot drift from docs/architecture.md."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "overheard"
STAGES = sorted((SOURCE / "stages").glob("[a-z]*.py"))
# the program's shell besides the stages: it reads and writes files, starts processes, talks to people
SHELL = {
    "__main__", "artifacts", "clean", "cli", "config", "display", "durations", "experiments", "initialise",
    "media_files", "orphans", "outside", "progress", "run", "runner", "scheduling", "warm",
}  # fmt: skip


def is_shell(path: Path) -> bool:
    """A stage, one of `SHELL`, or a module of lineage that says in its first paragraph that it touches files."""
    if path.parent.name != "lineage":
        return path.parent.name == "stages" or path.stem in SHELL
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return "ouches files" in said.split("\n\n")[0] or path.stem == "commands"


CORE = sorted(path for path in SOURCE.rglob("*.py") if not is_shell(path))
FILES = {"pathlib", "os", "shutil", "tempfile", "overheard.artifacts", "overheard.runner", "overheard.progress"}
TRAINING = {"torch", "numpy", "overheard"}


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
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_no_stage_imports_a_stage(path):
    assert not {name for name in imports(path) if name.startswith("overheard.stages")}


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_core_opens_no_file(path):
    assert not imports(path) & FILES
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "open"]


def test_nothing_upstream_reads_lineage():
    """But for the runner, which calls it for every stage alike, and the program's own shell."""
    readers = [path for path in [*STAGES, *CORE] if path.parent.name != "lineage"]
    assert not [path for path in readers if any(name.startswith("overheard.lineage") for name in imports(path))]


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
        if current in seen:
            continue
        seen.add(current)
        for name in imports(current, top_level_only=True):
            found.add(name.split(".")[0])
            own = SOURCE.joinpath(*name.split(".")[1:]).with_suffix(".py")
            if name.startswith("overheard.") and own.is_file():
                waiting.append(own)
    return found


@pytest.mark.parametrize("word", ["train", "evaluate"])
def test_training_imports_torch_and_numpy_only(word):
    import sys

    outside = reachable(SOURCE / "stages" / f"{word}.py") - sys.stdlib_module_names
    assert outside <= TRAINING


def test_every_stage_has_one_word_everywhere():
    from overheard.stages import STAGES as listed  # noqa: N811

    words = {path.stem for path in STAGES}
    assert words == set(listed)
    rules = "".join(path.read_text() for path in (SOURCE.parents[1] / "workflow" / "rules").glob("*.smk"))
    assert not [word for word in words if f"overheard {word}" not in rules]


def test_files_and_functions_stay_readable():
    long = []
    for path in SOURCE.rglob("*.py"):
        text = path.read_text()
        if text.count("\n") > 400:
            long.append(f"{path.name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 60:
                long.append(f"{path.name}: {node.name}")
    assert not long
