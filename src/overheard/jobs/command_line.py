"""From a stage function's signature to its command, `overheard <word> --flag …`, which a line of a log repeats."""

import dataclasses
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from overheard.errors import ConfigError, OverheardError
from overheard.io import progress
from overheard.io.signature import role, settings_from_json, without_none
from overheard.jobs import job as jobs
from overheard.jobs.code import own
from overheard.jobs.code.closure import stage_module
from overheard.jobs.runner import run_stage

_BESIDES: dict[str, tuple[Any, str]] = {
    "log": (Path | None, "Log file; its first line is the command."),
    "record": (Path | None, "Writes: the job's record (docs/record.schema.json)."),
    "records": (list[Path] | None, "Reads: the records of the jobs that made what is read; may repeat."),
    "planned": (str | None, "Code, environment and outside data the job was planned with (JSON); others are refused."),
}
"""Flags that every stage has besides its own."""


def command_for(stage: Callable[..., None]) -> Callable[..., None]:
    """The command of a stage: a function that typer can register."""
    hints = typing.get_type_hints(stage)

    def command(**given: Any) -> None:
        """Run the stage as typed; exits with its code."""
        log, record, records, planned = (given.pop(name) for name in _BESIDES)
        try:
            for name, value in given.items():
                base = without_none(hints[name])
                if value is not None and isinstance(base, type) and dataclasses.is_dataclass(base):
                    settings = settings_from_json(base, value, f"overheard {stage.__name__} --{name}")
                    given[name] = dataclasses.replace(settings, **own.loaded(vars(settings)))
            where = f"overheard {stage.__name__} --planned"
            plan = None if planned is None else settings_from_json(jobs.Planned, planned, where)
        except OverheardError as error:
            progress.failed(str(error))
            raise typer.Exit(2) from error
        provenance = jobs.Provenance(record, records or [], plan) if record else None
        raise typer.Exit(run_stage(stage, given, log, ["overheard", *sys.argv[1:]], provenance))

    command.__name__ = stage.__name__
    command.__doc__ = (inspect.getdoc(stage) or "").split("\nArgs:")[0].strip()
    signature = _with_flags(stage)
    command.__signature__ = signature  # type: ignore[attr-defined]
    # typer prefers annotations to the signature: a stage's parameter may be named as one of `command`
    command.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return command


def run_command(words: Sequence[str]) -> None:
    """Run a stage's command, `train --method …`, as typed; ends with its exit code."""
    design = next((after for word, after in pairwise(words) if word == "--design"), None)
    try:
        command = stage_command(words[0], design)
    except OverheardError as error:
        progress.failed(str(error))
        raise SystemExit(2) from error
    command.main(list(words[1:]), prog_name=f"overheard {words[0]}")


def stage_function(name: str, design: str | None = None) -> Callable[..., None]:
    """The one public function of a stage, or of the stage of this name that a design has of its own.

    Raises:
        ConfigError: the design has none.
    """
    module = stage_module(name, design)
    try:
        stage: Callable[..., None] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise ConfigError(f"--design: found {design}, which has no stage {name} of its own; leave it out") from error
    return stage


def stage_command(name: str, design: str | None = None) -> TyperCommand:
    """The command of a stage, from its function's signature."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, no_args_is_help=True)(command_for(stage_function(name, design)))
    command = typer.main.get_command(single)
    assert isinstance(command, TyperCommand), "a lone command is no group"
    return command


def _with_flags(stage: Callable[..., None]) -> inspect.Signature:
    """The stage's signature as typer reads it: paths, repeated paths, JSON for settings, and the runner's own flags.

    Each parameter's line in the docstring's `Args:` becomes its help.
    """
    helps = _argument_help(stage)
    parameters = []
    hints = typing.get_type_hints(stage, include_extras=True)
    for name, parameter in inspect.signature(stage).parameters.items():
        annotation, text = hints[name], helps.get(name, "")
        kind = role(annotation)
        base = without_none(annotation)
        if kind:
            flag: Any = list[Path] if typing.get_origin(base) is list else Path
            text = f"{'Reads' if kind == 'reads' else 'Writes'}: {text}" if text else f"{kind.capitalize()}."
        elif dataclasses.is_dataclass(base):
            keys = ", ".join(field.name for field in dataclasses.fields(base))
            flag, text = str, f"{text} JSON with the keys {keys}.".strip()
        else:
            flag = base
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        option = typer.Option(default, f"--{name.replace('_', '-')}", help=text)
        optional = flag | None if default is None else flag
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=optional))
    for name, (flag, text) in _BESIDES.items():
        option = typer.Option(None, f"--{name}", help=text)
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=flag))
    return inspect.Signature(parameters)


def _argument_help(stage: Callable[..., None]) -> dict[str, str]:
    """The lines of `Args:` in a Google-style docstring, by parameter."""
    _, _, below = (inspect.getdoc(stage) or "").partition("\nArgs:\n")
    arguments = re.split(r"\n(?=\S)", below)[0]
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", arguments, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}
