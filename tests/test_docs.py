"""Every command that README and docs show is one that works, or is marked `not run here`."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ON_RESULTS = ("status", "audit", "leaks", "diff", "check", "save", "restore", "crate", "croissant", "reference")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[tuple[str, str]]:
    """(page, command) of every line of a shell block and every inline `overheard …` or `make …`."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        lines = [line.split("  #")[0].split(" # ")[0].strip() for block in blocks for line in block.splitlines()]
        for paragraph in re.sub(r"```.*?```", "", text, flags=re.DOTALL).split("\n\n"):
            if "not run here" not in paragraph:
                lines += re.findall(r"`((?:overheard|make|snakemake|source) [^`…]*)`", paragraph)
        found += [(page.name, line) for line in lines if line]
    return sorted(set(found))


def arguments(command: str) -> list[str]:
    """A command's words, with a real name and folder where the page has a placeholder."""
    words = {"NAME": "twin", "mine": "twin", "DIR": "folder", "SCENES": "folder", "mn04_as_mAP_432.pt": "folder/x.pt"}
    return [words.get(word, word) for word in shlex.split(command)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "config", folder / "config")
    for part in ("vision", "sound"):
        (folder / "folder" / part).mkdir(parents=True)
    (folder / "folder" / "x.pt").write_text("")
    return folder


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_shown_is_one_that_works(project, page, command):
    words = arguments(command)
    if words[0] == "make":
        done = subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    elif words[0] == "snakemake":
        extra = ["--snakefile", str(ROOT / "workflow" / "Snakefile"), "--cores", "1", "--dry-run", "--quiet"]
        line = [sys.executable, "-m", "snakemake", *words[1:], *extra]
        done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False)
    elif words[0] == "overheard":
        if words[1] in ("clean", "report") or len(words) == 2:
            words = [*words[:2], "--help"]
        elif words[1] in ON_RESULTS:
            # its flags are read before its help is shown; what it does is tested where there are results
            words.append("--help")
        elif words[1] == "run" and "--dry-run" not in words:
            words.append("--dry-run")
        elif words[1] == "init":
            (project / "config" / "new.yaml").unlink(missing_ok=True)
            words[2] = "new"
        line = [sys.executable, "-m", "overheard", *words[1:]]
        done = subprocess.run(line, cwd=project, capture_output=True, text=True, check=False)
    elif words[0] == "source":
        assert (ROOT / words[1]).is_file()
        return
    else:
        pytest.fail(f"{page}: {command!r} is run by no test; mark it `not run here`")
    assert done.returncode == 0, f"{page}: {command}\n{done.stdout}{done.stderr}"


def test_links_between_pages_lead_somewhere():
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http") and not (page.parent / link).exists():
                broken.append(f"{page.name}: {link}")
    assert not broken
