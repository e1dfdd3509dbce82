"""docs/your-own-loss.md, run word for word: files and commands as they stand there, in a folder of its own."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from shown_commands import blocks

from overheard.jobs import records

BLOCKS = blocks("your-own-loss.md")
TRAINED = "train/{}/image+sound/seed-{}/student"


def shell(folder: Path, text: str) -> subprocess.CompletedProcess:
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["bash", "-ec", text]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def trained(folder: Path, name: str) -> dict[str, str]:
    """Of every training, how and when its student was computed: changed where it was trained again."""
    paths = sorted((folder / "results" / name / "train").rglob("student.circumstance.json"))
    told = {
        str(path.parent.relative_to(folder / "results" / name / "train")): json.loads(path.read_text())
        for path in paths
    }
    return {run: (said["computed"] or said)["ended"] for run, said in told.items()}


@pytest.fixture(scope="module")
def page(tmp_path_factory, miniature) -> tuple[Path, list[str], list[dict[str, dict[str, str]]]]:
    """The folder in which the page was followed, what each block said, and the trainings that there were after each."""
    folder = tmp_path_factory.mktemp("own") / "project"
    folder.mkdir()
    # the page's world is the miniature one: what it draws and pre-trains is put back
    shutil.copytree(miniature / "store", folder / "store", copy_function=os.link)
    said, after = [], []
    for place, kind, text in BLOCKS:
        if kind == "sh":
            done = shell(folder, text)
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            said.append(done.stdout)
            after.append({name: trained(folder, name) for name in ("symmetric", "symmetric-7")})
        else:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text)
    return folder, said, after


def test_the_table_has_three_rows_of_five_seeds(page):
    folder, said, after = page
    assert len(after[1]["symmetric"]) == 15
    assert "L_s + L_JS" in said[1]
    cells = (folder / "results/symmetric-7/tables/events.cells.csv").read_text().splitlines()
    assert len(cells) == 1 + 3 * 2


def test_records_name_her_functions_and_their_code_and_those_of_other_rows_do_not(page):
    folder, _, _ = page
    own = {"mylosses.symmetric:jensen_shannon", "mylosses.symmetric:entropy", "mylosses.symmetric:small_head"}
    for method, expected in (("scene+js", own), ("scene+kl_av", set())):
        record = records.read_record(folder / "results/symmetric" / f"{TRAINED.format(method, 0)}.record.json")
        assert {name for name in record["code"]["definitions"] if name.startswith("mylosses")} == expected
        assert record["settings"]["settings"].get("loss") == (
            (expected and "mylosses.symmetric:jensen_shannon") or None
        )
    told = records.read_record(folder / "results/symmetric/evaluate/scene+js/image+sound/evaluate.record.json")
    assert "mylosses.symmetric:small_head" in told["code"]["definitions"]


def test_trace_and_compare_answer_for_her_row(page):
    _, said, _ = page
    compared, traced = said[2].split("scene+js@image+sound (B)")[1], said[2]
    assert "symmetric_better" in said[2]
    assert "B - A" in compared
    assert "mylosses.symmetric:jensen_shannon" in traced


def test_her_claim_is_judged_by_the_interval_of_the_comparison(page):
    folder, _, _ = page
    with (folder / "results/symmetric/claims/verdicts.csv").open(newline="") as stream:
        (line,) = csv.DictReader(stream)
    low, high = float(line["low"]), float(line["high"])
    expected = "supported" if low > 0 else "contradicted" if high < 0 else "undecided"
    assert (line["claim"], line["verdict"]) == ("symmetric_better", expected)
    assert float(line["p"]) <= 1


def test_every_row_gets_the_same_trials(page):
    folder, said, _ = page
    with (folder / "ablations/symmetric/tuned-trials.csv").open(newline="") as stream:
        trials = list(csv.DictReader(stream))
    rows = Counter((line["method"], line["modality"]) for line in trials)
    assert rows == {(method, "image+sound"): 2 for method in ("scene", "scene+kl_av", "scene+js")}
    assert "Every row tuned alike: symmetric" in said[4]


def test_more_seeds_train_two_runs_a_row_and_put_the_others_back(page):
    _, _, after = page
    assert len(after[3]["symmetric-7"]) == 21
    assert {run: after[3]["symmetric-7"][run] for run in after[1]["symmetric"]} == after[1]["symmetric"]


def test_a_change_of_her_code_trains_her_row_again_and_no_other(page):
    _, said, after = page
    again = {run for run, ended in after[5]["symmetric"].items() if after[1]["symmetric"][run] != ended}
    assert again == {f"scene+js/image+sound/seed-{seed}" for seed in range(5)}
    assert "mylosses.symmetric:jensen_shannon" in said[5]


def test_predictions_of_anywhere_are_scored_on_the_same_clips(page):
    folder, said, _ = page
    told = said[-1]
    assert "5 seeds, " in told
    assert "theirs@given (B)" in told
    metrics = json.loads((folder / "results/symmetric/tables/metrics.json").read_text())
    mean = metrics["events"]["scene"]["image+sound"]["f_score"]["mean"]
    accuracy = metrics["events"]["scene"]["image+sound"]["accuracy"]["mean"]
    assert f"{accuracy:.1f} ±" in (folder / "results/symmetric/tables/events.md").read_text()
    assert f"{mean:.2f} ± " in told.split("weighted F")[1].splitlines()[0]


def test_an_audit_computes_her_runs_again_and_a_comment_changes_nothing(page):
    folder, _, _ = page
    module = folder / "mylosses/symmetric.py"
    module.write_text(f"# a comment\n{module.read_text()}")
    done = shell(folder, "overheard run symmetric --dry-run")
    assert "Nothing to do" in done.stdout, done.stdout + done.stderr
    record = TRAINED.format("scene+js", 0)
    from overheard.lineage.recompute_jobs import recompute_job

    whole = records.read_record(folder / "results/symmetric" / f"{record}.record.json")
    before = Path.cwd()
    os.chdir(folder)
    try:
        found = recompute_job(Path("results/symmetric"), f"results/symmetric/{record}.record.json", whole)
    finally:
        os.chdir(before)
    assert found == []


def test_what_is_wrong_is_said_before_anything_runs(page):
    folder, _, _ = page
    study = folder / "config/studies/symmetric.yaml"
    text = study.read_text()
    for old, new, message in (
        ("symmetric:jensen_shannon", "symmetric:jensen", "has no function 'jensen'; it has jensen_shannon, entropy"),
        ("{softness: 2.0}", "{}", "asks for softness; name it under reads, uses or settings of the row"),
        ("mylosses.symmetric:small", "mylosses.heads:small", "no module mylosses.heads; expected mylosses/heads.py"),
    ):
        assert text.count(old) == 1
        study.write_text(text.replace(old, new))
        done = shell(folder, "overheard run symmetric")
        assert (done.returncode, done.stdout) == (2, ""), done.stdout
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    study.write_text(text)
