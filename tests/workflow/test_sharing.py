"""The proof that results can be shared: a study is saved, cloned into another path, restored, and nothing is to do."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def overheard(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The command of the checkout in `folder`, not of the one that is tested."""
    environ = os.environ | {"PYTHONPATH": str(folder / "src"), "OVERHEARD_STORE": "off"}
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def dvc(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def listed_jobs(folder: Path) -> dict[str, int]:
    """What the dry run lists, by stage; nothing where it says that nothing is to do."""
    done = overheard(folder, "run", "mini", "--dry-run")
    assert done.returncode == 0, done.stderr
    if "Nothing to do" in done.stdout:
        return {}
    words = done.stdout.split("jobs (")[1].split(")")[0].split(", ")
    return {word: int(count) for word, count in (entry.split() for entry in words)}


def set_key(folder: Path, key: str, value: object) -> None:
    path = folder / "config" / "mini.yaml"
    content = yaml.safe_load(path.read_text())
    *sections, last = key.split(".")
    section = content
    for name in sections:
        section = section[name]
    section[last] = value
    path.write_text(yaml.safe_dump(content))


def contents(folder: Path) -> dict[str, str]:
    """Content of every file but those whose names begin with a dot, which are Snakemake's marks and our own."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def study(checkout):
    """A checkout in git with the finished miniature study, and nothing saved."""
    folder = checkout("sharing")
    # the tables read the printed numbers, which lie elsewhere from here
    done = overheard(folder, "run", "mini")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def shared_study(study):
    """The same, saved to a local remote and committed."""
    dvc(study, "remote", "add", "-d", "shared", str(study.parent / "remote"))
    done = overheard(study, "save", "mini")
    assert done.returncode == 0, done.stderr
    git(study, "commit", "--quiet", "--message", "Save the results of mini")
    return study


@pytest.fixture(scope="module")
def fresh(shared_study, tmp_path_factory):
    """A fresh clone in another path and depth, restored."""
    folder = tmp_path_factory.mktemp("elsewhere") / "some" / "where" / 'a "clone"'
    git(shared_study, "clone", "--quiet", ".", str(folder))
    dvc(folder, "remote", "modify", "--local", "shared", "url", str(shared_study.parent / "remote"))
    dvc(folder, "pull", "--quiet")
    before = overheard(folder, "run", "mini")
    done = overheard(folder, "restore", "mini")
    assert done.returncode == 0, done.stderr
    return folder, before


def test_pulling_alone_leads_to_a_message_and_trains_nothing(fresh):
    _, before = fresh
    assert before.returncode == 2
    assert "`overheard restore mini`" in before.stderr
    assert before.stdout == ""


def test_a_restored_clone_has_nothing_to_do(fresh, shared_study):
    folder, _ = fresh
    assert listed_jobs(folder) == {}
    there = contents(shared_study / "results")
    assert len(there) > 1000
    assert contents(folder / "results") == there
    assert git(folder, "status", "--short") == ""


def test_in_it_one_changed_setting_names_what_depends_on_it(fresh):
    folder, _ = fresh
    before = (folder / "config" / "mini.yaml").read_bytes()
    set_key(folder, "train.learning_rate", 2e-3)
    found = listed_jobs(folder)
    (folder / "config" / "mini.yaml").write_bytes(before)
    shown = {"statistics": 4, "tables": 4, "cells": 1, "claims": 1, "figures": 9}
    shown |= {"maps": 7, "embedding": 1, "reliability": 1}
    assert found == {"baselines": 2, "train": 42, "evaluate": 21} | shown


def test_dvc_repro_runs_overheard_and_nothing_else(fresh):
    """DVC asks Snakemake, deletes nothing, and finds that nothing changed."""
    folder, _ = fresh
    before = contents(folder / "results")
    scripts = folder.parent / "bin"
    scripts.mkdir()
    (scripts / "overheard").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m overheard "$@"\n')
    (scripts / "overheard").chmod(0o755)
    environ = os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "dvc", "repro", "--force", "mini"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Nothing to do" in done.stdout
    assert contents(folder / "results") == before


@pytest.mark.long
def test_dvc_exp_diff_says_which_setting_and_which_cells_moved(fresh, tmp_path):
    folder, _ = fresh
    clone = tmp_path / "clone"
    shutil.copytree(folder, clone, symlinks=True)
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "overheard").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m overheard "$@"\n')
    (scripts / "overheard").chmod(0o755)
    environ = os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONPATH": str(clone / "src")}
    command = [sys.executable, "-m", "dvc", "exp", "run", "-S", "config/mini.yaml:train.learning_rate=0.002", "mini"]
    done = subprocess.run(command, cwd=clone, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(dvc(clone, "exp", "diff", "--json"))
    assert told["params"]["config/mini.yaml"]["train.learning_rate"] == {"old": 0.001, "new": 0.002, "diff": 0.001}
    moved = told["metrics"]["results/mini/tables/metrics.json"]
    assert any(name.endswith(".f_score.mean") and change["diff"] for name, change in moved.items())


def _ssh_server(folder: Path) -> tuple[subprocess.Popen, int]:
    """An sshd of our own: on loopback, with its own keys, port and settings; its folder is `folder`."""
    folder.mkdir()
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": folder / "host",
        "PidFile": folder / "pid",
        "AuthorizedKeysFile": folder / "authorized",
        "PasswordAuthentication": "no",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "prohibit-password",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "settings").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if os.getuid() == 0:
        # the empty folder that Debian's service makes for a server that root starts
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    command = [program, "-D", "-e", "-f", str(folder / "settings")]
    with (folder / "said").open("w") as said:
        server = subprocess.Popen(command, stderr=said)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.05)
    server.kill()
    server.wait()
    pytest.skip(f"an sshd of our own does not start here: {(folder / 'said').read_text().strip()}")


@pytest.mark.long
def test_the_same_over_ssh(study, tmp_path):
    if find_spec("dvc_ssh") is None:
        pytest.skip("the extra `ssh` is not installed: pip install -e '.[ssh]'")
    if shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin") is None:
        pytest.skip("no sshd here: apt-get install openssh-server")
    here = tmp_path / "study"
    git(study, "clone", "--quiet", ".", str(here))
    for name in ("results", ".snakemake"):
        shutil.copytree(study / name, here / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("saved"))
    server, port = _ssh_server(tmp_path / "server")
    try:
        remote = f"ssh://{getpass.getuser()}@127.0.0.1{tmp_path}/remote"
        dvc(here, "remote", "add", "--force", "-d", "lab", remote)
        for key, value in (("port", str(port)), ("keyfile", str(tmp_path / "server" / "user"))):
            dvc(here, "remote", "modify", "--local", "lab", key, value)
        done = overheard(here, "save", "mini", "--verify")
        assert done.returncode == 0, done.stderr
        assert "read back and found whole" in done.stdout
        git(here, "commit", "--quiet", "--message", "Save")
        clone = tmp_path / "else" / "clone"
        git(here, "clone", "--quiet", ".", str(clone))
        shutil.copy(here / ".dvc" / "config.local", clone / ".dvc" / "config.local")
        done = overheard(clone, "restore", "mini")
        assert done.returncode == 0, done.stderr
        assert listed_jobs(clone) == {}
    finally:
        server.terminate()
        server.wait(10)
    shutil.rmtree(clone / ".dvc" / "cache")
    shutil.rmtree(clone / "results" / "mini" / "saved" / "train")
    done = overheard(clone, "restore", "mini")
    assert done.returncode == 2
    assert "is it reachable?" in done.stderr


def test_what_dvc_shows_between_two_commits(shared_study):
    told = json.loads(dvc(shared_study, "metrics", "show", "--json"))[""]["data"]
    cells = told["results/mini/tables/metrics.json"]["data"]
    assert cells["table2"]["scene"]["image"]["f_score"].keys() == {"mean", "std", "pooled"}
    assert "results/mini/saved/f_scores.csv" in dvc(shared_study, "plots", "show", "--json")
