"""Did every job that learns or tests read the study's own index and split? Pure: from records to a report's lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from overheard.jobs.records import Record
from overheard.media import leak_lines
from overheard.media.leak_lines import Line
from overheard.study.layout import record_of

WAY = "other_split"
_SPLIT = {"splits": "media/splits.csv"}
_BOTH = {"index": "media/index.csv"} | _SPLIT
_READ = {"normaliser": _SPLIT} | dict.fromkeys(("prior", "relevance", "train", "evaluate"), _BOTH)
_PARTS = {"image": "scenes", "sound": "sounds"}
_SHOWN = 5
FILES = ("media/index.csv", "media/splits.csv", "media/scenes/index.csv", "media/sounds/index.csv")
"""What is asked about, by path in the experiment's folder."""


def lines(name: str, records: Mapping[str, Record], today: Mapping[str, str], split: Mapping[str, str]) -> list[Line]:
    """The lines of the way `other_split`.

    Args:
        name: the experiment.
        records: its records by recorded path.
        today: sha256 of those of FILES that are there.
        split: of each clip, by id.
    """
    asked = [job for job, record in records.items() if record["stage"] in (*_READ, "pretrain")]
    if not asked:
        return leak_lines.not_examined(WAY, "no record of a job that learns is here")
    wrong = [f"{job} {fault}" for job in asked for fault in _faults(name, records[job], today)]
    found, remark = (None, _some(wrong)) if wrong else (0, f"{len(asked)} jobs")
    words = list(split.values())
    return [Line(WAY, held, found, words.count(held), remark=remark) for held in leak_lines.UNSEEN_BY]


def _some(wrong: list[str]) -> str:
    more = len(wrong) - _SHOWN
    return "; ".join(wrong[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _faults(name: str, record: Record, today: Mapping[str, str]) -> Iterator[str]:
    for flag, expected in _expected(record).items():
        path = f"results/{name}/{expected}"
        found = record["reads"].get(flag, [])
        if len(found) != 1:
            yield f"read {len(found)} files as {flag}, not {expected}"
        elif fault := _fault(found[0], path, today.get(expected)):
            yield fault.replace(path, expected)


def _expected(record: Record) -> Mapping[str, str]:
    """Which files of the study a job must have read, by flag."""
    if record["stage"] != "pretrain":
        return _READ[record["stage"]]
    if record["reads"].get("given") and not record["reads"].get("index"):
        return {}
    part = _PARTS.get(str(record["settings"].get("modality")), "scenes")
    return {"index": f"media/{part}/index.csv"}


def _fault(entry: Mapping[str, Any], path: str, digest: str | None) -> str | None:
    if entry.get("path") != path:
        return f"read {entry.get('path')}, not {path}"
    if entry.get("record") != record_of(path):
        return f"read {path} without the record of the job that made it"
    if digest is not None and entry.get("sha256") != digest:
        return f"read another {path} than lies here now"
    return None
