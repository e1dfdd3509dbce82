"""The student N_{v+a}: two encoders, their representations side by side, a linear scene head, linear event heads.

Representations stand as [image, sound]. Where a modality is left out its representation is one constant vector, or it
has none: the encoder is not trained and stands in eval mode, so it is asked once and let go.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from overheard.learning.losses import event_log_odds

ORDER = ("image", "sound")


class Said(NamedTuple):
    """What a student says of a batch."""

    scene_logits: Tensor  # (clips, scenes)
    event_logits: Tensor | None  # (clips, events) of the event head, on N_a or N_{v+a}, if the method trains one
    representation: Tensor  # (clips, width), image beside sound


class Student(nn.Module):
    """The networks of one method, modality and seed.

    Args:
        encoders: the encoders that are trained, by modality; each with `.width`.
        absent: the constant representation (width,) of a modality that is left out, by modality; without one the
            student has no such branch.
        n_scenes: width of the scene head.
        n_events: width of the event head.
        event_head: `sound` (on N_a), `joint` (on N_{v+a}) or None.
        head: of its width and `n_events`, the event head in place of a linear layer.
        prior: (scenes, events) p(e | s_k) if events are predicted by equation (6), else None; kept with the weights.
        group: in training, so many clips of a batch go through an encoder, and its batch norms, at a time.
    """

    def __init__(
        self,
        encoders: dict[str, nn.Module],
        absent: dict[str, Tensor],
        n_scenes: int,
        n_events: int,
        event_head: str | None,
        prior: Tensor | None = None,
        group: int | None = None,
        head: Callable[[int, int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({name: encoders[name] for name in ORDER if name in encoders})
        for name, vector in absent.items():
            self.register_buffer(f"absent_{name}", vector)
        self.register_buffer("prior", prior)
        self.widths = {name: encoders[name].width if name in encoders else len(absent.get(name, ())) for name in ORDER}
        self.group = group
        width = sum(self.widths.values())
        self.event_head = event_head
        # skip_init: the default start would draw from the global generator
        self.scene = nn.utils.skip_init(nn.Linear, width, n_scenes)
        if event_head:
            heard = self.widths["sound"] if event_head == "sound" else width
            self.event = head(heard, n_events) if head else nn.utils.skip_init(nn.Linear, heard, n_events)

    def forward(self, inputs: dict[str, Tensor]) -> Said:
        """What it says of clips.

        Args:
            inputs: of every trained modality; images (clips, 3, height, width), normalised; sounds (clips, 1, time,
                band), normalised, or what the encoder takes.
        """
        present = {name: self._encoded(encoder, inputs[name]) for name, encoder in self.encoders.items()}
        clips = len(next(iter(present.values())))
        parts = [
            present[name] if name in present else getattr(self, f"absent_{name}").expand(clips, -1)
            for name in ORDER
            if self.widths[name]
        ]
        representation = torch.cat(parts, dim=1)
        return Said(self.scene(representation), self._events(representation), representation)

    def _encoded(self, encoder: nn.Module, clips: Tensor) -> Tensor:
        if self.group is None or not self.training:
            return encoder(clips)
        # no group of a single clip, which has no variance
        groups = clips.tensor_split(max(1, min(math.ceil(len(clips) / self.group), len(clips) // 2)))
        return torch.cat([encoder(group) for group in groups])

    def _events(self, representation: Tensor) -> Tensor | None:
        if self.event_head is None:
            return None
        # a slice of the concatenation, so that every loss can be traced back to it
        heard = representation[:, self.widths["image"] :] if self.event_head == "sound" else representation
        return self.event(heard)

    def predicted_events(self, said: Said) -> Tensor | None:
        """Log-odds of the events (clips, events): by the event head, or p(e) of equation (6); None without either."""
        if self.prior is not None:
            return event_log_odds(said.scene_logits, self.prior)
        return said.event_logits


@torch.no_grad()
def absent_representation(encoder: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The representation (width,) of a zero input of `shape`, one clip without its clip axis, in eval mode."""
    return encoder.eval()(torch.zeros(1, *shape))[0].clone()
