"""Figures of runs: what of scores, histories and calibration they draw, leave out, and say of it."""

import numpy as np
import pytest
import shown
from matplotlib.collections import QuadMesh
from origins import TWIN
from sklearn.metrics import confusion_matrix, f1_score, recall_score

from overheard.errors import ConfigError, PairingError
from overheard.io.scored import run_scores
from overheard.scores import by_class
from overheard.scores.plots import class_differences, class_scores, confusion, curves, reliability, style
from overheard.scores.plots.given import File, NotDrawnError, Settings

CLASSES = ["beach", "forest", "lake"]
ROWS = {"scene": "L_s", "scene+kl_av": "L_s + L_KL on N_v+a", "scene+event": "L_s + L_E"}


@pytest.fixture(autouse=True)
def _look():
    with style.styled():
        yield


def said(method, seed, classes=CLASSES, empty=None):
    """Labels and what a run said of them."""
    rng = np.random.default_rng([len(method), seed])
    label = np.array([k for k in np.repeat(np.arange(len(classes)), 6) if k != empty])
    return label, np.where(rng.random(len(label)) < 0.7, label, rng.integers(len(classes), size=len(label)))


def run(method, seed, classes=CLASSES, empty=None):
    label, predicted = said(method, seed, classes, empty)
    its = {"method": method, "modality": "image+sound", "seed": seed, "fold": seed, "best_epoch": 1, "events": None}
    logits = np.eye(len(classes), dtype=np.float32)[predicted]
    name = f"evaluate/{method}/image+sound/seed-{seed}/scores.json"
    return File(name, run_scores(its, classes, label, logits))


def settings(*rows, seeds=(0, 1), **changed):
    asked = {
        "experiment": "mini",
        "source": TWIN._asdict(),
        "protocol": "corrected",
        "columns": shown.COLUMNS,
        "labels": ROWS,
        "seeds": list(seeds),
        "partial": False,
        "left_out": {},
        "remarks": [],
        "spec": {
            "title": "A title",
            "caption": "A caption.",
            "blocks": [{"rows": list(rows), "columns": ["image+sound"]}],
        },
    }
    return Settings(**asked | changed)


def conditions(figure):
    (text,) = [text.get_text() for text in figure.texts if text.get_gid() == "conditions"]
    return text.replace("\n", " ")


def runs(*rows, **of):
    return {"scores": [run(row, seed, **of) for row in rows for seed in (0, 1)]}


def test_confusions_are_summed_over_folds_and_divided_by_true_class():
    (page,) = confusion.draw(settings("scene", "scene+event"), runs("scene", "scene+event"))
    first = page.axes[0]
    drawn = next(each for each in first.collections if isinstance(each, QuadMesh)).get_array().reshape(3, 3)
    label, predicted = (np.concatenate(both) for both in zip(said("scene", 0), said("scene", 1), strict=True))
    np.testing.assert_allclose(drawn, confusion_matrix(label, predicted, normalize="true"))
    assert first.get_title(loc="left").startswith("$L_{s}$: ")
    assert [ax.axison for ax in page.axes] == [True, True]


def test_a_class_without_clips_has_an_empty_row():
    (page,) = confusion.draw(settings("scene"), runs("scene", empty=1))
    mesh = next(each for each in page.axes[0].collections if isinstance(each, QuadMesh)).get_array().reshape(3, 3)
    assert np.ma.getmaskarray(mesh)[1].all()
    assert not np.ma.getmaskarray(mesh)[[0, 2]].any()


def test_of_thirty_classes_each_row_has_a_page_and_no_text_leaves_it():
    many = [f"a scene with a rather long name, number {k}" for k in range(30)]
    pages = confusion.draw(settings("scene", "scene+event"), runs("scene", "scene+event", classes=many))
    pages += [class_differences.draw(settings("scene", "scene+event", own={"less": "scene"}),
                                     runs("scene", "scene+event", classes=many))]  # fmt: skip
    assert len(pages) == 3
    for page in pages:
        page.canvas.draw()
        # of differences the ticks across are numbers, of which some lie outside the axes and are not drawn
        both = page is not pages[-1]
        labels = [text for ax in page.axes for text in (*ax.get_yticklabels(), *(ax.get_xticklabels() if both else ()))]
        boxes = [text.get_window_extent() for text in labels if text.get_text()]
        assert all(page.bbox.x0 <= box.x0 and box.x1 <= page.bbox.x1 and page.bbox.y0 <= box.y0 for box in boxes)
        names = [text.get_text() for text in page.axes[0].get_yticklabels()]
        assert len(set(names)) == 30


