"""The simulated world: its locations, what is common to picture and sound there, and which events sound when.

Nothing here draws a picture or makes a sound. All probabilities are for one clip of ten seconds.
"""

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import expit

from overheard.seeds import generator
from overheard.sources import land
from overheard.sources.twin import event_table
from overheard.sources.twin.difficulty import DIFFICULTY, Difficulty

NO_COUPLING, DEFAULT_COUPLING, HIGH_COUPLING = 0.0, 0.5, 0.9
"""How strongly a location's picture and sound share their latents: three strengths, the default fixed before any
transfer method was run."""

DEFAULT_SCALE = 0.1
FEWEST_LOCATIONS = 10
SUBTYPES = 3
CLIP_S = 10.0
_STEP_S = 6.0  # a copy adds this much to its recording
_LONGEST_S = 40.0

# probability; a released 0 is a network's rounding
_LEAST = 0.0005

# locations of ADVANCE and clips a location there: a cycle, in the order of the classes' released list
_STRUCTURE: dict[str, tuple[int, tuple[int, ...]]] = {
    "forest": (862, (1,)),
    "harbour": (103, (5,)),
    "farmland": (86, (5,)),
    "grassland": (30, (5,)),
    "airport": (37, (5,)),
    "sports land": (19, (8, 9, 8, 9, 8)),
    "bridge": (56, (5,)),
    "beach": (216, (1,)),
    "residential": (1056, (1,)),
    "orchard": (25, (8, 9, 8, 8)),
    "train station": (52, (5,)),
    "lake": (73, (5,)),
    "sparse shrub land": (81, (5,)),
}
CLASSES = tuple(sorted(_STRUCTURE))

# logit, in units of the subtype effect: subtype x family (people, animals, music, weather, traffic)
_SUBTYPE = np.array([[-0.8, 0.9, -0.6, 0.9, -0.8], [1.0, -0.3, 0.9, -0.6, -0.3], [-0.2, -0.6, -0.3, -0.3, 1.1]])


@dataclass(frozen=True)
class Latents:
    """What kind of place it is (0, 1, 2: wild, peopled, with traffic) and how much goes on (0..1)."""

    subtype: int
    activity: float


@dataclass(frozen=True)
class Location:
    """One place: a recording and one or more clips of it, each with its picture."""

    scene: str
    number: str
    clips: int
    latitude: float
    longitude: float
    picture: Latents
    sound: Latents
    ambiguity: float

    @property
    def ids(self) -> list[str]:
        """`NNNNN`, `NNNNN_1`, …: one a clip."""
        return [self.number, *(f"{self.number}_{copy}" for copy in range(1, self.clips))]

    @property
    def recording_s(self) -> float:
        """Length of the recording in seconds."""
        return min(_LONGEST_S, CLIP_S + _STEP_S * (self.clips - 1))

    @property
    def windows_s(self) -> list[float]:
        """Where each clip begins in the recording, in seconds: evenly spread over it."""
        return [0.0] if self.clips == 1 else np.linspace(0, self.recording_s - CLIP_S, self.clips).tolist()


@dataclass(frozen=True)
class Bout:
    """One sounding of an event in a recording."""

    event: int  # row of the event table
    onset_s: float  # from the recording's start; may be negative
    duration_s: float
    foreign: bool  # came from anywhere, not from the scene

    def overlap_s(self, start_s: float) -> float:
        """Seconds of it in the ten seconds from `start_s`."""
        return min(self.onset_s + self.duration_s, start_s + CLIP_S) - max(self.onset_s, start_s)

    def is_in(self, start_s: float) -> bool:
        """Whether the ten seconds from `start_s` have enough of it to count."""
        return self.overlap_s(start_s) >= _enough_s(self.duration_s)


def _enough_s(duration_s: float) -> float:
    return min(0.5, duration_s / 2)


def counts(scale: float) -> dict[str, int]:
    """Locations a class: ADVANCE's number times `scale`, at least ten."""
    return {scene: max(FEWEST_LOCATIONS, round(scale * number)) for scene, (number, _) in _STRUCTURE.items()}


