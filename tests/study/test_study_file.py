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