def test_differences_by_class_are_scikit_learns_of_the_same_seed():
    rows = {seed: run("scene+event", seed).content for seed in (0, 1)}
    less = {seed: run("scene", seed).content for seed in (1, 2)}
    found = list(by_class.differences(rows, less))
    own, other = (f1_score(*said(method, 1), average=None, labels=[0, 1, 2]) for method in ("scene+event", "scene"))
    assert [(one.scene, one.seed) for one in found] == [(name, 1) for name in CLASSES]
    np.testing.assert_allclose([one.difference for one in found], 100 * (own - other))


def test_runs_that_were_not_tested_alike_are_not_compared():
    with pytest.raises(PairingError, match=r"scene\+event/image\+sound/seed-0: forest was not tested alike"):
        list(by_class.differences({0: run("scene+event", 0).content}, {0: run("scene", 0, empty=1).content}))


def test_a_panel_for_each_row_that_is_compared_with_seeds_as_points():
    page = class_differences.draw(settings(*ROWS, own={"less": "scene"}), runs(*ROWS))
    assert [ax.get_title(loc="left") for ax in page.axes] == [style.math(ROWS[row]) for row in list(ROWS)[1:]]
    rows, less = ({seed: run(row, seed).content for seed in (0, 1)} for row in ("scene+kl_av", "scene"))
    found = list(by_class.differences(rows, less))
    means = [np.mean([one.difference for one in found if one.scene == name]) for name in CLASSES]
    np.testing.assert_allclose([bar.get_width() for bar in page.axes[0].patches], means)
    drawn = sorted(x for points in page.axes[0].collections for x, _ in points.get_offsets())
    np.testing.assert_allclose(drawn, sorted(one.difference for one in found))
    assert "less that of L_s of the same seed" in conditions(page)


def test_a_class_without_clips_is_said_and_one_row_alone_is_not_drawn():
    page = class_differences.draw(settings("scene", "scene+event", own={"less": "scene"}),
                                  runs("scene", "scene+event", empty=1))  # fmt: skip
    assert "Without test clips: forest." in conditions(page)
    with pytest.raises(NotDrawnError, match=r"no two rows to compare, of which one is scene\."):
        class_differences.draw(settings("scene", own={"less": "scene"}), runs("scene"))


@pytest.mark.parametrize("draw", [confusion.draw, class_differences.draw, curves.draw, reliability.draw])
def test_where_all_rows_are_left_out_the_reason_is_said(draw):
    asked = settings("scene", own={"less": "scene"}, left_out={"scene|image+sound": "no tagger here"})
    with pytest.raises(NotDrawnError, match=r"Left out, because no tagger here: L_s \(image\+sound\)"):
        draw(asked, {})


@pytest.mark.parametrize("draw", [confusion.draw, class_differences.draw])
def test_a_missing_run_is_named(draw):
    with pytest.raises(PairingError, match=r"scene/image\+sound/seed-1"):
        draw(settings("scene"), {"scores": [run("scene", 0)]})


def history(method, seed, epochs=3, first=1):
    lines = [
        {"epoch": str(epoch), "loss_scene": str(1 / max(epoch, 1) + seed), "val_scene_loss": str(2.0 + seed),
         "val_f_score": str(0.1 * epoch)} for epoch in range(first, first + epochs)
    ]  # fmt: skip
    return File(f"results/mini/train/{method}/image+sound/seed-{seed}/history.csv", lines)


def test_curves_are_means_over_seeds_with_a_band_of_one_deviation():
    page = curves.draw(settings("scene"), {"history": [history("scene", 0), history("scene", 1)]})
    training, validation, scores = page.axes
    np.testing.assert_allclose(training.lines[0].get_ydata(), [1.5, 1.0, 1 / 3 + 0.5])
    band = validation.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((2.5 - np.sqrt(0.5), 2.5 + np.sqrt(0.5)))
    np.testing.assert_allclose(scores.lines[0].get_ydata(), [10, 20, 30])
    assert [text.get_text() for text in page.legends[0].get_texts()] == ["$L_{s}$"]
    assert "shortest run" not in conditions(page)


