"""The whole road audited: one bit flipped in a file of every kind is found, a consistent forgery by running again."""

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from overheard.io import artifacts
from overheard.jobs import records
from overheard.jobs.circumstance import circumstance_path, sealed
from overheard.lineage import audit as audits
from overheard.lineage.audit import as_text, audit
from overheard.lineage.diff import check
from overheard.lineage.findings import Finding
from overheard.lineage.graph import Graph
from overheard.lineage.recompute_jobs import recompute_job
from overheard.scheduling.dry_run import dry_run
from overheard.scheduling.reruns import Wanted, snakemake_command
from overheard.sharing.reference import recompute_reference, write_reference
from overheard.study.experiments import load
from overheard.study.flow import STAGES

STUDY = Path("results/mini")
RUN = "scene+event/image+sound"

KINDS = {
    "picture": "results/mini/draw/pairs/vision/*/*.jpg",
    "sound": "results/mini/draw/pairs/sound/*/*.wav",
    "scene picture": "results/mini/draw/scenes/*/*.jpg",
    "tagged sound": "results/mini/draw/sounds/sound/*.wav",
    "mask": "results/mini/draw/pairs/mask/*/*.png",
    "truth": "results/mini/draw/pairs/truth/events.csv",
    "listing": "results/mini/draw/pairs.files.csv",
    "manifest": "results/mini/media/manifest.csv",
    "index": "results/mini/media/index.csv",
    "split": "results/mini/media/fold-0/splits.csv",
    "statistics": "results/mini/media/statistics.csv",
    "media report": "results/mini/media/report.md",
    "feature array": "results/mini/features/paper.npy",
    "pooled array": "results/mini/features/paper.pooled.npy",
    "ids": "results/mini/features/images.ids.csv",
    "image_normaliser": "results/mini/features/fold-0/normaliser.image.npz",
    "encoder weights": "results/mini/pretrain/sound.pt",
    "pre-training history": "results/mini/pretrain/image.history.csv",
    "teacher logits": "results/mini/teacher/logits.npy",
    "teacher report": "results/mini/teacher/report.json",
    "prior": "results/mini/teacher/fold-0/prior.csv",
    "relevance": "results/mini/teacher/fold-0/relevance.csv",
    "student": f"results/mini/train/{RUN}/seed-1/student.pt",
    "history": f"results/mini/train/{RUN}/seed-1/history.csv",
    "predictions": f"results/mini/evaluate/{RUN}/seed-0/predictions.npz",
    "event logits": f"results/mini/evaluate/{RUN}/seed-0/events.npz",
    "scores": f"results/mini/evaluate/{RUN}/seed-0/scores.json",
    "cells": "results/mini/tables/cells.csv",
    "cells of a table": "results/mini/tables/table2.cells.csv",
    "table as CSV": "results/mini/tables/table2.csv",
    "table as Markdown": "results/mini/tables/table3.md",
    "table as LaTeX": "results/mini/tables/figure6.tex",
    "metrics": "results/mini/tables/metrics.json",
    "figure as PNG": "results/mini/figures/figure6.png",
    "figure as PDF": "results/mini/figures/figure3.pdf",
    "record": f"results/mini/train/{RUN}/seed-0/student.record.json",
    "circumstance": f"results/mini/evaluate/{RUN}/evaluate.circumstance.json",
    "content in the store": "store/files/*/*",
    "entry of the store": "store/records/*/*.json",
}


@pytest.fixture(scope="module")
def finished(miniature, tmp_path_factory):
    """A finished miniature study and its store, whose bits may be flipped and flipped back."""
    return shutil.copytree(miniature, tmp_path_factory.mktemp("study") / "finished")


@pytest.fixture
def here(finished, monkeypatch):
    """The finished study's folder as the current one; leave it as it was."""
    monkeypatch.chdir(finished)
    return finished


@pytest.fixture
def copy(miniature_copy, monkeypatch):
    """A copy of the study, to be disturbed; its jobs put nothing back from the store."""
    monkeypatch.chdir(miniature_copy)
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    return miniature_copy


