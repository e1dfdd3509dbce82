"""Experiments as files: `config/NAME.yaml`, what it names, and variants of it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from overheard.errors import ConfigError, MediaError
from overheard.io import whole
from overheard.scores.origin import Origin
from overheard.study import checking, config, own_functions, yaml_file
from overheard.study.changes import with_changes
from overheard.study.claims_file import Claims, load_claims
from overheard.study.given_weights import given_weights
from overheard.study.protocol import Protocol
from overheard.study.source import Directory
from overheard.study.study_file import Study

RELEASED_SEED = 10
"""Of torch and numpy in the released program."""


@dataclass(frozen=True)
class Loaded:
    """An experiment with what its configuration names."""

    name: str
    path: Path
    experiment: config.Experiment
    study: Study
    protocol: Protocol
    claims: Claims | None = None

    @property
    def origin(self) -> Origin:
        """Whose numbers are made."""
        return self.experiment.source.origin(self.study.data)


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


def load(name: str) -> Loaded:
    """Read and check `config/NAME.yaml` and the study and protocol it names."""
    if not config.NAME.fullmatch(name):
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
    experiment = config.load_experiment(path)
    _check_places(path, experiment)
    return with_named(name, path, experiment, project_root())


def with_named(name: str, path: Path, experiment: config.Experiment, root: Path, study: Study | None = None) -> Loaded:
    """An experiment with the study and protocol that it names.

    Without folds where the protocol makes one split; of one seed where it tests several epochs of one run.
    """
    protocol = config.load_protocol(root, experiment)
    if protocol.split_draw == "by_label" and experiment.split.folds > 1:
        experiment = experiment.model_copy(update={"split": experiment.split.model_copy(update={"folds": 1})})
    if protocol.repeats == "next_epochs" and "repeats" not in experiment.idle:
        experiment = experiment.model_copy(update={"seeds": [RELEASED_SEED]})
    study = study or config.load_study(root, experiment)
    own_functions.check(study)
    return Loaded(name, path, experiment, study, protocol, load_claims(root, study))


def _check_places(path: Path, experiment: config.Experiment) -> None:
    """Refuse a configuration whose folders and files are not there, before anything is planned.

    Raises:
        ConfigError: weights are left to a package that is not installed.
        MediaError: names each key, what it says, and what was expected.
    """
    try:
        given = given_weights(experiment)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    source, places = experiment.source, {"networks.image.weights": given.get("image")}
    if isinstance(source, Directory):
        places |= {f"source.{key}": getattr(source, key) for key in ("pairs", "scenes", "sounds", "tagger", "listing")}
    files = ("networks.image.weights", "source.tagger", "source.listing")
    missing = []
    for key, place in places.items():
        if place is not None and not (Path(place).is_file() if key in files else Path(place).is_dir()):
            missing.append(f"{path}: {key}: no {'file' if key in files else 'folder'} {place}; fix the key")
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
    if not config.NAME.fullmatch(new):
        raise ConfigError(f"--as {new!r}: a name has letters, digits, dot, dash and underscore")
    loaded = load(name)
    content = with_changes(yaml_file.read_yaml(loaded.path), changes)
    path = Path("config") / f"{new}.yaml"
    experiment = checking.check(config.Experiment, content, str(path))
    config.load_study(project_root(), experiment)
    config.load_protocol(project_root(), experiment)
    text = f"# overheard run {name} {shlex.join(word for change in changes for word in ('--set', change))} --as {new}\n"
    text += yaml_file.as_yaml(content)
    if path.exists() and yaml_file.read_yaml(path) != content:
        raise ConfigError(f"{path}: exists with other content; choose another --as, or run it: `overheard run {new}`")
    if not path.exists():
        whole.write_text(path, text)
        print(f"{path} written", flush=True)
    return new
