"""Figures of a study file: which rows they show, which files they read, what is refused."""

from pathlib import Path

import pytest
from origins import TWIN

from overheard.errors import ConfigError
from overheard.study import captions, config, figure_files, plan
from overheard.study.checking import check
from overheard.study.experiments import with_named
from overheard.study.layout import is_kept
from overheard.study.transfer import job_settings, row_files
from overheard.study.transfer.experiment import Experiment

ROOT = Path(__file__).parents[2]
EXPERIMENT = check(
    Experiment, {"study": "advance", "source": {"kind": "twin"}, "seeds": [0, 6], "split": {"folds": 5}}, "x"
)
FIGURE = {"title": "A", "caption": "B.", "draws": "f_score_by_method", "reads": ["scores"]}


def loaded(**figures):
    content = config.load_study(ROOT, EXPERIMENT.study).model_dump(exclude_defaults=True) | {"figures": figures}
    return with_named("x", Path("x"), EXPERIMENT, ROOT, config.check_study(content, "study"))


def test_files_are_those_of_its_rows_seeds_folds_and_table():
    of = loaded(
        one=FIGURE | {"blocks": [{"rows": ["scene", "late_fusion"], "columns": ["image+sound"]}]},
        two=FIGURE | {"table": "table3", "reads": ["statistics.comparisons", "split.splits", "media.index"]},
        three=FIGURE | {"blocks": [{"rows": ["scene"], "columns": ["sound"]}], "reads": ["train.history"]},
    )
    assert plan.figure_reads(of, "one") == {
        "scores": [
            f"{stage}/{method}/image+sound/seed-{seed}/scores.json"
            for stage, method in (("evaluate", "scene"), ("baselines", "late_fusion"))
            for seed in (0, 6)
        ]
    }
    assert plan.figure_reads(of, "two") == {
        "comparisons": ["statistics/table3.comparisons.csv"],
        "splits": ["media/fold-0/splits.csv", "media/fold-1/splits.csv"],
        "index": ["media/index.csv"],
    }
    assert plan.figure_reads(of, "three", absent=["scene/sound/seed-0"]) == {
        "history": ["train/scene/sound/seed-6/history.csv"]
    }
    assert figure_files.rows_reading(of.study, "train") == [("scene", "sound")]
    assert figure_files.rows_reading(of.study, "evaluate") == []


def test_maps_are_made_of_the_rows_that_figures_show_and_read_as_a_file_a_row():
    shown = {"blocks": [{"rows": ["scene", "scene+event"], "columns": ["image+sound"]}], "reads": ["maps.activations"]}
    of = loaded(one=FIGURE | shown | {"settings": {"pictures": 4}}, two=FIGURE | shown | {"reads": ["maps.pointing"]})
    jobs = [target.values for target in plan.targets(of) if target.stage == "maps"]
    assert jobs == [{"method": method, "modality": "image+sound"} for method in ("scene", "scene+event")]
    assert plan.figure_reads(of, "one", ["scene/image+sound/seed-0", "scene/image+sound/seed-6"]) == {
        "activations": ["maps/scene+event/image+sound/maps.npz"]
    }
    assert [target for target in plan.targets(loaded(one=FIGURE | {"table": "table2"})) if target.stage == "maps"] == []
    settings = job_settings.maps_settings(of.experiment, of.protocol, of.study, "scene", "image+sound")
    assert settings["pictures"] == 4
    assert {"flip", "brightness", "colour"}.isdisjoint(settings)


def test_maps_show_a_users_own_network_the_pictures_that_it_reads_as_stored_outputs():
    content = {"source": {"kind": "twin"}, "networks": {"image": {"name": "efficientnet_lite0", "frozen_blocks": 16}}}
    experiment = check(Experiment, content, "x")
    methods = loaded().study.methods
    expected = {"pictures": "features/images.npy", "picture_ids": "features/images.ids.csv"}
    assert row_files.row_pictures(experiment, methods["scene"], "image") == expected
    assert row_files.row_pictures(experiment, methods["scratch"], "image") == {}
    assert row_files.row_pictures(EXPERIMENT, methods["scene"], "image") == {}


def test_a_figure_without_rows_says_nothing_of_seeds_and_protocol():
    of = loaded(one=FIGURE | {"reads": ["media.statistics"], "settings": {"colour": "grey"}})
    spec = {"title": "A", "caption": "B."}
    assert captions.figure_settings(of, "one", []) == {
        "experiment": "x",
        "source": TWIN._asdict(),
        "spec": spec,
        "own": {"colour": "grey"},
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reads": ["media.statistic"]}, "found media.statistic; allowed: scores, predictions, draw.media"),
        ({"table": "table9"}, "figures.one.table: found table9; allowed: table2, table3"),
        ({"blocks": [{"rows": ["scratch"], "columns": ["image+sound"]}]}, "scratch/image.sound are in none of"),
        ({"table": "table2", "blocks": [{"rows": [], "columns": []}]}, "table, blocks: expected one of the two"),
        (
            {"reads": ["maps.pointing"], "blocks": [{"rows": ["scene"], "columns": ["image", "sound"]}]},
            "figures.one: rows scene/sound have no student that sees pictures",
        ),
        (
            {"reads": ["maps.pointing"], "blocks": [{"rows": ["late_fusion"], "columns": ["image+sound"]}]},
            "rows late_fusion/image.sound have no student",
        ),
        ({"reads": ["tables.csv"]}, "figures.one: reads what belongs to a table; name it under table"),
    ],
)
def test_figures_that_no_job_could_make_are_refused(changed, said):
    with pytest.raises(ConfigError, match=said):
        loaded(one=FIGURE | changed)


@pytest.mark.parametrize("figure", ["figure2", "figure3", "figure4", "figure5", "figure6"])
def test_figures_that_are_drawn_from_the_reference_read_only_what_it_has(figure):
    study = config.load_study(ROOT, EXPERIMENT.study)
    words = [word.split(".") for word in study.figures[figure].reads if word != "scores"]
    assert [word for word in words if not is_kept(*word)] == []
