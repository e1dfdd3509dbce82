"""Figures 1 and 7 and the pointing game: which pictures, maps, numbers and words stand on the pages; never pixels."""

import io

import numpy as np
import pytest
import shown
from matplotlib import colormaps
from matplotlib.colors import to_hex
from origins import TWIN
from PIL import Image

from overheard.scores.plots import activations, pointing, style
from overheard.scores.plots.given import File, NotDrawnError, Settings

LABELS = {
    "scene": "L_s",
    "scene+event": "L_s + L_E",
    "long": "Of a method that somebody called by a very long name_indeed",
}
CLASSES = [f"class {k:02d}" for k in range(5)]


@pytest.fixture(autouse=True)
def _look():
    with style.styled():
        yield


def settings_of(rows, own=None, **changes):
    blocks = [{"rows": [row], "columns": [column]} for row, column in rows]
    spec = {"title": "Maps", "caption": "Of some.", "blocks": blocks}
    asked = {
        "protocol": "corrected",
        "columns": shown.COLUMNS,
        "labels": LABELS,
        "seeds": [0, 1],
        "partial": False,
        "left_out": {},
        "remarks": [],
    }
    return Settings("trial", TWIN._asdict(), spec, own, **asked | changes)


def maps_of(method="scene", modality="image", seed=0, classes=CLASSES, each=3, without=(), masked=True):
    """What the stage keeps: `each` clips of every class but those in `without`."""
    there = [name for name in classes if name not in without]
    rng = np.random.default_rng(len(method))
    n = each * len(there)
    mask = np.zeros((n, 256, 256), bool)
    mask[:, 64:128, 64:128] = masked
    return {
        "method": np.array(method),
        "modality": np.array(modality),
        "seed": np.array(seed),
        "middle": np.array(0.5),
        "classes": np.array(classes),
        "id": np.array([f"{name[-6:]}-{k}" for name in there for k in range(each)]),
        "class": np.repeat(there, each),
        "map": rng.random((n, 4, 4)).astype(np.float32),
        "probability": np.linspace(0, 1, n).astype(np.float32),
        "picture": rng.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8),
        "mask": mask,
    }


def drawn(settings, *kept):
    return activations.draw(settings, {"activations": [File(f"{k}.npz", one) for k, one in enumerate(kept)]})


def said(figure):
    return next(text.get_text() for text in figure.texts if text.get_gid() == "conditions").replace("\n", " ")


def written(figure):
    return [text.get_text() for text in figure.axes[0].texts]


TWO = [("scene", "image"), ("scene+event", "image+sound")]


def test_a_page_for_each_class_with_its_pictures_as_rows_and_methods_as_columns():
    first, second = maps_of(), maps_of("scene+event", "image+sound")
    pages = drawn(settings_of(TWO, {"pictures": 2}), second, first)
    assert len(pages) == 5
    assert [written(page)[0] for page in pages] == CLASSES
    (ax,) = pages[1].axes
    assert len(ax.images) == 2 * 3
    assert written(pages[1])[1:4] == ["Picture", "$L_{s}$\nImage", "$L_{s}$ + $L_{\\mathrm{E}}$\nImage + sound"]
    # clips 3 and 4 of 15, of each method
    shown = [text for text in written(pages[1]) if text.startswith("p = ")]
    assert shown == ["p = 0.21", "p = 0.21", "p = 0.29", "p = 0.29"]
    assert [text for text in written(pages[1]) if text.startswith("ass")] == ["ass 01-0", "ass 01-1"]
    assert "each of its first 2 locations, whatever the maps show." in said(pages[1])
    # columns in the order of the study, whatever the files' order
    np.testing.assert_array_equal(
        ax.images[1].get_array(), activations.overlaid(first["picture"][3], first["map"][3], 0.5)
    )
    np.testing.assert_array_equal(
        ax.images[2].get_array(), activations.overlaid(second["picture"][3], second["map"][3], 0.5)
    )


def test_one_page_of_some_classes_taken_evenly():
    (page,) = drawn(settings_of(TWO[:1], {"classes": 3, "pictures": 1}), maps_of())
    assert [text for text in written(page) if "class" in text] == [f"class 0{k}\nass 0{k}-0" for k in (0, 2, 4)]
    assert "of its first location, whatever" in said(page)
    (page,) = drawn(settings_of(TWO[:1], {"classes": 9, "pictures": 1}), maps_of())
    assert len(page.axes[0].images) == 5 * 2


