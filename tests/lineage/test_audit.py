"""An audit finds what was changed by hand, also where the changer made hashes fit; and says what it feeds."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from overheard.errors import ConfigError, LineageError
from overheard.io import artifacts
from overheard.jobs import records
from overheard.jobs.circumstance import circumstance_path
from overheard.lineage import recount
from overheard.lineage.audit import as_text, audit
from overheard.media import leak_lines
from overheard.sharing.audit_saved import audit_saved


@pytest.fixture
def made(build_study, tmp_path, monkeypatch):
    """The small experiment, its twelve clips all for testing, as its predictions have them."""

    def all_tested(builder):
        clips = build_study.__globals__["_clips"]()
        splits = builder.put(
            "media/fold-0/splits.csv", "\n".join(["id,split,fold", *(f"{clip},test,0" for clip, _ in clips)]) + "\n"
        )
        index = builder.path("media/index.csv")
        builder.job(
            "media/fold-0/split", "split", {"settings": {"seed": 0, "folds": 1}}, {"index": index}, {"splits": splits}
        )

    monkeypatch.setitem(build_study.__globals__, "_split", all_tested)
    monkeypatch.chdir(tmp_path)
    return build_study(tmp_path)


@pytest.fixture
def study(made):
    return Path("results") / made.name


def look(study):
    return audit(study, leaks=False, also={"reading what was saved": audit_saved})


def found(study):
    """(kind, path within the experiment) of each finding."""
    prefix = f"results/{study.name}/"
    return {(one.kind, one.path.removeprefix(prefix)) for one in look(study).findings}


def say(study: Path, job: str, **changes) -> None:
    """A forger's work: a job's circumstance with other content and a digest that fits; None takes a key away."""
    path = study / f"{job}.record.json"
    place = circumstance_path(path)
    said = json.loads(place.read_text()) | changes | {"of": records.read_record(path)["digest"]}
    said = {key: value for key, value in said.items() if key != "digest" and value is not None}
    said["digest"] = records.sha256(records.canonical(said)).hexdigest()
    place.write_text(records.as_text(said), encoding="utf-8")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def reseal(study: Path, job: str, **changes) -> None:
    """A forger's work: a job's record and circumstance with other content and digests that fit."""
    path = study / f"{job}.record.json"
    record = json.loads(path.read_text()) | changes
    for side in record["writes"].values():
        for entry in side:
            content = Path(entry["path"]).read_bytes()
            entry |= {"sha256": records.sha256(content).hexdigest(), "bytes": len(content)}
    record = records.sealed({key: value for key, value in record.items() if key not in ("digest", "identity")})
    path.write_text(records.as_text(record), encoding="utf-8")
    say(study, job)


def test_an_undisturbed_experiment_holds(study):
    audited = look(study)
    assert audited.findings == ()
    assert audited.counts["records"] == len(list(study.rglob("*.record.json")))
    assert audited.counts["cells"] == 6
    assert "everything holds" in as_text(audited)


@pytest.mark.parametrize(
    ("path", "kind", "feeds"),
    [
        ("draw/pairs/vision/lake/00008.jpg", "changed", "all"),
        ("draw/scenes.files.csv", "changed", "all"),
        ("media/index.csv", "changed", "all"),
        ("media/fold-0/splits.csv", "changed", "all"),
        ("teacher/fold-0/prior.csv", "changed", {"scene+event"}),
        ("train/scene/image/seed-1/student.pt", "changed", {"scene"}),
        ("train/scene/image/seed-1/history.csv", "changed", set()),
        ("evaluate/scene+event/image/seed-0/predictions.npz", "changed", {"scene+event"}),
        ("evaluate/scene+event/image/seed-0/scores.json", "changed", {"scene+event"}),
        ("evaluate/scene/image/seed-0/events.npz", "changed", set()),
        ("tables/table2.md", "changed", {"scene", "scene+event"}),
        ("tables/metrics.json", "changed", {"scene", "scene+event"}),
        ("pretrain/image.record.json", "record", "all"),
        ("train/scene/image/seed-0/student.record.json", "record", {"scene"}),
        ("train/scene/image/seed-0/student.circumstance.json", "circumstance", {"scene"}),
    ],
)
def test_a_flipped_bit_is_found_and_what_it_feeds_is_told(study, path, kind, feeds):
    flip(study / path)
    audited = look(study)
    assert {(one.kind, one.path) for one in audited.findings} == {(kind, f"results/mini/{path}")}
    (finding,) = audited.findings
    rows = {name.split("/")[1] for name in finding.feeds if "/" in name}
    assert rows == ({"scene", "scene+event"} if feeds == "all" else feeds)
    if feeds == "all":
        assert {name.split("/")[-1] for name in finding.feeds} >= {"precision", "recall", "f_score"}
    assert path in as_text(audited)


def test_a_pictures_statistics_feed_the_figure(study):
    flip(study / "media/statistics.csv")
    (finding,) = look(study).findings
    assert finding.feeds == ("figure3",)


def test_lost_and_foreign_files_are_named(study):
    (study / "teacher/fold-0/relevance.csv").unlink()
    (study / "train/scene/image/seed-0/.part-student.pt").write_text("half")
    (study / "tables/table9.md").write_text("a note")
    (study / "draw/pairs/vision/lake/new.jpg").write_text("added")
    (study / ".lock").write_text("1\n")
    (study / "draw/pairs/.snakemake_timestamp").write_text("")
    (study / ".gitignore").write_text("/train\n")
    (study / "features/fold-0/normaliser.circumstance.json").unlink()
    assert found(study) == {
        ("missing", "teacher/fold-0/relevance.csv"),
        ("unknown", "train/scene/image/seed-0/.part-student.pt"),
        ("unknown", "tables/table9.md"),
        ("unknown", "draw/pairs/vision/lake/new.jpg"),
        ("missing", "features/fold-0/normaliser.circumstance.json"),
    }


def test_a_record_of_another_job_is_not_taken(study):
    for suffix in ("record", "circumstance"):
        shutil.copy(study / f"teacher/fold-0/prior.{suffix}.json", study / f"teacher/fold-0/relevance.{suffix}.json")
    assert ("record", "teacher/fold-0/relevance.record.json") in found(study)
    shutil.copy(study / "pretrain/sound.circumstance.json", study / "pretrain/image.circumstance.json")
    assert ("circumstance", "pretrain/image.circumstance.json") in found(study)


def test_a_forged_number_with_fitting_hashes_is_found(study):
    # cells, metrics and their record agree with each other, but not with the predictions
    cells = study / "tables/cells.csv"
    lines = cells.read_text().splitlines()
    fields = lines[1].split(",")
    nested = json.loads((study / "tables/metrics.json").read_text())
    nested[fields[0]][fields[1]][fields[2]][fields[3]]["mean"] = 99.0
    fields[5] = "99.0000"
    cells.write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]) + "\n")
    artifacts.write_json(study / "tables/metrics.json", nested)
    reseal(study, "tables/cells")
    assert found(study) == {("number", "tables/cells.csv"), ("number", "tables/metrics.json")}


def test_forged_scores_are_found_by_counting_again_and_by_those_who_read_them(study):
    path = study / "evaluate/scene/image/seed-0/scores.json"
    scores = json.loads(path.read_text()) | {"f_score": 0.99}
    artifacts.write_json(path, scores)
    reseal(study, "evaluate/scene/image/evaluate")
    assert ("number", "evaluate/scene/image/seed-0/scores.json") in found(study)
    assert ("lineage", "tables/table2.record.json") in found(study)


def test_predictions_of_other_labels_than_the_index_has_are_found(study):
    path = study / "evaluate/scene/image/seed-0/predictions.npz"
    arrays = artifacts.read_arrays(path)
    arrays["label"] = np.roll(arrays["label"], 1)
    artifacts.write_arrays(path, **arrays)
    reseal(study, "evaluate/scene/image/evaluate")
    text = as_text(look(study))
    assert "labels are not the index's" in text


def test_an_orphan_a_cycle_and_a_double_maker_are_named(made, study):
    run = "train/scene/image/seed-9"
    made.put(f"{run}/student.pt", "student of a seed that was taken out")
    made.put(f"{run}/history.csv", "epoch,train_loss,val_f_score\n")
    writes = {"student": made.path(f"{run}/student.pt"), "history": made.path(f"{run}/history.csv")}
    made.job(f"{run}/student", "train", {"method": "scene", "modality": "image", "seed": 9}, {}, writes)
    assert found(study) == {("orphan", f"{run}/student.record.json")}

    # the picture encoder is said to rest on a student that rests on it
    student = made.path("train/scene/image/seed-0/student.pt")
    writes = {"weights": made.path("pretrain/image.pt"), "history": made.path("pretrain/image.history.csv")}
    made.job("pretrain/image", "pretrain", {"modality": "image"}, {"features": student}, writes)
    cycles = [one for one in look(study).findings if one.kind == "cycle"]
    assert len(cycles) == 1
    assert "train/scene/image/seed-0/student.record.json" in cycles[0].found
    assert "pretrain/image.record.json" in cycles[0].found


def test_what_no_job_made_is_read_again(made, study):
    Path("config/published.csv").write_text("table,row,column,metric,mean,std,n,source\n\n")
    assert ("changed", "config/published.csv") in {(one.kind, one.path) for one in look(study).findings}


def test_of_a_users_folder_the_changed_file_is_named(made, study):
    shutil.copytree(study / "draw/scenes", "mine/scenes")
    writes = {
        flag: made.path(f"media/scenes/{name}")
        for flag, name in {
            "index": "index.csv",
            "manifest": "manifest.csv",
            "statistics": "statistics.csv",
            "report": "report.md",
        }.items()
    }
    made.job("media/scenes/media", "media", {"collection": "scenes"}, {"folder": "mine/scenes"}, writes)
    assert look(study).holds
    flip(Path("mine/scenes/sound/lake/00009.wav"))
    (finding,) = look(study).findings
    assert (finding.kind, finding.path) == ("changed", "mine/scenes/sound/lake/00009.wav")
    flip(Path("mine/scenes/sound/lake/00009.wav"))
    Path("mine/scenes/notes.txt").write_text("not in the manifest")
    (finding,) = look(study).findings
    assert (finding.kind, finding.path) == ("changed", "mine/scenes")


def test_the_store_is_read_too(study, tmp_path, monkeypatch):
    from overheard.jobs import store

    record = records.read_record(study / "teacher/fold-0/prior.record.json")
    store.keep(Path("store"), record, {"command": "overheard prior"}, {"prior": [study / "teacher/fold-0/prior.csv"]})
    assert look(study).holds
    for path in [path for path in Path("store").rglob("*") if path.is_file()]:
        path.chmod(0o644)
        flip(path)
        (finding,) = look(study).findings
        assert (finding.kind, finding.path) == ("store", path.as_posix())
        flip(path)
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    assert look(study).holds


def test_without_results_or_records_it_refuses(study):
    with pytest.raises(ConfigError, match="results/none: no such folder"):
        audit(Path("results/none"))
    (Path("results/empty")).mkdir()
    with pytest.raises(LineageError, match="no whole record"):
        audit(Path("results/empty"))


def test_jobs_of_other_code_are_not_called_forged(study):
    # the records here have invented digests of code
    audited = audit(study, recompute=2, seed=3, leaks=False)
    assert {one.kind for one in audited.findings} == {"other code"}
    assert len(audited.findings) == 2
    assert "drawn with seed 3" in as_text(audited)


def test_a_command_of_another_stage_is_not_run(study):
    from overheard.lineage.recompute_jobs import recompute_job

    path = study / "teacher/fold-0/prior.record.json"
    for command, reason in {
        "rm -r results": "not one of stage prior",
        "overheard prior --prior 'results": "No closing quotation",
        None: "its command is not known",
    }.items():
        say(study, "teacher/fold-0/prior", command=command)
        (finding,) = recompute_job(study, "results/mini/teacher/fold-0/prior.record.json", records.read_record(path))
        assert finding.kind == "not recomputed"
        assert reason in finding.found


def test_a_recorded_command_is_read_as_its_stage_reads_it(study):
    from overheard.lineage.recompute_jobs import _said_otherwise

    job = "results/mini/teacher/fold-0/prior.record.json"
    record = records.read_record(Path(job))
    sides = record["reads"] | record["writes"]
    words = [word for flag, side in sides.items() for word in (f"--{flag.replace('_', '-')}", side[0]["path"])]
    # a person may write --flag=value, and what was planned and logged decides nothing
    words += [f"--record={job}", "--log", "prior.log", "--planned", "{}"]
    assert _said_otherwise(words, job, record) == []
    assert _said_otherwise([word.replace("prior.csv", "other.csv") for word in words], job, record) == ["writes"]
    assert _said_otherwise([word.replace("index.csv", "other.csv") for word in words], job, record) == ["reads"]
    assert _said_otherwise([word for word in words if "--record" not in word], job, record) == ["record"]
    for other in (["--sound", "x"], ["--help"], ["--seed"]):
        with pytest.raises(LineageError, match="its command"):
            _said_otherwise([*words, *other], job, record)
    split = "results/mini/media/fold-0/split.record.json"
    with pytest.raises(LineageError, match="its command cannot be read: Missing parameter: fold"):
        _said_otherwise(["--index=i", "--splits=s", "--record", split], split, records.read_record(Path(split)))


def test_nonsense_with_a_fitting_hash_is_named(study):
    path = study / "evaluate/scene/image/seed-0/predictions.npz"
    path.write_bytes(b"no archive at all")
    reseal(study, "evaluate/scene/image/evaluate")
    assert ("number", "evaluate/scene/image/seed-0/scores.json") in found(study)


def test_a_damaged_record_alone_is_the_finding_not_what_rests_on_it(study):
    flip(study / "evaluate/scene/image/evaluate.record.json")
    (finding,) = look(study).findings
    assert (finding.kind, finding.path) == ("record", "results/mini/evaluate/scene/image/evaluate.record.json")
    assert {name.split("/")[1] for name in finding.feeds} == {"scene"}


# --- what no job made


def rereads(study, job, flag, path, **entry):
    """A job's record says that it read another file under a flag, which no job made."""
    record = records.read_record(study / f"{job}.record.json")
    content = Path(path).read_bytes()
    read = {"path": str(path), "sha256": records.sha256(content).hexdigest(), "bytes": len(content), "record": None}
    reseal(study, job, reads=record["reads"] | {flag: [read | entry]})


