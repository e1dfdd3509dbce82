"""From a cell of a table to all it rests on."""

import json
import re
import shutil
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest

from overheard.errors import ConfigError, LineageError
from overheard.jobs import records
from overheard.lineage.trace import as_json, trace_cell, trace_file
from overheard.lineage.trace_drawing import as_dot, layout, svg
from overheard.lineage.trace_text import as_text

CELL = ("table2", "scene+event", "image", "f_score")


def rewrite(path, change):
    """Change a record and seal it again, as a forger would."""
    record = records.read_record(path)
    change(record)
    records.write_record(path, records.sealed(record))


def test_a_cell_leads_to_its_runs_and_their_scores_give_its_numbers(study):
    trace = trace_cell(study, *CELL)
    assert [run.name for run in trace.runs] == ["scene+event/image/seed-0", "scene+event/image/seed-1"]
    scores = [run.score for run in trace.runs]
    assert float(trace.cell["mean"]) == pytest.approx(np.mean(scores), abs=1e-4)
    assert float(trace.cell["std"]) == pytest.approx(np.std(scores, ddof=1), abs=1e-4)
    assert [trace.jobs[run.train].record["settings"]["seed"] for run in trace.runs] == [0, 1]
    assert trace.runs[1].files["student"]["path"] == "results/mini/train/scene+event/image/seed-1/student.pt"
    assert (
        trace.runs[1].files["predictions"]["path"] == "results/mini/evaluate/scene+event/image/seed-1/predictions.npz"
    )


def test_it_rests_on_every_job_behind_it_once_and_on_no_other(study):
    trace = trace_cell(study, *CELL)
    every = {path.relative_to(study).as_posix().removesuffix(".record.json") for path in study.rglob("*.record.json")}
    others = {"figures/figure3", "evaluate/scene/image/evaluate"}
    others |= {f"train/scene/image/seed-{seed}/student" for seed in (0, 1)}
    assert set(trace.jobs) == every - others
    names = list(trace.jobs)
    assert all(
        names.index(parent) < names.index(job.name)
        for job in trace.jobs.values()
        for parent in job.parents
        if parent in trace.jobs
    )


def test_plain_scenes_rest_on_no_teacher(study):
    jobs = trace_cell(study, "table2", "scene", "image", "f_score").jobs
    assert not {job for job in jobs if job.startswith("teacher")}


def test_only_records_on_the_way_are_read(study):
    (study / "train/scene/image/seed-0/student.record.json").write_text("{", encoding="utf-8")
    trace_cell(study, *CELL)
    with pytest.raises(LineageError, match="not JSON"):
        trace_cell(study, "table2", "scene", "image", "f_score")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("table9", *CELL[1:]), "--table table9: there are table2"),
        (("table2", "scratch", *CELL[2:]), "--row scratch: --table table2 has scene, scene+event"),
        ((*CELL[:2], "sound", "recall"), "--column sound: --table table2 --row scene+event has image"),
        ((*CELL[:3], "accuracy"), "--metric accuracy: .* has precision, recall, f_score"),
    ],
)
def test_what_is_not_there_is_answered_by_what_is(study, asked, message):
    with pytest.raises(ConfigError, match=message.replace("+", r"\+")):
        trace_cell(study, *asked)


def test_a_lost_record_is_named_with_who_read_from_it(study):
    (study / "teacher/fold-0/prior.record.json").unlink()
    found = r"prior.record.json: no such record, though .*/student.record.json read from it; `overheard run mini`"
    with pytest.raises(LineageError, match=found):
        trace_cell(study, *CELL)


@pytest.mark.parametrize("name", ["tables/cells.csv", "evaluate/scene+event/image/seed-0/scores.json"])
def test_a_number_that_was_changed_is_refused(study, name):
    (study / name).write_bytes((study / name).read_bytes().replace(b"1", b"2"))
    with pytest.raises(
        LineageError, match=rf"{re.escape(name)}: sha256 .* says .*; delete it and `overheard run mini`"
    ):
        trace_cell(study, *CELL)


def test_a_file_that_is_not_what_its_producer_wrote_is_refused(study):
    def change(record):
        record["reads"]["prior"][0]["sha256"] = "f" * 64

    rewrite(study / "train/scene+event/image/seed-0/student.record.json", change)
    with pytest.raises(LineageError, match=r"prior.csv: read by .*seed-0/student.record.json, but .* read was ffff"):
        trace_cell(study, *CELL)


def test_a_student_of_another_run_is_refused(study):
    def change(record):
        record["settings"]["seed"] = 5

    rewrite(study / "train/scene+event/image/seed-1/student.record.json", change)
    with pytest.raises(LineageError, match=r"is not of run scene\+event/image/seed-1"):
        trace_cell(study, *CELL)


