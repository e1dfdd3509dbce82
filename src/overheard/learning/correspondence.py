"""Train both encoders by whether a frame belongs to a second of sound: audio-visual correspondence.

Nobody says which scene a place is of. In every step each of some places gives one of its moments; its frame belongs to
its own second, and to none of the others'. What is measured is asked of places that are held out: half of the frames
are shown with their own second, half with one of another place, so that chance is one half.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

from overheard import seeds
from overheard.learning import schedules
from overheard.learning.augment import Augmentation, augmented
from overheard.learning.loop import Adam, Recipe, Run, fit
from overheard.learning.models import encoders
from overheard.learning.models.correspondence import SCALE, Correspondence
from overheard.learning.pretraining import statistics, turned
from overheard.learning.selection import last
from overheard.learning.start import start_linear
from overheard.media.frame_front_ends import pooled
from overheard.media.front_ends import small_sound

FEWEST = 2
"""Places: a frame's other second is of another one."""
_EVALUATION_BATCH = 128
# what a place's colours, camera and recorder add: without these changes the networks learn the training places by heart
_AUGMENTATION = Augmentation(flip=0.5, brightness=(0.7, 1.3), colour=(0.0, 1.0))
_CAST, _HAZE = 0.15, 0.12  # at most; of each colour, of white
_SHIFT = 4  # px of 64
_LEVEL_DB = 4.0  # standard deviation
_CURVE_DB, _CURVE_POINTS = 3.0, 8  # an octave a point or so


@dataclass(frozen=True)
class Places:
    """Places as the networks take them, but for the scale of the frames.

    Attributes:
        frames: (places, moments, height, width, 3) uint8.
        seconds: (places, moments, 1, time, band) float32, dB.
    """

    frames: Tensor
    seconds: Tensor


def gathered(frames: NDArray[np.uint8], seconds: NDArray[np.int16]) -> Places:
    """Places in memory, through the front ends `small_image` and `small_sound`.

    Args:
        frames: (places, moments, 128, 128, 3); memory-mapped or not.
        seconds: (places, moments, 16000) at 16 kHz, mono; 32767 is full scale.
    """
    pictures = np.stack([pooled(place) for place in frames])
    mels = np.stack([small_sound(place.astype(np.float32) / np.float32(32767)) for place in seconds])
    return Places(torch.from_numpy(pictures), torch.from_numpy(mels)[:, :, None])


