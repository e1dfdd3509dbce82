"""What is of one study stands in its design: the source has no branch on a study's or design's name."""

import ast
from pathlib import Path

import pytest

from overheard.study.designs import DESIGNS
from overheard.study.loaded import Design

SOURCE = Path(__file__).resolve().parents[2] / "src" / "overheard"
OTHERS = [
    path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).parts[0] not in ("study", "sources")
]
NAMES = {"study", "design"}
SOURCES = {"Twin", "Directory", "Source"}


def compared(tree: ast.AST) -> set[str]:
    """Names, or attributes, that are compared with a word."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides):
                found |= {getattr(side, "attr", getattr(side, "id", "")) for side in sides}
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_asks_which_study_or_design_it_is(path):
    assert not compared(ast.parse(path.read_text(encoding="utf-8"))) & NAMES


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_nothing_asks_which_kind_of_source_it_is(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    asked = [node.args[1] for node in calls if isinstance(node.func, ast.Name) and node.func.id == "isinstance"]
    assert not {getattr(kind, "id", getattr(kind, "attr", "")) for kind in asked} & SOURCES


@pytest.mark.parametrize("design", DESIGNS.values(), ids=list(DESIGNS))
def test_a_design_says_all_that_is_asked_of_it(design):
    asked = {name for name in vars(Design) if not name.startswith("_")}
    assert asked <= set(vars(design))