def test_a_map_is_dark_where_it_is_least_and_bright_where_it_is_greatest():
    activation = np.array([[0.0, 1.0], [1.0, 4.0]], np.float32)
    shown = activations.overlaid(np.full((64, 64, 3), 128, np.uint8), activation, 0.5)
    luminance = shown @ [0.299, 0.587, 0.114]
    assert shown.shape == (256, 256, 3)
    assert np.unravel_index(luminance.argmax(), luminance.shape) >= (191, 191)
    assert luminance[0, 0] == luminance.min()
    # of a map without any difference nothing is bright
    flat = activations.overlaid(np.full((64, 64, 3), 128, np.uint8), np.full((2, 2), 3.0, np.float32), 0.5)
    np.testing.assert_allclose(flat, np.broadcast_to(shown[0, 0], flat.shape))


def test_a_map_is_enlarged_bilinearly_around_the_middles_of_its_fields():
    """By numpy: between two middles in a straight line, beyond the last of them as it is there."""
    activation = np.random.default_rng(0).random((4, 3)).astype(np.float32)
    dark = np.zeros((64, 64, 3), np.uint8)
    at_centres = activations.overlaid(dark, activation, 0.5)
    ranks = np.unique(at_centres.reshape(-1, 3), axis=0)
    assert len(ranks) > 100
    for middle in (0.125, 0.984):
        scaled = (activation - activation.min()) / np.ptp(activation)
        pixels = np.arange(256) + 0.5
        along = [
            np.array([np.interp(pixels, (np.arange(n) + middle) * 256 / n, one) for one in np.eye(n)]) for n in (4, 3)
        ]
        expected = colormaps["cividis"](along[0].T @ scaled @ along[1])[:, :, :3]
        shown = activations.overlaid(dark, activation, middle)
        assert np.abs(shown - shown.min() - 0.68 * (expected - expected.min())).max() < 0.01


def test_the_cross_stands_where_the_map_points_and_only_where_objects_are_known():
    kept = maps_of(classes=CLASSES[:1], each=1)
    kept["map"][0] = 0
    kept["map"][0, 1, 3] = 1
    (page,) = drawn(settings_of(TWO[:1]), kept)
    (ax,) = page.axes
    (cross,) = ax.lines
    left, right, below, above = ax.images[1].get_extent()
    assert cross.get_xdata()[0] == pytest.approx(left + (right - left) * 224 / 256)
    assert cross.get_ydata()[0] == pytest.approx(above + (below - above) * 96 / 256)
    (page,) = drawn(settings_of(TWO[:1]), kept | {"middle": np.array(0.125)})
    (cross,) = page.axes[0].lines
    assert cross.get_xdata()[0] == pytest.approx(left + (right - left) * 200 / 256)
    assert cross.get_ydata()[0] == pytest.approx(above + (below - above) * 72 / 256)
    assert "Outline" in said(page)
    assert len(ax.collections) == 2  # of the picture and of the map
    (page,) = drawn(settings_of(TWO[:1]), maps_of(classes=CLASSES[:1], each=1, masked=False))
    assert (len(page.axes[0].lines), len(page.axes[0].collections), "Outline" in said(page)) == (0, 0, False)


def test_no_outline_where_the_mask_covers_over_half():
    kept = maps_of(classes=CLASSES[:1], each=1)
    kept["mask"][0, :, :129] = True
    (page,) = drawn(settings_of(TWO[:1]), kept)
    assert (len(page.axes[0].lines), len(page.axes[0].collections)) == (1, 0)


def test_missing_runs_are_named_and_others_drawn():
    left_out = {"long|image": "no tagger"}
    rows = [*TWO, ("long", "image")]
    pages = drawn(settings_of(rows, left_out=left_out), maps_of(), maps_of("scene+event", "image+sound", seed=1))
    assert "No run of seed 0: L_s + L_E (image + sound)." in said(pages[0])
    assert "Left out, because no tagger: Of a method that somebody" in said(pages[0])
    assert len(pages[0].axes[0].images) == 2
    # where seed 0 is missing of all, the next is shown
    (page, *_) = drawn(settings_of(rows), maps_of(seed=1))
    assert "test clips of seed 1;" in said(page)
    assert "No run of seed 1: L_s + L_E (image + sound); Of a method" in said(page)


def test_without_any_run_one_line_says_so():
    with pytest.raises(NotDrawnError, match=r"^No run: L_s \(image\); L_s \+ L_E \(image \+ sound\)\.$"):
        drawn(settings_of(TWO))


def test_a_class_without_a_clip_is_named_and_left_out():
    pages = drawn(settings_of(TWO[:1]), maps_of(without=["class 01", "class 03"]))
    assert len(pages) == 3
    assert "No test clip of seed 0, so not shown: class 01, class 03." in said(pages[0])


