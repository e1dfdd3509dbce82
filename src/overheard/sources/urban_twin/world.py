"""The simulated cities: their locations, the pieces recorded there, and which events sound when.

Nothing here draws a picture or makes a sound. A location depends on its scene, its rank there and the world's seed,
not on how many others there are.
"""

from dataclasses import dataclass

import numpy as np

from overheard.seeds import generator
from overheard.sources.twin.world import CLIP_S, Bout, coupled
from overheard.sources.urban_twin import event_table
from overheard.sources.urban_twin.difficulty import DIFFICULTY, Difficulty

NO_COUPLING, DEFAULT_COUPLING, HIGH_COUPLING = 0.0, 0.5, 0.9
"""How strongly what is seen and what is heard of a piece go together: three strengths."""

FEWEST_LOCATIONS = 10
_MOST_LOCATIONS = 1000  # of a scene: a location's number is 1000 times that of its scene, and its rank

# locations and files, Table 1 of Wang, Mesaros, Heittola and Virtanen (2021)
TABLE_1: dict[str, tuple[int, int]] = {
    "airport": (29, 978),
    "bus": (53, 1134),
    "metro": (53, 1065),
    "metro_station": (46, 1279),
    "park": (40, 1392),
    "public_square": (41, 1369),
    "shopping_mall": (31, 1228),
    "street_pedestrian": (45, 1389),
    "street_traffic": (42, 1387),
    "tram": (51, 1071),
}
SCENES = tuple(TABLE_1)
CITIES = ("barcelona", "helsinki", "lisbon", "london", "lyon", "milan", "paris", "prague", "stockholm", "vienna")

# scenes of which the development set has no location in a city
_ABSENT: dict[str, tuple[str, ...]] = {
    "airport": ("barcelona", "vienna"),
    "bus": ("london", "paris"),
    "metro": ("london", "paris"),
    "metro_station": ("paris",),
    "shopping_mall": ("london", "paris"),
    "tram": ("london", "paris"),
}

# what a scene is easily taken for, by eye or ear
NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "airport": ("shopping_mall", "metro_station"),
    "bus": ("tram", "metro"),
    "metro": ("tram", "bus"),
    "metro_station": ("airport", "shopping_mall"),
    "park": ("public_square", "street_pedestrian"),
    "public_square": ("street_pedestrian", "park", "street_traffic"),
    "shopping_mall": ("airport", "metro_station"),
    "street_pedestrian": ("public_square", "street_traffic"),
    "street_traffic": ("street_pedestrian", "public_square"),
    "tram": ("bus", "metro"),
}


@dataclass(frozen=True)
class Likeness:
    """How far a location passes for another scene: share 0 not at all, 1 wholly."""

    other: str
    share: float


@dataclass(frozen=True)
class Location:
    """One place with one fixed camera: pieces of ten seconds from a few sessions.

    Attributes:
        scene: one of `SCENES`.
        city: one of `CITIES`.
        number: of the location in its world.
        pieces: how many are kept.
        sessions: two or three, or as many as there are pieces.
        picture: what it looks like besides its own scene.
        sound: what it sounds like besides its own scene.
        seeds: name every stream of random numbers of this location.
    """

    scene: str
    city: str
    number: int
    pieces: int
    sessions: int
    picture: Likeness
    sound: Likeness
    seeds: tuple[int | str, ...]

    def generator(self, word: str, *parts: int) -> np.random.Generator:
        """Random numbers of this location for one purpose."""
        return generator(word, *self.seeds, *parts)


@dataclass(frozen=True)
class Piece:
    """Ten seconds of a location.

    Attributes:
        location: where.
        number: 0, 1, … in the location; the segment of its name.
        session: 0, 1, 2: pieces of one session share light and recording level.
        seen: 0..1, how much goes on in the picture.
        heard: 0..1, how much goes on in the sound.
        coupling: 0..1, correlation of the two before they were brought to 0..1, and the chance that an event's maker
            is seen while it sounds.
    """

    location: Location
    number: int
    session: int
    seen: float
    heard: float
    coupling: float

    @property
    def name(self) -> str:
        """`<scene>-<city>-<location>-<segment>`, as in the data set."""
        return f"{self.location.scene}-{self.location.city}-{self.location.number}-{self.number}"


def counts(scale: float) -> dict[str, int]:
    """Locations a scene: the number of Table 1 times `scale`, at least ten.

    Raises:
        ValueError: `scale` is impossible.
    """
    found = {scene: max(FEWEST_LOCATIONS, round(scale * number)) for scene, (number, _) in TABLE_1.items()}
    if not scale > 0 or max(found.values()) > _MOST_LOCATIONS:
        raise ValueError(f"scale: expected above 0, at most {_MOST_LOCATIONS} locations a scene, got {scale}")
    return found


def locations(world_seed: int, scale: float, clips: int, difficulty: Difficulty = DIFFICULTY) -> list[Location]:
    """All locations of a world, by scene and number.

    Args:
        world_seed: names the world.
        scale: size, 1 for the data set's 431 locations.
        clips: at most so many pieces of a location; the data set has 20 to 40.
        difficulty: the constants of the world.

    Raises:
        ValueError: `scale` or `clips` is impossible.
    """
    if clips < 1:
        raise ValueError(f"clips: expected at least 1, got {clips}")
    return [
        _location(world_seed, scene, rank, clips, difficulty)
        for scene, number in counts(scale).items()
        for rank in range(number)
    ]


