"""The pictures of README and docs/architecture.md are what the code says; the page's table names every room."""

import re
import runpy
import sys
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import architecture  # noqa: E402

PAGE = ROOT / "docs" / "architecture.md"


def test_the_pictures_are_what_make_docs_writes():
    found = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", PAGE)}
    assert found == {path.name: text for path, text in architecture.pages().items()}
    assert {name: text.count("```mermaid") for name, text in found.items()} == {"README.md": 1, "architecture.md": 2}


def test_the_table_of_rooms_is_in_the_order_of_imports():
    graph = architecture.imports()
    listed = re.findall(r"^\| `(\w+)/` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(graph)
    assert [(a, b) for a, b in graph.edges if listed.index(a) > listed.index(b)] == []


def test_arrows_that_follow_from_others_are_left_out():
    graph = nx.DiGraph([("train", "evaluate"), ("evaluate", "tables"), ("train", "tables")])
    assert architecture.flow(graph).splitlines()[3:] == ["  train --> evaluate", "  evaluate --> tables"]


def test_only_what_stands_between_the_marks_of_a_picture_is_written():
    page = "before\n<!-- rooms: old -->\nold\n<!-- end of rooms -->\nafter\n"
    text = architecture.written(page, {"rooms": "flowchart TD", "rules": "flowchart LR"})
    assert re.fullmatch(
        r"before\n<!-- rooms: .* -->\n```mermaid\nflowchart TD\n```\n<!-- end of rooms -->\nafter\n", text
    )
    assert architecture.written(text, {"rooms": "flowchart TD"}) == text


@pytest.mark.parametrize(("room", "core"), [("scores", True), ("io", False)])
def test_the_core_is_known_by_its_imports(room, core):
    assert architecture.imports().nodes[room]["core"] is core


@pytest.mark.parametrize(("tool", "name"), [("protocols", "switches"), ("reproduced", "reproduced")])
def test_pages_with_numbers_are_what_their_files_say(tool, name):
    stands = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    assert stands == runpy.run_path(str(ROOT / "tools" / f"{tool}.py"))["page"](), "make docs"
