"""Records as entities of a Workflow Run RO-Crate. Pure: from records, circumstances and a few facts to JSON-LD.

Profiles: https://w3id.org/ro/wfrun/process/0.5, …/workflow/0.5, …/provenance/0.5. A stage is a tool and a step of the
workflow, a job is a run of the tool, a rule's jobs are one execution of the step, a flag is a formal parameter.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from overheard.jobs.records import Record
from overheard.lineage.graph import Graph, files

Entity = dict[str, Any]
WORKFLOW = "workflow/Snakefile"
COMPLETED = "http://schema.org/CompletedActionStatus"
RESULT_STAGES = ("tables", "cells", "figures", "site")

_FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".tex": "text/x-tex",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".yml": "application/yaml",
    ".yaml": "application/yaml",
    ".npz": "application/zip",
}
_USAGE = {
    "seconds": ("SEC", "wall time"),
    "cpu_seconds": ("SEC", "CPU time of the job and its children"),
    "peak_memory_bytes": ("BYTE", "largest resident set of one process"),
    "energy_joules": ("J", "energy of the processor package while the job ran, with all else that ran there"),
}


@dataclass(frozen=True)
class Facts:
    """What the entities need besides the records; `agent` is an entity, or None.

    Attributes:
        said: circumstance of each job that has one, by record path; of a put-back job the one of its computation.
        put_back: record paths of jobs that were put back.
        copied: recorded paths of files that go into the crate.
        config: path of the experiment's configuration in the crate; None where there is none.
        stages: what each stage does, in the order of the flow.
    """

    experiment: str
    said: Mapping[str, Mapping[str, Any]]
    put_back: frozenset[str]
    copied: frozenset[str]
    config: str | None
    stages: Mapping[str, str]
    agent: Mapping[str, str] | None = None


@dataclass
class _Draft:
    """Entities by id, in the order they were made, and the parameters that files are examples of."""

    entities: dict[str, Entity] = field(default_factory=dict)
    examples: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, entity: Entity) -> dict[str, str]:
        self.entities.setdefault(entity["@id"], entity)
        return ref(entity["@id"])


def ref(name: str) -> dict[str, str]:
    return {"@id": name}


def refs(names: Iterable[str]) -> list[dict[str, str]] | dict[str, str]:
    """References, each once; a single one stands alone, as RO-Crate recommends."""
    found = [ref(name) for name in dict.fromkeys(names)]
    return found[0] if len(found) == 1 else found


def file_id(path: str, copied: Iterable[str]) -> str:
    """A file of the crate is named by its path; one that is only described, by a fragment."""
    return quote(path) if path in copied else f"#{quote(path)}"


def encoding(path: str) -> str:
    """The media type a file's name tells."""
    return _FORMATS.get("." + path.rpartition(".")[2], "application/octet-stream")


def entities(records: Mapping[str, Record], facts: Facts) -> dict[str, Entity]:
    """All entities but the root, the profiles and the project's own files; the workflow's under its path.

    Args:
        records: all records of the experiment, by recorded path.
        facts: what the records do not hold.
    """
    graph, draft = Graph(records), _Draft()
    order = graph.ancestors(sorted(records))
    _software(draft, records, facts)
    for stage in _stages(records, facts):
        _tool(draft, stage, [job for job in order if records[job]["stage"] == stage], graph, facts)
    for job in order:
        _files(draft, job, records[job], facts)
        _action(draft, job, records[job], facts)
    _run(draft, order, graph, facts)
    for name, parameters in draft.examples.items():
        draft.entities[name]["exampleOfWork"] = refs(parameters)
    return draft.entities


def _stages(records: Mapping[str, Record], facts: Facts) -> list[str]:
    """The stages there are, in the order of the flow."""
    there = {record["stage"] for record in records.values()}
    return [stage for stage in facts.stages if stage in there] + sorted(there - set(facts.stages))


def _software(draft: _Draft, records: Mapping[str, Record], facts: Facts) -> None:
    versions = sorted({pair for record in records.values() for pair in record["environment"].items()})
    for name, version in versions:
        draft.add(
            {
                "@id": package_id(name, version),
                "@type": "SoftwareApplication",
                "name": name,
                "softwareVersion": version,
                "url": package_id(name, version),
            }
        )


def package_id(name: str, version: str) -> str:
    """The address of a package's release."""
    return f"https://www.python.org/#{version}" if name == "python" else f"https://pypi.org/project/{name}/{version}/"


