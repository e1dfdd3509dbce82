"""When and where a job ran, as it was written beside the job's record, or nothing. Touches files: reads one."""

import json
from pathlib import Path
from typing import Any

from overheard.errors import LineageError
from overheard.jobs.circumstance import is_whole
from overheard.jobs.records import Record, circumstance_path, located


def circumstance_of(folder: Path, job: str, record: Record) -> dict[str, Any]:
    """The circumstance of a job.

    Args:
        folder: `results/NAME`, or `reference/NAME`.
        job: the recorded path of the job's record.
        record: that record.

    Raises:
        LineageError: it is missing, was changed, or belongs to another record.
    """
    place = circumstance_path(located(job, folder))
    try:
        text = place.read_bytes().decode()
        found = json.loads(text)
        # a changed case in a \u escape or an exponent reads as the same content
        texts = [json.dumps(found, indent=1, sort_keys=True, ensure_ascii=only) + "\n" for only in (True, False)]
        if not isinstance(found, dict) or text not in texts or not is_whole(found):
            raise ValueError("other content than its digest's")
    except FileNotFoundError as error:
        raise LineageError(f"{place}: no such file") from error
    except (OSError, ValueError, RecursionError) as error:  # a folder; no UTF-8, no JSON, no end of brackets
        raise LineageError(
            f"{place}: not what was written beside {Path(job).name}; "
            "delete it (when and where the job ran is lost then)"
        ) from error
    if found.get("of") != record["digest"]:
        raise LineageError(f"{place}: the circumstance of another record; delete it")
    return found
