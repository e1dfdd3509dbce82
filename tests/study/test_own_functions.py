"""A study's own losses and heads: what is wrong with them is said by row and key before anything runs."""

import sys
from collections.abc import Iterator
from pathlib import Path

import protocols
import pytest

from overheard.errors import ConfigError
from overheard.jobs.code import closure, own
from overheard.study.checking import check
from overheard.study.study_file import Study
from overheard.study.transfer import own_functions

MODULE = """
from torch import nn
from . import parts

def loss(said, label, *, logits, softness: float, power: int = 2):
    return {"mine": parts.distance(said.event_logits, logits) / softness}

def head(width, events):
    return nn.Linear(width, events)

constant = 3
"""
PARTS = "def distance(one, other):\n    return (one - other).square().sum(dim=1)\n"
ROW = {
    **{"label": "Mine", "reads": ["encoders", "logits"], "uses": ["alpha"], "settings": {"softness": 2.0}},
    **{"loss": "hers.losses:loss", "event_head": "joint", "head": "hers.losses:head"},
}


def refuse(study: Study) -> None:
    """As `config.load_study` does, without the file's name."""
    if lines := own_functions.problems(study):
        raise ConfigError("\n".join(lines))


@pytest.fixture
def project(tmp_path, monkeypatch) -> Iterator[Path]:
    """A project's folder with a package of hers."""
    (tmp_path / "hers").mkdir()
    for name, text in (("__init__", ""), ("losses", MODULE), ("parts", PARTS)):
        (tmp_path / "hers" / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "hers"]:
        del sys.modules[name]


def study(**changes) -> Study:
    """A study of one row of her own, with changes to it; None takes a key out."""
    row = {key: value for key, value in (ROW | changes).items() if value is not None}
    table = {
        "title": "T",
        "caption": "C",
        "blocks": [{"rows": ["mine"], "columns": ["image"]}],
        "metrics": ["f_score"],
    }
    content = {
        "study": "s",
        "design": "transfer",
        "title": "T",
        "data": "D",
        "columns": {"image": "Image"},
        "metrics": {"f_score": {"label": "F", "decimals": 2}},
        "published": "p.csv",
        "tables": {"t": table},
        "methods": {"mine": row},
    }
    return check(Study, content, "s.yaml")


def test_a_row_that_names_what_its_loss_asks_for_is_accepted(project):
    refuse(study())
    refuse(study(settings={"softness": 1, "power": 3}))
    # the project's own linear layer, which starts as the protocol says
    refuse(study(head=None, uses=["alpha", "event_head_start"]))
    # a loss of the project in a row of hers
    uses = ["divergence", "event_reduction", "temperature"]
    refuse(study(loss="overheard.learning.methods:divergence", uses=uses, settings=None))
    assert "hers" not in sys.modules


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"loss": "his.losses:loss"},
            r"his\.losses:loss: no package his in .*; expected his/__init__\.py, beside config/",
        ),
        ({"loss": "hers.other:loss"}, r"no module hers\.other; expected hers/other\.py"),
        ({"loss": "hers.losses:lost"}, "has no function 'lost'; it has loss, head, constant"),
        ({"loss": "hers.losses:constant"}, "has no function 'constant'"),
        ({"loss": "json.decoder:scanstring"}, "json is also in .*; give your package another name"),
        ({"loss": "hers.losses:head"}, r"does not ask for logits by keyword"),
        (
            {"head": "hers.losses:loss"},
            r"mine\.head: hers\.losses:loss: found \(said, label, .*, expected \(width, events\)",
        ),
        ({"settings": None}, "asks for softness; name it under reads, uses or settings of the row"),
        ({"reads": ["encoders"]}, "asks for logits; name it under reads"),
        ({"reads": ["encoders", "logits", "prior"]}, "does not ask for prior by keyword"),
        ({"uses": ["alpha", "beta"]}, "does not ask for beta by keyword"),
        (
            {"settings": {"softness": 1.0, "hardness": 1.0}},
            "does not ask for hardness; it asks for logits, softness, power",
        ),
        ({"settings": {"softness": "2"}}, r"settings\.softness: found '2', expected float"),
        ({"settings": {"softness": True}}, r"settings\.softness: found True, expected float"),
        ({"settings": {"softness": 1.0, "power": 2.5}}, r"settings\.power: found 2\.5, expected int"),
        ({"uses": ["alpha", "event_head_start"]}, "event_head_start: name it under uses where there is an event_head"),
        ({"event_head": "sound"}, "event_head: found sound in column image, expected joint"),
        ({"head": None}, "event_head_start: name it under uses where there is an event_head"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_key(project, changes, said):
    with pytest.raises(ConfigError, match=said) as error:
        refuse(study(**changes))
    assert str(error.value).startswith("methods.mine.")


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        ("said, label, logits, softness", r"found \(said, label, logits, softness\), expected \(said, label, \*, …\)"),
        ("said, label, *, logits, softness, **more", r"expected \(said, label, \*, …\)"),
        ("said, label, *, logits, softness, alpha", "asks for alpha, which weighs it beside L_s"),
    ],
)
def test_a_loss_that_is_called_otherwise_is_refused(project, signature, said):
    head = "def head(width, events):\n    pass\n"
    (project / "hers/losses.py").write_text(f"def loss({signature}):\n    return {{}}\n{head}")
    with pytest.raises(ConfigError, match=said):
        refuse(study())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from besides import q", "imports besides, which is not of its package; move it into hers/"),
        ("import importlib\nq = importlib.import_module('y')", "importlib.import_module cannot be followed"),
        ("def broken(:", r"parts\.py, line 1: not Python"),
    ],
)
def test_code_that_could_change_unnoticed_is_refused(project, line, said):
    (project / "besides.py").write_text("def q():\n    return 1\n")
    (project / "hers/parts.py").write_text(f"{line}\n{PARTS.replace('other).', 'q).')}")
    with pytest.raises(ConfigError, match=said):
        refuse(study())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": "no function"}, "methods.mine.loss: found 'no function'"),
        ({"loss": None}, "event_head and head belong to a loss of your own"),
        ({"event_head": None}, "head: needs event_head, sound or joint"),
        ({"baseline": True}, "baseline: is not trained; leave out loss and settings"),
        ({"settings": {"softness": float("nan")}}, "softness"),
        ({"runs": ["scene/image"]}, "runs: only a baseline reads what the runs of other rows said"),
    ],
)
def test_a_row_of_another_form_is_refused(changes, said):
    with pytest.raises(ConfigError, match=said):
        study(**changes)