def _tool(draft: _Draft, stage: str, jobs: Sequence[str], graph: Graph, facts: Facts) -> None:
    """A stage's command, its step in the workflow, and the step's execution."""
    of_stage = [graph.records[job] for job in jobs]
    inputs = [
        _parameter(draft, stage, flag, _kind(record["reads"][flag])) for record in of_stage for flag in record["reads"]
    ]
    for record in of_stage:
        for key, value in settings(record).items():
            inputs.append(_parameter(draft, stage, key, _value_type(value)))
    outputs = [
        _parameter(draft, stage, flag, _kind(record["writes"][flag]))
        for record in of_stage
        for flag in record["writes"]
    ]
    commits = dict.fromkeys(commit(facts.said[job]["git"]) for job in jobs if job in facts.said)
    packages = dict.fromkeys(package_id(*pair) for record in of_stage for pair in sorted(record["environment"].items()))
    tool = {
        "@id": f"#tool/{stage}",
        "@type": "SoftwareApplication",
        "name": f"overheard {stage}",
        "description": facts.stages.get(stage, stage),
        "softwareVersion": " or ".join(commits) or "not told",
        "input": refs(inputs),
        "output": refs(outputs),
        "softwareRequirements": refs(packages),
    }
    step = {
        "@id": f"#step/{stage}",
        "@type": "HowToStep",
        "name": stage,
        "position": str(_stages(graph.records, facts).index(stage)),
        "workExample": draft.add(tool),
    }
    connections = _connections(draft, stage, jobs, graph, facts)
    if connections:
        step["connection"] = refs(connections)
    draft.add(
        {
            "@id": f"#control/{stage}",
            "@type": "ControlAction",
            "name": f"step {stage}",
            "instrument": draft.add(step),
            "object": refs(action_id(job, facts) for job in jobs),
            "actionStatus": COMPLETED,
        }
    )


def _connections(draft: _Draft, stage: str, jobs: Sequence[str], graph: Graph, facts: Facts) -> list[str]:
    """What the step's inputs were connected to: outputs of other steps, the configuration, what no job made."""
    pairs: dict[tuple[str, str], None] = {}
    for job in jobs:
        for flag, entry in files(graph.records[job], "reads"):
            link = graph.producer(entry["path"]) if entry.get("record") else None
            source = f"{graph.records[link.job]['stage']}/{link.flag}" if link else f"workflow/{stage}.{flag}"
            pairs[source, f"{stage}/{flag}"] = None
        if facts.config:
            pairs |= {("workflow/config", f"{stage}/{key}"): None for key in settings(graph.records[job])}
    return [_connection(draft, *pair) for pair in pairs]


def _connection(draft: _Draft, source: str, target: str) -> str:
    name = f"#connection/{quote(source)}/to/{quote(target)}"
    draft.add(
        {
            "@id": name,
            "@type": "ParameterConnection",
            "sourceParameter": ref(f"#parameter/{quote(source)}"),
            "targetParameter": ref(f"#parameter/{quote(target)}"),
        }
    )
    return name


def _parameter(draft: _Draft, tool: str, name: str, kind: str) -> str:
    identifier = f"#parameter/{quote(f'{tool}/{name}')}"
    draft.add({"@id": identifier, "@type": "FormalParameter", "name": f"{tool}.{name}", "additionalType": kind})
    return identifier


def _kind(entries: Sequence[Mapping[str, Any]]) -> str:
    return "Dataset" if entries and all("files" in entry for entry in entries) else "File"


def _value_type(value: Any) -> str:
    return {bool: "Boolean", int: "Integer", float: "Float"}.get(type(value), "Text")


def settings(record: Record) -> dict[str, Any]:
    """A job's settings on one level: its `settings` beside its plain arguments; what is not set is left out."""
    own = {key: value for key, value in record["settings"].items() if key != "settings"}
    given = record["settings"].get("settings")
    together = own | (dict(given) if isinstance(given, Mapping) else {})
    return {key: value for key, value in together.items() if value is not None}


def _files(draft: _Draft, job: str, record: Record, facts: Facts) -> None:
    for side in ("reads", "writes"):
        for flag, entry in files(record, side):
            name = draft.add(_file(entry, facts))["@id"]
            draft.examples[name][f"#parameter/{quote(record['stage'] + '/' + flag)}"] = None


def _file(entry: Mapping[str, Any], facts: Facts) -> Entity:
    path = entry["path"]
    found: Entity = {"@id": file_id(path, facts.copied), "@type": "File", "name": path}
    if "files" in entry:
        found["@type"] = "Dataset"
        found["description"] = f"folder of {entry['files']} files; sha256 is of their list (path, sha256, bytes)"
    else:
        found["encodingFormat"] = encoding(path)
    return found | {"sha256": entry["sha256"], "contentSize": str(entry["bytes"])}


def action_id(job: str, facts: Facts) -> str:
    """The run of a job."""
    return f"#job/{quote(job_name(job, facts.experiment))}"


def job_name(job: str, experiment: str) -> str:
    """A job's short name: its record's path within the experiment."""
    return job.removeprefix(f"results/{experiment}/").removesuffix(".record.json")


def _action(draft: _Draft, job: str, record: Record, facts: Facts) -> None:
    objects = [file_id(entry["path"], facts.copied) for _, entry in files(record, "reads")]
    objects += [_value(draft, record["stage"], key, value) for key, value in settings(record).items()]
    said = facts.said.get(job)
    action = {
        "@id": action_id(job, facts),
        "@type": "CreateAction",
        "name": job_name(job, facts.experiment),
        "description": _description(record, said, job in facts.put_back),
        "instrument": ref(f"#tool/{record['stage']}"),
        "object": refs(objects),
        "result": refs(file_id(entry["path"], facts.copied) for _, entry in files(record, "writes")),
        "actionStatus": COMPLETED,
    }
    if job in facts.copied:
        action["subjectOf"] = ref(file_id(job, facts.copied))
    if facts.agent:
        action["agent"] = ref(facts.agent["@id"])
    if said:
        action |= {"startTime": said["started"], "endTime": said["ended"]}
        action["resourceUsage"] = refs(_usage(draft, job, said, facts))
    draft.add(action)


