"""What commands say and leave behind where something is not as it should be."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shown
import torch
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager
from origins import TWIN
from torch import nn

from overheard.command import doctor
from overheard.command import run as running
from overheard.errors import ConfigError, DivergedError, LineageError
from overheard.io import whole
from overheard.jobs import circumstance
from overheard.learning import loop, schedules, selection
from overheard.lineage import audit, diff
from overheard.scheduling.dry_run import Planned
from overheard.scores import frames, tabular
from overheard.scores.cells import Ask, table_cells
from overheard.scores.plots import class_statistics, fonts, style
from overheard.scores.plots.given import File, Settings
from overheard.sharing import dvc
from overheard.study import experiments


def overheard(*arguments: str, where: Path, **environ: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=where, env=os.environ | environ, capture_output=True, text=True, check=False)


def repository(folder: Path) -> Path:
    folder.mkdir()
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for message in ("First", "Second"):
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", message], check=True)
    return folder


@pytest.mark.skipif(os.getuid() != 0, reason="only the superuser can give a folder away")
def test_of_another_owners_repository_git_says_what_to_do(tmp_path, monkeypatch):
    folder = repository(tmp_path / "theirs")
    subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    for question, kind in ((dvc.require_git, Exception), (lambda: diff.diff("HEAD~1", "HEAD"), LineageError)):
        with pytest.raises(kind, match=f"git config --global --add safe.directory {folder}") as refused:
            question()
        assert "git init" not in str(refused.value)


def test_a_shallow_clone_says_how_to_get_the_other_commits(tmp_path, monkeypatch):
    whole_one = repository(tmp_path / "whole")
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{whole_one}", str(tmp_path / "c")], check=True)
    monkeypatch.chdir(tmp_path / "c")
    with pytest.raises(LineageError, match="this clone is shallow.*`git fetch --unshallow`"):
        diff.diff("HEAD~1", "HEAD")
    monkeypatch.chdir(whole_one)
    with pytest.raises(ConfigError, match="no such commit, folder with"):
        diff.diff("nowhere", "HEAD")


def test_a_clone_that_would_change_line_ends_keeps_every_byte(tmp_path):
    folder = repository(tmp_path / "whole")
    root = experiments.project_root()
    shutil.copy(root / ".gitattributes", folder)
    text = b"first\nsecond\r\nthird\n"
    (folder / "a.csv").write_bytes(text)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "core.autocrlf=true"]
    subprocess.run([*git, "-C", str(folder), "add", "--all"], check=True)
    subprocess.run([*git, "-C", str(folder), "commit", "--quiet", "--message", "Add"], check=True)
    subprocess.run([*git, "clone", "--quiet", str(folder), str(tmp_path / "c")], check=True)
    assert (tmp_path / "c" / "a.csv").read_bytes() == text


def test_git_that_fails_is_quoted_in_the_circumstance(monkeypatch):
    def fail(command, **_):
        raise subprocess.CalledProcessError(128, command, stderr="fatal: detected dubious ownership\n")

    circumstance.git_state.cache_clear()
    monkeypatch.setattr(circumstance.subprocess, "run", fail)
    assert circumstance.git_state()["note"] == "git could not be asked: fatal: detected dubious ownership"
    circumstance.git_state.cache_clear()


@pytest.mark.parametrize(
    "words", [["init", "new", "--from", "d"], ["run", "mini", "--set", "seeds=[1]", "--as", "new"]]
)
def test_a_command_that_fails_half_way_leaves_no_file(tmp_path, monkeypatch, capsys, words):
    from overheard.command import app

    for part in ("config", "d/vision", "d/sound"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "config" / "mini.yaml").write_text("source: {kind: twin}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def full(self, content):
        with self.open("wb") as stream:
            stream.write(content[:3])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(sys, "argv", ["overheard", *words])
    with pytest.raises(SystemExit) as ended:
        app.app()
    assert ended.value.code == 2
    assert "no space left" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "config").iterdir()) == ["mini.yaml"]


# --- training that diverged


class _Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(2, 2)


def fitted(rate: float, poisoned: int | None = None, validation: float = 1.0) -> loop.Run:
    """Eight clips, two a step; with `poisoned`, the loss of that step (from 1) is no number."""
    net, steps = _Net(), iter(range(1, 100))
    adam = loop.Adam(list(net.parameters()), rate, 0.0)

    def loss(clips):
        value = net.line(torch.ones(len(clips), 2)).square().sum(dim=1)
        return {"scene": value * (float("nan") if next(steps) == poisoned else 1.0)}, None

    recipe = loop.Recipe(2, None, 3, schedules.BY_NAME["constant"], selection.last, None)
    order = torch.Generator().manual_seed(0)
    return loop.fit(net, adam, loss, lambda: {"val_loss": validation}, recipe, clips=8, order=order)


@pytest.mark.parametrize("step", [1, 4, 6])
def test_a_loss_that_is_no_number_stops_the_training_at_its_step(step):
    with pytest.raises(DivergedError, match=f"train loss is no number at step {step}, learning rate 0.01$"):
        fitted(0.01, poisoned=step)


@pytest.mark.parametrize(
    ("rate", "validation", "said"),
    [(0.01, float("nan"), "val loss"), (0.01, float("inf"), "val loss"), (1e38, 1.0, "train loss|weight line")],
)
def test_weights_and_validation_that_are_no_numbers_stop_it_too(rate, validation, said):
    with pytest.raises(DivergedError, match=said):
        fitted(rate, validation=validation)
    assert len(fitted(0.01).history) == 3


SPEC = {"blocks": [{"rows": ["scene", "scratch"], "columns": ["image"]}], "published": None}
SPEC["metrics"] = shown.of("f_score")


def run_of(seed: int) -> dict:
    return {"method": "scene", "modality": "image", "seed": seed, "fold": 0, "n": 10, "f_score": 0.5} | {
        "confusion": [[5, 0], [5, 0]],
        "classes": ["a", "b"],
    }


def test_a_table_says_which_runs_diverged():
    said = {("scene", "image"): [1], ("scratch", "image"): [0, 1]}
    ask = Ask("mini", TWIN, "corrected", [0, 1], True, {}, said)
    cells = table_cells("t", SPEC, [run_of(0)], ask, {})
    assert [tabular.measured(cell) for cell in cells] == ["50.00 (1 of 2, 1 diverged)", "diverged"]
    assert [cell["note"] for cell in cells] == [
        "1 of 2 seeds; seeds 1 diverged; one seed: no std",
        "0 of 2 seeds; seeds 0, 1 diverged",
    ]
    notes = " ".join(tabular.left_out_notes({"scene": "L_s"}, cells, ask))
    assert "so not counted: L_s (image) seed 1; scratch (image) seed 0, 1." in notes


def test_a_run_without_student_is_called_diverged_by_its_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mini.yaml").write_text("seeds: [0, 1]\nsource: {kind: twin}\n", encoding="utf-8")
    loaded = experiments.load("mini")
    for seed, text in ((0, "error: diverged: scene on image, seed 0: …"), (1, "error: no space left")):
        log = tmp_path / f"logs/mini/train/scene/image/seed-{seed}/student.log"
        log.parent.mkdir(parents=True)
        log.write_text(f"overheard train\n{text}\n", encoding="utf-8")
    missing = running.missing_runs(loaded)
    assert missing["scene/image/seed-0"]
    assert not missing["scene/image/seed-1"]
    assert sum(missing.values()) == 1


def test_an_audit_names_the_setting_that_results_were_not_made_with():
    record = {"stage": "train", "settings": {"seed": 0, "settings": {"learning_rate": 0.001}}, "environment": {}}
    job = Planned("r", "train", {"seed": 0, "settings": {"learning_rate": 0.05}}, {}, {}, [], {}, "l", "params changed")
    (found,) = audit._of_other_settings("mini", {"r": record}, [job])
    assert (found.kind, found.path, found.found) == ("plan", "r", "made with learning_rate 0.001")
    assert found.expected.startswith("0.05, as config/mini.yaml")
    assert not list(audit._of_other_settings("mini", {"r": record | {"settings": job.settings}}, [job]))


# --- names in figures and LaTeX


@pytest.fixture(params=["ttf", "otf"])
def font(request, tmp_path, monkeypatch) -> str:
    """A font of one Chinese sign, with both kinds of outlines; its family's name."""
    family, kind = f"Forest {request.param}", request.param
    build = FontBuilder(1000, isTTF=kind == "ttf")
    build.setupGlyphOrder([".notdef", "forest"])
    build.setupCharacterMap({ord("森"): "forest"})
    pen = TTGlyphPen(None) if kind == "ttf" else T2CharStringPen(1000, None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (800, 800), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    if kind == "ttf":
        build.setupGlyf(dict.fromkeys([".notdef", "forest"], pen.glyph()))
    else:
        build.setupCFF("Forest", {}, dict.fromkeys([".notdef", "forest"], pen.getCharString()), {})
    build.setupHorizontalMetrics(dict.fromkeys([".notdef", "forest"], (1000, 0)))
    build.setupHorizontalHeader(ascent=800, descent=-200)
    build.setupNameTable({"familyName": family, "styleName": "Regular"})
    build.setupOS2(sTypoAscender=800)
    build.setupPost()
    path = tmp_path / f"forest.{kind}"
    build.save(path)
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    fontManager.addfont(path)
    return family


LINES = [{"class": name, "pairs": "4", "locations": "2"} for name in ("森", "beach")]


def figure3(lines, source=TWIN):
    settings = Settings("trial", source._asdict(), {"title": "Pairs per class", "caption": "Counts."})
    return class_statistics.draw(settings, {"statistics": [File("statistics.csv", lines)]})


def test_a_font_that_has_the_names_is_taken_and_drawn(font, recwarn):
    absent = fonts.missing(["森林", "beach", "plage é"])
    assert absent == {"森", "林"}
    assert fonts.families(absent) == ([font], {"林"})
    with style.styled([font]):
        drawn = figure3(LINES)
        assert style.png([drawn]).startswith(b"\x89PNG")
        assert style.pdf([drawn]).startswith(b"%PDF")
    assert [str(each.message) for each in recwarn if "missing from font" in str(each.message)] == []


def test_without_a_font_the_line_says_which_to_install():
    found, absent = fonts.families({"\U00013000"})
    assert (found, absent) == ([], {"\U00013000"})
    assert fonts.to_install(absent) == "a Noto font of Egyptian (Debian, Ubuntu: fonts-noto-core)"
    assert "fonts-noto-cjk" in fonts.to_install({"森", "한"})


@pytest.mark.parametrize("name", ["x" * 200, "a very long name of a class with blanks " * 4, "beach"])
def test_long_class_names_stay_inside_figure_3(name):
    with style.styled():
        drawn = figure3([{"class": name, "pairs": "4", "locations": "2"}, *LINES[1:]])
        drawn.canvas.draw()
        (axes,) = drawn.axes
        edges = [label.get_window_extent() for label in axes.get_yticklabels()]
        assert min(edge.x0 for edge in edges) >= 0
        assert axes.get_window_extent().width > 0.4 * drawn.bbox.width
        upper, lower = sorted(edges, key=lambda edge: -edge.y0)
        assert upper.y0 >= lower.y1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('say "hi"', "say ''hi''"),
        ("a--b---c", "a-{}-b-{}-{}-c"),
        (
            "50 % & $5 #1 a_b {x} ~ ^ \\",
            r"50 \% \& \$5 \#1 $a_{b}$ \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}",
        ),
        ("what?`no", "what?{}`no"),
    ],
)
def test_latex_reads_no_sign_of_a_text_as_its_own(text, expected):
    assert tabular.latex_text(text) == expected


