"""`overheard audit --recompute`: run jobs again from scratch, compare bytes. Touches files: in a temporary folder.

A forger who changes a file and its record, and all that follows, leaves hashes that fit. The same command on the same
inputs then gives other bytes than he wrote. What is run is made from the record; the recorded command is only read.
"""

import dataclasses
import json
import os
import random
import secrets
import shlex
import subprocess
import sys
import tempfile
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from overheard.errors import LineageError, OverheardError
from overheard.io.signature import deciding, paths_of, role, settings_from_json, without_none
from overheard.jobs import hashing, on_disk
from overheard.jobs.circumstance import circumstance_of
from overheard.jobs.code import closure as code
from overheard.jobs.code import own, versions
from overheard.jobs.command_line import stage_command, stage_function
from overheard.jobs.comparison import Difference, as_plan, differences, other_inputs, paths
from overheard.jobs.machine import machine_class
from overheard.jobs.records import LISTING, SUFFIX, Record, entries, located, read_record
from overheard.lineage.findings import Finding, Said
from overheard.lineage.graph import enclosing
from overheard.study.flow import STAGES

_WORDS = {"setting": "settings", "package": "environment", "definition": "code"}
"""What a kind of difference is called, where it is not itself the word."""


def recompute(folder: Path, records: Mapping[str, Record], count: int, seed: int | None = None) -> Iterator[Said]:
    """Run jobs drawn at random again; what does not come out as recorded, and a remark which they were.

    Args:
        folder: `results/NAME`, or `reference/NAME`, of which only jobs can be drawn whose inputs are kept.
        records: its records by recorded path.
        count: how many jobs.
        seed: of the drawing; None draws one.
    """
    seed = secrets.randbelow(2**32) if seed is None else seed
    possible = sorted(job for job, record in records.items() if _can_run(folder, job, record))
    drawn = random.Random(seed).sample(possible, min(count, len(possible)))
    for job in drawn:
        yield from recompute_job(folder, job, records[job])
    names = ", ".join(job.removesuffix(SUFFIX) for job in drawn)
    yield f"{len(drawn)} of {len(possible)} jobs run again (drawn with seed {seed}): {names}"


def _can_run(folder: Path, job: str, record: Record) -> bool:
    """Whether its inputs are here and its circumstance is whole, and this record's; else an audit reports it itself."""
    try:
        circumstance_of(folder, job, record)
    except LineageError:
        return False
    return all(located(entry["path"], folder).exists() for entry in entries(record["reads"]))


def recompute_job(folder: Path, job: str, record: Record) -> list[Finding]:
    """Run one job again, in a temporary working folder that holds links to its inputs and nothing else."""
    fix = f"delete {job} and `overheard run {folder.name}`"
    try:
        said = circumstance_of(folder, job, record)
        words = _recorded_command(said, job, record)
        if other := _other_code(record):
            found = f"made by other code than this ({other})"
            return [Finding("other code", job, found, "the code of its record", fix)]
        if differs := _said_otherwise(words, job, record):
            found = f"its recorded command does something else ({', '.join(differs)})"
            return [Finding("forged", job, found, "the command of its record: the same settings and files", fix)]
        with tempfile.TemporaryDirectory(prefix="overheard-recompute-") as place:
            command = _command(folder, job, record)
            for name in own.named(record["settings"].get("settings") or {}):
                if (package := own.package(name)) and not (Path(place) / package.name).exists():
                    (Path(place) / package.name).symlink_to(package)
            _link_inputs(folder, job, record, Path(place))
            return list(_compared(said, job, record, command, Path(place), fix))
    except (OverheardError, OSError) as error:  # a forged record may name any file
        return [Finding("not recomputed", job, str(error), "a job that can be run again", fix)]


def _recorded_command(said: Mapping[str, Any], job: str, record: Record) -> list[str]:
    """The words of the recorded command.

    Raises:
        LineageError: none is recorded, or it is of another stage.
    """
    command = said.get("command")
    if not isinstance(command, str):
        raise LineageError(f"{job}: its command is not known: its circumstance has none")
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise LineageError(f"{job}: its command cannot be read ({error})") from error
    if words[:2] != ["overheard", record["stage"]] or record["stage"] not in STAGES:
        raise LineageError(f"{job}: its command is `{command[:60]}…`, not one of stage {record['stage']}")
    return words[2:]


def _said_otherwise(words: list[str], job: str, record: Record) -> list[str]:
    """What the recorded command says otherwise than the record; it is read as its stage reads it, and not run.

    Raises:
        OverheardError: it cannot be read as a command of its stage.
    """
    word, design = record["stage"], record["settings"].get("design")
    stage = stage_function(word, design)
    try:
        given = stage_command(word, design).make_context(word, [*words], help_option_names=[]).params
    except typer.TyperException as error:
        raise LineageError(f"its command cannot be read: {error}") from error
    plan: dict[str, Any] = {"reads": {}, "writes": {}}
    for name, annotation in typing.get_type_hints(stage, include_extras=True).items():
        value, kind = given.get(name), without_none(annotation)
        if side := role(annotation):
            plan[side][name] = [path.as_posix() for path in (paths_of(value) if value else ())]
        elif value is not None and isinstance(kind, type) and dataclasses.is_dataclass(kind):
            given[name] = settings_from_json(kind, value, f"{job}: --{name}")
    plan["settings"] = deciding(stage, given)
    same_record = given["record"] and given["record"].as_posix() == job
    return [*_in_words(differences(record, plan)), *([] if same_record else ["record"])]


