"""Every number once more, from the predictions: scores, tables, cells. Touches files: writes them beside, compares.

What is counted again goes into a folder of its own with the layout of `results/NAME`; nothing is trained.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import LineageError, OverheardError
from overheard.io import artifacts
from overheard.jobs.code import closure
from overheard.jobs.records import located
from overheard.lineage.graph import Record
from overheard.scores import metrics
from overheard.study.experiments import project_root

_SAID = ("method", "modality", "seed", "best_epoch")
_NUMBERS = ("table", "row", "column", "metric", "n", "mean", "std", "runs")
_CLOSE = 1e-9


@dataclass
class Recount:
    """What came of counting again.

    Attributes:
        differences: (recorded path, what stands there, what follows from the predictions).
        cells: how many cells were counted again.
        left: recorded paths of what could not be counted again, with the reason.
        other_code: tables whose text was made by other code than this, so that only their numbers were compared.
    """

    differences: list[tuple[str, str, str]] = field(default_factory=list)
    cells: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)
    other_code: list[str] = field(default_factory=list)


def recount(folder: Path, records: Mapping[str, Record], into: Path, faulty: Collection[str] = ()) -> Recount:
    """Count everything again and compare it with what stands there.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        records: its records by recorded path.
        into: an empty folder for what is counted again, in the layout of `folder`.
        faulty: recorded paths of files that are known not to be what they should be; what needs them is left.
    """
    found = Recount()
    tested = cache(lambda index, splits: _test_clips(located(index, folder), located(splits, folder)))
    for job in _of_stage(records, "evaluate"):
        with _or_left(job, found):
            read = [records[job]["reads"][flag][0]["path"] for flag in ("index", "splits")]
            expected = None if set(read) & set(faulty) else tested(*read)
            _scores(folder, records, job, into, faulty, expected, found)
    for job in _of_stage(records, "tables"):
        with _or_left(job, found):
            _table(folder, records[job], job, into, faulty, found)
    for job in _of_stage(records, "cells"):
        with _or_left(job, found):
            _cells(folder, records[job], job, into, faulty, found)
    return found


@contextmanager
def _or_left(path: str, found: Recount) -> Iterator[None]:
    """Go on where counting fails: what has the right hash and is nonsense raises anything."""
    try:
        yield
    except Exception as error:
        found.left.append((path, f"its record, or what it reads, cannot be read: {error!r}"))


def scores_again(predictions: Mapping[str, np.ndarray], said: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a scores file from its predictions; which run it is comes from `said`.

    Args:
        predictions: id, label, scene_logits (clips, classes), classes.
        said: method, modality, seed and best_epoch, as the stored file has them.
    """
    classes = [str(name) for name in predictions["classes"]]
    counts = metrics.confusion(predictions["label"], predictions["scene_logits"].argmax(axis=1), len(classes))
    run = {key: said[key] for key in _SAID} | {"classes": classes, "n": len(predictions["label"])}
    table = metrics.class_table(counts, classes)
    return run | {"confusion": counts.tolist(), "per_class": table} | metrics.scores(counts)


def _of_stage(records: Mapping[str, Record], stage: str) -> list[str]:
    return [job for job, record in records.items() if record["stage"] == stage]


def _under(path: str, into: Path) -> Path:
    """Where a recorded path's second count goes."""
    place = into.joinpath(*Path(path).parts[2:])
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _scores(
    folder: Path,
    records: Mapping[str, Record],
    job: str,
    into: Path,
    faulty: Collection[str],
    expected: Mapping[str, str] | None,
    found: Recount,
) -> None:
    record = records[job]
    for position, (predicted, scored) in enumerate(
        zip(record["writes"]["predictions"], record["writes"]["scores"], strict=True)
    ):
        if bad := [entry["path"] for entry in (predicted, scored) if entry["path"] in faulty]:
            found.left.append((scored["path"], f"{bad[0]} is not what it should be"))
            continue
        try:
            arrays = artifacts.read_arrays(located(predicted["path"], folder))
            stored = artifacts.read_json(located(scored["path"], folder))
            again = scores_again(arrays, stored)
            wrong = list(_wrong_clips(arrays, expected))
        except Exception as error:  # as in _or_left, but of one run alone
            found.left.append((scored["path"], f"predictions or scores cannot be read: {error!r}"))
            continue
        artifacts.write_json(_under(scored["path"], into), again)
        found.differences += [(scored["path"], was, now) for was, now in _differing(stored, again)]
        found.differences += [(predicted["path"], *pair) for pair in wrong]
        trained = records.get(record["reads"]["students"][position]["record"] or "")
        if trained and (run := {key: trained["settings"][key] for key in _SAID[:3]}) != {k: stored[k] for k in run}:
            found.differences.append((scored["path"], f"says it is {_run(stored)}", f"its student is {_run(run)}"))


def _run(said: Mapping[str, Any]) -> str:
    return f"{said['method']}/{said['modality']}/seed-{said['seed']}"


def _test_clips(index: Path, splits: Path) -> dict[str, str] | None:
    """The class of every test clip by id; None where index and split are not at hand."""
    if not index.is_file() or not splits.is_file():
        return None
    class_of = {row["id"]: row["class"] for row in artifacts.read_table(index, ["id", "class"])}
    tested = [row["id"] for row in artifacts.read_table(splits, ["id", "split"]) if row["split"] == "test"]
    return {clip: class_of[clip] for clip in sorted(tested)}


