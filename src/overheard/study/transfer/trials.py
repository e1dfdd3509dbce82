"""The trials of a fair search: every row gets as many, drawn from one space, its own settings among them."""

from collections.abc import Mapping
from typing import Any

from overheard.errors import ConfigError
from overheard.seeds import generator
from overheard.study.study_file import Method
from overheard.study.transfer.experiment import Experiment
from overheard.study.transfer.protocol import Protocol

FACTORS = {"learning_rate": (0.25, 4.0), "length": (0.5, 2.0), "alpha": (0.1, 10.0)}
"""Of an experiment's own value, the lowest and the highest that are tried; between them as a logarithm."""


def drawn(experiment: Experiment, protocol: Protocol, n: int) -> list[dict[str, Any]]:
    """Trials as changes of an experiment: learning rate, length and alpha together; the first changes nothing.

    A row without alpha, or with a learning rate of its own, gets the others' values all the same.

    Args:
        experiment: whose settings are searched.
        protocol: its own, for what the experiment leaves to it.
        n: how many, with the experiment's own settings.

    Raises:
        ConfigError: fewer than two.
    """
    if n < 2:
        raise ConfigError(f"--trials {n}: expected at least 2, the experiment's own settings and others")
    train = experiment.train
    length = "steps" if train.steps else "epochs"
    own = {
        "train.learning_rate": train.learning_rate or protocol.learning_rate,
        f"train.{length}": getattr(train, length) or protocol.epochs,
        "alpha": protocol.alpha,
    }
    found: list[dict[str, Any]] = [{}]
    for number in range(1, n):
        rng = generator("trial", number)
        values = {}
        for (key, value), (low, high) in zip(own.items(), FACTORS.values(), strict=True):
            factor = low * (high / low) ** rng.random()
            values[key] = max(1, round(value * factor)) if isinstance(value, int) else float(f"{value * factor:.2g}")
        found.append(values)
    return found


def said(change: Mapping[str, Any], method: Method) -> str:
    """A trial in words, but for alpha where a row has none."""
    own = {key: value for key, value in change.items() if key != "alpha" or "alpha" in method.uses}
    return ", ".join(f"{key.removeprefix('train.')} = {value}" for key, value in own.items()) or "as it is"
