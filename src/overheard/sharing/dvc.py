"""Git and DVC, by their command lines: what they are asked, and what to do where they are missing. Touches files."""

import configparser
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from overheard.errors import LineageError, OverheardError
from overheard.io import whole
from overheard.sharing.saved_files import SAVED, folder_of
from overheard.study.config import read_yaml

STAGES_FILE, LOCK_FILE = Path("dvc.yaml"), Path("dvc.lock")
_LOCK_COPY = Path(".dvc/tmp/overheard.dvc.lock")
_DEPENDENCIES = (
    "config/protocols",
    "config/published",
    "config/studies",
    "requirements.lock",
    "src/overheard",
    "workflow",
)
_REMOTE = "`dvc remote add -d NAME /a/folder` or `dvc remote add -d NAME ssh://user@host/folder`"


def dvc(*arguments: str, where: Path = Path("."), shown: bool = False) -> str:
    """Run DVC and return what it says; `shown` lets its progress through to a terminal.

    Raises:
        OverheardError: it fails; its own words follow.
    """
    command = [sys.executable, "-m", "dvc", *arguments]
    environ = os.environ | {"DVC_NO_ANALYTICS": "1"}
    stderr = None if shown and sys.stderr.isatty() else subprocess.PIPE
    done = subprocess.run(
        command, cwd=where, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
    )
    if done.returncode:
        words = [line for line in ((done.stderr or "") + done.stdout).splitlines() if line.strip()]
        raise OverheardError("\n".join([f"`dvc {' '.join(arguments)}` failed; DVC says:", *words[-8:]]))
    return done.stdout


