"""What Snakemake would run, by one dry run: each scheduled job, read as the job itself reads it. Touches files.

Starts Snakemake and reads source files; it changes nothing.
"""

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import re
import shlex
import subprocess
import sys
import tempfile
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from overheard.errors import OverheardError
from overheard.io import signature
from overheard.jobs import job as jobs

_HEAD = re.compile(r"(?:local)?rule (\S+):")
_REASON = "    reason: "
_COMMAND = "Shell command: "
_COUNT = re.compile(r"(all|total) +(\d+)")


@dataclass(frozen=True)
class Scheduled:
    """A job that the dry run lists.

    Attributes:
        record: path of the record it writes; its name.
        stage: the command's word.
        reason: why, in Snakemake's words.
        settings: arguments that decide and are no files, as its record will have them.
        reads: files by flag.
        writes: files by flag.
        sources: records of the jobs it reads from.
        planned: `code`, `environment` and `outside`, as it was planned with.
        log: its log.
    """

    record: str
    stage: str
    reason: str
    settings: Mapping[str, Any]
    reads: Mapping[str, Sequence[str]]
    writes: Mapping[str, Sequence[str]]
    sources: Sequence[str]
    planned: Mapping[str, Any]
    log: str


class DryRun:
    """A dry run on its way, so that other work can be done meanwhile."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it.

        Args:
            command: Snakemake's command line for an experiment, up to `--dry-run`.
        """
        extra = ["--dry-run", "--printshellcmds", "--cores", "1"]
        # a file: a pipe that nobody reads meanwhile would fill up and stop it
        self._said = tempfile.TemporaryFile(  # noqa: SIM115
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = subprocess.Popen(
            [*command, *extra], stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT, text=True
        )

    def jobs(self) -> list[Scheduled]:
        """Wait for its end; the jobs in the order in which they would run.

        Raises:
            OverheardError: the dry run fails; its own words follow.
        """
        with self._said:
            code = self._process.wait()
            self._said.seek(0)
            if code:
                lines = [line.rstrip() for line in self._said if line.strip() and "dry run" not in line]
                raise OverheardError("\n".join(["the plan could not be made; Snakemake says:", *lines[-15:]]))
            return [read_command(*entry) for entry in listed(self._said)]


def listed(lines: Iterable[str]) -> list[tuple[str, str]]:
    """The (command line, reason) of every job in what a dry run prints.

    Raises:
        OverheardError: not as many as it counts itself, so its words are other ones than those known here.
    """
    found, counts, reason = [], {"all": 0, "total": 0}, ""
    for line in lines:
        if _HEAD.match(line):
            reason = ""
        elif line.startswith(_REASON):
            reason = line.removeprefix(_REASON).strip()
        elif line.startswith(_COMMAND) and not line.startswith(f"{_COMMAND}None"):
            found.append((line.removeprefix(_COMMAND).strip(), reason))
        elif count := _COUNT.fullmatch(line.rstrip()):
            counts[count[1]] = int(count[2])
    counted = counts["total"] - counts["all"]
    if counted != len(found):
        raise OverheardError(
            f"Snakemake's dry run counts {counted} jobs, but the commands of {len(found)} could be read; "
            "expected the Snakemake of requirements.lock"
        )
    return found


def read_command(line: str, reason: str = "") -> Scheduled:
    """A job from its command line, by the flags of its stage, as the stage's own command reads them.

    Raises:
        OverheardError: not a command of a stage.
    """
    program, stage, *words = _split(line)
    if program != "overheard":
        raise OverheardError(f"a job whose command is not overheard's: {line[:80]}; expected `overheard STAGE …`")
    flags = _flags(stage)
    texts: dict[str, list[str]] = {}
    for flag, value in zip(words[::2], words[1::2], strict=True):
        texts.setdefault(flag.removeprefix("--").replace("-", "_"), []).append(value)
    if unknown := [name for name in texts if name not in flags.roles and name not in _RUNNERS]:
        raise OverheardError(f"overheard {stage}: no flag {', '.join(unknown)}; found in: {line[:80]} …")
    sides: dict[str, dict[str, Sequence[str]]] = {"reads": {}, "writes": {}}
    given = dict(flags.defaults)
    for name, role in flags.roles.items():
        if role and name in texts:
            sides[role][name] = [Path(text).as_posix() for text in texts[name]]
        elif name in texts:
            given[name] = _value(flags.types[name], texts[name][-1], f"overheard {stage} --{name}")
    (record,), (log,), (planned,) = texts["record"], texts["log"], texts["planned"]
    return Scheduled(
        record,
        stage,
        reason,
        signature.deciding(flags.function, given),
        sides["reads"],
        sides["writes"],
        texts.get("records", []),
        jobs.planned_from_json(planned, f"overheard {stage} --planned"),
        log,
    )


_RUNNERS = ("log", "record", "records", "planned")
"""Flags that every stage has besides its own."""
_PLAIN_WORD = re.compile(r"(?:[^\s'\"\\]|'[^']*'|\"[^\"\\$`]*\")+")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def _split(line: str) -> list[str]:
    """As `shlex.split`, which takes milliseconds for each of ten thousand such lines."""
    if _PLAIN_WORD.sub("", line).strip():
        return shlex.split(line)
    return [_QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", word) for word in _PLAIN_WORD.findall(line)]


@dataclass(frozen=True)
class _Flags:
    """What a stage's parameters say of its flags: reads, writes or neither, type, default."""

    function: Callable[..., None]
    roles: Mapping[str, str | None]
    types: Mapping[str, Any]
    defaults: Mapping[str, Any]


@cache
def _flags(stage: str) -> _Flags:
    function = outline(stage)
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters
    defaults = {
        name: given.default for name, given in parameters.items() if given.default is not inspect.Parameter.empty
    }
    return _Flags(function, {name: signature.role(hints[name]) for name in parameters}, hints, defaults)


def _value(annotation: Any, text: str, where: str) -> Any:
    """The value of a flag that is no file."""
    kinds = [kind for kind in (typing.get_args(annotation) or (annotation,)) if kind is not type(None)]
    if len(kinds) != 1 or not isinstance(kinds[0], type) or kinds[0] is bool:
        raise OverheardError(f"{where}: a {annotation} cannot be read from {text[:60]!r}")
    return signature.settings_from_json(kinds[0], text, where) if dataclasses.is_dataclass(kinds[0]) else kinds[0](text)


def outline(stage: str) -> Callable[..., None]:
    """A stage's function without its body: parameters, settings, defaults, but not the seconds of importing torch."""
    module = f"overheard.stages.{stage}"
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise OverheardError(f"there is no stage {stage!r} ({module})")
    tree = ast.parse(Path(spec.origin).read_bytes())
    tree.body = [statement for statement in tree.body if _needed(statement, stage)]
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            statement.body = statement.body[:1]
    names: dict[str, Any] = {"__name__": module}
    try:
        exec(compile(tree, spec.origin, "exec"), names)
    except NameError:
        # a default that is computed from something else in the module
        return getattr(importlib.import_module(module), stage)
    return names[stage]


def _needed(statement: ast.stmt, stage: str) -> bool:
    if isinstance(statement, ast.Import):
        return all(alias.name.partition(".")[0] in sys.stdlib_module_names for alias in statement.names)
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        return module == "overheard.io.signature" or module.partition(".")[0] in sys.stdlib_module_names
    if isinstance(statement, ast.ClassDef):
        return any("dataclass" in ast.unparse(decorator) for decorator in statement.decorator_list)
    return isinstance(statement, ast.FunctionDef) and statement.name == stage
