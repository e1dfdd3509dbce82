"""What a user's environment may say to our commands and to the programs that they start: none of it steers a result.

Snakemake, DVC, git, Python and matplotlib read variables, and a folder's own modules and settings. What could change
what is made, or which repository is meant, is taken away here, once, before anything starts.
"""

import os
import sys
from pathlib import Path

_GIT = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"),
    *("GIT_NAMESPACE", "GIT_CONFIG", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NO_REPLACE_OBJECTS", "GIT_LITERAL_PATHSPECS"),
    *("GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_EXTERNAL_DIFF"),
)
"""By them a hook, or a user, names another repository than that of the folder a command runs in, or another index."""

_OF_DVC = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR")
"""Where DVC finds how a remote is reached, and where it locks: these say nothing of what is made."""

_PYTHON = ("PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONIOENCODING")

_SET = {
    # the last digits of a product of matrices depend on the number of threads; Snakemake passes on that of cores
    "OPENBLAS_NUM_THREADS": "1",
    # no module of the working folder stands for one of the library
    "PYTHONSAFEPATH": "1",
    # figures are drawn without a window, and an unknown word here would end every import
    "MPLBACKEND": "agg",
}

taken: dict[str, str] = {}
"""What was taken from the environment of this process, for `overheard doctor` and a cluster's plug-ins."""


def steers(name: str) -> bool:
    """Whether a variable could change what is made, or where."""
    of_dvc = name.startswith("DVC_") and name not in _OF_DVC
    return name.startswith("SNAKEMAKE_") or of_dvc or name in _GIT or name in _PYTHON


def settle() -> None:
    """Put the environment of this process, and so of all that it starts, in order."""
    taken.update({name: value for name, value in os.environ.items() if steers(name)})
    for name in taken:
        os.environ.pop(name, None)
    os.environ.update(_SET)
    # `python -m overheard` begins with the modules of the working folder
    if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):
        del sys.path[0]


def of_plugins() -> dict[str, str]:
    """What was taken away and belongs to plug-ins of Snakemake's, as a storage's password: for a user's own profile."""
    steering = ("SNAKEMAKE_PROFILE", "SNAKEMAKE_OUTPUT_CACHE", "SNAKEMAKE_CONDA_PREFIX")
    return {name: text for name, text in taken.items() if name.startswith("SNAKEMAKE_") and name not in steering}


def find_a_cache() -> None:
    """Let Snakemake and matplotlib keep their caches in the working folder where the home folder takes none."""
    try:
        place = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
        if not place.is_absolute():
            raise RuntimeError("no home folder")
        (place / "snakemake").mkdir(parents=True, exist_ok=True)
        if os.access(place / "snakemake", os.W_OK):
            return
    except (OSError, RuntimeError):
        pass
    cache = Path.cwd() / ".snakemake" / "cache"
    os.environ["XDG_CACHE_HOME"] = str(cache)
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))


def other_code(folder: Path) -> str | None:
    """Say what to do where a folder is a checkout whose own code is not what runs; None where all is well."""
    own = folder / "src" / "overheard"
    runs = Path(__file__).resolve().parents[1]
    if not (own / "__main__.py").is_file() or own.resolve() == runs:
        return None
    return (
        f"{folder}: this checkout has its own src/overheard, but {runs} is what runs ({sys.executable}): edits here "
        "would do nothing, and records would name the other commit. `make setup && source .venv/bin/activate` here "
        "(or `export PYTHONPATH=$PWD/src`), or change to the other folder"
    )
