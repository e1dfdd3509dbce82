"""Faults that need no compiler and no second process: Python's own functions fail, and two jobs meet."""

import errno
import multiprocessing
import os
from hashlib import sha256
from pathlib import Path

import pytest

from overheard.io import artifacts
from overheard.io.signature import Writes
from overheard.jobs import hashing, records, runner, store_files
from overheard.jobs.job import Provenance
from overheard.stages.split import Settings, split

INDEX = [
    {"id": f"{kind}{place}", "class": kind, "location": f"{kind}{place}", "recording": f"r{kind}{place}"}
    | {"lat": "", "lon": "", "split": ""}
    for kind in ("beach", "farm")
    for place in range(6)
]
CALLS = ("write_bytes", "replace", "mkdir", "write", "copy_file_range")


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVERHEARD_STORE", raising=False)
    artifacts.write_table(Path("index.csv"), list(INDEX[0]), INDEX)
    return Path("index.csv")


def run_split(index: Path, seed: int) -> int:
    arguments = {"index": index, "fold": 0, "settings": Settings([0.7, 0.1, 0.2], seed, folds=1)}
    arguments["splits"] = Path("results/mini/splits.csv")
    provenance = Provenance(Path("results/mini/split.record.json"))
    return runner.run_stage(split, arguments, Path("logs/split.log"), ["overheard", "split"], provenance)


def break_call(monkeypatch, n: int, fault: int) -> list[str]:
    """Let the n-th call of those that write fail, a written file half there; the calls so far."""
    calls: list[str] = []

    def breaking(name, real, half):
        def call(*given, **named):
            calls.append(name)
            if len(calls) == n:
                half(*given)
                raise OSError(fault, os.strerror(fault))
            return real(*given, **named)

        return call

    write_bytes, write = Path.write_bytes, store_files.write
    nothing = lambda *given: None  # noqa: E731
    halves = {
        "write_bytes": lambda path, content: write_bytes(path, content[: len(content) // 2]),
        "write": lambda place, content: write(place, content[: len(content) // 2]),
    }
    owners = {"write_bytes": Path, "write": store_files}
    for name in CALLS:
        owner = owners.get(name, os)
        monkeypatch.setattr(owner, name, breaking(name, getattr(owner, name), halves.get(name, nothing)))
    return calls


def files(folder: str) -> dict[str, str]:
    found = [path for path in Path(folder).rglob("*") if path.is_file()]
    found = [path for path in found if not path.name.endswith("t.circumstance.json") or path.name.startswith(".")]
    return {path.as_posix(): sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_whatever_call_fails_no_half_file_stays_and_no_record_of_another(index, monkeypatch, capsys, fault):
    """Another split and its record stand there when each call fails in turn, until none is left to fail."""
    assert run_split(index, seed=1) == 0
    after = files("results")
    seen: set[str] = set()
    for n in range(1, 100):
        Path("store").rename(f"store-{n}")
        assert run_split(index, seed=0) == 0
        before = files("results")
        assert before.keys() == after.keys()
        assert before != after
        capsys.readouterr()
        with monkeypatch.context() as patches:
            calls = break_call(patches, n, fault)
            code = run_split(index, seed=1)
        said = capsys.readouterr().err
        struck = len(calls) >= n
        seen |= set(calls[n - 1 : n])
        found = files("results")
        assert all(digest in (before.get(name), after.get(name)) for name, digest in found.items()), (n, calls, found)
        if Path("results/mini/split.record.json").exists():
            (entry,) = records.read_record(Path("results/mini/split.record.json"))["writes"]["splits"]
            assert hashing.read(Path(entry["path"])).sha256 == entry["sha256"], (n, calls)
        assert code in (0, 2), (n, calls, said)
        assert code == 0 or "\nerror: results" in f"\n{said}" or "\nerror: logs" in f"\n{said}", (n, calls, said)
        assert code == 2 or found == after
        # what only the store calls
        assert code == 0 or calls[n - 1] not in ("write", "copy_file_range"), (calls, said)
        assert run_split(index, seed=1) == 0
        assert files("results") == after
        if not struck:
            assert seen >= {"write_bytes", "replace", "write"}
            return
    raise AssertionError(f"still failing after {n} calls: {calls}")


def train(method: str, checkpoints: Path, student: Writes) -> None:
    """Named as the stage whose code it says it is: while it works, a job beside it begins and ends.

    Args:
        method: row of the study.
        checkpoints: folder of the checkpoints.
        student: the weights.
    """
    checkpoints.mkdir(parents=True)
    if student.parent.name == "seed-0":
        beside = multiprocessing.get_context("fork").Process(target=run_train, args=("seed-1", checkpoints.parent))
        beside.start()
        beside.join()
        assert (checkpoints.parent.parent / "seed-1" / "student.pt").exists()
    (checkpoints / "one.pt").write_text("kept after the first epoch")
    (checkpoints / "one.pt").unlink()
    student.write_text("weights")


def run_train(seed: str, checkpoints: Path) -> int:
    arguments = {"method": "scene", "checkpoints": checkpoints, "student": checkpoints.parent / seed / "student.pt"}
    return runner.run_stage(train, arguments, None, ["overheard", "train"])


def test_no_job_removes_the_folder_of_anothers_checkpoint(tmp_path):
    assert run_train("seed-0", tmp_path / "checkpoints") == 0
    assert list((tmp_path / "checkpoints").iterdir()) == []
