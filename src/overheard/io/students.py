"""Trained students as they lie in files: read, checked, built again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from overheard.errors import CheckpointError
from overheard.io import artifacts
from overheard.learning import methods
from overheard.learning.models import encoders
from overheard.learning.models.student import ORDER, Student

_KEYS = {
    *("method", "modality", "seed", "fold", "classes", "best_epoch", "events", "state"),
    *("network_image", "network_sound", "frozen_blocks_image", "frozen_blocks_sound"),
}


def read_student(path: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """A student's file, checked against what is expected of some of its values.

    Raises:
        CheckpointError: it is no student, or another one.
    """
    content = artifacts.read_weights(path)
    missing = sorted(_KEYS - content.keys())
    if missing:
        raise CheckpointError(f"{path}: not a student: no {', '.join(missing)}; delete it and run train again")
    for name, value in expected.items():
        if content[name] != value:
            raise CheckpointError(f"{path}: found {name} {content[name]}, expected {value}; run train again")
    return content


def built(row: methods.Method, stored: dict[str, Any], where: str, device: str, channels_last: bool) -> Student:
    """The student as it was at its best epoch, in eval mode, on the device.

    Args:
        row: its method.
        stored: what its file says.
        where: that file, for messages.
        device: `cpu` or `cuda`.
        channels_last: the memory order of its weights.

    Raises:
        CheckpointError: its weights are those of another network.
    """
    state = stored["state"]
    trained, absent = {}, {}
    for name in ORDER:
        if name in methods.MODALITIES[stored["modality"]]:
            network, frozen = stored[f"network_{name}"], stored[f"frozen_blocks_{name}"]
            # its weights are overwritten below; the generator is only the form of the call
            trained[name] = encoders.build(network, name, torch.Generator(), frozen)
        else:
            # a student of protocol `no_branch` has none
            absent |= {name: torch.zeros_like(given)} if (given := state.get(f"absent_{name}")) is not None else {}
    prior = torch.zeros_like(state["prior"]) if row.predicts_by_prior else None
    shape = len(stored["classes"]), len(artifacts.event_names())
    student = Student(trained, absent, *shape, row.event_head, prior, head=row.head)
    try:
        student.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"{where}: weights of another network ({error}); delete it and run train again"
        ) from error
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return student.to(device=device, memory_format=layout).eval()


def by_fold(of_folds: Sequence[list[Path]], *of_students: list[Path]) -> dict[tuple[Path, ...], list[tuple[Path, ...]]]:
    """The files of each student, by the split and the normalisers of its fold."""
    found: dict[tuple[Path, ...], list[tuple[Path, ...]]] = {}
    for fold, *files in zip(zip(*of_folds, strict=True), *of_students, strict=True):
        found.setdefault(fold, []).append(tuple(files))
    return found