def _description(record: Record, said: Mapping[str, Any] | None, put_back: bool) -> str:
    code = f"identity {record['identity']}; code {record['code']['digest']}"
    if said is None:
        return f"{code}; when and where is not told"
    where = f"on {said['host']} ({said['machine']}, {said['cpu']}, {said['cores']} cores, {said['device']})"
    how = "; put back from the store, computed at these times" if put_back else ""
    return f"{said['command']}; {where}; commit {commit(said['git'])}; {code}{how}"


def commit(git: Mapping[str, Any]) -> str:
    """A commit in words."""
    if git["commit"] is None:
        return f"no commit ({git['note']})"
    return git["commit"] + (f" with changes in {', '.join(git['dirty'])}" if git["dirty"] else "")


def _value(draft: _Draft, stage: str, key: str, value: Any) -> str:
    plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    parameter = f"#parameter/{quote(f'{stage}/{key}')}"
    name = f"#value/{quote(f'{stage}/{key}')}/{sha256(plain.encode()).hexdigest()[:12]}"
    draft.add(
        {
            "@id": name,
            "@type": "PropertyValue",
            "name": f"{stage}.{key}",
            "value": plain,
            "exampleOfWork": ref(parameter),
        }
    )
    return name


def _usage(draft: _Draft, job: str, said: Mapping[str, Any], facts: Facts) -> list[str]:
    names = []
    for key, (unit, words) in _USAGE.items():
        if said.get(key) is None:
            continue
        term = draft.add({"@id": f"#{key}", "@type": "DefinedTerm", "name": key, "description": words})
        value = {
            "@id": f"{action_id(job, facts)}/{key}",
            "@type": "PropertyValue",
            "name": key,
            "propertyID": term,
            "unitCode": f"https://qudt.org/vocab/unit/{unit}",
            "value": str(said[key]),
        }
        names.append(draft.add(value)["@id"])
    return names


def _run(draft: _Draft, order: Sequence[str], graph: Graph, facts: Facts) -> None:
    """The workflow, its parameters, its one run, and Snakemake's part in it."""
    records = graph.records
    outside = {}
    for job in order:
        for flag, entry in files(records[job], "reads"):
            if not entry.get("record"):
                parameter = _parameter(draft, "workflow", f"{records[job]['stage']}.{flag}", _kind([entry]))
                draft.examples[file_id(entry["path"], facts.copied)][parameter] = None
                outside[file_id(entry["path"], facts.copied)] = parameter
    inputs, outputs, connections, results = list(outside.values()), [], [], []
    if facts.config:
        inputs.insert(0, _parameter(draft, "workflow", "config", "File"))
    for job in order:
        stage = records[job]["stage"]
        for flag, entry in files(records[job], "writes") if stage in RESULT_STAGES else ():
            parameter = _parameter(draft, "workflow", f"{stage}.{flag}", _kind([entry]))
            results.append(file_id(entry["path"], facts.copied))
            draft.examples[results[-1]][parameter] = None
            outputs.append(parameter)
            connections.append(_connection(draft, f"{stage}/{flag}", f"workflow/{stage}.{flag}"))
    stages = _stages(records, facts)
    draft.entities[WORKFLOW] = {
        "hasPart": refs(f"#tool/{stage}" for stage in stages),
        "step": refs(f"#step/{stage}" for stage in stages),
        "input": refs(inputs),
        "output": refs(outputs),
        "connection": refs(connections),
    }
    _run_actions(draft, [*([facts.config] if facts.config else []), *outside], results, facts, stages)


def _run_actions(
    draft: _Draft, objects: Iterable[str], results: Iterable[str], facts: Facts, stages: Iterable[str]
) -> None:
    run: Entity = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"overheard run {facts.experiment}",
        "description": f"all jobs behind results/{facts.experiment}, from their records",
        "instrument": ref(WORKFLOW),
        "object": refs(objects),
        "result": refs(results),
        "actionStatus": COMPLETED,
    }
    if facts.said:
        run["startTime"] = min(said["started"] for said in facts.said.values())
        run["endTime"] = max(said["ended"] for said in facts.said.values())
    if facts.agent:
        run["agent"] = draft.add(dict(facts.agent))
    draft.add(
        {
            "@id": "#organize",
            "@type": "OrganizeAction",
            "name": "Snakemake",
            "instrument": ref("#snakemake"),
            "object": refs(f"#control/{stage}" for stage in stages),
            "result": draft.add(run),
            "actionStatus": COMPLETED,
        }
        | {key: run[key] for key in ("startTime", "endTime", "agent") if key in run}
    )