def lineage(study):
    return {(one.path.removeprefix("results/mini/"), one.found) for one in look(study).findings}


def test_an_input_that_no_job_made_is_found_unless_it_is_given(study):
    Path("leaky.csv").write_bytes((study / "media/fold-0/splits.csv").read_bytes())
    rereads(study, "train/scene/image/seed-0/student", "splits", "leaky.csv")
    said = (
        "train/scene/image/seed-0/student.record.json",
        "it read leaky.csv, but no job made it and no manifest has it",
    )
    assert said in lineage(study)
    # the study's own split, as a job run without --records has it
    rereads(study, "train/scene/image/seed-0/student", "splits", study / "media/fold-0/splits.csv")
    assert any("splits.csv, but no job made it" in found for _, found in lineage(study))


def test_given_is_what_the_configuration_names(study):
    Path("mine").mkdir()
    for name in ("tagger.pt", "other.pt"):
        Path("mine", name).write_text(f"weights of {name}")
    rereads(study, "pretrain/sound", "given", "mine/tagger.pt")
    rereads(study, "tables/table2", "published", "config/published.csv")
    assert ("lineage", "pretrain/sound.record.json") not in found(study)  # no configuration says otherwise

    source = {"kind": "directory", "pairs": "mine/pairs", "tagger": "./mine/tagger.pt"}
    config = {"source": source, "networks": {"sound": {"name": "mn04", "frozen_blocks": 13}}}
    Path("config/mini.yaml").write_text(json.dumps(config))
    Path("config/published").mkdir()
    Path("config/published/advance.csv").write_bytes(Path("config/published.csv").read_bytes())
    rereads(study, "tables/table2", "published", Path("config/published/advance.csv").absolute())
    assert not [one for one in found(study) if (one[0] == "lineage" and "pretrain" in one[1]) or "table2" in one[1]]
    rereads(study, "pretrain/sound", "given", "mine/other.pt")
    assert ("lineage", "pretrain/sound.record.json") in found(study)
    # a folder of pictures that another job read with other content
    Path("config/mini.yaml").write_text("not: [a configuration")
    assert ("lineage", "pretrain/sound.record.json") not in found(study)


