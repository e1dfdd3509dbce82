"""Train an encoder with a linear classifier on labelled scenes or tagged sounds, before any clip of the study is seen.

Inputs are normalised with the pre-training clips' own mean and deviation, computed here. The teacher keeps those of the
sounds; students, like the released program's, are fed with the normaliser of the study's training clips instead.
Training pictures are augmented as those of the study; training sounds are turned in a circle in time, here alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from overheard import seeds
from overheard.learning import schedules
from overheard.learning.augment import Augmentation
from overheard.learning.inputs import SCALES, Inputs, sound_tensor
from overheard.learning.loop import Adam, Recipe, Run, fit
from overheard.learning.models import encoders
from overheard.learning.selection import lowest_loss
from overheard.scores.auc import roc_auc

_HELD_OUT = 0.1
_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Labelled:
    """Clips and what is known of them.

    Attributes:
        inputs: pictures (clips, height, width, 3) uint8; log-mels (clips, time, band) float32, dB; maps of files too.
        target: scenes (clips,) int64, or events (clips, events) bool.
        labels: names of the scenes or events.
    """

    inputs: np.ndarray
    target: np.ndarray
    labels: list[str]


def turned(sounds: Tensor, generator: torch.Generator) -> Tensor:
    """Each sound's frames turned in a circle by a drawn number: when something is heard says nothing of what it is.

    Args:
        sounds: (clips, 1, time, band).
        generator: on the CPU.
    """
    clips, _, frames, bands = sounds.shape
    first = torch.randint(frames, (clips, 1), generator=generator).to(sounds.device)
    place = (torch.arange(frames, device=sounds.device) + first) % frames
    return sounds.gather(2, place[:, None, :, None].expand(-1, -1, -1, bands))


class Classifier(nn.Module):
    """An encoder and a linear classifier on its representation."""

    def __init__(self, encoder: nn.Module, labels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = torch.nn.utils.skip_init(nn.Linear, encoder.width, labels)
        encoders.initialise(self.classifier, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (clips, labels)."""
        return self.classifier(self.encoder(x))


def held_out(clips: int, seed: int) -> tuple[Tensor, Tensor]:
    """Positions of the training clips and of the validation tenth, each in rising order.

    Raises:
        ValueError: fewer than three clips.
    """
    if clips < 3:
        raise ValueError(f"expected at least three clips, got {clips}")
    order = torch.from_numpy(seeds.generator("pretrain", "held out", seed).permutation(clips))
    cut = max(1, round(clips * _HELD_OUT))
    return order[cut:].sort().values, order[:cut].sort().values


def statistics(inputs: np.ndarray, rows: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel or band (the last axis) over `rows`; float32, in the inputs' unit."""
    count, total, squares = 0, 0.0, 0.0
    for row in rows.tolist():
        values = np.asarray(inputs[row], dtype=np.float64).reshape(-1, inputs.shape[-1])
        count, total, squares = count + len(values), total + values.sum(axis=0), squares + (values**2).sum(axis=0)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 1e-12))
    return mean.astype(np.float32), deviation.astype(np.float32)


def gathered(
    inputs: np.ndarray,
    normaliser: tuple[np.ndarray, np.ndarray],
    device: str,
    channels_last: bool,
    picture_scale: str | None = None,
) -> Inputs:
    """All clips in memory, to be normalised with mean and deviation in the inputs' unit; pictures as `SCALES` says."""
    mean, deviation = normaliser
    if inputs.ndim == 3:
        sounds = sound_tensor(inputs, mean, deviation).to(device)
        return Inputs(None, sounds, torch.zeros(3), torch.ones(3), channels_last)
    pictures = torch.from_numpy(np.array(inputs)).to(device)
    scale = SCALES[picture_scale](mean / 255, deviation / 255)
    mean, deviation = (torch.from_numpy(values).to(device) for values in scale)
    return Inputs(pictures, None, mean, deviation, channels_last)


