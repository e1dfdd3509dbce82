"""The whole road on a miniature world, as a user drives it: `overheard run`, interruptions, variants, odd paths."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from overheard.scheduling.notes import metadata_path

ROOT = Path(__file__).resolve().parents[2]


def overheard(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def write_config(folder: Path, name: str, content: dict) -> None:
    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "config" / f"{name}.yaml").write_text(yaml.safe_dump(content))


def digests(folder: Path) -> dict[str, str]:
    """Content of every result but Snakemake's own time stamps and what says when and where."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    files = [path for path in files if not path.name.endswith(".circumstance.json")]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def finished(miniature_run, copied, tmp_path_factory):
    """A finished study that may be run again, and what its first run said."""
    return copied(tmp_path_factory.mktemp("finished") / miniature_run[0].name), miniature_run[1]


def test_everything_is_made(finished):
    folder, _ = finished
    results = folder / "results" / "mini"
    assert len(list(results.glob("train/*/*/seed-*/student.pt"))) == 44
    assert len(list(results.glob("evaluate/*/*/seed-*/predictions.npz"))) == 44
    for name in ("table2.csv", "table2.md", "table2.tex", "table3.md", "figure6.md", "cells.csv", "metrics.json"):
        assert (results / "tables" / name).stat().st_size > 0
    for name in (*(f"figure{number}" for number in range(1, 8)), "pointing"):
        for suffix in ("png", "pdf"):
            assert (results / "figures" / f"{name}.{suffix}").stat().st_size > 0


def test_maps_point_at_objects_of_every_row_that_figures_show(finished):
    results = finished[0] / "results" / "mini"
    made = sorted(path.relative_to(results / "maps").as_posix() for path in results.glob("maps/*/*/pointing.csv"))
    both = ("scene", "scene+event", "scene+kl_av", "scene+kl_sound", "scene+sq_av", "scene+sq_sound")
    assert made == sorted(["scene/image/pointing.csv", *(f"{row}/image+sound/pointing.csv" for row in both)])
    for path in made:
        lines = list(csv.DictReader((results / "maps" / path).read_text().splitlines()))
        assert [line["seed"] for line in lines] == ["0", "1"]
        assert all(int(line["scored"]) > 0 and 0 <= float(line["pointing"]) <= 100 for line in lines)
        # the twin marks an object in every picture; what counts is the same for all rows
        assert {line["unmarked"] for line in lines} == {"0"}
    read = [csv.DictReader((results / "maps" / path).read_text().splitlines()) for path in made]
    blind = [[(line["area"], line["centre"]) for line in lines] for lines in read]
    assert all(each == blind[0] for each in blind)


def test_the_first_and_last_lines_say_whose_numbers_they_are(finished):
    _, done = finished
    head = done.stdout[:600]
    assert "Source: SIMULATED TWIN: generated pictures and sounds, not ADVANCE's numbers" in head
    assert "jobs (" in head
    assert "About " in head
    assert "SIMULATED TWIN" in done.stdout[600:]
    assert "jobs, " in done.stderr


def test_a_cell_is_the_mean_of_its_runs_scores(finished):
    folder, _ = finished
    results = folder / "results" / "mini"
    with (results / "tables" / "cells.csv").open(newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert {cell["table"] for cell in cells} == {"table2", "table3", "figure6", "baselines"}
    for cell in cells:
        (tested,) = {results / stage for stage in ("baselines", "evaluate") if (results / stage / cell["row"]).is_dir()}
        scores = [json.loads((tested / run / "scores.json").read_text()) for run in cell["runs"].split()]
        values = [100 * score[cell["metric"]] for score in scores]
        assert len(values) == int(cell["n"]) == 2
        assert float(cell["mean"]) == pytest.approx(sum(values) / 2, abs=1e-4)
        assert float(cell["std"]) == pytest.approx(abs(values[0] - values[1]) / 2**0.5, abs=1e-4)
        assert cell["published_mean"] == ""
        assert "twin" in cell["comparable"]


def test_with_nothing_to_do_it_says_so(finished):
    folder, _ = finished
    before = digests(folder / "results")
    done = overheard(folder, "run", "mini")
    assert done.returncode == 0
    assert "Nothing to do" in done.stdout
    assert digests(folder / "results") == before


def test_each_log_begins_with_a_command_that_gives_the_same_bytes(finished):
    folder, _ = finished
    log = folder / "logs" / "mini" / "train" / "scene+event" / "image+sound" / "seed-1" / "student.log"
    line = log.read_text().splitlines()[0]
    student = folder / "results/mini/train/scene+event/image+sound/seed-1/student.pt"
    content = student.read_bytes()
    student.unlink()
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "OVERHEARD_STORE": "off"}
    subprocess.run(["bash", "-c", line], cwd=folder, env=environ, check=True, capture_output=True)
    assert student.read_bytes() == content