# --- records with fitting digests that lack what others have


def cut(record, *keys):
    """The same without one key, somewhere inside."""
    changed = json.loads(json.dumps(record))
    place = changed
    for key in keys[:-1]:
        place = place[key]
    del place[keys[-1]]
    return changed


@pytest.mark.parametrize(
    ("job", "lost", "kind"),
    [
        ("evaluate/scene/image/evaluate", ("reads", "index"), "number"),
        ("evaluate/scene/image/evaluate", ("reads", "students"), "number"),
        ("evaluate/scene/image/evaluate", ("writes", "scores"), "number"),
        ("train/scene/image/seed-0/student", ("settings", "method"), "number"),
        ("tables/table2", ("reads", "published"), "number"),
        ("tables/table2", ("settings", "settings"), "number"),
        ("tables/table2", ("settings", "table"), "number"),
        ("tables/table2", ("settings", "settings", "spec", "blocks"), "number"),
        ("tables/table2", ("writes", "cells"), "number"),
        ("tables/cells", ("reads", "tables"), "number"),
        ("media/media", ("writes", "manifest"), "record"),
        ("teacher/fold-0/prior", ("reads", "index", 0, "path"), "record"),
        ("teacher/fold-0/prior", ("reads", "index", 0, "bytes"), "record"),
        ("teacher/fold-0/prior", ("writes", "prior", 0, "sha256"), "record"),
    ],
)
def test_a_record_that_lacks_something_is_a_finding_and_no_traceback(study, job, lost, kind):
    path = study / f"{job}.record.json"
    record = cut(records.read_record(path), *lost)
    record = records.sealed({key: value for key, value in record.items() if key not in ("digest", "identity")})
    path.write_text(records.as_text(record), encoding="utf-8")
    say(study, job)
    audited = audit(study, recompute=100, seed=0, leaks=False)
    kinds = {(one.kind, one.path) for one in audited.findings}
    assert any(one[0] == kind for one in kinds), kinds
    assert "unreadable" not in {one[0] for one in kinds}
    if kind == "record":
        assert (kind, f"results/mini/{job}.record.json") in kinds
    as_text(audited)


