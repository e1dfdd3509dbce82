"""Fixtures that several test files share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_study import build_study, made, study

__all__ = ["build_study", "made", "study"]

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures, sounds and weights beside the project, which users do not have."""
    if not _SHARED.is_dir():
        pytest.skip("the developers' folder of real media and weights is not beside this checkout")
    return _SHARED


@pytest.fixture(scope="session")
def miniature_config() -> dict:
    """A study small enough to run in a test: 2 seeds, 2 epochs, a world of a hundredth."""
    return {
        "seeds": [0, 1],
        "source": {"kind": "twin", "world": 5, "scale": 0.01, "scenes": 2, "sounds": 40},
        "networks": {name: {"name": "small", "pretrain": {"epochs": 1}} for name in ("image", "sound")},
        "train": {"learning_rate": 1e-3, "epochs": 2},
    }


@pytest.fixture(scope="session")
def miniature_run(tmp_path_factory, miniature_config) -> tuple[Path, subprocess.CompletedProcess]:
    """A finished miniature study, made once for all tests, in a folder whose name needs quoting; and what was said."""
    folder = tmp_path_factory.mktemp("study") / 'it\'s {a} 100% "földer"'
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(miniature_config))
    command = [sys.executable, "-m", "overheard", "run", "mini"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="session")
def miniature(miniature_run) -> Path:
    """The folder of the finished miniature study: to be copied, never disturbed."""
    return miniature_run[0]


def _link_heavy(source: str, target: str) -> str:
    """Media, arrays and what the store holds of them are linked: they are replaced, never written in place."""
    parts = Path(source).parts
    heavy = "draw" in parts or "files" in parts or source.endswith(".npy")
    return os.link(source, target) or target if heavy else shutil.copy2(source, target)


@pytest.fixture
def miniature_copy(miniature, tmp_path) -> Path:
    """The finished study with its store in a folder of its own, to be disturbed; what is heavy is linked."""
    return shutil.copytree(miniature, tmp_path / "copy", copy_function=_link_heavy)
