"""`overheard status NAME --why TARGET`: from a file or job up to the first cause. Touches files, by `status`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from overheard.errors import ConfigError
from overheard.jobs.circumstance import read_circumstance
from overheard.lineage.causes import Cause, above, causes, unscheduled_causes
from overheard.lineage.forecast import COMPUTE, PERHAPS, PUT_BACK
from overheard.lineage.status import STATES, View, look
from overheard.study.flow import STAGES
from overheard.study.layout import record_of, words

_SHOWN = 8
_OUTCOMES = {
    PUT_BACK: "scheduled, will be put back from the store",
    COMPUTE: "scheduled, will compute",
    PERHAPS: "scheduled, will compute unless what it reads turns out as before",
}


@dataclass(frozen=True)
class Way:
    """One cause, and how it comes to the target.

    Attributes:
        cause: the cause.
        jobs: the records from the target to the job where the cause lies.
        others: records of other jobs where the same cause lies.
    """

    cause: Cause
    jobs: Sequence[str]
    others: Sequence[str]


def why_text(name: str, target: str) -> str:
    """Why a job would run, for people.

    Args:
        name: the experiment.
        target: a path under `results/NAME`, a job's words (`train scene image 0`), or a stage's word.

    Raises:
        ConfigError: no job makes such a thing.
        OverheardError: the dry run fails.
    """
    view = look(name)
    jobs = chosen(view, target)
    scheduled = [record for record in jobs if record in view.jobs]
    lines = [_head(view, target, jobs)]
    if not scheduled:
        return "\n".join([*lines, *_at_rest(view, jobs)])
    label = "FIRST CAUSE"
    for path, group in groupby(ways(view, scheduled), key=lambda way: way.jobs):
        lines += ["", *_way(path, list(group), label)]
        label = "also"
    return "\n".join(lines)


def why_as_json(name: str, target: str) -> str:
    """Why a job would run, as JSON; the first cause first."""
    view = look(name)
    jobs = chosen(view, target)
    scheduled = [record for record in jobs if record in view.jobs]
    said = {
        "experiment": name,
        "target": target,
        "jobs": {record: view.states.get(record, "left over") for record in jobs},
        "scheduled": scheduled,
        "causes": [asdict(way) for way in ways(view, scheduled)],
        "edited": [one._asdict() for record in jobs if record in view.found for one in view.found[record].changed],
    }
    return json.dumps(said, indent=1, ensure_ascii=False)


def chosen(view: View, target: str) -> list[str]:
    """Records of the jobs that a target means.

    Raises:
        ConfigError: there is none.
    """
    known = list(dict.fromkeys([*view.states, *view.found]))
    results = f"results/{view.loaded.name}"
    path = target.rstrip("/").removeprefix("./")
    path = path if path.startswith(f"{results}/") else f"{results}/{path}"
    if (made := record_of(path)) in known:
        return [made]
    if below := [record for record in known if record.startswith(f"{path}/")]:
        return below
    asked = _comparable(target)
    if named := [record for record in known if _comparable(words(record))[: len(asked)] == asked]:
        return named
    if found := [record for record in known if set(asked) <= set(_comparable(words(record)))]:
        return found
    some = ", ".join(f"`{words(record)}`" for record in known[:: max(1, len(known) // 5)])
    raise ConfigError(f"--why {target}: no job makes it; expected a path under {results}/, or a job such as {some}")


def _comparable(text: str) -> list[str]:
    return [word.removeprefix("seed-") for word in text.split()]


def ways(view: View, targets: Sequence[str]) -> list[Way]:
    """Every distinct cause behind some scheduled jobs, the most upstream first, each with one way to it."""
    way = {target: [target] for target in targets}
    waiting = list(targets)
    for record in waiting:
        for source in above(view, record):
            if source not in way:
                way[source] = [*way[record], source]
                waiting.append(source)
    flow = list(STAGES)
    upstream = [record for record in view.foreseen if record in way]
    upstream.sort(key=lambda record: flow.index(view.jobs[record].stage))
    found: dict[tuple[str, ...], list[tuple[str, Cause]]] = {}
    for record in upstream:
        for cause in causes(view, record):
            # a lost or never made thing is named once for its stage, all else once for what changed
            key = (cause.kind, cause.what, str(cause.old), str(cause.new))
            if cause.kind in ("never made", "lost", "interrupted", "failed", "snakemake", "inputs"):
                key = (cause.kind, view.jobs[record].stage, "", "")
            found.setdefault(key, []).append((record, cause))
    return [Way(cause, way[record], [other for other, _ in others]) for (record, cause), *others in found.values()]


def _head(view: View, target: str, jobs: Sequence[str]) -> str:
    if len(jobs) == 1:
        (record,) = jobs
        state = STATES.get(view.states.get(record, ""), "left over: the study has no such job any more")
        outcome = _OUTCOMES[view.foreseen[record].outcome] if record in view.foreseen else "not scheduled"
        return f"{words(record)}: {state}; {outcome}"
    scheduled = sum(record in view.jobs for record in jobs)
    return f"{target}: {len(jobs)} jobs, {scheduled} of them scheduled"


def _at_rest(view: View, jobs: Sequence[str]) -> list[str]:
    """Of jobs that no run would touch: since when they are as they are, and what is the matter."""
    lines = []
    for record in jobs[:_SHOWN]:
        since = "since when is not known"
        if said := read_circumstance(Path(record)):
            since = f"since {said['ended'][:16].replace('T', ' ')} UTC, {said['how']} on {said['host']}"
        lines.append(f"  {words(record)}: {since}")
        for cause in unscheduled_causes(view.found[record]) if record in view.found else ():
            lines += [f"    {line}" for line in cause.text().splitlines()]
    return lines + ([f"  … and {len(jobs) - _SHOWN} more"] if len(jobs) > _SHOWN else [])


def _way(path: Sequence[str], group: Sequence[Way], label: str) -> list[str]:
    """A way as lines, each deeper than the one before; what lies at its end comes last."""
    lines = []
    for depth, record in enumerate(path):
        reads = ", which reads from" if depth < len(path) - 1 else ""
        lines.append(f"{'  ' * depth}{words(record)}{reads}")
    pad = "  " * len(path)
    for way in group[:_SHOWN]:
        head, *more = way.cause.text().splitlines()
        if way.others:
            shown = ", ".join(words(record) for record in way.others[:2])
            head += f" (as at {len(way.others)} more: {shown}{', …' * (len(way.others) > 2)})"
        lines += [f"{pad}{label}: {head}", *(f"{pad}  {line}" for line in more)]
        label = "also"
    return lines + ([f"{pad}… and {len(group) - _SHOWN} more"] if len(group) > _SHOWN else [])
