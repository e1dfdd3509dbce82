"""Which variants of an experiment an ablation has, and which rows each reaches. Pure, but for reading a protocol.

A variant is an experiment of its own: the same but for one switch of the protocol (or one point of a grid), and a study
of the rows that are compared.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError
from overheard.study import checking, config, job_settings
from overheard.study.experiments import Loaded
from overheard.study.protocol import SWITCHES, Protocol
from overheard.study.study_file import Study
from overheard.study.yaml_file import parsed


@dataclass(frozen=True)
class Variant:
    """One experiment of an ablation.

    Attributes:
        base: the protocol it is flipped from.
        change: switches and their values, none for the base itself.
        loaded: the experiment.
        content: of its configuration file.
        rows: the (method, modality) that the change reaches; of the base all rows.
    """

    base: str
    change: Mapping[str, Any]
    loaded: Loaded
    content: Mapping[str, Any]
    rows: tuple[tuple[str, str], ...]

    @property
    def said(self) -> str:
        """The change in words, `alpha = 0.1`."""
        return ", ".join(f"{name} = {value}" for name, value in self.change.items())


def narrowed(study: Study, name: str, methods: Sequence[str], modalities: Sequence[str]) -> Study:
    """A study of one table, `ablation`, of some rows of another.

    Raises:
        ConfigError: a row that the study does not have.
    """
    known = {row for row in study.rows() if not study.methods[row[0]].baseline}
    wanted = [(method, modality) for method in methods for modality in modalities]
    if missing := [f"{method} on {modality}" for method, modality in wanted if (method, modality) not in known]:
        rows = ", ".join(f"{method} on {modality}" for method, modality in sorted(known))
        raise ConfigError(f"--method, --modality: the study has no row {', '.join(missing)}; it has: {rows}")
    table: dict[str, Any] = {
        "title": "Ablation",
        "caption": "Rows of an ablation.",
        "metrics": ["precision", "recall", "f_score"],
    }
    table |= {"blocks": [{"rows": list(methods), "columns": list(modalities)}]}
    content = study.model_dump(exclude_defaults=True)
    content |= {"study": name, "title": f"{study.title}: ablation", "tables": {"ablation": table}}
    content |= {"methods": {method: content["methods"][method] for method in methods}}
    return checking.check(Study, content, f"config/studies/{name}.yaml")


def flips(base: Protocol, others: Sequence[Protocol]) -> list[dict[str, Any]]:
    """Each switch alone at its value in the first of other protocols that has another one."""
    changes = []
    for name in SWITCHES:
        values = [getattr(other, name) for other in others if getattr(other, name) != getattr(base, name)]
        changes += [{name: values[0]}] if values else []
    return changes


def grid(vary: Sequence[str]) -> list[dict[str, Any]]:
    """Every combination of `key=value,value,…`; values are read as YAML.

    Raises:
        ConfigError: not of that form, or no switch of the protocol.
    """
    axes = []
    for text in vary:
        key, equals, values = text.partition("=")
        key = key.removeprefix("protocol.")
        if not equals or not values:
            raise ConfigError(f"--vary {text}: expected key=value,value, e.g. --vary alpha=0.01,0.1,1")
        if key not in SWITCHES:
            raise ConfigError(f"--vary {text}: no switch {key!r}; there are: {', '.join(SWITCHES)}")
        axes.append([(key, parsed(value, f"--vary {text}")) for value in values.split(",")])
    return [dict(point) for point in itertools.product(*axes)] if axes else []


def variant(
    loaded: Loaded, content: Mapping[str, Any], root: Path, study: Study, base: str, change: Mapping[str, Any]
) -> Variant:
    """The experiment that is like another but for its protocol and study.

    Args:
        loaded: the experiment of which this is an ablation.
        content: of its file.
        root: the project's.
        study: of the ablation.
        base: name of the protocol that is changed.
        change: switches and values; none for the base itself.

    Raises:
        ConfigError: a value that the protocol refuses, or that has no effect in this experiment.
    """
    words = [f"{name}-{'null' if value is None else value}" for name, value in change.items()]
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join([loaded.name, "ablation", base, *words])).rstrip("_")
    own = dict(content) | {"study": study.study, "protocol": {"base": base, **change} if change else base}
    where = f"config/{name}.yaml"
    experiment = checking.check(config.Experiment, own, where)
    protocol = config.load_protocol(root, experiment)
    made = Loaded(name, Path(where), experiment, study, protocol)
    return Variant(base, dict(change), made, own, tuple(study.trained()))


def rows_reached(one: Loaded, other: Loaded) -> tuple[tuple[str, str], ...]:
    """Rows that are trained or tested otherwise in another experiment of the same study and source, by the plan alone.

    A row is reached by its own settings, or by those of a job whose result it reads.
    """

    def made(of: Loaded) -> dict[str, Any]:
        given = job_settings.is_given(of.experiment.networks.image)
        pictures = {} if given else job_settings.pretrain_settings(of.experiment, of.protocol, "image")
        return {"pretrain": pictures} | {
            word: job_settings.switched(of.protocol, word) for word in ("prior", "relevance")
        }

    def own(of: Loaded, method: str, modality: str) -> tuple[dict[str, Any], dict[str, Any]]:
        row = of.study.methods[method]
        return (
            job_settings.train_settings(of.experiment, of.protocol, row, modality),
            job_settings.evaluate_settings(of.experiment, of.protocol, row, modality),
        )

    before, after = made(one), made(other)
    remade = {stage for stage in before if before[stage] != after[stage]}
    found = []
    for method, modality in one.study.trained():
        read = set(one.study.methods[method].reads)
        uses = {stage for stage in remade if (stage if stage != "pretrain" else "encoders") in read}
        if uses or own(one, method, modality) != own(other, method, modality):
            found.append((method, modality))
    return tuple(found)