def git(*arguments: str, given: str | None = None) -> str:
    """Run git and return what it says.

    Raises:
        OverheardError: it fails; its own words follow.
    """
    done = subprocess.run(["git", *arguments], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OverheardError(
            "\n".join([f"`git {' '.join(arguments[:2])}` failed; git says:", *done.stderr.splitlines()[-8:]])
        )
    return done.stdout


def require_git() -> None:
    """Refuse where git does not keep this folder, as in a source archive.

    Raises:
        OverheardError: says how to begin.
    """
    try:
        git("rev-parse", "--show-toplevel")
    except FileNotFoundError as error:
        raise OverheardError("no program `git` here; install it, tables and records are kept with it") from error
    except OverheardError as error:
        raise OverheardError(
            f"{Path.cwd()}: no git repository (a source archive has none), and tables and records are kept with git; "
            'clone the project, or `git init && git add --all && git commit --message "Begin"`'
        ) from error


def require_dvc() -> Path:
    """The folder with `.dvc`, this one or one above it.

    Raises:
        OverheardError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".dvc" / "config").is_file():
            return folder
    option = "" if any((folder / ".git").exists() for folder in (here, *here.parents)) else " --no-scm"
    raise OverheardError(f"{here}: no DVC repository here; `dvc init{option}`, then tell it where to save: {_REMOTE}")


def require_remote(reading: bool = False) -> None:
    """Refuse where DVC knows of no place to save to, or, `reading`, where that is a folder which is not there.

    Raises:
        OverheardError: says how to add one, or to say where it is.
    """
    # the repository's own settings are read here, the user's and the machine's asked of DVC, which takes its time
    name = _settings().get("core", {}).get("remote") or dvc("config", "core.remote").strip()
    if not name:
        raise OverheardError(f"DVC has no default remote, no place to save to; {_REMOTE}")
    url = _settings().get(f'remote "{name}"', {}).get("url", "://")
    if reading and "://" not in url and not Path(url).is_dir():
        raise OverheardError(
            f"DVC's remote {name} is {url}, and no such folder is here; mount it, or say where it is: "
            f"`dvc remote modify --local {name} url /the/folder`"
        )


def stage_name(name: str) -> str:
    """An experiment's stage in `dvc.yaml`: its name, but for dots, which DVC does not allow there."""
    return name.replace(".", "_")


def stage(name: str) -> dict[str, Any]:
    """An experiment's stage: Snakemake decides what runs, DVC keeps what came out and deletes nothing before."""
    folder = folder_of(name)
    kept = sorted(path.name for path in (folder / SAVED).iterdir() if path.is_dir() and not path.name.startswith("."))
    outs = [{(folder / SAVED / stage).as_posix(): {"persist": True}} for stage in kept]
    outs += [{(folder / stage).as_posix(): {"cache": False, "persist": True}} for stage in ("figures", "tables")]
    return {
        "cmd": [f"overheard run {name}", f"overheard save {name} --pack"],
        "deps": [*(path for path in _DEPENDENCIES if Path(path).exists()), *_given(name)],
        "params": [{f"config/{name}.yaml": None}],
        "outs": outs,
    }


def _given(name: str) -> list[str]:
    """The folders and files of the user's own that an experiment reads."""
    path = Path("config") / f"{name}.yaml"
    source = read_yaml(path).get("source") if path.is_file() else None
    places = ((source or {}).get(key) for key in ("pairs", "scenes", "sounds", "tagger"))
    # the twin's are numbers of clips
    return [place for place in places if isinstance(place, str) and Path(place).exists()]


def plots(name: str) -> list[dict[str, Any]]:
    """What `dvc plots` draws of an experiment."""
    folder = folder_of(name) / SAVED
    modalities = (folder / "curves.csv").read_text(encoding="utf-8").splitlines()[0].split(",")[1:]
    bars = {"template": "bar_horizontal", "x": "f_score", "y": "cell"}
    bars |= {"title": f"{name}: test F-score, mean over seeds (%)"}
    lines = {"x": "epoch", "y": modalities, "y_label": "F-score (%)"}
    lines |= {"title": f"{name}: best validation F-score so far, mean over runs (%)"}
    return [{f"{folder.as_posix()}/f_scores.csv": bars}, {f"{folder.as_posix()}/curves.csv": lines}]


def declare(name: str) -> bool:
    """Bring an experiment's stage, metrics and plots into `dvc.yaml`; whether that changed it.

    Raises:
        LineageError: `dvc.yaml` is not what DVC reads, or another experiment has the stage's name.
    """
    from ruamel.yaml import YAML, YAMLError

    yaml = YAML()
    yaml.width = 120
    try:
        content = (yaml.load(STAGES_FILE) if STAGES_FILE.exists() else None) or {}
    except YAMLError as error:
        raise LineageError(f"{STAGES_FILE}: not YAML ({error}); mend it, or `git restore {STAGES_FILE}`") from error
    stages = content.setdefault("stages", {})
    key, wanted = stage_name(name), stage(name)
    if key in stages and stages[key].get("cmd") != wanted["cmd"]:
        raise LineageError(f"{STAGES_FILE}: stage {key} has another command than {wanted['cmd']}; rename or remove it")
    before = _plain(content)
    if _plain(stages.get(key)) != wanted:
        stages[key] = wanted
    metrics = (folder_of(name) / "tables" / "metrics.json").as_posix()
    for section, entries in (("metrics", [metrics]), ("plots", plots(name))):
        there = content.setdefault(section, [])
        keys = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in there]
        there += [entry for entry in entries if (next(iter(entry)) if isinstance(entry, dict) else entry) not in keys]
    if _plain(content) == before:
        return False
    with whole.writing(STAGES_FILE) as part, part.open("w", encoding="utf-8") as stream:
        yaml.dump(content, stream)
    return True


def _plain(content: Any) -> Any:
    """Round-trip YAML as plain lists and dicts, to be compared."""
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_plain(value) for value in content]
    return content


def read_lock() -> dict[str, Any]:
    """Read `dvc.lock`; nothing where there is none.

    Raises:
        LineageError: it is not what DVC writes.
    """
    import yaml

    if not LOCK_FILE.exists():
        return {}
    try:
        content = yaml.safe_load(LOCK_FILE.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("stages"), dict):
        raise LineageError(f"{LOCK_FILE}: not whole; `git restore {LOCK_FILE}`")
    return content


