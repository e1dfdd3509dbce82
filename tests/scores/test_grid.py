"""Grids of settings with validation scores."""

import statistics

from origins import TWIN

from overheard.scores.grid import best, columns, csv_line, markdown, point
from overheard.scores.plots import style
from overheard.scores.plots.heat_map import heat_maps

ROWS = [("scene", "image"), ("scene+event", "image")]
SCORES = {(0.1, 0): [50, 52], (0.1, 1): [60, 61], (1, 0): [40, 40], (1, 1): [60, 61]}
POINTS = [
    point({"alpha": alpha, "beta": beta}, row, [value + place for value in values], f"x-{alpha}-{beta}")
    for place, row in enumerate(ROWS)
    for (alpha, beta), values in SCORES.items()
    if (place, alpha, beta) != (0, 1, 0)
]


def test_the_best_point_is_the_first_of_the_highest_mean():
    assert {row: one.said for row, one in best(POINTS).items()} == dict.fromkeys(ROWS, "alpha = 0.1, beta = 1")


def test_means_and_deviations_over_seeds():
    assert (POINTS[0].mean, POINTS[0].std) == (51, statistics.stdev([50, 52]))
    line = csv_line(POINTS[0])
    assert set(line) == set(columns(POINTS))
    assert (line["alpha"], line["mean"], line["std"], line["seeds"]) == ("0.1", "51.0000", "1.4142", "2")
    assert csv_line(point({"alpha": 1}, ROWS[0], [50], "x"))["std"] == ""


def test_the_table_has_a_line_a_point_and_says_what_was_not_reached():
    text = markdown("t", ["Said."], POINTS)
    assert "| alpha = 0.1, beta = 1 | **60.50 ± 0.71** | **61.50 ± 0.71** |" in text
    assert "| alpha = 1, beta = 0 | not reached | 41.00 ± 0.00 |" in text
    assert "| alpha = 1, beta = 1 | 60.50 ± 0.71 | 61.50 ± 0.71 |" in text


def test_a_heat_map_shows_every_measured_cell():
    with style.styled():
        made = heat_maps(POINTS, "t", ["Said."], TWIN)
        style.png([made])
    shown = [sorted(text.get_text() for text in ax.texts) for ax in made.axes]
    assert shown == [["51.0", "60.5", "60.5"], ["41.0", "52.0", "61.5", "61.5"]]
    frames = [(patch.get_x(), patch.get_y()) for ax in made.axes for patch in ax.patches]
    assert frames == [(1.0, 0.0), (1.0, 0.0)]
