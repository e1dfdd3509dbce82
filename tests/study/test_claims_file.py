"""Claims as configured: what a file may say, and that rows the study lacks end a run before anything runs."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from overheard.errors import ConfigError
from overheard.study import captions, claims_file, plan
from overheard.study.checking import check
from overheard.study.claims_file import Claims, as_settings, check_rows, load_claims
from overheard.study.experiments import load, with_named
from overheard.study.study_file import Study
from overheard.study.transfer.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
ADVANCE = yaml.safe_load((ROOT / "config/claims/advance.yaml").read_text())
STUDY = check(Study, yaml.safe_load((ROOT / "config/studies/advance.yaml").read_text()), "study")


def changed(**of_first):
    content = deepcopy(ADVANCE)
    word = next(iter(content["claims"]))
    content["claims"] = {word: content["claims"][word] | of_first}
    return check(Claims, content, "mine.yaml")


def test_the_papers_claims_are_about_rows_of_its_study():
    claims = check(Claims, ADVANCE, "advance.yaml")
    check_rows(claims, STUDY, "advance.yaml")
    assert {its.family for its in claims.claims.values()} == set(claims.families)
    pairs = [pair for claim in as_settings(claims) for pair in claim["compare"]]
    assert pairs[0] == {"first": ["scene", "image"], "second": ["scene", "sound"], "above": True, "margin": 0.0}
    assert pairs[1] == {"first": ["scene", "image+sound"], "second": ["scene", "image"], "above": False, "margin": 1.0}
    # a row may have an @ in no method: the last one divides
    assert {len(row) for pair in pairs for row in (pair["first"], pair["second"])} == {2}


@pytest.mark.parametrize(
    ("of_first", "said"),
    [
        ({"compare": [{"above": ["scene@image"]}]}, "above: found"),
        ({"compare": [{"above": ["scene", "scene@sound"]}]}, "above.0: found 'scene'"),
        ({"compare": [{}]}, "expected one of above and not_above"),
        ({"compare": [{"not_above": ["scene@image", "scene@sound"]}]}, "not_above needs a margin"),
        ({"compare": [{"above": ["scene@image", "scene@image"]}]}, "scene@image beside itself"),
        ({"compare": [{"above": ["a@b", "c@d"], "margin": -1}]}, "margin: found -1"),
        ({"compare": []}, "expected compare, or missing"),
        ({"missing": "no number"}, "expected compare, or missing"),
        ({"family": "friends"}, "family: found sound_below_picture: friends; allowed: inputs, transfer"),
        ({"holds": "most"}, "holds: found 'most'"),
        ({"meaning": "x"}, "meaning: unknown key"),
    ],
)
def test_a_wrong_claim_is_refused_by_its_key(of_first, said):
    with pytest.raises(ConfigError, match="mine.yaml: ") as refused:
        changed(**of_first)
    assert said in str(refused.value)


def test_no_claims_at_all_are_a_slip():
    with pytest.raises(ConfigError, match="expected a claim, found none"):
        check(Claims, ADVANCE | {"claims": {}}, "mine.yaml")


def test_rows_that_the_study_lacks_are_named_with_those_it_has():
    claims = changed(compare=[{"above": ["scene+magic@image", "scene@smell"]}])
    with pytest.raises(
        ConfigError, match="has no row scene.magic@image, scene@smell; it has: scratch@sound, "
    ) as refused:
        check_rows(claims, STUDY, "mine.yaml")
    assert str(refused.value).startswith("mine.yaml: claims.sound_below_picture: study advance")


def test_rows_of_different_tables_and_metrics_no_table_shows_are_refused():
    apart = changed(compare=[{"above": ["scratch@image", "event1@image+sound"]}])
    with pytest.raises(ConfigError, match="scratch@image and event1@image.sound stand together in no table"):
        check_rows(apart, STUDY, "f")
    tables = {word: its | {"metrics": ["recall"]} for word, its in STUDY.model_dump()["tables"].items()}
    other = check(Study, STUDY.model_dump(exclude_defaults=True) | {"tables": tables}, "study")
    with pytest.raises(ConfigError, match="stand together in no table of study advance with f_score"):
        check_rows(check(Claims, ADVANCE, "f"), other, "f")


def test_a_study_names_its_claims_or_has_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_claims(ROOT, STUDY) == check(Claims, ADVANCE, "f")
    none, lost = (STUDY.model_copy(update={"claims": name}) for name in (None, "config/claims/lost.yaml"))
    assert load_claims(ROOT, none) is None
    with pytest.raises(ConfigError, match="study advance: claims: no file config/claims/lost.yaml"):
        load_claims(ROOT, lost)
    # a file beside the experiment goes before the project's
    own = tmp_path / "config/claims/advance.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(yaml.safe_dump(ADVANCE | {"paper": "Mine"}))
    assert claims_file.load_claims(ROOT, STUDY).paper == "Mine"


def test_only_a_study_with_claims_has_the_job_and_what_it_is_given():
    content = {"source": {"kind": "twin"}}
    loaded = with_named("x", Path("x"), check(Experiment, content, "x"), ROOT)
    assert [target.record for target in plan.targets(loaded) if target.stage == "claims"] == [
        "results/x/claims/claims.record.json"
    ]
    settings = captions.claims_settings(loaded)
    assert settings["labels"].keys() == {
        row[0] for claim in settings["claims"] for pair in claim["compare"] for row in (pair["first"], pair["second"])
    }
    plain = with_named("x", Path("x"), check(Experiment, content | {"study": "plain"}, "x"), ROOT)
    assert not [target for target in plan.targets(plain) if target.stage == "claims"]


def test_a_run_ends_before_anything_where_claims_name_other_rows(tmp_path, monkeypatch):
    for part, text in {
        "config/mine.yaml": "study: mine\nsource: {kind: twin}\n",
        "config/studies/mine.yaml": (ROOT / "config/studies/plain.yaml")
        .read_text()
        .replace("published:", "claims: config/claims/advance.yaml\npublished:", 1),
        "workflow/Snakefile": "",
        "config/protocols/corrected.yaml": (ROOT / "config/protocols/corrected.yaml").read_text(),
        "config/claims/advance.yaml": (ROOT / "config/claims/advance.yaml").read_text(),
    }.items():
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="claims.preservation: study plain has no row scene.sq_sound@image.sound"):
        load("mine")
