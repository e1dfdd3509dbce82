"""Fixtures that several test files share."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures, sounds and weights beside the project, which users do not have."""
    if not _SHARED.is_dir():
        pytest.skip("the developers' folder of real media and weights is not beside this checkout")
    return _SHARED
