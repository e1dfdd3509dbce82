"""A reader adds a switch, as docs/protocol.md says: just the rows that use it are trained again; captions say so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIELD = '    prior_floor: Annotated[Share, Switch(("prior",), "not said", "none")]\n'
ARGUMENT = "    prior_floor: float = 0.0,\n"
LINE = "    measured = measured.clip(min=prior_floor)\n"


def overheard(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environ = os.environ | {"PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def before(path: Path, place: str, line: str) -> None:
    """Put a line before a place that a file has once."""
    text = path.read_text()
    assert text.count(place) == 1
    path.write_text(text.replace(place, line + place))


@pytest.fixture(scope="module")
def project(checkout) -> Path:
    """A checkout with the finished study, a switch more, and a variant that sets it."""
    folder = checkout("floored")
    source = folder / "src/overheard"
    before(source / "study/transfer/protocol.py", "    relevance_vector: Annotated[", FIELD)
    before(source / "stages/prior.py", "    rows: str | None = None,", ARGUMENT)
    before(source / "stages/prior.py", "    artifacts.write_event_matrix(prior, classes,", LINE)
    for word in ("corrected", "paper", "released"):
        before(folder / "config/protocols" / f"{word}.yaml", "relevance_vector:", "prior_floor: 0.0\n")
    done = overheard(folder, "run", "mini")
    assert done.returncode == 0, done.stderr
    return folder


def test_the_page_has_these_lines():
    page = (Path(__file__).resolve().parents[2] / "docs/protocol.md").read_text()
    assert all(line.strip() in page for line in (FIELD, ARGUMENT, LINE))


def circumstances(folder: Path) -> dict[str, bytes]:
    """Of every training, when and where it was: changed where it was done again."""
    paths = (folder / "results/mini/train").rglob("student.circumstance.json")
    return {path.relative_to(folder / "results/mini/train").as_posix(): path.read_bytes() for path in paths}


def test_just_the_rows_that_use_it_are_trained_again(project):
    known = circumstances(project)
    config = project / "config/mini.yaml"
    config.write_text(config.read_text() + "protocol: {base: corrected, prior_floor: 0.05}\n")
    done = overheard(project, "run", "mini")
    assert done.returncode == 0, done.stderr
    again = {run.split("/")[0] for run, content in circumstances(project).items() if known[run] != content}
    assert again == {"scene+event", "event1", "event1+event2"}
    table = (project / "results/mini/tables/table2.md").read_text()
    assert "protocol corrected with prior_floor 0.05" in table.replace("\\", "")


def test_a_value_that_it_cannot_have_is_refused(project):
    done = overheard(project, "run", "mini", "--set", "protocol.prior_floor=2", "--as", "other")
    assert done.returncode == 2
    assert "prior_floor: found 2 (int), input should be less than or equal to 1" in done.stderr
