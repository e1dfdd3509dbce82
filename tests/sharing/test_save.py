"""Saving and restoring on a hand-made experiment: a few small files with records, as jobs and Snakemake leave them."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from overheard.errors import LineageError, OverheardError
from overheard.jobs import hashing, records
from overheard.jobs.circumstance import circumstance_path
from overheard.scheduling import notes
from overheard.sharing import curves, dvc, saved_files
from overheard.sharing import restore as restoring
from overheard.sharing import save as saving
from overheard.sharing.saved_files import archive_of
from overheard.study.layout import in_git

# every test asks DVC and git
pytestmark = pytest.mark.workflow

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("results/hand")
JOBS = {
    "draw/pairs": ["draw/pairs"],
    "media/media": ["media/index.csv", "media/manifest.csv"],
    "media/fold-0/split": ["media/fold-0/splits.csv"],
    "features/images": ["features/images.npy", "features/images.ids.csv"],
    "features/scenes/images": ["features/scenes/images.npy"],
    "train/scene/image/seed-0/student": ["train/scene/image/seed-0/student.pt", "train/scene/image/seed-0/history.csv"],
    "train/scene/image/seed-1/student": ["train/scene/image/seed-1/student.pt", "train/scene/image/seed-1/history.csv"],
    "evaluate/scene/image/evaluate": [
        f"evaluate/scene/image/seed-{seed}/{name}"
        for seed in (0, 1)
        for name in ("predictions.npz", "events.npz", "scores.json")
    ],
    "tables/cells": ["tables/cells.csv", "tables/metrics.json"],
    "figures/figure3": ["figures/figure3.png"],
}
TEXTS = {
    "tables/cells.csv": "table,row,column,metric,mean\ntable2,scene,image,f_score,50.0\ntable2,scene,image,recall,5\n",
    "tables/metrics.json": '{"table2": {"scene": {"image": {"f_score": {"mean": 50.0}}}}}\n',
    "train/scene/image/seed-0/history.csv": "epoch,val_f_score\n1,0.5\n2,0.25\n",
    "train/scene/image/seed-1/history.csv": "epoch,val_f_score\n1,0.125\n",
}


def run(*command: str, where: Path | None = None) -> str:
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=True).stdout


def git(*arguments: str, where: Path | None = None) -> str:
    return run("git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments, where=where)


def write_job(job: str, files: list[str], text: str = "") -> None:
    """A job's files, its record and what Snakemake keeps of both."""
    written = []
    for name in files:
        path = FOLDER / name
        if name == "draw/pairs":
            (path / "vision" / "beach").mkdir(parents=True, exist_ok=True)
            for number in range(3):
                (path / "vision" / "beach" / f"{number}.jpg").write_text(f"picture {number} {text}")
            content = hashing.read(path)
            path.with_name("pairs.files.csv").write_bytes(content.listing.encode())
            entry = {"sha256": content.sha256, "bytes": content.bytes, "files": content.files}
            written.append({"path": f"{FOLDER}/{name}", **entry})
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXTS.get(name, f"content of {name}, {text}\n"))
        content = hashing.read(path)
        written.append({"path": f"{FOLDER}/{name}", "sha256": content.sha256, "bytes": content.bytes})
    record = {"record": 1, "stage": job.split("/")[0], "settings": {}, "reads": {}, "writes": {"files": written}}
    record |= {"code": {"digest": records.code_digest({}), "definitions": {}}, "environment": {"python": "3.11"}}
    path = FOLDER / f"{job}.record.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    records.write_record(path, records.sealed(record))
    circumstance_path(path).write_text('{"host": "here"}\n')
    for name in [*files, f"{job}.record.json"]:
        known = notes.metadata_path(f"{FOLDER}/{name}")
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(json.dumps({"rule": job, "params": [text]}))


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in (".lock", ".same.json")]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(autouse=True)
def _finished(monkeypatch):
    """The hand-made experiment has no workflow that could tell whether it is finished."""
    monkeypatch.setattr(saving, "require_finished", lambda name: None)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A repository with a finished experiment, a remote, and nothing saved."""
    folder = tmp_path_factory.mktemp("hand") / "study"
    for name in (".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "config").mkdir()
    (folder / "config" / "hand.yaml").write_text("seeds: [0, 1]\n")
    here = Path.cwd()
    os.chdir(folder)
    try:
        for job, files in JOBS.items():
            write_job(job, files)
    finally:
        os.chdir(here)
    git("init", "--quiet", where=folder)
    run(sys.executable, "-m", "dvc", "remote", "add", "--quiet", "-d", "shared", "../remote", where=folder)
    git("add", "--all", where=folder)
    git("commit", "--quiet", "--message", "Begin", where=folder)
    return folder


@pytest.fixture(scope="module")
def saved_once(begun):
    """The same, saved and committed."""
    study = shutil.copytree(begun.parent, begun.parent.with_name("saved")) / "study"
    here = Path.cwd()
    os.chdir(study)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(saving, "require_finished", lambda name: None)
            said = saving.save("hand")
    finally:
        os.chdir(here)
    git("commit", "--quiet", "--message", "Save", where=study)
    return study, said


@pytest.fixture
def study(saved_once, tmp_path, monkeypatch):
    """A copy of the saved repository and its remote, to be disturbed; it is the current folder."""
    folder = shutil.copytree(saved_once[0].parent, tmp_path / "there") / "study"
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def clone(saved_once, tmp_path, monkeypatch):
    """A fresh clone in another depth, which says where the remote is; it is the current folder."""
    shutil.copytree(saved_once[0].parent / "remote", tmp_path / "remote")
    folder = tmp_path / "a" / "b" / "other study"
    git("clone", "--quiet", str(saved_once[0]), str(folder))
    monkeypatch.chdir(folder)
    run(sys.executable, "-m", "dvc", "remote", "modify", "--local", "shared", "url", str(tmp_path / "remote"))
    return folder


def save(**options) -> str:
    return saving.save("hand", **options)


def restore(**options) -> str:
    return restoring.restore("hand", **options)


def test_each_file_has_one_place():
    kept = {
        "tables/cells.csv",
        "tables/table2.tex",
        "figures/figure3.pdf",
        "media/fold-0/splits.csv",
        "train/scene/image/seed-0/history.csv",
        "pretrain/image.history.csv",
        "evaluate/scene/image/seed-0/predictions.npz",
        "evaluate/scene/image/seed-0/scores.json",
        "train/scene/image/seed-0/student.record.json",
        "draw/pairs.circumstance.json",
    }
    archived = {
        "train/scene+event/image+sound/seed-12/student.pt": "train/scene+event/image+sound.tar",
        "evaluate/scene/image/seed-0/events.npz": "evaluate/scene/image.tar",
        "draw/pairs/vision/beach/1.jpg": "draw/pairs.tar",
        "draw/pairs.files.csv": "draw/pairs.tar",
        "features/images.npy": "features/images.tar",
        "features/images.pooled.npy": "features/images.tar",
        "features/scenes/images.ids.csv": "features/scenes/images.tar",
        "features/fold-0/normaliser.image.npz": "features/fold-0/normaliser.tar",
        "media/index.csv": "media/media.tar",
        "media/sounds/manifest.csv": "media/sounds/media.tar",
        "pretrain/image.pt": "pretrain/image.tar",
        "teacher/logits.npy": "teacher/teacher.tar",
        "teacher/fold-0/prior.csv": "teacher/fold-0/prior.tar",
        "teacher/a_note.txt": "teacher/a_note.txt.tar",
    }
    assert {path for path in kept | archived.keys() if in_git(path)} == kept
    assert {path: archive_of(path) for path in archived} == archived


def test_metadata_lies_where_snakemake_looks(tmp_path, monkeypatch):
    from snakemake.persistence.file import FilePersistence

    monkeypatch.chdir(tmp_path)
    snakemake = object.__new__(FilePersistence)
    snakemake._max_len = None
    (tmp_path / ".snakemake" / "metadata").mkdir(parents=True)
    for target in ("results/a/tables/cells.csv", "results/a/train/" + "x" * 150 + "/é+/seed-0/student.pt"):
        assert str(notes.metadata_path(target)) == snakemake._record_path(".snakemake/metadata", target)


def test_what_is_small_is_in_git_and_the_rest_in_the_remote(saved_once):
    folder, said = saved_once
    known = git("ls-files", "results", where=folder).splitlines()
    inside = {path.removeprefix(f"{FOLDER}/") for path in known}
    files = [name for names in JOBS.values() for name in names]
    assert {name for name in files if in_git(name)} <= inside
    assert not any(name.endswith((".pt", ".npy", "events.npz", ".tar", ".jpg")) for name in inside)
    assert sum(name.endswith(".record.json") for name in inside) == len(JOBS)
    assert {"saved/archives.csv", "saved/curves.csv", "saved/f_scores.csv"} <= inside
    assert "7 archives" in said
    assert "git commit" in said
    stage = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]["hand"]
    assert all(next(iter(out.values()))["persist"] for out in stage["outs"])
    assert "nothing" not in said


def test_saving_again_changes_nothing(study):
    before = contents(study)
    assert "nothing to commit" in save()
    after = contents(study)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.startswith((".dvc/tmp/", "store/hashes/"))} <= {".git/index"}
    assert git("status", "--short") == ""


def test_a_changed_job_changes_its_archive_alone(study):
    before = saved_files.read_index(FOLDER)
    write_job("train/scene/image/seed-1/student", JOBS["train/scene/image/seed-1/student"], "other")
    save()
    after = saved_files.read_index(FOLDER)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {"train/scene/image.tar", saved_files.METADATA}
    staged = git("diff", "--cached", "--name-only").splitlines()
    assert staged == [
        "dvc.lock",
        f"{FOLDER}/saved/archives.csv",
        f"{FOLDER}/train/scene/image/seed-1/student.record.json",
    ]


def test_a_clone_gets_everything_back_with_one_time(saved_once, clone):
    assert "`overheard restore hand`" in restoring.pulled_without_restore("hand")
    restore()
    there, here = contents(saved_once[0] / FOLDER), contents(clone / FOLDER)
    assert here == there
    assert contents(saved_once[0] / ".snakemake") == contents(clone / ".snakemake")
    paths = [path for path in FOLDER.rglob("*") if "saved" not in path.parts and path.name != ".lock"]
    assert len({path.stat().st_mtime_ns for path in paths}) == 1
    assert restoring.pulled_without_restore("hand") is None
    assert git("status", "--short") == ""
    assert "nothing to commit" in save()


def test_pulling_alone_is_told(clone):
    run(sys.executable, "-m", "dvc", "pull", "--quiet")
    assert (FOLDER / "saved/train/scene/image.tar").is_file()
    assert "pulled or copied, but not restored" in restoring.pulled_without_restore("hand")


def test_a_copied_folder_is_told_and_a_killed_run_is_not(study, tmp_path, monkeypatch):
    shutil.copytree(FOLDER, tmp_path / "elsewhere" / FOLDER, ignore=shutil.ignore_patterns("saved"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "copied from elsewhere" in restoring.pulled_without_restore("hand")
    for path in records.record_paths(FOLDER):
        mark = notes.metadata_path(f"{FOLDER}/{path.relative_to(FOLDER)}", "incomplete")
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text("{}")
    assert restoring.pulled_without_restore("hand") is None
    assert restoring.pulled_without_restore("never") is None


def test_other_content_is_refused_by_name_unless_forced(clone):
    restore()
    student = FOLDER / "train/scene/image/seed-0/student.pt"
    student.write_text("hours of training")
    before = contents(clone)
    with pytest.raises(LineageError, match=r"1 files have other content.*\n.*seed-0/student\.pt"):
        restore()
    assert contents(clone) == before
    restore(force=True)
    assert student.read_text() == "content of train/scene/image/seed-0/student.pt, \n"


def test_what_git_keeps_is_checked_before_it_is_believed(clone):
    (FOLDER / "tables/cells.csv").write_text("edited by hand\n")
    with pytest.raises(LineageError, match=r"cells\.csv: not here as recorded.*git restore"):
        restore()
    assert "`overheard restore hand`" in restoring.pulled_without_restore("hand")


def test_other_commits_results_replace_what_was_saved(study):
    """What was saved or restored here and not changed since may be replaced: the cache has it."""
    first = git("rev-parse", "HEAD").strip()
    write_job("train/scene/image/seed-1/student", JOBS["train/scene/image/seed-1/student"], "other")
    save()
    git("commit", "--quiet", "--message", "Other")
    git("checkout", "--quiet", first)
    assert "other results were pulled" in restoring.pulled_without_restore("hand")
    restore()
    assert "other" not in (FOLDER / "train/scene/image/seed-1/student.pt").read_text()
    assert restoring.pulled_without_restore("hand") is None


def test_what_is_not_as_recorded_is_not_saved(study):
    (FOLDER / "train/scene/image/seed-0/student.pt").write_text("edited")
    with pytest.raises(LineageError, match=r"seed-0/student\.pt: not what the record says"):
        save()
    (FOLDER / "train/scene/image/seed-0/student.pt").unlink()
    with pytest.raises(LineageError, match=r"seed-0/student\.pt: recorded, but missing"):
        save()


def flip(path: Path, at: float = 0.1) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def test_verify_finds_a_flipped_bit_and_a_lost_file_in_the_remote(study):
    assert "read back and found whole" in save(verify=True)
    remote = study.parent / "remote"
    places = dvc.addresses("hand", dvc.cache())
    student = places[f"{FOLDER}/saved/train/scene/image.tar"]
    # the first member's content, after its header of 512 bytes
    flip(remote / student[0], 520 / 10240)
    (remote / places[f"{FOLDER}/saved/features/images.tar"][0]).unlink()
    with pytest.raises(LineageError) as caught:
        save(verify=True)
    said = str(caught.value)
    assert "train/scene/image/seed-0/student.pt: sha256" in said
    assert "features/images.tar: missing" in said
    named = [line.strip() for line in said.splitlines() if line.strip().startswith("files/md5")]
    assert set(student) <= set(named)
    for place in named:
        (remote / place).unlink(missing_ok=True)
    assert "found whole" in save(verify=True)


def test_a_remote_that_cannot_be_read_back_is_told(study):
    run(sys.executable, "-m", "dvc", "remote", "modify", "shared", "url", "ssh://nobody@localhost:1/a/folder")
    with pytest.raises(LineageError, match="the remote cannot be read back\n.*DVC"):
        saving.verify_remote("hand")


def test_half_a_remote_is_told(clone, tmp_path):
    (place,) = [
        path
        for path in (tmp_path / "remote").rglob("*")
        if path.is_file() and b"content of features/images" in path.read_bytes()
    ]
    place.rename(tmp_path / "kept")
    with pytest.raises(OverheardError, match=r"saved/features\).*`overheard save hand --verify` where the results are"):
        restore()
    (tmp_path / "kept").rename(place)
    restore()


def test_damage_in_the_remote_never_reaches_the_results(clone, tmp_path):
    (place,) = [
        path
        for path in (tmp_path / "remote").rglob("*")
        if path.is_file() and b"content of train/scene/image/seed-0" in path.read_bytes()
    ]
    flip(place, 520 / 10240)
    with pytest.raises(LineageError, match="pulled, but not what was saved"):
        restore()
    assert not (FOLDER / "train/scene/image/seed-0/student.pt").exists()


def test_what_is_missing_is_said_with_the_next_command(clone, tmp_path):
    (tmp_path / "remote").rename(tmp_path / "away")
    with pytest.raises(OverheardError, match="dvc remote modify --local shared url"):
        restore()
    run(sys.executable, "-m", "dvc", "remote", "remove", "shared")
    (clone / ".dvc" / "config.local").unlink()
    with pytest.raises(OverheardError, match="no default remote.*`dvc remote add -d"):
        restore()
    Path("dvc.lock").unlink()
    with pytest.raises(OverheardError, match="dvc.lock has no stage for hand"):
        restore()
    shutil.rmtree(".dvc")
    with pytest.raises(OverheardError, match="no DVC repository here; `dvc init`"):
        restore()
    (FOLDER / "saved" / "archives.csv").unlink()
    with pytest.raises(LineageError, match="never saved"):
        restore()
    shutil.rmtree(".git")
    with pytest.raises(OverheardError, match="no git repository.*git init"):
        save()
    with pytest.raises(OverheardError, match="no such results; `overheard run never`"):
        saving.save("never")


def test_half_a_lock_file_is_repaired(study):
    whole = Path("dvc.lock").read_bytes()
    save()
    Path("dvc.lock").write_bytes(b"")
    save()
    assert Path("dvc.lock").read_bytes() == whole


def test_dvc_yaml_keeps_what_others_wrote(study):
    text = "# ours\n" + Path("dvc.yaml").read_text() + "artifacts:\n  # a comment\n  model: {path: model.pt}\n"
    text = text.replace("stages:\n", "stages:\n  other:\n    cmd: echo  # theirs\n")
    Path("dvc.yaml").write_text(text)
    assert dvc.declare("hand") is False
    assert Path("dvc.yaml").read_text() == text
    shutil.copytree(FOLDER, "results/second.one")
    assert dvc.declare("second.one") is True
    now = Path("dvc.yaml").read_text()
    assert "# ours" in now
    assert "# theirs" in now
    assert list(yaml.safe_load(now)["stages"]) == ["other", "hand", "second_one"]


def test_a_users_own_media_are_dependencies(study):
    Path("pairs").mkdir()
    Path("config/hand.yaml").write_text("seeds: [0]\nsource: {kind: directory, pairs: pairs, scenes: not/here}\n")
    before = dvc.stage("hand")["deps"]
    assert "pairs" in before
    assert "not/here" not in before


@pytest.mark.parametrize("place", ["../../../elsewhere.txt", "/etc/hostname", "train/../../x.tar"])
def test_an_archive_outside_is_refused_and_nothing_is_deleted(study, place):
    precious = Path("elsewhere.txt")
    precious.write_text("precious")
    path = FOLDER / saved_files.SAVED / "archives.csv"
    path.write_text(path.read_text() + f"{place},1,8,{'0' * 64}\n")
    with pytest.raises(LineageError, match=r"archives.csv: not a table of archives .* is no place under"):
        restore()
    assert precious.read_text() == "precious"


def test_dvc_shows_what_a_change_did(study):
    for name in JOBS["tables/cells"]:
        (FOLDER / name).write_text(TEXTS[name].replace("50.0", "55.5"))
    told = json.loads(run(sys.executable, "-m", "dvc", "metrics", "diff", "--json"))
    (change,) = told["results/hand/tables/metrics.json"].values()
    assert (change["old"], change["new"]) == (50.0, 55.5)
    saving.write_curves(FOLDER)
    drawn = json.loads(run(sys.executable, "-m", "dvc", "plots", "diff", "HEAD", "--json"))["data"]
    (bars,) = drawn["results/hand/saved/f_scores.csv"]
    values = {(row["rev"], row["cell"]): row["f_score"] for row in bars["content"]["data"]["values"]}
    assert values == {("workspace", "table2: scene (image)"): "55.5", ("HEAD", "table2: scene (image)"): "50.0"}


def test_learning_curves_hold_the_best_so_far():
    runs = [
        [{"epoch": "1", "val_f_score": "0.5"}, {"epoch": "2", "val_f_score": "0.25"}],
        [{"epoch": "1", "val_f_score": "0.1"}],
    ]
    assert curves.learning({"image": runs}).to_dict("list") == {"epoch": [1, 2], "image": [30.0, 30.0]}


def killed(call: str, after_s: float) -> int:
    """Run a call of ours in a process group of its own, and kill the group after a while."""
    imports = "from overheard.sharing import save as saving, restore as restoring"
    program = f"{imports}; saving.require_finished = lambda name: None; {call}"
    process = subprocess.Popen(
        [sys.executable, "-c", program], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # DVC's processes too: a killed one still holds its locks until the kernel has let it go
        with suppress(ProcessLookupError):
            for _ in range(500):
                os.killpg(process.pid, 0)
                time.sleep(0.01)
    return process.returncode


def test_a_killed_save_and_a_killed_restore_can_be_repeated(begun, saved_once, tmp_path, monkeypatch):
    draw = random.Random(20)
    folder = shutil.copytree(begun.parent, tmp_path / "there") / "study"
    monkeypatch.chdir(folder)
    for _ in range(3):
        killed("saving.save('hand')", draw.uniform(0.2, 2.5))
    (folder / ".git" / "index.lock").unlink(missing_ok=True)
    save(verify=True)
    assert saved_files.read_index(FOLDER) == saved_files.read_index(saved_once[0] / FOLDER)
    assert Path("dvc.lock").read_bytes() == (saved_once[0] / "dvc.lock").read_bytes()
    git("commit", "--quiet", "--message", "Save")
    git("clone", "--quiet", str(folder), str(tmp_path / "there" / "fresh"))
    monkeypatch.chdir(tmp_path / "there" / "fresh")
    for _ in range(3):
        killed("restoring.restore('hand')", draw.uniform(0.2, 2.0))
    restore()
    assert contents(Path("results")) == contents(folder / "results")
    assert contents(Path(".snakemake")) == contents(folder / ".snakemake")