def test_a_run_waits_for_records_that_tell_all_it_reads(miniature, monkeypatch):
    monkeypatch.chdir(miniature)
    found = list(Path("results/mini/train").rglob("*.record.json"))
    assert len(found) == 44
    for path in found:
        awaited = json.loads(metadata_path(str(path)).read_text())["input"]
        told = {entry["path"]: entry["sha256"] for record in awaited for entry in entries(record, "reads")}
        for entry in entries(path, "reads"):
            assert entry["record"] in awaited or told[entry["path"]] == entry["sha256"], (path, entry["path"])


def entries(record: str | Path, side: str) -> list[dict]:
    """The files of one side of a record."""
    return [entry for listed in json.loads(Path(record).read_text())[side].values() for entry in listed]


REVERSED = """
import os

_scandir, _listdir = os.scandir, os.listdir


class scandir:
    def __init__(self, *place):
        with _scandir(*place) as found:
            self.found = iter(sorted(found, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.found)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass


os.scandir = scandir
os.listdir = lambda *place: sorted(_listdir(*place), reverse=True)
"""
"""What every Python process runs first: folders list their files backwards."""


def test_another_machine_in_all_but_its_class_gives_the_same_bytes(finished, miniature_config, tmp_path):
    """One core, another folder, order of listing, locale, time zone, hash seed and umask at once; records included."""
    folder, _ = finished
    place = tmp_path / "elsewhere"
    write_config(place, "mini", miniature_config)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(REVERSED)
    search = os.pathsep.join([str(tmp_path / "first"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environ = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": search}
    # ASCII for real, not what Python makes of it
    environ |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "overheard", "run", "mini", "--cores", "1", "--table", "table3"]
    done = subprocess.run(command, cwd=place, env=environ, umask=0o077, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    here, there = digests(place / "results"), digests(folder / "results")
    assert len(here) > 100
    assert {name: digest for name, digest in here.items() if there[name] != digest} == {}
    assert (place / "results/mini/media/fold-0/splits.csv").stat().st_mode & 0o777 == 0o600


def test_plain_snakemake_agrees_that_nothing_is_to_do(finished):
    folder, _ = finished
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "workflow" / "Snakefile"),
        "--configfile",
        "config/mini.yaml",
    ]
    done = subprocess.run(
        [*command, "--dry-run", "--cores", "1"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


SHOWN = {
    "statistics": 4,
    "tables": 4,
    "cells": 1,
    "claims": 1,
    "figures": 9,
    "maps": 7,
    "embedding": 1,
    "reliability": 1,
}
"""Jobs of what a study is for, that rest on trainings or name their settings: figures 2 to 5 and the atlas do not."""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # the third seed is of a fold that none was of before
        (
            "seeds=[0,1,2]",
            dict.fromkeys(("split", "normaliser", "prior", "relevance"), 1)
            # the fusion of two rows waits for all their seeds
            | {"baselines": 6 + 3, "train": 22, "evaluate": 22}
            | SHOWN
            # the diagram of the data set reads the splits
            | {"figures": 10},
        ),
        # but for the random head; the fusion of two rows waits for these
        ("train.learning_rate=0.002", {"baselines": 2, "train": 42, "evaluate": 21} | SHOWN),
    ],
)
def test_a_changed_setting_runs_what_depends_on_it(miniature_copy, miniature_config, change, expected):
    folder = miniature_copy
    key, value = change.split("=")
    content = json.loads(json.dumps(miniature_config))
    section = content
    for part in key.split(".")[:-1]:
        section = section[part]
    section[key.split(".")[-1]] = yaml.safe_load(value)
    write_config(folder, "mini", content)
    done = overheard(folder, "run", "mini", "--dry-run")
    listed = done.stdout.split("jobs (")[1].split(")")[0]
    assert {word: int(count) for word, count in (entry.split() for entry in listed.split(", "))} == expected


# kills at any moment are tests/workflow/test_kills.py's
@pytest.mark.parametrize("sent", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.long)])
def test_an_interrupted_run_goes_on_to_the_same_bytes(finished, miniature_copy, monkeypatch, sent):
    monkeypatch.setenv("OVERHEARD_STORE", "off")
    folder = miniature_copy
    shutil.rmtree(folder / "results" / "mini" / "train" / "scene")
    shutil.rmtree(folder / "checkpoints")
    command = [sys.executable, "-m", "overheard", "run", "mini"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list((folder / "results/mini/train").glob("scene/*/seed-*/student.pt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, sent)
    process.wait(180)
    assert process.returncode != 0
    done = overheard(folder, "run", "mini")
    assert done.returncode == 0, done.stderr
    assert digests(folder / "results") == digests(finished[0] / "results")


def test_a_failed_run_is_one_message_and_partial_tables_say_how_many(miniature_copy):
    folder = miniature_copy
    broken = folder / "results/mini/train/scene+event/image/seed-1"
    shutil.rmtree(broken)
    broken.write_text("a file where a folder must be")
    done = overheard(folder, "run", "mini", "--keep-going")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert "1 of 2" not in (folder / "results/mini/tables/table2.md").read_text()
    done = overheard(folder, "run", "mini", "--keep-going", "--partial")
    assert done.returncode == 0, done.stderr
    assert "1 of 2" in (folder / "results/mini/tables/table2.md").read_text()
    assert broken.read_text() == "a file where a folder must be"


def test_the_report_is_made(miniature_copy):
    folder = miniature_copy
    done = overheard(folder, "report", "mini")
    assert done.returncode == 0, done.stderr
    page = (folder / "results/mini/report.html").read_text(encoding="utf-8")
    assert "SIMULATED TWIN: generated pictures and sounds, not ADVANCE" in page


def test_clean_says_what_it_frees_and_frees_it(miniature_copy):
    folder = miniature_copy
    done = overheard(folder, "clean", "mini")
    assert "draw/" in done.stdout
    assert (folder / "results/mini").exists()
    assert overheard(folder, "clean", "mini", "--yes").returncode == 0
    assert not (folder / "results/mini").exists()
    assert (folder / "config/mini.yaml").exists()


def test_a_folder_of_real_pictures_and_sounds_with_a_real_tagger(shared, tmp_path):
    data = shared / "data"
    weights = data / "weights" / "mn04_as_mAP_432.pt"
    folders = [
        "--from",
        str(data / "advance_sample"),
        "--scenes",
        str(data / "scenes" / "AID"),
        "--tagger",
        str(weights),
    ]
    assert overheard(tmp_path, "init", "real", *folders).returncode == 0
    changes = ["train.epochs=1", "seeds=[0]", "networks.image.pretrain.epochs=1"]
    quick = [word for change in changes for word in ("--set", change)]
    cell = ["--row", "scene+event", "--column", "image+sound"]
    done = overheard(tmp_path, "run", "real", *quick, "--as", "quick", *cell)
    assert done.returncode == 0, done.stderr
    assert "other pairs than ADVANCE" in done.stdout
    assert "warning: 1 clips silent or nearly so" in done.stderr
    scores = json.loads((tmp_path / "results/quick/evaluate/scene+event/image+sound/seed-0/scores.json").read_text())
    # the folder's own split column: three of twelve locations a class are for testing
    assert scores["n"] == 52
