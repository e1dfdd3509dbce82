"""Rows compared within one scene: the scene's recall, at its own test locations."""

import numpy as np
import pytest
from made_rows import CLASSES, files_of, make_rows
from origins import TWIN
from scipy import stats
from sklearn.metrics import recall_score

from overheard.errors import ConfigError
from overheard.io import artifacts
from overheard.io.tested import read_tested
from overheard.scores import claims, in_scenes, printed_claims
from overheard.scores.comparisons import COLUMNS, Asked
from overheard.scores.differences import differences
from overheard.stages.statistics import Settings, statistics
from overheard.study import config
from overheard.study.checking import check
from overheard.study.claims_file import Claims, as_settings, check_rows, load_claims
from overheard.study.config import project_root

ASKED = Asked(("scratch", "image"), ("scene", "image"), ["f_score"])


def study_of(folder):
    return read_tested(metrics=["f_score"], **files_of(folder))


def recalls(folder, method, scene):
    paths = sorted(folder.glob(f"evaluate/{method}/image/*/predictions.npz"))
    said = [artifacts.read_arrays(path) for path in paths]
    its = CLASSES.index(scene)
    return (
        np.array([recall_score(one["label"], one["scene_logits"].argmax(1), average=None)[its] for one in said]) * 100
    )


@pytest.mark.parametrize("scene", CLASSES)
def test_the_difference_is_that_of_the_scenes_recalls_by_seed(tmp_path, scene):
    folder = make_rows(tmp_path / "mini", folds=1, seeds=[0, 5, 10])
    (line,) = in_scenes.compared_in(study_of(folder), scene, [ASKED])
    values = recalls(folder, "scene", scene) - recalls(folder, "scratch", scene)
    assert (line["metric"], line["n"]) == (f"accuracy in {scene}", 3)
    assert line["difference"] == pytest.approx(values.mean())
    assert line["seed_error"] == pytest.approx(stats.sem(values))


def test_it_is_drawn_among_the_scenes_own_locations_alone(tmp_path):
    study = study_of(make_rows(tmp_path / "mini"))
    own = in_scenes.only(study, "forest")
    # ten locations, two in each of five folds
    assert study.locations_of(range(5)) == (30, 15)
    assert own.locations_of(range(5)) == (10, 5)
    counted = [counts.support.sum(axis=0).tolist() for counts in own.counts]
    assert counted == [[0, 4, 0]] * 5
    # as many training clips to a test clip as before
    assert [split.n_train / len(split.test) for split in own.splits.values()] == [4.0] * 5


def test_a_scene_that_is_not_there_is_not_compared(tmp_path):
    assert in_scenes.compared_in(study_of(make_rows(tmp_path / "mini")), "tram", [ASKED]) == []


def test_the_stage_writes_them_for_the_scenes_that_a_table_asks_for(tmp_path):
    folder = make_rows(tmp_path / "mini")
    table = {"blocks": [{"rows": ["scratch", "scene"], "columns": ["image"]}], "metrics": ["f_score"]}
    writes = {"comparisons": folder / "comparisons.csv", "report": folder / "report.md"}
    for scenes in ([], ["lake", "tram"]):
        its = table | ({"scenes": scenes} if scenes else {})
        statistics(settings=Settings("mini", TWIN._asdict(), {"t": its}, {}), **files_of(folder), **writes)
        lines = artifacts.read_table(writes["comparisons"], COLUMNS)
        assert [line["metric"] for line in lines] == ["f_score", *(["accuracy in lake"] if scenes else [])]
    found = differences(lines, "x")
    asked = [claims.Question("c", "f", ASKED.second, ASKED.first, f"accuracy in {scene}", True, 0) for scene in scenes]
    assert claims.measured(asked[0], found).p is not None
    assert "not compared in tram" in claims.measured(asked[1], found).missing


def tau():
    study = config.load_study(project_root(), "tau")
    its = load_claims(project_root(), study)
    return study, its


def test_the_claims_of_tau_are_about_its_rows_and_printed_numbers():
    study, its = tau()
    assert {claim.family for claim in its.claims.values()} == set(its.families)
    printed = printed_claims.numbers(artifacts.read_table(project_root() / study.published), study.published)
    asked = claims.questions(as_settings(its))
    found = {(one.claim, one.first): each for one, each in printed_claims.evidences(asked, printed).items()}
    shown = {key: each.difference for key, each in found.items() if each.difference is not None}
    assert shown["audio_on_tram", ("audio", "clips")] == pytest.approx(79.5 - 45.1)
    assert shown["proposed_best", ("proposed", "clips")] == pytest.approx(84.8 - 82.2)
    assert shown["lower_log_loss", ("early", "pieces")] == pytest.approx(0.963 - 0.658)
    assert shown["no_higher_accuracy", ("proposed", "pieces")] == pytest.approx(77.0 - 77.5)
    assert {each.p for each in found.values()} == {None}


def test_a_claim_on_a_scene_needs_a_table_that_compares_in_it():
    study, its = tau()
    content = its.model_dump(exclude_none=True)
    wrong = content["claims"]["audio_on_tram"] | {"scene": "bus"}
    wrong["compare"] = [{"above": ["audio@clips", "video@clips"]}]
    with pytest.raises(ConfigError, match="stand together in no table of study tau with accuracy in bus"):
        check_rows(check(Claims, content | {"claims": {"bus": wrong}}, "t.yaml"), study, "t.yaml")
    with pytest.raises(ConfigError, match="scene: found metric log_loss; within one scene accuracy alone"):
        check(Claims, content | {"claims": {"bus": wrong | {"metric": "log_loss"}}}, "t.yaml")
