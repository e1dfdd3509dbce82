"""Where an interrupted training stood: written after each epoch, found again by the same command."""

import dataclasses
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overheard.errors import CheckpointError
from overheard.io import artifacts, progress
from overheard.learning.loop import Run
from overheard.learning.standing import Training, kept, resume


class Checkpoint:
    """The checkpoint of one training, in a file named by all that decides its result."""

    def __init__(self, folder: Path, settings: Any, reads: Mapping[str, Path], **said: Any) -> None:
        """Name it.

        Args:
            folder: of this job's checkpoints; the runner names it by the code, which is no part of the identity here.
            settings: a dataclass.
            reads: the files that are read; their contents count.
            said: what else decides, e.g. method and seed.
        """
        self.identity = {
            **said,
            **json.loads(json.dumps(dataclasses.asdict(settings))),
            **{name: _file_digest(path) for name, path in reads.items()},
            "torch": str(torch.__version__),
        }
        name = hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()
        self.path = folder / f"{name}.pt"
        # a folder that cannot be written is an error now, not after the first epoch
        folder.mkdir(parents=True, exist_ok=True)

    def resumed(self, training: Training) -> Run | None:
        """Bring a training to where an interrupted one of the same identity stood; None if there is none.

        Raises:
            CheckpointError: the file is damaged, or belongs to another training.
        """
        if not self.path.exists():
            return None
        content = artifacts.read_checkpoint(self.path)
        found, asked = content["identity"], self.identity
        differing = sorted(name for name in found.keys() | asked.keys() if found.get(name) != asked.get(name))
        if differing:
            shown = (f"{name}: found {found.get(name)!r:.40}, expected {asked.get(name)!r:.40}" for name in differing)
            raise CheckpointError(
                f"{self.path}: belongs to another training ({'; '.join(shown)}); delete it and run again"
            )
        run = resume(training, content["state"])
        progress.note(f"going on after epoch {len(run.history)}, from {self.path.name}")
        return run

    def keep(self, training: Training, run: Run) -> None:
        """Write where a training stands: under a temporary name, renamed when it is whole."""
        part = self.path.with_name(f".part-{self.path.name}")
        artifacts.write_checkpoint(part, {"identity": self.identity, "state": kept(training, run)})
        part.replace(self.path)

    def delete(self) -> None:
        """Forget it: the training is done and written."""
        self.path.unlink(missing_ok=True)


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical(content: Any) -> Any:
    """Equal content, equal bytes: pickle tells equal strings apart when they are not one object, and writes strides."""
    if isinstance(content, dict):
        return {canonical(name): canonical(value) for name, value in content.items()}
    if isinstance(content, list):
        return [canonical(value) for value in content]
    if isinstance(content, Tensor):
        return content.detach().cpu().clone(memory_format=torch.contiguous_format)
    return sys.intern(content) if isinstance(content, str) else content
