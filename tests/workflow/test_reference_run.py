"""The reference run that lies in git: a stranger can count its tables and trace its cells without running anything."""

import subprocess
import sys
from pathlib import Path

from overheard.lineage.audit import audit
from overheard.sharing.reference import LIMIT_BYTES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "reference" / "twin"


def overheard(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_its_tables_and_figures_follow_from_its_predictions(tmp_path):
    done = overheard("reference", "twin", "--into", str(tmp_path / "made"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "93 cells computed again from the predictions in reference/twin: all are equal to it" in done.stdout
    tables = sorted(path.relative_to(FOLDER) for path in FOLDER.glob("tables/*") if ".json" not in path.name)
    assert len(tables) == 17
    for table in tables:
        assert (tmp_path / "made" / table).read_bytes() == (FOLDER / table).read_bytes()


def test_it_holds_and_fits_into_git(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    audited = audit(Path("reference/twin"))
    assert audited.findings == ()
    assert (audited.counts["records"], audited.counts["cells"]) == (235, 93)
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= LIMIT_BYTES