def locations(
    world_seed: int, scale: float, coupling: float, difficulty: Difficulty = DIFFICULTY, clips: int | None = None
) -> list[Location]:
    """All locations of a world, sorted by number.

    Numbers, coordinates and the sounds' latents do not depend on `coupling`.

    Args:
        world_seed: names the world.
        scale: size, 1 for about ADVANCE's 5,075 clips.
        coupling: 0 (latents of picture and sound independent) to 1 (the same).
        difficulty: the constants of the world.
        clips: at most so many of a location; None for as many as ADVANCE has, one to nine.

    Raises:
        ValueError: `scale` or `coupling` is impossible.
    """
    if not 0 <= coupling <= 1:
        raise ValueError(f"coupling: expected 0 to 1, got {coupling}")
    number_of = counts(scale)
    total = sum(number_of.values())
    if not scale > 0 or total > 50_000:
        raise ValueError(f"scale: expected a number above 0 that gives at most 50,000 locations, got {scale}")
    rng = generator("twin locations", world_seed)
    numbers = rng.choice(max(13_000, 2 * total), total, replace=False)
    points = land.coordinates(total, rng)
    scenes = [scene for scene, count in number_of.items() for _ in range(count)]
    rank = [place for count in number_of.values() for place in range(count)]
    found = []
    for scene, place, number, (latitude, longitude) in zip(scenes, rank, numbers, points, strict=True):
        sound, picture, ambiguity = _latents(
            generator("twin latents", world_seed, int(number)), coupling, difficulty.ambiguity
        )
        cycle = _STRUCTURE[scene][1]
        found.append(
            Location(
                scene=scene,
                number=f"{number:05d}",
                clips=min(cycle[place % len(cycle)], clips or max(cycle)),
                latitude=float(latitude),
                longitude=float(longitude),
                picture=picture,
                sound=sound,
                ambiguity=ambiguity,
            )
        )
    return sorted(found, key=lambda location: location.number)


def _latents(rng: np.random.Generator, coupling: float, mean_ambiguity: float) -> tuple[Latents, Latents, float]:
    """Latents of sound and picture, and ambiguity in 0..1: a Gaussian copula for activity, a mixture for subtype."""
    subtypes = rng.integers(SUBTYPES, size=2)
    shared, own = rng.standard_normal(2)
    keep = rng.random() < coupling
    heard, seen = coupled(shared, own, coupling)
    sound = Latents(int(subtypes[0]), heard)
    picture = Latents(int(subtypes[0] if keep else subtypes[1]), seen)
    # most places are plain, a few could be taken for another scene
    return sound, picture, round(float(rng.beta(1, 1 / mean_ambiguity - 1)), 4)


def coupled(shared: float, own: float, coupling: float) -> tuple[float, float]:
    """Activity in the sound and in the picture, 0..1, from two standard normal numbers: a Gaussian copula."""
    return _share(shared), _share(coupling * shared + np.sqrt(1 - coupling**2) * own)


def _share(score: float) -> float:
    return round(float(np.clip(NormalDist().cdf(score), 0.0001, 0.9999)), 4)


@dataclass(frozen=True)
class Chances:
    """Probabilities of events by themselves, as a model of locations.

    p = sigmoid(intercept[scene] + subtype effect + activity effect + a normal deviate of the location), for each event;
    besides, `foreign` from anywhere. Intercepts are such that the mean over locations is the table's probability.
    """

    intercept: np.ndarray  # (13, E), logit
    subtype: np.ndarray  # (3, E), logit
    activity: np.ndarray  # (E,), logit for a standard deviation of activity
    foreign: np.ndarray  # (E,), probability
    location_sd: float


@cache
def chances(difficulty: Difficulty = DIFFICULTY) -> Chances:
    """The model for the table that is part of the program."""
    table = event_table.load()
    rates = expected_bouts(table, difficulty)
    foreign = 1 - np.exp(-difficulty.foreign_rate * rates.mean(axis=0) / rates.mean(axis=0).sum())
    target = 1 - np.exp(-rates)
    subtype = difficulty.subtype_effect * _SUBTYPE[:, table.family]
    activity = difficulty.activity_effect * table.activity
    nodes, weights = _normal_quadrature()
    spread = np.sqrt(activity**2 + difficulty.location_sd**2)
    shifts = subtype[:, None, :] + nodes[None, :, None] * spread
    return Chances(_centred(target, shifts, weights), subtype, activity, foreign, difficulty.location_sd)


def expected_bouts(table: event_table.EventTable, difficulty: Difficulty = DIFFICULTY) -> np.ndarray:
    """How many bouts of each event ten seconds of each scene have, by the released values sharpened and evened out.

    A network's mean outputs are blurred frequencies. So scenes differ more here (`event_contrast`), and common events
    prevail less (`event_evenness`). How many there are in a scene follows from the released sum over events: a tagger's
    mean output has only a share of the labels that hold (`tagged`), and `events_rate` times that sum is wanted.

    Args:
        table: events, what they imply, and the released probabilities.
        difficulty: the constants.

    Returns:
        (13, E), 0 for events that only others imply.
    """
    alone, sources = table.alone(), table.sources
    log = np.log(-np.log1p(-np.maximum(alone[:, sources], _LEAST)))
    middle = log.mean(axis=0)
    shaped = np.exp(difficulty.event_evenness * middle + difficulty.event_contrast * (log - middle))
    if difficulty.own_events:
        shaped = _own_events(log - middle, difficulty.own_events)
    heard = shaped @ (table.implies[sources] @ np.array(difficulty.tagged)[table.family])
    bouts_of = np.zeros_like(alone)
    bouts_of[:, sources] = (difficulty.events_rate * table.prior.sum(axis=1) / heard)[:, None] * shaped
    return bouts_of


