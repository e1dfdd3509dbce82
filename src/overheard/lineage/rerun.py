"""`overheard audit --recompute`: run jobs again from scratch, compare bytes. Touches files: in a temporary folder.

A forger who changes a file and its record, and all that follows, leaves hashes that fit. The same command on the same
inputs then gives other bytes than he wrote.
"""

import json
import os
import random
import secrets
import shlex
import subprocess
import sys
import tempfile
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overheard.errors import LineageError, OverheardError
from overheard.io import signature
from overheard.jobs import hashing, on_disk, store
from overheard.jobs.circumstance import is_whole
from overheard.jobs.code import closure as code
from overheard.jobs.code import versions
from overheard.jobs.records import entries, listing_path, located, read_circumstance, read_record
from overheard.lineage.findings import Finding
from overheard.lineage.graph import Record
from overheard.scheduling import dry_run
from overheard.study.layout import STAGES


def recompute(
    folder: Path, records: Mapping[str, Record], count: int, seed: int | None = None
) -> tuple[list[Finding], list[str]]:
    """Run jobs drawn at random again; what does not come out as recorded, and remarks.

    Args:
        folder: `results/NAME`, or `reference/NAME`, of which only jobs can be drawn whose inputs are kept.
        records: its records by recorded path.
        count: how many jobs.
        seed: of the drawing; None draws one.
    """
    seed = secrets.randbelow(2**32) if seed is None else seed
    possible = sorted(
        job
        for job, record in records.items()
        if _has_inputs(record, folder) and _circumstance(folder, job, record) is not None
    )
    drawn = random.Random(seed).sample(possible, min(count, len(possible)))
    findings = [finding for job in drawn for finding in recompute_job(folder, job, records[job])]
    names = ", ".join(job.removesuffix(".record.json") for job in drawn)
    return findings, [f"{len(drawn)} of {len(possible)} jobs run again (drawn with seed {seed}): {names}"]


def _has_inputs(record: Record, folder: Path) -> bool:
    return all(located(entry["path"], folder).exists() for entry in entries(record["reads"]))


def _circumstance(folder: Path, job: str, record: Record) -> dict[str, Any] | None:
    """The circumstance of a job; None where it is not whole or not this record's, which an audit tells by itself."""
    try:
        said = read_circumstance(located(job, folder))
    except (OSError, RecursionError):
        return None
    return said if said is not None and is_whole(said) and said.get("of") == record["digest"] else None


def recompute_job(folder: Path, job: str, record: Record) -> list[Finding]:
    """Run one job again, in a temporary working folder that holds links to its inputs and nothing else."""
    mend = f"delete {job} and `overheard run {folder.name}`"
    try:
        words = _recorded_command(folder, job, record)
        if other := _other_code(record):
            return [
                Finding("other code", job, f"made by other code than this ({other})", "the code of its record", mend)
            ]
        if differs := _said_otherwise(words, job, record):
            found = f"its recorded command does something else ({', '.join(differs)})"
            return [Finding("forged", job, found, "the command of its record: the same settings and files", mend)]
        with tempfile.TemporaryDirectory(prefix="overheard-recompute-") as place:
            command = _command(folder, job, record)
            _link_inputs(folder, record, Path(place))
            _refuse_links(job, record, Path(place))
            return _compared(folder, job, record, command, Path(place), mend)
    except Exception as error:  # a forged record raises anything
        said = str(error) if isinstance(error, OverheardError) else repr(error)
        return [Finding("not recomputed", job, said, "a job that can be run again", mend)]


def _recorded_command(folder: Path, job: str, record: Record) -> list[str]:
    """The words of the recorded command.

    Raises:
        LineageError: none is recorded, or it is of another stage.
    """
    said = _circumstance(folder, job, record)
    if said is None or not isinstance(said.get("command"), str):
        raise LineageError(f"{job}: no whole circumstance beside it, so its command is not known")
    words = shlex.split(said["command"])
    if words[:2] != ["overheard", record["stage"]] or record["stage"] not in STAGES:
        raise LineageError(f"{job}: its command is `{said['command'][:60]}…`, not one of stage {record['stage']}")
    return words


def _said_otherwise(words: list[str], job: str, record: Record) -> list[str]:
    """What the recorded command says otherwise than the record; nothing of the command is run.

    Raises:
        OverheardError: it cannot be read as a command of its stage.
    """
    kept = [pair for pair in _pairs(words[2:]) if pair[0] not in ("--planned", "--log")]
    unplanned = ["--log", "log", "--planned", json.dumps({"code": "", "environment": {}, "outside": {}})]
    read = dry_run.read_command(shlex.join([*words[:2], *(word for pair in kept for word in pair), *unplanned]))
    same = {
        "settings": read.settings == record["settings"],
        "reads": _named(read.reads) == _paths(record, "reads"),
        "writes": _named(read.writes) == _paths(record, "writes"),
        "record": Path(read.record).as_posix() == job,
    }
    return [part for part, is_same in same.items() if not is_same]


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    """Flags with their values; a person may write `--seed=0`."""
    found, waiting = [], list(words)
    while waiting:
        flag = waiting.pop(0)
        name, equals, value = flag.partition("=")
        if not flag.startswith("--") or not (equals or waiting):
            raise LineageError(f"its command has {flag!r} where a flag with a value was expected")
        found.append((name, value if equals else waiting.pop(0)))
    return found