class Pretraining:
    """A model, its data and its generators: all that a checkpoint must hold to go on to the same bytes."""

    def __init__(
        self,
        network: str,
        modality: str,
        data: Labelled,
        augmentation: Augmentation | None,
        *,
        learning_rate: float,
        weight_decay: float,
        seed: int,
        device: str,
        channels_last: bool,
        picture_scale: str | None = None,
    ) -> None:
        def generator(word: str) -> torch.Generator:
            return torch.Generator().manual_seed(seeds.integer("pretrain", modality, word, seed))

        self.data, self.modality, self.augmentation, self.device = data, modality, augmentation, device
        self.train_rows, self.val_rows = held_out(len(data.target), seed)
        self.normaliser = statistics(data.inputs, self.train_rows)
        self.inputs = gathered(data.inputs, self.normaliser, device, channels_last, picture_scale)
        self.target = torch.from_numpy(data.target).to(device)
        weights = generator("weights")
        encoder = encoders.build(network, modality, weights)
        self.model = Classifier(encoder, len(data.labels), weights)
        if modality == "sound":
            self._start_at_prevalence()
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model.to(device=device, memory_format=layout)
        self.adam = Adam(list(self.model.parameters()), learning_rate, weight_decay)
        self.generators = {word: generator(word) for word in ("order", "augmentation")}

    @torch.no_grad()
    def _start_at_prevalence(self) -> None:
        """Set the event classifier's bias to the log-odds of each event: most are rare, some never heard."""
        heard = self.data.target[self.train_rows.numpy()].sum(axis=0)
        prevalence = torch.from_numpy((heard + 0.5) / (len(self.train_rows) + 1.0))
        self.model.classifier.bias.copy_(torch.logit(prevalence))

    def _logits(self, rows: Tensor) -> Tensor:
        return self.model(self.inputs.batch(rows)[self.modality])

    def _changed_logits(self, rows: Tensor) -> Tensor:
        """Of training clips: pictures augmented, sounds turned."""
        draws = self.generators["augmentation"]
        batch = self.inputs.batch(rows, self.augmentation, draws)[self.modality]
        return self.model(turned(batch, draws) if self.modality == "sound" else batch)

    def _loss(self, logits: Tensor, rows: Tensor) -> Tensor:
        """(clips,) in nats: cross-entropy of the scene, or binary cross-entropy summed over events."""
        target = self.target[rows.to(self.target.device)]
        if self.modality == "image":
            return cross_entropy(logits, target, reduction="none")
        return binary_cross_entropy_with_logits(logits, target.float(), reduction="none").sum(dim=1)

    def _batch_loss(self, positions: Tensor) -> tuple[dict[str, Tensor], None]:
        rows = self.train_rows[positions]
        return {"label": self._loss(self._changed_logits(rows), rows)}, None

    def _validate(self) -> dict[str, float]:
        logits = torch.cat([self._logits(rows) for rows in self.val_rows.split(_EVALUATION_BATCH)])
        loss = self._loss(logits, self.val_rows).mean().item()
        target, scores = self.data.target[self.val_rows.numpy()], logits.cpu().numpy()
        if self.modality == "image":
            return {"val_loss": loss, "val_accuracy": float((scores.argmax(axis=1) == target).mean())}
        areas = roc_auc(target, scores)
        known = areas[~np.isnan(areas)]
        return {"val_loss": loss, "val_auc": float(known.mean()) if len(known) else math.nan}

    def fit(
        self,
        epochs: int,
        batch_size: int,
        run: Run | None = None,
        on_validation: Callable[[Run], None] = lambda run: None,
    ) -> Run:
        """Train with a learning rate that falls as half a cosine; the best epoch is that of the lowest val_loss."""
        return fit(
            self.model,
            self.adam,
            self._batch_loss,
            self._validate,
            Recipe(batch_size, None, epochs, schedules.cosine, lowest_loss, patience=None),
            clips=len(self.train_rows),
            order=self.generators["order"],
            run=run,
            on_validation=on_validation,
        )

    def trained_labels(self) -> list[int]:
        """Positions of the labels that some training clip has: of the others the classifier has only seen noes."""
        target = self.target[self.train_rows.to(self.target.device)]
        seen = target.unique() if target.ndim == 1 else target.any(dim=0).nonzero().flatten()
        return seen.tolist()


def encoder_file(
    network: str,
    modality: str,
    labels: list[str],
    trained: list[int],
    normaliser: tuple[np.ndarray, np.ndarray],
    state: dict[str, Tensor],
) -> dict[str, Any]:
    """What `pretrain` writes, from a `Classifier`'s state dict and the positions of labels it was trained on.

    With sounds go the mean and deviation of those it was trained on: the teacher hears every sound by them.
    """
    # a copy with the plain order of memory: equal weights, equal bytes
    state = {n: v.detach().cpu().clone(memory_format=torch.contiguous_format) for n, v in state.items()}
    encoder, classifier = "encoder.", "classifier."
    return {
        "network": network,
        "modality": modality,
        "encoder": {n.removeprefix(encoder): v for n, v in state.items() if n.startswith(encoder)},
        "classifier": {n.removeprefix(classifier): v for n, v in state.items() if n.startswith(classifier)},
        "labels": labels,
        "trained": trained,
        **(scale(modality, *normaliser) if modality == "sound" else {}),
    }


def scale(modality: str, mean: np.ndarray, deviation: np.ndarray) -> dict[str, Tensor]:
    """What a network's file says of its input: mean and deviation (band or colour,) of what it was trained on."""
    return {f"{modality}_mean": torch.from_numpy(mean), f"{modality}_std": torch.from_numpy(deviation)}
