"""Why two runs of one study differ: the first causes, from their records. Pure.

A job's bytes can differ for its own settings, code, packages, for outside data, or because a job before it differs; the
last is no first cause. A difference that left a job's bytes as they were is no cause either.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from overheard.jobs.comparison import Difference, as_plan, differences, other_inputs
from overheard.jobs.records import Record
from overheard.lineage.graph import Graph, name_of

Jobs = Mapping[str, Record]


@dataclass(frozen=True)
class FirstCause:
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
        shown = ", ".join(self.jobs[:3]) + (f" and {len(self.jobs) - 3} more" if len(self.jobs) > 3 else "")
        return f"{in_words(self.kind, self.what, self.old, self.new)} (in {shown})"


def in_words(kind: str, what: str, old: str | None, new: str | None, gone: str = "absent") -> str:
    """One difference in one line; `gone` is the word for nothing on the second side."""
    return f"{kind} {what}" + ("" if old is None and new is None else f": {old or 'absent'} → {new or gone}")


def first_causes(first: Jobs, second: Jobs) -> list[FirstCause]:
    """The first causes of what differs between two sets of records, those of most jobs first."""
    # by the path within the experiment, so that two experiments compare
    a, b = ({name_of(path): record for path, record in side.items()} for side in (first, second))
    grouped: dict[Difference, list[str]] = defaultdict(list)
    for job in sorted(a.keys() | b.keys()):
        for cause in _of_job(job, a, b):
            grouped[cause].append(job)
    causes = [FirstCause(*cause, tuple(jobs)) for cause, jobs in grouped.items()]
    return sorted(causes, key=lambda cause: (-len(cause.jobs), cause.kind, cause.what))


def _of_job(job: str, a: Jobs, b: Jobs) -> Iterator[Difference]:
    if job not in a or job not in b:
        yield Difference("job", "is only in the first" if job in a else "is only in the second", None, None)
        return
    old, new = a[job], b[job]
    if _made(old) == _made(new):
        return
    own = [*_own(old, new), *_outside(old, new, a, b)]
    yield from own
    # where an input differs, the cause lies before this job
    if not own and not other_inputs(old, new):
        same = "settings, code, packages and inputs are the same: another machine, or a forgery"
        yield Difference("bytes", f"differ, though {same}", None, None)


def _made(record: Record) -> dict[str, list[str]]:
    return {flag: [entry["sha256"] for entry in side] for flag, side in record["writes"].items()}


def _own(old: Record, new: Record) -> Iterator[Difference]:
    for one in differences(old, as_plan(new)):
        if one.kind != "setting":
            yield one
        # an experiment's name stands in its captions and moves no number
        elif one.name != "experiment":
            yield one._replace(name=f"{old['stage']} {one.name}")


def _outside(old: Record, new: Record, a: Jobs, b: Jobs) -> Iterator[Difference]:
    """Files that no job made, or that none of the jobs here made, with other bytes."""
    for pair in other_inputs(old, new):
        made = [name_of(entry["record"]) if entry and entry["record"] else None for entry in pair]
        if made[0] not in a and made[1] not in b:
            path = next(entry["path"] for entry in reversed(pair) if entry)
            yield Difference("input", path, *(entry and entry["sha256"][:12] for entry in pair))


def rests_on(graph: Graph, table: str, row: str, column: str) -> set[str]:
    """Names of all jobs behind the cells of one row and column of a table, the table's own with them."""
    found = set()
    for path, record in graph.records.items():
        if record["stage"] == "tables" and record["settings"]["table"] == table:
            made = [job for job in graph.parents[path] if f"/evaluate/{row}/{column}/" in job]
            found |= {path, *graph.ancestors(made)}
    return {name_of(path) for path in found}
