"""What a study may read that no job made: its media, the tagger, printed numbers. Touches files: its configuration."""

from collections.abc import Mapping
from pathlib import Path

from overheard.errors import OverheardError
from overheard.jobs.records import Record
from overheard.study import config
from overheard.study.experiments import project_root

_GIVEN = {("media", "folder"), ("pretrain", "given"), ("tables", "published")}
"""Stage and flag; `features` reads the folder that `media` made its manifest of."""


def given(name: str, records: Mapping[str, Record]) -> dict[str, str]:
    """The sha256, by path as records have it, of what an experiment may read without a job that made it.

    Where `config/NAME.yaml` is here, only what it names; else whatever the jobs read that take a user's own data.

    Args:
        name: the experiment.
        records: its records by recorded path.
    """
    named = _named(name)
    found: dict[str, str] = {}
    for record in records.values():
        for flag, entries in record["reads"].items():
            if (record["stage"], flag) in _GIVEN:
                for entry in entries:
                    if entry.get("record") is None and _is_named(entry["path"], named):
                        found.setdefault(entry["path"], entry["sha256"])
    return found


def _named(name: str) -> tuple[set[str], str] | None:
    """The source's own folders and files, and the printed numbers; None where there is no configuration to ask."""
    path = Path("config") / f"{name}.yaml"
    if not path.is_file():
        return None
    try:
        experiment = config.load_experiment(path)
        published = config.load_study(project_root(), experiment).published
    except (OverheardError, OSError):
        return None
    source, places = experiment.source, []
    if isinstance(source, config.Directory):
        places = [source.pairs, source.scenes, source.sounds, source.tagger]
    return {Path(place).as_posix() for place in places if place}, Path(published).as_posix()


def _is_named(path: str, named: tuple[set[str], str] | None) -> bool:
    # an installed package's printed numbers have a path of that machine
    return named is None or path in named[0] or path == named[1] or path.endswith(f"/{named[1]}")