def test_a_baseline_reads_rows_that_stand_before_it():
    study_of = protocols.STUDY.model_dump(exclude_defaults=True)
    study_of["methods"]["fused_runs"] |= {"runs": ["scene/image", "scene/picture"]}
    with pytest.raises(ConfigError, match="methods.fused_runs.runs: found scene/picture; expected rows of tables"):
        check(Study, study_of, "s.yaml")
    study_of["methods"] = {"fused_runs": study_of["methods"].pop("fused_runs")} | study_of["methods"]
    with pytest.raises(
        ConfigError, match="found scene/image, scene/picture; expected rows of tables with methods before"
    ):
        check(Study, study_of, "s.yaml")


def test_only_the_package_that_is_named_can_be_imported(project):
    (project / "besides.py").write_text("def q():\n    return 1\n")
    before = list(sys.path)
    found = own.loaded({"loss": "hers.losses:loss", "head": None, "softness": 2.0})
    assert found == {"loss": "hers.losses:loss"}
    assert found["loss"].function.__name__ == "loss"
    assert sys.path == before
    with pytest.raises(ModuleNotFoundError):
        import besides  # noqa: F401


def test_a_module_that_cannot_be_imported_is_one_message(project):
    (project / "hers/parts.py").write_text("import surely_not_installed\n")
    with pytest.raises(
        ConfigError, match=r"hers\.losses:loss: cannot be imported \(ModuleNotFoundError: No module named"
    ):
        own.loaded({"loss": "hers.losses:loss"})


def test_her_code_is_in_the_digest_of_the_jobs_that_name_it_and_of_no_others(project):
    def codes():
        words = {"method": "mine", "settings": {"loss": "hers.losses:loss", "head": "hers.losses:head"}}
        return [closure.stage_code(stage, closure.entries(words)) for stage in ("train", "evaluate")]

    plain, before = closure.stage_code("train", protocols.entries("scene")), codes()
    for found in before:
        assert {"hers.losses:loss", "hers.losses:head", "hers.parts:distance"} <= set(found.definitions)
        assert not [name for name in found.definitions if name.startswith("overheard.learning.methods:METHODS")]
    (project / "hers/parts.py").write_text(f"# a comment\n{PARTS}")
    assert codes() == before
    (project / "hers/parts.py").write_text(PARTS.replace("square", "abs"))
    for found, again in zip(before, codes(), strict=True):
        assert {k for k in found.definitions if found.definitions[k] != again.definitions[k]} == {"hers.parts:distance"}
    assert closure.stage_code("train", protocols.entries("scene")) == plain