def test_a_changed_circumstance_is_refused_and_a_lost_one_said(study):
    path = study / "teacher/fold-0/prior.circumstance.json"
    path.write_text(path.read_text().replace("workbench", "elsewhere"), encoding="utf-8")
    with pytest.raises(LineageError, match="prior.circumstance.json: not what was written"):
        trace_cell(study, *CELL)
    path.unlink()
    trace = trace_cell(study, *CELL)
    assert (trace.jobs["teacher/fold-0/prior"].said, trace.cost.unknown) == (None, 1)
    assert trace.cost.cpu_seconds == 2.0 * (len(trace.jobs) - 1)
    text = as_text(trace)
    assert "unknown  when and where: teacher/fold-0/prior" in text
    assert "1 unknown" in text


def test_cost_counts_each_job_once(study):
    cost = trace_cell(study, *CELL).cost
    assert (cost.jobs, cost.cpu_seconds, cost.gpu_seconds, cost.energy_joules) == (22, 44.0, 0.0, None)


def resay(made, name, **other):
    path = made.root / made.path(f"{name}.record.json")
    made.circumstance(made.path(f"{name}.record.json"), records.read_record(path), **other)


def test_gpu_time_and_energy_are_summed_where_they_are_told(made, study):
    for path in study.rglob("*.record.json"):
        resay(made, path.relative_to(study).as_posix().removesuffix(".record.json"), energy_joules=3.0)
    resay(made, "train/scene+event/image/seed-0/student", device="cuda", seconds=7.5, energy_joules=100.0)
    trace = trace_cell(study, *CELL)
    assert trace.cost.gpu_seconds == 7.5
    assert trace.cost.energy_joules == 21 * 3 + 100
    assert "44.0 CPU s and 7.5 GPU s over 22 distinct jobs; energy: 163 J" in as_text(trace)
    resay(made, "teacher/fold-0/prior", energy_joules=None)
    assert trace_cell(study, *CELL).cost.energy_joules is None, "one machine did not tell: no sum"


def test_a_job_that_was_put_back_tells_when_and_where_it_was_computed(made, study):
    once = json.loads((study / "teacher/fold-0/prior.circumstance.json").read_text())
    once |= {"started": "2026-10-01T08:00:00.000+00:00", "host": "laboratory", "cpu_seconds": 9.0}
    resay(made, "teacher/fold-0/prior", how="put back", computed=once, cpu_seconds=0.1)
    trace = trace_cell(study, *CELL)
    job = trace.jobs["teacher/fold-0/prior"]
    assert (job.said["host"], job.put_back["host"]) == ("laboratory", "workbench")
    assert trace.cost.cpu_seconds == 21 * 2.0 + 9.0
    text = " ".join(as_text(trace).replace("│", " ").split())
    assert "put back 2026-11-21" in text
    assert "computed 2026-10-01 08:00:00 UTC on laboratory, 9.0 CPU s" in text


def test_the_commit_says_whether_anything_was_changed(made, study):
    resay(made, "teacher/fold-0/prior", git={"commit": "b" * 40, "dirty": ["src", "config"], "note": None})
    resay(made, "teacher/fold-0/relevance", git={"commit": None, "dirty": [], "note": "no .git: a source archive"})
    text = as_text(trace_cell(study, *CELL))
    assert f"{'b' * 40} (changed since: src, config) (1 of 22 jobs)" in text
    assert "none (no .git: a source archive) (1 of 22 jobs)" in text
    assert "(clean) (20 of 22 jobs)" in text


def test_the_text_shows_each_job_once_and_fits_the_terminal(study):
    trace = trace_cell(study, *CELL)
    for width in (80, 100, 120):
        text = as_text(trace, width)
        assert max(map(len, text.splitlines())) <= width
        trunk = text.partition("all of it rests on")[2].partition("sources")[0]
        for name in trace.jobs:
            shown = len(re.findall(rf"^[├└]─ {re.escape(name)}   ", trunk, re.MULTILINE))
            assert shown == (0 if name.startswith("train/") else 1)
    assert text.startswith("table2 · scene+event · image · f_score   (results/mini)\n91.6005 ± 11.8786 %")
    assert "source: twin; protocol corrected; comparable with the paper: no: simulated twin" in text
    assert "├─ train: 2 students above   4.0 CPU s   ← pretrain/image" in text
    assert "settings of all: alpha 0.1 · device cpu · epochs 30 · learning_rate 0.002" in text
    # the line is as wide as the terminal, and goes on below
    drawn = " ".join(text[text.index("drawn here") :].replace("│", "").split())
    assert drawn.startswith(
        "drawn here (twin), from these settings: coupling 0.5 · events released · scale 0.1 · scenes 30 · sounds 900"
    )
    assert "energy: not reported by this machine" in text


def test_a_setting_that_differs_between_runs_stands_with_its_run(study):
    def change(record):
        record["settings"]["settings"]["alpha"] = 0.7

    path = study / "train/scene+event/image/seed-1/student.record.json"
    rewrite(path, change)
    path.with_name("student.circumstance.json").unlink()
    text = as_text(trace_cell(study, *CELL))
    assert re.search(r"seed-1/student.pt  \w+\n +alpha 0.7\n", text)
    assert "settings of all: device cpu" in text


