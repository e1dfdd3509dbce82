"""The project's own folder may be read-only, and need not be a git checkout: results lie elsewhere all the same."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = ("train/scene/image", "evaluate/scene/image")


def digests(folder: Path) -> dict[str, str]:
    """Content of every file but what says when and where."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".circumstance.json")]
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def archive(tmp_path) -> Path:
    """The project as a source archive unpacks."""
    folder = tmp_path / "overheard-0.1.0"
    for part in ("src", "workflow", "config"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return folder


@pytest.fixture
def study(copied, tmp_path):
    """The finished miniature without one row, and without its store."""
    folder = tmp_path / "work"
    copied(folder, "store")
    for part in ROW:
        shutil.rmtree(folder / "results/mini" / part)
    yield folder
    shutil.rmtree(folder)


def read_only(folder: Path, script: str) -> list[str]:
    """A command that runs a script where a folder is read-only; root ignores modes, so it needs a mount of its own."""
    if os.geteuid() != 0:
        for path in [*folder.rglob("*"), folder]:
            path.chmod(path.stat().st_mode & ~0o222)
        return ["bash", "-c", script]
    place = shlex.quote(str(folder))
    mounts = f"mount --bind {place} {place} && mount -o remount,bind,ro {place}"
    command = ["unshare", "--mount", "bash", "-c"]
    try:
        subprocess.run([*command, mounts], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"root writes anywhere, and may not mount a folder read-only here: {error}")
    return [*command, f"{mounts} && {script}"]


def test_a_read_only_source_archive_makes_the_same_bytes_and_says_what_it_is(miniature, archive, study):
    before = digests(archive)
    python, place = shlex.quote(sys.executable), shlex.quote(str(archive))
    script = f"! touch {place}/src/new && exec {python} -m overheard run mini --row scene --column image"
    environ = os.environ | {"PYTHONPATH": str(archive / "src")}
    command = read_only(archive, script)
    done = subprocess.run(command, cwd=study, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert digests(archive) == before
    for part in ROW:
        assert digests(study / "results/mini" / part) == digests(miniature / "results/mini" / part)
    said = [json.loads(path.read_text()) for part in ROW
            for path in (study / "results/mini" / part).rglob("*.circumstance.json")]  # fmt: skip
    assert [circumstance["git"] for circumstance in said] == 3 * [
        {"commit": None, "dirty": [], "note": "no .git: a source archive"}
    ]
