"""An audit finds what was changed by hand, also where the changer made hashes fit; and says what it feeds."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from overheard import artifacts
from overheard.errors import ConfigError, LineageError
from overheard.lineage import records
from overheard.lineage.audit import as_text, audit


@pytest.fixture
def made(build_study, tmp_path, monkeypatch):
    """The small experiment, its twelve clips all for testing, as its predictions have them."""

    def all_tested(builder):
        clips = build_study.__globals__["_clips"]()
        splits = builder.put("media/splits.csv", "\n".join(["id,split", *(f"{clip},test" for clip, _ in clips)]) + "\n")
        index = builder.path("media/index.csv")
        builder.job("media/split", "split", {"settings": {"seed": 0}}, {"index": index}, {"splits": splits})

    monkeypatch.setitem(build_study.__globals__, "_split", all_tested)
    monkeypatch.chdir(tmp_path)
    return build_study(tmp_path)


@pytest.fixture
def study(made):
    return Path("results") / made.name


def look(study):
    return audit(study, leaks=False)


def found(study):
    """(kind, path within the experiment) of each finding."""
    prefix = f"results/{study.name}/"
    return {(one.kind, one.path.removeprefix(prefix)) for one in look(study).findings}


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
    place = records.circumstance_path(path)
    said = {key: value for key, value in json.loads(place.read_text()).items() if key != "digest"}
    said["of"] = record["digest"]
    said["digest"] = records.sha256(records.canonical(said)).hexdigest()
    place.write_text(records.as_text(said), encoding="utf-8")


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
        ("media/splits.csv", "changed", "all"),
        ("teacher/prior.csv", "changed", {"scene+event"}),
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
    (study / "teacher/relevance.csv").unlink()
    (study / "train/scene/image/seed-0/.part-student.pt").write_text("half")
    (study / "tables/table9.md").write_text("a note")
    (study / "draw/pairs/vision/lake/new.jpg").write_text("added")
    (study / ".lock").write_text("1\n")
    (study / "draw/pairs/.snakemake_timestamp").write_text("")
    (study / ".gitignore").write_text("/train\n")
    (study / "saved").mkdir()
    (study / "saved/train.tar").write_text("packed for sharing")
    (study / "features/normaliser.circumstance.json").unlink()
    assert found(study) == {
        ("missing", "teacher/relevance.csv"),
        ("unknown", "train/scene/image/seed-0/.part-student.pt"),
        ("unknown", "tables/table9.md"),
        ("unknown", "draw/pairs/vision/lake/new.jpg"),
        ("missing", "features/normaliser.circumstance.json"),
    }


def test_a_record_of_another_job_is_not_taken(study):
    for suffix in ("record", "circumstance"):
        shutil.copy(study / f"teacher/prior.{suffix}.json", study / f"teacher/relevance.{suffix}.json")
    assert ("record", "teacher/relevance.record.json") in found(study)
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
    from overheard.lineage import store

    record = records.read_record(study / "teacher/prior.record.json")
    store.keep(Path("store"), record, {"command": "overheard prior"}, {"prior": [study / "teacher/prior.csv"]})
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
    from overheard.lineage.recomputing import recompute_job

    path = study / "teacher/prior.record.json"
    place = records.circumstance_path(path)
    said = json.loads(place.read_text()) | {"command": "rm -r results"}
    place.write_text(records.as_text(said), encoding="utf-8")
    (finding,) = recompute_job(study, "results/mini/teacher/prior.record.json", records.read_record(path))
    assert finding.kind == "not recomputed"
    assert "not one of stage prior" in finding.found


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
