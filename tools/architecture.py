"""Write the pictures of README.md and docs/architecture.md from the imports and from Snakemake's rules. Run by `make docs`.

Each picture stands between `<!-- NAME: … -->` and `<!-- end of NAME -->`; all other text of the pages is left as it is.
"""

import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "overheard"
FOR_FILES = {"pathlib", "os", "shutil", "tempfile"}
SOURCES = {"the simulated twin": "draw", "your own folder": "media"}
"""Where clips come from, and the stage that begins with them."""


def _imports(path: Path) -> set[str]:
    """Whole names of the modules that a file imports, wherever in it: `overheard.jobs.store`, `pathlib`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports() -> nx.DiGraph:
    """The rooms, with an edge from each to those that it imports; a room's attribute `core` says that it opens no file."""
    rooms = sorted(path.name for path in SOURCE.iterdir() if any(path.glob("*.py")))
    graph = nx.DiGraph()
    for room in rooms:
        names = set().union(*map(_imports, (SOURCE / room).rglob("*.py")))
        graph.add_node(room, core=not {name.partition(".")[0] for name in names} & FOR_FILES)
        others = {name.split(".")[1] for name in names if name.startswith("overheard.")} & set(rooms)
        graph.add_edges_from((room, other) for other in others - {room})
    return graph


def rules() -> nx.DiGraph:
    """The rules that make the study on the twin, with an edge from each to those that read what it makes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--quiet", "all", "--cores", "1"]
        command += ["--snakefile", ROOT / "workflow" / "Snakefile", "--configfile", ROOT / "config" / "twin.yaml"]
        command += ["--workflow-profile", "none", "--directory", folder]
        dot = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.MULTILINE))
    graph = nx.DiGraph((names[a], names[b]) for a, b in re.findall(r"^\s*(\d+) -> (\d+)$", dot, re.MULTILINE))
    graph.remove_node("all")
    return graph


def stages(graph: nx.DiGraph) -> nx.DiGraph:
    """The same by the file in `workflow/rules/` that a rule stands in, which is also its folder of the results."""
    files = {}
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        files |= dict.fromkeys(re.findall(r"^ *rule (\w+):", path.read_text(encoding="utf-8"), re.MULTILINE), path.stem)
    ends = ((files.get(a, a), files.get(b, b)) for a, b in graph.edges)
    return nx.DiGraph((a, b) for a, b in ends if a != b)


def _arrows(graph: nx.DiGraph) -> list[str]:
    """The edges, except those that follow from others, in an order that depends on names alone."""
    reduced = nx.transitive_reduction(graph)
    order = list(nx.lexicographical_topological_sort(reduced))
    return [f"  {a} --> {b}" for a in order for b in sorted(reduced[a], key=order.index)]


def flow(graph: nx.DiGraph) -> str:
    """Stages or rules from left to right as a Mermaid flowchart, with the two sources in front."""
    given = [f"  {name.replace(' ', '_')}([{name}]) -.-> {stage}" for name, stage in SOURCES.items()]
    return "\n".join(["flowchart LR", *given, *_arrows(graph)])


def rooms(graph: nx.DiGraph) -> str:
    """The rooms from top to bottom as a Mermaid flowchart, those that open no file in a box."""
    core = sorted(room for room in graph if graph.nodes[room]["core"])
    box = ['  subgraph core["core: opens no file"]', *(f"    {room}" for room in core), "  end"]
    return "\n".join(["flowchart TD", *box, *_arrows(graph)])


def written(page: str, pictures: dict[str, str]) -> str:
    """A page's text with each of its pictures as it is now."""
    for name, picture in pictures.items():
        block = f"<!-- {name}: written by tools/architecture.py -->\n```mermaid\n{picture}\n```\n<!-- end of {name} -->"
        page = re.sub(rf"<!-- {name}: .*?<!-- end of {name} -->", lambda _, block=block: block, page, flags=re.DOTALL)
    return page


def pages() -> dict[Path, str]:
    """The pages with pictures and what each should say."""
    graph = rules()
    pictures = {"stages": flow(stages(graph)), "rules": flow(graph), "rooms": rooms(imports())}
    paths = (ROOT / "README.md", ROOT / "docs" / "architecture.md")
    return {path: written(path.read_text(encoding="utf-8"), pictures) for path in paths}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
