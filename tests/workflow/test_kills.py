"""kill -9 at random moments, of any part of a run; then the plain command again: the bytes of an undisturbed run.

What is drawn at random is drawn from a seed that a failure names.
"""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from overheard.jobs import store

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300
RUN = [sys.executable, "-m", "overheard", "run", "mini"]


@dataclass(frozen=True)
class Process:
    """A process of a run."""

    pid: int
    parent: int
    command: str


def of_session(session: int) -> list[Process]:
    """The living processes that `start` began, and all that came of them."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, _, its_session = (place / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if int(its_session) == session and state not in "ZX":
            found.append(Process(int(place.name), int(parent), command))
    return found


def victims(run: int, part: str) -> list[int]:
    """The process ids of one part of a run, those there are now."""
    found = of_session(run)
    warm = {process.pid for process in found if "overheard.jobs.fork_server" in process.command}
    # a fork of the warm process has its command line
    forks = {process.pid for process in found if process.parent in warm}
    chosen = {
        "snakemake": [process.pid for process in found if "snakemake" in process.command and process.parent == run],
        "warm": sorted(warm - forks),
        "job": [process.pid for process in found if "--record" in process.command or process.pid in forks],
        "run": [run],
    }
    return chosen[part]


def start(folder: Path, **environ: str) -> subprocess.Popen:
    return subprocess.Popen(
        RUN,
        cwd=folder,
        env=os.environ | environ,
        umask=0,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(condition: Callable[[], object], what: str) -> object:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.02)
    return found


def digests(results: Path) -> dict[str, str]:
    """Content of every result but what says when and where; of the drawn media, of their lists."""
    files = [path for path in sorted(results.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    kept = [path for path in files if "draw" not in path.parent.parts and not path.match("*.circumstance.json")]
    return {str(path.relative_to(results)): sha256(path.read_bytes()).hexdigest() for path in kept}


def leftovers(folder: Path) -> list[Path]:
    found = [path for path in (folder / "results").rglob(".part-*")]
    return [*found, *(folder / "checkpoints").glob("*")]


@pytest.fixture(scope="module")
def study(copied, tmp_path_factory) -> Iterator[Path]:
    """A copy of the finished miniature, without its store."""
    folder = tmp_path_factory.mktemp("killed") / "study"
    copied(folder, "store")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def expected(miniature) -> dict[str, str]:
    return digests(miniature / "results")


PARTS = ("snakemake", "job", "group", "warm", "run")


def remove_a_row(folder: Path, rng: random.Random) -> str:
    """Take a row's students and scores away: six or seven jobs with the tables and the figure."""
    results = folder / "results" / "mini"
    row = rng.choice(sorted(str(path.parent.relative_to(results / "evaluate")) for path in
                            results.glob("evaluate/*/*/evaluate.record.json")))  # fmt: skip
    shutil.rmtree(results / "train" / row)
    shutil.rmtree(results / "evaluate" / row)
    return row


def kill_at_random(folder: Path, part: str, rng: random.Random, environ: dict[str, str]) -> str | None:
    """Start the plain command and kill a part of it; what was killed when, or None where the run was faster."""
    jobs, pause = rng.randrange(6), rng.random() * rng.choice([0.05, 1.0])
    process = start(folder, **environ)
    seen: set[int] = set()
    while process.poll() is None:
        seen |= set(victims(process.pid, "job"))
        found = [process.pid] if part == "group" else victims(process.pid, part)
        if len(seen) >= jobs and found:
            break
        time.sleep(0.01)
    time.sleep(pause)
    alive = process.poll() is None
    if alive and part == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif alive and (found := victims(process.pid, part)):
        os.kill(rng.choice(found), signal.SIGKILL)
    else:
        alive = False
    process.communicate(timeout=PATIENCE_S)
    return f"{part} after {len(seen)} processes of jobs and {pause:.2f} s" if alive else None


