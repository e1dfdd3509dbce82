"""Change the core's code in small ways and count the changes that the tests notice. Run by `make mutants`.

mutmut makes the mutants and runs, for each, the tests that reach it, with a limit on their time (`[tool.mutmut]` in
pyproject.toml says which code and which tests). Fails where fewer than nine in ten are noticed, or where one that is
not has no reason in tests/mutants.md.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant

ROOT = Path(__file__).resolve().parents[1]
LEAST = 0.9
NOTICED = ("killed", "timeout")


def verdicts() -> dict[str, str]:
    """Every mutant's verdict by its name: `killed`, `timeout`, `survived`, `no tests`, …"""
    mutmut = Path(sys.executable).with_name("mutmut")
    # what was found before may belong to other tests
    shutil.rmtree("mutants", ignore_errors=True)
    # its spinner would fill a log
    shown = None if sys.stdout.isatty() else subprocess.DEVNULL
    subprocess.run([mutmut, "run", "--max-children", str(len(os.sched_getaffinity(0)))], check=True, stdout=shown)
    done = subprocess.run([mutmut, "results", "--all", "true"], check=True, capture_output=True, text=True)
    return dict(line.strip().rsplit(": ", 1) for line in done.stdout.splitlines() if "__mutmut_" in line)


def change(mutant: str) -> str:
    """A mutant as a line of tests/mutants.md: its function, and what it makes of a line; its number would not last."""
    place = re.sub(r"__mutmut_\d+$", "", mutant.removeprefix("overheard."))
    place = place.replace(".x_", ".").replace(".xǁ", ".").replace("ǁ", ".")
    lines = get_diff_for_mutant(mutant).splitlines()
    new = [line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")]
    return f"- `{place}`: `` {' '.join(new)} ``"


if __name__ == "__main__":
    os.chdir(ROOT)
    found = verdicts()
    missed = [change(mutant) for mutant, verdict in found.items() if verdict not in NOTICED]
    listed = (ROOT / "tests" / "mutants.md").read_text().splitlines()
    share = 1 - len(missed) / len(found)
    print(f"\n{len(found)} mutants, {len(found) - len(missed)} noticed by a test: {100 * share:.1f} %")
    if unlisted := [line for line in missed if line not in listed]:
        print("not noticed, and without a reason in tests/mutants.md:", *unlisted, sep="\n")
    if gone := [line for line in listed if line.startswith("- `") and line not in missed]:
        print("in tests/mutants.md, and noticed now:", *gone, sep="\n")
    sys.exit(1 if share < LEAST or unlisted or gone else 0)
