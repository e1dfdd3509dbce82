"""Disks that break: the n-th write, creation, rename or fsync of a job fails, for every n; and disks really full.

A small library (failing_calls.c), compiled here and loaded before the C library, counts the calls that touch the
working folder and lets one fail. A process that has loaded everything forks for each n, so that a fault takes a moment.
"""

import errno
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from overheard.jobs import records, store

LIBRARY = Path(__file__).with_name("failing_calls.c")

# reads tasks line by line: [n, errno, command]; answers [exit code, where the fault struck, what was said]
DRIVER = """
import ctypes, json, os, sys, tempfile
from overheard.jobs import job
from overheard.jobs.code import closure as code
from overheard.jobs.code import versions
from overheard.jobs.command_line import run_command, stage_command
library = ctypes.CDLL(None)
library.fault_place.restype = ctypes.c_char_p
for line in sys.stdin:
    n, fault, command = json.loads(line)
    # reading the words loads half of what a job loads
    stage_command(command[1]).make_context(command[1], command[2:])
    versions.environment(code.stage_code(command[1]))
    with tempfile.TemporaryFile() as said:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(said.fileno(), stream)
            sys.argv = command
            status = 1
            library.fault_arm(os.getcwd().encode(), n, fault)
            try:
                run_command(command[1:])
            except SystemExit as end:
                status = end.code or 0
            finally:
                library.fault_disarm()
                sys.stdout.flush(); sys.stderr.flush()
                os.write(write, library.fault_place() if library.fault_struck() else b"")
                os._exit(status)
        os.close(write)
        _, status = os.waitpid(child, 0)
        struck = os.read(read, 4096).decode()
        os.close(read)
        said.seek(0)
        print(json.dumps([os.waitstatus_to_exitcode(status), struck, said.read().decode()]), flush=True)
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    if sys.platform != "linux" or shutil.which("gcc") is None:
        pytest.skip("needs Linux and gcc, to compile what lets calls fail")
    folder = tmp_path_factory.mktemp("library")
    command = ["gcc", "-shared", "-fPIC", "-O1", "-w", "-o", "faults.so", str(LIBRARY), "-ldl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"gcc is there and compiles no library: {done.stderr[-200:]}")
    return folder / "faults.so"


@pytest.fixture
def job(miniature, library, tmp_path, monkeypatch):
    """`job(command, n, errno)` runs a job in a small folder, with a fault; exit code, where it struck, words."""
    results = Path("results/mini")
    monkeypatch.chdir(tmp_path)
    for stage in ("media", "tables"):
        shutil.copytree(miniature / results / stage, results / stage)
    environ = os.environ | {"LD_PRELOAD": str(library), "OVERHEARD_GIT": "{}"}
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )

    def run(command: list[str], n: int = 0, fault: int = 0) -> tuple[int, str, str]:
        print(json.dumps([n, fault, command]), file=driver.stdin, flush=True)
        return json.loads(driver.stdout.readline())

    with driver:
        yield run
        driver.stdin.close()


def command_of(miniature: Path, job: str) -> list[str]:
    """The command of a finished job, from its log."""
    return shlex.split((miniature / "logs" / "mini" / f"{job}.log").read_text().splitlines()[0])


def changed(command: list[str], flag: str, old: str, new: str) -> list[str]:
    """The same command with another value of a flag: another job that writes the same files."""
    place = command.index(flag) + 1
    assert old in command[place]
    return [*command[:place], command[place].replace(old, new), *command[place + 1 :]]


_LEFT_OUT = (".circumstance.json", ".snakemake_timestamp")


def tree(folder: Path) -> dict[str, str]:
    """Content of every file, by name; what says when and where, and Snakemake's own marks, left out."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and (path.name.startswith(".part-") or not path.name.endswith(_LEFT_OUT))
    }


def assert_records_hold(folder: Path) -> None:
    """Whoever finds a record finds the files it speaks of."""
    from overheard.jobs import hashing

    for path in records.record_paths(folder):
        for entry in records.entries(records.read_record(path)["writes"]):
            assert hashing.read(Path(entry["path"])).sha256 == entry["sha256"], f"{path} beside {entry['path']}"


def every_fault(run: Callable, command: list[str], other: list[str], fault: int) -> int:
    """Let each call of a job fail in turn, where another job's files stand; the number of faults until none strikes."""
    results = Path("results")
    kept = Path("before")
    assert run(other)[0] == 0
    shutil.copytree(results, kept)
    before = tree(results)
    assert run(command)[0] == 0
    after = tree(results)
    assert before != after
    ruins: set[tuple] = set()
    for n in range(1, 2000):
        for folder in (results, Path("store"), Path("logs"), Path("checkpoints")):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept, results)
        code, struck, said = run(command, n, fault)
        struck = struck or ("killed" if code == KILLED else "")
        where = f"call {n} failed with {errno.errorcode.get(fault, 'kill -9')} at {struck}: {said}"
        ruin = found = tree(results)
        if code == KILLED:
            found = {name: digest for name, digest in found.items() if "/.part-" not in f"/{name}"}
        assert {name for name in found if found[name] not in (before.get(name), after.get(name))} == set(), where
        assert_records_hold(results)
        assert store.check(Path("store")) == [], where
        if code == 0:
            assert found == after, where
        elif code != KILLED:
            assert code == 2, where
            *notes, trouble = said.splitlines()
            assert trouble.startswith(("error: results", "error: logs")), where
            assert not any(note.startswith(("error", "Traceback")) for note in notes), where
            assert fault == errno.ENOSPC or "/store/" not in struck, where
        # many faults leave the same: from each kind of ruin, the job is run again once
        kept_there = [path.as_posix() for part in ("files", "records") for path in Path("store", part).rglob("*")]
        if (kind := (frozenset(ruin.items()), frozenset(kept_there))) not in ruins:
            ruins.add(kind)
            code, _, said = run(command)
            assert (code, tree(results)) == (0, after), f"{where}\nand then: {said}"
        if not struck:
            return n - 1
    raise AssertionError("a job of more than 2,000 calls")