@pytest.fixture
def unlike(monkeypatch):
    """A leak report that opens every file and compares no picture or sound, which takes most of its time."""
    seen = lambda values, *how: np.zeros(len(values), [("silent", bool)]).view(np.recarray)  # noqa: E731
    monkeypatch.setattr("overheard.media.fingerprints.picture_hashes", seen)
    monkeypatch.setattr("overheard.media.fingerprints.blank", lambda prints: prints.silent)
    monkeypatch.setattr("overheard.media.fingerprints.sound_prints", seen)
    monkeypatch.setattr("overheard.lineage.leak_arrays._pairs", lambda *given: [])


@pytest.fixture(scope="module")
def planned(finished):
    """All jobs of the plan, from one dry run: no result decides what a job is planned with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(finished)
        return dry_run(snakemake_command(load("mini"), Wanted()))


@pytest.fixture
def plan(planned, monkeypatch):
    """The plan is not made again for every audit, which takes most of its time."""
    monkeypatch.setattr("overheard.lineage.audit.dry_run", lambda command: planned)


def overheard(folder, *arguments):
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@contextmanager
def flipped(path: Path, drawn: random.Random):
    """One bit of a file is another, and afterwards is not."""
    content = path.read_bytes()
    place = drawn.randrange(len(content))
    changed = bytearray(content)
    changed[place] ^= 1 << drawn.randrange(8)
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(changed)
    try:
        yield
    finally:
        path.write_bytes(content)
        path.chmod(mode)


def test_the_undisturbed_study_holds_leak_report_and_all(here):
    done = overheard(here, "audit", "mini", "--recompute", "1", "--seed", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything holds; 136 records" in done.stdout
    assert "93 cells computed again" in done.stdout
    assert "1 of 136 jobs run again (drawn with seed 5)" in done.stdout
    assert "by other code" not in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found(here, unlike, plan, kind):
    drawn = random.Random(kind)
    path = drawn.choice(sorted(here.glob(KINDS[kind]))).relative_to(here)
    with flipped(path, drawn):
        audited = audit(STUDY)
    assert [one.path for one in audited.findings] == [path.as_posix()]
    assert path.as_posix() in as_text(audited)


def test_bits_flipped_in_many_files_at_once_are_all_found(here, unlike):
    """Of every file of the study but those that say what the others should be."""
    drawn = random.Random(11)
    files = [path for path in sorted(STUDY.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    files = [path for path in files if not path.name.endswith((".record.json", ".circumstance.json", ".files.csv"))]
    chosen = drawn.sample(files, 60)
    before = {path: path.read_bytes() for path in chosen}
    for path, content in before.items():
        changed = bytearray(content)
        changed[drawn.randrange(len(content))] ^= 1 << drawn.randrange(8)
        path.write_bytes(changed)
    try:
        audited = audit(STUDY)
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    assert {one.path for one in audited.findings} == {path.as_posix() for path in chosen}


OPENED = ("media/*.csv", "media/scenes/*.csv", "features/*.np?", "features/*.csv", "teacher/*.npy", "teacher/*.csv")


def test_no_flipped_bit_ends_the_leak_report_in_a_traceback_though_the_hash_fits(here, unlike):
    """Heads of arrays above all: numpy, zipfile and csv raise each something of its own."""
    drawn = random.Random(13)
    files = sorted(path.relative_to(here) for pattern in OPENED for path in STUDY.resolve().glob(pattern))
    told = set()
    for path in drawn.choices(files, k=40):
        content = path.read_bytes()
        changed = bytearray(content)
        changed[drawn.randrange(min(len(content), 200))] ^= 1 << drawn.randrange(8)
        path.write_bytes(changed)
        try:
            said = list(audits._leaks(STUDY, {}, ()))
        finally:
            path.write_bytes(content)
        assert len(said) == 1
        findings = [one for one in said if isinstance(one, Finding) and one.found.startswith("no leak report")]
        told |= {one.found.partition("(")[0] for one in findings}
    assert len(told) > 2  # so that more than one kind of error was met


def test_students_trained_by_hand_on_another_split_are_found(copy, unlike):
    """Test clips for training; the study's split stays as it was, and all that follows is made as it should be."""
    jobs = [f"results/mini/train/scratch/sound/seed-{seed}/student.record.json" for seed in (0, 1)]
    for fold, job in enumerate(jobs):
        split, leaky = (STUDY / f"media/fold-{fold}/splits.csv").read_text(), f"leaky-{fold}.csv"
        Path(leaky).write_text(split.replace(",test,", ",train,"))
        rerun(job, lambda words, leaky=leaky: [leaky if word.endswith("splits.csv") else word for word in words])
    for job in Graph(records.load_records(STUDY)).descendants(jobs)[2:]:
        rerun(job)
    audited = audit(STUDY)
    assert {(one.kind, one.path) for one in audited.findings} == {
        *(("lineage", job) for job in jobs),
        *(("plan", job) for job in jobs),
        ("leak", "results/mini/media"),
    }
    (leak,) = [one for one in audited.findings if one.kind == "leak"]
    faults = [f"{job} read leaky-{fold}.csv, not media/fold-{fold}/splits.csv" for fold, job in enumerate(jobs)]
    assert "; ".join(faults) in leak.found


