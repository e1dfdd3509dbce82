"""From a stage function to a command: one runner does for every stage what no stage may forget.

It checks what is read, hands out temporary names for what is written, renames them when the stage has finished, puts
back what the same job computed before, writes the record, keeps a log whose first line is the command, and turns
trouble that a user can mend into one message and exit code 2.
"""

import dataclasses
import importlib
import inspect
import shlex
import sys
import time
import typing
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overheard.errors import MediaError, OverheardError
from overheard.io import progress, whole
from overheard.io.signature import deciding, paths_of, role, settings_from_json, without_none

if TYPE_CHECKING:
    # stages import this module: what it imports when it is loaded would count as their code's
    from overheard.jobs.job import Provenance


def run_stage(
    stage: Callable[..., None],
    arguments: dict[str, Any],
    log: Path | None,
    command: Sequence[str],
    provenance: "Provenance | None" = None,
) -> int:
    """Run one stage function on parsed arguments; returns the exit code (0, 1 unexpected, 2 mendable).

    With `provenance` it is checked, put back where it was computed before, and recorded.
    """
    word = stage.__name__
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(closing(_Log(log))) if log else None
            if stream:
                print(shlex.join(command), file=stream, flush=True)
            stack.enter_context(progress.job(word, arguments, stream))
            _run(stage, arguments, shlex.join(command), provenance)
        except OverheardError as error:
            progress.failed(str(error))
            return 2
        except OSError as error:
            message = os_message(word, error, _places(stage, arguments))
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


class _Log:
    """A job's log; a disk that takes no more lines of it must not hide what it says."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = path.open("w", encoding="utf-8")

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()


def _places(stage: Callable[..., None], arguments: dict[str, Any]) -> list[str]:
    """The folders that a stage writes into."""
    found = []
    for name, annotation in typing.get_type_hints(stage, include_extras=True).items():
        value = arguments.get(name)
        if role(annotation) == "writes":
            found += [path.parent.as_posix() for path in paths_of(value)[:1]]
        elif role(annotation) is None and isinstance(value, Path):
            found.append(value.as_posix())
    return list(dict.fromkeys(found))


def os_message(word: str, error: OSError, places: Sequence[str] = ()) -> str | None:
    """One line for trouble of the machine that a user can mend, or None."""
    import errno

    # a file that cannot be opened has its name here, one that cannot be written on has not
    place = error.filename or " or ".join(places)
    place = f"{place}: " if place else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place}no space left while {word} was writing; free some (`overheard clean NAME` helps) and run again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}{error.strerror.lower()}; make the folder writable, or run where you may write"
    if error.errno == errno.EIO:
        return f"{place}the disk or network could not be read or written; check it and run again"
    return None


@dataclasses.dataclass
class _Files:
    """A job's files by flag; what is written has a temporary name until it is whole."""

    reads: dict[str, list[Path]] = dataclasses.field(default_factory=dict)
    parts: dict[str, list[Path]] = dataclasses.field(default_factory=dict)
    finals: dict[str, list[Path]] = dataclasses.field(default_factory=dict)

    def pairs(self) -> list[tuple[Path, Path]]:
        return [pair for flag, parts in self.parts.items() for pair in zip(parts, self.finals[flag], strict=True)]


def _run(stage: Callable[..., None], arguments: dict[str, Any], command: str, provenance: "Provenance | None") -> None:
    from overheard.jobs import job as jobs
    from overheard.jobs.code import closure

    given, files = _with_temporary_names(stage, arguments)
    checkpoints = arguments.get("checkpoints")
    if checkpoints is not None:
        # a checkpoint is gone on with by the code that left it, and by no other; the folder is this job's alone, so
        # that no job removes it while another is about to write there
        whose = f"{closure.stage_code(stage.__name__, arguments.get('method')).digest} {files.pairs()[0][1]}"
        given["checkpoints"] = checkpoints / sha256(whose.encode()).hexdigest()[:16]
    try:
        job = None
        if provenance:
            job = jobs.begin(stage.__name__, deciding(stage, arguments), files.reads, files.finals, provenance)
        if job is None or not jobs.put_back(job, files.parts):
            stage(**given)
        elif job.computed:
            progress.put_back(f"put back from {job.store}/: computed before, {job.computed['ended'][:16]}")
        for part, path in files.pairs():
            if not part.exists():
                raise RuntimeError(f"stage {stage.__name__} did not write {path}")
        if job:
            jobs.finish(job, files.finals, files.parts, command)
            # a record that stands there speaks of what is replaced now
            job.provenance.record.unlink(missing_ok=True)
        for part, path in files.pairs():
            whole.replace(part, path)
        if job:
            jobs.write(job)
    finally:
        for part, _ in files.pairs():
            whole.remove(part)
        if checkpoints is not None:
            with suppress(OSError):
                given["checkpoints"].rmdir()