KILLED = -signal.SIGKILL
FAULTS = pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC, KILLED], ids=["EIO", "ENOSPC", "kill"])


@FAULTS
def test_any_failing_call_leaves_no_half_file_and_no_wrong_record(job, miniature, fault):
    command = command_of(miniature, "media/fold-0/split")
    print(every_fault(job, command, changed(command, "--settings", '"seed": 0', '"seed": 1'), fault), "faults")


@FAULTS
def test_any_failing_call_of_a_job_that_writes_two_files(job, miniature, fault):
    command = command_of(miniature, "tables/cells")
    place = command.index("--tables")
    print(every_fault(job, command, command[:place] + command[place + 2 :], fault), "faults")


@FAULTS
def test_any_failing_call_of_a_job_that_writes_a_folder(job, miniature, fault):
    command = command_of(miniature, "draw/sounds")
    command = changed(command, "--settings", '"sounds": 40', '"sounds": 2')
    command = changed(command, "--workers", command[command.index("--workers") + 1], "1")
    print(every_fault(job, command, changed(command, "--settings", '"world": 5', '"world": 6'), fault), "faults")


@pytest.fixture(scope="module")
def own_mounts() -> list[str]:
    """What goes before a command that may mount file systems; they are gone when it ends."""
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    try:
        script = "mount -t tmpfs -o size=64k tmpfs /mnt"
        subprocess.run([*command, "bash", "-c", script], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the right to mount a file system: {error}")
    return command


@pytest.fixture(scope="module")
def study(copied, tmp_path_factory):
    """A copy of the finished miniature, without its store."""
    folder = tmp_path_factory.mktemp("full") / "study"
    copied(folder, "store")
    yield folder
    shutil.rmtree(folder)


ROW = ("train/scene/image", "evaluate/scene/image")
RUN = f"{shlex.quote(sys.executable)} -m overheard run mini --row scene --column image"


def without_row(study: Path) -> None:
    for part in ROW:
        shutil.rmtree(study / "results/mini" / part, ignore_errors=True)
    shutil.rmtree(study / "checkpoints", ignore_errors=True)


def in_mounts(own_mounts: list[str], study: Path, script: str, store: str) -> list[tuple[int, str]]:
    """Exit code and words of each line of a script, in mounts of its own; then the row's files as they lie there."""
    lines = "".join(
        f'{line} 2>said; echo $? >> codes; cat said >&2; echo "=====" >&2\n' for line in script.splitlines()
    )
    (study / "codes").unlink(missing_ok=True)
    keep = f"rm -rf made; mkdir made; for part in {' '.join(ROW)}; do cp -r --parents results/mini/$part made; done"
    environ = os.environ | {"OVERHEARD_STORE": store}
    done = subprocess.run(
        [*own_mounts, "bash", "-c", lines + keep], cwd=study, env=environ, capture_output=True, text=True, check=False
    )
    codes = [int(code) for code in (study / "codes").read_text().split()]
    return list(zip(codes, done.stderr.split("=====\n"), strict=False))


def row_of(folder: Path) -> dict[str, str]:
    found = tree(folder / "results/mini")
    return {name: digest for name, digest in found.items() if name.startswith(tuple(f"{part}/" for part in ROW))}


@pytest.mark.parametrize(
    "place", ["results/mini/train/scene/image/seed-0", pytest.param("checkpoints", marks=pytest.mark.long)]
)
def test_a_full_disk_is_one_line_and_with_space_the_plain_command_goes_on(own_mounts, study, miniature, place):
    without_row(study)
    (study / place).mkdir(parents=True)
    script = f"mount -t tmpfs -o size=64k tmpfs {place}\n{RUN}\nmount -o remount,size=64m {place}\n{RUN}\n"
    mounted, full, larger, again = in_mounts(own_mounts, study, script, "off")
    assert (mounted[0], larger[0]) == (0, 0), mounted[1] + larger[1]
    assert full[0] == 2, full[1]
    assert "Traceback" not in full[1]
    (line,) = {line for line in full[1].splitlines() if line.startswith("error: train scene image seed-0")}
    assert place in line
    assert "no space left while train was writing" in line
    assert again[0] == 0, again[1]
    assert row_of(study / "made") == row_of(miniature)


@pytest.mark.parametrize("place", ["store", "logs/mini"])
def test_a_full_store_or_log_costs_no_result(own_mounts, study, miniature, place):
    without_row(study)
    (study / place).mkdir(parents=True, exist_ok=True)
    script = f"mount -t tmpfs -o size=16k tmpfs {place}\n{RUN}\n"
    mounted, full = in_mounts(own_mounts, study, script, "store" if place == "store" else "off")
    assert mounted[0] == 0, mounted[1]
    assert full[0] == 0, full[1]
    assert "Traceback" not in full[1]
    assert row_of(study / "made") == row_of(miniature)
    if place == "store":
        assert "this result is not kept for later (No space left on device)" in full[1]
