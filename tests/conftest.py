"""Fixtures that several test files share."""

import sys
from pathlib import Path

import pytest
from made_study import build_study, made, study

__all__ = ["build_study", "made", "study"]

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures, sounds and weights beside the project, which users do not have."""
    if not _SHARED.is_dir():
        pytest.skip("the developers' folder of real media and weights is not beside this checkout")
    return _SHARED


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what runs the workflow, which takes minutes: the short tests then fill the workers to the end."""
    folder = Path(__file__).parent / "workflow"
    for item in items:
        if folder in item.path.parents:
            item.add_marker("workflow")
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


def pytest_collection_finish() -> None:
    """Let torch compute on one core, as training does: workers that share the cores would wait for each other."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
