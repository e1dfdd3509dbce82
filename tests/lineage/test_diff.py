"""Which cells moved and why: first causes only, of folders and of commits."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from overheard.errors import ConfigError, LineageError
from overheard.lineage.cell_comparison import SAME
from overheard.lineage.diff import as_text, diff
from overheard.lineage.differences import first_causes


def job(stage="train", reads=(), writes=("out",), settings=None, definitions=None, environment=None):
    """A record with what `first_causes` reads; `reads` are (path, content, record), `writes` contents."""
    definitions = definitions or {f"overheard.stages.{stage}:{stage}": "1" * 12}
    return {
        "stage": stage,
        "settings": settings or {},
        "reads": {"given": [{"path": path, "sha256": content, "record": made_by} for path, content, made_by in reads]},
        "writes": {"made": [{"path": f"{stage}.out", "sha256": content} for content in writes]},
        "code": {"digest": str(sorted(definitions.items())), "definitions": definitions},
        "environment": environment or {"python": "3.11", "torch": "2.13.0"},
    }


def chain(name="mini", teacher=None, student=None, evaluated=None):
    """Three jobs in a row: teacher, train, evaluate."""
    heard, trained = (
        f"results/{name}/{job}.record.json" for job in ("teacher/teacher", "train/scene/image/seed-0/student")
    )
    teacher, student, evaluated = (one or {} for one in (teacher, student, evaluated))
    logits, weights = teacher.get("writes", ("logits",))[0], student.get("writes", ("weights",))[0]
    return {
        heard: job(**{"stage": "teacher", "writes": ("logits",)} | teacher),
        trained: job(**{"reads": [("logits.npy", logits, heard)], "writes": ("weights",)} | student),
        f"results/{name}/evaluate/scene/image/evaluate.record.json": job(
            **{"stage": "evaluate", "reads": [("student.pt", weights, trained)], "writes": ("predictions",)} | evaluated
        ),
    }


def told(first, second):
    return [(cause.kind, cause.what, cause.old, cause.new, cause.jobs) for cause in first_causes(first, second)]


def test_equal_records_have_no_cause_also_under_another_name():
    assert told(chain(), chain("other")) == []


def test_a_setting_is_a_cause_where_it_is_set_and_nowhere_after():
    old = chain(student={"settings": {"settings": {"learning_rate": 0.001}}})
    new = chain(
        student={"settings": {"settings": {"learning_rate": 0.002}}, "writes": ("other weights",)},
        evaluated={"writes": ("other predictions",)},
    )
    jobs = ("train/scene/image/seed-0/student",)
    assert told(old, new) == [("setting", "train learning_rate", "0.001", "0.002", jobs)]


def test_what_left_the_bytes_as_they_were_is_no_cause():
    old = chain(teacher={"settings": {"frozen_blocks": 0}})
    assert told(old, chain(teacher={"settings": {"frozen_blocks": 1}})) == []


def test_definitions_and_packages_are_named():
    name = "overheard.learning.losses:kl"
    new = chain(
        student={
            "definitions": {name: "2" * 12},
            "environment": {"python": "3.11", "torch": "2.14.0"},
            "writes": ("w",),
        },
        evaluated={"writes": ("p",)},
    )
    jobs = ("train/scene/image/seed-0/student",)
    assert told(chain(student={"definitions": {name: "1" * 12}}), new) == [
        ("definition", name, "1" * 12, "2" * 12, jobs),
        ("package", "torch", "2.13.0", "2.14.0", jobs),
    ]


def test_outside_bytes_are_a_cause_made_bytes_are_not():
    old = chain(teacher={"reads": [("mine/pairs", "a" * 64, None)]})
    new = chain(
        teacher={"reads": [("mine/pairs", "b" * 64, None)], "writes": ("l",)},
        student={"writes": ("w",)},
        evaluated={"writes": ("p",)},
    )
    assert told(old, new) == [("input", "mine/pairs", "a" * 12, "b" * 12, ("teacher/teacher",))]


def test_other_bytes_from_the_same_are_said():
    (cause,) = told(chain(), chain(student={"writes": ("w",)}, evaluated={"writes": ("p",)}))
    assert cause[0] == "bytes"
    assert cause[4] == ("train/scene/image/seed-0/student",)


def test_a_job_of_one_side():
    more = chain() | {"results/mini/train/scene/image/seed-1/student.record.json": job()}
    assert told(chain(), more) == [("job", "is only in the second", None, None, ("train/scene/image/seed-1/student",))]


@pytest.fixture
def other(build_study, tmp_path, monkeypatch):
    """`results/mini`, and `results/other`: scene+event trained with another learning rate, and other predictions."""
    names = build_study.__globals__
    monkeypatch.chdir(tmp_path)
    build_study(tmp_path)
    put, predict, recorded = names["Builder"].put, names["_predict"], names["Builder"].job

    def other_student(self, name, content):
        return put(self, name, f"{content} again" if "scene+event" in name and name.endswith("student.pt") else content)

    def other_rate(self, name, stage, settings, reads, writes, **said):
        if stage == "train" and settings["method"] == "scene+event":
            settings = settings | {"settings": settings["settings"] | {"learning_rate": 0.003}}
        return recorded(self, name, stage, settings, reads, writes, **said)

    def other_predictions(folder, method, seed):
        predict(folder, "scene" if method == "scene+event" else method, seed + 7 * (method == "scene+event"))
        if method == "scene+event":
            path = folder / "scores.json"
            path.write_text(
                path.read_text()
                .replace('"method": "scene"', '"method": "scene+event"')
                .replace('"seed": 7', '"seed": 0')
                .replace('"seed": 8', '"seed": 1')
            )

    monkeypatch.setattr(names["Builder"], "put", other_student)
    monkeypatch.setattr(names["Builder"], "job", other_rate)
    monkeypatch.setitem(names, "_predict", other_predictions)
    build_study(tmp_path, "other")
    return tmp_path


def test_the_moved_cells_and_their_cause(other):
    found = diff("mini", "results/other")
    moved = [one.key for one in found.cells if one.verdict != SAME]
    assert {key[1] for key in moved} == {"scene+event"}
    assert len(moved) == 3
    # students and predictions differ only through the setting
    assert [(cause.kind, cause.what, cause.old, cause.new, count) for cause, count in found.causes] == [
        ("setting", "train learning_rate", "0.002", "0.003", 3)
    ]
    assert found.causes[0][0].jobs == tuple(f"train/scene+event/image/seed-{seed}/student" for seed in (0, 1))
    text = as_text(found)
    assert "setting train learning_rate: 0.002 → 0.003" in text
    assert "3 of 3 moved cells rest on it" in text
    assert "scene+event | image | f_score" in text


def git(*arguments):
    identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_commits_of_saved_tables_and_of_a_reference(other):
    Path("results/other").rename("aside")
    git("init", "--quiet")
    light = ["results/mini/tables", "results/mini/evaluate"]
    git("add", *light, *(str(path) for path in Path("results").rglob("*.record.json")))
    git("commit", "--quiet", "-m", "first")
    for path in [path for path in Path("results/mini").rglob("*") if path.is_file()]:
        changed = Path("aside") / path.relative_to("results/mini")
        path.write_bytes(changed.read_bytes().replace(b"results/other/", b"results/mini/"))
    with pytest.raises(LineageError):
        diff("HEAD", "mini")  # records whose paths were replaced do not hold
    for path in Path("results/mini").rglob("*.record.json"):
        path.unlink()
    found = diff("HEAD", "mini")
    assert {one.key[1] for one in found.cells if one.verdict != SAME} == {"scene+event"}
    assert "The cause is not known: mini has no records" in as_text(found)
    assert {one.verdict for one in diff("HEAD", "HEAD").cells} == {SAME}
    assert all(side.records for side in (diff("HEAD", "HEAD").first, diff("HEAD", "HEAD").second))

    # a second commit that has the same study as reference alone
    git("rm", "-r", "--quiet", "--cached", "results")
    Path("reference").mkdir()
    Path("results/mini").rename("reference/mini")
    git("add", "reference/mini/tables", "reference/mini/evaluate")
    git("commit", "--quiet", "-m", "second")
    found = diff("HEAD~1", "HEAD")
    assert (found.first.label, found.second.label) == ("HEAD~1 (results/mini)", "HEAD (reference/mini)")
    assert {one.key[1] for one in found.cells if one.verdict != SAME} == {"scene+event"}


def test_an_unknown_side_and_a_commit_of_several_experiments(other):
    with pytest.raises(ConfigError, match="nowhere: no such commit, folder .* or experiment.*there are: mini, other"):
        diff("mini", "nowhere")
    git("init", "--quiet")
    git("add", "results")
    git("commit", "--quiet", "-m", "both")
    with pytest.raises(ConfigError, match="mini, other; name one by --experiment"):
        diff("mini", "HEAD")
    assert {one.verdict for one in diff("mini", "HEAD", "mini").cells} == {SAME}
    with pytest.raises(ConfigError, match="--experiment"):
        diff("mini", "HEAD", "absent")


def test_predictions_that_are_not_their_records_are_refused(other):
    path = Path("results/other/evaluate/scene/image/seed-0/predictions.npz")
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(LineageError, match="predictions.npz: sha256 .* its record says"):
        diff("mini", "other")
    assert np.load(Path("results/mini/evaluate/scene/image/seed-0/predictions.npz"))["id"].size == 12
