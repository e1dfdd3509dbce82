"""Reading YAML as a person means it: nothing in it is dropped, guessed or turned into something else without a word.

`yes`, `010`, `1:30` and dates are text, as in YAML 1.2: PyYAML would make True, 8, 90 and a date of them.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from overheard.errors import ConfigError

_LARGEST = 100_000
"""Keys and values of a file, counted with those that its aliases repeat."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the plain words of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper: text is quoted that it, or the loader above, would take for something else."""


_NUMBER = list("-+0123456789")
for _word, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9_]*)", _NUMBER),
    ("float", r"[-+]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)", [*_NUMBER, "."]),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", [*_NUMBER, "."]),
    ("merge", r"<<", ["<"]),
):
    for _reader in (_Loader, _Dumper):
        _reader.add_implicit_resolver(f"tag:yaml.org,2002:{_word}", re.compile(rf"(?:{_pattern})\Z"), _first)


def as_yaml(content: Any) -> str:
    """Plain data as YAML text that reads back to it, keys in their order."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ConfigError: it is missing, not UTF-8, not YAML, or has a key twice.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; `overheard init NAME --from DIR` writes a configuration")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "another encoding"
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}: not UTF-8 text ({kind}) at byte {error.start}, line {line}; save it as UTF-8, in an editor or by "
            f"`iconv -f {'UTF-16' if kind == 'UTF-16' else 'LATIN1'} -t UTF-8`"
        ) from error
    return parsed(text, str(path))


def parsed(text: str, where: str) -> Any:
    """Plain data of YAML text.

    Raises:
        ConfigError: it is not YAML, or has a key twice; `where` says what it is of.
    """
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if _size(root, {}) > _LARGEST:
            raise ConfigError(
                f"{where}: more than {_LARGEST} keys and values, with what its aliases repeat; shorten it"
            )
        _refuse_doubles(root, where, [])
        return loader.construct_document(root)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, AttributeError, LookupError) as error:
        said = " ".join(str(error).split())
        tab = "; indent with blanks, not with tabs" if "'\\t'" in said else ""
        raise ConfigError(f"{where}: not YAML: {said}{tab}") from error
    except RecursionError as error:
        raise ConfigError(f"{where}: not YAML: brackets in brackets without end") from error
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_doubles(node: yaml.Node, where: str, above: list[yaml.Node]) -> None:
    """Refuse a mapping with a key twice, which the last one would win, and a node within itself."""
    if any(node is parent for parent in above):
        raise ConfigError(f"{where}: line {node.start_mark.line + 1}: an alias to what it stands in; write it out")
    below = [*above, node]
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _refuse_doubles(part, where, below)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                line, word = key.start_mark.line + 1, (key.tag, key.value)
                if word in lines:
                    raise ConfigError(
                        f"{where}: key {key.value} stands twice (lines {lines[word]} and {line}); one would be dropped "
                        "without a word: put both into one, or remove one"
                    )
                lines[word] = line
            _refuse_doubles(key, where, below)
            _refuse_doubles(value, where, below)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes a node is, each alias counted as what it stands for."""
    if id(node) not in known:
        # one that stands in itself ends here, and is refused afterwards
        known[id(node)] = 0
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]
