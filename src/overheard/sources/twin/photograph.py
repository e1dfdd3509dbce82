"""Photographs of the simulated twin's places: bearing, season, light, haze and sensor.

Conditions vary from picture to picture, so that colour and sharpness tell less of the scene than its layout does.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from overheard.sources.twin.canvas import noise
from overheard.sources.twin.difficulty import DIFFICULTY

SIDE = 256  # pixels of a photograph
REACH = 60  # pixels a view may lie from the middle of its place
SEASONS = ("spring", "summer", "autumn", "winter")
# vegetation is drawn towards these colours by these shares
LEAVES = np.array([(112, 150, 74), (84, 110, 58), (168, 116, 58), (138, 128, 116)], dtype=np.float32)
TURNED = np.array([0.25, 0.05, 0.5, 0.5], dtype=np.float32)


@dataclass(frozen=True)
class Conditions:
    """How one photograph was taken.

    Attributes:
        season: 0..3, an index into `SEASONS`.
        turning: 0..1, how far vegetation has taken the colour of the season.
        light: brightness factor.
        warmth: -1 (bluish) to 1 (reddish).
        shadow: 0..1, depth of the shadows of clouds.
        rotation: degrees, anticlockwise.
        zoom: pixels of the photograph per pixel of the place.
        contrast: factor about mid-grey.
        haze: 0..1, share of white.
        blur: standard deviation, pixels.
        noise: standard deviation, levels of 255.
        saturation: factor; 0 is a grey picture.
        hue: degrees that all colours are turned, red towards green.
    """

    season: int
    turning: float
    light: float
    warmth: float
    shadow: float
    rotation: float
    zoom: float
    contrast: float
    haze: float
    blur: float
    noise: float
    saturation: float = 1.0
    hue: float = 0.0


def conditions(rng: np.random.Generator, variation: float = DIFFICULTY.variation) -> Conditions:
    """Draw the conditions of one photograph.

    Args:
        rng: the photograph's own generator.
        variation: 0 (every picture taken alike but for season, bearing and zoom) to 1 (colours tell little).
    """
    if not 0 <= variation <= 1:
        raise ValueError(f"expected a variation in 0..1, got {variation}")
    return Conditions(
        season=int(rng.integers(len(SEASONS))),
        turning=float(variation * rng.uniform(0.5, 1.0)),
        light=float(1 + variation * rng.uniform(-0.25, 0.25)),
        warmth=float(variation * rng.uniform(-0.9, 0.9)),
        shadow=float(variation * rng.uniform(0.3, 0.8) * (rng.random() < 0.2)),
        rotation=float(rng.uniform(-10, 10)),
        zoom=float(np.exp(rng.uniform(*np.log(DIFFICULTY.zoom)))),
        contrast=float(1 + variation * rng.uniform(-0.25, 0.15)),
        haze=float(variation * rng.beta(1, 6)),
        blur=float(0.4 + variation * rng.uniform(0, 1.2)),
        noise=float(1 + variation * rng.uniform(0, 6)),
        saturation=float(1 + variation * rng.uniform(-1.0, 0.4)),
        hue=float(variation * rng.normal(0, 16)),
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
    levels = season(picture.astype(np.float32), conditions.season, conditions.turning)
    gain = conditions.light * conditions.contrast * (1 - conditions.haze)
    lift = 118 * (1 - conditions.contrast) * (1 - conditions.haze) + 205 * conditions.haze
    levels = developed(levels, gain * film(conditions))
    if conditions.shadow > 0:
        clouds = np.asarray(noise(rng, picture.shape[0], 110.0), dtype=np.float32)
        levels *= (1 - conditions.shadow * np.clip((clouds - 128) / 40 + 0.5, 0, 1))[:, :, None]
    levels += lift
    # one grain for the three colours and a third of it for each by itself would cost three times as much
    levels += rng.standard_normal(picture.shape[:2], dtype=np.float32)[:, :, None] * np.float32(conditions.noise)
    return np.clip(levels, 0, 255, out=levels).astype(np.uint8)


def film(conditions: Conditions) -> np.ndarray:
    """What a film makes of colours, (3,3) float32 from the right on (…,3): hue and saturation, then warmth."""
    turn = np.deg2rad(conditions.hue)
    grey = np.full((3, 3), 1 / 3)
    # a turn about the axis of greys
    across = np.array([(0, 1, -1), (-1, 0, 1), (1, -1, 0)]) / np.sqrt(3)
    turned = grey + conditions.saturation * (np.cos(turn) * (np.eye(3) - grey) + np.sin(turn) * across)
    return (turned * (1 + 0.13 * conditions.warmth, 1.0, 1 - 0.16 * conditions.warmth)).astype(np.float32)


def developed(levels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Colours (H,W,3) float times a matrix (3,3); by hand, as a product of matrices would start threads of its own."""
    mixed = np.empty_like(levels)
    for colour in range(3):
        np.multiply(levels[:, :, 0], matrix[0, colour], out=mixed[:, :, colour])
        for source in (1, 2):
            mixed[:, :, colour] += levels[:, :, source] * matrix[source, colour]
    return mixed


def season(levels: np.ndarray, index: int, turning: float) -> np.ndarray:
    """Recolour what is green, (H,W,3) float levels: fresh, full, turned, or bare."""
    green = levels[:, :, 1] - np.maximum(levels[:, :, 0], levels[:, :, 2])
    share = np.clip((green + 6) / 22, 0, 1) * np.float32(turning * TURNED[index])
    bright = levels.sum(axis=2) * np.float32(1 / LEAVES[index].sum())
    return levels + share[:, :, None] * (bright[:, :, None] * LEAVES[index] - levels)
