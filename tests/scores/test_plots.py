"""What the figures draw: heights, points, whiskers, labels; never pixels."""

import subprocess
import sys

import pytest
import shown
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from origins import DIRECTORY, RECORD, TWIN

from overheard.errors import ConfigError
from overheard.scores.plots import class_statistics, f_score_by_method, style
from overheard.scores.plots.f_score_by_method import Bar, of_bars, places
from overheard.scores.plots.given import File, Settings
from overheard.scores.plots.style import math

STATISTICS = [
    {"class": "airport", "pairs": "185", "locations": "41"},
    {"class": "sports land", "pairs": "159", "locations": "30"},
    {"class": "price $5$ and $6", "pairs": "280", "locations": "280"},
]
BARS = [
    Bar("sound", "Sound", "L_s", (28.0, 29.0, 30.0), 29.0, 1.0, "29.00 ± 1.00"),
    Bar("image", "Image", "L_s", (72.0,), 72.0, None, "72.00 (1 of 3)"),
    Bar("image+sound", "Image + sound", "L_s", (73.0, 74.0, 75.0), 74.0, 1.0, "74.00 ± 1.00"),
    Bar("image+sound", "Image + sound", "L_s + L_KL on N_v+a", (70.0, 74.0, 75.0), 73.0, 2.6458, "73.00 ± 2.65"),
    Bar("image+sound", "Image + sound", "L_s + L_E", (), None, None, "left out"),
]


@pytest.fixture(autouse=True)
def _look():
    with style.styled():
        yield


def figure3(lines, source=TWIN):
    settings = Settings("trial", source._asdict(), {"title": "Pairs per class", "caption": "Counts."})
    return class_statistics.draw(settings, {"statistics": [File("statistics.csv", lines)]})


def widths(ax):
    return [patch.get_width() for patch in ax.patches if isinstance(patch, Rectangle)]


