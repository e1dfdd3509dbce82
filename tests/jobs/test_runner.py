"""What the runner does for every stage alike."""

import errno
import json
import os
import sys
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from overheard.errors import ConfigError, MediaError
from overheard.io.signature import Reads, Writes, settings_from_json
from overheard.jobs import command_line, runner


@dataclass(frozen=True)
class Settings:
    times: int


def double(source: Reads, settings: Settings, result: Writes, folder: Writes | None = None) -> None:
    """Repeat a text.

    Args:
        source: the text.
        settings: how often.
        result: the text, repeated.
        folder: a folder with a copy.
    """
    result.write_text(source.read_text() * settings.times)
    if folder is not None:
        folder.mkdir()
        (folder / "copy.txt").write_text(source.read_text())


def run(stage, arguments, log=None) -> int:
    return runner.run_stage(stage, arguments, log, ["overheard", stage.__name__, "--flag", "a b"])


def test_a_finished_stage_leaves_its_files_and_nothing_else(tmp_path):
    (tmp_path / "in").write_text("x")
    code = run(
        double,
        {
            "source": tmp_path / "in",
            "settings": Settings(3),
            "result": tmp_path / "d" / "out",
            "folder": tmp_path / "f",
        },
    )
    assert code == 0
    assert (tmp_path / "d" / "out").read_text() == "xxx"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["copy.txt", "d", "f", "in", "out"]


def failing(result: Writes, other: Writes, error: str) -> None:
    """Write half and fail."""
    result.write_text("half")
    if error == "mendable":
        raise MediaError("a.wav: no samples")
    if error == "space":
        raise OSError(errno.ENOSPC, "No space left on device", "results/x")
    if error == "read-only":
        raise OSError(errno.EROFS, "Read-only file system", "results/x")
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        ("mendable", 2, "a.wav: no samples"),
        ("space", 2, "results/x: no space left"),
        ("read-only", 2, "make the folder writable"),
        ("bug", 1, "ZeroDivisionError"),
    ],
)
def test_a_failed_stage_leaves_nothing_and_keeps_what_was_there(tmp_path, capsys, error, code, words):
    (tmp_path / "out").write_text("old")
    assert (
        run(failing, {"result": tmp_path / "out", "other": tmp_path / "other", "error": error}, tmp_path / "log")
        == code
    )
    assert (tmp_path / "out").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "out"]
    assert words in capsys.readouterr().err
    assert words in (tmp_path / "log").read_text()


def test_a_log_begins_with_the_command_to_run_by_hand(tmp_path):
    (tmp_path / "in").write_text("x")
    run(
        double, {"source": tmp_path / "in", "settings": Settings(1), "result": tmp_path / "out"}, tmp_path / "l" / "log"
    )
    assert (tmp_path / "l" / "log").read_text().splitlines()[0] == "overheard double --flag 'a b'"


def test_a_missing_input_names_its_flag_and_file(tmp_path, capsys):
    assert run(double, {"source": tmp_path / "no", "settings": Settings(1), "result": tmp_path / "out"}) == 2
    assert f"--source: {tmp_path / 'no'} does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"tims": 1}', "unknown key tims; allowed: times"),
        ("{}", "missing key times"),
        ("[", "not JSON"),
        ("3", "object"),
    ],
)
def test_settings_refuse_other_keys(text, words):
    with pytest.raises(ConfigError, match=words):
        settings_from_json(Settings, text, "--settings")


def test_the_command_reads_flags_from_the_signature(tmp_path, monkeypatch):
    import typer

    app = typer.Typer(rich_markup_mode=None)
    app.command()(command_line.command_for(double))
    (tmp_path / "in").write_text("ab")
    line = [
        "--source",
        str(tmp_path / "in"),
        "--settings",
        json.dumps({"times": 2}),
        "--result",
        str(tmp_path / "it's {here} 100%é"),
    ]
    monkeypatch.setattr(sys, "argv", ["overheard", "double", *line])
    assert CliRunner().invoke(app, line).exit_code == 0
    assert (tmp_path / "it's {here} 100%é").read_text() == "abab"
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Reads: the text." in " ".join(shown.split())
    assert "keys times" in " ".join(shown.split())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path, capsys):
    (tmp_path / "in").write_text("x")
    tmp_path.chmod(0o500)
    assert run(double, {"source": tmp_path / "in", "settings": Settings(1), "result": tmp_path / "out"}) == 2
    tmp_path.chmod(0o700)
    assert "make the folder writable" in capsys.readouterr().err


def test_every_stage_of_the_program_has_a_line_of_help_for_each_flag():
    import importlib

    from overheard.study.flow import STAGES

    for word in STAGES:
        stage = getattr(importlib.import_module(f"overheard.stages.{word}"), word)
        helps = command_line._argument_help(stage)
        missing = set(stage.__annotations__) - {"return"} - set(helps)
        assert not missing, f"{word}: {missing} not in Args:"


def test_help_is_read_from_the_docstring():
    assert command_line._argument_help(double) == {
        "source": "the text.", "settings": "how often.", "result": "the text, repeated.",
        "folder": "a folder with a copy.",
    }  # fmt: skip


def adopt(given: Reads | None = None, result: Writes | None = None) -> None:
    """Copy.

    Args:
        given: what is copied; named as a variable of the runner.
        result: the copy.
    """
    result.write_bytes(given.read_bytes())


def test_a_parameter_may_have_any_name(tmp_path, monkeypatch):
    import typer

    app = typer.Typer(rich_markup_mode=None)
    app.command()(command_line.command_for(adopt))
    (tmp_path / "in").write_text("ab")
    line = ["--given", str(tmp_path / "in"), "--result", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["overheard", "adopt", *line])
    assert CliRunner().invoke(app, line).exit_code == 0
    assert (tmp_path / "out").read_text() == "ab"


def test_a_damaged_json_file_is_named(tmp_path):
    from overheard.io import artifacts

    (tmp_path / "scores.json").write_text('{"n": 5')
    with pytest.raises(MediaError, match=r"scores.json: not JSON .*; delete it and run again"):
        artifacts.read_json(tmp_path / "scores.json")
