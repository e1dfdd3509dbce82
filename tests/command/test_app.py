"""The command line itself: what it makes of trouble."""

import errno
import os
import subprocess
import sys

import pytest
import typer

from overheard.command import app
from overheard.command.questions import place_of
from overheard.errors import ConfigError


@pytest.mark.parametrize("words", ["File exists", None])
def test_a_path_in_the_way_is_one_line_though_the_error_says_no_words(capsys, words):
    @app._fixable
    def write() -> None:
        raise OSError(errno.EEXIST, words, "a/place")

    with pytest.raises(typer.Exit) as ended:
        write()
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == (
        "error: a/place: file exists; give another path, or move away what is in its place\n"
    )


def test_products_of_matrices_have_one_thread_whatever_snakemake_says():
    """Snakemake says OMP_NUM_THREADS, as many as a job has cores; with some kernels other threads are other bytes."""
    program = (
        "import sys, threadpoolctl; from overheard.__main__ import main; sys.argv = ['overheard', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import numpy; print([p['num_threads'] for p in threadpoolctl.threadpool_info() if p['user_api'] == 'blas'])"
    )
    environ = os.environ | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[1]"


def test_a_name_may_say_that_the_reference_is_meant(tmp_path, monkeypatch):
    (tmp_path / "results/mini").mkdir(parents=True)
    (tmp_path / "reference/mini").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    found = {name: place_of(name).as_posix() for name in ("mini", "results/mini", "reference/mini")}
    assert found == {"mini": "results/mini", "results/mini": "results/mini", "reference/mini": "reference/mini"}
    with pytest.raises(ConfigError, match="results/other: no such results, and no reference/other; there are: mini"):
        place_of("other")
