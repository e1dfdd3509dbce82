"""The thirteen scenes of ADVANCE, drawn as places seen from above; what they share is in `backdrops` and `things`."""

from collections.abc import Callable

import numpy as np

from overheard.sources.twin import greens, shores, things, towns
from overheard.sources.twin.canvas import Canvas

SUBTYPES = 3  # layouts of each scene

DRAWINGS: dict[str, Callable[[Canvas, int, float, float], None]] = {
    "airport": towns.airport,
    "beach": shores.beach,
    "bridge": shores.bridge,
    "farmland": greens.farmland,
    "forest": greens.forest,
    "grassland": greens.grassland,
    "harbour": shores.harbour,
    "lake": shores.lake,
    "orchard": greens.orchard,
    "residential": towns.residential,
    "sparse shrub land": greens.shrub_land,
    "sports land": towns.sports_land,
    "train station": towns.train_station,
}

# where animals, people or vehicles are: units along and across a place's middle, and whether that is on water
LIFE: dict[str, tuple[float, float, bool]] = {
    "airport": (0, -88, False),
    "beach": (20, -48, False),
    "bridge": (75, 0, True),
    "harbour": (0, -88, False),
    "lake": (0, 0, True),
    "train station": (10, 96, False),
    # the same of AID's classes
    "Airport": (0, -88, False),
    "Beach": (20, -48, False),
    "Bridge": (75, 0, True),
    "Port": (0, -88, False),
    "Pond": (0, 0, True),
    "RailwayStation": (10, 96, False),
}

SCENES: tuple[str, ...] = tuple(sorted(DRAWINGS))


def populate(canvas: Canvas, scene: str, subtype: int, activity: float) -> None:
    """Animals, people or vehicles at their place in `LIFE`, or anywhere: as likely in every scene."""
    x, y, afloat = LIFE.get(scene, (*canvas.rng.uniform(-75, 75, 2), False))
    spot = (x + canvas.rng.uniform(-15, 15), y + canvas.rng.uniform(-8, 8))
    things.life(canvas, subtype, activity, spot, afloat)


def draw(
    scene: str, subtype: int, activity: float, ambiguity: float, rng: np.random.Generator, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a place of a scene and the mask of its telling object (runway and aircraft, rows of trees, rails, ...).

    Args:
        scene: one of `SCENES`.
        subtype: 0..2, the layout.
        activity: 0..1, how many cars, boats, aircraft, trains, people and houses.
        ambiguity: 0..1, how far the place looks like the scene it is easily taken for; 1 is nearly the other one.
        rng: everything else about the place.
        size: pixels a side; photographs of 256 pixels moved by up to 60 want 400.

    Returns:
        The place (size,size,3) uint8 and the visible pixels of its telling object (size,size) bool.

    Raises:
        ValueError: an unknown scene, or a latent outside its range.
    """
    if scene not in DRAWINGS:
        raise ValueError(f"expected one of {', '.join(SCENES)}, got {scene!r}")
    if subtype not in range(SUBTYPES) or not 0 <= activity <= 1 or not 0 <= ambiguity <= 1:
        raise ValueError(f"expected subtype 0..2 and latents in 0..1, got {subtype}, {activity} and {ambiguity}")
    canvas = Canvas(size, rng)
    DRAWINGS[scene](canvas, subtype, activity, ambiguity)
    populate(canvas, scene, subtype, activity)
    return canvas.arrays()