@pytest.mark.parametrize("changes", [{"settings": []}, {"code": {"digest": "0"}}, {"environment": None}, {"stage": 5}])
def test_a_record_of_another_form_is_no_record(study, changes):
    path = study / "teacher/fold-0/prior.record.json"
    record = json.loads(path.read_text()) | changes
    path.write_text(records.as_text(record))
    assert {one for one in found(study) if one[0] == "record"} == {("record", "teacher/fold-0/prior.record.json")}
    try:
        record = records.sealed({key: value for key, value in record.items() if key not in ("digest", "identity")})
    except (TypeError, KeyError):
        return
    path.write_text(records.as_text(record))
    assert {one for one in found(study) if one[0] == "record"} == {("record", "teacher/fold-0/prior.record.json")}


def test_a_manifest_that_is_none_is_named(study):
    path = study / "media/manifest.csv"
    path.write_text("a,b\n1,2\n")
    reseal(study, "media/media")
    assert ("unreadable", "media/manifest.csv") in found(study)
    path.write_bytes(b"path,sha256,bytes\n\xff\xfe,1,2\n")
    reseal(study, "media/media")
    assert ("unreadable", "media/manifest.csv") in found(study)


def test_whatever_lies_in_the_folder_the_audit_ends_with_an_answer(study):
    (study / "teacher/new.record.json").mkdir()
    place = circumstance_path(study / "teacher/fold-0/prior.record.json")
    place.unlink()
    place.mkdir()
    circumstance_path(study / "teacher/fold-0/relevance.record.json").write_text("[" * 100_000)
    (study / "media/fold-0/split.record.json").write_text("[" * 100_000)
    (study / "media/fold-0/split.circumstance.json").write_text("{}")
    (study / "tables/table2.md").unlink()
    (study / "tables/table2.md").mkdir()
    (study / "tables/table2.tex").unlink()
    (study / "tables/table2.tex").symlink_to("table2.tex")
    listing = study / "draw/scenes.files.csv"
    listing.write_bytes(b"\xff no listing")
    record = records.read_record(study / "draw/scenes.record.json")
    record["writes"]["media"][0]["sha256"] = records.sha256(listing.read_bytes()).hexdigest()
    record = records.sealed({key: value for key, value in record.items() if key not in ("digest", "identity")})
    (study / "draw/scenes.record.json").write_text(records.as_text(record))
    audited = audit(study, recompute=100, seed=0)
    named = {(one.kind, one.path.removeprefix("results/mini/")) for one in audited.findings}
    assert named >= {
        ("record", "teacher/new.record.json"),
        ("circumstance", "teacher/fold-0/prior.circumstance.json"),
        ("circumstance", "teacher/fold-0/relevance.circumstance.json"),
        ("record", "media/fold-0/split.record.json"),
        ("changed", "tables/table2.md"),
        ("missing", "tables/table2.tex"),
        ("unreadable", "draw/scenes.files.csv"),
    }
    assert ("unreadable", "results/mini") not in named


