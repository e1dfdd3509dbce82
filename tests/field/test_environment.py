"""A user's environment: what must not steer a result does not, and what cannot work says so in one line."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from overheard.command import environment
from overheard.command.display import Display
from overheard.command.sockets import sockets_folder
from overheard.errors import ConfigError, MediaError, OverheardError
from overheard.io import progress
from overheard.scheduling.lock import only_run
from overheard.scheduling.profiles import profile_path
from overheard.sharing import dvc

MINI = {"seeds": [0], "source": {"kind": "twin", "scale": 0.01, "clips": 1, "scenes": 2, "sounds": 40}}


def overheard(*arguments: str, where: Path, **environ: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "overheard", *arguments]
    return subprocess.run(command, cwd=where, env=os.environ | environ, capture_output=True, text=True, check=False)


def project(folder: Path) -> Path:
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "mini.yaml").write_text(yaml.safe_dump(MINI), encoding="utf-8")
    return folder


def test_a_hostile_environment_changes_nothing_of_a_plan(tmp_path):
    """Profiles that switch content off, modules that shadow the library, no home, no short TMPDIR, a hook's git."""
    calm, wild = project(tmp_path / "calm"), project(tmp_path / "wild")
    home, long = tmp_path / "home", tmp_path / ("x" * 120)
    for place in (home / ".config" / "snakemake" / "mine", wild / "profiles" / "default", wild / "mine"):
        place.mkdir(parents=True)
        (place / "config.yaml").write_text("rerun-triggers: mtime\nuntil: draw\nforceall: true\n", encoding="utf-8")
    long.mkdir()
    for name in ("select", "queue", "yaml", "tokenize", "numpy", "snakemake"):
        (wild / f"{name}.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    (wild / "matplotlibrc").write_text("backend: nonsense\nfigure.dpi: 7\n", encoding="utf-8")
    given = {
        **{"SNAKEMAKE_PROFILE": "mine", "SNAKEMAKE_WORKFLOW_PROFILE": "mine", "SNAKEMAKE_OUTPUT_CACHE": "/none"},
        **{"GIT_DIR": "/none", "GIT_WORK_TREE": "/none", "GIT_INDEX_FILE": "/none", "DVC_ROOT": "/none"},
        **{"TMPDIR": str(long), "HOME": "/proc/none", "XDG_CONFIG_HOME": str(home / ".config"), "MPLBACKEND": "none"},
        **{"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "ascii", "PYTHONHASHSEED": "3"},
        **{"LC_ALL": "C", "OMP_NUM_THREADS": "3,1", "CUDA_VISIBLE_DEVICES": ""},
    }
    first = overheard("run", "mini", "--dry-run", where=calm)
    second = overheard("run", "mini", "--dry-run", where=wild, **given)
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    assert [line for line in first.stdout.splitlines() if line.startswith("To do: ")]
    assert second.stdout == first.stdout.replace("±", "?")


@pytest.mark.parametrize("name", ["SNAKEMAKE_PROFILE", "SNAKEMAKE_NEW", "DVC_ROOT", "GIT_DIR", "PYTHONOPTIMIZE"])
def test_what_steers_is_taken_away_and_kept_in_mind(monkeypatch, name):
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(environment, "taken", {})
    monkeypatch.setenv(name, "x")
    environment.settle()
    assert name not in os.environ
    assert environment.taken == {name: "x"} | {key: text for key, text in environment.taken.items() if key != name}
    assert (name in environment.of_plugins()) is (name == "SNAKEMAKE_NEW")


def test_every_variable_by_which_git_names_another_repository_is_taken_away():
    listed = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True)
    names = set(listed.stdout.split()) - {"GIT_INTERNAL_SUPER_PREFIX", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}
    assert [name for name in sorted(names) if not environment.steers(name)] == []


def test_another_checkouts_code_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "src" / "overheard").mkdir(parents=True)
    (tmp_path / "src" / "overheard" / "__main__.py").write_text("", encoding="utf-8")
    for words in (["run", "twin"], ["normaliser", "--front-end", "paper"]):
        done = overheard(*words, where=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {tmp_path}: this checkout has its own src/overheard, but ")
        assert "make setup" in done.stderr
        assert done.stderr.count("\n") == 1
    reading = overheard("store", where=tmp_path)
    assert reading.returncode == 0
    assert reading.stderr.startswith("warning: ")


@pytest.mark.parametrize("missing", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_without_locks_a_run_goes_on_and_says_so(tmp_path, monkeypatch, capsys, missing):
    def flock(stream, how):
        raise OSError(missing, os.strerror(missing))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fcntl, "flock", flock)
    with only_run("mini"):
        assert (tmp_path / "results" / "mini" / ".lock").read_text() == str(os.getpid())
    said = capsys.readouterr().err
    assert said.startswith("results/mini: no lock here")
    assert said.count("\n") == 1


@pytest.mark.parametrize("level", ["results", "results/mini"])
def test_results_that_are_a_link_to_nothing_are_refused_by_name(tmp_path, monkeypatch, level):
    monkeypatch.chdir(tmp_path)
    Path(level).parent.mkdir(exist_ok=True)
    Path(level).symlink_to("/gone")
    said = f"{level}: a link to /gone, which is no folder; make that folder, or remove"
    with pytest.raises(MediaError, match=said), only_run("mini"):
        pass


def test_sockets_have_a_short_path_whatever_tmpdir_is(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with sockets_folder() as folder:
        assert len(str(folder)) < 60
        assert folder.stat().st_mode & 0o777 == 0o700
        Display({"": str(folder / "progress")}, 1).close()
    assert not folder.exists()


def test_where_no_folder_takes_a_socket_one_line_says_what_to_set(monkeypatch):
    monkeypatch.setattr("overheard.command.sockets._takes_sockets", lambda place: False)
    with pytest.raises(OverheardError, match="set TMPDIR to a local folder"), sockets_folder():
        pass


@pytest.mark.parametrize("sign", ["x", "é", "机", "😀"])
def test_a_message_of_any_length_arrives_and_keeps_its_end(monkeypatch, capsys, sign):
    with sockets_folder() as folder:
        display = Display({"": str(folder / "progress")}, 1)
        monkeypatch.setenv(progress.SOCKET, str(folder / "progress"))
        with progress.job("media", {"collection": "pairs"}, None, "overheard media"):
            progress.note(f"warning: {sign * 300_000} the end")
            progress.failed("short")
        (listening,) = display.sockets
        listening.setblocking(True)
        display.listen(0.1)
        display.close()
    said = capsys.readouterr().err
    assert "signs left out here" in said
    assert "the end" in said
    assert display.fixable == {"": ["short"]}


def test_a_display_passes_over_what_is_no_message(tmp_path):
    with sockets_folder() as folder:
        display = Display({"": str(folder / "progress")}, 1)
        for content in (b'{"job": "half', b"[]", b'{"event": "finished"}', b"\xff"):
            next(iter(display.sockets)).sendto(content, str(folder / "progress"))
        display.listen(0.1)
        display.close()
    assert display.done.total() == 0


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("executor: local\njobs: 3\nlatency-wait: 5\ndefault-resources:\n  mem_mb: 100\nslurm-account: me\n", None),
        *[(f"{key}\n", key.partition(":")[0]) for key in ("rerun-triggers: mtime", "dry-run: true", "touch: true")],
        *[(f"{key}\n", key.partition(":")[0]) for key in ("configfile: a", "forceall: true", "config: [seeds=1]")],
        *[(f"jobs: 2\n{key}\n", key.partition(":")[0]) for key in ("directory: x", "until: draw", "cache: x")],
    ],
)
def test_a_profile_of_ones_own_says_how_jobs_run_and_nothing_else(tmp_path, text, refused):
    (tmp_path / "profile.yaml").write_text(text, encoding="utf-8")
    if refused is None:
        assert profile_path(str(tmp_path)) == str(tmp_path / "profile.yaml")
        return
    with pytest.raises(ConfigError, match=f"profile.yaml: {refused}: a profile may say how and where jobs run"):
        profile_path(str(tmp_path))


def test_a_profile_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no folder with profile.yaml"):
        profile_path(str(tmp_path / "gone"))


def test_of_a_users_dvc_settings_only_the_ways_to_remotes_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n no_scm = true\n['remote \"ours\"']\n url = ssh://h/x\n")
    user = tmp_path / "user"
    user.mkdir()
    text = f"[core]\n remote = elsewhere\n autostage = true\n[cache]\n dir = {tmp_path}/else\n"
    (user / "config").write_text(
        f"{text}['remote \"ours\"']\n password = secret\n['remote \"elsewhere\"']\n url = /e\n"
    )
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(user))
    with pytest.raises(OverheardError, match="no default remote"):
        dvc.require_remote()
    assert dvc.cache() == tmp_path / ".dvc" / "cache"
    listed = json.loads(json.dumps(dvc.dvc("config", "--list").splitlines()))
    assert "remote.ours.password=secret" in listed
    assert not [line for line in listed if line.startswith(("core.remote", "core.autostage", "cache."))]
