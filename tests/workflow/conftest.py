"""One finished miniature study for all tests that run the workflow, whatever their worker."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="session")
def miniature_config() -> dict:
    """A study small enough to run in a test: 2 seeds, 2 epochs, a world of a hundredth."""
    return {
        "seeds": [0, 1],
        "source": {"kind": "twin", "world": 5, "scale": 0.01, "clips": 2, "scenes": 2, "sounds": 40},
        "networks": {name: {"name": "small", "pretrain": {"epochs": 1}} for name in ("image", "sound")},
        "train": {"learning_rate": 1e-3, "epochs": 2},
    }


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """`made_once(name, make)`: a folder that the first worker to ask makes; the others wait for it."""
    root = tmp_path_factory.getbasetemp()
    # each worker of pytest-xdist has a folder of its own in the session's
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        place, whole = root / name, root / f"{name}.made"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                # what another worker's failure left
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                whole.touch()
        return place

    return folder


@pytest.fixture(scope="session")
def miniature_run(made_once, miniature_config) -> tuple[Path, subprocess.CompletedProcess]:
    """A finished miniature study, made once for all tests, in a folder whose name needs quoting; and what was said."""
    name = 'it\'s {a} 100% "földer"'

    def make(place: Path) -> None:
        (place / name / "config").mkdir(parents=True)
        (place / name / "config" / "mini.yaml").write_text(yaml.safe_dump(miniature_config))
        command = [sys.executable, "-m", "overheard", "run", "mini"]
        done = subprocess.run(command, cwd=place / name, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (place / "said.json").write_text(json.dumps([command, done.returncode, done.stdout, done.stderr]))

    place = made_once("miniature", make)
    return place / name, subprocess.CompletedProcess(*json.loads((place / "said.json").read_text()))


@pytest.fixture(scope="session")
def miniature(miniature_run) -> Path:
    """The folder of the finished miniature study: other workers read it too, so it is copied, never worked in."""
    return miniature_run[0]


def _link_heavy(source: str, target: str) -> str:
    """Media, arrays and what the store holds of them are linked: they are replaced, never written in place."""
    parts = Path(source).parts
    heavy = "draw" in parts or "files" in parts or source.endswith(".npy")
    return os.link(source, target) or target if heavy else shutil.copy2(source, target)


@pytest.fixture(scope="session")
def copied(miniature) -> Callable[..., Path]:
    """`copied(folder, without)`: a copy of the finished study to work in, without some of its top-level folders."""

    def copy(folder: Path, *without: str) -> Path:
        left_out = lambda at, names: set(without) & set(names) if at == str(miniature) else set()  # noqa: E731
        return shutil.copytree(miniature, folder, copy_function=_link_heavy, ignore=left_out)

    return copy


@pytest.fixture
def miniature_copy(copied, tmp_path) -> Path:
    """The finished study with its store in a folder of its own, to be disturbed; what is heavy is linked."""
    return copied(tmp_path / "copy")


OF_PROJECT = (
    *("src", "workflow", "config", "dvc.yaml", ".dvc/config", ".dvc/.gitignore"),
    *(".dvcignore", ".gitignore", "requirements.lock"),
)
"""What of the project a checkout needs to run and to share a study."""
_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout(miniature, tmp_path_factory) -> Callable[[str], Path]:
    """`checkout(name)`: a checkout of the project in git, with the finished study and its records, and no store."""

    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / "study"
        for part in OF_PROJECT:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (_ROOT / part).is_dir() else shutil.copy
            copy(_ROOT / part, folder / part)
        for part in ("results", ".snakemake"):
            shutil.copytree(miniature / part, folder / part, copy_function=_link_heavy)
        shutil.copy(miniature / "config" / "mini.yaml", folder / "config" / "mini.yaml")
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c"]
        for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Begin"]):
            subprocess.run([*git, *words], cwd=folder, check=True)
        return folder

    return make
