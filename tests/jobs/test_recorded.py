"""Jobs that write a record: inputs changed meanwhile, threads, and code that is another on disk."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from overheard.io.signature import Reads, Writes
from overheard.jobs import circumstance, job, records, store_files
from overheard.jobs.job import Provenance
from overheard.jobs.runner import run_stage


@pytest.fixture
def alone(tmp_path, monkeypatch) -> Path:
    """A working folder with a store and a few inputs, old enough to be told apart by their times."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERHEARD_STORE", "store")
    (tmp_path / "media/sub").mkdir(parents=True)
    for name in ("index.csv", "media/a.jpg", "media/sub/b.jpg"):
        (tmp_path / name).write_text("as planned")
    time.sleep(0.1)
    return tmp_path


def job_that(meddles, index=Path("index.csv")):
    """Run a job during which somebody meddles with its inputs; its exit code."""

    def split(index: Reads, splits: Writes) -> None:
        meddles()
        seen = [path.read_text() for path in sorted(index.rglob("*.jpg"))] if index.is_dir() else index.read_text()
        splits.write_text(str(seen))

    given = {"index": index, "splits": Path("splits.csv")}
    return run_stage(split, given, None, ["overheard", "split"], Provenance(Path("split.record.json")))


MEDDLING = {
    "another text": (Path("index.csv"), lambda: Path("index.csv").write_text("otherwise!")),
    "another file": (
        Path("index.csv"),
        lambda: Path("other").write_text("as planned") and os.replace("other", "index.csv"),
    ),
    "a file of a folder": (Path("media"), lambda: Path("media/sub/b.jpg").write_text("otherwise!")),
    "a new file in a folder": (Path("media"), lambda: Path("media/sub/c.jpg").write_text("new")),
}


@pytest.mark.parametrize("what", MEDDLING)
def test_what_came_of_an_input_changed_meanwhile_is_not_kept(alone, what, capsys):
    index, meddles = MEDDLING[what]
    assert job_that(meddles, index) == 2
    message = capsys.readouterr().err
    assert f"split: {index} was changed while this job ran" in message
    assert "give the command again" in message
    assert not list(alone.glob("*split*"))
    assert store_files.entry_paths(alone / "store") == []
    # left alone, it is computed from what is there now, and put back for as long as that is so
    assert job_that(lambda: None, index) == 0
    expected = Path("splits.csv").read_text()
    Path("splits.csv").unlink()
    assert job_that(lambda: pytest.fail("computed again"), index) == 0
    assert Path("splits.csv").read_text() == expected


@pytest.mark.parametrize(
    "touches", [lambda: os.link("index.csv", "other"), lambda: Path("index.csv").chmod(0o600)], ids=["link", "chmod"]
)
def test_a_job_whose_input_gets_a_link_or_other_permissions_meanwhile_is_kept(alone, touches):
    assert job_that(touches) == 0
    assert Path("splits.csv").read_text() == "as planned"


def test_a_changed_input_whose_time_was_set_back_is_noticed(alone):
    def meddles():
        status = Path("index.csv").stat()
        Path("index.csv").write_text("otherwise!")
        os.utime("index.csv", ns=(status.st_atime_ns, status.st_mtime_ns))

    assert len("otherwise!") == len("as planned")
    assert job_that(meddles) == 2


@pytest.mark.parametrize(
    ("given", "threads"), [("2,1", 2), ("4", 4), (" 3 ", 3), ("", 1), ("many", 1), ("0", 1), ("-2", 1)]
)
def test_threads_are_those_of_openmps_outermost_level(monkeypatch, given, threads):
    """A list is what OpenMP 5.2, section 21.1.2, allows; whatever stands there must not end a job after its work."""
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    said = circumstance.Watch().circumstance("overheard prior", "cpu", "abacus", None)
    assert said["threads"] == threads


def test_a_job_that_may_run_an_older_text_of_its_code_is_refused(alone, monkeypatch, capsys):
    monkeypatch.setattr(job, "stale_bytecode", lambda: [Path("overheard/media/splits.py")])
    assert job_that(lambda: pytest.fail("was run")) == 2
    message = capsys.readouterr().err
    assert "bytecode of an older text of overheard/media/splits.py" in message
    assert "give the command again" in message
    assert not list(alone.glob("*split*"))


def test_a_job_by_hand_never_runs_code_that_is_another_on_disk(alone):
    """The whole program, with bytecode: an edit that keeps its source's size and date."""
    shutil.copytree(Path(job.__file__).parents[1], "overheard", ignore=shutil.ignore_patterns("__pycache__"))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-m", "overheard", "prior", "--record", "prior.record.json", "--prior", "prior.csv"]
    np.save("logits.npy", np.ones((2, 527), np.float32))
    tables = {"logit-ids": "id\na\nb\n", "index": "id,class\na,x\nb,y\n", "splits": "id,split\na,train\nb,train\n"}
    for name, text in tables.items():
        Path(name).write_text(text)
        command += [f"--{name}", name]
    command += ["--logits", "logits.npy"]

    def given():
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        code = records.read_record(Path("prior.record.json"))["code"]["digest"]
        return done.returncode, done.stderr, code, Path("prior.csv").read_text()

    exit_code, said, code, values = given()
    assert exit_code == 0, said
    assert values.splitlines()[1].startswith("x,0.731058")
    source = Path("overheard/learning/relevance.py")
    before, text = source.stat(), source.read_text()
    source.write_text(text.replace("dtype=np.float64) / 2", "dtype=np.float64) / 4"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.stat().st_size == before.st_size
    exit_code, said, *left = given()
    assert exit_code == 2
    assert "bytecode of an older text of" in said
    assert "relevance.py" in said
    assert left[0] == code
    exit_code, _, other, values = given()
    assert exit_code == 0
    assert other != code
    assert values.splitlines()[1].startswith("x,0.62245935")
