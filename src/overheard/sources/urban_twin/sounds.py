"""What is heard in a piece: stereo sound from its events, its place, its city and its session."""

from dataclasses import dataclass

import numpy as np

from overheard.sources.twin import mixing
from overheard.sources.twin.oscillators import RATE, samples
from overheard.sources.twin.synthesis import synthesise
from overheard.sources.twin.world import CLIP_S, Bout
from overheard.sources.urban_twin import cities, event_table, world
from overheard.sources.urban_twin.difficulty import DIFFICULTY, Difficulty

_COMMON_SLOPE_DB = -4.5  # an octave
_EARS_S = 0.0006  # the most by which a sound reaches one ear later
_WIDTH_DB = 8.0  # the most by which it is weaker there


@dataclass(frozen=True)
class _Profile:
    octaves_db: tuple[float, ...]  # 62.5 Hz to 8 kHz, over the common slope
    swell: float  # 0..1, depth of slow changes
    reverberation_s: float
    level_db: float  # of the background, over a quiet place


# guesses of what is heard where nothing happens; `Difficulty.scene_acoustics` says how much of it is left
_SCENES: dict[str, _Profile] = {
    "airport": _Profile((1, 3, 5, 4, 2, 0, -3, -6), 0.2, 1.3, 4),
    "bus": _Profile((9, 6, 2, -2, -4, -5, -6, -8), 0.6, 0.15, 8),
    "metro": _Profile((6, 6, 4, 1, 0, -2, -4, -6), 0.7, 0.25, 9),
    "metro_station": _Profile((5, 4, 4, 2, 1, -1, -3, -6), 0.5, 1.6, 4),
    "park": _Profile((-4, -4, -4, -2, 0, 3, 5, 4), 0.4, 0.1, -6),
    "public_square": _Profile((0, 1, 1, 2, 1, 0, -1, -2), 0.3, 0.35, 0),
    "shopping_mall": _Profile((-2, 0, 3, 5, 3, 0, -2, -5), 0.2, 1.0, 2),
    "street_pedestrian": _Profile((-2, 0, 2, 3, 2, 0, -1, -3), 0.3, 0.45, 0),
    "street_traffic": _Profile((6, 5, 2, 0, 0, 0, -2, -4), 0.6, 0.4, 6),
    "tram": _Profile((7, 6, 3, 0, -2, -3, -4, -7), 0.6, 0.2, 6),
}


def acoustics(piece: world.Piece, difficulty: Difficulty = DIFFICULTY) -> mixing.Acoustics:
    """What the place, its city and the session do to every sound of a piece."""
    place = piece.location
    own, other, share = _SCENES[place.scene], _SCENES[place.sound.other], place.sound.share
    rng = place.generator("urban acoustics")
    weight = difficulty.scene_acoustics
    here = rng.standard_normal(8) * difficulty.location_acoustics_db
    # neighbouring octaves go together, as a street or a hall moves more than one of them
    here = np.convolve(here, [0.35, 0.7, 0.35], mode="same")
    profile = (1 - share) * np.array(own.octaves_db) + share * np.array(other.octaves_db)
    swell = (1 - share) * own.swell + share * other.swell + rng.normal(0, 0.1)
    tail = own.reverberation_s ** (1 - share) * other.reverberation_s**share
    level = (1 - share) * own.level_db + share * other.level_db + rng.normal(0, 2)
    session = place.generator("urban session sound", piece.session)
    recorder = -session.uniform(0, 4) * np.clip(np.arange(8) - 5, 0, None)
    return mixing.Acoustics(
        background_db=_COMMON_SLOPE_DB * np.arange(8)
        + weight * profile
        + here
        + cities.background_db(place.city, difficulty),
        swell=float(np.clip(swell, 0, 0.9)),
        reverberation_s=float(0.4 * (tail / 0.4) ** weight * cities.echo(place.city) * np.exp(rng.normal(0, 0.3))),
        recorder_db=recorder,
        gain_db=float(-42 + weight * level + session.normal(0, difficulty.session_gain_sd_db)),
    )


def sound(
    piece: world.Piece, bouts: list[Bout], difficulty: Difficulty = DIFFICULTY
) -> tuple[np.ndarray, list[mixing.Heard]]:
    """Ten seconds of a piece.

    Each event's sound depends on the piece and on the event alone, so that leaving one out changes nothing else.

    Args:
        piece: where, how busy, and the session.
        bouts: the events, of `world.bouts`; onsets in seconds from the piece's start.
        difficulty: the constants.

    Returns:
        (2, 160000) float32 at 16 kHz in -1..1, left and right, and for each bout how it is heard.
    """
    place = acoustics(piece, difficulty)
    n = samples(CLIP_S)
    ears = np.zeros((2, n), dtype=np.float32)
    heard = [_add(ears, piece, bout, place, difficulty) for bout in bouts]
    rng = piece.location.generator("urban background", piece.number)
    # what is far away comes from everywhere: each ear has a part of its own
    middle, left, right = (mixing.background(n, place, rng) for _ in range(3))
    mixed = np.stack([0.8 * middle + 0.6 * left, 0.8 * middle + 0.6 * right])
    walls = piece.location.generator("urban walls")
    # both reflections are drawn whatever sounds, the walls stay
    echoes = [mixing.heard_through(ear, place, walls) for ear in ears]
    mixed = (mixed + np.stack(echoes)) * np.float32(10 ** (place.gain_db / 20))
    return mixed / max(np.float32(1), np.abs(mixed).max() / np.float32(0.99)), heard


def _add(
    ears: np.ndarray, piece: world.Piece, bout: Bout, place: mixing.Acoustics, difficulty: Difficulty
) -> mixing.Heard:
    """Add a bout to both ears, (2, n), in place."""
    # seeds are not negative, an onset may be
    rng = piece.location.generator("urban bout", piece.number, bout.event, round(1000 * (bout.onset_s + 60)))
    level_db = float(rng.normal(difficulty.event_level_db, difficulty.event_level_sd_db))
    word = event_table.load().synthesisers[bout.event]
    one = mixing.scaled(synthesise(word, bout.duration_s, rng), level_db, rng.random())
    side = rng.uniform(-1, 1)
    for ear, turned in zip(ears, (side, -side), strict=True):
        weaker, later = _WIDTH_DB * max(0.0, turned), _EARS_S * max(0.0, turned)
        mixing.overlay(ear, one * np.float32(10 ** (-weaker / 20)), round((bout.onset_s + later) * RATE))
    return mixing.Heard(round(level_db, 2), mixing.stands_out(one, place, difficulty.audible_from_db))
