"""`overheard check`: a fresh run against the reference run in git, cell by cell. Touches files: reads both."""

from pathlib import Path

from overheard.errors import ConfigError
from overheard.lineage import comparison
from overheard.lineage.comparison import NOT, ONLY_A, ONLY_B
from overheard.lineage.diff_sides import load_side
from overheard.study.experiments import project_root


def reference_folder(name: str) -> Path:
    """`reference/NAME` here, or the project's own.

    Raises:
        ConfigError: there is none.
    """
    for folder in (Path("reference") / name, project_root() / "reference" / name):
        if folder.is_dir():
            return folder
    raise ConfigError(f"reference/{name}: no such reference run; `overheard reference {name} --write` makes one")


def check(name: str, all_cells: bool = False) -> tuple[str, int]:
    """Compare `results/NAME` with `reference/NAME`.

    Args:
        name: the experiment.
        all_cells: show every cell; else those with other bytes alone.

    Returns:
        What came of it, as text; and 0 if every cell is the same, within tolerance or within seed noise, else 1.

    Raises:
        ConfigError: there is no such reference or no such results.
        LineageError: a file of either is not what its record says.
    """
    folder = Path("results") / name
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such results to check; `overheard run {name}` makes them")
    first, second = load_side("reference", reference_folder(name)), load_side("fresh", folder)
    found = comparison.compare(first.cells, second.cells)
    shown = found if all_cells else [one for one in found if one.verdict != comparison.SAME]
    counted = comparison.counts(found)
    lines = [f"{name}: {len(found)} cells of results/{name} (second) against {first.folder} (first)"]
    lines += [f"  {verdict}: {count}" for verdict, count in counted.items()]
    if shown:
        lines += ["", *comparison.as_lines(shown)]
    failed = any(verdict in counted for verdict in (NOT, ONLY_A, ONLY_B))
    if failed:
        lines += ["", f"`overheard diff {first.folder} results/{name}` tells the cause"]
    return "\n".join(lines), int(failed)
