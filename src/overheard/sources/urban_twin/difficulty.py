"""Every constant that makes the urban twin hard or easy, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difficulty:
    """How hard the simulated cities are. Frozen with the generator: no experiment sets these."""

    # mean share (0..1, beta-distributed) of another scene in what a location looks like
    picture_ambiguity: float = 0.15
    # the same in its events and its acoustics, drawn by itself: what looks alike need not sound alike
    sound_ambiguity: float = 0.1
    # factor on how far locations of one scene and city lie apart in shape
    shape_spread: float = 1.0
    # levels of 255; how far cities lie apart in the colours of what is built and painted
    city_colour: float = 16.0
    # levels of 255; the same for locations of one city
    location_colour: float = 14.0
    # 0 (all sessions in the same light) to 1 (season, hour, film and haze of their own): colours tell little
    variation: float = 0.6
    # standard deviation of the sensor's noise, levels of 255
    sensor_noise: float = 3.0
    # share of the variance of a piece's activity that its location has; the rest is the piece's own
    activity_of_location: float = 0.5
    # moving objects at full activity, in units of the scene's usual number; at none there are hardly any
    crowding: float = 1.8
    # natural logarithm of an event's rate per standard deviation of activity: busy pieces have more people and traffic
    activity_effect: float = 0.5
    # standard deviation of the natural logarithm of an event's rate, between locations of one scene
    event_spread: float = 0.35
    # exponent on how far an event's rates in the scenes lie apart
    event_contrast: float = 1.7
    # expected number in a piece of events from anywhere, whatever the scene
    foreign_rate: float = 0.15
    # dB over the background; mean and spread of an event's level, so that some drown
    event_level_db: float = 9.0
    event_level_sd_db: float = 7.0
    # dB; an event counts as audible if it stands this far over the background in one octave
    audible_from_db: float = 0.0
    # factor on how far scenes' own backgrounds lie apart: the cue that is there without any event
    scene_acoustics: float = 1.0
    # dB; how far cities, and locations of one city, lie apart in each octave of their background
    city_acoustics_db: float = 2.0
    location_acoustics_db: float = 3.0
    # dB; how far sessions' levels lie apart
    session_gain_sd_db: float = 4.0


DIFFICULTY = Difficulty()