def _location(world_seed: int, scene: str, rank: int, clips: int, difficulty: Difficulty) -> Location:
    places, files = TABLE_1[scene]
    # over the places of Table 1 the files come out exactly
    pieces = min(clips, (rank + 1) * files // places - rank * files // places)
    return located(
        ("urban", world_seed, scene, rank),
        scene=scene,
        city=_city(world_seed, scene, rank),
        number=_MOST_LOCATIONS * SCENES.index(scene) + rank,
        pieces=pieces,
        difficulty=difficulty,
    )


def located(
    seeds: tuple[int | str, ...], scene: str, city: str, number: int, pieces: int, difficulty: Difficulty = DIFFICULTY
) -> Location:
    """A location whose every number follows from `seeds`."""
    rng = generator("urban location", *seeds)
    others = NEIGHBOURS[scene]
    sight, hearing = (others[k] for k in rng.integers(len(others), size=2))
    return Location(
        scene=scene,
        city=city,
        number=number,
        pieces=pieces,
        sessions=min(pieces, int(rng.integers(2, 4))),
        picture=Likeness(sight, _ambiguity(rng, difficulty.picture_ambiguity)),
        sound=Likeness(hearing, _ambiguity(rng, difficulty.sound_ambiguity)),
        seeds=seeds,
    )


def _city(world_seed: int, scene: str, rank: int) -> str:
    """Cities are dealt in rounds, so that every city that has the scene has about as many of its locations."""
    those = [city for city in CITIES if city not in _ABSENT.get(scene, ())]
    deal = generator("urban cities", world_seed, scene, rank // len(those)).permutation(len(those))
    return those[deal[rank % len(those)]]


def _ambiguity(rng: np.random.Generator, mean: float) -> float:
    # most places are plain, a few could be taken for another scene
    return round(float(rng.beta(1, 1 / mean - 1)), 4) if mean > 0 else 0.0


def pieces(location: Location, coupling: float, difficulty: Difficulty = DIFFICULTY) -> list[Piece]:
    """The pieces of a location, in order of their sessions; `heard` does not depend on `coupling`.

    Raises:
        ValueError: `coupling` is impossible.
    """
    if not 0 <= coupling <= 1:
        raise ValueError(f"coupling: expected 0 to 1, got {coupling}")
    common = np.sqrt(difficulty.activity_of_location) * location.generator("urban activity").standard_normal(2)
    found = []
    for number in range(location.pieces):
        own = location.generator("urban piece", number).standard_normal(2)
        shared, apart = common + np.sqrt(1 - difficulty.activity_of_location) * own
        heard, seen = coupled(float(shared), float(apart), coupling)
        session = number * location.sessions // location.pieces
        found.append(Piece(location, number, session, seen=seen, heard=heard, coupling=coupling))
    return found


def rates(scene: str, difficulty: Difficulty = DIFFICULTY) -> np.ndarray:
    """(E,) expected soundings of each event in a piece of a scene: the table's, their contrast between scenes set."""
    table = event_table.load()
    middle = np.mean([np.log(rate) for rate in table.rates.values()], axis=0)
    return np.exp(middle + difficulty.event_contrast * (np.log(table.rates[scene]) - middle))


def bouts(piece: Piece, difficulty: Difficulty = DIFFICULTY) -> list[Bout]:
    """All soundings of events in a piece, by onset; onsets before 0 and ends after ten seconds occur."""
    table, place = event_table.load(), piece.location
    usual = (1 - place.sound.share) * rates(place.scene, difficulty)
    usual = usual + place.sound.share * rates(place.sound.other, difficulty)
    spread = difficulty.event_spread
    usual *= np.exp(spread * place.generator("urban rates").standard_normal(len(usual)) - spread**2 / 2)
    # uniform activity has this standard deviation
    usual *= np.exp(difficulty.activity_effect * table.activity * (piece.heard - 0.5) * np.sqrt(12))
    anywhere = np.mean([rates(scene, difficulty) for scene in SCENES], axis=0)
    anywhere *= difficulty.foreign_rate / anywhere.sum()
    rng = place.generator("urban bouts", piece.number)
    found = []
    # what may last longer than a piece is there or is not: no two pieces of music at once
    most = np.where(table.duration_s[:, 1] > CLIP_S, 1, np.iinfo(int).max)
    for expected, foreign in ((usual, False), (anywhere, True)):
        for event, count in enumerate(np.minimum(rng.poisson(expected), most).tolist()):
            for _ in range(count):
                length = float(rng.uniform(*table.duration_s[event]))
                # at least half a second of it, or half of it, lies in the piece
                enough = min(0.5, length / 2)
                onset = float(rng.uniform(enough - length, CLIP_S - enough))
                found.append(Bout(event, round(onset, 3), round(length, 3), foreign))
    return sorted(found, key=lambda bout: (bout.onset_s, bout.event, bout.foreign))
