"""How a stage's parameters say what it reads, what it writes and what decides its bytes."""

import dataclasses
import json
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from overheard.errors import ConfigError

Reads = Annotated[Path, "reads"]


Writes = Annotated[Path, "writes"]
"""Annotations of a stage's parameters; `list[Reads]` is a flag that repeats, `Reads | None` one that may be absent."""


class Own(str):
    """The name of a user's own function, "package.module:function", by which its code counts; with the function."""

    function: Callable[..., Any]


def role(annotation: Any) -> str | None:
    """`reads` or `writes` for a path of a stage, None for a setting."""
    if typing.get_origin(annotation) is Annotated:
        return typing.get_args(annotation)[1]
    for inner in typing.get_args(annotation):
        if (found := role(inner)) is not None:
            return found
    return None


def paths_of(value: Any) -> list[Path]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def without_none(annotation: Any) -> Any:
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


_HOW = ("workers",)
"""Arguments that say how a job runs and change no byte; plain paths (folders of checkpoints) are such too."""


def deciding(stage: Callable[..., None], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that decide what a stage makes and are no files, as JSON has them."""
    found = {}
    for name, annotation in typing.get_type_hints(stage, include_extras=True).items():
        value = arguments.get(name)
        # what is not given decides nothing
        if value is None or name == "return" or role(annotation) or isinstance(value, Path) or name in _HOW:
            continue
        if dataclasses.is_dataclass(value):
            value = {key: own for key, own in dataclasses.asdict(value).items() if own is not None}
        found[name] = value
    return json.loads(json.dumps(found))
