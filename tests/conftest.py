"""Fixtures that several test files share."""

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what runs the workflow, which takes minutes: the short tests then fill the workers to the end."""
    workflow = Path(__file__).parent / "workflow"
    items.sort(key=lambda item: workflow not in item.path.parents)
