"""A configuration with other values: `key.key=value`, as of `overheard run --set`. Pure."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from overheard.errors import ConfigError
from overheard.study.yaml_file import parsed


def with_changes(content: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    """The configuration with `key.key=value` changes applied; values are read as YAML.

    Raises:
        ConfigError: a change is not of that form, or goes through a key that holds no keys.
    """
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key:
            raise ConfigError(f"--set {change}: expected key=value, e.g. --set train.epochs=5")
        values[key] = parsed(value, f"--set {change}")
    return with_values(content, values)


def with_values(content: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with values by `key.key`.

    Raises:
        ConfigError: a key goes through one that holds no keys.
    """
    changed = deepcopy(dict(content))
    for key, value in values.items():
        *parents, last = key.split(".")
        place = changed
        for parent in parents:
            if parent == "protocol" and isinstance(place.get(parent, "corrected"), str):
                place[parent] = {"base": place.get(parent, "corrected")}
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ConfigError(f"--set {key}={value}: {parent} holds a value, not keys")
        place[last] = value
    return changed
