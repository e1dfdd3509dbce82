"""Every command of README and docs that asks Snakemake works: it is tried as a dry run."""

import subprocess
import sys

import pytest
from shown_commands import ROOT, arguments, commands, make_project, needs_snakemake

SHOWN = sorted({tuple(words) for _, command in commands() if needs_snakemake(words := arguments(command))})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_a_command_shown_is_one_that_works(project, words):
    program, *given = words
    if program == "snakemake":
        given += ["--snakefile", str(ROOT / "workflow" / "Snakefile"), "--cores", "1", "--quiet"]
    given += [] if "--dry-run" in given else ["--dry-run"]
    done = subprocess.run(
        [sys.executable, "-m", program, *given], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
