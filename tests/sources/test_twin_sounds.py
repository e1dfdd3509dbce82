"""Synthesised events and recordings: properties that names and levels promise."""

import numpy as np
import pytest
from scipy.signal import welch

from overheard.seeds import generator
from overheard.sources.twin import acoustics, event_table, mixing, world
from overheard.sources.twin.oscillators import RATE, times
from overheard.sources.twin.synthesis import SYNTHESISERS, synthesise

WORLD = 101


def sound(word: str, seconds: float = 5.0, seed: int = 0) -> np.ndarray:
    return synthesise(word, seconds, generator("test", word, seed))


def power(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return welch(samples, RATE, nperseg=2048)


def share(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    frequency, density = power(samples)
    return density[(frequency >= low_hz) & (frequency < high_hz)].sum() / density.sum()


def beats_hz(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    """The strongest rate of the envelope between two rates."""
    envelope = np.abs(samples).reshape(-1, 40).mean(axis=1)  # 400 a second
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean(), 16384))
    rate = np.fft.rfftfreq(16384, 1 / 400)
    inside = (rate > low_hz) & (rate < high_hz)
    return rate[inside][spectrum[inside].argmax()]


@pytest.mark.parametrize("word", sorted(SYNTHESISERS))
@pytest.mark.parametrize("seconds", [1.0, 4.321])
def test_every_synthesiser_gives_a_finite_sound_in_range(word, seconds):
    drawn = sound(word, seconds)
    assert drawn.shape == (round(seconds * RATE),)
    assert drawn.dtype == np.float32
    assert np.isfinite(drawn).all()
    assert np.abs(drawn).max() == pytest.approx(0.9, abs=1e-3)
    assert np.sqrt(np.mean(drawn**2)) > 0.005


@pytest.mark.parametrize("word", sorted(SYNTHESISERS))
def test_a_sound_depends_on_its_generator_alone(word):
    assert np.array_equal(sound(word, 2.0), sound(word, 2.0))
    assert not np.array_equal(sound(word, 2.0), sound(word, 2.0, seed=1))


def test_the_table_and_the_synthesisers_know_the_same_words():
    assert {word for word in event_table.load().synthesisers if word} == set(SYNTHESISERS)


@pytest.mark.parametrize(("word", "low_hz", "high_hz"), [("male_voice", 75, 175), ("female_voice", 145, 310)])
def test_voices_have_the_pitch_of_their_name(word, low_hz, high_hz):
    for seed in range(3):
        voice = sound(word, 3.0, seed)
        loudest = int(np.argmax(np.convolve(voice**2, np.ones(800), "same")))
        piece = voice[max(0, loudest - 800) : loudest + 800]
        lag = np.correlate(piece, piece, "full")[len(piece) :]
        shortest = RATE // 330
        pitch = RATE / (shortest + 1 + int(lag[shortest : RATE // 70].argmax()))
        # the autocorrelation may find the octave below
        assert low_hz < pitch < high_hz or low_hz < 2 * pitch < high_hz


def test_songbirds_and_crickets_lie_high_and_ships_and_rumble_low():
    assert share(sound("chirp"), 2000, 8000) > 0.95
    assert share(sound("cricket"), 3500, 6000) > 0.95
    assert share(sound("rumble"), 0, 250) > 0.9
    assert share(sound("thunder"), 0, 500) > 0.7
    assert share(sound("wind"), 0, 1000) > 0.8


def test_helicopter_blades_and_diesel_strokes_beat_at_their_rates():
    assert 10 < beats_hz(sound("helicopter", 8.0), 4, 25) < 21
    assert 4.5 < beats_hz(sound("boat", 8.0), 2, 12) < 9.5


def test_waves_swell_every_few_seconds_and_rain_does_not():
    def swell(word: str) -> float:
        loudness = np.sqrt((sound(word, 20.0)[: 20 * RATE] ** 2).reshape(-1, RATE // 2).mean(axis=1))
        return loudness.std() / loudness.mean()

    assert swell("waves") > 0.3 > 0.1 > swell("rain")


def test_onsets_keep_their_mean_gap():
    onsets = times(np.random.default_rng(0), 100.0, 0.5, 0.4)
    assert 0 <= onsets[0] < 0.5
    assert onsets[-1] <= 100
    assert np.diff(onsets).mean() == pytest.approx(0.5, rel=0.05)


def place_with_events() -> tuple[world.Location, list[world.Bout]]:
    for place in world.locations(WORLD, 0.1, 0.5):
        bouts = world.bouts(place, WORLD)
        if place.clips > 1 and len(bouts) > 1:
            return place, bouts
    raise AssertionError("no location with events")


def test_a_recording_is_as_long_as_its_copies_need_and_in_range():
    place, bouts = place_with_events()
    mixed, heard = acoustics.recording(place, WORLD, bouts)
    assert mixed.shape == (round(place.recording_s * RATE),)
    assert mixed.dtype == np.float32
    assert 0.001 < np.abs(mixed).max() <= 0.991
    assert len(heard) == len(bouts)
    again, _ = acoustics.recording(place, WORLD, bouts)
    assert np.array_equal(mixed, again)


def test_an_event_raises_the_level_where_it_sounds():
    place, _ = place_with_events()
    row = event_table.load().index.tolist().index(137)
    bout = world.Bout(row, 3.0, 4.0, False)
    quiet, _ = acoustics.recording(place, WORLD, [])
    loud, heard = acoustics.recording(place, WORLD, [bout])
    assert len(heard) == 1
    # nothing was turned down, and the background is the same noise: what differs is the event and its echo
    assert np.abs(loud).max() < 0.98
    difference = loud - quiet
    event = np.mean(difference[3 * RATE : 7 * RATE] ** 2)
    assert event > 1000 * np.mean(difference[9 * RATE :] ** 2)
    assert event > 1000 * np.mean(difference[: 2 * RATE] ** 2)


def test_loud_events_are_audible_and_drowned_ones_are_not():
    place = acoustics.acoustics("lake", np.random.default_rng(0))
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    assert mixing.stands_out(noise * 10, place, 0.0)
    assert not mixing.stands_out(noise * 1e-4, place, 0.0)


def test_a_background_has_unit_level_and_its_places_spectrum():
    # without swells and recorder; octave levels are densities at the centres
    flat = mixing.Acoustics(np.array([0.0] * 4 + [-40.0] * 4), 0.0, 0.3, np.zeros(8), 0.0)
    noise = mixing.background(20 * RATE, flat, np.random.default_rng(0))
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, rel=0.02)
    frequency, density = power(noise)
    low, high = (density[np.abs(frequency - hz) < 60].mean() for hz in (250, 2000))
    assert 10 * np.log10(low / high) == pytest.approx(40, abs=1.5)


def test_tagged_clips_say_what_can_be_heard_in_them():
    sources = event_table.load().sources.tolist()
    clip, audible = acoustics.tagged_clip(WORLD, 3, sources[:4])
    assert clip.shape == (160_000,)
    assert set(audible) <= set(sources[:4])
    assert np.isfinite(clip).all()
    assert np.abs(clip).max() <= 0.991
