"""What is seen of the simulated cities: still views, moving objects, and their boxes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from overheard.sources.twin.world import Bout
from overheard.sources.urban_twin import bodies, event_table, views, world
from overheard.sources.urban_twin.difficulty import DIFFICULTY
from overheard.sources.urban_twin.view import CHEST, View

WORLD = 101
QUIET = replace(DIFFICULTY, sensor_noise=0.0)
EVENTS = event_table.load().names


def places(scene: str, scale: float = 0.1) -> list[world.Location]:
    return [place for place in world.locations(WORLD, scale, 4) if place.scene == scene]


def film(piece: world.Piece, bouts=(), times_s=(0.0, 3.0, 7.0), difficulty=QUIET) -> views.Film:
    drawn = views.still(piece.location, difficulty)
    return views.film(piece, drawn, list(bouts), difficulty, np.array(times_s))


def busy(place: world.Location, seen: float = 1.0, coupling: float = 0.0) -> world.Piece:
    return replace(world.pieces(place, 0.0)[0], seen=seen, coupling=coupling)


@pytest.mark.parametrize("scene", world.SCENES)
def test_a_place_is_drawn_the_same_again_and_unlike_others(scene):
    first, other, *_ = places(scene)
    drawn, again, different = (views.still(place) for place in (first, first, other))
    assert drawn.picture.shape == (256, 256, 3)
    assert drawn.picture.dtype == np.uint8
    np.testing.assert_array_equal(drawn.picture, again.picture)
    np.testing.assert_array_equal(drawn.near, again.near)
    assert np.mean(drawn.picture != different.picture) > 0.5


@pytest.mark.parametrize("scene", world.SCENES)
def test_every_scene_can_be_drawn_wholly_like_any_it_is_taken_for(scene):
    for other in world.NEIGHBOURS[scene]:
        for place in places(scene)[:4]:
            drawn = views.still(replace(place, picture=world.Likeness(other, 1.0)))
            assert drawn.picture.std() > 15
            assert drawn.lanes


def test_frames_are_repeatable_and_differ_between_pieces():
    one, other = world.pieces(places("public_square")[0], 0.5)[:2]
    bouts = world.bouts(one)
    first, again = (film(one, bouts, difficulty=DIFFICULTY) for _ in range(2))
    assert first.frames.shape == (3, views.SIDE, views.SIDE, 3)
    assert first.frames.dtype == np.uint8
    assert first.frames.tobytes() == again.frames.tobytes()
    assert first.seen == again.seen
    # in the same light, as busy, without noise: other people
    assert one.session == other.session
    plain, different = (film(replace(piece, seen=0.7)) for piece in (one, other))
    assert np.array_equal(plain.still, different.still)
    assert plain.frames.tobytes() != different.frames.tobytes()


def test_the_camera_is_fixed_and_pieces_of_a_session_have_one_light():
    pieces = world.pieces(places("park")[0], 0.5)
    stills = [film(piece).still for piece in pieces]
    same = [np.array_equal(stills[0], still) for still in stills]
    assert same == [piece.session == 0 for piece in pieces]
    assert not all(same)


@pytest.mark.parametrize("scene", world.SCENES)
def test_boxes_hold_everything_that_moved_and_nothing_else_does(scene):
    held = []
    for place in places(scene)[:3]:
        made = film(busy(place), times_s=(1.0, 5.0, 9.0))
        for number, frame in enumerate(made.frames):
            changed = (frame != made.still).any(axis=2)
            outside = changed.copy()
            for seen in made.seen:
                left, top, right, bottom = seen.box
                assert 0 <= left < right <= views.SIDE
                assert 0 <= top < bottom <= views.SIDE
                if seen.frame == number:
                    held.append(changed[top:bottom, left:right].mean())
                    outside[top:bottom, left:right] = False
            assert not outside.any()
    assert len(held) >= 8
    # a dark coat before a dark wall may leave little
    assert np.mean(np.array(held) > 0.2) > 0.9


def test_boxes_are_tight():
    tight = []
    for place in places("shopping_mall")[:3]:
        made = film(busy(place, 0.15))
        for seen in made.seen:
            left, top, right, bottom = seen.box
            changed = (made.frames[seen.frame] != made.still).any(axis=2)
            edges = (changed[top, left:right], changed[bottom - 1, left:right], changed[top:bottom, left],
                     changed[top:bottom, right - 1])  # fmt: skip
            tight.append(all(edge.any() for edge in edges))
    assert np.mean(tight) > 0.9


def test_where_nothing_goes_on_nothing_moves_but_a_cabins_scenery():
    made = film(busy(places("public_square")[0], 0.0))
    assert made.seen == []
    assert (made.frames == made.still).all()
    kinds = {seen.kind for place in places("tram")[:5] for seen in film(busy(place, 0.0)).seen}
    assert kinds == {"panes"}


def test_a_frame_depends_on_its_time_alone():
    piece = busy(places("street_traffic")[1])
    some, more = film(piece, times_s=(2.0, 6.0)), film(piece, times_s=(0.5, 2.0, 4.0, 6.0))
    np.testing.assert_array_equal(some.frames, more.frames[[1, 3]])


def test_noise_is_the_sensors_alone():
    noisy = film(busy(places("park")[0], 0.0), difficulty=replace(DIFFICULTY, sensor_noise=3.0))
    error = noisy.frames.astype(float) - noisy.still
    middling = (noisy.still > 20) & (noisy.still < 235)
    assert error[:, middling].std() == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize(
    ("scene", "event", "kind"),
    [("street_traffic", "car", "car"), ("metro_station", "train", "train"), ("bus", "chime", "door")],
)
def test_who_makes_an_event_is_seen_at_its_middle_if_picture_and_sound_are_coupled(scene, event, kind):
    bout = Bout(EVENTS.index(event), 3.0, 4.0, False)
    shown = {0.0: 0, 1.0: 0}
    having = [place for place in places(scene) if any(lane.kind == kind for lane in views.still(place).lanes)]
    for place in having[:4]:
        for coupling in shown:
            made = film(busy(place, 0.0, coupling), [bout], (5.0,))
            shown[coupling] += any(seen.kind == kind for seen in made.seen)
    assert shown[0.0] == 0
    assert shown[1.0] == min(len(having), 4) > 1


def test_coupling_changes_how_activity_in_picture_and_sound_go_together():
    table = event_table.load()
    those = places("street_pedestrian", 2.0)

    def agreement(coupling: float) -> float:
        seen, heard = [], []
        for place in those:
            piece = world.pieces(place, coupling)[0]
            # without the makers of events, as activity alone is asked for
            made = film(piece, [], (2.0, 8.0))
            seen.append(len({one.mark for one in made.seen}))
            heard.append(sum(table.activity[bout.event] > 0 for bout in world.bouts(piece)))
        return spearmanr(seen, heard).statistic

    assert abs(agreement(0.0)) < 0.25
    assert agreement(0.9) > 0.3


def test_a_train_stops_where_its_lane_ends():
    lanes = [lane for place in places("metro_station") for lane in views.still(place).lanes if lane.kind == "train"]
    assert lanes
    mover = views._Mover(lanes[0], lambda time_s: None, 0.0, 0.0, 0.5)
    there = [mover.place(time_s) for time_s in (-0.1, 0.0, 2.0, 4.0, 30.0, 31.0)]
    assert there[0] is None
    assert there[1] == pytest.approx(lanes[0].start)
    assert there[4] == there[5] == pytest.approx(lanes[0].end)
    # it slows down: farther in the first two seconds than in the next two
    assert there[1][1] - there[2][1] > there[2][1] - there[3][1] > 0


def test_scenery_goes_backwards_as_the_cabin_goes_on():
    for place in places("bus"):
        drawn = views.still(place)
        first, later = (np.asarray(views._passed(drawn, metres)).astype(int) for metres in (0.0, 1.0))
        assert (first[drawn.near] == later[drawn.near]).all()
        panes = ~drawn.near[:, :-11] & ~drawn.near[:, 11:]
        panes[:, max(0, drawn.fork - 11) :] = False  # left of the fork, to the left
        assert (later[:, :-11][panes] == first[:, 11:][panes]).all()


def test_a_point_is_seen_where_a_camera_at_the_chest_sees_it():
    look = views.still(places("park")[0]).look
    seen = View(256, np.random.default_rng(0), look, pan=10.0)
    # 80 degrees of field: what is as far to the side as away, times tan 40, is at the edge, 200 units from the middle
    edge = 3 * np.tan(np.radians(40))
    np.testing.assert_allclose(
        seen.units(np.array([(edge, CHEST, 3.0), (0, CHEST, 50.0)])), [(210, 0), (10, 0)], atol=0.5
    )
    np.testing.assert_allclose(seen.pixels(np.array((0.0, 0.0, 4.0))), (134.4, 128 + 0.64 * 238 * CHEST / 4), atol=0.1)


def test_people_are_of_human_height_wherever_they_are():
    tops = []
    for number in range(30):
        rng = np.random.default_rng(number)
        shapes, colours = bodies.placed(bodies.walker(rng, None)(2.0), 1.0, 0.5, 7.0, np.pi)
        assert len(shapes) == len(colours)
        assert (shapes[..., 2] == 7.0).all()
        assert shapes[..., 1].min() == pytest.approx(0.5)
        tops.append(shapes[..., 1].max() - 0.5)
    assert 1.4 < min(tops) < max(tops) < 2.05


def test_only_the_sides_of_a_car_that_face_the_camera_are_drawn():
    car = bodies.car(np.random.default_rng(0), None)(0.0)
    # it drives to the right, ahead and to the left of the camera: its right side, its front and its low tops are seen
    shapes, colours = bodies.placed(car, -6.0, 0.0, 9.0, np.pi / 2)
    assert len(shapes) == len(colours) < 0.7 * len(car[0])
    paint = [shape for shape in shapes if np.ptp(shape[:, 1]) == pytest.approx(0.6)]
    assert len(paint) == 2
    assert {(bool(np.ptp(shape[:, 0]) > 0.1), bool(np.ptp(shape[:, 2]) > 0.1)) for shape in paint} == {
        (True, False),
        (False, True),
    }
    side, front = sorted(paint, key=lambda shape: np.ptp(shape[:, 0]), reverse=True)
    assert side[:, 2].mean() < 9.0
    assert front[:, 0].mean() > -6.0
    # white lamps in front, red ones behind
    assert (250, 244, 214) in colours
    assert (190, 40, 34) not in colours