def _own_events(telling: np.ndarray, each: int) -> np.ndarray:
    """(13, E) of 0 and 1: so many events for each scene that no other scene has, together as telling as can be."""
    rows, columns = linear_sum_assignment(np.repeat(telling, each, axis=0), maximize=True)
    own = np.zeros_like(telling)
    own[rows // each, columns] = 1
    return own


def _normal_quadrature() -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    return nodes, weights / weights.sum()


def _centred(target: np.ndarray, shifts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Intercepts for which the mean of sigmoid(intercept + shift) is `target`, by bisection.

    Args:
        target: (13, E) probability.
        shifts: (3, nodes, E) logit.
        weights: (nodes,).
    """
    low, high = np.full(target.shape, -40.0), np.full(target.shape, 20.0)
    for _ in range(60):
        middle = (low + high) / 2
        mean = np.einsum("n,ksne->ke", weights / SUBTYPES, expit(middle[:, None, None, :] + shifts))
        low, high = np.where(mean < target, middle, low), np.where(mean < target, high, middle)
    return np.where(target > 0, (low + high) / 2, -np.inf)


def true_prior(difficulty: Difficulty = DIFFICULTY) -> np.ndarray:
    """p(event | scene) of a ten-second clip, exactly: over locations, parents and foreign events included.

    Returns:
        (13, 527), rows in the order of `CLASSES`.
    """
    table, model = event_table.load(), chances(difficulty)
    nodes, weights = _normal_quadrature()
    # given subtype and activity the sources are independent; activity is common to them, the rest each one's own
    common = model.intercept[:, None, None, :] + model.subtype[:, None, :] + nodes[:, None] * model.activity
    silent = np.zeros_like(common)
    for node, weight in zip(nodes, weights, strict=True):
        silent += weight * (1 - expit(common + node * model.location_sd))
    silent = np.log(silent * (1 - model.foreign))
    # a label is silent where all events that imply it are
    labels = 1 - np.einsum("n,ksne->ke", weights / SUBTYPES, np.exp(silent @ table.implies.astype(float)))
    prior = np.zeros((len(table.scenes), event_table.AUDIOSET_EVENTS))
    prior[:, table.index] = labels
    return prior[[table.scenes.index(scene) for scene in CLASSES]]


def source_chances(location: Location, rng: np.random.Generator, difficulty: Difficulty = DIFFICULTY) -> np.ndarray:
    """(E,) probability that each event of the location's own sounds by itself in a clip; overdispersed."""
    table, model = event_table.load(), chances(difficulty)
    score = NormalDist().inv_cdf(location.sound.activity)
    centre = model.intercept[table.scenes.index(location.scene)] + model.subtype[location.sound.subtype]
    return expit(centre + score * model.activity + rng.standard_normal(len(centre)) * model.location_sd)


def bouts(location: Location, world_seed: int, difficulty: Difficulty = DIFFICULTY) -> list[Bout]:
    """All soundings of events in a location's recording, by onset.

    Onsets are a Poisson process whose rate makes the probability of a bout in any ten seconds that of the model.
    """
    table, model = event_table.load(), chances(difficulty)
    rng = generator("twin bouts", world_seed, int(location.number))
    own = source_chances(location, rng, difficulty)
    durations = rng.uniform(table.duration_s[:, 0], table.duration_s[:, 1])
    found = []
    for chance, foreign in ((own, False), (model.foreign, True)):
        enough = np.minimum(0.5, durations / 2)
        reach = durations - 2 * enough
        expected = -np.log1p(-chance) / (CLIP_S + reach) * (location.recording_s + reach)
        for event, count in enumerate(rng.poisson(expected)):
            length, hidden = float(durations[event]), float(enough[event])
            for onset in rng.uniform(hidden - length, location.recording_s - hidden, count):
                found.append(Bout(event, round(float(onset), 3), round(length, 3), foreign))
    return sorted(found, key=lambda bout: (bout.onset_s, bout.event, bout.foreign))


def labels(events: list[int]) -> list[int]:
    """AudioSet indices of the events of a clip and all they imply, sorted; `events` are rows of the table."""
    table = event_table.load()
    held = table.implies[events].any(axis=0)
    return table.index[held].tolist()
