"""The reference run in git: written by one command, computed again by another. Touches files: copies, compares.

`reference/NAME` has the layout of `results/NAME` without the heavy files: records and circumstances of every job,
predictions without event logits, scores, tables, and the small files that figures are drawn from. Its files are byte
for byte the run's, so that the records' hashes hold.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from overheard.errors import ConfigError, LineageError, OverheardError
from overheard.io import artifacts, whole
from overheard.jobs import hashing
from overheard.jobs.circumstance import circumstance_path, read_circumstance
from overheard.jobs.code import closure as code
from overheard.jobs.code import versions
from overheard.jobs.records import Record, entries, load_records, located, record_paths
from overheard.lineage import audit_files
from overheard.lineage.audit import as_text, audit
from overheard.lineage.diff import reference_folder
from overheard.lineage.recount import Recount, recount
from overheard.sharing.saved_files import folder_of
from overheard.study.flow import STAGES
from overheard.study.layout import is_kept

LIMIT_BYTES = 10_000_000  # five folds and the dull baselines made 6.4 MB of the 4.5 of one split
"""What a reference run may take in git."""


def write_reference(name: str, allow_dirty: bool = False) -> str:
    """Write `reference/NAME` from `results/NAME`; says what it wrote.

    Args:
        name: the experiment.
        allow_dirty: also where the source, workflow or configuration was not as committed when a job ran.

    Raises:
        ConfigError: there are no such results.
        LineageError: the study is not complete, its source was dirty, its audit fails, or it is too large.
    """
    folder, target = folder_of(name), Path("reference") / name
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such results; `overheard run {name}` makes them")
    records = load_records(folder)
    _refuse_incomplete(name, records)
    if not allow_dirty:
        _refuse_dirty(name, folder, records)
    audited = audit(folder)
    if not audited.holds:
        raise LineageError(f"{as_text(audited)}\nno reference is written from a run whose audit fails")
    files = _files(folder, records)
    size = sum(path.stat().st_size for path in files)
    if size > LIMIT_BYTES:
        raise LineageError(
            f"{folder}: its reference would take {size / 1e6:.1f} MB, at most {LIMIT_BYTES / 1e6:.0f} go to git"
        )
    _copy(folder, target, files)
    return f"{target}: {len(files)} files, {size / 1e6:.2f} MB, of {len(records)} jobs; add it to git"


def _refuse_incomplete(name: str, records: Mapping[str, Record]) -> None:
    again = f"`overheard run {name}` first"
    if not any(record["stage"] == "cells" for record in records.values()):
        raise LineageError(f"results/{name}: not complete: no record of tables/cells.csv; {again}")
    for job, record in records.items():
        if record["stage"] == "tables" and (record["settings"].get("settings") or {}).get("partial"):
            raise LineageError(f"{job}: made from a part of the runs (--partial); {again}")
        for entry in entries(record["reads"]):
            if entry.get("record") and entry["record"] not in records:
                raise LineageError(f"{job}: rests on {entry['record']}, which is missing; {again}")


def _refuse_dirty(name: str, folder: Path, records: Mapping[str, Record]) -> None:
    for job in records:
        said = read_circumstance(located(job, folder)) or {}
        # what was put back is as clean as the job that once computed it
        git = ((said.get("computed") or said).get("git")) or {}
        if git.get("dirty"):
            raise LineageError(
                f"{job}: {', '.join(git['dirty'])} was not as committed ({str(git.get('commit'))[:12]}) when it ran; "
                f"commit, `overheard clean {name} --yes` and run again, or use --dirty"
            )


def _files(folder: Path, records: Mapping[str, Record]) -> list[Path]:
    found = []
    for job, record in records.items():
        place = located(job, folder)
        found += [place, circumstance_path(place)]
        for flag, side in record["writes"].items():
            found += [located(entry["path"], folder) for entry in side if is_kept(record["stage"], flag)]
    return sorted(found)


def _copy(folder: Path, target: Path, files: list[Path]) -> None:
    """Copy beside the old reference, then exchange: an interrupted writing loses neither."""
    aside = target.with_name(f".old-{target.name}")
    if aside.exists() and not target.exists():
        aside.replace(target)
    shutil.rmtree(aside, ignore_errors=True)
    with whole.writing(target) as part:
        for path in files:
            place = part / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
        if target.exists():
            target.replace(aside)
    shutil.rmtree(aside, ignore_errors=True)


def recompute_reference(name: str, into: Path | None = None) -> tuple[str, int]:
    """Count every table again from the reference's predictions, draw the figures that it allows; nothing is trained.

    Args:
        name: the reference run.
        into: where the results go; `results/NAME-reference` by default, never where an experiment is.

    Returns:
        What came of it, as text; and 0 if everything came out as it stands in the reference, else 1.

    Raises:
        ConfigError: there is no such reference, or `into` holds an experiment.
        LineageError: a file of the reference is not what its record says.
    """
    folder = reference_folder(name)
    into = into or folder_of(f"{name}-reference")
    if into == folder_of(name) or record_paths(into):
        raise ConfigError(f"{into}: holds an experiment; choose another folder with --into")
    records = load_records(folder)
    read = audit_files.read_all(folder, records)
    if read.findings:
        first = read.findings[0]
        raise LineageError(
            f"{located(first.path, folder)}: {first.found}, expected {first.expected} "
            f"({len(read.findings)} such files); `git checkout -- {folder}` puts them back"
        )
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=into) as place:
        # of the experiment's name, so that recorded paths lead into it
        made = Path(place) / name
        made.mkdir()
        counted = recount(folder, records, made)
        drawn = _figures(folder, records, made, counted)
        shutil.copytree(made, into, copy_function=os.replace, dirs_exist_ok=True)
    return _told(folder, into, counted, drawn)


def _figures(folder: Path, records: Mapping[str, Record], into: Path, counted: Recount) -> list[str]:
    """Draw the figures again from what was counted again, else from what the reference has; a line for each file."""
    from overheard.stages.figures import Settings, figures

    lines = []
    for job, record in sorted(records.items()):
        if record["stage"] != "figures":
            continue
        given = {
            flag: [_there(entry["path"], folder, into) for entry in side] for flag, side in record["reads"].items()
        }
        if missing := [path for paths in given.values() for path in paths if not path.is_file()]:
            lines.append(
                f"{Path(job).name.partition('.')[0]}: not drawn: rests on {missing[0].name}, which no reference has"
            )
            continue
        writes = {flag: located(side[0]["path"], into) for flag, side in record["writes"].items()}
        writes["png"].parent.mkdir(parents=True, exist_ok=True)
        said = record["settings"] | {"settings": Settings(**record["settings"]["settings"])}
        try:
            figures(**said, **given, **writes)
        except (OverheardError, OSError, TypeError) as error:
            counted.left.append((job, str(error)))
            continue
        lines += [_figure_line(record, flag, path, counted) for flag, path in writes.items()]
    return lines


def _there(recorded: str, folder: Path, into: Path) -> Path:
    again = located(recorded, into)
    return again if again.is_file() else located(recorded, folder)


def _figure_line(record: Record, flag: str, made: Path, counted: Recount) -> str:
    entry = record["writes"][flag][0]
    if hashing.read(made).sha256 == entry["sha256"]:
        return f"{made.name}: the recorded bytes"
    closure = code.stage_code("figures", code.entries(record["settings"]))
    if closure.digest != record["code"]["digest"] or versions.environment(closure) != record["environment"]:
        why = "drawn by other code or packages than recorded, so other bytes"
        return f"{made.name}: {why}; its numbers are the tables'"
    counted.differences.append((entry["path"], f"sha256 {entry['sha256'][:12]}… recorded", "other bytes"))
    return f"{made.name}: other bytes than recorded"


def _told(folder: Path, into: Path, counted: Recount, drawn: list[str]) -> tuple[str, int]:
    lines = [path.read_text(encoding="utf-8") for path in sorted((into / "tables").glob("*.md"))] + drawn
    lines += [f"{path}: computed again {now}, the reference has {was}" for path, was, now in counted.differences]
    lines += [f"{path}: not computed again: {reason}" for path, reason in counted.left]
    if count := len(counted.other_code):
        lines.append(f"{folder}: {count} tables or figures are of other code; only their numbers were compared")
    cells, verdicts = (
        into / STAGES[stage].writes[flag] for stage, flag in (("cells", "cells"), ("claims", "verdicts"))
    )
    total = len(artifacts.read_table(cells)) if cells.exists() else 0
    pictures = [path for path, _, _ in counted.differences if path.split("/")[2:3] == ["figures"]]
    same = not counted.differences and not counted.left
    verdict = "all are equal to it" if len(pictures) == len(counted.differences) and not counted.left else "not all are"
    lines += [f"{len(pictures)} figures have other bytes: {', '.join(map(str, pictures))}"] if pictures else []
    pairs = sum(len(artifacts.read_table(path)) for path in (into / "statistics").glob("*.comparisons.csv"))
    lines += [f"{into}/statistics/: {pairs} comparisons computed again; overheard compare shows one"] if pairs else []
    if verdicts.exists():
        judged = {line["claim"]: line["verdict"] for line in artifacts.read_table(verdicts, ["claim", "verdict"])}
        counts = ", ".join(f"{count} {word}" for word, count in Counter(judged.values()).most_common())
        lines.append(
            f"{into}/claims/: {len(judged)} claims judged again: {counts}; overheard show {folder.name} claims"
        )
    lines.append(f"{into}/: {total} cells computed again from the predictions in {folder}: {verdict}")
    return "\n".join(lines), int(not same)
