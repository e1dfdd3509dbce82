"""Status and --why on jobs and records written here: states, what would compute, the way to the first cause."""

import base64
import dataclasses
import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from overheard.errors import ConfigError
from overheard.jobs import on_disk, records, store
from overheard.jobs.circumstance import circumstance_path
from overheard.jobs.runner import run_stage
from overheard.lineage import causes, forecast, status, why
from overheard.scheduling.dry_run import Planned

ENVIRONMENT = {"python": "3.11", "numpy": "2.4.6"}
DEFINITIONS = {"overheard.media.splits:drawn": "1" * 12}
CODE = records.code_digest(DEFINITIONS)
# --- files that are not what their records say


def test_what_was_edited_is_named(made, study):
    assert on_disk.edited(on_disk.examine(study)) == []
    (study / "teacher/logits.npy").write_text("other logits")
    (study / "draw/pairs/truth/events.csv").write_text("id,events\n00000,3\n")
    (study / "draw/scenes.files.csv").write_text("path,sha256,bytes\n")
    path = study / "teacher/fold-0/prior.record.json"
    path.write_text(path.read_text().replace('"stage": "prior"', '"stage": "prayer"'))
    (study / "media/fold-0/splits.csv").unlink()
    names = ["draw/pairs", "draw/scenes.files.csv", "teacher/fold-0/prior.record.json", "teacher/logits.npy"]
    assert on_disk.edited(on_disk.examine(study)) == [f"results/mini/{name}" for name in names]


def test_a_file_that_was_only_touched_is_not_edited(made, study):
    for path in study.rglob("*"):
        os.utime(path)
    assert on_disk.edited(on_disk.examine(study)) == []


# --- two jobs, one after the other: `split` and `prior`


def split_job(seed=0, code=CODE, environment=ENVIRONMENT, outside=None) -> Planned:
    return Planned(
        "results/mini/media/fold-0/split.record.json",
        "split",
        {"settings": {"fractions": [0.7, 0.1, 0.2], "seed": seed}},
        {"index": ["user/index.csv"]},
        {"splits": ["results/mini/media/fold-0/splits.csv"]},
        [],
        {"code": code, "environment": environment, "outside": outside or {}},
        "logs/mini/split.log",
        "Params have changed",
    )


def prior_job() -> Planned:
    return Planned(
        "results/mini/teacher/fold-0/prior.record.json",
        "prior",
        {},
        {"splits": ["results/mini/media/fold-0/splits.csv"]},
        {"prior": ["results/mini/teacher/fold-0/prior.csv"]},
        ["results/mini/media/fold-0/split.record.json"],
        {"code": CODE, "environment": ENVIRONMENT, "outside": {}},
        "logs/mini/prior.log",
        "Input files updated by another job: results/mini/media/fold-0/split.record.json",
    )


def done(job: Planned, content: dict[str, str], reads: dict[str, list[dict]], keep: bool = True) -> None:
    """Write a job's files, record and circumstance, as if it had computed; keep them in the store."""
    for path, text in content.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    record = records.sealed(
        {
            "record": 1,
            "stage": job.stage,
            "settings": dict(job.settings),
            "reads": reads,
            "writes": {flag: [entry(path) for path in paths] for flag, paths in job.writes.items()},
            "code": {"digest": job.planned["code"], "definitions": DEFINITIONS},
            "environment": job.planned["environment"],
        }
    )
    records.write_record(Path(job.record), record)
    said = {"machine": store.machine_class(), "how": "computed", "ended": "2026-11-21T10:00:00", "host": "workbench"}
    circumstance_path(Path(job.record)).write_text(json.dumps(said))
    if keep:
        paths = {flag: [Path(path) for path in paths] for flag, paths in job.writes.items()}
        store.keep(Path("store"), record, said, paths)


def entry(path: str, record: str | None = None, **more) -> dict:
    content = Path(path).read_bytes()
    return {"path": path, "sha256": sha256(content).hexdigest(), "bytes": len(content), **more}


