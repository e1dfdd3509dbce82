"""The teacher N_a^(0): a frozen copy of the first sound network with its event classifier."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from overheard.errors import CheckpointError, ConfigError
from overheard.learning.models import encoders

# clips at a time; part of the result's last bits, so no setting
_BATCH = 16


class Tagger:
    """A sound network in eval mode, with its event classifier."""

    def __init__(
        self,
        content: Mapping[str, Any],
        where: str,
        device: str = "cpu",
        moments: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> None:
        """Build from what `pretrain` wrote.

        Args:
            content: network, modality, encoder, classifier, labels, positions of the labels it was trained on, and mean
                and deviation (band,) of the sounds it was trained on.
            where: the file it came from, for messages.
            device: where to compute.
            moments: mean and deviation (band,) to hear by, in place of the network's own.

        Raises:
            CheckpointError: the file holds another kind of network.
        """
        network, modality = content.get("network"), content.get("modality")
        if modality != "sound":
            raise CheckpointError(
                f"{where}: found a network for {modality}, expected one for sound; run pretrain again"
            )
        self.network, self.device, self.trained = network, device, frozenset(content["trained"])
        own = (content["sound_mean"], content["sound_std"])
        other = None if moments is None else tuple(torch.from_numpy(values.astype(np.float32)) for values in moments)
        self.mean, self.deviation = (values.to(device) for values in other or own)
        encoder = encoders.build(network, "sound", torch.Generator())
        encoders.load(encoder, content["encoder"], where)
        self.encoder = encoder.to(device=device, memory_format=torch.channels_last).eval()
        weight, bias = content["classifier"]["weight"], content["classifier"]["bias"]
        if tuple(weight.shape) != (len(content["labels"]), self.encoder.width):
            raise CheckpointError(f"{where}: classifier {tuple(weight.shape)}, expected (labels, {self.encoder.width})")
        self.weight, self.bias = weight.to(device), bias.to(device)

    @torch.no_grad()
    def hear(self, sounds: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Event logits, batch by batch, each clip once.

        Args:
            sounds: log-mels (clips, time, band), dB or the tagger's own scaling; memory-mapped or not.

        Yields:
            The rows (a slice), and their logits (rows, events), float32.

        Raises:
            ConfigError: the sounds have another number of bands than those it was trained on.
        """
        if self.mean.shape != sounds.shape[-1:]:
            raise ConfigError(
                f"teacher: its network {self.network} was trained on sounds of {len(self.mean)} bands, these have "
                f"{sounds.shape[-1]}; give it the features of its front end"
            )
        for start in range(0, len(sounds), _BATCH):
            rows = slice(start, min(start + _BATCH, len(sounds)))
            raw = torch.tensor(np.asarray(sounds[rows]), device=self.device)
            x = ((raw - self.mean) / self.deviation)[:, None]
            logits = torch.nn.functional.linear(self.encoder(x), self.weight, self.bias)
            yield rows, logits.cpu().numpy()
