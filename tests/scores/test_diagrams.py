"""Figures 2 and 5: what their boxes say and which of them there are; that no text leaves its box."""

import copy

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from origins import TWIN

from overheard.errors import ConfigError
from overheard.scores.plots import boxes, data_diagram, method_diagram, style
from overheard.scores.plots.given import File, NotDrawnError, Settings

NETWORK = {"name": "small", "shape": [3, 64, 64], "start": "pre-trained", "frozen_blocks": 0}
METHOD = {
    "networks": {"image": NETWORK, "sound": NETWORK | {"name": "mn04", "start": "given weights", "frozen_blocks": 13}},
    "events": 521,
    "prior": {"prior_clips": "training_locations"},
    "relevance": {"relevance_vector": "gram_eigenvector"},
    "methods": [
        {"label": "L_s", "reads": ["encoders"], "head": None, "uses": {}},
        {"label": "L_s + L_KL on N_a", "reads": ["encoders", "logits"], "head": "sound", "uses": {"alpha": 0.3}},
        {
            "label": "L_SQ on N_v+a",
            "reads": ["encoders", "logits"],
            "head": "joint",
            "uses": {"squared_target": "logits"},
        },
        {
            **{"label": "L_s + L_E", "reads": ["encoders", "logits", "prior", "relevance"], "head": None},
            **{"uses": {"alpha": 0.3, "beta": 0.07}},
        },
    ],
}
DATA = {
    "source": {"kind": "twin", "world": 3, "bands": [2, 1, 0]},
    "pretrained": ["scenes"],
    "split": {"fractions": [0.7, 0.1, 0.2], "folds": 5, "split_unit": "rounded_locations"},
    "front_ends": {
        "image": {"front_end": "images", "shape": [3, 64, 64]},
        "sound": {"front_end": "paper", "shape": [1, 100, 64], "rate_hz": 16000},
    },
}
COUNTS = [
    {"class": "lake", "pairs": "30", "locations": "6"},
    {"class": "forest", "pairs": "80", "locations": "80"},
    {"class": "beach", "pairs": "30", "locations": "7"},
]
FOLDS = [["train"] * 7 + ["val"] * 1 + ["test"] * 2, ["train"] * 6 + ["val"] * 1 + ["test"] * 3]


@pytest.fixture(autouse=True)
def _look():
    with style.styled():
        yield


def method_figure(counts=COUNTS, **changed):
    settings = Settings(
        "trial", TWIN._asdict(), {"title": "Methods"}, configuration=METHOD | changed, protocol="corrected"
    )
    return method_diagram.draw(settings, {"statistics": [File("statistics.csv", counts)]})


def data_figure(counts=COUNTS, folds=FOLDS, own=False, pairs=True):
    files = {"statistics": [File("statistics.csv", counts)]}
    splits = [[{"id": str(k), "split": word, "fold": "" if own else "0"} for k, word in enumerate(of)] for of in folds]
    files["splits"] = [File("splits.csv", lines) for lines in splits]
    if pairs:
        names = np.array([line["class"] for line in counts])
        arrays = {"image": np.zeros((len(names), 8, 8, 3), np.uint8), "sound": np.zeros((len(names), 9, 4), np.float16)}
        files["pairs"] = [File("pairs.npz", {"class": names, **arrays})]
    return data_diagram.draw(Settings("trial", TWIN._asdict(), {"title": "Data"}, configuration=DATA), files)


def said(figure):
    """The lines of all boxes, one after the other."""
    return [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "box"]


def boxed(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]