def raising(error):
    def fail(*given, **named):
        raise error

    return fail


def test_what_cannot_be_opened_is_a_finding_too(study, monkeypatch):
    monkeypatch.setattr("overheard.lineage.audit_files.strangers", raising(PermissionError(13, "denied", "tables")))
    (finding,) = look(study).findings
    assert (finding.kind, finding.path) == ("unreadable", "results/mini")
    assert "denied" in finding.found
    assert len([name for name in finding.feeds if "/" in name]) == 6


@pytest.mark.parametrize(
    "place",
    [
        "audit_files.strangers",
        "audit_files.read_record",
        "audit_files.artifacts.read_table",
        "recount.scores_again",
        "recount.differing",
        "recompute_jobs._other_code",
        "recompute_jobs.differences",
        "leak_report.leak_report",
    ],
)
def test_a_bug_of_ours_is_not_told_as_damage(study, monkeypatch, place):
    (study / "tables/table2.md").write_text("other\n")
    reseal(study, "tables/table2")
    monkeypatch.setattr(f"overheard.lineage.{place}", raising(ZeroDivisionError("nobody thought of it")))
    with pytest.raises(ZeroDivisionError):
        audit(study, recompute=100, seed=0)


# --- the leak report


def test_content_that_the_leak_report_cannot_read_is_a_finding_or_a_remark(study):
    # arrays, weights and normaliser of this experiment are stand-ins, whose hashes fit
    (finding,) = audit(study).findings
    assert (finding.kind, finding.path) == ("leak", "results/mini/media")
    assert "no leak report: " in finding.found
    flip(study / "features/fold-0/normaliser.image.npz")
    audited = audit(study)
    assert [(one.kind, one.path) for one in audited.findings] == [
        ("changed", "results/mini/features/fold-0/normaliser.image.npz")
    ]
    assert (
        "no leak report: results/mini/features/fold-0/normaliser.image.npz is not what it should be" in audited.remarks
    )