def from_a_folder(made, **settings):
    """The study's media job again, on a user's folder that no job made."""
    shutil.move(made.folder / "draw/pairs", made.root / "my-folder")
    for name in ("pairs.record.json", "pairs.circumstance.json", "pairs.files.csv"):
        (made.folder / "draw" / name).unlink()
    del made.made_by["results/mini/draw/pairs"]
    writes = {flag: made.path(f"media/{flag}.csv") for flag in ("index", "manifest", "statistics")}
    made.job("media/media", "media", {"collection": "pairs", "settings": settings}, {"folder": "my-folder"}, writes)
    return trace_file(Path("results/mini"), Path("results/mini/media/fold-0/splits.csv"))


def test_a_users_folder_is_named_with_the_digest_of_its_manifest(made):
    trace = from_a_folder(made, seed=0)
    sources = " ".join(as_text(trace).partition("sources\n")[2].partition("when and where")[0].split())
    media = trace.jobs["media/media"].record
    digest, listed = (entry["sha256"][:12] for entry in (media["writes"]["manifest"][0], media["reads"]["folder"][0]))
    assert sources == (
        f"└─ my-folder a folder; seed 0 25 files, sha256 of their list {listed}; manifest media/manifest.csv {digest} "
        "archive checksum and DOI: none, the experiment names none"
    )


def test_an_archive_is_named_with_checksum_and_doi(made):
    trace = from_a_folder(made, archive_sha256="c" * 64, doi="10.5281/zenodo.3828124")
    text = as_text(trace)
    assert "doi: 10.5281/zenodo.3828124" in text
    assert f"archive sha256: {'c' * 64}" in text


def test_any_file_can_be_traced_also_one_in_a_drawn_folder(study):
    picture = trace_file(study, study / "draw/pairs/vision/forest/00000.jpg")
    assert list(picture.jobs) == ["draw/pairs"]
    prior = trace_file(study, study / "teacher/fold-0/prior.csv")
    assert list(prior.jobs)[-1] == "teacher/fold-0/prior"
    assert as_text(prior).startswith("results/mini/teacher/fold-0/prior.csv   (results/mini)\n")
    with pytest.raises(ConfigError, match="no job of mini wrote it"):
        trace_file(study, study / "nothing.csv")


def test_a_reference_run_is_traced_in_its_own_folder_without_its_heavy_files(study):
    reference = Path("reference/mini")
    shutil.copytree(study, reference)
    shutil.rmtree(study)
    shutil.rmtree(reference / "draw/pairs")
    (reference / "evaluate/scene+event/image/seed-0/scores.json").unlink()
    trace = trace_cell(reference, *CELL)
    assert [run.score is None for run in trace.runs] == [True, False]
    assert "seed 0   score not kept here" in as_text(trace)


def test_json_holds_all_of_it(study):
    content = json.loads(as_json(trace_cell(study, *CELL)))
    assert content["cell"]["metric"] == "f_score"
    assert content["jobs"][content["runs"][0]["train"]]["record"]["settings"]["settings"]["alpha"] == 0.1
    assert content["jobs"]["draw/pairs"]["record"]["settings"]["settings"]["coupling"] == 0.5
    assert content["cost"]["jobs"] == len(content["jobs"])
    assert content["jobs"]["media/fold-0/split"]["said"]["git"]["commit"].startswith("1101c5a")


def test_dot_has_a_box_for_every_job_and_an_arrow_for_every_link(study):
    trace = trace_cell(study, *CELL)
    dot = as_dot(trace)
    links = {(parent, job.name) for job in trace.jobs.values() for parent in job.parents if parent in trace.jobs}
    links.add(("tables/cells", "cell"))
    assert set(re.findall(r'"(.+)" -> "(.+)";', dot)) == links
    assert set(re.findall(r'^  "(.+)" \[label', dot, re.MULTILINE)) == {*trace.jobs, "cell"}


def test_the_picture_is_the_same_every_time_and_names_every_job(study):
    trace = trace_cell(study, *CELL)
    content = svg(trace)
    assert content == svg(trace)
    words = "".join(xml.etree.ElementTree.fromstring(content).itertext())
    for word in ("teacher/fold-0/prior", "seed 0: 83.20 %", "seed 1: 100.00 %", "91.60 ± 11.88 %", "draw/pairs"):
        assert word in words


def test_no_arrow_of_the_picture_passes_through_a_box_and_no_two_boxes_meet():
    parents = {"a": [], "b": ["a"], "c": ["b"], "d": ["c"], "e": ["d"], "x": [], "y": ["x", "e"], "z": ["a", "y"]}
    places, ways = layout(parents)
    assert len(set(places.values())) == len(parents)
    boxes = set(places.values())
    assert set(ways) == {(parent, name) for name in parents for parent in parents[name]}
    for (parent, name), way in ways.items():
        assert (way[0], way[-1]) == (places[parent], places[name])
        assert not boxes & set(way[1:-1])
        assert [column for column, _ in way] == list(range(way[0][0], way[-1][0] + 1))
