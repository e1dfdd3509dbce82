"""What a job has otherwise than a plan of it, or than another job: the one comparer, as data. Pure.

Whoever asks (a job about to begin, the schedule, `status`, `diff`, `audit`) turns the differences into words.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from overheard.jobs.records import Entry, Record, canonical, entries


class Difference(NamedTuple):
    """One thing that differs.

    Attributes:
        kind: stage, setting, code, definition, package, reads, writes or input.
        name: the setting's key with dots, the definition, the package, the flag, or the path of the input.
        found: what the record has, None if nothing: a setting's value as JSON, a digest, a version, a flag's paths.
        expected: what the plan has, None if nothing.
    """

    kind: str
    name: str
    found: Any
    expected: Any


def differences(record: Record, plan: Mapping[str, Any]) -> Iterator[Difference]:
    """What a record has otherwise than a plan; in the order stage, settings, code, packages, files, content.

    Args:
        record: a record, or what a job that has not ended yet knows of its own.
        plan: plain data; what it does not say is not compared. `stage`; `settings`; `code`, a digest; `definitions`,
            digests by name, which tell what of the code differs; `environment`, versions by name; `reads` and
            `writes`, paths by flag; `outside`, the sha256 by path of as many files and folders as are known.
    """
    if "stage" in plan and record["stage"] != plan["stage"]:
        yield Difference("stage", "stage", record["stage"], plan["stage"])
    if "settings" in plan:
        yield from _settings(record["settings"], plan["settings"])
    if "code" in plan and record["code"]["digest"] != plan["code"]:
        now = plan.get("definitions")
        parts = list(_named("definition", record["code"]["definitions"], now)) if now is not None else []
        yield from parts or [Difference("code", record["stage"], record["code"]["digest"], plan["code"])]
    yield from _named("package", record["environment"], plan.get("environment", record["environment"]))
    for side in ("reads", "writes"):
        if side in plan:
            planned = {flag: list(given) for flag, given in plan[side].items() if given}
            yield from _named(side, paths(record, side), planned)
    if known := plan.get("outside"):
        for entry in entries(record["reads"]):
            if known.get(entry["path"]) not in (None, entry["sha256"]):
                yield Difference("input", entry["path"], entry["sha256"], known[entry["path"]])


def as_plan(record: Record) -> dict[str, Any]:
    """Another job as a plan, its files left out: two experiments have each their own. See `other_inputs`."""
    plan = {key: record[key] for key in ("stage", "settings", "environment")}
    return plan | {"code": record["code"]["digest"], "definitions": record["code"]["definitions"]}


def other_inputs(first: Record, second: Record) -> list[tuple[Entry | None, Entry | None]]:
    """What two jobs read at the same place of the same flag with other bytes; None where one has no such entry."""
    before, now = (
        {(flag, place): entry for flag, side in one["reads"].items() for place, entry in enumerate(side)}
        for one in (first, second)
    )
    pairs = [(before.get(place), now.get(place)) for place in sorted(before.keys() | now.keys())]
    return [(a, b) for a, b in pairs if (a and a["sha256"]) != (b and b["sha256"])]


def paths(record: Record, side: str) -> dict[str, list[str]]:
    """The paths of one side of a record, `reads` or `writes`, by flag; flags without any are left out."""
    return {flag: [entry["path"] for entry in given] for flag, given in record[side].items() if given}


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level, keys joined by dots."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _settings(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Difference]:
    texts = canonical(found).decode(), canonical(expected).decode()
    if texts[0] == texts[1]:
        return
    told = list(_named("setting", _as_json(found), _as_json(expected)))
    for one in told:
        # a stage's own settings are told as its plain arguments are
        yield one._replace(name=one.name.removeprefix("settings."))
    if not told:
        # the same keys once with dots and once without
        yield Difference("setting", "settings", *texts)


def _as_json(settings: Mapping[str, Any]) -> dict[str, str]:
    """Flat settings, values as JSON has them; of a list of texts each by itself, so that one more is one difference."""
    found: dict[str, str] = {}
    for key, value in flat(settings).items():
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            found |= {f"{key}[{place}]": canonical(item).decode() for place, item in enumerate(value)}
        else:
            found[key] = canonical(value).decode()
    return found


def _named(kind: str, found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            yield Difference(kind, name, found.get(name), expected.get(name))