@pytest.mark.parametrize("own", [{"pictures": 2}, {"classes": 6, "pictures": 1}])
def test_thirty_classes_and_methods_with_long_names_stay_inside_and_apart(own):
    classes = [f"areas_of_{'very_' * 5}long and winding names, number {k:02d}" for k in range(30)]
    rows = [("long", "image"), ("scene", "image"), ("long", "image+sound"), ("scene+event", "image+sound")]
    kept = [maps_of(*row, classes=classes, each=2) for row in rows]
    pages = drawn(settings_of(rows, own), *kept)
    assert len(pages) == (30 if "classes" not in own else 1)
    page = pages[0]
    page.canvas.draw()
    boxes = [text.get_window_extent() for text in [*page.texts, *page.axes[0].texts] if text.get_text()]
    boxes += [image.get_window_extent() for image in page.axes[0].images]
    whole = page.bbox
    assert all(whole.x0 <= b.x0 and b.x1 <= whole.x1 and whole.y0 <= b.y0 and b.y1 <= whole.y1 for b in boxes)
    assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


def line(method="scene", modality="image", seed=0, score="50.0", scored="8"):
    known = {"pointing": score, "area": "20.0", "centre": "40.0", "within_reach": "90.0"}
    blind = known if score else dict.fromkeys(known, "")
    counts = {"clips": "12", "unmarked": "0", "empty": "1", "over_half": "3", "scored": scored}
    return {"method": method, "modality": modality, "seed": str(seed), "fold": "0"} | counts | blind


def game(settings, *lines):
    return pointing.draw(settings, {"pointing": [File("pointing.csv", list(lines))]})


def test_the_game_shows_means_seeds_and_what_points_blindly():
    figure = game(
        settings_of(TWO), line(), line(seed=1, score="60.0"), line("scene+event", "image+sound"),
        line("scene+event", "image+sound", 1, "54.0"),
    )  # fmt: skip
    (ax,) = figure.axes
    assert [patch.get_width() for patch in ax.patches] == [55.0, 52.0]
    assert [to_hex(patch.get_facecolor(), False) for patch in ax.patches] == [
        style.COLOURS[name].lower() for name in ("image", "image+sound")
    ]
    of = {mark: [list(line.get_xdata()) for line in ax.lines if line.get_marker() == mark] for mark in "o|D>"}
    assert of == {"o": [[50.0, 60.0], [50.0, 54.0]], "|": [[20.0]] * 2, "D": [[40.0]] * 2, ">": [[90.0]] * 2}
    assert [text.get_text() for text in ax.texts] == [
        "55.00 ± 7.07; above area +35.00",
        "52.00 ± 2.83; above area +32.00",
    ]
    words = said(figure)
    assert "Percent of 16 test pictures" in words
    assert "of 24 pictures left out: 2 whose mask is empty, 6 whose mask covers over half." in words
    assert "n = 2 seeds (0, 1)" in words


def test_the_game_names_missing_seeds_and_rows_and_takes_a_single_method():
    figure = game(settings_of(TWO, left_out={"scene+event|image+sound": "no tagger"}), line())
    assert "No run of seed 1: L_s, image." in said(figure)
    assert "Left out, because no tagger: L_s + L_E, image + sound." in said(figure)
    assert [text.get_text() for text in figure.axes[0].texts] == ["50.00; above area +30.00"]


def test_the_game_without_masks_or_runs_is_one_line():
    with pytest.raises(NotDrawnError, match="no test picture has a mask"):
        game(settings_of(TWO), line(score="", scored="0"))
    with pytest.raises(NotDrawnError, match=r"No run of seed 0, 1: L_s, image; L_s \+ L_E, image \+ sound"):
        game(settings_of(TWO))


def test_no_word_of_the_game_is_cut_off():
    rows = [("long", "image"), ("scene", "image"), ("long", "image+sound")]
    figure = game(settings_of(rows), *(line(*row, seed) for row in rows for seed in (0, 1)))
    figure.canvas.draw()
    (ax,) = figure.axes
    drawn = [*figure.texts, *ax.texts, *ax.get_yticklabels(), *ax.get_legend().get_texts()]
    boxes = [text.get_window_extent() for text in drawn if text.get_text()]
    page = figure.bbox
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 and page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)
    assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


def test_pages_as_one_picture_stand_below_each_other():
    pages = drawn(settings_of(TWO[:1]), maps_of(classes=CLASSES[:2], each=1))
    whole = Image.open(io.BytesIO(style.png(pages)))
    single = [Image.open(io.BytesIO(style.png([page]))).convert("RGB") for page in pages]
    assert whole.size == (single[0].width, sum(one.height for one in single))
    np.testing.assert_array_equal(np.asarray(whole), np.concatenate([np.asarray(one) for one in single]))
