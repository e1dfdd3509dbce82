"""The simulated world against ADVANCE's structure, its own table and the released prior."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from scipy.stats import spearmanr

from overheard.io import artifacts
from overheard.sources.twin import event_table, world
from overheard.sources.twin.difficulty import BY_EVENTS, DIFFICULTY

WORLD = 101  # never 0, the world of the default experiment
LOCATIONS = 1200


@pytest.fixture(scope="module")
def places() -> list[world.Location]:
    return world.locations(WORLD, 1.0, world.DEFAULT_COUPLING)


@pytest.fixture(scope="module")
def realised(places) -> np.ndarray:
    """(13, E) share of 1,200 locations with each label in their first clip, for each scene."""
    table = event_table.load()
    share = np.zeros((len(world.CLASSES), len(table.index)))
    for row, scene in enumerate(world.CLASSES):
        for place in places[:LOCATIONS]:
            # numbers name streams: other places for each scene
            its = replace(place, scene=scene, number=f"{int(place.number) + 100_000 * row}", clips=1)
            share[row] += table.implies[[bout.event for bout in world.bouts(its, WORLD) if bout.is_in(0)]].any(axis=0)
    return share / LOCATIONS


def test_a_world_of_scale_one_has_advances_locations_and_clips(places):
    # facts of the released list: class -> (locations, clips); ours has no irregular location
    advance = {"forest": (862, 862), "residential": (1056, 1056), "beach": (216, 216), "harbour": (103, 508)}
    advance |= {"sports land": (19, 159), "orchard": (25, 207), "train station": (52, 260), "grassland": (30, 150)}
    for scene, (locations, clips) in advance.items():
        mine = [place for place in places if place.scene == scene]
        assert len(mine) == locations
        assert sum(place.clips for place in mine) == pytest.approx(clips, rel=0.02)
    assert len(places) == 2696
    assert sum(place.clips for place in places) == pytest.approx(5075, rel=0.005)


def test_the_default_world_has_ten_locations_where_advances_tenth_is_less():
    count = world.counts(world.DEFAULT_SCALE)
    assert sorted(count) == list(world.CLASSES)
    assert {scene for scene, number in count.items() if number > 10} == {"forest", "beach", "residential"}
    assert (count["forest"], count["beach"], count["residential"]) == (86, 22, 106)


def test_numbers_are_unique_and_ids_follow_advances_names(places):
    assert len({place.number for place in places}) == len(places)
    assert all(len(place.number) == 5 and place.number.isdigit() for place in places)
    orchard = next(place for place in places if place.scene == "orchard")
    assert orchard.ids[:3] == [orchard.number, f"{orchard.number}_1", f"{orchard.number}_2"]
    assert len(orchard.ids) in (8, 9)


def test_windows_are_different_cuts_inside_one_recording(places):
    for place in places[::50]:
        starts = place.windows_s
        assert len(starts) == place.clips == len(set(starts))
        assert starts[0] == 0
        assert starts[-1] + world.CLIP_S <= place.recording_s + 1e-9
        if place.clips == 5:
            assert np.diff(starts) == pytest.approx(6)


def test_coordinates_differ_and_lie_inside_the_polygons_of_natural_earth(places, shared):
    points = np.array([(place.longitude, place.latitude) for place in places])
    assert len(np.unique(points, axis=0)) == len(points)
    inside = np.zeros(len(points), dtype=bool)
    for feature in json.loads((shared / "data/land_110m.geojson").read_text())["features"]:
        assert feature["geometry"]["type"] == "Polygon"
        inside |= Outline(np.array(feature["geometry"]["coordinates"][0])).contains_points(points)
    assert inside.all()


def test_coordinates_are_spread_over_the_continents(places):
    latitude = np.array([place.latitude for place in places])
    longitude = np.array([place.longitude for place in places])
    assert -60 < latitude.min() < -30 < 60 < latitude.max() < 75
    for west in range(-120, 150, 60):  # a sixth of the globe each, but for the Pacific
        assert ((longitude >= west) & (longitude < west + 60)).sum() > 30


def test_without_coupling_latents_of_picture_and_sound_are_independent():
    activity, same = agreement(world.NO_COUPLING)
    assert abs(activity) < 0.06
    assert same == pytest.approx(1 / 3, abs=0.04)


def test_high_coupling_makes_latents_agree():
    activity, same = agreement(world.HIGH_COUPLING)
    assert activity > 0.85
    assert same > 0.9
    assert agreement(world.NO_COUPLING)[0] < agreement(world.DEFAULT_COUPLING)[0] - 0.3 < activity
    assert agreement(1.0) == (pytest.approx(1), 1)


def agreement(coupling: float) -> tuple[float, float]:
    """Rank correlation of the activities and share of equal subtypes."""
    many = world.locations(WORLD, 1.0, coupling)
    activity = spearmanr([p.picture.activity for p in many], [p.sound.activity for p in many]).statistic
    return activity, np.mean([p.picture.subtype == p.sound.subtype for p in many])


def test_coupling_leaves_places_and_their_sounds_alone():
    # so that studies of coupling share every sound
    first, second = (world.locations(WORLD, 0.1, coupling) for coupling in (0.0, 0.9))
    for one, other in zip(first, second, strict=True):
        assert one == replace(other, picture=one.picture)


@pytest.mark.parametrize(("scale", "coupling"), [(0.0, 0.5), (-1.0, 0.5), (0.1, 1.5), (0.1, -0.1)])
def test_impossible_worlds_are_refused(scale, coupling):
    with pytest.raises(ValueError, match="expected"):
        world.locations(WORLD, scale, coupling)


def test_the_table_names_audiosets_events_and_holds_together():
    table, names = event_table.load(), artifacts.event_names()
    assert [names[index] for index in table.index] == list(table.names)
    assert 45 <= len(table.index) <= 65
    # wherever an event holds, what it implies holds too
    for event in range(len(table.index)):
        for implied in np.flatnonzero(table.implies[event]):
            assert (table.prior[:, implied] >= table.prior[:, event] - 1e-4).all()
            assert (table.implies[event] | ~table.implies[implied]).all()


def test_a_train_wagon_is_also_a_train_rail_transport_and_a_vehicle():
    row = event_table.load().index.tolist().index(332)
    assert world.labels([row]) == [300, 328, 329, 332]


def test_true_prior_has_the_order_of_the_released_one_among_scenes(shared):
    # which scenes an event is frequent in, over the events that reach 0.05 in some scene: what transfer could use
    with (shared / "data/advance_reference/scene_event_prior.csv").open(newline="") as stream:
        rows = {row["class"]: row for row in csv.DictReader(stream)}
    index = event_table.load().index
    released = np.array([[float(rows[scene][f"e{event}"]) for event in index] for scene in world.CLASSES])
    told = released.max(axis=0) >= 0.05
    assert told.sum() == 24
    found = world.true_prior()[:, index]
    assert spearmanr(centred(found[:, told]).ravel(), centred(released[:, told]).ravel()).statistic > 0.85
    others = np.delete(world.true_prior(), index, axis=1)
    assert not others.any()


def centred(prior: np.ndarray) -> np.ndarray:
    """log p(e|s) minus its mean over scenes."""
    log = np.log(np.maximum(prior, 1e-6))
    return log - log.mean(axis=0)


def test_contrast_and_evenness_of_one_leave_the_released_proportions():
    table = event_table.load()
    plain = world.expected_bouts(table, replace(DIFFICULTY, event_contrast=1.0, event_evenness=1.0))
    given = -np.log1p(-np.maximum(table.alone()[:, table.sources], 0.0005))
    found = plain[:, table.sources]
    for mine, theirs in zip(found, given, strict=True):
        np.testing.assert_allclose(mine / mine.sum(), theirs / theirs.sum(), rtol=1e-9)
    assert not np.delete(plain, table.sources, axis=1).any()


def test_contrast_spreads_scenes_and_evenness_spreads_events():
    # against the plain proportions: scene by event times the contrast, the mean of an event times the evenness
    table = event_table.load()
    logs = {}
    for contrast, evenness in ((1.0, 1.0), (3.0, 1.0), (1.0, 0.5)):
        changed = replace(DIFFICULTY, event_contrast=contrast, event_evenness=evenness)
        log = np.log(world.expected_bouts(table, changed)[:, table.sources])
        logs[contrast, evenness] = log - log.mean(axis=1, keepdims=True)
    plain = logs[1.0, 1.0]
    events = plain.mean(axis=0)
    np.testing.assert_allclose(logs[3.0, 1.0] - logs[3.0, 1.0].mean(axis=0), 3 * (plain - events), atol=1e-9)
    np.testing.assert_allclose(logs[3.0, 1.0].mean(axis=0), events, atol=1e-9)
    np.testing.assert_allclose(logs[1.0, 0.5].mean(axis=0), 0.5 * events, atol=1e-9)


def test_a_tagger_that_hears_its_shares_reports_the_wanted_sum():
    table = event_table.load()
    labels = table.implies @ np.array(DIFFICULTY.tagged)[table.family]
    reported = world.expected_bouts(table) @ labels
    np.testing.assert_allclose(reported, DIFFICULTY.events_rate * table.prior.sum(axis=1), rtol=1e-9)


def test_clips_of_a_big_world_have_the_true_prior(realised):
    # what quadrature says and what is drawn are two roads to one number: mean over locations, parents, foreign events
    table = event_table.load()
    true = world.true_prior()[:, table.index]
    error = np.sqrt(true * (1 - true) / LOCATIONS)
    distance = np.abs(realised - true) / (error + 0.3 / LOCATIONS)
    assert distance.max() < 4.5
    assert np.mean(distance < 2) > 0.93


def test_locations_of_a_scene_differ_more_than_chance():
    # an event's share over the clips of one location varies more between locations than a binomial of the mean would
    many = [place for place in world.locations(WORLD, 5.0, 0.5) if place.scene == "airport"]
    chances = np.array([world.source_chances(place, np.random.default_rng(k)) for k, place in enumerate(many)])
    speech = event_table.load().index.tolist().index(0)
    assert chances[:, speech].std() > 0.1
    rigged = replace(DIFFICULTY, location_sd=1e-9, activity_effect=0.0, subtype_effect=0.0)
    flat = [world.source_chances(place, np.random.default_rng(0), rigged)[speech] for place in many[:5]]
    assert np.ptp(flat) < 1e-6
    assert np.mean(chances[:, speech]) == pytest.approx(flat[0], abs=0.03)


def test_some_events_are_foreign_to_the_scene():
    many = world.locations(WORLD, 0.5, 0.5)
    bouts = [bout for place in many for bout in world.bouts(place, WORLD)]
    foreign = [bout for bout in bouts if bout.foreign]
    assert 0.05 < len(foreign) / len(bouts) < 0.35
    assert not any(bout.foreign for place in many for bout in world.bouts(place, 5, without_foreign()))


def without_foreign():
    return replace(DIFFICULTY, foreign_rate=0.0)


def test_worlds_are_repeatable_and_differ_by_seed():
    first, again, other = (world.locations(seed, 0.1, 0.5) for seed in (WORLD, WORLD, WORLD + 1))
    assert first == again
    assert [place.number for place in first] != [place.number for place in other]
    assert world.bouts(first[0], WORLD) == world.bouts(again[0], WORLD)


@pytest.mark.parametrize(("events", "least"), [("telling", 0.9), ("released", 0.4)])
def test_where_events_decide_the_most_likely_scene_is_nearly_always_the_true_one(events, least):
    # naive Bayes from the exact p(e|s): silent clips and shared events are what it cannot tell
    difficulty = BY_EVENTS[events]
    prior = world.true_prior(difficulty)[:, event_table.load().index].clip(1e-6, 1 - 1e-6)
    right = []
    for place in world.locations(7, 0.01, 0.5, difficulty, clips=1):
        sounded = [bout.event for bout in world.bouts(place, 7, difficulty) if bout.is_in(0.0)]
        held = event_table.load().implies[sounded].any(axis=0)
        likely = (np.log(prior) @ held + np.log1p(-prior) @ ~held).argmax()
        right.append(world.CLASSES[likely] == place.scene)
    assert np.mean(right) >= least
    assert (np.mean(right) >= 0.9) == (events == "telling")