@pytest.fixture
def two(tmp_path, monkeypatch) -> Path:
    """A folder in which both jobs have computed; returns `results/mini`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERHEARD_STORE", "store")
    Path("user").mkdir()
    Path("user/index.csv").write_text("id\na\n")
    done(
        split_job(),
        {"results/mini/media/fold-0/splits.csv": "a,train\n"},
        {"index": [entry("user/index.csv", record=None)]},
    )
    reads = {"splits": [entry("results/mini/media/fold-0/splits.csv", record=split_job().record)]}
    done(prior_job(), {"results/mini/teacher/fold-0/prior.csv": "0.5\n"}, reads)
    return Path("results/mini")


def outcomes(*jobs: Planned) -> list[str]:
    foreseen = forecast.foresee(jobs, on_disk.examine(Path("results/mini")))
    return [foreseen[job.record].outcome for job in jobs]


def test_a_lost_file_is_put_back_and_so_is_all_after_it(two):
    (two / "media/fold-0/splits.csv").unlink()
    assert outcomes(split_job(), prior_job()) == [forecast.PUT_BACK, forecast.PUT_BACK]


def test_order_does_not_matter(two):
    assert outcomes(prior_job(), split_job()) == [forecast.PUT_BACK, forecast.PUT_BACK]


def test_without_its_entry_a_job_computes_and_what_reads_the_same_bytes_is_put_back(two):
    identity = records.read_record(two / "media/fold-0/split.record.json")["identity"]
    (Path("store/records") / store.machine_class() / f"{identity}.json").unlink()
    assert outcomes(split_job(), prior_job()) == [forecast.COMPUTE, forecast.PUT_BACK]


def test_a_damaged_file_of_the_store_is_not_put_back(two):
    (kept,) = [path for path in Path("store/files").rglob("*") if path.is_file() and path.read_bytes() == b"a,train\n"]
    kept.chmod(0o644)
    kept.write_bytes(b"b,train\n")
    assert outcomes(split_job(), prior_job()) == [forecast.COMPUTE, forecast.PUT_BACK]


def test_bytes_of_another_kind_of_machine_are_not_counted_on(two):
    identity = records.read_record(two / "media/fold-0/split.record.json")["identity"]
    (Path("store/records") / store.machine_class() / f"{identity}.json").unlink()
    path = two / "media/fold-0/split.circumstance.json"
    path.write_text(path.read_text().replace(store.machine_class(), "abacus"))
    assert outcomes(split_job(), prior_job()) == [forecast.COMPUTE, forecast.PERHAPS]


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"code": "e" * 64}, {"environment": ENVIRONMENT | {"numpy": "3.0"}}],
    ids=["setting", "code", "package"],
)
def test_what_was_never_computed_computes_and_after_it_nothing_is_known(two, change):
    assert outcomes(split_job(**change), prior_job()) == [forecast.COMPUTE, forecast.PERHAPS]


def test_a_changed_input_is_another_job(two):
    Path("user/index.csv").write_text("id\nb\n")
    assert outcomes(split_job(), prior_job()) == [forecast.COMPUTE, forecast.PERHAPS]


def test_without_a_store_all_computes(two, monkeypatch):
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    assert outcomes(split_job(), prior_job()) == [forecast.COMPUTE, forecast.COMPUTE]


def test_a_file_in_a_drawn_folder_is_known_by_the_folders_list(two):
    files = [("a.wav", "1" * 64), ("truth/events.csv", "2" * 64)]
    text = "".join(["path,sha256,bytes\n", *(f"{name},{digest},3\n" for name, digest in files)])
    Path("results/mini/draw").mkdir()
    Path("results/mini/draw/pairs.files.csv").write_text(text)
    seer, folder, digest = forecast._Seer([], {}), "results/mini/draw/pairs", sha256(text.encode()).hexdigest()
    assert seer._in_folder(folder, digest, f"{folder}/truth/events.csv") == "2" * 64
    assert seer._in_folder(folder, "f" * 64, f"{folder}/a.wav") is None


def test_without_a_store_too_a_file_in_a_folder_that_is_computed_again_is_known(two, monkeypatch):
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    folder, text = "results/mini/draw/pairs", f"path,sha256,bytes\na.wav,{'1' * 64},3\n"
    Path(folder).parent.mkdir()
    Path(f"{folder}.files.csv").write_text(text)
    seer = forecast._Seer([], {})
    seer.future[folder] = sha256(text.encode()).hexdigest()
    assert seer.content(f"{folder}/a.wav", prior_job()) == "1" * 64


# --- states and causes


class Study:
    """As much of a configuration as a view needs."""

    name = "mini"


def view(*jobs: Planned) -> status.View:
    found = on_disk.examine(Path("results/mini"))
    seen = status.View(Study(), found, {job.record: job for job in jobs}, forecast.foresee(jobs, found))
    seen.__dict__["wanted"] = [split_job().record, prior_job().record]
    return seen


SPLIT_RECORD, PRIOR_RECORD = split_job().record, prior_job().record


def test_all_is_fresh(two):
    assert view().states == {SPLIT_RECORD: "fresh", PRIOR_RECORD: "fresh"}


def test_what_is_scheduled_is_stale(two):
    assert view(prior_job()).states == {SPLIT_RECORD: "fresh", PRIOR_RECORD: "stale"}


@pytest.mark.parametrize("name", ["media/fold-0/splits.csv", "media/fold-0/split.record.json"])
def test_what_is_not_there_is_missing(two, name):
    (two / name).unlink()
    assert view(split_job(), prior_job()).states == {SPLIT_RECORD: "missing", PRIOR_RECORD: "stale"}


def test_what_was_overwritten_is_edited(two):
    (two / "media/fold-0/splits.csv").write_text("a,test\n")
    assert view().states == {SPLIT_RECORD: "edited", PRIOR_RECORD: "fresh"}


def test_a_changed_record_is_edited(two):
    path = two / "media/fold-0/split.record.json"
    path.write_text(path.read_text().replace("0.7", "0.8"))
    assert view(prior_job()).states == {SPLIT_RECORD: "edited", PRIOR_RECORD: "stale"}


def marker(two: Path) -> None:
    path = Path(".snakemake/incomplete") / base64.urlsafe_b64encode(b"results/mini/media/fold-0/splits.csv").decode()
    path.parent.mkdir(parents=True)
    path.write_text("{}")


def long_marker(two: Path) -> None:
    text = base64.urlsafe_b64encode(b"results/mini/media/fold-0/splits.csv").decode()
    path = Path(".snakemake/incomplete") / f"@{text[:8]}" / text[8:]
    path.parent.mkdir(parents=True)
    path.write_text("{}")


def leftover(two: Path) -> None:
    (two / "media/fold-0/.part-splits.csv").write_text("a,")


def open_log(two: Path) -> None:
    (two / "media/fold-0/split.record.json").unlink()
    Path("logs/mini").mkdir(parents=True)
    Path("logs/mini/split.log").write_text("overheard split …\nsplit: 2 of 9\n")


@pytest.mark.parametrize("sign", [marker, long_marker, leftover, open_log])
def test_what_was_begun_and_not_ended_is_interrupted(two, sign):
    (two / "media/fold-0/splits.csv").unlink()
    sign(two)
    assert view(split_job(), prior_job()).states == {SPLIT_RECORD: "interrupted", PRIOR_RECORD: "stale"}


@pytest.mark.parametrize("end", ["finished in 0.2 s", "put back in 0.1 s", "error: index.csv: no class lake"])
def test_a_log_that_ends_is_no_interruption(two, end):
    open_log(two)
    with Path("logs/mini/split.log").open("a") as stream:
        stream.write(f"{end}\n")
    assert view(split_job()).states[SPLIT_RECORD] == "missing"


def test_a_log_without_end_beside_a_record_is_no_interruption(two):
    record = (two / "media/fold-0/split.record.json").read_bytes()
    open_log(two)
    (two / "media/fold-0/split.record.json").write_bytes(record)
    assert view(split_job()).states[SPLIT_RECORD] == "stale"


def test_the_stages_own_log_ends_as_status_knows_it(tmp_path):
    def split(seed: int) -> None:
        pass

    assert run_stage(split, {"seed": 1}, tmp_path / "split.log", ["overheard", "split"]) == 0
    assert status.log_end(str(tmp_path / "split.log"))[0] == "finished"


def kinds(seen: status.View, target: str = PRIOR_RECORD) -> list[tuple]:
    found = why.ways(seen, [target])
    return [(way.cause.kind, way.cause.what, way.cause.old, way.cause.new, way.jobs) for way in found]


WAY = [PRIOR_RECORD, SPLIT_RECORD]


def test_the_first_cause_is_a_setting(two):
    assert kinds(view(split_job(seed=7), prior_job())) == [("setting", "seed", "0", "7", WAY)]


def test_the_first_cause_is_a_package(two):
    seen = view(split_job(environment={"python": "3.12", "numpy": "2.4.6"}), prior_job())
    assert kinds(seen) == [("package", "python", "3.11", "3.12", WAY)]


def test_the_first_cause_is_a_function(two, monkeypatch):
    definitions = {"overheard.media.splits:drawn": "2" * 12, "overheard.media.splits:new": "3" * 12}
    monkeypatch.setattr(causes.closure, "stage_code", lambda stage, method: causes.closure.Closure(definitions, ()))
    assert kinds(view(split_job(code="e" * 64), prior_job())) == [
        ("source", "overheard.media.splits:drawn", "1" * 12, "2" * 12, WAY),
        ("source", "overheard.media.splits:new", None, "3" * 12, WAY),
    ]


def test_the_first_cause_is_a_users_file(two):
    old, new = (sha256(text).hexdigest() for text in (b"id\na\n", b"id\nb\n"))
    Path("user/index.csv").write_text("id\nb\n")
    seen = view(split_job(outside={"user/index.csv": new}), prior_job())
    assert kinds(seen) == [("input", "user/index.csv", old[:12], new[:12], WAY)]


def test_the_first_cause_is_a_lost_file(two):
    (two / "media/fold-0/splits.csv").unlink()
    assert kinds(view(split_job(), prior_job())) == [("lost", "results/mini/media/fold-0/splits.csv", None, None, WAY)]


def test_the_first_cause_is_that_it_was_never_made(two):
    (two / "media/fold-0/split.record.json").unlink()
    seen = view(split_job(), prior_job())
    assert kinds(seen) == [("never made", "results/mini/media/fold-0/split", None, None, WAY)]


def test_the_first_cause_is_a_failure(two):
    open_log(two)
    with Path("logs/mini/split.log").open("a") as stream:
        stream.write("error: user/index.csv: no class lake\n")
    (way,) = why.ways(view(split_job(), prior_job()), [PRIOR_RECORD])
    assert way.cause.kind == "failed"
    assert "no class lake" in way.cause.note


def test_where_no_record_tells_snakemake_does(two):
    (way,) = why.ways(view(split_job()), [SPLIT_RECORD])
    assert (way.cause.kind, way.cause.note) == ("snakemake", "Params have changed")


def test_two_causes_the_upstream_one_first(two):
    (two / "teacher/fold-0/prior.csv").unlink()
    found = kinds(view(prior_job(), split_job(seed=7)))
    assert [each[0] for each in found] == ["setting", "lost"]
    assert found[1][4] == [PRIOR_RECORD]


def test_of_causes_that_do_not_meet_the_earlier_stage_comes_first(two):
    (two / "teacher/fold-0/prior.csv").unlink()
    alone = dataclasses.replace(prior_job(), sources=[])
    found = why.ways(view(alone, split_job(seed=7)), [PRIOR_RECORD, SPLIT_RECORD])
    assert [way.jobs for way in found] == [[SPLIT_RECORD], [PRIOR_RECORD]]


@pytest.mark.parametrize(
    "target",
    [
        "results/mini/teacher/fold-0/prior.csv",
        "teacher/fold-0/prior.csv",
        "teacher/fold-0/prior.record.json",
        "prior",
        "teacher",
    ],
)
def test_a_target_by_path_or_words(two, target):
    assert why.chosen(view(), target) == [PRIOR_RECORD]


def test_an_unknown_target_is_refused_with_what_there_is(two):
    with pytest.raises(ConfigError, match="no job makes it.*`split fold-0`"):
        why.chosen(view(), "table9")


def test_the_text_leads_to_the_first_cause(two, monkeypatch):
    monkeypatch.setattr(why, "look", lambda name: view(split_job(seed=7), prior_job()))
    assert why.why_text("mini", "prior").splitlines() == [
        "prior fold-0: stale; scheduled, will compute unless what it reads turns out as before",
        "",
        "prior fold-0, which reads from",
        "  split fold-0",
        "    FIRST CAUSE: setting seed: 0 → 7",
    ]
    said = json.loads(why.why_as_json("mini", "prior"))
    assert said["causes"][0]["cause"] == {"kind": "setting", "what": "seed", "old": "0", "new": "7", "note": ""}


def test_the_text_of_a_fresh_job_says_since_when(two, monkeypatch):
    monkeypatch.setattr(why, "look", lambda name: view())
    assert why.why_text("mini", "split").splitlines() == [
        "split fold-0: fresh; not scheduled",
        "  split fold-0: since 2026-11-21 10:00 UTC, computed on workbench",
    ]


def test_the_text_of_an_edited_job_says_what_was_edited(two, monkeypatch):
    (two / "media/fold-0/splits.csv").write_text("a,test\n")
    monkeypatch.setattr(why, "look", lambda name: view())
    text = why.why_text("mini", "split")
    assert "split fold-0: edited by hand; not scheduled" in text
    assert "edited results/mini/media/fold-0/splits.csv: " in text


def test_a_users_picture_that_changed_is_named(two):
    folder = Path("user/pairs")
    folder.mkdir()
    (folder / "a.jpg").write_text("one")
    (folder / "b.jpg").write_text("two")
    manifest = Path("results/mini/media/manifest.csv")
    lines = [f"{name},{sha256(text).hexdigest()},3" for name, text in (("a.jpg", b"one"), ("b.jpg", b"old"))]
    manifest.write_text("\n".join(["path,sha256,bytes", *lines, f"c.jpg,{'0' * 64},3"]) + "\n")
    found = causes._changed_files(folder, manifest)
    old, new = sha256(b"old").hexdigest()[:12], sha256(b"two").hexdigest()[:12]
    assert found == [f"user/pairs/b.jpg: {old} → {new}", f"user/pairs/c.jpg: {'0' * 12} → gone"]
