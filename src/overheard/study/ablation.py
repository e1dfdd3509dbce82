"""Which variants of an experiment an ablation has, and which rows each reaches. Pure, but for reading a protocol.

A variant is an experiment of its own: the same but for one switch of the protocol (or one point of a grid), and a study
of the rows that are compared.
"""

import itertools
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overheard.errors import ConfigError
from overheard.study import checking
from overheard.study.changes import with_changes
from overheard.study.experiment import Experiment
from overheard.study.experiments import with_named
from overheard.study.loaded import Loaded
from overheard.study.study_file import Study
from overheard.study.switch import Protocol
from overheard.study.yaml_file import parsed

_VARIED = ("source", "split", "networks", "train")
"""Sections of an experiment that a grid may vary."""

OVER = {"splits": "split.seed", "worlds": "source.world"}
"""What draws the split of the same clips anew, and what draws all clips anew: setting by word."""


@dataclass(frozen=True)
class Variant:
    """One experiment of an ablation.

    Attributes:
        base: the protocol it is flipped from.
        change: switches and settings with their values, none for the base itself.
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

    def value_of(self, key: str) -> Any:
        """What it has for a switch, or for a setting with a dot in it."""
        if key in self.loaded.design.SWITCHES:
            return getattr(self.loaded.protocol, key)
        place: Any = self.loaded.experiment
        for name in key.split("."):
            place = getattr(place, name)
        return place


def narrowed(study: Study, name: str, methods: Sequence[str], modalities: Sequence[str]) -> Study:
    """A study of one table, `ablation`, of some rows of another.

    Raises:
        ConfigError: a row that the study does not have.
    """
    return of_rows(study, name, [(method, modality) for method in methods for modality in modalities])


def of_rows(study: Study, name: str, wanted: Sequence[tuple[str, str]]) -> Study:
    """A study of one table, `ablation`, of these (method, modality) rows of another.

    Raises:
        ConfigError: a row that the study does not have.
    """
    known = {row for row in study.rows() if not study.methods[row[0]].baseline}
    if missing := [f"{method} on {modality}" for method, modality in wanted if (method, modality) not in known]:
        rows = ", ".join(f"{method} on {modality}" for method, modality in sorted(known))
        raise ConfigError(f"--method, --modality: the study has no row {', '.join(missing)}; it has: {rows}")
    table: dict[str, Any] = {
        "title": "Ablation",
        "caption": "Rows of an ablation.",
        "metrics": [*study.metrics],
    }
    methods = list(dict.fromkeys(method for method, _ in wanted))
    columns = {modality: [method for method, its in wanted if its == modality] for _, modality in wanted}
    table |= {"blocks": [{"rows": rows, "columns": [modality]} for modality, rows in columns.items()]}
    content = study.model_dump(exclude_defaults=True)
    for key in ("claims", "controls", "figures"):
        content.pop(key, None)
    content |= {"study": name, "title": f"{study.title}: ablation", "tables": {"ablation": table}}
    content |= {"methods": {method: content["methods"][method] for method in methods}}
    return checking.check(Study, content, f"config/studies/{name}.yaml")


def flips(switches: Iterable[str], base: Protocol, others: Sequence[Protocol]) -> list[dict[str, Any]]:
    """Each switch alone at its value in the first of other protocols that has another one."""
    changes = []
    for name in switches:
        values = [getattr(other, name) for other in others if getattr(other, name) != getattr(base, name)]
        changes += [{name: values[0]}] if values else []
    return changes


def grid(switches: Collection[str], vary: Sequence[str]) -> list[dict[str, Any]]:
    """Every combination of `key=value,value,…`; values are read as YAML.

    A key is a switch of the protocol, or a setting of the experiment with a dot in it, as `train.learning_rate`.

    Raises:
        ConfigError: not of that form, or no such key.
    """
    axes = []
    for text in vary:
        key, equals, values = text.partition("=")
        key = key.removeprefix("protocol.")
        if not equals or not values:
            raise ConfigError(f"--vary {text}: expected key=value,value, e.g. --vary alpha=0.01,0.1,1")
        if key not in switches and key.partition(".")[0] not in _VARIED:
            settings = ", ".join(f"{section}.…" for section in _VARIED)
            raise ConfigError(
                f"--vary {text}: no switch {key!r}; there are: {', '.join(switches)}; and the settings {settings}"
            )
        axes.append([(key, parsed(value, f"--vary {text}")) for value in values.split(",")])
    return [dict(point) for point in itertools.product(*axes)] if axes else []


def over(axis: str, n: int, experiment: Experiment) -> list[dict[str, Any]]:
    """Other draws of the split of the same clips, or other worlds of the twin, beside the experiment's own.

    Args:
        axis: word of `OVER`.
        n: how many in all, with the experiment's own.
        experiment: it.

    Raises:
        ConfigError: another word, fewer than two, or worlds of what is no twin.
    """
    if axis not in OVER:
        raise ConfigError(f"--over {axis}: expected one of {', '.join(OVER)}")
    if n < 2:
        raise ConfigError(f"--n {n}: expected at least 2 {axis}")
    section, _, name = OVER[axis].partition(".")
    own = getattr(getattr(experiment, section), name, None)
    if own is None:
        raise ConfigError(f"--over {axis}: source.kind {experiment.source.kind} has no {OVER[axis]}; use --over splits")
    return [{OVER[axis]: value} for value in range(own + 1, own + n)]


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
        change: switches and settings with values; none for the base itself.

    Raises:
        ConfigError: a value that the protocol refuses, or that has no effect in this experiment.
    """
    words = [f"{name}-{'null' if value is None else value}" for name, value in change.items()]
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join([study.study, base, *words])).rstrip("_")
    design = loaded.design
    own = dict(content) | {"study": study.study, "protocol": base}
    where = f"config/{name}.yaml"
    plain = with_named(name, Path(where), checking.check(design.EXPERIMENT, own, where), root, study)
    switches = design.comparable(loaded.name, plain, change) | {
        k: value for k, value in change.items() if k in design.SWITCHES
    }
    own["protocol"] = {"base": base, **switches} if switches else base
    settings = [f"{key}={json.dumps(value)}" for key, value in change.items() if key not in design.SWITCHES]
    own = with_changes(own, settings)
    experiment = checking.check(design.EXPERIMENT, own, where)
    made = with_named(name, Path(where), experiment, root, study)
    return Variant(base, dict(change), made, own, tuple(study.trained()))


def rows_reached(one: Loaded, other: Loaded) -> tuple[tuple[str, str], ...]:
    """Rows that are trained or tested otherwise in another experiment of the same study and source, by the plan alone.

    A row is reached by its own settings, or by those of a job whose result it reads.
    """
    before, after = one.design.decided(one), other.design.decided(other)
    return tuple(row for row in before if before[row] != after[row])
