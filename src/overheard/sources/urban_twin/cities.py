"""What the ten cities do to every place in them, whatever its scene: colours of what is built, background, echo.

They are nuisances: a method that learns a city has learnt nothing of a scene.
"""

from dataclasses import dataclass

import numpy as np

from overheard.seeds import generator
from overheard.sources.twin.canvas import Colour, Palette, palette, tint
from overheard.sources.urban_twin.difficulty import Difficulty

# what façades are made of: plaster, brick, limestone, concrete, glass
_STONES: tuple[Colour, ...] = ((206, 186, 146), (150, 96, 76), (196, 190, 176), (150, 150, 150), (118, 136, 150),
                               (214, 164, 120), (188, 178, 190))  # fmt: skip
# what operators paint and upholster
_LIVERIES: tuple[Colour, ...] = ((170, 40, 40), (38, 74, 140), (46, 110, 76), (206, 160, 40), (96, 100, 110),
                                 (122, 62, 120), (40, 120, 140))  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Colours of one place: those of its city, moved a little.

    Attributes:
        land: plants, road, paving, roofs.
        stones: of façades, walls and halls.
        livery: of vehicles, seats, signs.
        bar: of poles and rails.
    """

    land: Palette
    stones: tuple[Colour, ...]
    livery: Colour
    bar: Colour


def look(city: str, rng: np.random.Generator, difficulty: Difficulty) -> Look:
    """Draw the colours of a place in a city."""
    own = generator("urban city", city)
    land = palette(own)
    moved = _shift(own, difficulty.city_colour)
    stones = own.choice(len(_STONES), 4, replace=False)
    livery = _LIVERIES[own.integers(len(_LIVERIES))]
    if rng.random() < 0.4:  # an operator of its own
        livery = _LIVERIES[rng.integers(len(_LIVERIES))]
    bar = ((214, 176, 40), (190, 190, 192), (176, 60, 44))[rng.integers(3)]

    def varied(colour: Colour) -> Colour:
        return tint(colour, *(moved + _shift(rng, difficulty.location_colour)))

    colours = {name: varied(getattr(land, name)) for name in Palette.__dataclass_fields__}
    return Look(Palette(**colours), tuple(varied(_STONES[k]) for k in stones), varied(livery), bar)


def _shift(rng: np.random.Generator, levels: float) -> np.ndarray:
    """Levels (3,) to add to a colour: bright or dark more than coloured, as paint and stone are."""
    return levels * (rng.normal() + 0.35 * rng.normal(size=3))


def background_db(city: str, difficulty: Difficulty) -> np.ndarray:
    """(8,) what a city adds to every background, by octave."""
    return generator("urban city sound", city).standard_normal(8) * difficulty.city_acoustics_db


def echo(city: str) -> float:
    """Factor on every place's reverberation: how a city builds."""
    return float(np.exp(generator("urban city echo", city).normal(0, 0.25)))
