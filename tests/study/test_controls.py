"""Which experiments the controls are: rows, seeds, trainings, and what they leave alike."""

from pathlib import Path

import pytest

from overheard.errors import ConfigError
from overheard.study import checking, plan
from overheard.study.experiments import load
from overheard.study.study_file import Study
from overheard.study.transfer import controls, job_settings
from overheard.study.yaml_file import read_yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def loaded(monkeypatch):
    monkeypatch.chdir(ROOT)
    return load("controls")


def planned(loaded, seeds=None):
    return controls.planned(loaded, read_yaml(loaded.path), ROOT, seeds)


def test_every_control_is_an_ordinary_experiment_of_the_seeds_that_the_power_asks_for(loaded):
    made = planned(loaded)
    assert made.seeds == made.needed == 15
    assert made.base.loaded.name == "controls-coupling-default"
    assert made.all[0] is made.base
    assert len({one.loaded.name for one in made.all}) == len(made.all) == 18
    for one in made.all:
        assert one.loaded.experiment.seeds == list(range(15))
        assert one.loaded.study.study == one.loaded.name == one.content["study"]
        assert set(one.loaded.study.trained()) == set(one.rows)
    assert planned(loaded, 10).base.loaded.experiment.seeds == list(range(10))


def test_a_controls_base_is_the_default_study_and_others_change_what_they_say_alone(loaded):
    made, twin = planned(loaded), load("twin")
    base = made.base.loaded.experiment
    assert base.model_copy(update={"seeds": [], "study": ""}) == twin.experiment.model_copy(
        update={"seeds": [], "study": ""}
    )
    for one in made.all:
        found = one.loaded.experiment.model_dump() | {"study": "", "seeds": []}
        expected = base.model_dump() | {"study": "", "seeds": []}
        for key, value in one.change.items():
            section, _, name = key.partition(".")
            expected[section] |= {name: value}
        assert found == expected


def test_rows_are_trained_once_and_degraded_tests_train_none(loaded):
    made = planned(loaded)
    # base 5; coupling 0: 2, 0.9: 4; equal, permuted, within-class, across: scene+event of 2 columns each;
    # noisy labels 4; telling 4, with a permuted prior event1 of 2
    assert controls.trainings(made.all) == 15 * (5 + 2 + 4 + 4 * 2 + 4 + 4 + 2)
    assert controls.trainings(made.degraded) == controls.trainings([made.base])
    rows = {one.base: one.rows for one in made.degraded}
    assert ("scene", "image") not in rows["image-zeroed"]
    assert ("scene", "image") in rows["image-dark"]
    assert rows["sound-noisy"] == (("scene", "sound"), ("scene", "image+sound"), ("scene+event", "image+sound"))
    for one in made.degraded:
        for row in one.rows:
            method = one.loaded.study.methods[row[0]]
            its, base = one.loaded.experiment, made.base.loaded.experiment
            of = one.base.split("-")[0]
            tests = [job_settings.evaluate_settings(at, one.loaded.protocol, method, row[1]) for at in (base, its)]
            assert tests[1] == tests[0] | {f"test_{of}": one.base.split("-")[1]}
            trained = [job_settings.train_settings(at, one.loaded.protocol, method, row[1]) for at in (base, its)]
            assert trained[0] == trained[1]


def test_a_row_that_hears_nothing_is_tested_as_before_where_sounds_are_degraded(loaded):
    made = planned(loaded)
    noisy = next(one for one in made.degraded if one.base == "sound-noisy").loaded
    method = loaded.study.methods["scene"]
    found = [job_settings.evaluate_settings(its.experiment, its.protocol, method, "image") for its in (loaded, noisy)]
    assert found[0] == found[1]


def test_a_shuffled_teacher_is_read_by_what_learns_from_it_and_by_nothing_else(loaded):
    made = planned(loaded)
    plain, shuffled = (
        {target.stage for target in plan.targets(made.cases[word].loaded)} for word in ("coupling-default", "across")
    )
    assert shuffled - plain == {"shuffle"}
    assert "shuffle" not in {target.stage for target in plan.targets(load("twin"))}


@pytest.mark.parametrize("seeds", [5, 12])
def test_seeds_that_are_not_alike_in_all_folds_are_refused(loaded, seeds):
    with pytest.raises(ConfigError, match=f"--seeds {seeds}: expected as many in each of 5 folds, two or more"):
        planned(loaded, seeds)


def test_an_experiment_without_controls_is_refused_by_its_study(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ConfigError, match=r"config/studies/advance.yaml: no section controls"):
        controls.controls_of(load("twin"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda its: its["cases"]["across"].pop("change"), "found 2 that change nothing"),
        (lambda its: its["degraded"]["rows"].append("scene/none"), "found scene/none, which no table trains"),
        (lambda its: its["cases"]["across"]["expected"][0].update({"is": "hurts"}), "helps"),
        (lambda its: its.pop("deviation"), "controls.deviation: missing"),
    ],
)
def test_what_is_wrong_in_the_section_is_named(change, said):
    content = read_yaml(ROOT / "config/studies/controls.yaml")
    change(content["controls"])
    with pytest.raises(ConfigError, match=said):
        checking.check(Study, content, "config/studies/controls.yaml")
