"""Figure 4: which points and pairs it draws, what it says of them, and when it draws nothing."""

import numpy as np
import pytest
from matplotlib.patches import ConnectionPatch, PathPatch
from origins import DIRECTORY, TWIN

from overheard.scores.plots import style, world_map
from overheard.scores.plots.given import File, NotDrawnError, Settings
from overheard.sources import land

PLACES = {"lake": (10.0, 20.0), "beach": (-30.0, 140.0), "forest": (50.0, -100.0), "bay": (40.0, 5.0)}


@pytest.fixture(autouse=True)
def _look():
    with style.styled():
        yield


def line(location, name, lat="", lon=""):
    return {"location": location, "class": name, "lat": str(lat), "lon": str(lon)}


def pairs(places):
    rng = np.random.default_rng(0)
    return {
        "class": np.array(list(places)),
        "lat": np.array([lat for lat, _ in places.values()]),
        "lon": np.array([lon for _, lon in places.values()]),
        "image": rng.integers(0, 256, (len(places), 8, 8, 3)).astype(np.uint8),
        "sound": rng.standard_normal((len(places), 10, 4)).astype(np.float16),
    }


def drawn(lines, places, source=DIRECTORY):
    settings = Settings("trial", source._asdict(), {"title": "Where", "caption": "Points."})
    files = {"index": [File("index.csv", lines)], "pairs": [File("pairs.npz", pairs(places))]}
    return world_map.draw(settings, files)


def said(figure):
    found = {text.get_gid(): text.get_text() for text in figure.texts}
    return found["title"], " ".join(found["conditions"].split())


def ax_of(figure):
    (ax,) = [ax for ax in figure.axes if any(isinstance(patch, PathPatch) for patch in ax.patches)]
    return ax


def test_points_are_the_locations_once_each_and_the_land_is_the_shipped_one():
    lines = [line("a", "lake", 10, 20), line("a", "lake", 10, 20), line("b", "beach", -30, 140), line("c", "bay")]
    figure = drawn(lines, PLACES)
    ax = ax_of(figure)
    assert len([patch for patch in ax.patches if isinstance(patch, PathPatch)]) == len(land.polygons())
    assert (list(ax.lines[0].get_xdata()), list(ax.lines[0].get_ydata())) == ([20, 140], [10, -30])
    title, conditions = said(figure)
    assert title == "Where: 2 locations"
    assert "1 of 3 locations have no coordinates." in conditions
    assert "simulated" not in conditions
    assert "The coordinates are simulated" in said(drawn(lines, PLACES, TWIN))[1]


def test_pairs_stand_north_above_and_south_below_from_west_to_east_joined_to_their_places():
    figure = drawn([line("a", "lake", 10, 20)], PLACES)
    above, below = world_map.beside(world_map.pairs_of(pairs(PLACES)))
    assert ([pair.name for pair in above], [pair.name for pair in below]) == (["forest", "bay"], ["lake", "beach"])
    joined = [one for one in figure.artists if isinstance(one, ConnectionPatch)]
    assert [one.xy2 for one in joined] == [(-100, 50), (5, 40), (20, 10), (140, -30)]
    figure.draw_without_rendering()
    titled = {name: ax.get_position().y0 for ax in figure.axes if (name := ax.get_title() or ax.get_xlabel())}
    middle = ax_of(figure).get_position()
    assert min(titled["forest"], titled["bay"]) > middle.y1
    assert max(titled["lake"], titled["beach"]) < middle.y0


def test_thirty_classes_with_long_names_stay_readable():
    places = {
        f"{number:02d} aerial scenes of a very long kind indeed": (number - 15, 5 * number) for number in range(30)
    }
    figure = drawn([line(name, name, *where) for name, where in places.items()], places)
    figure.draw_without_rendering()
    titles = [text for ax in figure.axes for text in (ax.title, ax.xaxis.label) if text.get_text()]
    assert [len(title.get_text().splitlines()) for title in titles] == [2] * 14
    boxes = [title.get_window_extent() for title in titles]
    assert not [1 for k, one in enumerate(boxes) for other in boxes[:k] if one.overlaps(other)]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width for box in boxes)
    assert "the first pair by id of 14 of the 30 classes" in said(figure)[1]


def test_without_coordinates_nothing_is_drawn_and_without_pairs_the_map_alone():
    with pytest.raises(NotDrawnError, match="no coordinates: the index of the pairs has no lat and lon"):
        drawn([line("a", "lake"), line("b", "lake", 3)], PLACES)
    nowhere = dict.fromkeys(PLACES, (float("nan"), float("nan")))
    figure = drawn([line("a", "lake", 10, 20)], nowhere)
    assert len(figure.axes) == 1
    assert "Beside" not in said(figure)[1]
    assert len(drawn([line("a", "lake", 10, 20)], {"lake": (10.0, 20.0)}).axes) == 3
