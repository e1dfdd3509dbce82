"""Augmentation of pictures, batched: flip, then brightness and colour in the order that the protocol says.

Pictures only; sounds are not augmented. All numbers are drawn on the CPU, so that a GPU run sees the same ones.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# ITU-R 601 luma, as Pillow's conversion to grey
_LUMA = (0.299, 0.587, 0.114)


def brightened(images: Tensor, factor: Tensor) -> Tensor:
    """Every pixel times its picture's factor (clips,), clipped to 0..1 (Pillow's `Brightness`); in place."""
    return images.mul_(factor.view(-1, 1, 1, 1)).clamp_(0, 1)


def coloured(images: Tensor, factor: Tensor) -> Tensor:
    """Saturation times a factor: the picture's distance from its grey, clipped to 0..1 (Pillow's `Color`).

    Args:
        images: (clips, height, width, 3) in 0..1.
        factor: (clips,); 0 is grey, 1 the picture itself.
    """
    # several pixels a row of the product: with 3 numbers a row it takes three times as long
    pixels = math.gcd(images[0].numel() // 3, 4)
    luma = torch.tensor(_LUMA, device=images.device).view(3, 1).expand(3, 3)
    grey = images.reshape(-1, 3 * pixels) @ torch.block_diag(*[luma] * pixels)
    flat = images.flatten(1)
    return torch.lerp(grey.view_as(flat), flat, factor.view(-1, 1)).clamp_(0, 1).view_as(images)


def brightness_first(images: Tensor, brightness: Tensor, colour: Tensor) -> Tensor:
    """Brightness, then colour: the released program."""
    return coloured(brightened(images, brightness), colour)


def colour_first(images: Tensor, brightness: Tensor, colour: Tensor) -> Tensor:
    """Colour, then brightness: the order in which the paper names them."""
    return brightened(coloured(images, colour), brightness)


Order = Callable[[Tensor, Tensor, Tensor], Tensor]
ORDERS: Mapping[str, Order] = {"brightness_first": brightness_first, "colour_first": colour_first}


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed.

    Attributes:
        flip: probability of a flip left to right.
        brightness: smallest and largest factor.
        colour: smallest and largest factor of saturation.
        order: of brightness and colour; see `ORDERS`.
    """

    flip: float
    brightness: tuple[float, float]
    colour: tuple[float, float]
    order: Order = brightness_first


def from_settings(
    flip: float | None,
    brightness: Sequence[float] | None,
    colour: Sequence[float] | None,
    augmentation_order: str | None,
) -> Augmentation | None:
    """The augmentation that settings name; None where they name none, as pictures are not trained on."""
    return None if flip is None else Augmentation(flip, tuple(brightness), tuple(colour), ORDERS[augmentation_order])


def augmented(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Flip, brighten and colour each picture by its own numbers.

    Args:
        images: (clips, height, width, 3) float in 0..1; changed in place.
        augmentation: the ranges.
        generator: on the CPU; four draws a clip whatever the ranges, so that other draws stay where they are.

    Returns:
        (clips, height, width, 3) in 0..1.
    """
    flip, brightness, colour, _ = torch.rand(4, len(images), generator=generator).to(images.device)
    flipped = (flip < augmentation.flip).nonzero().squeeze(1)
    images[flipped] = images[flipped].flip(2)
    return augmentation.order(
        images, _between(brightness, augmentation.brightness), _between(colour, augmentation.colour)
    )


def _between(uniform: Tensor, bounds: tuple[float, float]) -> Tensor:
    low, high = bounds
    return low + (high - low) * uniform