def _with_temporary_names(stage: Callable[..., None], arguments: dict[str, Any]) -> tuple[dict[str, Any], _Files]:
    """The arguments with a temporary name for each file that is written, and the files.

    Raises:
        MediaError: a file that is read is not there.
    """
    given, files = dict(arguments), _Files()
    for name, annotation in typing.get_type_hints(stage, include_extras=True).items():
        kind, paths = role(annotation), paths_of(given.get(name))
        if kind == "reads":
            for path in paths:
                if not path.exists():
                    raise MediaError(f"--{name.replace('_', '-')}: {path} does not exist; run the stage that makes it")
            files.reads |= {name: paths} if paths else {}
        elif kind == "writes" and paths:
            files.finals[name] = paths
            files.parts[name] = [whole.temporary(path) for path in paths]
            for part in files.parts[name]:
                part.parent.mkdir(parents=True, exist_ok=True)
                whole.remove(part)
            given[name] = files.parts[name] if isinstance(given[name], list) else files.parts[name][0]
    return given, files


def add_flags(stage: Callable[..., None]) -> inspect.Signature:
    """The stage's signature as typer reads it: paths, repeated paths, JSON for settings, and the runner's own flags.

    Each parameter's line in the docstring's `Args:` becomes its help.
    """
    import typer

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
    for name, (flag, text) in _RUNNERS_OWN.items():
        option = typer.Option(None, f"--{name}", help=text)
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=flag))
    return inspect.Signature(parameters)


_RUNNERS_OWN: dict[str, tuple[Any, str]] = {
    "log": (Path | None, "Log file; its first line is the command."),
    "record": (Path | None, "Writes: the job's record (docs/record.schema.json)."),
    "records": (list[Path] | None, "Reads: the records of the jobs that made what is read; may repeat."),
    "planned": (str | None, "Code, environment and outside data the job was planned with (JSON); others are refused."),
}
"""Flags that every stage has besides its own."""


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

    def command(**given: Any) -> None:
        import typer

        from overheard.jobs import job as jobs

        log, record, records, planned = (given.pop(name) for name in _RUNNERS_OWN)
        try:
            for name, value in given.items():
                base = without_none(hints[name])
                if dataclasses.is_dataclass(base):
                    given[name] = settings_from_json(base, value, f"overheard {stage.__name__} --{name}")
            plan = jobs.planned_from_json(planned, f"overheard {stage.__name__} --planned")
        except OverheardError as error:
            progress.failed(str(error))
            raise typer.Exit(2) from error
        provenance = jobs.Provenance(record, records or [], plan) if record else None
        raise typer.Exit(run_stage(stage, given, log, ["overheard", *sys.argv[1:]], provenance))

    command.__name__ = stage.__name__
    command.__doc__ = inspect.getdoc(stage).split("\nArgs:")[0].strip()
    signature = add_flags(stage)
    command.__signature__ = signature  # type: ignore[attr-defined]
    # typer prefers annotations to the signature: a stage's parameter may be named as one of `command`
    command.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return command


def run_command(words: Sequence[str]) -> None:
    """Run a stage's command, `train --method …`, as typed; ends with its exit code."""
    stage_command(words[0]).main(list(words[1:]), prog_name=f"overheard {words[0]}")


def stage_command(name: str) -> click.Command:
    """The command of a stage, from its function's signature."""
    import typer

    stage = getattr(importlib.import_module(f"overheard.stages.{name}"), name)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, no_args_is_help=True)(command_for(stage))
    return typer.main.get_command(single)
