"""Photographs of the simulated twin's places: bearing, season, light, haze and sensor.

Conditions vary strongly from picture to picture, so that neither mean colour nor sharpness tells the scene.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from overheard.twin.canvas import noise

SIDE = 256  # pixels of a photograph
REACH = 60  # pixels a view may lie from the middle of its place
SEASONS = ("spring", "summer", "autumn", "winter")
# vegetation is drawn towards these colours by these shares
LEAVES = np.array([(112, 150, 74), (84, 110, 58), (168, 116, 58), (138, 128, 116)], dtype=np.float32)
TURNED = np.array([0.2, 0.05, 0.4, 0.4], dtype=np.float32)


@dataclass(frozen=True)
class Conditions:
    """How one photograph was taken.

    Attributes:
        season: 0..3, an index into `SEASONS`.
        light: brightness factor.
        warmth: -1 (bluish) to 1 (reddish).
        shadow: 0..1, depth of the shadows of clouds.
        rotation: degrees, anticlockwise.
        zoom: pixels of the photograph per pixel of the place.
        contrast: factor about mid-grey.
        haze: 0..1, share of white.
        blur: standard deviation, pixels.
        noise: standard deviation, levels of 255.
    """

    season: int
    light: float
    warmth: float
    shadow: float
    rotation: float
    zoom: float
    contrast: float
    haze: float
    blur: float
    noise: float


def conditions(rng: np.random.Generator) -> Conditions:
    """Draw the conditions of one photograph."""
    return Conditions(
        season=int(rng.integers(len(SEASONS))),
        light=float(rng.uniform(0.75, 1.25)),
        warmth=float(rng.uniform(-1, 1)),
        shadow=float(rng.uniform(0.2, 0.6) * (rng.random() < 0.2)),
        rotation=float(rng.uniform(-20, 20)),
        zoom=float(rng.uniform(0.9, 1.2)),
        contrast=float(rng.uniform(0.8, 1.15)),
        haze=float(rng.beta(1, 8)),
        blur=float(rng.uniform(0.3, 1.4)),
        noise=float(rng.uniform(1, 6)),
    )


def take(
    place: np.ndarray,
    mask: np.ndarray,
    offset: tuple[int, int],
    conditions: Conditions,
    rng: np.random.Generator,
    side: int = SIDE,
) -> tuple[np.ndarray, np.ndarray]:
    """Photograph a place from above.

    Args:
        place: (size,size,3) uint8, size at least `side`.
        mask: (size,size) bool.
        offset: pixels right and down from the middle of the place to the middle of the view, each within ±60.
        conditions: season, light, bearing and sensor.
        rng: clouds and the noise of the sensor.
        side: pixels of the photograph.

    Returns:
        The photograph (side,side,3) uint8 and its mask (side,side) bool.

    Raises:
        ValueError: a place smaller than a photograph, or an offset out of reach.
    """
    if place.shape[0] < side or max(abs(offset[0]), abs(offset[1])) > REACH:
        raise ValueError(
            f"expected a place of at least {side} px and offsets within ±{REACH}, got {place.shape}, {offset}"
        )
    picture, kept = view(place, mask, offset, conditions, side)
    if conditions.blur > 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(conditions.blur))
    return expose(np.asarray(picture), conditions, rng), np.asarray(kept) > 127


def view(
    place: np.ndarray, mask: np.ndarray, offset: tuple[int, int], conditions: Conditions, side: int
) -> tuple[Image.Image, Image.Image]:
    """Turn, zoom and crop; what lies beyond the place is its mirror image. Pillow pictures of `side` pixels."""
    size = place.shape[0]
    turn = np.deg2rad(conditions.rotation)
    cos, sin = np.cos(turn) / conditions.zoom, np.sin(turn) / conditions.zoom
    corner = side / 2 * (abs(cos) + abs(sin)) + max(abs(offset[0]), abs(offset[1]))
    pad = max(0, int(np.ceil(corner - size / 2)) + 2)
    x, y = (size / 2 + pad + step for step in offset)
    # Pillow maps pixels of the result to pixels of the source
    affine = (cos, -sin, x - side / 2 * (cos - sin), sin, cos, y - side / 2 * (sin + cos))
    margins = ((pad, pad), (pad, pad))
    padded = Image.fromarray(np.pad(place, (*margins, (0, 0)), mode="reflect"))
    marked = Image.fromarray(np.pad(mask, margins, mode="reflect").view(np.uint8) * np.uint8(255))
    picture = padded.transform((side, side), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    return picture, marked.transform((side, side), Image.Transform.AFFINE, affine, Image.Resampling.NEAREST)


def expose(picture: np.ndarray, conditions: Conditions, rng: np.random.Generator) -> np.ndarray:
    """Season, light, haze and sensor on a picture (H,W,3) uint8."""
    levels = season(picture.astype(np.float32), conditions.season)
    gain = conditions.light * conditions.contrast * (1 - conditions.haze)
    colour = np.array([1 + 0.13 * conditions.warmth, 1.0, 1 - 0.16 * conditions.warmth], dtype=np.float32)
    lift = 118 * (1 - conditions.contrast) * (1 - conditions.haze) + 205 * conditions.haze
    levels *= gain * colour
    if conditions.shadow > 0:
        clouds = np.asarray(noise(rng, picture.shape[0], 110.0), dtype=np.float32)
        levels *= (1 - conditions.shadow * np.clip((clouds - 128) / 40 + 0.5, 0, 1))[:, :, None]
    levels += lift
    # one grain for the three colours and a third of it for each by itself would cost three times as much
    levels += rng.standard_normal(picture.shape[:2], dtype=np.float32)[:, :, None] * np.float32(conditions.noise)
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)


def season(levels: np.ndarray, index: int) -> np.ndarray:
    """Recolour what is green, (H,W,3) float levels: fresh, full, turned, or bare."""
    green = levels[:, :, 1] - np.maximum(levels[:, :, 0], levels[:, :, 2])
    share = np.clip((green + 6) / 22, 0, 1) * TURNED[index]
    bright = levels.sum(axis=2) * np.float32(1 / LEAVES[index].sum())
    return levels + share[:, :, None] * (bright[:, :, None] * LEAVES[index] - levels)
