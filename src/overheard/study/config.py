"""The files of an experiment, read and checked: `config/NAME.yaml`, and the study and protocol that it names.

Which sections they have, with types, ranges and defaults, says the study's design.
"""

from pathlib import Path
from typing import Any

from overheard.errors import ConfigError
from overheard.study.checking import check
from overheard.study.designs import DESIGNS
from overheard.study.experiment import NAME, STUDY, Experiment
from overheard.study.study_file import Study
from overheard.study.switch import Protocol
from overheard.study.yaml_file import read_yaml


def project_root() -> Path:
    """The folder with `workflow/Snakefile`: the current one, or the checkout the package was installed from.

    Raises:
        ConfigError: neither has one.
    """
    here, installed = Path.cwd(), Path(__file__).resolve().parents[3]
    for folder in (here, installed):
        if (folder / "workflow" / "Snakefile").is_file():
            return folder
    raise ConfigError(f"{here}: no workflow/Snakefile here; change to the folder of the project")


def load_experiment(path: Path, root: Path | None = None) -> Experiment:
    """Read and check `config/NAME.yaml`; the study that it names is looked up beside it or under the project's root."""
    return checked(read_yaml(path), str(path), root)


def checked(content: Any, where: str, root: Path | None = None) -> Experiment:
    """A configuration's content, checked by the design of the study that it names.

    Raises:
        ConfigError: a wrong key, or no such study.
    """
    return check(DESIGNS[study_of(content, root).design].EXPERIMENT, content, where)


def study_of(content: Any, root: Path | None = None) -> Study:
    """The study that a configuration's content names; what is no word there, its check says."""
    named = content.get("study", STUDY) if isinstance(content, dict) else STUDY
    return load_study(root or project_root(), named if isinstance(named, str) else STUDY)


def load_protocol(root: Path, experiment: Experiment, study: Study | None = None) -> Protocol:
    """The protocol an experiment names, from `config/protocols/` under the project's root, with its own changes.

    Raises:
        ConfigError: an unknown protocol, switch or value; a switch that the experiment's `train` overrides.
    """
    own = dict(experiment.protocol) if isinstance(experiment.protocol, dict) else {"base": experiment.protocol}
    if not isinstance(own.get("base"), str):
        raise ConfigError("protocol: base: missing; name the protocol that is changed, e.g. base: corrected")
    model = DESIGNS[(study or load_study(root, experiment.study)).design].PROTOCOL
    base = check(model, *_named(root, "protocols", own.pop("base"), "protocol"))
    return check(model, base.model_dump() | own, "protocol") if own else base


def load_study(root: Path, name: str) -> Study:
    """A study, from `config/studies/` under the project's root.

    Raises:
        ConfigError: no such study or design, a wrong key, or rows that its design does not know.
    """
    return check_study(*_named(root, "studies", name, "study"))


def check_study(content: Any, where: str) -> Study:
    """As `load_study`, of a file's content."""
    study = check(Study, content, where)
    if study.design not in DESIGNS:
        raise ConfigError(f"{where}: design: found {study.design}; allowed: {', '.join(DESIGNS)}")
    if lines := DESIGNS[study.design].problems(study):
        raise ConfigError("\n".join(f"{where}: {line}" for line in lines))
    return study


def _named(root: Path, kind: str, name: str, key: str) -> tuple[Any, str]:
    """The content of a file and where it is."""
    # beside an experiment elsewhere, its own come first
    folders = [place / "config" / kind for place in (Path(), root)]
    path = next((place for place in (one / f"{name}.yaml" for one in folders) if place.is_file()), None)
    if not NAME.fullmatch(name) or path is None:
        known = ", ".join(sorted({found.stem for one in folders for found in one.glob("*.yaml")}))
        raise ConfigError(f"{key}: found {name!r}, known: {known}")
    return read_yaml(path), str(path)
