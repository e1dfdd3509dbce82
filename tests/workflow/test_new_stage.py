"""A reader adds a stage: one file, one rule, one line of the layout. All commands then know it, and audit guards it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from overheard.jobs import records

STAGE = '''"""On how many clips do the students of a row agree with the scene that the folder gives?"""

import numpy as np

from overheard.io import artifacts
from overheard.io.signature import Reads, Writes


def votes(predictions: list[Reads], agreement: Writes) -> None:
    """Count the test clips of all seeds of a row, and those on which its student says the scene's label.

    Args:
        predictions: of each seed, on the clips of its fold.
        agreement: how many clips, and on how many they agree (.json).
    """
    said = [artifacts.read_arrays(path) for path in predictions]
    agree = np.concatenate([one["scene_logits"].argmax(axis=1) == one["label"] for one in said])
    artifacts.write_json(agreement, {"clips": len(agree), "agree": int(agree.sum())})
'''
RULE = """def votes_reads(wildcards):
    return {"predictions": of_row("evaluate", "predictions", wildcards.method, wildcards.modality)}


rule votes:
    input:
        waits("votes", votes_reads),
    output:
        **outputs("votes"),
    log:
        log_of("votes"),
    params:
        flags=flags("votes", votes_reads),
    shell:
        "overheard votes {params.flags} --log {log}"
"""
LINE = (
    '    "votes": Stage("How far students and labels agree.", "votes/{method}/{modality}/votes",'
    ' {"agreement": "votes/{method}/{modality}/agreement.json"}, git=("agreement",), final=True),\n'
)
AGREEMENT = "results/mini/votes/scene+event/image+sound/agreement.json"


def overheard(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environ = os.environ | {"PYTHONPATH": str(folder / "src"), "OVERHEARD_STORE": "off"}
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(checkout) -> Path:
    """A checkout with the finished study, and a stage more."""
    folder = checkout("votes")
    (folder / "src/overheard/stages/votes.py").write_text(STAGE)
    (folder / "workflow/rules/votes.smk").write_text(RULE)
    layout = folder / "src/overheard/study/flow.py"
    text = layout.read_text()
    end = text.index('\n}\n"""Every stage in the order of the flow."""') + 1
    layout.write_text(text[:end] + LINE + text[end:])
    done = overheard(folder, "run", "mini")
    assert done.returncode == 0, done.stderr
    return folder


def test_it_runs_once_a_row_and_counts_what_it_read(project):
    made = sorted((project / "results/mini/votes").rglob("agreement.json"))
    assert len(made) == 22
    said = json.loads((project / AGREEMENT).read_text())
    assert 0 <= said["agree"] <= said["clips"]
    done = overheard(project, "status", "mini")
    assert "Nothing is scheduled" in done.stdout
    assert "votes           22" in done.stdout


def test_it_is_traced_to_the_media(project):
    done = overheard(project, "trace", "mini", AGREEMENT)
    assert done.returncode == 0, done.stderr
    assert "evaluate" in done.stdout
    assert "draw" in done.stdout


def test_its_results_are_saved_by_the_line_of_the_layout(project):
    done = overheard(project, "save", "mini", "--pack")
    assert done.returncode == 0, done.stderr
    listed = (project / "results/mini/saved/archives.csv").read_text()
    assert "evaluate/scene/image.tar" in listed
    assert "votes" not in listed  # git keeps them, as the line says


def test_it_is_audited_and_a_flipped_byte_is_found(project):
    done = overheard(project, "audit", "mini")
    assert (done.returncode, "everything holds" in done.stdout) == (0, True), done.stdout
    path = project / AGREEMENT
    content = path.read_bytes()
    path.write_bytes(content.replace(b"agree", b"agrEe", 1))
    try:
        done = overheard(project, "audit", "mini")
    finally:
        path.write_bytes(content)
    assert done.returncode == 1
    assert f"{AGREEMENT}: changed" in done.stdout
    record = records.read_record(project / "results/mini/votes/scene+event/image+sound/votes.record.json")
    assert record["writes"]["agreement"][0]["path"] == AGREEMENT