def _in_words(found: Iterable[Difference]) -> list[str]:
    return list(dict.fromkeys(_WORDS.get(one.kind, one.kind) for one in found))


def _command(folder: Path, job: str, record: Record) -> list[str]:
    """The command of a record, from the record alone: it reads and writes in the folder it is run in.

    Raises:
        LineageError: a path leads elsewhere.
    """
    words = [sys.executable, "-m", "overheard", record["stage"]]
    for name, annotation in typing.get_type_hints(
        stage_function(record["stage"], record["settings"].get("design")), include_extras=True
    ).items():
        side, flag = role(annotation), f"--{name.replace('_', '-')}"
        if side:
            for entry in record[side].get(name, []):
                path, given = entry["path"], side == "reads" and entry.get("record") is None
                # what no job made is read where it lies
                outside = given and not _is_inside(path)
                words += [flag, str(located(path, folder).resolve()) if outside else _inside(path)]
        elif annotation is Path:
            words += [flag, name]
        elif (value := record["settings"].get(name)) is not None:
            words += [flag, json.dumps(value) if isinstance(value, dict) else str(value)]
    made_by = sorted({entry["record"] for entry in entries(record["reads"]) if entry.get("record")})
    return [*words, *(word for path in made_by for word in ("--records", _inside(path))), "--record", _inside(job)]


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _inside(path: str) -> str:
    if not _is_inside(path):
        raise LineageError(f"{path}: leads out of the folder in which jobs are run again; a path within was expected")
    return path


def _other_code(record: Record) -> str | None:
    """What code or packages are others now than when a job ran; None where they are the same.

    Raises:
        LineageError: its method, or another word that names code, is no word.
    """
    now = code.stage_code(record["stage"], code.entries(record["settings"]))
    plan = {"code": now.digest, "definitions": now.definitions, "environment": versions.environment(now)}
    found = list(differences(record, plan))
    if names := [one.name for one in found if one.kind != "package"]:
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return ", ".join(f"{name} {then}, now {version}" for _, name, then, version in found) or None


def _link_inputs(folder: Path, job: str, record: Record, place: Path) -> None:
    """Link what a job reads, the records of its makers, and the listings by which files in folders are checked.

    Raises:
        LineageError: an output lies in a folder that is an input: it would be written through the link.
    """
    # folders first: a single file of theirs is then there already
    for entry in sorted(entries(record["reads"]), key=lambda entry: "files" not in entry):
        listings = [f"{path}{LISTING}" for path in enclosing(entry["path"])]
        there = [listing for listing in listings if located(listing, folder).is_file()]
        for path in filter(None, (entry["path"], entry.get("record"), *there)):
            # one that lies elsewhere is found where it is
            if _is_inside(path) and not (place / path).exists():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).symlink_to(located(path, folder).resolve())
    for path in (job, *(entry["path"] for entry in entries(record["writes"]))):
        if through := [parent for parent in Path(path).parents if (place / parent).is_symlink()]:
            raise LineageError(f"{job}: writes {path} into {through[0]}, which it reads; not run again")


def _compared(
    said: Mapping[str, Any], job: str, record: Record, command: list[str], place: Path, fix: str
) -> Iterator[Finding]:
    """Run the command in a folder and compare what it writes with the record."""
    # it runs in another folder
    modules = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environ = os.environ | {"OVERHEARD_STORE": "off", "PYTHONPATH": os.pathsep.join(modules), "OMP_NUM_THREADS": "1"}
    environ.pop("OVERHEARD_PROGRESS", None)
    done = subprocess.run(command, cwd=place, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        told = " ".join(done.stderr.strip().splitlines()[-3:])
        yield Finding("not recomputed", job, f"the job failed: {told}", "a job that can be run again", fix)
        return
    again = read_record(place / job)
    if again["identity"] != record["identity"]:
        other = _in_words(differences(record, as_plan(again) | {"writes": paths(again, "writes")}))
        other += ["reads"] if other_inputs(record, again) else []
        found = f"run again it is another job ({', '.join(other)})"
        yield Finding("forged", job, found, "the same settings, inputs and code", fix)
        return
    # equal bytes are promised within one class of machines
    machine, here = said.get("machine"), machine_class()
    elsewhere = machine not in (None, here)
    remark = f", made on {machine}, this is {here}" if elsewhere else ""
    for entry in entries(record["writes"]):
        if made := on_disk.change(entry, place / entry["path"]):
            found = f"sha256 {entry['sha256'][:12]}…, as its record has it{remark}"
            expected = f"{hashing.in_words(made.new)}, as the job makes it"
            yield Finding("other machine" if elsewhere else "forged", entry["path"], found, expected, fix)