def test_what_the_leak_report_did_not_examine_is_said(study, monkeypatch):

    lines = [leak_lines.Line("clip", "test", 0, 3), *leak_lines.not_examined("near", "no coordinates")]
    report = leak_lines.report("mini", lines)
    monkeypatch.setattr("overheard.lineage.leak_report.leak_report", lambda *given, **named: report)
    (remark,) = [one for one in audit(study).remarks if one.startswith("leak report")]
    assert remark.endswith("in a way the protocol forbids; 1 of 2 ways not examined: near")


# --- what `overheard save` left


@pytest.fixture
def packed(study):
    from overheard.sharing import save

    save.pack(study)
    save.write_curves(study)
    return study


def test_what_is_saved_holds_and_its_strangers_do_not(packed):
    assert look(packed).holds
    (packed / "saved/.gitignore").write_text("/draw\n")
    (packed / "saved/train/.part-scene.tar").write_text("half")
    (packed / "saved/notes.tar").write_text("mine")
    assert found(packed) == {("unknown", "saved/train/.part-scene.tar"), ("unknown", "saved/notes.tar")}


@pytest.mark.parametrize("path", ["curves.csv", "f_scores.csv", "teacher/fold-0/prior.tar", "train/scene/image.tar"])
def test_a_flipped_bit_in_what_is_saved_is_found(packed, path):
    flip(packed / "saved" / path)
    (finding,) = look(packed).findings
    assert finding.path == f"results/mini/saved/{path}"
    assert finding.feeds == ()
    assert "`overheard save mini`" in finding.fix