def arrows(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def assert_text_stays_inside(figure):
    figure.draw_without_rendering()
    edges = [patch.get_window_extent() for patch in boxed(figure)]
    for text in (one for one in figure.axes[0].texts if one.get_gid() == "box"):
        box = text.get_window_extent()
        assert any(
            edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1 for edge in edges
        )
    assert all(edge.y0 >= 0 and edge.x1 <= figure.bbox.width for edge in edges)
    assert not [1 for k, one in enumerate(edges) for other in edges[:k] if one.overlaps(other)]


def test_figure5_says_what_the_configuration_says():
    figure = method_figure()
    lines = said(figure)
    for line in (
        "alpha: 0.3; beta: 0.07",
        "squared target: logits",
        "521 events",
        "3 scenes",
        "lower 13 blocks",
    ):
        assert line in lines, line
    labels = [style.math(method["label"]) for method in METHOD["methods"]]
    assert [line for line in lines if line in labels] == [labels[1], labels[2], labels[0], labels[3]], (
        "by head, downwards"
    )
    # 3 dashed: the teacher's events, the prior, d_k
    assert [patch.get_linestyle() for patch in boxed(figure)].count("--") == 3
    # into losses: own head 4, scene head beside one event head 1, events 3, prior 1, d_k 1; into prior and d_k 2;
    # networks: media 2, joint 2, heads 3
    assert len(arrows(figure)) == 4 + 1 + 3 + 1 + 1 + 2 + 2 + 2 + 3
    assert_text_stays_inside(figure)


def test_figure5_has_no_box_for_what_no_method_reads():
    figure = method_figure(methods=METHOD["methods"][:1])
    assert [patch.get_linestyle() for patch in boxed(figure)].count("--") == 0
    assert not [line for line in said(figure) if "events" in line]
    assert_text_stays_inside(figure)
    taught = method_figure(methods=METHOD["methods"][:2])
    assert [patch.get_linestyle() for patch in boxed(taught)].count("--") == 1
    assert_text_stays_inside(taught)


def test_figure5_of_many_methods_with_long_labels_stays_readable():
    many = [copy.deepcopy(METHOD["methods"][k % 4]) for k in range(14)]
    for number, method in enumerate(many):
        method["label"] = f"{method['label']}, number {number} of a long and tiresome row of methods"
    assert_text_stays_inside(method_figure(methods=many))


def test_figure5_says_why_it_is_not_drawn():
    with pytest.raises(NotDrawnError, match="every method of it is left out"):
        method_figure(methods=[])
    with pytest.raises(ConfigError, match="expected `configuration: method`"):
        method_diagram.draw(Settings("trial", TWIN._asdict(), {"title": "Methods"}), {})


def test_figure2_says_what_configuration_and_files_say():
    figure = data_figure()
    lines = said(figure)
    assert lines[:3] == ["source: twin", "world: 3; bands: 2, 1, 0", "scenes"]
    place = lines.index("140 pairs")
    assert lines[place + 1 : place + 5] == [
        "3 classes, 93 locations",
        "forest: 80 (80)",
        "beach: 30 (7)",
        "lake: 30 (6)",
    ]
    place = lines.index("train")
    assert lines[place : place + 9] == [
        *("train", "70% of locations", "6 to 7 pairs", "val", "10% of locations", "1 pairs"),
        *("test", "20% of locations", "2 to 3 pairs"),
    ]
    assert "from 16 kHz" in lines
    assert len([ax for ax in figure.axes[0].child_axes]) == 6
    assert_text_stays_inside(figure)


def test_figure2_of_the_datas_own_split_says_no_fractions():
    lines = said(data_figure(folds=FOLDS[:1], own=True))
    assert not [line for line in lines if "%" in line or "folds" in line]
    assert lines[lines.index("train") + 1] == "7 pairs"
    assert "as the data's own" in lines


def test_figure2_of_thirty_classes_with_long_names_stays_readable():
    counts = [
        {"class": f"{k:02d} scenes of a very long kind seen from above", "pairs": str(k + 1), "locations": "1"}
        for k in range(30)
    ]
    figure = data_figure(counts)
    assert {"29 scenes of a very…: 30 (1)", "and 16 more classes"} <= set(said(figure))
    assert_text_stays_inside(figure)
    assert_text_stays_inside(data_figure(COUNTS[:1], pairs=False))
    with pytest.raises(ConfigError, match="expected `configuration: data`"):
        data_diagram.draw(Settings("trial", TWIN._asdict(), {"title": "Data"}), {})


def test_boxes_fill_a_height_without_overlap():
    placed = boxes.stacked(0, 1, 3.0, [["one"], ["two", "lines"], ["three"]])
    ends = [end for its in placed for end in (its.y + its.height / 2, its.y - its.height / 2)]
    assert ends == sorted(ends, reverse=True)
    assert (3.0 - ends[0], ends[-1]) == pytest.approx((ends[1] - ends[2]) / 2 * np.ones(2))
