"""The clips of a split in memory, and batches of them as the encoders take them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overheard.errors import ConfigError
from overheard.learning.augment import Augmentation, augmented


@dataclass(frozen=True)
class Inputs:
    """Gathered once, on the device of the training, so that no batch waits for a file.

    Attributes:
        images: (clips, height, width, 3) uint8, or stored outputs of frozen blocks; None where left out.
        sounds: (clips, 1, time, band) float32, normalised, or stored outputs of frozen blocks; None where left out.
        image_mean: (3,) of the pictures as 0..1; None where they are left out.
        image_std: (3,), or None.
        channels_last: the memory order of the pictures in a batch.
    """

    images: Tensor | None
    sounds: Tensor | None
    image_mean: Tensor | None
    image_std: Tensor | None
    channels_last: bool

    @property
    def black(self) -> Tensor | None:
        """(3,) what a black pixel becomes; None without pictures."""
        return None if self.image_mean is None else -self.image_mean / self.image_std

    def batch(
        self, clips: Tensor, augmentation: Augmentation | None = None, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The inputs of some clips, by modality: pictures (clips, 3, height, width), normalised, and sounds.

        Args:
            clips: (clips,) int64 positions.
            augmentation: of the pictures, before they are normalised; None in validation and test.
            generator: draws the augmentation.

        Raises:
            ConfigError: stored outputs cannot be augmented.
        """
        batch = {}
        if self.images is not None:
            images = self.images.index_select(0, clips.to(self.images.device))
            stored = images.is_floating_point()
            if stored and augmentation is not None:
                raise ConfigError(
                    "flip, brightness, colour: found with stored outputs of frozen blocks; leave them out"
                )
            batch["image"] = images if stored else self._pictures(images, augmentation, generator)
        if self.sounds is not None:
            batch["sound"] = self.sounds.index_select(0, clips.to(self.sounds.device))
        return batch

    def _pictures(self, images: Tensor, augmentation: Augmentation | None, generator: torch.Generator | None) -> Tensor:
        images = images.float().div_(255)
        return self._normalised(images if augmentation is None else augmented(images, augmentation, generator))

    def _normalised(self, images: Tensor) -> Tensor:
        # as rows of height x width x 3 numbers: an inner loop over 3 channels alone is many times slower
        pixels = images.shape[1] * images.shape[2]
        flat = images.flatten(1).sub_(self.image_mean.repeat(pixels)).div_(self.image_std.repeat(pixels))
        images = flat.view_as(images).permute(0, 3, 1, 2)
        return images if self.channels_last else images.contiguous()


def training_moments(mean: NDArray, std: NDArray) -> tuple[NDArray, NDArray]:
    """Zero mean and unit deviation over the training clips."""
    return mean, std


def zero_to_255(mean: NDArray, std: NDArray) -> tuple[NDArray, NDArray]:
    """Numbers of eight bits as they are: the released program."""
    return np.zeros_like(mean), np.full_like(std, 1 / 255)


SCALES: Mapping[str, Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]] = {
    "training_moments": training_moments,
    "zero_to_255": zero_to_255,
}
"""By what pictures (as 0..1) are shifted and divided, from mean and deviation (3,) of the training clips."""


def gathered(
    arrays: Mapping[str, NDArray],
    normalisers: Mapping[str, Mapping[str, NDArray]],
    device: str,
    channels_last: bool,
    picture_scale: str | None = None,
) -> Inputs:
    """Inputs on a device, from the clips' arrays and the normalisers of the training split.

    Args:
        arrays: by `image`, pictures (clips, height, width, 3) uint8, or stored outputs of frozen blocks (clips,
            channels, height, width) float32, taken as they are; by `sound`, as in `sound_tensor`; one or both.
        normalisers: of the same, `mean` and `std`, (3,) or (bands,).
        device: `cpu` or `cuda`.
        channels_last: the memory order of the pictures in a batch.
        picture_scale: word of `SCALES`; where there are pictures, and not stored outputs.
    """
    sounds = sound_tensor(arrays["sound"], **normalisers["sound"]).to(device) if "sound" in arrays else None
    images = torch.from_numpy(arrays["image"]).to(device) if "image" in arrays else None
    if images is None or images.is_floating_point():
        return Inputs(images, sounds, None, None, channels_last)
    scale = SCALES[picture_scale](**normalisers["image"])
    mean, std = (torch.from_numpy(values).to(device) for values in scale)
    return Inputs(images, sounds, mean, std, channels_last)


def sound_tensor(sounds: NDArray, mean: NDArray, std: NDArray) -> Tensor:
    """Sounds as an encoder takes them.

    Args:
        sounds: (clips, time, band), which is normalised and gets its channel axis; or (clips, channels, height, width),
            stored outputs of frozen blocks, which are taken as they are.
        mean: (bands,) of the training split.
        std: (bands,).
    """
    if sounds.ndim == 4:
        return torch.from_numpy(np.ascontiguousarray(sounds, dtype=np.float32))
    normalised = (np.asarray(sounds, dtype=np.float32) - mean) / std
    return torch.from_numpy(normalised.astype(np.float32, copy=False)).unsqueeze(1)
