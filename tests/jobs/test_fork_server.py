"""The warm process runs a command as if it had run alone."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import overheard as package
from overheard.jobs.fork_server import hand_over, warm_process
from overheard.study.flow import STAGES

WARM_STAGES = [word for word, its in STAGES.items() if its.warm]

# starts of whole programs, most of them with torch
pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    environ = dict(os.environ)
    with warm_process(tmp_path_factory.mktemp("warm"), environ, {"train": 2, "evaluate": 1}):
        yield environ


def overheard(arguments, environ, folder):
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=folder, check=False)


@pytest.mark.parametrize("arguments", [["prior"], ["train", "--nonsense"], ["evaluate", "--students", "nowhere"]])
def test_output_and_exit_code_are_those_of_the_command_alone(warm, tmp_path, arguments):
    alone = overheard(arguments, {key: value for key, value in warm.items() if key != "OVERHEARD_WARM"}, tmp_path)
    handed = overheard(arguments, warm, tmp_path)
    assert handed.returncode == alone.returncode == 2
    assert (handed.stdout, handed.stderr) == (alone.stdout, alone.stderr)


def test_without_a_warm_process_the_command_runs_by_itself(tmp_path):
    assert hand_over(str(tmp_path / "nobody"), ["train"]) is None


def test_the_warm_process_ends_with_its_parent(tmp_path):
    environ = dict(os.environ)
    with warm_process(tmp_path, environ, {"train": 2}) as process:
        assert process.poll() is None
    assert process.returncode == 0


def test_for_one_job_no_warm_process_is_started(tmp_path):
    environ = dict(os.environ)
    with warm_process(tmp_path, environ, {"train": 1, "pretrain": 0}) as process:
        assert process is None
    assert environ == os.environ


@pytest.fixture
def copy(tmp_path):
    """Sources that may be edited."""
    place = tmp_path / "copy" / "overheard"
    shutil.copytree(Path(package.__file__).parent, place, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def edit(source, old, new):
    time.sleep(0.2)
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    time.sleep(0.2)


LOSS = "def kl("


def test_no_job_is_run_by_code_that_is_another_on_disk(copy, tmp_path):
    environ = os.environ | {"PYTHONPATH": str(copy.parent)}
    with warm_process(tmp_path, environ, {"train": 1, "pretrain": 1}):

        def ran(stage):
            return hand_over(environ["OVERHEARD_WARM"], [stage, "--nonsense"])

        assert (ran("train"), ran("pretrain")) == (2, 2)
        losses = copy / "learning/losses.py"
        edit(losses, LOSS, f"# no code\n{LOSS}")
        assert (ran("train"), ran("pretrain")) == (2, 2)
        edit(losses, LOSS, f"@staticmethod\n{LOSS}")
        # a loss is no part of pre-training
        assert (ran("train"), ran("pretrain")) == (None, 2)
        edit(losses, f"@staticmethod\n{LOSS}", f"this is half an edit\n{LOSS}")
        # nor does pre-training import its file
        assert (ran("train"), ran("pretrain")) == (None, 2)
        edit(losses, f"this is half an edit\n{LOSS}", LOSS)
        loop = copy / "learning/loop.py"
        edit(loop, "class Adam:", "this is half an edit\nclass Adam:")
        assert (ran("train"), ran("pretrain")) == (None, None)
        edit(loop, "this is half an edit\nclass Adam:", "class Adam:")
        assert (ran("train"), ran("pretrain")) == (2, 2)


def imported(copy, *before):
    """The stages that a warm process of the copy would run, after some lines that come before its imports."""
    lines = [
        "from pathlib import Path",
        "import sys",
        *before,
        "from overheard.jobs import fork_server",
        "print(*fork_server._imported(sys.argv[1:]))",
    ]
    environ = os.environ | {"PYTHONPATH": str(copy.parent)}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines), *WARM_STAGES], env=environ, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


EDITS_MEANWHILE = """
class Edits:
    def find_spec(self, name, path=None, target=None):
        if name == "overheard.stages.train":
            losses = Path(path[0]).parent / "learning/losses.py"
            losses.write_text(losses.read_text().replace("def kl(", "@staticmethod\\ndef kl("))
sys.meta_path.insert(0, Edits())
"""


def test_code_edited_while_it_is_imported_is_not_trusted(copy):
    assert imported(copy) == set(WARM_STAGES)
    assert imported(copy, EDITS_MEANWHILE) == {"evaluate", "frozen", "maps", "pretrain", "teacher"}


def test_code_imported_from_bytecode_of_an_older_text_is_not_trusted(copy):
    stale = "from overheard.jobs import job; job.stale_bytecode = lambda: [Path('errors.py')]"
    assert imported(copy, stale) == set()