def test_curves_end_with_the_shortest_run_and_say_what_is_missing():
    files = {"history": [history("scene", 0), history("scene", 1, epochs=2), history("scene+event", 0)]}
    page = curves.draw(settings("scene", "scene+event", partial=True), files)
    said = conditions(page)
    assert "A curve ends with the last epoch of its shortest run" in said
    assert [len(line.get_ydata()) for line in page.axes[0].lines[:2]] == [2, 3]
    assert "Fewer seeds than asked, 1 of 2: L_s + L_E (image+sound)" in said


def test_a_student_that_is_tested_as_it_starts_has_no_curve():
    with pytest.raises(NotDrawnError):
        curves.draw(settings("scene"), {"history": [history("scene", 0, epochs=1, first=0)]})


def test_reliability_draws_accuracy_over_confidence_and_the_share_of_clips():
    row = {"method": "scene", "modality": "image+sound"}
    bins = [
        row | {"low": "0.0", "high": "0.5", "clips": "0", "confidence": "", "accuracy": ""},
        row | {"low": "0.5", "high": "1.0", "clips": "8", "confidence": "0.8", "accuracy": "0.5"},
    ]
    runs = [row | {"seed": str(seed), "fold": str(seed), "clips": "4", "error": error}
            for seed, error in ((0, "0.2"), (1, "0.4"))]  # fmt: skip
    page = reliability.draw(settings("scene"), {"bins": [File("b", bins)], "calibration": [File("c", runs)]})
    ax = page.axes[0]
    assert ax.get_title(loc="left") == "$L_{s}$\nECE 30.00 ± 14.14 %"
    assert [patch.get_height() for patch in ax.patches] == [0, 1]
    (points,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert points.get_xydata().tolist() == [[0.8, 0.5]]
    assert "8 test clips in 2 folds" in conditions(page)


INDEX = [
    {"id": f"{name}-{place}", "class": name, "location": f"{name}-{place // 2}"}
    for name in CLASSES
    for place in range(8)
]
SPLITS = [
    [{"id": line["id"], "split": "test" if line["id"][-1] in tested else "train"} for line in INDEX]
    for tested in ("01", "123")
]


def of_scenes(*rows, metric="accuracy", **of):
    files = runs(*rows, **of) | {"index": [File("index.csv", INDEX)]}
    return files | {"splits": [File(f"fold-{fold}/splits.csv", its) for fold, its in enumerate(SPLITS)]}


def test_accuracy_of_each_class_is_scikit_learns_and_stands_above_its_test_locations():
    rows = ("scene", "scene+event")
    page = class_scores.draw(settings(*rows, own={"metric": "accuracy"}), of_scenes(*rows))
    (ax,) = page.axes
    for bars, points, row in zip(ax.containers, ax.lines, rows, strict=True):
        each = np.array([100 * recall_score(*said(row, seed), average=None) for seed in (0, 1)])
        np.testing.assert_allclose([bar.get_width() for bar in bars], each.mean(axis=0))
        np.testing.assert_allclose(points.get_xdata(), each.T.ravel())
    # clips 0 and 1 are of one place, 2 and 3 of another, and both folds test the first
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [f"{name}\n2 test locations" for name in CLASSES]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["$L_{s}$", r"$L_{s}$ + $L_{\mathrm{E}}$"]


def test_a_class_that_a_fold_does_not_test_has_fewer_points_and_other_scores_are_refused():
    files = of_scenes("scene", empty=1)
    points = class_scores.draw(settings("scene", own={"metric": "accuracy"}), files).axes[0].lines[0]
    assert len(points.get_xdata()) == 4
    with pytest.raises(ConfigError, match="found kappa; allowed: f_score, accuracy, log_loss"):
        class_scores.draw(settings("scene", own={"metric": "kappa"}), files)
    with pytest.raises(PairingError, match="seed-0: log_loss is None"):
        class_scores.draw(settings("scene", own={"metric": "log_loss"}), files)
    with pytest.raises(NotDrawnError):
        class_scores.draw(settings("scene", own={"metric": "accuracy"}, partial=True), of_scenes())
