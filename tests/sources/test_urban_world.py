"""The simulated cities: Table 1's locations and files, names, cities, latents, events."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from overheard.sources.twin.synthesis import SYNTHESISERS
from overheard.sources.urban_twin import bodies, event_table, world
from overheard.sources.urban_twin.difficulty import DIFFICULTY

WORLD = 101
# Table 1 of the paper, scenes in alphabetical order
LOCATIONS = (29, 53, 53, 46, 40, 41, 31, 45, 42, 51)
FILES = (978, 1134, 1065, 1279, 1392, 1369, 1228, 1389, 1387, 1071)
PLAIN = replace(
    DIFFICULTY, sound_ambiguity=0.0, activity_effect=0.0, foreign_rate=0.0, event_contrast=1.0, event_spread=0.0
)


@pytest.fixture(scope="module")
def places():
    return world.locations(WORLD, 1.0, 1000)


def test_a_world_of_scale_one_has_the_locations_and_files_of_table_1(places):
    assert list(world.SCENES) == sorted(world.SCENES)
    assert tuple(Counter(place.scene for place in places).values()) == LOCATIONS
    files = Counter()
    for place in places:
        files[place.scene] += place.pieces
    assert tuple(files[scene] for scene in world.SCENES) == FILES
    assert (len(places), sum(files.values())) == (431, 12_292)


def test_a_small_world_has_ten_locations_a_scene_and_so_many_pieces_of_each():
    places = world.locations(WORLD, 0.1, 4)
    assert set(Counter(place.scene for place in places).values()) == {10}
    assert {place.pieces for place in places} == {4}
    assert world.counts(0.5)["bus"] == 26


def test_a_location_does_not_depend_on_how_many_others_there_are(places):
    few = world.locations(WORLD, 0.1, 2)
    assert len(few) == 100
    by_number = {place.number: place for place in places}
    assert all(place == replace(by_number[place.number], pieces=2, sessions=2) for place in few)


def test_no_location_lies_in_two_cities_or_scenes_and_no_name_occurs_twice(places):
    names = [piece.name for place in places for piece in world.pieces(place, 0.5)]
    assert len(set(names)) == len(names) == 12_292
    where = {}
    for name in names:
        scene, city, location, _ = re.fullmatch(r"([a-z_]+)-([a-z]+)-(\d+)-(\d+)", name).groups()
        assert where.setdefault(location, (scene, city)) == (scene, city)
    assert len(where) == 431


def test_cities_are_those_of_the_development_set(places):
    found = Counter((place.scene, place.city) for place in places)
    empty = {(s, c) for s in world.SCENES for c in world.CITIES if not found[s, c]}
    assert empty == {
        *((scene, "london") for scene in ("bus", "metro", "shopping_mall", "tram")),
        *((scene, "paris") for scene in ("bus", "metro", "metro_station", "shopping_mall", "tram")),
        *(("airport", city) for city in ("barcelona", "vienna")),
    }
    for scene in world.SCENES:
        numbers = [number for (name, _), number in found.items() if name == scene]
        assert max(numbers) - min(numbers) <= 1


def test_pieces_of_a_session_follow_each_other(places):
    for place in places[::20]:
        sessions = [piece.session for piece in world.pieces(place, 0.5)]
        assert sessions == sorted(sessions)
        assert set(sessions) == set(range(place.sessions))
        assert place.sessions in (2, 3)
    assert {place.sessions for place in world.locations(WORLD, 0.1, 1)} == {1}


def test_coupling_ties_what_is_seen_to_what_is_heard_and_leaves_the_sound_alone(places):
    def activities(coupling):
        pieces = [piece for place in places for piece in world.pieces(place, coupling)[:3]]
        return np.array([(piece.seen, piece.heard) for piece in pieces])

    loose, middle, tight = (activities(coupling) for coupling in (0.0, 0.5, 0.9))
    assert abs(spearmanr(*loose.T).statistic) < 0.12
    assert spearmanr(*middle.T).statistic == pytest.approx(0.48, abs=0.12)
    assert spearmanr(*tight.T).statistic > 0.8
    np.testing.assert_array_equal(loose[:, 1], tight[:, 1])
    assert loose.min() >= 0
    assert loose.max() <= 1


def test_activity_is_partly_the_locations_partly_the_pieces_own(places):
    several = [world.pieces(place, 0.5) for place in places if place.pieces > 1]
    first, second = (np.array([pieces[k].heard for pieces in several]) for k in (0, -1))
    assert spearmanr(first, second).statistic == pytest.approx(0.48, abs=0.12)


def test_worlds_are_repeatable_and_differ_by_seed():
    first, again, other = (world.locations(seed, 0.1, 4) for seed in (WORLD, WORLD, WORLD + 1))
    assert first == again
    assert first != other
    (piece, *_), (same, *_) = (world.pieces(places[7], 0.5) for places in (first, again))
    assert world.bouts(piece) == world.bouts(same)


@pytest.mark.parametrize("scale", [0.0, -1.0, 100.0])
def test_impossible_scales_are_refused(scale):
    with pytest.raises(ValueError, match="scale: expected"):
        world.locations(WORLD, scale, 4)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="clips: expected"):
        world.locations(WORLD, 0.1, 0)
    with pytest.raises(ValueError, match="coupling: expected"):
        world.pieces(world.locations(WORLD, 0.1, 1)[0], 1.1)


def test_the_table_has_the_scenes_and_only_known_words():
    table = event_table.load()
    assert tuple(table.rates) == world.SCENES
    assert set(table.synthesisers) <= set(SYNTHESISERS)
    assert set(table.seen) <= {"", "person", *bodies.KINDS}
    assert len(set(table.names)) == len(table.names)
    assert all((rates > 0).all() for rates in table.rates.values())


def test_events_occur_as_often_as_the_table_says():
    table = event_table.load()
    places = world.locations(WORLD, 1.0, 20, PLAIN)
    lasting = table.duration_s[:, 1] > 10
    assert 5 < lasting.sum() < 15
    for scene in ("street_traffic", "park", "bus"):
        found = [world.bouts(p, PLAIN) for place in places if place.scene == scene for p in world.pieces(place, 0.5)]
        counts = np.array([np.bincount([bout.event for bout in bouts], minlength=len(lasting)) for bouts in found])
        assert counts[:, lasting].max() == 1
        expected = np.where(lasting, 1 - np.exp(-table.rates[scene]), table.rates[scene])
        error = np.sqrt(expected / len(found))
        assert (abs(counts.mean(axis=0) - expected) / error).max() < 4


def test_contrast_spreads_scenes_about_their_mean():
    table = event_table.load()
    np.testing.assert_allclose(world.rates("tram", PLAIN), table.rates["tram"])
    double = replace(PLAIN, event_contrast=2.0)
    plain, wide = (np.log([world.rates(scene, d) for scene in world.SCENES]) for d in (PLAIN, double))
    np.testing.assert_allclose(wide - wide.mean(axis=0), 2 * (plain - plain.mean(axis=0)), atol=1e-9)
    np.testing.assert_allclose(wide.mean(axis=0), plain.mean(axis=0), atol=1e-9)


def test_locations_of_a_scene_differ_in_their_events_more_than_chance():
    # variance of a count over its mean: 1 for Poisson, more where locations have rates of their own
    def ratio(spread: float) -> float:
        changed = replace(PLAIN, event_spread=spread)
        those = [place for place in world.locations(WORLD, 3.0, 20, changed) if place.scene == "street_traffic"]
        car = event_table.load().names.index("car")
        pieces = [world.pieces(place, 0.5)[:5] for place in those]
        counts = [sum(bout.event == car for p in several for bout in world.bouts(p, changed)) for several in pieces]
        return np.var(counts) / np.mean(counts)

    assert ratio(0.0) < 1.5
    assert ratio(0.5) > 2.5


def test_busy_pieces_have_more_of_what_people_and_traffic_make_and_fewer_birds(places):
    table = event_table.load()
    effect = replace(DIFFICULTY, activity_effect=1.0)
    count = {-1: np.zeros(2), 1: np.zeros(2)}
    for place in places:
        piece = world.pieces(place, 0.5)[0]
        for busy in (0, 1):
            events = [bout.event for bout in world.bouts(replace(piece, heard=float(busy)), effect) if not bout.foreign]
            for sign, total in count.items():
                total[busy] += (table.activity[events] == sign).sum()
    assert count[1][1] > 4 * count[1][0]
    assert count[-1][1] < count[-1][0] / 4


def test_every_event_is_in_its_piece_long_enough(places):
    bouts = [bout for place in places[::5] for bout in world.bouts(world.pieces(place, 0.5)[0])]
    assert all(bout.is_in(0.0) for bout in bouts)
    assert any(bout.onset_s < 0 for bout in bouts)
    assert any(bout.onset_s + bout.duration_s > 10 for bout in bouts)
    assert 0.005 < np.mean([bout.foreign for bout in bouts]) < 0.2


def test_a_location_that_passes_for_another_scene_has_that_ones_events(places):
    wholly = replace(places[0], scene="park", sound=world.Likeness("street_traffic", 1.0))
    names = event_table.load().names
    pieces = [replace(world.pieces(wholly, 0.5)[0], number=number) for number in range(40)]
    events = Counter(names[bout.event] for piece in pieces for bout in world.bouts(piece))
    assert events["car"] > 5 * events["bird song"]
