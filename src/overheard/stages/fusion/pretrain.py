"""Train the twin's encoders of frames and of seconds by their correspondence, on unlabelled places (L3-Net's way)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overheard.errors import DIVERGED, ConfigError, DivergedError, MediaError
from overheard.io import artifacts, progress
from overheard.io.checkpoints import Checkpoint, canonical
from overheard.io.device import settle
from overheard.io.signature import Reads, Writes
from overheard.learning.correspondence import FEWEST, Training, gathered
from overheard.learning.loop import Run

_PLACES = 20  # fewer teach nothing that holds elsewhere
_ENCODERS = ("small",)
_SHAPES = {"frames": ((10, 128, 128, 3), np.uint8), "seconds": ((10, 16000), np.int16)}


@dataclass(frozen=True)
class Settings:
    """How both encoders are trained."""

    steps: int  # of the optimizer
    batch_size: int  # places
    learning_rate: float  # of the first step; falls as half a cosine
    weight_decay: float
    held_out: int  # places, the last ones
    validate_every: int  # steps


def pretrain(
    design: str,
    places: Reads,
    encoder: str,
    seed: int,
    settings: Settings,
    checkpoints: Path,
    weights: Writes,
    history: Writes,
) -> None:
    """Train two encoders to tell whether a frame belongs to a second of sound; the last weights are kept.

    Args:
        design: of the study, by which the command finds this stage.
        places: folder with frames.npy (places, 10, 128, 128, 3) uint8, and seconds.npy (places, 10, 16000) int16 at
            16 kHz, mono.
        encoder: small, of which there is one for frames and one for seconds.
        seed: of first weights, order, moments and augmentation, and of the pairs of held-out places.
        settings: of training.
        checkpoints: folder where an interrupted training finds itself again.
        weights: both encoders and the head that compares them, a state dict (.pt).
        history: a line a validation: losses in nats, val_accuracy on pairs of held-out places, chance 0.5 (.csv).
    """
    if encoder not in _ENCODERS:
        raise ConfigError(f"--encoder: found {encoder}; allowed: {', '.join(_ENCODERS)}")
    settle("cpu")
    reads = {name: places / f"{name}.npy" for name in _SHAPES}
    frames, seconds = _read(places)
    _check(settings, len(frames), places)
    checkpoint = Checkpoint(checkpoints, settings, reads, encoder=encoder, seed=seed)
    cut = len(frames) - settings.held_out
    training = Training(
        gathered(frames[:cut], seconds[:cut]),
        gathered(frames[cut:], seconds[cut:]),
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        seed=seed,
    )
    run = _fitted(training, checkpoint, settings)

    artifacts.write_weights(weights, canonical(run.best_state))
    columns = ["step", "learning_rate", "train_loss", "val_loss", "val_accuracy"]
    artifacts.write_table(history, columns, ({name: line[name] for name in columns} for line in run.history))
    checkpoint.delete()


def _read(places: Path) -> tuple[np.ndarray, np.ndarray]:
    """Frames and seconds, memory-mapped.

    Raises:
        MediaError: one is missing, of another shape or type, or they are of different places.
    """
    found = {}
    for name, (shape, dtype) in _SHAPES.items():
        path = places / f"{name}.npy"
        if not path.exists():
            raise MediaError(f"{path}: not there; expected frames.npy and seconds.npy in {places}; draw them again")
        found[name] = array = artifacts.read_array(path)
        if array.shape[1:] != shape or array.dtype != dtype:
            wanted = f"(places, {', '.join(map(str, shape))}) {np.dtype(dtype)}"
            raise MediaError(f"{path}: found {array.shape} {array.dtype}, expected {wanted}; draw the places again")
    frames, seconds = found["frames"], found["seconds"]
    if len(frames) != len(seconds):
        raise MediaError(
            f"{places}: found frames of {len(frames)} places and seconds of {len(seconds)}, expected the same places; "
            "draw them again"
        )
    return frames, seconds


def _check(settings: Settings, places: int, folder: Path) -> None:
    """Refuse too few places, or a setting that these places do not allow."""
    if places < _PLACES:
        raise MediaError(f"{folder}: found {places} places, expected at least {_PLACES}; draw more")
    limits = {
        "held_out": (FEWEST, places - FEWEST),
        "batch_size": (FEWEST, places),
        "steps": (1, None),
        "validate_every": (1, None),
    }
    for name, (low, high) in limits.items():
        value = getattr(settings, name)
        if value < low or (high is not None and value > high):
            allowed = f"at least {low}" if high is None else f"{low} to {high}"
            raise ConfigError(f"pretrain: --settings: {name}: found {value}, expected {allowed} with {places} places")


def _fitted(training: Training, checkpoint: Checkpoint, settings: Settings) -> Run:
    """Train to the end, from the checkpoint if there is one; after each validation a checkpoint and a step."""
    validations = -(-settings.steps // settings.validate_every)

    def after_validation(run: Run) -> None:
        checkpoint.keep(training, run)
        line = run.history[-1]
        text = f"loss {line['train_loss']:.3f}, unseen places {100 * line['val_accuracy']:.1f} % (chance 50)"
        progress.step(len(run.history), validations, text)

    run = checkpoint.resumed(training)
    try:
        return training.fit(settings.steps, settings.batch_size, settings.validate_every, run, after_validation)
    except DivergedError as error:
        raise DivergedError(
            f"{DIVERGED}the encoders: {error}; lower pretrain.learning_rate (found {settings.learning_rate:g}) and "
            "run again"
        ) from error