def seeds(ax):
    return [list(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"]


def whiskers(ax):
    return [tuple(c.get_segments()[0][:, 0]) for c in ax.collections if isinstance(c, LineCollection)]


def texts(figure):
    return {text.get_gid(): text.get_text() for text in figure.texts}


def test_figure3_draws_pairs_as_bars_and_locations_as_marks_largest_first():
    figure = figure3(STATISTICS)
    (ax,) = figure.axes
    assert widths(ax) == [280, 185, 159]
    assert [list(line.get_xdata()) for line in ax.lines] == [[280, 41, 30]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["price $5$ and $6", "airport", "sports land"]
    assert [text.get_text() for text in ax.texts] == ["280 (280)", "185 (41)", "159 (30)"]
    assert texts(figure)["title"] == "Pairs per class: 624 pairs of 3 classes, 351 locations"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["locations", "pairs"]


def test_figure6_draws_means_seeds_and_sample_std():
    figure = of_bars(BARS, "Methods", ["Percent."], TWIN)
    ax, closer = figure.axes
    assert widths(ax) == [29.0, 72.0, 74.0, 73.0]
    assert seeds(ax) == [[28.0, 29.0, 30.0], [72.0], [73.0, 74.0, 75.0], [70.0, 74.0, 75.0]]
    assert whiskers(ax) == [(28.0, 30.0), (73.0, 75.0), pytest.approx((70.3542, 75.6458))]
    assert ax.get_xlim() == (0.0, 80.0)
    assert seeds(closer) == [[73.0, 74.0, 75.0], [70.0, 74.0, 75.0]]
    assert closer.get_xlim()[0] < 70.0
    assert closer.get_xlim()[1] > 75.6458
    assert [text.get_text() for text in closer.texts] == [*(bar.text for bar in BARS), "mean ± std"]


def test_figure6_names_groups_and_methods_downwards():
    ax = of_bars(BARS, "Methods", ["Percent."], TWIN).axes[0]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    kl = r"$L_{s}$ + $L_{\mathrm{KL}}$ on $N_{v+a}$"
    group = ["Sound", "$L_{s}$", "Image", "$L_{s}$", "Image + sound", "$L_{s}$", kl, r"$L_{s}$ + $L_{\mathrm{E}}$"]
    assert labels == group
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    rows, headings = places(BARS)
    assert list(ax.get_yticks()) == sorted(rows + [place for place, _ in headings])


def test_figure6_without_two_rows_of_a_kind_or_without_any_run():
    (ax,) = of_bars(BARS[:2], "Methods", ["Percent."], TWIN).axes
    assert widths(ax) == [29.0, 72.0]
    (ax,) = of_bars(BARS[4:], "Methods", ["Percent."], TWIN).axes
    assert widths(ax) == []
    assert [text.get_text() for text in ax.texts] == ["left out", "mean"]


SPEC = {"title": "Methods", "blocks": [{"rows": ["scene", "scene+event"], "columns": ["sound", "image+sound"]}]}
COMPARED = {
    **{"row_a": "scene", "row_b": "scene+event", "metric": "f_score", "n": "2"},
    **{"seed_error": "1.0", "location_error": "1.0"},
}


def figure6_of_runs(lines, against="scene"):
    rows = [(row, column) for column in SPEC["blocks"][0]["columns"] for row in SPEC["blocks"][0]["rows"]]
    runs = [
        {"method": row, "modality": column, "seed": seed, "fold": seed, "n": 9, "classes": ["beach", "lake"]}
        | {"confusion": [[4, 1], [2, 2]], "f_score": 0.5, "precision": 0.5, "recall": 0.5}
        for row, column in rows
        for seed in (0, 1)
    ]
    settings = Settings(
        *("trial", TWIN._asdict(), SPEC, {"against": against} if against else None),
        protocol="corrected", columns=shown.COLUMNS, labels={"scene": "L_s", "scene+event": "L_s + L_E"}, seeds=[0, 1],
        left_out={}, remarks=[],
    )  # fmt: skip
    files = {"scores": [File("scores.json", run) for run in runs]}
    return f_score_by_method.draw(settings, files | {"comparisons": [File("figure6.comparisons.csv", lines)]})


def test_figure6_draws_differences_and_their_intervals_beside_the_bars():
    """comparisons.csv says b less a; what is held against is drawn with its sign turned where it is b."""
    one = COMPARED | {"column_a": "sound", "column_b": "sound", "covers": "both"}
    two = COMPARED | {"column_a": "image+sound", "column_b": "image+sound", "covers": "one seed: locations alone"}
    one |= {"difference": "-2.0", "location_low": "-4.5", "location_high": "0.5"}
    two |= {"difference": "3.0", "location_low": "1.0", "location_high": "5.0", "seed_error": ""}
    made = figure6_of_runs([one, two])
    panel = made.axes[-1]
    assert [list(line.get_xdata()) for line in panel.lines] == [[0, 0], [-4.5, 0.5], [-2.0], [3.0]]
    labels = {label.get_position()[1]: label.get_text() for label in made.axes[0].get_yticklabels()}
    assert {labels[line.get_ydata()[0]] for line in panel.lines[1:]} == {math("L_s + L_E")}
    assert panel.get_xlabel() == "minus $L_{s}$ (points)"
    said = " ".join(texts(made)["conditions"].split())
    assert "F-score less that of L_s on the same input, with the 95% interval over seeds and test locations" in said
    assert "No interval: one seed: locations alone." in said
    assert "none is corrected for there being 2" in said

    turned = figure6_of_runs([one, two], "scene+event").axes[-1]
    assert [list(line.get_xdata()) for line in turned.lines] == [[0, 0], [-0.5, 4.5], [2.0], [-3.0]]


def test_figure6_without_differences_has_no_panel_for_them():
    for made in (figure6_of_runs([]), figure6_of_runs([], against=None)):
        assert len(made.axes) == 2
        assert "Diamonds" not in texts(made)["conditions"]
    with pytest.raises(ConfigError, match=r"settings\.against: found scenes; allowed: scene, scene\+event"):
        figure6_of_runs([], "scenes")


@pytest.mark.parametrize(
    ("source", "badge"),
    [
        (TWIN, "SIMULATED TWIN – not ADVANCE"),
        (DIRECTORY, "OTHER PAIRS – not ADVANCE"),
        (RECORD, None),
    ],
)
def test_the_badge_says_whose_numbers_these_are(source, badge):
    assert texts(of_bars(BARS, "Methods", ["Percent."], source)).get("badge") == badge
    assert texts(figure3(STATISTICS, source)).get("badge") == badge


def test_places_are_rounded_so_that_the_solvers_last_bits_reach_no_file():
    made = of_bars(BARS, "Methods", ["Percent."], TWIN)
    made.supxlabel("below")
    made.draw_without_rendering()
    exact = [end for ax in made.axes for end in ax.get_position(original=True).bounds]
    assert any(round(end, 6) != end for end in exact)
    first = style.png([made])
    settled = [end for ax in made.axes for end in ax.get_position(original=True).bounds]
    assert settled == pytest.approx(exact, abs=1e-6)
    ends = [*settled, *(place for text in made.texts for place in text.get_position())]
    assert all(abs(round(end, 6) - end) < 1e-12 for end in ends)
    assert style.png([made]) == first


def test_no_text_is_clipped_or_covers_another():
    long = ["Experiment with_a_rather_long_name; source: words and more words."] * 8
    for figure in (of_bars(BARS, "Methods", long, TWIN), figure3(STATISTICS)):
        figure.canvas.draw()
        page = figure.bbox
        drawn = [*figure.texts, *(text for ax in figure.axes for text in [*ax.texts, *ax.get_yticklabels()])]
        boxes = [text.get_window_extent() for text in drawn if text.get_text() and text.get_visible()]
        assert all(page.x0 <= b.x0 and b.x1 <= page.x1 and page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)
        assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]


SCRIPT = """
import hashlib
from overheard.scores.origin import Origin
from overheard.scores.plots import style
from overheard.scores.plots.f_score_by_method import Bar, of_bars
bars = [Bar("image", "Image", "L_s + L_KL on N_v+a", (70.0, 71.5), 70.75, 1.06, "70.75 ± 1.06")]
with style.styled():
    made = of_bars(bars, "Methods äöü", ["Percent."], Origin("twin", "SIMULATED", "SIMULATED TWIN"))
    print(hashlib.sha256(style.png([made]) + style.pdf([made])).hexdigest())
"""


def test_bytes_are_equal_whatever_the_hash_seed_the_zone_and_the_users_settings(tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 31\naxes.facecolor: red\nsavefig.dpi: 20\n")
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for environment in (
            {"PYTHONHASHSEED": "1", "TZ": "UTC", "HOME": str(tmp_path)},
            {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "HOME": str(tmp_path), "MATPLOTLIBRC": str(tmp_path)},
        )
    }
    assert len(found) == 1
