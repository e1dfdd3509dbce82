"""`overheard audit --recompute`: run jobs again from scratch, compare bytes. Touches files: in a temporary folder.

A forger who changes a file and its record, and all that follows, leaves hashes that fit. The same command on the same
inputs then gives other bytes than he wrote.
"""

import os
import random
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from overheard.errors import LineageError, OverheardError
from overheard.lineage import code, hashing, store
from overheard.lineage.findings import Finding
from overheard.lineage.graph import Record
from overheard.lineage.records import entries, located, read_circumstance, read_record

_DROPPED = ("--planned", "--record", "--log")


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
    possible = sorted(job for job, record in records.items() if _has_inputs(record, folder))
    drawn = random.Random(seed).sample(possible, min(count, len(possible)))
    findings = [finding for job in drawn for finding in recompute_job(folder, job, records[job])]
    names = ", ".join(job.removesuffix(".record.json") for job in drawn)
    return findings, [f"{len(drawn)} of {len(possible)} jobs run again (drawn with seed {seed}): {names}"]


def _has_inputs(record: Record, folder: Path) -> bool:
    return all(located(entry["path"], folder).exists() for entry in entries(record["reads"]))


def recompute_job(folder: Path, job: str, record: Record) -> list[Finding]:
    """Run one job again, in a temporary working folder that holds links to its inputs and nothing else."""
    mend = f"delete {job} and `overheard run {folder.name}`"
    try:
        command = _command(folder, job, record)
        if other := _other_code(record):
            return [
                Finding("other code", job, f"made by other code than this ({other})", "the code of its record", mend)
            ]
        with tempfile.TemporaryDirectory(prefix="overheard-recompute-") as place:
            _link_inputs(folder, record, Path(place))
            return _compared(folder, job, record, command, Path(place), mend)
    except OverheardError as error:
        return [Finding("not recomputed", job, str(error), "a job that can be run again", mend)]


def _command(folder: Path, job: str, record: Record) -> list[str]:
    """The recorded command, without what belongs to the plan of its time.

    Raises:
        LineageError: none is recorded, or it is of another stage.
    """
    said = read_circumstance(located(job, folder))
    if said is None:
        raise LineageError(f"{job}: no circumstance beside it, so its command is not known")
    words = shlex.split(said["command"])
    if words[:1] != ["overheard"] or words[1:2] != [record["stage"]]:
        raise LineageError(f"{job}: its command is `{said['command'][:60]}…`, not one of stage {record['stage']}")
    kept, skip = [], False
    for word in words[1:]:
        if not skip and word not in _DROPPED:
            kept.append(word)
        skip = not skip and word in _DROPPED
    return [sys.executable, "-m", "overheard", *kept, "--record", job]


def _other_code(record: Record) -> str | None:
    """What code or packages are others now than when a job ran; None where they are the same."""
    closure = code.stage_code(record["stage"], record["settings"].get("method"))
    if closure.digest != record["code"]["digest"]:
        then = record["code"]["definitions"]
        names = sorted(n for n in then.keys() | closure.definitions if then.get(n) != closure.definitions.get(n))
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    now = code.environment(closure)
    packages = sorted(
        name for name in now.keys() | record["environment"] if now.get(name) != record["environment"].get(name)
    )
    return ", ".join(f"{name} {record['environment'].get(name)}, now {now.get(name)}" for name in packages) or None


def _link_inputs(folder: Path, record: Record, place: Path) -> None:
    # folders first: a single file of theirs is then there already
    for entry in sorted(entries(record["reads"]), key=lambda entry: "files" not in entry):
        for path in filter(None, (entry["path"], entry.get("record"))):
            link, target = place / path, located(path, folder).resolve()
            # an absolute path is found where it is
            if not Path(path).is_absolute() and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(target)
        _link_listing(folder, entry, place)


def _link_listing(folder: Path, entry: Mapping[str, str], place: Path) -> None:
    """A file out of a folder is checked against the listing beside that folder."""
    for parent in (Path(entry["path"]), *Path(entry["path"]).parents):
        name = parent.with_name(f"{parent.name}.files.csv") if parent.name else None
        if (
            name
            and not name.is_absolute()
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
        expected = "the command of its record: the same settings and inputs"
        return [
            Finding(
                "forged", job, f"its recorded command does something else ({_other(record, again)})", expected, mend
            )
        ]
    kind, remark = _kind(folder, job)
    findings = []
    for entry in entries(record["writes"]):
        made = hashing.read(place / entry["path"])
        if made.sha256 != entry["sha256"]:
            found = f"sha256 {entry['sha256'][:12]}…, as its record has it{remark}"
            expected = f"sha256 {made.sha256[:12]}…, as the job makes it"
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