def test_it_ends_non_zero_and_names_file_and_cells(here):
    path = Path(f"results/mini/train/{RUN}/seed-1/student.pt")
    with flipped(path, random.Random(1)):
        done = overheard(here, "audit", "mini")
    assert done.returncode == 1
    assert f"{path}: changed: found sha256" in done.stdout
    assert "figure6/scene+event/image+sound (" in done.stdout


def reseal(job: str) -> None:
    """A forger's work: the record of a job says that it wrote what lies there now."""
    path = Path(job)
    record = records.read_record(path)
    for entry in records.entries(record["writes"]):
        content = Path(entry["path"]).read_bytes()
        entry |= {"sha256": records.sha256(content).hexdigest(), "bytes": len(content)}
    record = records.sealed({key: value for key, value in record.items() if key not in ("digest", "identity")})
    records.write_record(path, record)
    place = circumstance_path(path)
    said = {key: value for key, value in json.loads(place.read_text()).items() if key not in ("digest", "of")}
    place.write_text(json.dumps(sealed(said, record["digest"]), indent=1, sort_keys=True) + "\n")


def rerun(job: str, change=list) -> None:
    """Run a job again where it stands, from inputs that the forger changed, or by another command."""
    command = shlex.split(json.loads(circumstance_path(Path(job)).read_text())["command"])
    place = command.index("--planned")
    command = [sys.executable, "-m", *change([*command[:place], *command[place + 2 :]])]
    environ = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr


def resting_on(job: str) -> list[str]:
    """The jobs that read what a job made, or what those made, in the order of the flow."""
    found, before = {job}, set()
    every = records.load_records(STUDY)
    while found != before:
        before = set(found)
        found |= {
            name
            for name, record in every.items()
            if before & {entry.get("record") for entry in records.entries(record["reads"])}
        }
    order = list(STAGES)
    return sorted(found - {job}, key=lambda name: (order.index(every[name]["stage"]), name))


def test_a_consistent_forgery_is_found_by_running_again(copy):
    """A student of better weights than training gave, with its record and all that follows from it."""
    train = f"results/mini/train/{RUN}/seed-0/student.record.json"
    student = Path(train).with_name("student.pt")
    weights = artifacts.read_weights(student)
    for tensor in weights["state"].values():
        if tensor.is_floating_point():
            tensor += 0.001 * torch.ones_like(tensor)
    artifacts.write_weights(student, weights)
    reseal(train)
    evaluate = f"results/mini/evaluate/{RUN}/evaluate.record.json"
    for job in resting_on(train):
        rerun(job)
    assert audit(STUDY, leaks=False).holds  # hashes and numbers all agree

    findings = recompute_job(STUDY, train, records.read_record(Path(train)))
    assert [(one.kind, one.path) for one in findings] == [("forged", student.as_posix())]
    assert recompute_job(STUDY, evaluate, records.read_record(Path(evaluate))) == []
    # the commands of others, or of other settings, are not taken for the job's own
    for change, differs in {
        ('"batch_size": 32', '"batch_size": 16'): "settings",
        ("media/fold-0/splits.csv", "media/other.csv"): "reads",
        (f"evaluate/{RUN}/seed-0/scores.json", f"evaluate/{RUN}/seed-9/scores.json"): "writes",
        ("--record results/mini/evaluate", "--record results/mini/../elsewhere"): "record",
    }.items():
        finding = recomputed(evaluate, lambda command, change=change: command.replace(*change))
        assert (finding.kind, finding.found) == ("forged", f"its recorded command does something else ({differs})")


