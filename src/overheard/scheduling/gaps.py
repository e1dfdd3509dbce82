"""Files that a record describes and that are gone. Touches files: looks whether they are there."""

from collections.abc import Iterable
from pathlib import Path

from overheard.errors import LineageError
from overheard.jobs import records


def gaps(targets: Iterable[str]) -> list[str]:
    """Lost files of the jobs that lie behind some files of `results/NAME`, found by walking their records.

    Snakemake looks at records between jobs, so it has to be asked for a file that was lost behind a standing record.
    """
    waiting, seen, lost = [Path(path) for path in targets if path.endswith(records.SUFFIX)], set(), []
    while waiting:
        path = waiting.pop()
        if path in seen or not path.exists():
            continue
        seen.add(path)
        try:
            record = records.read_record(path)
        except LineageError:
            # a damaged record is refused by whoever reads it, with the next command
            continue
        lost += [entry["path"] for entry in records.entries(record["writes"]) if not Path(entry["path"]).exists()]
        waiting += [Path(entry["record"]) for entry in records.entries(record["reads"]) if entry["record"]]
    return sorted(set(lost))
