"""Unlabelled places for pre-training: frames, and the seconds of sound that belong to them.

Nothing here says which scene a place is of, and no place is one of a world's locations.
"""

import numpy as np

from overheard.seeds import generator
from overheard.sources.twin.oscillators import RATE
from overheard.sources.urban_twin import sounds, views, world
from overheard.sources.urban_twin.difficulty import DIFFICULTY, Difficulty

MOMENTS = 10
"""Seconds of a place, one after the other."""


def place(
    world_seed: int, number: int, coupling: float, difficulty: Difficulty = DIFFICULTY
) -> tuple[np.ndarray, np.ndarray]:
    """Ten seconds of an unlabelled place.

    Args:
        world_seed: names the world.
        number: of the place; it does not depend on the others.
        coupling: 0..1, as in `world.pieces`.
        difficulty: the constants.

    Returns:
        (10, 128, 128, 3) uint8, the frame at the middle of each second, and (10, 2, 16000) float32, the seconds.
    """
    seeds = ("urban unlabelled", world_seed, number)
    rng = generator("urban unlabelled place", *seeds)
    scene = world.SCENES[rng.integers(len(world.SCENES))]
    city = world.CITIES[rng.integers(len(world.CITIES))]
    location = world.located(seeds, scene, city, number, pieces=1, difficulty=difficulty)
    (piece,) = world.pieces(location, coupling, difficulty)
    bouts = world.bouts(piece, difficulty)
    sound, _ = sounds.sound(piece, bouts, difficulty)
    film = views.film(piece, views.still(location, difficulty), bouts, difficulty, np.arange(MOMENTS) + 0.5)
    return film.frames, sound.reshape(2, MOMENTS, RATE).swapaxes(0, 1)
