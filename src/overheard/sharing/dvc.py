"""Git and DVC, by their command lines: what they are asked, and what to do where they are missing. Touches files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from overheard.errors import LineageError, OverheardError
from overheard.io import whole
from overheard.sharing.saved_files import SAVED, folder_of
from overheard.study.flow import FINAL_STAGES
from overheard.study.yaml_file import read_yaml

STAGES_FILE, LOCK_FILE = Path("dvc.yaml"), Path("dvc.lock")
_DEPENDENCIES = (
    "config/claims",
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
    with _user_settings() as folders:
        done = subprocess.run(
            command,
            cwd=where,
            env=environ | folders,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            errors="replace",
        )
    if done.returncode:
        words = [line for line in ((done.stderr or "") + done.stdout).splitlines() if line.strip()]
        raise OverheardError("\n".join([f"`dvc {' '.join(arguments)}` failed; DVC says:", *words[-8:]]))
    return done.stdout


@contextmanager
def _user_settings() -> Iterator[dict[str, str]]:
    """The variables by which DVC finds, of the settings of user and machine, what `_levels` leaves of them."""
    from configobj import ConfigObj

    with TemporaryDirectory(prefix="overheard-dvc-") as folder:
        places = {"global": Path(folder, "user"), "system": Path(folder, "machine")}
        for level, place in places.items():
            place.mkdir()
            remotes = _levels(None)[level]["remote"]
            content = ConfigObj({f'remote "{name}"': options for name, options in remotes.items()}, encoding="utf-8")
            with (place / "config").open("wb") as stream:
                content.write(stream)
        yield {f"DVC_{level.upper()}_CONFIG_DIR": str(place) for level, place in places.items()}


def _levels(place: Path | None) -> dict[str, dict[str, Any]]:
    """DVC's settings of machine, user and, with its `.dvc`, the repository; each goes before those above it.

    Of machine and user only how remotes are reached, as passwords: a cache elsewhere, another default remote, or git
    switched off there would change what is kept of this project.
    """
    from dvc.config import Config
    from dvc.config import ConfigError as WrongSettings

    try:
        config = Config(str(place) if place else None, validate=False)
        found = {level: config.read(level) for level in config.files}
    except WrongSettings as error:
        raise OverheardError(f"{place or 'the settings of DVC'}: not what DVC reads ({error}); mend them") from error
    return {level: its if level in Config.REPO_LEVELS else {"remote": its["remote"]} for level, its in found.items()}


def git(*arguments: str, given: str | None = None) -> str:
    """Run git and return what it says.

    Raises:
        OverheardError: it fails; its own words follow.
    """
    done = subprocess.run(
        ["git", *arguments], input=given, capture_output=True, encoding="utf-8", errors="surrogateescape"
    )
    if done.returncode:
        words = done.stderr.splitlines()[-8:]
        raise OverheardError("\n".join([f"`git {' '.join(arguments[:2])}` failed; git says:", *words]))
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
        here = Path.cwd()
        # git knows why it does not open a repository that is there, as one of another owner, and what to do
        if any((folder / ".git").exists() for folder in (here, *here.parents)):
            raise
        raise OverheardError(
            f"{here}: no git repository (a source archive has none), and tables and records are kept with git; "
            'clone the project, or `git init && git add --all && git commit --message "Begin"`'
        ) from error


def require_dvc() -> Path:
    """The folder with `.dvc`, this one or one above it.

    Raises:
        OverheardError: there is none.
    """
    here = Path.cwd()
    folders = (here, *here.parents)
    if found := next((folder for folder in folders if (folder / ".dvc" / "config").is_file()), None):
        return found
    option = "" if any((folder / ".git").exists() for folder in folders) else " --no-scm"
    raise OverheardError(f"{here}: no DVC repository here; `dvc init{option}`, then set where it saves: {_REMOTE}")


def require_remote(reading: bool = False) -> None:
    """Refuse where DVC knows of no place to save to, or, `reading`, where that is a missing folder.

    Raises:
        OverheardError: says how to add one, or to say where it is.
    """
    settings = _settings()
    name = settings["core"].get("remote")
    if not name:
        raise OverheardError(f"DVC has no default remote, no place to save to; {_REMOTE}")
    url = settings["remote"].get(name, {}).get("url", "://")
    if reading and "://" not in url and not Path(url).is_dir():
        raise OverheardError(
            f"DVC's remote {name} is {url}, and no such folder is here; mount it, or say where it is: "
            f"`dvc remote modify --local {name} url /the/folder`"
        )


def _settings() -> Mapping[str, Mapping[str, Any]]:
    """DVC's settings, of the repository, and of user and machine those that count; paths in them are absolute."""
    from dvc.config import Config, merge
    from dvc.config import ConfigError as WrongSettings

    place, settings = require_dvc() / ".dvc", dict[str, Any]()
    for its in _levels(place).values():
        merge(settings, its)
    try:
        return Config.validate(settings)
    except WrongSettings as error:
        raise OverheardError(f"{place}/config: not what DVC reads ({error})") from error