def test_a_list_of_archives_that_is_none_or_another_is_found(packed):
    path = packed / "saved/archives.csv"
    text = path.read_text()
    path.write_text(text.replace("bytes", "octets"))
    assert ("saved", "saved/archives.csv") in found(packed)
    line = next(line for line in text.splitlines() if line.startswith("teacher/fold-0/prior.tar,"))
    path.write_text(text.replace(line, line[:-1] + ("0" if line[-1] != "0" else "1")))
    assert found(packed) == {("saved", "saved/teacher/fold-0/prior.tar")}
    path.unlink()
    assert ("saved", "saved/archives.csv") in found(packed)


def test_archives_of_other_results_are_found_though_the_list_fits(packed):
    from overheard.sharing import archive, saved_files

    path = packed / "saved/train/scene/image.tar"
    lines = saved_files.read_index(packed)
    (Path("student.pt")).write_text("a better student")
    name = "train/scene/image/seed-0/student.pt"
    members = {key: packed / key for key in archive.digests(path)} | {name: Path("student.pt")}

    def repack():
        archive.pack(path, members)
        line = saved_files.described("train/scene/image.tar", path, len(members))
        saved_files.write_index(packed, (lines | {line.archive: line}).values())

    repack()
    (finding,) = look(packed).findings
    assert (finding.kind, finding.path) == ("saved", "results/mini/saved/train/scene/image.tar")
    assert finding.found.startswith(f"results/mini/{name}: sha256 ")
    del members[name]
    repack()
    assert found(packed) == {("saved", "saved/train/scene/image.tar")}
    del lines["train/scene/image.tar"]
    path.unlink()
    saved_files.write_index(packed, lines.values())
    assert found(packed) == {("saved", "saved/archives.csv")}
    line = saved_files.Archive("../../../elsewhere.tar", 1, 1, "0" * 64)
    saved_files.write_index(packed, [*lines.values(), line])
    assert found(packed) == {("saved", "saved/archives.csv")}


def test_of_what_is_saved_git_may_have_the_small_files_alone(packed):
    for path in [*packed.glob("saved/**/*.tar"), packed / "saved/.same.json"]:
        path.unlink()
    audited = look(packed)
    assert audited.holds
    assert any("archives are not here; `overheard restore mini`" in remark for remark in audited.remarks)
    (packed / "saved/f_scores.csv").unlink()
    assert found(packed) == {("missing", "saved/f_scores.csv")}


def test_forged_curves_are_found_by_drawing_them_again(packed):
    path = packed / "saved/f_scores.csv"
    text = path.read_text()
    number = text.splitlines()[1].rpartition(",")[2]
    path.write_text(text.replace(number, "99.9999"))
    (finding,) = look(packed).findings
    assert (finding.kind, finding.path) == ("number", "results/mini/saved/f_scores.csv")
    assert "99.9999" in finding.found
    assert number in finding.expected
    path.write_text(text)
    flip(packed / "train/scene/image/seed-0/history.csv")
    audited = look(packed)
    assert {one.path for one in audited.findings} == {"results/mini/train/scene/image/seed-0/history.csv"}
    assert any(remark.startswith("saved/curves.csv was not made again") for remark in audited.remarks)


def test_the_scores_of_later_epochs_are_counted_again():
    rng = np.random.default_rng(2)
    logits, label = rng.normal(size=(3, 8, 2)).astype(np.float32), rng.integers(0, 2, 8)
    said = {"method": "scene", "modality": "image", "seed": 10, "fold": 0, "best_epoch": 7, "events": None}
    arrays = {"id": np.arange(8).astype(str), "label": label, "classes": np.array(["a", "b"])}
    arrays |= {"scene_logits": logits[0], "next_epochs": np.array([8, 9]), "next_scene_logits": logits[1:]}
    again = recount.scores_again(arrays, said)["epochs"]
    expected = [f1_score(label, each.argmax(axis=1), average="weighted", zero_division=0) for each in logits]
    assert [each["epoch"] for each in again] == [7, 8, 9]
    assert [each["f_score"] for each in again] == pytest.approx(expected)
