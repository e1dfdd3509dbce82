"""Every command that README and docs show is one that works, or is marked `not run here`."""

import re
import subprocess
import sys

import pytest
from shown_commands import PAGES, ROOT, arguments, commands, make_project, needs_snakemake

from overheard.__main__ import main

ON_RESULTS = (
    "compare",
    "show",
    "status",
    "audit",
    "leaks",
    "diff",
    "check",
    "save",
    "restore",
    "crate",
    "croissant",
    "reference",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_shown_is_one_that_works(project, monkeypatch, capfd, page, command):
    words = arguments(command)
    if words[0] == "make":
        done = subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{page}: {command}\n{done.stdout}{done.stderr}"
    elif words[0] == "overheard":
        if len(words) == 2 or words[1] in ("clean", "report", *ON_RESULTS) or needs_snakemake(words):
            # its flags are read before its help is shown; what it does is tested where there are results
            words.append("--help")
        elif words[1] == "init":
            (project / "config" / "new.yaml").unlink(missing_ok=True)
            words[2] = "new"
        monkeypatch.chdir(project)
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code, f"{page}: {command}\n{capfd.readouterr()}"
    elif words[0] == "source":
        assert (ROOT / words[1]).is_file()
    else:
        assert needs_snakemake(words), f"{page}: {command!r} is run by no test; mark it `not run here`"


def test_links_between_pages_lead_somewhere():
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http") and not (page.parent / link).exists():
                broken.append(f"{page.name}: {link}")
    assert not broken
