"""Why two runs of one study differ: the first causes, from their records. Pure.

A job's bytes can differ for its own settings, code, packages, for outside data, or because a job before it differs; the
last is no first cause. A difference that left a job's bytes as they were is no cause either.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from overheard.jobs.records import SUFFIX, canonical
from overheard.lineage.graph import Graph, Record, files

Jobs = Mapping[str, Record]
_Difference = tuple[str, str, str | None, str | None]
"""Kind, what, old, new."""


@dataclass(frozen=True)
class Cause:
    """One difference that lies in jobs themselves.

    Attributes:
        kind: setting, definition, package, input, job, or bytes (nothing differs, yet other bytes came out).
        what: key, function, package, file, or what is the matter.
        old: on the first side; None if there is none.
        new: on the second side.
        jobs: names of the jobs it lies in, e.g. `train/scene/image/seed-0/student`.
    """

    kind: str
    what: str
    old: str | None
    new: str | None
    jobs: tuple[str, ...]

    def text(self) -> str:
        """One line."""
        change = "" if self.old is None and self.new is None else f": {self.old or 'absent'} → {self.new or 'absent'}"
        shown = ", ".join(self.jobs[:3]) + (f" and {len(self.jobs) - 3} more" if len(self.jobs) > 3 else "")
        return f"{self.kind} {self.what}{change} (in {shown})"


def by_job(records: Jobs) -> dict[str, Record]:
    """Records by the job's name: the path within the experiment, so that two experiments compare."""
    return {_name(path): record for path, record in records.items()}


def _name(path: str) -> str:
    return path.split("/", 2)[2].removesuffix(SUFFIX)


def first_causes(first: Jobs, second: Jobs) -> list[Cause]:
    """The first causes of what differs between two sets of records, those of most jobs first."""
    a, b = by_job(first), by_job(second)
    grouped: dict[_Difference, list[str]] = defaultdict(list)
    for job in sorted(a.keys() | b.keys()):
        for cause in _of_job(job, a, b):
            grouped[cause].append(job)
    causes = [Cause(*cause, tuple(jobs)) for cause, jobs in grouped.items()]
    return sorted(causes, key=lambda cause: (-len(cause.jobs), cause.kind, cause.what))


def _of_job(job: str, a: Jobs, b: Jobs) -> Iterator[_Difference]:
    if job not in a or job not in b:
        yield "job", "is only in the first" if job in a else "is only in the second", None, None
        return
    old, new = a[job], b[job]
    if _made(old) == _made(new):
        return
    own = [*_settings(old, new), *_definitions(old, new), *_packages(old, new), *_outside(old, new, a, b)]
    yield from own
    if not own and not _explained(old, new):
        yield (
            "bytes",
            "differ, though settings, code, packages and inputs are the same: another machine, or a forgery",
            None,
            None,
        )


def _made(record: Record) -> dict[str, list[str]]:
    return {flag: [entry["sha256"] for entry in side] for flag, side in record["writes"].items()}


def _settings(old: Record, new: Record) -> Iterator[_Difference]:
    before, now = (flat(record["settings"]) for record in (old, new))
    for key in sorted(before.keys() | now.keys()):
        # an experiment's name stands in its captions and moves no number
        if before.get(key) != now.get(key) and key != "settings.experiment":
            yield "setting", f"{old['stage']} {key.removeprefix('settings.')}", before.get(key), now.get(key)


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as one level: keys with dots, values as JSON."""
    found = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = canonical(value).decode()
    return found


def _definitions(old: Record, new: Record) -> Iterator[_Difference]:
    if old["code"]["digest"] != new["code"]["digest"]:
        yield from _changed("definition", old["code"]["definitions"], new["code"]["definitions"])


def _packages(old: Record, new: Record) -> Iterator[_Difference]:
    yield from _changed("package", old["environment"], new["environment"])


def _changed(kind: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[_Difference]:
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield kind, name, before.get(name), now.get(name)


def _outside(old: Record, new: Record, a: Jobs, b: Jobs) -> Iterator[_Difference]:
    """Files that no job made, or that none of the jobs here made, with other bytes."""
    before, now = _by_place(old), _by_place(new)
    for place in sorted(before.keys() | now.keys()):
        sides = before.get(place), now.get(place)
        made = [_name(entry["record"]) if entry and entry["record"] else None for entry in sides]
        digests = [entry and entry["sha256"] for entry in sides]
        if digests[0] != digests[1] and not any(job in jobs for job, jobs in zip(made, (a, b), strict=True)):
            shown = [digest and digest[:12] for digest in digests]
            path = next(entry["path"] for entry in reversed(sides) if entry)
            yield "input", path, *shown


def _by_place(record: Record) -> dict[tuple[str, int], Mapping[str, Any]]:
    return {(flag, place): entry for flag, side in record["reads"].items() for place, entry in enumerate(side)}


def _explained(old: Record, new: Record) -> bool:
    """Whether an input differs, so that the cause lies before this job."""
    read = [{flag: [entry["sha256"] for entry in side] for flag, side in one["reads"].items()} for one in (old, new)]
    return read[0] != read[1]


def rests_on(records: Jobs, row: str, column: str, table: str) -> set[str]:
    """Names of all jobs behind the cells of one row and column of a table, the table's own with them."""
    graph, found = Graph(records), set()
    for path, record in records.items():
        if record["stage"] == "tables" and record["settings"]["table"] == table:
            made = [
                entry["record"]
                for _, entry in files(record, "reads")
                if f"/evaluate/{row}/{column}/" in entry["path"] and entry.get("record") in records
            ]
            found |= {path, *graph.ancestors(dict.fromkeys(made))}
    return {_name(path) for path in found}
