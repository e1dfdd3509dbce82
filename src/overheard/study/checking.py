"""Checking what a file says against types: every wrong key in our words, with file, key and what is allowed."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from overheard.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)

Positive = Annotated[float, Field(gt=0)]
# beyond these bounds a number is a slip of the pen, not a wish
Rate = Annotated[float, Field(gt=0, le=10)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Decay = Annotated[float, Field(ge=0, le=10)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Band = Annotated[int, Field(ge=0, lt=10_000)]
Value = Annotated[float, Field(ge=-1e9, le=1e9)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Batch = Annotated[int, Field(ge=2, le=65_536)]
Share = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[list[Annotated[float, Field(gt=0, le=100)]], Field(min_length=2, max_length=2)]


class Section(BaseModel):
    """Keys and values of a file, no others, of the very types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def check(model: type[Model], content: Any, where: str) -> Model:
    """Validate a configuration.

    Raises:
        ConfigError: one line per wrong key: file, key, what was found, what is allowed.
    """
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected keys and values, found {type(content).__name__}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [f"{where}: {_explain(model, problem)}" for problem in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def _explain(model: type[BaseModel], problem: Any) -> str:
    """One validation error of pydantic in our words."""
    place = [str(part) for part in problem["loc"] if part not in ("twin", "directory")]
    key = ".".join(place)
    if problem["type"] == "extra_forbidden":
        allowed = _keys_at(model, place[:-1], problem["loc"])
        return f"{key}: unknown key; allowed here: {', '.join(allowed)}"
    if problem["type"] == "missing":
        return f"{key}: missing; add it"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{key}: {message}" if key else message
    found = problem["input"]
    return f"{key}: found {found!r} ({type(found).__name__}), {message[0].lower()}{message[1:]}"


def _keys_at(model: type[BaseModel], place: list[str], loc: tuple[Any, ...]) -> list[str]:
    """The keys that may stand at `place`, for the message about one that may not."""
    current: type[BaseModel] = model
    for part in place:
        annotation = current.model_fields[part].annotation if part in current.model_fields else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        models = [
            candidate for candidate in candidates if isinstance(candidate, type) and issubclass(candidate, BaseModel)
        ]
        if not models:
            return []
        current = next((found for found in models if found.__name__.lower() in loc), models[0])
    return list(current.model_fields)
