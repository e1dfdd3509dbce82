"""A study file: what it says of its metrics reaches its tables, and what no score has is refused."""

from pathlib import Path

import pytest

from overheard.errors import ConfigError
from overheard.study import captions, config
from overheard.study.checking import check
from overheard.study.experiments import with_named
from overheard.study.study_file import Study
from overheard.study.transfer.experiment import Experiment

ROOT = Path(__file__).parents[2]
EXPERIMENT = check(Experiment, {"source": {"kind": "twin"}}, "x")


def study(metrics, shown) -> Study:
    content = config.load_study(ROOT, EXPERIMENT.study).model_dump(exclude_defaults=True)
    content["tables"]["table2"]["metrics"] = shown
    return check(Study, content | {"metrics": content["metrics"] | metrics}, "s.yaml")


def test_a_table_is_told_label_and_decimals_of_what_it_shows_and_no_more():
    its = study({"accuracy": {"label": "Share known", "decimals": 1}}, ["accuracy", "f_score"])
    said = captions.table_settings(with_named("x", Path("x"), EXPERIMENT, ROOT, its), "table2", [])
    assert said["spec"]["metrics"] == ["accuracy", "f_score"]
    assert said["metrics"]["accuracy"] == {"label": "Share known", "decimals": 1, "says": None}
    assert set(said["metrics"]) == {"accuracy", "f_score"}


def test_what_is_no_score_is_refused_by_name():
    with pytest.raises(ConfigError, match="metrics: found kappa; allowed: precision, recall, f_score, accuracy"):
        study({"kappa": {"label": "Kappa", "decimals": 2}}, ["f_score"])
    with pytest.raises(ConfigError, match=r"tables\.table2\.metrics: found accuracy; allowed, as under metrics: prec"):
        study({}, ["accuracy"])
    with pytest.raises(ConfigError, match="decimals"):
        study({"accuracy": {"label": "Accuracy", "decimals": 9}}, ["accuracy"])


TAU = config.load_study(ROOT, "tau").model_dump(exclude_defaults=True)


def viewed(**changed):
    return config.check_study(TAU | changed, "s.yaml")


def test_a_column_of_pieces_shows_runs_of_clips_and_trains_nothing():
    its = viewed()
    assert {column for _, column in its.rows()} == {"clips"}
    assert ("late", "pieces") in its.shown()
    assert its.made(("late", "pieces")) == ("late", "clips")
    assert its.tested(("late", "pieces"), "scores").endswith("/pieces.json")
    assert its.tested(("late", "clips"), "predictions").endswith("/predictions.npz")


def test_what_no_test_writes_is_no_view():
    with pytest.raises(ConfigError, match="views: found seconds; allowed: pieces"):
        viewed(views={"seconds": "clips"})
    with pytest.raises(ConfigError, match="views: found pieces; expected a column with runs of its own"):
        viewed(views={"pieces": "pieces"})
    advance = config.load_study(ROOT, "advance").model_dump(exclude_defaults=True)
    columns = advance["columns"] | {"pieces": "Pieces"}
    with pytest.raises(ConfigError, match=r"s.yaml: views: found pieces; of this design clips alone are tested"):
        config.check_study(advance | {"columns": columns, "views": {"pieces": "image"}}, "s.yaml")


def test_clips_and_pieces_do_not_stand_in_one_table():
    both = TAU["tables"]["dcase1b"] | {"blocks": [{"rows": ["audio"], "columns": ["clips", "pieces"]}]}
    with pytest.raises(ConfigError, match=r"tables\.dcase1b: columns pieces stand in tables of their own"):
        viewed(tables=TAU["tables"] | {"dcase1b": both})
