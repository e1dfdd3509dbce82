"""Write requirements.lock and environment.yml from pyproject.toml, the one list of packages. Run by `make lock`; needs uv."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Generated from pyproject.toml by `make lock`; change that file, not this one."


def exact_builds() -> dict[str, str]:
    """Packages that pyproject.toml asks for by `===`: name -> version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return dict(line.split("===") for line in project["dependencies"] if "===" in line)


def resolve() -> list[str]:
    """Every package for Python 3.11 and 3.12, one pinned line each, with markers where the two differ."""
    command = [
        "uv", "pip", "compile", "pyproject.toml", "--extra", "dev", "--extra", "efficientnet", "--universal", "--python-version", "3.11",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
    ]  # fmt: skip
    if sys.argv[1:]:
        command += sys.argv[1:]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"uv could not resolve pyproject.toml:\n{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(("#", "--"))]
    for name, version in exact_builds().items():
        lines = [re.sub(rf"^{name}=+{re.escape(version)}\b", f"{name}==={version}", line) for line in lines]
    return lines


def environment(lines: list[str]) -> str:
    """The same pins for conda: its Python, and the lock's packages by pip, so that nobody gets other versions."""
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    head = [
        HEADER,
        "name: overheard",
        "channels: [conda-forge]",
        "dependencies:",
        f"  - python{python}",
        "  - pip",
        "  - pip:",
    ]
    quoted = ["      - " + (f'"{line}"' if "'" in line else line) for line in lines]
    return "\n".join([*head, *quoted, "      - --no-deps -e .", ""])


if __name__ == "__main__":
    locked = resolve()
    (ROOT / "requirements.lock").write_text("\n".join([HEADER, *locked, ""]))
    (ROOT / "environment.yml").write_text(environment(locked))
    print(f"{len(locked)} packages locked")
