"""From a stage function to a command: one runner does for every stage what no stage may forget.

It checks what is read, hands out temporary names for what is written, renames them when the stage has finished, keeps a
log whose first line is the command, and turns trouble that a user can mend into one message and exit code 2.
"""

import dataclasses
import inspect
import json
import os
import shlex
import shutil
import sys
import time
import types
import typing
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

from overheard import progress
from overheard.errors import ConfigError, MediaError, OverheardError

Reads = Annotated[Path, "reads"]
Writes = Annotated[Path, "writes"]
"""Annotations of a stage's parameters; `list[Reads]` is a flag that repeats, `Reads | None` one that may be absent."""


def role(annotation: Any) -> str | None:
    """`reads` or `writes` for a path of a stage, None for a setting."""
    if typing.get_origin(annotation) is Annotated:
        return typing.get_args(annotation)[1]
    for inner in typing.get_args(annotation):
        if (found := role(inner)) is not None:
            return found
    return None


def _paths(value: Any) -> list[Path]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(inner for inner in typing.get_args(annotation) if inner is not type(None))
    return annotation


def settings_from_json(cls: type, text: str, where: str) -> Any:
    """Build a frozen dataclass of settings from JSON; refuses unknown and missing keys.

    Raises:
        ConfigError: not JSON, not an object, or other keys than the dataclass has.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}: not JSON ({error}); found {text[:60]!r}") from error
    if not isinstance(given, dict):
        raise ConfigError(f"{where}: expected a JSON object, found {type(given).__name__}")
    fields = {field.name: field for field in dataclasses.fields(cls)}
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise ConfigError(f"{where}: unknown key {', '.join(unknown)}; allowed: {', '.join(fields)}")
    missing = [name for name, field in fields.items() if name not in given and field.default is dataclasses.MISSING]
    if missing:
        raise ConfigError(f"{where}: missing key {', '.join(missing)}")
    return cls(**given)


def run_stage(stage: Callable[..., None], arguments: dict[str, Any], log: Path | None, command: Sequence[str]) -> int:
    """Run one stage function on parsed arguments; returns the exit code (0, 1 unexpected, 2 mendable)."""
    word = stage.__name__
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(_open_log(log)) if log else None
            if stream:
                print(shlex.join(command), file=stream, flush=True)
            stack.enter_context(progress.job(word, arguments, stream))
            _run(stage, arguments)
        except OverheardError as error:
            progress.failed(str(error))
            return 2
        except OSError as error:
            message = _os_message(word, error)
            if message is None:
                progress.crashed()
                return 1
            progress.failed(message)
            return 2
        except Exception:
            # the border of the program: the traceback goes to the log and the terminal, and the exit code says so
            progress.crashed()
            return 1
        progress.finished(time.monotonic() - started)
        return 0


def _open_log(path: Path) -> typing.TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8")


def _os_message(word: str, error: OSError) -> str | None:
    """One line for trouble of the machine that a user can mend, or None."""
    import errno

    place = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place}no space left while {word} was writing; free some (`overheard clean NAME` helps) and run again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}{error.strerror.lower()}; make the folder writable, or run where you may write"
    if error.errno == errno.EIO:
        return f"{place}the disk or network could not be read or written; check it and run again"
    return None


def _run(stage: Callable[..., None], arguments: dict[str, Any]) -> None:
    hints = typing.get_type_hints(stage, include_extras=True)
    given = dict(arguments)
    finals: list[tuple[Path, Path]] = []
    for name, annotation in hints.items():
        kind = role(annotation)
        if kind == "reads":
            for path in _paths(given.get(name)):
                if not path.exists():
                    raise MediaError(f"--{name.replace('_', '-')}: {path} does not exist; run the stage that makes it")
        elif kind == "writes":
            temporary = []
            for path in _paths(given.get(name)):
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".part-{path.name}")
                _remove(part)
                temporary.append(part)
                finals.append((part, path))
            if given.get(name) is not None:
                given[name] = temporary if isinstance(given[name], list) else temporary[0]
    try:
        stage(**given)
        for part, path in finals:
            if not part.exists():
                raise RuntimeError(f"stage {stage.__name__} did not write {path}")
        for part, path in finals:
            if path.is_dir():
                shutil.rmtree(path)
            os.replace(part, path)
    finally:
        for part, _ in finals:
            _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def add_flags(stage: Callable[..., None]) -> inspect.Signature:
    """The stage's signature as typer reads it: paths, repeated paths, JSON for settings, and `--log`.

    Each parameter's line in the docstring's `Args:` becomes its help.
    """
    import typer

    helps = _argument_help(stage)
    parameters = []
    hints = typing.get_type_hints(stage, include_extras=True)
    for name, parameter in inspect.signature(stage).parameters.items():
        annotation, text = hints[name], helps.get(name, "")
        kind = role(annotation)
        base = _without_none(annotation)
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
    option = typer.Option(None, "--log", help="Log file; its first line is the command.")
    parameters.append(inspect.Parameter("log", inspect.Parameter.KEYWORD_ONLY, default=option, annotation=Path | None))
    return inspect.Signature(parameters)


def _argument_help(stage: Callable[..., None]) -> dict[str, str]:
    """The lines of `Args:` in a Google-style docstring, by parameter."""
    found: dict[str, str] = {}
    inside, current = False, None
    for line in inspect.getdoc(stage).splitlines():
        if line.strip() == "Args:":
            inside = True
        elif inside and line and not line.startswith(" "):
            break
        elif inside and line.startswith("    ") and not line.startswith("     ") and ":" in line:
            current, text = line.strip().split(":", 1)
            found[current] = text.strip()
        elif inside and current and line.strip():
            found[current] += " " + line.strip()
    return found


def command_for(stage: Callable[..., None]) -> Callable[..., None]:
    """The command of a stage: a function that typer can register."""
    hints = typing.get_type_hints(stage)

    def command(log: Path | None = None, **given: Any) -> None:
        import typer

        for name, value in given.items():
            base = _without_none(hints[name])
            if dataclasses.is_dataclass(base):
                try:
                    given[name] = settings_from_json(base, value, f"overheard {stage.__name__} --{name}")
                except OverheardError as error:
                    progress.failed(str(error))
                    raise typer.Exit(2) from error
        line = ["overheard", *sys.argv[1:]]
        raise typer.Exit(run_stage(stage, given, log, line))

    command.__name__ = stage.__name__
    command.__doc__ = inspect.getdoc(stage).split("\nArgs:")[0].strip()
    signature = add_flags(stage)
    command.__signature__ = signature  # type: ignore[attr-defined]
    # typer prefers annotations to the signature: a stage's parameter may be named as one of `command`
    command.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return command
