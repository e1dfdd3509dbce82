"""A stage run by hand leaves an honest record of other work: a run and status see it, though Snakemake does not."""

import json
import shutil
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

RECORD = "results/mini/features/fold-0/normaliser.record.json"


def overheard(folder: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def scheduled(folder: Path) -> list[str]:
    """The records that status says are scheduled, which the dry run must count as well."""
    told = json.loads(overheard(folder, "status", "mini", "--json").stdout)["scheduled"]
    said = overheard(folder, "run", "mini", "--dry-run").stdout
    assert f"To do: {len(told)} jobs" in said if told else "Nothing to do" in said
    return told


def command_of(folder: Path, record: str) -> list[str]:
    """The stage's flags by which a record was made, without what it was planned with."""
    circumstance = json.loads((folder / record.replace(".record.", ".circumstance.")).read_text())
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {circumstance['command']}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[1:]
    place = words.index("--planned")
    return words[:place] + words[place + 2 :]


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.glob("results/mini/**/*") if path.is_file() and ".circumstance." not in path.name]
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in files if not path.name.startswith(".")}


@pytest.fixture
def copy(miniature_copy):
    return miniature_copy


def test_a_table_made_by_hand_of_other_seeds_is_made_again(copy):
    before = contents(copy)
    words = command_of(copy, "results/mini/tables/table3.record.json")
    place = words.index("--settings") + 1
    words[place] = json.dumps(json.loads(words[place]) | {"remarks": ["as I like it"]})
    done = overheard(copy, *words)
    assert done.returncode == 0, done.stderr
    assert "as I like it" in (copy / "results/mini/tables/table3.md").read_text()

    assert scheduled(copy)[0] == "results/mini/tables/table3.record.json"
    why = overheard(copy, "status", "mini", "--why", "tables/table3.md").stdout
    assert "as I like it" in why
    done = overheard(copy, "run", "mini")
    assert done.returncode == 0, done.stderr
    assert "not made as planned (other settings), runs again: results/mini/tables/table3.record.json" in done.stderr
    assert contents(copy) == before
    assert scheduled(copy) == []


def test_a_job_that_read_another_file_is_made_again(copy):
    shutil.copy(copy / "results/mini/media/fold-0/splits.csv", copy / "mine.csv")
    words = ["mine.csv" if word.endswith("/splits.csv") else word for word in command_of(copy, RECORD)]
    done = overheard(copy, *words)
    assert done.returncode == 0, done.stderr
    assert RECORD in scheduled(copy)


def test_where_snakemakes_notes_are_lost_records_decide(copy, miniature_config):
    """Nothing is to do, though nobody remembers; and a changed setting is seen."""
    for note in (copy / ".snakemake/metadata").iterdir():
        if "/train/" in urlsafe_b64decode(note.name).decode():
            note.unlink()
    assert scheduled(copy) == []
    changed = miniature_config | {"train": miniature_config["train"] | {"learning_rate": 0.5}}
    (copy / "config/mini.yaml").write_text(yaml.safe_dump(changed))
    jobs = scheduled(copy)
    assert Counter(record.split("/")[2] for record in jobs)["train"] == 42
    shown = {"statistics", "tables", "claims", "maps", "embedding", "reliability", "figures"}
    assert {record.split("/")[2] for record in jobs} == {"train", "evaluate", "baselines"} | shown