def _named(sides: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {flag: list(paths) for flag, paths in sides.items()}


def _paths(record: Record, side: str) -> dict[str, list[str]]:
    return {flag: [entry["path"] for entry in rows] for flag, rows in record[side].items()}


def _command(folder: Path, job: str, record: Record) -> list[str]:
    """The command of a record, from the record alone: it reads and writes in the folder it is run in.

    Raises:
        LineageError: a path leads elsewhere.
    """
    words = [sys.executable, "-m", "overheard", record["stage"]]
    hints = typing.get_type_hints(dry_run.outline(record["stage"]), include_extras=True)
    for name, annotation in hints.items():
        kind, flag = signature.role(annotation), f"--{name.replace('_', '-')}"
        if kind:
            rows = record[kind].get(name, [])
            words += [word for entry in rows for word in (flag, _place(entry, folder, kind))]
        elif annotation is Path:
            words += [flag, name]
        elif (value := record["settings"].get(name)) is not None:
            words += [flag, json.dumps(value) if isinstance(value, dict) else str(value)]
    made_by = sorted({entry["record"] for entry in entries(record["reads"]) if entry.get("record")})
    return [*words, *(word for path in made_by for word in ("--records", _inside(path))), "--record", _inside(job)]


def _place(entry: Mapping[str, Any], folder: Path, kind: str) -> str:
    """A path as it is given again; what no job made is read where it lies."""
    path = entry["path"]
    if kind == "reads" and entry.get("record") is None and not _is_inside(path):
        return str(located(path, folder).resolve())
    return _inside(path)


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _inside(path: str) -> str:
    if not _is_inside(path):
        raise LineageError(f"{path}: leads out of the folder in which jobs are run again; a path within was expected")
    return path


def _refuse_links(job: str, record: Record, place: Path) -> None:
    """No output may lie in a folder that is an input: it would be written through the link."""
    for path in (job, *(entry["path"] for entry in entries(record["writes"]))):
        for parent in Path(path).parents:
            if (place / parent).is_symlink():
                raise LineageError(f"{job}: writes {path} into {parent}, which it reads; not run again")


def _other_code(record: Record) -> str | None:
    """What code or packages are others now than when a job ran; None where they are the same."""
    closure = code.stage_code(record["stage"], record["settings"].get("method"))
    if closure.digest != record["code"]["digest"]:
        then = record["code"]["definitions"]
        names = sorted(n for n in then.keys() | closure.definitions if then.get(n) != closure.definitions.get(n))
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    now = versions.environment(closure)
    packages = sorted(
        name for name in now.keys() | record["environment"] if now.get(name) != record["environment"].get(name)
    )
    return ", ".join(f"{name} {record['environment'].get(name)}, now {now.get(name)}" for name in packages) or None


def _link_inputs(folder: Path, record: Record, place: Path) -> None:
    # folders first: a single file of theirs is then there already
    for entry in sorted(entries(record["reads"]), key=lambda entry: "files" not in entry):
        for path in filter(None, (entry["path"], entry.get("record"))):
            link, target = place / path, located(path, folder).resolve()
            # any other is found where it is
            if _is_inside(path) and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(target)
        _link_listing(folder, entry, place)


def _link_listing(folder: Path, entry: Mapping[str, str], place: Path) -> None:
    """A file out of a folder is checked against the listing beside that folder."""
    for parent in (Path(entry["path"]), *Path(entry["path"]).parents):
        name = listing_path(parent) if parent.name else None
        if (
            name
            and _is_inside(name.as_posix())
            and located(name.as_posix(), folder).is_file()
            and not (place / name).exists()
        ):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).symlink_to(located(name.as_posix(), folder).resolve())


def _compared(folder: Path, job: str, record: Record, command: list[str], place: Path, mend: str) -> list[Finding]:
    # a user's own modules lie in the working folder
    paths = [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = os.environ | {"OVERHEARD_STORE": "off", "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    environ.pop("OVERHEARD_PROGRESS", None)
    done = subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-3:])
        return [Finding("not recomputed", job, f"the job failed: {said}", "a job that can be run again", mend)]
    again = read_record(place / job)
    if again["identity"] != record["identity"]:
        found = f"run again it is another job ({_other(record, again)})"
        return [Finding("forged", job, found, "the same settings, inputs and code", mend)]
    kind, remark = _kind(folder, job)
    findings = []
    for entry in entries(record["writes"]):
        if made := on_disk.change(entry, place / entry["path"]):
            found = f"sha256 {entry['sha256'][:12]}…, as its record has it{remark}"
            expected = f"{hashing.in_words(made.new)}, as the job makes it"
            findings.append(Finding(kind, entry["path"], found, expected, mend))
    return findings


def _other(record: Record, again: Record) -> str:
    parts = [key for key in ("stage", "settings", "environment") if record[key] != again[key]]
    sides = [key for key in ("reads", "writes") if _digests(record, key) != _digests(again, key)]
    return ", ".join([*parts, *sides, *(["code"] if record["code"]["digest"] != again["code"]["digest"] else [])])


def _digests(record: Record, side: str) -> dict[str, list[str]]:
    return {flag: [e["sha256"] if side == "reads" else e["path"] for e in rows] for flag, rows in record[side].items()}


def _kind(folder: Path, job: str) -> tuple[str, str]:
    """Equal bytes are promised within one class of machines."""
    said = read_circumstance(located(job, folder)) or {}
    machine, here = said.get("machine"), store.machine_class()
    if machine in (None, here):
        return "forged", ""
    return "other machine", f", made on {machine}, this is {here}"