def _wrong_clips(arrays: Mapping[str, np.ndarray], expected: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    if expected is None:
        return
    classes, ids = [str(name) for name in arrays["classes"]], [str(clip) for clip in arrays["id"]]
    if ids != list(expected):
        yield f"predictions of {len(ids)} clips", f"the {len(expected)} test clips of index and split, in their order"
        return
    labels = {clip: classes[label] for clip, label in zip(ids, arrays["label"], strict=True)}
    if wrong := [clip for clip in ids if labels[clip] != expected[clip]]:
        first = wrong[0]
        yield f"{len(wrong)} labels are not the index's: {first} is {labels[first]}", f"{first} is {expected[first]}"


def _differing(stored: Any, again: Any, where: str = "") -> list[tuple[str, str]]:
    """What differs between two JSON contents, as (stored, counted again), each with its place."""
    if isinstance(stored, dict) and isinstance(again, dict):
        keys = sorted(stored.keys() | again.keys())
        pairs = [_differing(stored.get(key), again.get(key), f"{where}{key} ") for key in keys]
        return [pair for found in pairs for pair in found]
    if isinstance(stored, float | int) and isinstance(again, float | int) and abs(stored - again) <= _CLOSE:
        return []
    return [] if stored == again else [(f"{where}{_short(stored)}", f"{where}{_short(again)}")]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"


def _table(folder: Path, record: Record, job: str, into: Path, faulty: Collection[str], found: Recount) -> None:
    from overheard.stages.tables import Settings, tables

    scores = [into.joinpath(*Path(entry["path"]).parts[2:]) for entry in record["reads"].get("scores", ())]
    if missing := [path for path in scores if not path.exists()]:
        found.left.append((job, f"{missing[0].relative_to(into)} could not be counted again"))
        return
    writes = {flag: _under(entries[0]["path"], into) for flag, entries in record["writes"].items()}
    settings = record["settings"]
    try:
        published = outside_file(record["reads"]["published"][0]["path"])
        made = Settings(**settings["settings"])
        tables(published=published, table=settings["table"], settings=made, scores=scores, **writes)
    except (OverheardError, TypeError) as error:
        found.left.append((job, str(error)))
        return
    same_code = closure.stage_code("tables").digest == record["code"]["digest"]
    if not same_code:
        found.other_code.append(job)
    flags = [flag for flag in writes if same_code or flag == "cells"]
    _compare(folder, record, {flag: writes[flag] for flag in flags}, faulty, found, same_code)
    found.cells += len(artifacts.read_table(writes["cells"]))


def _cells(folder: Path, record: Record, job: str, into: Path, faulty: Collection[str], found: Recount) -> None:
    from overheard.stages.cells import cells

    given = [into.joinpath(*Path(entry["path"]).parts[2:]) for entry in record["reads"]["tables"]]
    if missing := [path for path in given if not path.exists()]:
        found.left.append((job, f"{missing[0].relative_to(into)} could not be counted again"))
        return
    writes = {flag: _under(entries[0]["path"], into) for flag, entries in record["writes"].items()}
    cells(given, **writes)
    same_code = closure.stage_code("cells").digest == record["code"]["digest"]
    _compare(folder, record, writes, faulty, found, same_code)


def outside_file(path: str) -> Path:
    """A file that no job made: where its record says, or the project's own of that name.

    Raises:
        LineageError: neither is there.
    """
    place = Path(path)
    if place.is_file():
        return place
    inside = project_root() / "config" / "published" / place.name
    if not inside.is_file():
        raise LineageError(f"{path}: not there, nor {inside}; put it back from git")
    return inside


def _compare(
    folder: Path,
    record: Record,
    writes: Mapping[str, Path],
    faulty: Collection[str],
    found: Recount,
    same_code: bool,
) -> None:
    """Compare bytes, or, where other code made the file, the numbers of its cells."""
    for flag, again in writes.items():
        path = record["writes"][flag][0]["path"]
        stored = located(path, folder)
        if path in faulty or not stored.is_file() or stored.read_bytes() == again.read_bytes():
            continue
        if same_code:
            found.differences.append((path, *_first_line(stored, again)))
        elif again.suffix == ".json":
            both = (artifacts.read_json(place) for place in (stored, again))
            found.differences += [(path, was, now) for was, now in _differing(*both)]
        elif differing := _numbers(stored) ^ _numbers(again):
            found.differences.append((path, f"{len(differing)} lines of cells differ", "none"))


def _numbers(cells: Path) -> set[tuple[str, ...]]:
    return {tuple(line[column] for column in _NUMBERS) for line in artifacts.read_table(cells, _NUMBERS)}


def _first_line(stored: Path, again: Path) -> tuple[str, str]:
    """The first line in which two texts differ, of each."""
    texts: Sequence[Sequence[str]] = [
        path.read_text(encoding="utf-8", errors="replace").splitlines() for path in (stored, again)
    ]
    for number in range(max(map(len, texts))):
        lines = [text[number] if number < len(text) else "(no such line)" for text in texts]
        if lines[0] != lines[1]:
            return f"line {number + 1}: {_short(lines[0])}", _short(lines[1])
    return "other line ends", "Unix line ends"
