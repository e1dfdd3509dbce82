"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def locked() -> list[Requirement]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def asked() -> list[Requirement]:
    found = project()
    extra = [line for name in ("dev", "efficientnet") for line in found["optional-dependencies"][name]]
    return [Requirement(line) for line in [*found["dependencies"], *extra]]


def test_every_line_of_the_lock_is_pinned():
    assert [str(line) for line in locked() if not re.match(r"^={2,3}[\w.]+$", str(line.specifier))] == []


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_the_lock_holds_what_the_project_asks_for(python):
    environment = default_environment() | {"python_version": python, "python_full_version": f"{python}.1"}
    pins = {}
    for line in locked():
        if line.marker is None or line.marker.evaluate(environment):
            assert line.name.lower() not in pins, f"{line.name} twice for Python {python}"
            pins[line.name.lower()] = line.specifier
    assert {line.name: pins.get(line.name.lower()) for line in asked()} == {
        line.name: line.specifier for line in asked()
    }


def test_conda_gets_the_same_pins():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert f"python{project()['requires-python']}" in dependencies
    (pip,) = (entry["pip"] for entry in dependencies if isinstance(entry, dict))
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert pip == [*lines, "--no-deps -e ."]