def pairs(places: int, moments: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which frame is shown with which second: half of them with their own, half with one of another place.

    Args:
        places: how many there are, at least two.
        moments: of each place.
        rng: draws the pairs.

    Returns:
        (n,) row of the frame and (n,) row of the second, both among the moments of each place in turn, every frame
        once; (n,) bool, whether they belong together.

    Raises:
        ValueError: fewer than two places.
    """
    if places < FEWEST:
        raise ValueError(f"places: expected at least {FEWEST}, got {places}")
    frame = rng.permutation(places * moments)
    belongs = np.arange(len(frame)) % 2 == 0
    other = (frame // moments + rng.integers(1, places, len(frame))) % places
    return frame, np.where(belongs, frame, moments * other + rng.integers(moments, size=len(frame))), belongs


def correspondence_loss(logits: Tensor) -> Tensor:
    """(places,) in nats, of logits (places, places): row k is of the frame that belongs to second k alone.

    Of each frame: the mean of the binary cross-entropy of its own second and of that of the others' on average.
    """
    own = torch.eye(len(logits), dtype=logits.dtype)
    each = binary_cross_entropy_with_logits(logits, own, reduction="none")
    right = each.diagonal()
    return (right + (each.sum(dim=1) - right) / (len(logits) - 1)) / 2


def recorded(seconds: Tensor, generator: torch.Generator) -> Tensor:
    """Each second as a recorder of its own would have it: louder or softer, and by a smooth curve over the bands.

    Args:
        seconds: (n, 1, time, band), dB.
        generator: on the CPU.
    """
    level, octaves = _LEVEL_DB * torch.randn(len(seconds), 1, 1, generator=generator), _curve(len(seconds), generator)
    curve = interpolate(octaves, seconds.shape[-1], mode="linear", align_corners=True)
    return seconds + (level + curve)[:, None]


def _curve(n: int, generator: torch.Generator) -> Tensor:
    return _CURVE_DB * torch.randn(n, 1, _CURVE_POINTS, generator=generator)


def lit(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Each frame in a light of its own: each colour stronger or weaker, and all of it paler or darker.

    Args:
        frames: (n, height, width, 3), 0..1; what becomes of them may lie outside.
        generator: on the CPU.
    """
    cast, haze = (torch.rand(2, len(frames), 1, 1, 3, generator=generator) * 2 - 1).unbind()
    return frames * (1 + _CAST * cast) + _HAZE * haze[..., :1]


def shifted(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Each frame moved by up to `_SHIFT` pixels up or down and left or right; its edge is repeated.

    Args:
        frames: (n, height, width, 3).
        generator: on the CPU.
    """
    n, height, width, _ = frames.shape
    down, right = torch.randint(-_SHIFT, _SHIFT + 1, (2, n, 1), generator=generator)
    rows = (torch.arange(height) + down).clamp_(0, height - 1)
    columns = (torch.arange(width) + right).clamp_(0, width - 1)
    return frames[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


class Training:
    """Both networks, their places and their streams: what a checkpoint must hold to end with the same bytes."""

    def __init__(
        self,
        train: Places,
        held_out: Places,
        *,
        learning_rate: float,
        weight_decay: float,
        seed: int,
    ) -> None:
        """At its start, on the CPU.

        Args:
            train: at least two places.
            held_out: at least two places of which nothing is learnt.
            learning_rate: of Adam, at the first step; it falls as half a cosine.
            weight_decay: of Adam, L2.
            seed: of first weights, order, moments, augmentation, and of the pairs that are asked.
        """

        def generator(word: str) -> torch.Generator:
            return torch.Generator().manual_seed(seeds.integer("correspondence", word, seed))

        self.train, self.held_out = train, held_out
        with torch.device("meta"):
            model = Correspondence()
        self.model = model.to_empty(device="cpu")
        self._start(generator("weights"))
        self.model.to(memory_format=torch.channels_last)
        self.adam = Adam(list(self.model.parameters()), learning_rate, weight_decay)
        self.generators = {word: generator(word) for word in ("order", "moments", "augmentation")}
        asked = pairs(*held_out.frames.shape[:2], seeds.generator("correspondence", "pairs", seed))
        self.frame, self.second, self.belongs = map(torch.from_numpy, asked)

    @torch.no_grad()
    def _start(self, weights: torch.Generator) -> None:
        """First weights; each encoder's mean and deviation are those of the training places."""
        for encoder, inputs, over in (
            (self.model.image, self.train.frames, 255),
            (self.model.sound, self.train.seconds, 1),
        ):
            encoders.initialise(encoder, weights)
            moments = statistics(inputs.numpy(), torch.arange(len(inputs)))
            for own, found in zip((encoder.mean, encoder.deviation), moments, strict=True):
                own.copy_(torch.from_numpy(found).view_as(own) / over)
        for layer in (self.model.seen, self.model.heard):
            start_linear(layer, weights)
        self.model.scale.fill_(SCALE)
        self.model.bias.zero_()

    def fit(
        self,
        steps: int,
        batch_size: int,
        validate_every: int,
        run: Run | None = None,
        on_validation: Callable[[Run], None] = lambda run: None,
    ) -> Run:
        """Train; see `loop.fit`. An epoch has one moment of each place; `batch_size` is in places, at least two.

        The last weights are kept, so that the held-out places choose nothing. The history says `val_loss` (nats) and
        `val_accuracy` (0..1) of the held-out pairs.
        """
        recipe = Recipe(batch_size, steps, None, schedules.cosine, last, None, every=validate_every)
        return fit(
            self.model,
            self.adam,
            self._loss,
            self._validate,
            recipe,
            clips=len(self.train.frames),
            order=self.generators["order"],
            run=run,
            on_validation=on_validation,
        )

    def _loss(self, places: Tensor) -> tuple[dict[str, Tensor], None]:
        draws = self.generators["augmentation"]
        moment = torch.randint(self.train.frames.shape[1], places.shape, generator=self.generators["moments"])
        frames = augmented(self.train.frames[places, moment].float().div_(255), _AUGMENTATION, draws)
        frames = shifted(lit(frames, draws), draws)
        seconds = recorded(turned(self.train.seconds[places, moment], draws), draws)
        logits = self.model(frames.permute(0, 3, 1, 2), seconds)
        return {"correspondence": correspondence_loss(logits)}, None

    def _validate(self) -> dict[str, float]:
        logits = self._held_out_logits()[self.frame, self.second]
        loss = binary_cross_entropy_with_logits(logits.double(), self.belongs.double())
        right = (logits > 0) == self.belongs
        return {"val_loss": loss.item(), "val_accuracy": right.double().mean().item()}

    @torch.no_grad()
    def _held_out_logits(self) -> Tensor:
        """(frames, seconds) of all moments of the held-out places."""
        frames, seconds = (values.flatten(0, 1) for values in (self.held_out.frames, self.held_out.seconds))
        seen = [self.model.image(_scaled(part)) for part in frames.split(_EVALUATION_BATCH)]
        heard = [self.model.sound(part) for part in seconds.split(_EVALUATION_BATCH)]
        return self.model.compared(torch.cat(seen), torch.cat(heard))


def _scaled(frames: Tensor) -> Tensor:
    return frames.permute(0, 3, 1, 2).float().div_(255)
