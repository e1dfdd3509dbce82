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

import pytest
import torch
import yaml

from overheard import artifacts
from overheard.lineage import records
from overheard.lineage.audit import as_text, audit
from overheard.lineage.check import check
from overheard.lineage.circumstance import sealed
from overheard.lineage.recomputing import recompute_job
from overheard.lineage.reference import recompute_reference, write_reference

MINIATURE = {
    "seeds": [0, 1],
    "source": {"kind": "twin", "world": 5, "scale": 0.01, "scenes": 2, "sounds": 40},
    "networks": {name: {"name": "small", "pretrain": {"epochs": 1}} for name in ("image", "sound")},
    "train": {"learning_rate": 1e-3, "epochs": 2},
}
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
    "split": "results/mini/media/splits.csv",
    "statistics": "results/mini/media/statistics.csv",
    "media report": "results/mini/media/report.md",
    "feature array": "results/mini/features/images.npy",
    "pooled array": "results/mini/features/paper.pooled.npy",
    "ids": "results/mini/features/images.ids.csv",
    "normaliser": "results/mini/features/normaliser.npz",
    "encoder weights": "results/mini/pretrain/sound.pt",
    "pre-training history": "results/mini/pretrain/image.history.csv",
    "teacher logits": "results/mini/teacher/logits.npy",
    "teacher report": "results/mini/teacher/report.json",
    "prior": "results/mini/teacher/prior.csv",
    "relevance": "results/mini/teacher/relevance.csv",
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
def finished(tmp_path_factory):
    """A finished miniature study and its store."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "config").mkdir()
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(MINIATURE))
    done = overheard(folder, "run", "mini")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def here(finished, monkeypatch):
    """The finished study's folder as the current one; leave it as it was."""
    monkeypatch.chdir(finished)
    return finished


@pytest.fixture
def copy(finished, tmp_path, monkeypatch):
    """A copy of the study, to be disturbed; without the store."""
    shutil.copytree(finished / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    return tmp_path


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
    assert "everything holds; 83 records" in done.stdout
    assert "66 cells counted again" in done.stdout
    assert "1 of 83 jobs run again (drawn with seed 5)" in done.stdout
    assert "by other code" not in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found(here, kind):
    drawn = random.Random(kind)
    path = drawn.choice(sorted(here.glob(KINDS[kind]))).relative_to(here)
    with flipped(path, drawn):
        audited = audit(STUDY, leaks=False)
    assert [one.path for one in audited.findings] == [path.as_posix()]
    assert path.as_posix() in as_text(audited)


def test_bits_flipped_in_many_files_at_once_are_all_found(here):
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
        audited = audit(STUDY, leaks=False)
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    assert {one.path for one in audited.findings} == {path.as_posix() for path in chosen}


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
    place = records.circumstance_path(path)
    said = {key: value for key, value in json.loads(place.read_text()).items() if key not in ("digest", "of")}
    place.write_text(json.dumps(sealed(said, record["digest"]), indent=1, sort_keys=True) + "\n")


def rerun(job: str) -> None:
    """Run a job again where it stands, from inputs that the forger changed."""
    command = shlex.split(json.loads(records.circumstance_path(Path(job)).read_text())["command"])
    place = command.index("--planned")
    command = [sys.executable, "-m", *command[:place], *command[place + 2 :]]
    environ = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr


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
    for job in (evaluate, "results/mini/tables/figure6.record.json"):
        rerun(job)
    for job in ("figures/figure6", "tables/cells"):
        rerun(f"results/mini/{job}.record.json")
    assert audit(STUDY, leaks=False).holds  # hashes and numbers all agree

    findings = recompute_job(STUDY, train, records.read_record(Path(train)))
    assert [(one.kind, one.path) for one in findings] == [("forged", student.as_posix())]
    assert recompute_job(STUDY, evaluate, records.read_record(Path(evaluate))) == []
    # the commands of others, or of other settings, are not taken for the job's own
    place = records.circumstance_path(Path(evaluate))
    said = json.loads(place.read_text())
    said["command"] = said["command"].replace('"batch_size": 32', '"batch_size": 16')
    place.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    (finding,) = recompute_job(STUDY, evaluate, records.read_record(Path(evaluate)))
    assert (finding.kind, finding.found) == ("forged", "its recorded command does something else (settings)")


def test_a_forged_table_with_its_record_is_found_by_counting_again(copy):
    table = STUDY / "tables/table2.tex"
    text = table.read_text()
    number = text.split("&")[-1].split()[0]
    table.write_text(text.replace(number, "99.99"))
    reseal("results/mini/tables/table2.record.json")
    audited = audit(STUDY, leaks=False)
    assert [(one.kind, one.path) for one in audited.findings] == [("number", "results/mini/tables/table2.tex")]
    assert "99.99" in audited.findings[0].found


def test_a_reference_is_written_counted_again_and_checked(copy):
    said = write_reference("mini", allow_dirty=True)
    assert "of 83 jobs" in said
    text, code = recompute_reference("mini")
    assert code == 0, text
    assert "66 cells counted again" in text
    assert text.count("the recorded bytes") == 4
    assert check("mini") == (
        "mini: 66 cells of results/mini (second) against reference/mini (first)\n  same bytes: 66",
        0,
    )
    assert audit(Path("reference/mini"), leaks=False).holds
