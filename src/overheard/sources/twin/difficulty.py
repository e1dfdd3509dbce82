"""Every constant that makes the twin hard or easy, in one place; `docs/twin.md` says how they were found."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Difficulty:
    """How hard the simulated world is. Frozen with the generator: no experiment sets these."""

    # share of the labels of each family (people, animals, music, weather, traffic) that a tagger's mean output has
    tagged: tuple[float, ...] = (0.4, 0.8, 0.5, 0.5, 0.5)
    # the sum over events of a scene's mean output that is aimed at, in units of the released sum
    events_rate: float = 1.57
    # exponent on how far an event's rates in the scenes lie apart: the released values are a network's blurred means
    event_contrast: float = 2.8
    # exponent on events' mean rates: below 1, rare events are heard more often than the released values say
    event_evenness: float = 0.6
    # events that one scene alone has, so many each, equally often; 0: as the released values say
    own_events: int = 0
    # logit; recordings of one scene differ more than chance: without it equation (6) would be the true model
    location_sd: float = 0.3
    # logit per standard deviation; busy places have more people and traffic, fewer animals
    activity_effect: float = 0.7
    # logit; kinds of place within a scene favour nature, people or traffic
    subtype_effect: float = 0.8
    # expected number in ten seconds; events that come from anywhere, whatever the scene
    foreign_rate: float = 0.12
    # mean ambiguity of places (0..1, beta-distributed): how far a picture looks like another scene's
    ambiguity: float = 0.1
    # 0 (photographs taken alike) to 1 (season, light, film and haze of their own): colours tell little
    variation: float = 0.4
    # pixels of a photograph per pixel of its place: what tells a scene may be small
    zoom: tuple[float, float] = (0.95, 1.3)
    # units of 1/400 of the canvas that a place's own middle lies off that of the canvas, at most: it may be cut
    drift: float = 20.0
    # dB over the background; mean and spread of an event's level, so that some events drown
    event_level_db: float = 10.0
    event_level_sd_db: float = 7.0
    # dB; an event counts as audible if it stands this far over the background in one octave
    audible_from_db: float = 0.0
    # factor on how far scenes' own acoustics lie apart: the weak cue that is there without any event
    scene_acoustics: float = 0.1
    # dB; how far places of one scene lie apart in each octave of their background
    location_acoustics_db: float = 7.0
    # dB; how far recordists' levels lie apart
    recording_gain_sd_db: float = 5.0


DIFFICULTY = Difficulty()

# the control in which events decide the scene: one that no other scene has, in nearly every clip, loud,
# none from elsewhere, and none that a kind of place lacks
TELLING = replace(
    DIFFICULTY,
    own_events=1,
    events_rate=8.0,
    location_sd=0.0,
    activity_effect=0.0,
    subtype_effect=0.0,
    foreign_rate=0.0,
    event_level_db=25.0,
    event_level_sd_db=2.0,
)

BY_EVENTS = {"released": DIFFICULTY, "telling": TELLING}
"""The worlds' constants by the word of `source.events`."""