def recomputed(job: str, change, record=None) -> Finding | None:
    """What is found of a job whose circumstance has another command and a digest that fits; then it is as it was."""
    place, record = circumstance_path(Path(job)), record or records.read_record(Path(job))
    before = place.read_text()
    said = {key: value for key, value in json.loads(before).items() if key not in ("digest", "of")}
    said["command"] = change(said["command"])
    place.write_text(json.dumps(sealed(said, record["digest"]), indent=1, sort_keys=True) + "\n")
    found = recompute_job(STUDY, job, record)
    place.write_text(before)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("job", "path", "said"),
    [
        ("teacher/fold-0/prior", "{copy}/victim.csv", "leads out of the folder"),
        ("teacher/fold-0/prior", "../victim.csv", "leads out of the folder"),
        ("teacher/fold-0/prior", "results/mini/../../../victim.csv", "leads out of the folder"),
        ("media/media", "results/mini/draw/pairs/victim.csv", "into results/mini/draw/pairs, which it reads"),
    ],
)
def test_running_again_writes_nowhere_else(copy, job, path, said):
    """A forged command, and a forged record that agrees with it."""
    job, flag = f"results/mini/{job}.record.json", job.rpartition("/")[2].replace("media", "index")
    before = {place: place.stat().st_mtime_ns for place in copy.parent.rglob("*.csv")}
    forged, path = records.read_record(Path(job)), path.format(copy=copy)
    was = forged["writes"][flag][0]["path"]
    forged["writes"][flag][0]["path"] = path
    forged = records.sealed({key: value for key, value in forged.items() if key not in ("digest", "identity")})
    finding = recomputed(job, lambda command: command.replace(f"--{flag} {was}", f"--{flag} {path}"), forged)
    assert finding.kind == "not recomputed"
    assert said in finding.found
    assert {place: place.stat().st_mtime_ns for place in copy.parent.rglob("*.csv")} == before


def test_a_folder_of_checkpoints_that_a_command_names_is_not_touched(copy):
    job = f"results/mini/train/{RUN}/seed-0/student.record.json"
    elsewhere = copy / "mine"
    was = "--checkpoints checkpoints"
    assert was in json.loads(circumstance_path(Path(job)).read_text())["command"]
    # nor is the study's own, in which a forger may have left weights to go on with: here no folder at all
    shutil.rmtree(copy / "checkpoints", ignore_errors=True)
    (copy / "checkpoints").write_text("no folder")
    assert recomputed(job, lambda command: command.replace(was, f"--checkpoints={elsewhere}")) is None
    assert not elsewhere.exists()


def test_a_forged_table_with_its_record_is_found_by_counting_again(copy):
    table = STUDY / "tables/table2.tex"
    text = table.read_text()
    number = text.split("&")[-1].split()[0]
    # the caption may name it too, of a row that loses to a baseline
    table.write_text(text.replace(f"& {number} ", "& 99.99 "))
    reseal("results/mini/tables/table2.record.json")
    audited = audit(STUDY, leaks=False)
    assert [(one.kind, one.path) for one in audited.findings] == [("number", "results/mini/tables/table2.tex")]
    assert "99.99" in audited.findings[0].found


def test_a_reference_is_written_counted_again_and_checked(copy):
    said = write_reference("mini", allow_dirty=True)
    assert "of 136 jobs" in said
    text, code = recompute_reference("mini")
    assert code == 0, text
    assert "93 cells computed again" in text
    # eleven of fourteen figures; three rest on what no reference has
    assert text.count("the recorded bytes") == 22
    assert check("mini") == (
        "mini: 93 cells of results/mini (second) against reference/mini (first)\n  same bytes: 93",
        0,
    )
    audited = audit(Path("reference/mini"))
    assert audited.holds
    assert any("ways not examined: picture, sound" in remark for remark in audited.remarks)