def keep_lock() -> None:
    """Copy `dvc.lock` before DVC rewrites it in place: a kill in that moment leaves half of it."""
    if read_lock():
        whole.write_bytes(require_dvc() / _LOCK_COPY, LOCK_FILE.read_bytes())


def mend_lock() -> None:
    """Put the copy back where a killed save has left half a `dvc.lock`.

    Raises:
        LineageError: it is not whole, and there is no copy.
    """
    try:
        read_lock()
    except LineageError:
        copy = require_dvc() / _LOCK_COPY
        if copy.is_file():
            LOCK_FILE.write_bytes(copy.read_bytes())
        elif not LOCK_FILE.read_bytes().strip():
            LOCK_FILE.unlink()
        read_lock()


def second_repository(folder: Path) -> None:
    """A DVC repository in an empty folder that knows the same remote and stages, with a cache of its own.

    So whatever it pulls really comes from the remote.
    """
    (folder / ".dvc").mkdir()
    # a cache elsewhere would be the one that is to be tested
    settings = {section: keys for section, keys in _settings().items() if section != "cache"}
    settings.setdefault("core", {}).update(no_scm="true", site_cache_dir=str(folder / ".dvc" / "site"))
    merged = configparser.RawConfigParser()
    merged.read_dict({f"'{section}'" if '"' in section else section: keys for section, keys in settings.items()})
    with (folder / ".dvc" / "config").open("w", encoding="utf-8") as stream:
        merged.write(stream)
    for path in (STAGES_FILE, LOCK_FILE):
        (folder / path).write_bytes(path.read_bytes())


def _settings() -> dict[str, dict[str, str]]:
    """DVC's settings of this repository, by section; paths in them are absolute."""
    root, found = require_dvc(), {}
    for path in (root / ".dvc" / "config", root / ".dvc" / "config.local"):
        here = configparser.RawConfigParser()
        here.read(path, encoding="utf-8")
        for section in here.sections():
            values = {key: _placed(key, value, path) for key, value in here.items(section)}
            found.setdefault(section.strip("'"), {}).update(values)
    return found


def _placed(key: str, value: str, config: Path) -> str:
    """A setting of a remote; a path, which is relative to the file it stands in, is made absolute."""
    if (
        key not in ("dir", "url", "keyfile", "credentialpath", "cert_path", "key_path")
        or "://" in value
        or value.startswith("~")
    ):
        return value
    return str((config.parent / value).resolve())


def cache(repository: Path | None = None) -> Path:
    """DVC's cache, of this repository or of one that `second_repository` made."""
    if repository is not None:
        return repository / ".dvc" / "cache"
    given = _settings().get("cache", {}).get("dir")
    return Path(given) if given else require_dvc() / ".dvc" / "cache"


def addresses(name: str, kept: Path) -> dict[str, list[str]]:
    """Where DVC keeps each archive, in a cache and in a remote alike: its file, and the list of its folder.

    Args:
        name: the experiment.
        kept: a cache that has the folders' lists.

    Returns:
        `files/md5/ab/cdef…` by path; where the folder's list is not in the cache, the list alone by the folder's path.
    """
    found = {}
    for out in read_lock().get("stages", {}).get(stage_name(name), {}).get("outs", []):
        if f"/{SAVED}/" not in out["path"]:
            continue
        listing = _address(out["md5"])
        if not (kept / listing).is_file():
            found[out["path"]] = [listing]
            continue
        for entry in json.loads((kept / listing).read_text(encoding="utf-8")):
            found[f"{out['path']}/{entry['relpath']}"] = [_address(entry["md5"]), listing]
    return found


def _address(md5: str) -> str:
    return f"files/md5/{md5[:2]}/{md5[2:]}"
