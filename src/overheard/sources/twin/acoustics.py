"""From bouts of events to a recording: what a scene and its places sound like."""

import numpy as np

from overheard.seeds import generator
from overheard.sources.twin import event_table, mixing, world
from overheard.sources.twin.difficulty import DIFFICULTY, Difficulty
from overheard.sources.twin.oscillators import RATE, samples
from overheard.sources.twin.synthesis import synthesise

# dB an octave from 62.5 Hz to 8 kHz, over a common slope; then depth of slow swells (0..1) and reverberation (s).
# Guesses of what is heard where nothing happens; `Difficulty.scene_acoustics` says how much of it is left.
_COMMON_SLOPE_DB = -4.5
_SCENES: dict[str, tuple[tuple[float, ...], float, float]] = {
    "airport": ((4, 5, 6, 4, 2, 0, -4, -8), 0.3, 0.9),
    "beach": ((-4, -2, 0, 3, 5, 6, 5, 3), 0.7, 0.15),
    "bridge": ((8, 7, 4, 1, -2, -4, -6, -8), 0.4, 0.6),
    "farmland": ((-2, -4, -5, -4, 0, 3, 5, 4), 0.4, 0.15),
    "forest": ((-6, -6, -4, -2, 1, 4, 7, 6), 0.3, 0.4),
    "grassland": ((-1, -3, -4, -2, 0, 3, 4, 3), 0.6, 0.1),
    "harbour": ((5, 4, 1, 0, 2, 1, -1, -3), 0.4, 0.5),
    "lake": ((-3, -2, 0, 4, 4, 2, -1, -3), 0.5, 0.2),
    "orchard": ((-4, -5, -5, -3, 1, 4, 7, 7), 0.3, 0.25),
    "residential": ((2, 3, 3, 2, 0, -2, -4, -5), 0.2, 0.45),
    "sparse shrub land": ((0, -2, -3, -3, 0, 2, 3, 3), 0.7, 0.1),
    "sports land": ((0, 1, 4, 6, 4, 1, -3, -6), 0.4, 0.8),
    "train station": ((5, 4, 4, 3, 1, -1, -2, -4), 0.3, 1.3),
}


def acoustics(scene: str | None, rng: np.random.Generator, difficulty: Difficulty = DIFFICULTY) -> mixing.Acoustics:
    """Draw a place's acoustics; without a scene, those of any scene."""
    name = scene or world.CLASSES[rng.integers(len(world.CLASSES))]
    profile, swell, reverberation = _SCENES[name]
    weight = difficulty.scene_acoustics if scene else 1.0
    slope = _COMMON_SLOPE_DB + rng.normal(0, 0.15 * difficulty.location_acoustics_db)
    place = rng.standard_normal(8) * difficulty.location_acoustics_db
    # neighbouring octaves go together, as a hill or a road moves more than one of them
    place = np.convolve(place, [0.5, 0.7, 0.5], mode="same")
    octaves = np.arange(8)
    recorder = -rng.uniform(0, 12) * np.clip(1.5 - octaves, 0, None) - rng.uniform(0, 9) * np.clip(octaves - 5, 0, None)
    return mixing.Acoustics(
        background_db=slope * octaves + weight * np.array(profile) + place,
        swell=float(np.clip(0.4 + weight * (swell - 0.4) + rng.normal(0, 0.15), 0, 0.9)),
        reverberation_s=float(0.4 * (reverberation / 0.4) ** weight * np.exp(rng.normal(0, 0.5))),
        recorder_db=recorder,
        gain_db=float(rng.normal(-34, difficulty.recording_gain_sd_db)),
    )


def recording(
    location: world.Location, world_seed: int, bouts: list[world.Bout], difficulty: Difficulty = DIFFICULTY
) -> tuple[np.ndarray, list[mixing.Heard]]:
    """The whole recording of a location.

    Returns:
        (n,) float32 at 16 kHz in -1..1, and for each bout how it is heard.
    """
    rng = generator("twin recording", world_seed, int(location.number))
    place = acoustics(location.scene, rng, difficulty)
    return _mixed(location.recording_s, place, bouts, difficulty, rng)


def tagged_clip(
    world_seed: int, clip: int, events: list[int], difficulty: Difficulty = DIFFICULTY
) -> tuple[np.ndarray, list[int]]:
    """Ten seconds with the given events, of no scene: what the sound network is pre-trained on.

    Args:
        world_seed: names the world.
        clip: number of the clip.
        events: rows of the event table that sound in it.
        difficulty: the constants.

    Returns:
        (160000,) float32 at 16 kHz in -1..1, and the rows of the events that can be heard.
    """
    rng = generator("twin tagged clip", world_seed, clip)
    bouts = []
    for event in events:
        duration = min(float(rng.uniform(*event_table.load().duration_s[event])), world.CLIP_S)
        bouts.append(world.Bout(event, float(rng.uniform(0, world.CLIP_S - duration)), duration, False))
    sound, heard = _mixed(world.CLIP_S, acoustics(None, rng), bouts, difficulty, rng)
    return sound, [event for event, level in zip(events, heard, strict=True) if level.audible]


def _mixed(
    length_s: float, place: mixing.Acoustics, bouts: list[world.Bout], difficulty: Difficulty, rng: np.random.Generator
) -> tuple[np.ndarray, list[mixing.Heard]]:
    """Background and bouts as one sound, with what is known of each bout's level."""
    n = samples(length_s)
    background = mixing.background(n, place, rng)
    events = np.zeros(n, dtype=np.float32)
    heard = []
    words = event_table.load().synthesisers
    for bout in bouts:
        level_db = float(rng.normal(difficulty.event_level_db, difficulty.event_level_sd_db))
        sound = mixing.scaled(synthesise(words[bout.event], bout.duration_s, rng), level_db, rng.random())
        mixing.overlay(events, sound, round(bout.onset_s * RATE))
        heard.append(mixing.Heard(round(level_db, 2), mixing.stands_out(sound, place, difficulty.audible_from_db)))
    mixed = background
    if bouts:
        mixed = background + mixing.heard_through(events, place, rng)
    mixed *= 10 ** (place.gain_db / 20)
    return mixed / max(1.0, float(np.abs(mixed).max()) / 0.99), heard