def test_an_experiments_name_is_no_symbol_in_latex():
    ask = Ask("L_s", TWIN, "N_a", [0], False, {})
    caption = ["L_s of the paper.", *tabular.conditions(ask, {}, [])]
    empty = pd.DataFrame(columns=["Input", "Method"], dtype=str)
    text = frames.latex(frames.Table("t", "L_s", "T", caption, empty, empty.astype(bool), []))
    assert r"$L_{s}$ of the paper. Experiment L\_s; source" in text
    assert r"protocol N\_a." in text


# --- doctor, and what to type next


def test_the_doctor_finds_this_machine_well(tmp_path):
    done = overheard("doctor", where=tmp_path, SNAKEMAKE_PROFILE="mine", DVC_STUDIO_TOKEN="abc", OMP_NUM_THREADS="2")
    words = [line.split()[1] for line in done.stdout.splitlines() if line[:1] != " "]
    expected = ["python", "overheard", "packages", "machine", "memory", "disk", "locks", "fonts", "git", "device"]
    assert [word for word in expected if word not in words] == []
    assert "SNAKEMAKE_PROFILE=mine" in done.stdout
    assert "OMP_NUM_THREADS=2" in done.stdout
    assert "abc" not in done.stdout
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing here would make a run fail")


def test_the_doctor_ends_with_2_where_a_run_would_fail(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_LOOKS", (doctor._files, doctor._configurations))
    assert doctor.examine(None)[1] == 0
    (tmp_path / "results").symlink_to("/gone")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mini.yaml").write_text("a: 1\na: 2\n", encoding="utf-8")
    text, code = doctor.examine(None)
    assert code == 2
    assert "error    folders" in text
    assert "overheard run mini would fail: config/mini.yaml: key a stands twice (lines 1 and 2)" in text
    assert text.splitlines()[-1] == "a run would fail: folders"


def test_the_doctor_looks_at_a_folder_as_a_run_does(tmp_path, monkeypatch):
    import soundfile
    from PIL import Image

    monkeypatch.setattr(doctor, "_LOOKS", ())
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        for name in ("beach", "farm"):
            for part in ("vision", "sound"):
                (tmp_path / "d" / part / name).mkdir(parents=True, exist_ok=True)
            colour = (10 * number, 7 * len(name), 200)
            Image.new("RGB", (32, 32), colour).save(tmp_path / f"d/vision/{name}/{name}{number}.png")
            tone = np.sin(np.arange(48000) * (number + len(name)) / 50) * 0.5
            soundfile.write(tmp_path / f"d/sound/{name}/{name}{number}.wav", tone, 16000)
    text, code = doctor.examine(tmp_path / "d")
    assert code == 0, text
    assert "- clips: 10" in text
    assert "durations: 3.00 to 3.00 s" in text
    assert list(tmp_path.iterdir()) == [tmp_path / "d"]
    # with an experiment's settings: floats are pictures where it says what is black and white
    rng = np.random.default_rng(0)
    for place in [*(tmp_path / "d" / "vision").rglob("*.png")]:
        level = rng.uniform(0, 3000, size=(32, 32)).astype(np.float32)
        Image.fromarray(level).save(place.with_suffix(".tif"))
        place.unlink()
    assert doctor.examine(tmp_path / "d")[1] == 2
    (tmp_path / "config").mkdir()
    source = {"kind": "directory", "pairs": "d", "range": [0, 3000]}
    (tmp_path / "config" / "mine.yaml").write_text(json.dumps({"seeds": [0], "source": source}))
    text, code = doctor.examine(None, "mine")
    assert code == 0, text
    (tmp_path / "config" / "twin.yaml").write_text("seeds: [0]\nsource: {kind: twin}\n", encoding="utf-8")
    assert "source.kind is twin; expected directory" in doctor.examine(tmp_path / "d", "twin")[0]
    shutil.rmtree(tmp_path / "d" / "sound" / "farm")
    text, code = doctor.examine(tmp_path / "d")
    assert code == 2
    assert text.splitlines()[-1] == "a run would fail: folder"


def test_a_finished_run_says_what_to_type_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mini.yaml").write_text("seeds: [0]\nsource: {kind: twin}\n", encoding="utf-8")
    loaded = experiments.load("mini")
    wanted = running.Wanted()
    assert running.conclusion(loaded, wanted).splitlines()[-1] == "Next: overheard run mini"
    whole.write_text(tmp_path / "results/mini/tables/table2.md", "## Table\n")
    last = running.conclusion(loaded, wanted).splitlines()[-1]
    assert last.startswith("Next: overheard trace mini --table table2 --row scratch --column ")
    assert last.endswith("; overheard audit mini; overheard report mini")
