"""docs/your-own-study.md, run word for word: a toy study of two rows, without a line of code."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from shown_commands import blocks

BLOCKS = blocks("your-own-study.md")


@pytest.fixture(scope="module")
def page(tmp_path_factory, miniature) -> tuple[Path, str]:
    """The folder in which the page was followed, and what its commands said."""
    folder = tmp_path_factory.mktemp("study")
    shutil.copytree(miniature / "store", folder / "store", copy_function=os.link)
    said = ""
    for place, kind, text in BLOCKS:
        if kind == "sh":
            environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
            command = ["bash", "-ec", text]
            done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            said += done.stdout
        else:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text)
    return folder, said


def test_the_table_has_the_words_and_decimals_of_the_study_file(page):
    folder, said = page
    table = (folder / "results/toy/tables/help.md").read_text()
    cells = json.loads((folder / "results/toy/tables/metrics.json").read_text())["help"]
    assert "| Input | Method | Clips known | Macro F |" in re.sub(" +", " ", table)
    for row, label in (("scratch", "Random start"), ("scene", "Pre-trained")):
        (line,) = [line for line in table.splitlines() if f"| {label} " in line]
        assert "| Seen from above " in line
        for metric in ("accuracy", "macro_f"):
            its = cells[row]["image"][metric]
            assert f"{its['mean']:.1f} ± {its['std']:.1f}" in line
    assert "Macro F: the plain mean over the classes." in table
    assert "accuracy in percent, scratch@image (A) and scene@image (B)" in said


def test_its_scores_are_those_of_its_runs(page):
    folder, _ = page
    cells = json.loads((folder / "results/toy/tables/metrics.json").read_text())["help"]
    runs = [json.loads((folder / f"results/toy/evaluate/scene/image/seed-{k}/scores.json").read_text()) for k in (0, 1)]
    known = [sum(run["confusion"][k][k] for k in range(len(run["classes"]))) / run["n"] for run in runs]
    assert cells["scene"]["image"]["accuracy"]["mean"] == pytest.approx(50 * sum(known), abs=1e-4)


def test_nobody_can_take_its_numbers_for_those_of_its_data_set(page):
    folder, said = page
    assert "Source: SIMULATED TWIN: generated pictures and sounds, not TOYSCENES's numbers." in said
    assert "ADVANCE" not in (folder / "results/toy/tables/help.md").read_text()
    with Image.open(folder / "results/toy/figures/mistakes.png") as picture:
        assert picture.size[0] > 500
    assert "no: simulated twin" in (folder / "results/toy/tables/cells.csv").read_text()


def test_only_what_its_rows_use_was_made(page):
    folder, _ = page
    made = {path.name for path in (folder / "results/toy").iterdir()}
    assert {"train", "evaluate", "figures", "statistics"} <= made
    assert made.isdisjoint({"prior", "relevance", "maps", "atlas", "embedding", "claims", "baselines"})
