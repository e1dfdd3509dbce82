"""The warm process runs a command as if it had run alone."""

import os
import subprocess
import sys

import pytest

from overheard.warm import WarmProcess, hand_over


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    environ = dict(os.environ)
    with WarmProcess(tmp_path_factory.mktemp("warm"), environ, {"train": 2}):
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
    process = WarmProcess(tmp_path, environ, {"train": 2})
    with process:
        assert process.process.poll() is None
    assert process.process.returncode == 0
