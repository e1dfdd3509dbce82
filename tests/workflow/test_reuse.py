"""What was computed once is put back, and only what a change reaches is computed: the store under `overheard run`."""

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml


@pytest.fixture
def copy(miniature_copy) -> Path:
    return miniature_copy


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", "run", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def change(folder: Path, config: dict, **settings) -> None:
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(config | settings))


def how(folder: Path, since: set[str]) -> dict[str, Counter]:
    """Of the jobs whose circumstance is not among `since`: how many were computed, how many put back, by stage."""
    found = {"computed": Counter(), "put back": Counter()}
    for path in folder.glob("results/*/**/*.circumstance.json"):
        text = path.read_text()
        if text not in since:
            said = json.loads(text)
            found[said["how"]][said["command"].split()[1]] += 1
    return found


def circumstances(folder: Path) -> set[str]:
    return {path.read_text() for path in folder.glob("results/*/**/*.circumstance.json")}


def test_another_seed_trains_none_of_those_there_were_and_going_back_computes_nothing(copy, miniature_config):
    table = (copy / "results/mini/tables/table3.md").read_bytes()
    before = circumstances(copy)
    change(copy, miniature_config, seeds=[0, 1, 2])
    run(copy, "mini", "--table", "table3")
    made = how(copy, before)
    with (copy / "results/mini/tables/table3.cells.csv").open(newline="") as stream:
        assert {cell["n"] for cell in csv.DictReader(stream)} == {"3"}
    rows = made["computed"]["evaluate"]
    # the third seed is of a fold that none was of before
    fold = dict.fromkeys(("split", "normaliser", "prior", "relevance"), 1)
    shown = {"statistics": 1, "tables": 1}
    assert made["computed"] == fold | {"baselines": 6, "train": rows, "evaluate": rows} | shown
    assert not made["put back"]

    before = circumstances(copy)
    change(copy, miniature_config)
    done = run(copy, "mini", "--table", "table3")
    made = how(copy, before)
    assert not made["computed"]
    assert made["put back"] == {"evaluate": rows} | shown
    assert f"{rows + 2} of {rows + 2} jobs were computed before" in done.stdout
    assert (copy / "results/mini/tables/table3.md").read_bytes() == table


def test_a_variant_shares_what_it_has_in_common(copy):
    before = circumstances(copy)
    run(copy, "mini", "--set", "train.learning_rate=0.002", "--as", "faster", "--row", "scene", "--column", "image")
    made = how(copy, before)
    assert made["computed"] == {"train": 2, "evaluate": 1}
    assert made["put back"].keys() >= {"draw", "media", "split", "features", "normaliser", "pretrain"}
    assert (copy / "results/faster/pretrain/image.pt").read_bytes() == (
        copy / "results/mini/pretrain/image.pt"
    ).read_bytes()
    assert (copy / "results/faster/pretrain/image.pt").stat().st_nlink == 1


def test_an_upstream_that_gives_the_same_bytes_stops_there(copy):
    """The encoder is trained again, its store entry gone; its bytes are the same, so nothing after it is computed."""
    (identity,) = [
        json.loads(path.read_text())["identity"] for path in copy.glob("results/mini/pretrain/image.record.json")
    ]
    (entry,) = (copy / "store" / "records").glob(f"*/{identity}*")
    entry.unlink()
    (copy / "results/mini/pretrain/image.pt").unlink()
    before = circumstances(copy)
    run(copy, "mini", "--table", "table3")
    made = how(copy, before)
    assert made["computed"] == {"pretrain": 1}
    assert made["put back"]["train"] > 0


def test_a_damaged_store_costs_time_and_no_wrong_byte(copy):
    student = copy / "results/mini/train/scene/image/seed-0/student.pt"
    content = student.read_bytes()
    kept = [path for path in (copy / "store" / "files").rglob("*") if path.is_file() and path.read_bytes() == content]
    (path,) = kept
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    student.unlink()
    done = run(copy, "mini", "--row", "scene", "--column", "image")
    assert student.read_bytes() == content
    assert "computing it again" in done.stderr


def test_a_store_that_is_deleted_costs_time_alone(copy):
    shutil.rmtree(copy / "store")
    assert "Nothing to do" in run(copy, "mini").stdout
    student = copy / "results/mini/train/scene/image/seed-0/student.pt"
    content = student.read_bytes()
    student.unlink()
    before = circumstances(copy)
    run(copy, "mini", "--row", "scene", "--column", "image")
    assert student.read_bytes() == content
    assert how(copy, before)["computed"] == {"train": 1, "evaluate": 1}


def test_a_file_lost_behind_a_standing_record_is_made_again(copy):
    (copy / "results/mini/features/images.pooled.npy").unlink()
    (copy / "results/mini/train/scene/image/seed-1/student.pt").unlink()
    run(copy, "mini", "--row", "scene", "--column", "image")
    assert (copy / "results/mini/features/images.pooled.npy").exists()


def test_a_file_edited_by_hand_is_refused_by_whoever_reads_it(copy):
    split = copy / "results/mini/media/fold-0/splits.csv"
    split.write_text(split.read_text().replace("test", "train", 1))
    (copy / "results/mini/train/scene/image/seed-1/student.pt").unlink()
    command = [sys.executable, "-m", "overheard", "run", "mini", "--row", "scene", "--column", "image"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "results/mini/media/fold-0/splits.csv: sha256" in done.stderr
    assert "results/mini/media/fold-0/split.record.json" in done.stderr
    assert "overheard run" in done.stderr
