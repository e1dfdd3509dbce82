"""Experiments as files: `config/NAME.yaml`, what it names, and variants of it."""

import shlex
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError, MediaError
from overheard.io import whole
from overheard.study import config, yaml_file
from overheard.study.changes import with_changes
from overheard.study.checking import check
from overheard.study.claims_file import load_claims
from overheard.study.config import project_root
from overheard.study.designs import DESIGNS
from overheard.study.experiment import NAME, Experiment
from overheard.study.loaded import Loaded
from overheard.study.study_file import Study

__all__ = ["Loaded", "load", "project_root", "with_named", "write_variant"]


def load(name: str) -> Loaded:
    """Read and check `config/NAME.yaml`, the study and protocol it names, and that its folders and files are there."""
    loaded = read(name)
    _check_places(loaded)
    return loaded


def read(name: str) -> Loaded:
    """As `load`, but for the folders and files."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r}: a name has letters, digits, dot, dash and underscore, and starts with a letter or digit"
        )
    path = Path("config") / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml"))) or "none"
        here = f" under {Path.cwd()}" if known == "none" else ""
        raise ConfigError(
            f"{path}: no such file{here}; there are: {known}; run from the project's folder, or write one: "
            "`overheard init NAME --from DIR`"
        )
    return from_content(name, path, yaml_file.read_yaml(path), project_root())


def from_content(name: str, path: Path, content: Any, root: Path) -> Loaded:
    """An experiment of this content, with what it names."""
    study = config.study_of(content, root)
    return with_named(name, path, check(DESIGNS[study.design].EXPERIMENT, content, str(path)), root, study)


def with_named(name: str, path: Path, experiment: Experiment, root: Path, study: Study | None = None) -> Loaded:
    """An experiment with the study and protocol that it names, and with what the protocol decides of it."""
    study = study or config.load_study(root, experiment.study)
    design = DESIGNS[study.design]
    protocol = config.load_protocol(root, experiment, study)
    settled = design.settled(experiment, protocol)
    return Loaded(name, path, root, settled, study, design, protocol, load_claims(root, study))


def _check_places(loaded: Loaded) -> None:
    """Refuse a configuration whose folders and files are not there, before anything is planned.

    Raises:
        ConfigError: weights are left to a package that is not installed.
        MediaError: names each key, what it says, and what was expected.
    """
    try:
        places = loaded.design.places(loaded.experiment)
    except ConfigError as error:
        raise ConfigError(f"{loaded.path}: {error}") from error
    missing = [
        f"{loaded.path}: {key}: no {kind} {place}; fix the key"
        for key, (kind, place) in places.items()
        if not (Path(place).is_file() if kind == "file" else Path(place).is_dir())
    ]
    if missing:
        raise MediaError("\n".join(missing))


def write_variant(name: str, changes: list[str], new: str | None) -> str:
    """Write `config/NEW.yaml` from `config/NAME.yaml` and changes; the name to run.

    Raises:
        ConfigError: changes without a new name, a new name without changes, or a file of that name with other content.
    """
    if not changes and not new:
        return name
    if not changes or not new:
        raise ConfigError(
            "--set and --as belong together: `overheard run twin --set train.epochs=5 --as twin-5-epochs`"
        )
    if not NAME.fullmatch(new):
        raise ConfigError(f"--as {new!r}: a name has letters, digits, dot, dash and underscore")
    loaded = load(name)
    content = with_changes(yaml_file.read_yaml(loaded.path), changes)
    path = Path("config") / f"{new}.yaml"
    from_content(new, path, content, project_root())
    text = f"# overheard run {name} {shlex.join(word for change in changes for word in ('--set', change))} --as {new}\n"
    text += yaml_file.as_yaml(content)
    if path.exists() and yaml_file.read_yaml(path) != content:
        raise ConfigError(f"{path}: exists with other content; choose another --as, or run it: `overheard run {new}`")
    if not path.exists():
        whole.write_text(path, text)
        print(f"{path} written", flush=True)
    return new