def survive(folder: Path, expected: dict[str, str], seed: int, kills: int) -> None:
    """Kill a run so many times at random moments; the plain command then makes what an undisturbed one made."""
    rng = random.Random(seed)
    environ = {"OVERHEARD_STORE": ["off", "store"][seed % 2]}
    shutil.rmtree(folder / "store", ignore_errors=True)
    row, done = remove_a_row(folder, rng), []
    for _ in range(20 * kills):
        if len(done) == kills:
            break
        killed = kill_at_random(folder, PARTS[(kills * seed + len(done)) % len(PARTS)], rng, environ)
        if killed is None:
            row = remove_a_row(folder, rng)
        else:
            done.append(killed)
    said = f"seed {seed}, store {environ['OVERHEARD_STORE']}, row {row}, killed: {'; '.join(done)}"
    assert len(done) == kills, said
    again = start(folder, **environ)
    _, trouble = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0, f"{said}\n{trouble}"
    found = digests(folder / "results")
    assert {name for name in expected.keys() | found.keys() if found.get(name) != expected.get(name)} == set(), said
    assert leftovers(folder) == [], said
    if environ["OVERHEARD_STORE"] != "off":
        assert store.check(folder / "store") == [], said
    print(said)


# one is with the store, one without; three seeds are six kills: every part of a run once
@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.long)])
def test_after_two_kills_the_plain_command_gives_the_same_bytes(study, expected, seed):
    survive(study, expected, seed, kills=2)


@pytest.mark.long
@pytest.mark.parametrize("seed", [3, 4, *range(100, 125)])
def test_after_more_kills_the_plain_command_gives_the_same_bytes(study, expected, seed):
    survive(study, expected, seed, kills=2)


@pytest.mark.parametrize("part", ["snakemake", "run"])
def test_no_job_outlives_its_run(tmp_path, miniature_config, part):
    """A job that went on would write beside the next run's; this one would draw for many minutes."""
    (tmp_path / "config").mkdir()
    large = miniature_config | {"source": miniature_config["source"] | {"scale": 1.0, "scenes": 10_000}}
    (tmp_path / "config" / "mini.yaml").write_text(yaml.safe_dump(large))
    process = start(tmp_path)
    try:
        wait_until(lambda: len(victims(process.pid, "job")) > 1, "a job and its helpers")
        (victim, *_) = victims(process.pid, part)
        os.kill(victim, signal.SIGKILL)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert part == "run" or (process.returncode == 1 and "Traceback" not in said)
        wait_until(lambda: not of_session(process.pid), f"the end of {of_session(process.pid)}")
    finally:
        for left in of_session(process.pid):
            os.kill(left.pid, signal.SIGKILL)
    assert not list((tmp_path / "results").rglob("*.record.json"))


def test_plain_snakemake_beside_a_run_is_refused_and_runs_by_itself(study, expected):
    remove_a_row(study, random.Random(0))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow" / "Snakefile"), "--nolock"]
    command += ["--configfile", "config/mini.yaml", "--directory", ".", "--cores", "2"]
    with (study / "results/mini/.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = subprocess.run(command, cwd=study, capture_output=True, text=True, check=False)
        assert subprocess.run([*command, "-n"], cwd=study, capture_output=True, check=False).returncode == 0
    assert refused.returncode == 1
    assert "results/mini: another run works on it" in refused.stderr
    assert digests(study / "results") != expected
    done = subprocess.run(command, cwd=study, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert digests(study / "results") == expected


def test_a_second_run_beside_a_running_one_is_refused_with_one_line(study, expected):
    remove_a_row(study, random.Random(0))
    first = start(study, OVERHEARD_STORE="off")
    try:
        wait_until(lambda: victims(first.pid, "job"), "a job")
        second = subprocess.run(RUN, cwd=study, capture_output=True, text=True, check=False)
    finally:
        first.communicate(timeout=PATIENCE_S)
    assert second.returncode == 2
    assert second.stderr == f"error: results/mini: another run works on it (process {first.pid}); wait for it\n"
    assert second.stdout == ""
    assert first.returncode == 0
    assert digests(study / "results") == expected
