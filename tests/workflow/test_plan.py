"""The plan of an experiment, as data, is what its jobs record and what its configuration says."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from overheard.errors import OverheardError
from overheard.jobs import records
from overheard.lineage import forecast, status
from overheard.scheduling import reruns
from overheard.study.experiments import load


@pytest.fixture(scope="module")
def plan(miniature):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(miniature)
        return reruns.plan(load("mini"))


def test_every_job_is_planned_as_it_was_recorded(plan, miniature):
    found = records.load_records(miniature / "results/mini")
    assert {job.record for job in plan.jobs} == set(found)
    for job in plan.jobs:
        record = found[job.record]
        assert dict(job.settings) == record["settings"]
        for side, planned in (("reads", job.reads), ("writes", job.writes)):
            assert planned == {flag: [entry["path"] for entry in entries] for flag, entries in record[side].items()}
        digests = {flag: [entry["sha256"] for entry in entries] for flag, entries in record["reads"].items()}
        assert forecast.identity_of(job, digests) == record["identity"]
    assert (plan.scheduled, plan.deviating) == ([], {})


@pytest.mark.parametrize("key", ["settings", "environment", "code", "reads"])
def test_a_record_that_says_otherwise_deviates(plan, miniature, key):
    found = records.load_records(miniature / "results/mini")
    job = "results/mini/train/scene/image/seed-1/student.record.json"
    other = json.loads(json.dumps(found[job]))
    if key == "reads":
        other["reads"]["splits"][0]["path"] = "leaky.csv"
    elif key == "code":
        other["code"]["digest"] = "0" * 64
    else:
        other[key] = other[key] | {"seed": 7, "python": "2.7"}
    said = {"settings": "settings", "environment": "versions", "code": "code", "reads": "files read"}
    assert reruns.deviations(found | {job: other}, plan.jobs) == {job: said[key]}


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "twin"},
        {"kind": "directory", "pairs": "media"},
        {"kind": "directory", "pairs": "media", "scenes": "media", "sounds": "media"},
        {"kind": "directory", "pairs": "media", "scenes": "media", "tagger": "media/tagger.pt"},
    ],
    ids=["twin", "pairs", "three folders", "tagger"],
)
def test_status_wants_the_jobs_that_the_workflow_has(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "tagger.pt").touch()
    (tmp_path / "config").mkdir()
    networks = {"networks": {"sound": {"name": "mn04"}}} if "tagger" in source else {}
    (tmp_path / "config" / "mini.yaml").write_text(json.dumps({"source": source, "seeds": [0, 3]} | networks))
    seen = status.look("mini")
    assert len(seen.wanted) > 10
    assert sorted(seen.jobs) == sorted(seen.wanted)


def test_what_snakemake_cannot_plan_is_said_in_its_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(Path(__file__).resolve().parents[2] / "config", "config")
    loaded = load("twin")
    with pytest.raises(OverheardError, match="Snakemake says"):
        reruns.plan(loaded, extra=["--no-such-option"])


def test_plain_snakemake_leaves_no_plan(tmp_path):
    root = Path(__file__).resolve().parents[2]
    line = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "workflow" / "Snakefile"), "--dry-run"]
    line += ["--configfile", str(root / "config" / "twin.yaml"), "--cores", "1", "--quiet"]
    subprocess.run(line, cwd=tmp_path, capture_output=True, check=True)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
