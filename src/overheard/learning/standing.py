"""Where a training stands: all that a checkpoint must hold so that it ends with the same bytes."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import nn

from overheard.learning.loop import Adam, Run


class Training(Protocol):
    """What can be kept and gone on with."""

    @property
    def model(self) -> nn.Module:
        """The network, on its device."""

    @property
    def adam(self) -> Adam:
        """Its optimizer."""

    @property
    def generators(self) -> Mapping[str, torch.Generator]:
        """Every stream of random numbers that training and validation draw from."""


def kept(training: Training, run: Run) -> dict[str, Any]:
    """What `resume` needs."""
    generators = {word: stream.get_state() for word, stream in training.generators.items()}
    model = training.model.state_dict()
    return {"model": model, "adam": training.adam.state(), "generators": generators, "run": vars(run)}


def resume(training: Training, state: Mapping[str, Any]) -> Run:
    """Bring a training to where its `kept` was taken."""
    training.model.load_state_dict(state["model"])
    training.adam.load(state["adam"])
    for word, stream in training.generators.items():
        stream.set_state(state["generators"][word])
    return Run(**state["run"])