def stage_name(name: str) -> str:
    """An experiment's stage in `dvc.yaml`: its name, but for dots, which DVC does not allow there."""
    return name.replace(".", "_")


def stage(name: str) -> dict[str, Any]:
    """An experiment's stage: Snakemake decides what runs, DVC keeps what came out and deletes nothing before."""
    folder = folder_of(name)
    kept = sorted(path for path in (folder / SAVED).iterdir() if path.is_dir() and not path.name.startswith("."))
    outs = [{path.as_posix(): {"persist": True}} for path in kept]
    final = (folder / stage for stage in sorted(FINAL_STAGES))
    outs += [{path.as_posix(): {"cache": False, "persist": True}} for path in final if path.is_dir()]
    return {
        "cmd": [f"overheard run {name}", f"overheard save {name} --pack"],
        "deps": [*(path for path in _DEPENDENCIES if Path(path).exists()), *_given(name)],
        "params": [{f"config/{name}.yaml": None}],
        "outs": outs,
    }


def _given(name: str) -> list[str]:
    """The folders and files of the user's own that an experiment reads."""
    path = Path("config") / f"{name}.yaml"
    content = read_yaml(path) if path.is_file() else {}
    image = (content.get("networks") or {}).get("image") or {}
    places = [(content.get("source") or {}).get(key) for key in ("pairs", "scenes", "sounds", "tagger")]
    places.append(image.get("weights"))
    # the twin's are numbers of clips
    return [place for place in places if isinstance(place, str) and Path(place).exists()]


def plots(name: str) -> dict[str, dict[str, Any]]:
    """What `dvc plots` draws of an experiment: by path, the path with its options."""
    folder = folder_of(name) / SAVED
    modalities = (folder / "curves.csv").read_text(encoding="utf-8").splitlines()[0].split(",")[1:]
    bars = {"template": "bar_horizontal", "x": "f_score", "y": "cell"}
    bars |= {"title": f"{name}: test F-score, mean over seeds (%)"}
    lines = {"x": "epoch", "y": modalities, "y_label": "F-score (%)"}
    lines |= {"title": f"{name}: best validation F-score so far, mean over runs (%)"}
    drawn = {f"{folder}/f_scores.csv": bars, f"{folder}/curves.csv": lines}
    return {path: {path: options} for path, options in drawn.items()}


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
        raise LineageError(f"{STAGES_FILE}: not YAML ({error}); fix it, or `git restore {STAGES_FILE}`") from error
    stages = content.setdefault("stages", {})
    key, wanted = stage_name(name), stage(name)
    if key in stages and stages[key].get("cmd") != wanted["cmd"]:
        raise LineageError(f"{STAGES_FILE}: stage {key} has another command than {wanted['cmd']}; rename or remove it")
    if changed := (stages.get(key) != wanted):
        stages[key] = wanted
    metrics = (folder_of(name) / "tables" / "metrics.json").as_posix()
    for section, entries in (("metrics", {metrics: metrics}), ("plots", plots(name))):
        there = content.setdefault(section, [])
        # an entry is a path, or a path with options
        paths = {path for entry in there for path in ([entry] if isinstance(entry, str) else entry)}
        missing = [entry for path, entry in entries.items() if path not in paths]
        there += missing
        changed |= bool(missing)
    if changed:
        with whole.writing(STAGES_FILE) as part, part.open("w", encoding="utf-8") as stream:
            yaml.dump(content, stream)
    return changed


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


def repair_lock() -> None:
    """Put back, as git's index has it, a `dvc.lock` that a killed save has left half of: DVC rewrites it in place.

    Raises:
        LineageError: it is not whole, and git does not have it.
    """
    try:
        read_lock()
    except LineageError:
        if git("ls-files", "--", str(LOCK_FILE)):
            git("restore", "--", str(LOCK_FILE))
        elif not LOCK_FILE.read_bytes().strip():
            LOCK_FILE.unlink()
        read_lock()


def second_repository(folder: Path) -> Path:
    """A DVC repository in an empty folder with the same remotes and stages; returns its own cache.

    So whatever it pulls really comes from the remote.
    """
    from dvc.config import Config

    place = folder / ".dvc"
    place.mkdir()
    with Config.init(str(place)).edit() as settings:
        settings.update(_settings())
        settings["core"] |= {"no_scm": "true", "site_cache_dir": str(place / "site")}
        # the other cache is the one that is to be tested
        settings["cache"] = {"dir": str(place / "cache")}
    for path in (STAGES_FILE, LOCK_FILE):
        (folder / path).write_bytes(path.read_bytes())
    return place / "cache"


def cache() -> Path:
    """DVC's cache."""
    return Path(_settings()["cache"].get("dir") or require_dvc() / ".dvc" / "cache")


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
