"""The simulated twin's pictures: deterministic, marked, moved with their place, different where their latents are."""

import numpy as np
import pytest

from overheard.seeds import generator
from overheard.sources.twin import aerial, photograph, scenes, things
from overheard.sources.twin.canvas import Canvas
from overheard.sources.twin.difficulty import DIFFICULTY
from overheard.sources.twin.photograph import Conditions

PLAIN = Conditions(1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0)


def place(scene: str, subtype: int = 0, activity: float = 0.5, ambiguity: float = 0.1, seed: int = 0, size: int = 400):
    return scenes.draw(scene, subtype, activity, ambiguity, generator("test", scene, seed), size)


def test_the_scenes_are_those_of_advance_in_order():
    assert len(scenes.SCENES) == 13
    assert list(scenes.SCENES) == sorted(scenes.SCENES)
    assert {"airport", "sparse shrub land", "train station"} <= set(scenes.SCENES)


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_a_place_is_the_same_for_the_same_generator_and_another_for_another(scene):
    first, again, other = place(scene, seed=1), place(scene, seed=1), place(scene, seed=2)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1].tobytes() == again[1].tobytes()
    assert first[0].tobytes() != other[0].tobytes()


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_the_mask_marks_a_part_of_the_place(scene):
    for subtype in range(scenes.SUBTYPES):
        for ambiguity in (0.0, 0.5, 1.0):
            picture, mask = place(scene, subtype, ambiguity=ambiguity, seed=subtype)
            assert picture.shape == (400, 400, 3)
            assert picture.dtype == np.uint8
            assert mask.dtype == bool
            # even the runway of a hidden airfield is more than a few pixels, even grassland has a tree
            assert 60 < mask.sum() < mask.size, (subtype, ambiguity)


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_layout_and_activity_change_the_place(scene):
    reference = place(scene, 0, 0.0, seed=3)[0].astype(int)
    for changed in (place(scene, 1, 0.0, seed=3), place(scene, 2, 0.0, seed=3), place(scene, 0, 1.0, seed=3)):
        assert (np.abs(changed[0] - reference).max(axis=2) > 20).mean() > 0.002


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_every_scene_can_be_drawn_at_the_ends_of_its_latents(scene):
    for seed in range(12):
        subtype, activity, ambiguity = seed % 3, float(seed // 3 % 2), float(seed // 6)
        picture, mask = place(scene, subtype, activity, ambiguity, seed + 40, size=280)
        assert picture.std() > 3
        assert mask.any()


@pytest.mark.parametrize(
    "scene", ["airport", "beach", "bridge", "forest", "harbour", "orchard", "sports land", "train station"]
)
def test_ambiguity_makes_the_telling_object_smaller(scene):
    def marked(ambiguity):
        return np.mean([place(scene, k % 3, 0.7, ambiguity, k)[1].mean() for k in range(12)])

    assert marked(1.0) < 0.8 * marked(0.0)


def test_ambiguity_takes_the_contrast_of_parcels_away():
    def spread(ambiguity):
        return np.mean([place("farmland", k % 3, 0.0, ambiguity, k)[0].std(axis=(0, 1)).mean() for k in range(9)])

    assert spread(1.0) < 0.75 * spread(0.0)


def living(subtype: int, activity: float, afloat: bool = False) -> tuple[np.ndarray, ...]:
    """A canvas that is telling all over before and after `things.life`, and which pixels still tell."""
    canvas = Canvas(400, generator("test life"))
    canvas.telling.paste(255, (0, 0, 400, 400))
    before, _ = canvas.arrays()
    things.life(canvas, subtype, activity, (0, 0), afloat)
    return before, *canvas.arrays()


@pytest.mark.parametrize("afloat", [False, True])
@pytest.mark.parametrize("subtype", range(scenes.SUBTYPES))
def test_life_is_seen_more_of_with_activity_and_hides_what_it_stands_on(subtype, afloat):
    (before, quiet, _), (_, busy, mask) = living(subtype, 0.0, afloat), living(subtype, 1.0, afloat)
    assert (quiet != busy).any(axis=2).sum() > 400
    changed = (before != busy).any(axis=2)
    # what one can see through, like a worn ground or a deck, still tells
    assert (changed & ~mask).sum() > 0.3 * changed.sum()
    assert not (~changed & ~mask).any()


def test_animals_people_and_vehicles_differ():
    seen = [(living(k, 0.8)[0] != living(k, 0.8)[1]).any(axis=2) for k in range(scenes.SUBTYPES)]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert (seen[first] ^ seen[second]).sum() > 0.3 * max(seen[first].sum(), seen[second].sum())


def test_a_place_lies_off_the_middle_by_no_more_than_the_drift():
    middles = np.array([Canvas(400, generator("drift", k)).middle for k in range(60)]) - 200
    assert np.abs(middles).max() <= DIFFICULTY.drift
    assert middles.std(axis=0).min() > 0.3 * DIFFICULTY.drift


@pytest.mark.parametrize(("saturation", "hue"), [(0.0, 40.0), (0.5, -30.0), (1.3, 120.0)])
def test_a_film_leaves_greys_and_turns_the_rest(saturation, hue):
    film = photograph.film(Conditions(*([1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]), saturation, hue))
    np.testing.assert_allclose(np.full(3, 90) @ film, 90, rtol=1e-5)
    colour = np.array([160.0, 90.0, 50.0])
    filmed = colour @ film
    assert filmed.mean() == pytest.approx(100, rel=1e-5)
    assert np.linalg.norm(filmed - 100) == pytest.approx(saturation * np.linalg.norm(colour - 100), abs=1e-3)


def test_red_turns_to_green_by_a_third_of_a_turn():
    film = photograph.film(Conditions(*([1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]), 1.0, 120.0))
    np.testing.assert_allclose(np.array([200, 20, 20]) @ film, [20, 200, 20], atol=1e-3)


def test_without_variation_photographs_differ_by_season_bearing_and_zoom_alone():
    taken = [photograph.conditions(generator("conditions", k), 0.0) for k in range(40)]
    assert {(c.saturation, c.hue, c.light, c.warmth, c.contrast, c.haze) for c in taken} == {(1, 0, 1, 0, 1, 0)}
    low, high = DIFFICULTY.zoom
    assert all(low <= c.zoom <= high for c in taken)
    assert np.ptp([c.zoom for c in taken]) > 0.5 * (high - low)


def test_an_offset_moves_the_view_over_the_same_place():
    picture, mask = place("train station", seed=5)
    middle, middle_mask = photograph.take(picture, mask, (0, 0), PLAIN, generator(0))
    moved, moved_mask = photograph.take(picture, mask, (37, -20), PLAIN, generator(0))
    # 37 px to the right of it and 20 above
    np.testing.assert_array_equal(middle[:-20, 37:], moved[20:, :-37])
    np.testing.assert_array_equal(middle_mask[:-20, 37:], moved_mask[20:, :-37])
    assert (middle != moved).any()


def test_a_photograph_under_plain_conditions_is_the_middle_of_its_place():
    picture, mask = place("bridge", seed=6)
    taken, marked = photograph.take(picture, mask, (0, 0), PLAIN, generator(0))
    np.testing.assert_array_equal(taken, picture[72:328, 72:328])
    np.testing.assert_array_equal(marked, mask[72:328, 72:328])


def test_a_quarter_turn_turns_picture_and_mask_alike():
    picture, mask = place("airport", seed=7)
    turned = Conditions(1, 0.0, 1.0, 0.0, 0.0, 90.0, 1.0, 1.0, 0.0, 0.0, 0.0)
    taken, marked = photograph.take(picture, mask, (0, 0), turned, generator(0))
    expected = np.rot90(picture[72:328, 72:328]).astype(int)
    assert (np.abs(taken.astype(int) - expected) <= 1).mean() > 0.99
    assert (marked == np.rot90(mask[72:328, 72:328])).mean() > 0.97


def test_photographs_repeat_and_their_conditions_differ():
    picture, mask = place("lake", seed=8)
    taken = []
    for seed in (1, 1, 2):
        rng = generator("photograph", seed)
        taken.append(photograph.take(picture, mask, (60, -60), photograph.conditions(rng), rng)[0])
    assert taken[0].shape == (256, 256, 3)
    assert taken[0].tobytes() == taken[1].tobytes()
    assert taken[0].tobytes() != taken[2].tobytes()


def test_autumn_turns_what_is_green_and_leaves_the_rest():
    levels = np.array([[(60, 110, 40), (150, 150, 150)]], dtype=np.float32)
    turned = photograph.season(levels.copy(), photograph.SEASONS.index("autumn"), 1.0)
    assert turned[0, 0, 0] > levels[0, 0, 0] + 10
    assert turned[0, 0, 1] < levels[0, 0, 1]
    assert np.abs(turned[0, 1] - levels[0, 1]).max() < 30


def test_the_aerial_classes_are_thirty_and_each_can_be_drawn():
    assert len(aerial.AERIAL_CLASSES) == 30
    for name in aerial.AERIAL_CLASSES:
        for seed in range(4):
            picture = aerial.draw(name, generator("aerial", name, seed), 128)
            assert picture.shape == (128, 128, 3)
            assert picture.dtype == np.uint8
    assert aerial.draw("Port", generator(1), 128).tobytes() == aerial.draw("Port", generator(1), 128).tobytes()


def test_bad_arguments_are_refused():
    picture, mask = place("lake")
    with pytest.raises(ValueError, match="volcano"):
        scenes.draw("volcano", 0, 0.5, 0.5, generator(0), 400)
    with pytest.raises(ValueError, match="subtype"):
        scenes.draw("lake", 3, 0.5, 0.5, generator(0), 400)
    with pytest.raises(ValueError, match="latents"):
        scenes.draw("lake", 0, 1.5, 0.5, generator(0), 400)
    with pytest.raises(ValueError, match="offset"):
        photograph.take(picture, mask, (61, 0), PLAIN, generator(0))
    with pytest.raises(ValueError, match="variation"):
        photograph.conditions(generator(0), 1.5)
    with pytest.raises(ValueError, match="Volcano"):
        aerial.draw("Volcano", generator(0), 256)
