"""`overheard clean`: what an experiment takes on disk, and its removal."""

import shutil
from pathlib import Path

from overheard.errors import ConfigError
from overheard.jobs import store
from overheard.scheduling.lock import only_run
from overheard.study.experiment import NAME


def clean_experiment(name: str, yes: bool) -> str:
    """Say what deleting an experiment's results and logs frees; delete them with `yes`. Its configuration stays.

    Raises:
        ConfigError: there is nothing of that name.
        OverheardError: a run works on it.
    """
    folders = [Path("results") / name, Path("logs") / name] if NAME.fullmatch(name) else []
    folders = [folder for folder in folders if folder.is_dir()]
    if not folders:
        known = sorted(path.name for path in Path("results").glob("*") if path.is_dir())
        raise ConfigError(f"results/{name}: no such results; there are: {', '.join(known) or 'none'}")
    lines = []
    for folder in folders:
        stages = sorted(path for path in folder.iterdir() if path.is_dir())
        lines += [f"{_bytes(stage) / 1e6:9.1f} MB  {stage}/" for stage in stages]
    total = sum(_bytes(folder) for folder in folders)
    if not yes:
        hint = f"{total / 1e6:9.1f} MB  in all; `overheard clean {name} --yes` deletes it (config/{name}.yaml stays)."
        for shared, what in ((Path("checkpoints"), "checkpoints"), (store.folder(), "finished work")):
            if shared is not None and shared.is_dir():
                hint += f"\nBesides, {_bytes(shared) / 1e6:.1f} MB of {what} of all experiments lie in {shared}/; "
                hint += "deleting them costs time only."
        return "\n".join([*lines, hint])
    with only_run(name):
        for folder in folders:
            shutil.rmtree(folder)
    return f"{total / 1e6:.1f} MB freed"


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
