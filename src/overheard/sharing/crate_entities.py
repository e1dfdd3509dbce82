"""Records as entities of a Workflow Run RO-Crate. Pure: from records, circumstances and a few facts to JSON-LD.

Profiles: https://w3id.org/ro/wfrun/process/0.5, …/workflow/0.5, …/provenance/0.5. A stage is a tool and a step of the
workflow, a job is a run of the tool, a rule's jobs are one execution of the step, a flag is a formal parameter.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from overheard.jobs.comparison import flat
from overheard.jobs.records import Record
from overheard.lineage.graph import Graph, files, name_of
from overheard.study.flow import FINAL_STAGES, STAGES

Entity = dict[str, Any]
WORKFLOW = "workflow/Snakefile"
COMPLETED = "http://schema.org/CompletedActionStatus"

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
    **dict.fromkeys((".smk", ".lock", ".cff", ""), "text/plain"),
}
_VALUES = {bool: "Boolean", int: "Integer", float: "Float"}
_USAGE = {
    "seconds": ("SEC", "wall time"),
    "cpu_seconds": ("SEC", "CPU time of the job and its children"),
    "peak_memory_bytes": ("BYTE", "largest resident set of one process"),
    "energy_joules": ("J", "energy of the processor package while the job ran, with all else that ran there"),
}


def ref(name: str) -> dict[str, str]:
    """A reference to an entity."""
    return {"@id": name}


def refs(names: Iterable[str]) -> list[dict[str, str]] | dict[str, str]:
    """References, each once; a single one stands alone, as RO-Crate recommends."""
    found = [ref(name) for name in dict.fromkeys(names)]
    return found[0] if len(found) == 1 else found


def entity(identifier: str, kind: str, /, **properties: Any) -> Entity:
    """An entity with its properties; what is None is left out."""
    return {"@id": identifier, "@type": kind} | {key: value for key, value in properties.items() if value is not None}


def content_of(path: str, content: Mapping[str, Any]) -> Entity:
    """What is said of any file or folder, of a record's entry as of one that was just read."""
    said = {"name": path, "sha256": content["sha256"], "contentSize": str(content["bytes"])}
    if content.get("files") is None:
        return said | {"encodingFormat": _FORMATS.get(PurePosixPath(path).suffix, "application/octet-stream")}
    return said | {"description": f"folder of {content['files']} files; sha256 is of their list (path, sha256, bytes)"}


@dataclass
class Draft:
    """The entities of a crate, by id, in the order they are made.

    Attributes:
        records: all records of the experiment, by recorded path.
        said: circumstance of each job that has one, by record path; of a put-back job the one of its computation.
        copied: recorded paths of files that go into the crate.
        config: path of the experiment's configuration in the crate; None where there is none.
        agent: who ran it, as an entity; None where that is not known.
    """

    experiment: str
    records: Mapping[str, Record]
    said: Mapping[str, Mapping[str, Any]]
    copied: Collection[str]
    config: str | None
    agent: Entity | None
    entities: dict[str, Entity] = field(default_factory=dict)

    def draw_up(self) -> dict[str, Entity]:
        """All entities but the root, the profiles and the project's own files; the workflow's under its path."""
        self.graph = Graph(self.records)
        self.order = self.graph.ancestors(sorted(self.records))
        self.who = ref(self.agent["@id"]) if self.agent else None
        there = {record["stage"] for record in self.records.values()}
        self.stages = [*(stage for stage in STAGES if stage in there), *sorted(there - STAGES.keys())]
        # by a file's id the parameters that it is an example of
        self.examples: dict[str, dict[str, None]] = defaultdict(dict)
        for package in sorted({pair for record in self.records.values() for pair in record["environment"].items()}):
            address = package_id(*package)
            self.add(address, "SoftwareApplication", name=package[0], softwareVersion=package[1], url=address)
        for stage in self.stages:
            self.add_stage(stage)
        for job in self.order:
            self.add_job(job)
        self.add_workflow()
        for name, parameters in self.examples.items():
            self.entities[name]["exampleOfWork"] = refs(parameters)
        return self.entities

    def add(self, identifier: str, kind: str, /, **properties: Any) -> str:
        """Add an entity, unless one of this id is there; returns the id."""
        self.entities.setdefault(identifier, entity(identifier, kind, **properties))
        return identifier

    def add_stage(self, stage: str) -> None:
        """A stage's command, its step in the workflow, and the step's execution."""
        jobs = [job for job in self.order if self.records[job]["stage"] == stage]
        records = [self.records[job] for job in jobs]
        commits = dict.fromkeys(commit(self.said[job]["git"]) for job in jobs if job in self.said)
        tool = self.add(
            f"#tool/{stage}",
            "SoftwareApplication",
            name=f"overheard {stage}",
            description=STAGES[stage].help if stage in STAGES else stage,
            softwareVersion=" or ".join(commits) or "not known",
            input=refs(self._parameter(stage, *one) for record in records for one in _inputs(record)),
            output=refs(self._parameter(stage, *one) for record in records for one in _flags(record, "writes")),
            softwareRequirements=refs(
                package_id(*package) for record in records for package in sorted(record["environment"].items())
            ),
        )
        about = {"position": str(self.stages.index(stage)), "connection": refs(self._connections(stage, jobs)) or None}
        step = self.add(f"#step/{stage}", "HowToStep", name=stage, workExample=ref(tool), **about)
        runs = {"object": refs(map(self.job_id, jobs)), "actionStatus": COMPLETED}
        self.add(f"#control/{stage}", "ControlAction", name=f"step {stage}", instrument=ref(step), **runs)

    def _connections(self, stage: str, jobs: Iterable[str]) -> Iterator[str]:
        """What a step's inputs were connected to: outputs of other steps, the configuration, what no job made."""
        for job in jobs:
            for flag, entry in files(self.records[job], "reads"):
                link = self.graph.producer(entry["path"]) if entry.get("record") else None
                source = f"{self.records[link.job]['stage']}/{link.flag}" if link else f"workflow/{stage}.{flag}"
                yield self._connection(source, f"{stage}/{flag}")
            for key in settings(self.records[job]) if self.config else ():
                yield self._connection("workflow/config", f"{stage}/{key}")

    def _connection(self, source: str, target: str) -> str:
        ends = {"sourceParameter": ref(parameter_id(source)), "targetParameter": ref(parameter_id(target))}
        return self.add(f"#connection/{quote(source)}/to/{quote(target)}", "ParameterConnection", **ends)

    def _parameter(self, tool: str, name: str, kind: str) -> str:
        return self.add(parameter_id(f"{tool}/{name}"), "FormalParameter", name=f"{tool}.{name}", additionalType=kind)

    def _files(self, job: str, side: str) -> list[str]:
        """What a job read or wrote; returns the ids."""
        record, names = self.records[job], []
        for flag, entry in files(record, side):
            kind = "Dataset" if "files" in entry else "File"
            names.append(self.add(self.file_id(entry["path"]), kind, **content_of(entry["path"], entry)))
            self.examples[names[-1]][parameter_id(f"{record['stage']}/{flag}")] = None
        return names

    def file_id(self, path: str) -> str:
        """A file of the crate is named by its path; one that is only described, by a fragment."""
        return quote(path) if path in self.copied else f"#{quote(path)}"

    def job_id(self, job: str) -> str:
        return f"#job/{quote(name_of(job))}"

    def add_job(self, job: str) -> None:
        """The run of a job: what it used, what it made, when and at what cost."""
        record, said = self.records[job], self.said.get(job)
        used = self._files(job, "reads")
        used += [self._value(record["stage"], key, value) for key, value in settings(record).items()]
        when = {}
        if said:
            usage = refs(self._usage(job, said))
            when = {"startTime": said["started"], "endTime": said["ended"], "resourceUsage": usage}
        self.add(
            self.job_id(job),
            "CreateAction",
            name=name_of(job),
            description=_description(record, said),
            instrument=ref(f"#tool/{record['stage']}"),
            object=refs(used),
            result=refs(self._files(job, "writes")),
            actionStatus=COMPLETED,
            subjectOf=ref(self.file_id(job)) if job in self.copied else None,
            agent=self.who,
            **when,
        )

    def _value(self, stage: str, key: str, value: Any) -> str:
        plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
        name = f"#value/{quote(f'{stage}/{key}')}/{sha256(plain.encode()).hexdigest()[:12]}"
        example = ref(parameter_id(f"{stage}/{key}"))
        return self.add(name, "PropertyValue", name=f"{stage}.{key}", value=plain, exampleOfWork=example)

    def _usage(self, job: str, said: Mapping[str, Any]) -> Iterator[str]:
        for key, (unit, words) in _USAGE.items():
            if said.get(key) is not None:
                term = ref(self.add(f"#{key}", "DefinedTerm", name=key, description=words))
                value = {"unitCode": f"https://qudt.org/vocab/unit/{unit}", "value": str(said[key])}
                yield self.add(f"{self.job_id(job)}/{key}", "PropertyValue", name=key, propertyID=term, **value)

    def add_workflow(self) -> None:
        """The workflow, its parameters, its one run, and Snakemake's part in it."""
        outside = {}
        for job in self.order:
            for flag, entry in files(self.records[job], "reads"):
                if not entry.get("record"):
                    outside[self.file_id(entry["path"])] = self._of_workflow(job, flag, entry)
        results, outputs, connections = [], [], []
        for job in self.order:
            stage = self.records[job]["stage"]
            for flag, entry in files(self.records[job], "writes") if stage in FINAL_STAGES else ():
                results.append(self.file_id(entry["path"]))
                outputs.append(self._of_workflow(job, flag, entry))
                connections.append(self._connection(f"{stage}/{flag}", f"workflow/{stage}.{flag}"))
        config = [self.config] if self.config else []
        self.entities[WORKFLOW] = {
            "hasPart": refs(f"#tool/{stage}" for stage in self.stages),
            "step": refs(f"#step/{stage}" for stage in self.stages),
            "input": refs([*(self._parameter("workflow", "config", "File") for _ in config), *outside.values()]),
            "output": refs(outputs),
            "connection": refs(connections),
        }
        self._add_runs([*config, *outside], results)

    def _of_workflow(self, job: str, flag: str, entry: Mapping[str, Any]) -> str:
        """The workflow's parameter of a file that came from outside or is a result."""
        parameter = self._parameter("workflow", f"{self.records[job]['stage']}.{flag}", _kind([entry]))
        self.examples[self.file_id(entry["path"])][parameter] = None
        return parameter

    def _add_runs(self, used: Iterable[str], results: Iterable[str]) -> None:
        if self.agent:
            self.entities.setdefault(self.agent["@id"], self.agent)
        common = {
            "actionStatus": COMPLETED,
            "startTime": min((said["started"] for said in self.said.values()), default=None),
            "endTime": max((said["ended"] for said in self.said.values()), default=None),
            "agent": self.who,
        }
        name = f"overheard run {self.experiment}"
        about = f"all jobs behind results/{self.experiment}, from their records"
        sides = {"instrument": ref(WORKFLOW), "object": refs(used), "result": refs(results)}
        run = self.add("#run", "CreateAction", name=name, description=about, **sides, **common)
        steps = refs(f"#control/{stage}" for stage in self.stages)
        sides = {"instrument": ref("#snakemake"), "object": steps, "result": ref(run)}
        self.add("#organize", "OrganizeAction", name="Snakemake", **sides, **common)


def package_id(name: str, version: str) -> str:
    """The address of a package's release."""
    return f"https://www.python.org/#{version}" if name == "python" else f"https://pypi.org/project/{name}/{version}/"


def parameter_id(name: str) -> str:
    """A flag or setting, `stage/name`, or `workflow/name` of the workflow."""
    return f"#parameter/{quote(name)}"


def settings(record: Record) -> dict[str, Any]:
    """A job's settings on one level: its `settings` beside its plain arguments; what is not set is left out."""
    given = flat(record["settings"])
    return {key.removeprefix("settings."): value for key, value in given.items() if value is not None}


def commit(git: Mapping[str, Any]) -> str:
    """A commit in words."""
    if git["commit"] is None:
        return f"no commit ({git['note']})"
    return git["commit"] + (f" with changes in {', '.join(git['dirty'])}" if git["dirty"] else "")


def _inputs(record: Record) -> Iterator[tuple[str, str]]:
    """Name and kind of all that a job was given: files and settings."""
    yield from _flags(record, "reads")
    yield from ((key, _VALUES.get(type(value), "Text")) for key, value in settings(record).items())


def _flags(record: Record, side: str) -> Iterator[tuple[str, str]]:
    return ((flag, _kind(entries)) for flag, entries in record[side].items())


def _kind(entries: Sequence[Mapping[str, Any]]) -> str:
    return "Dataset" if entries and all("files" in entry for entry in entries) else "File"


def _description(record: Record, said: Mapping[str, Any] | None) -> str:
    code = f"identity {record['identity']}; code {record['code']['digest']}"
    if said is None:
        return f"{code}; when and where is not known"
    where = f"on {said['host']} ({said['machine']}, {said['cpu']}, {said['cores']} cores, {said['device']})"
    how = "; put back from the store, computed at these times" if said["how"] == "put back" else ""
    return f"{said['command']}; {where}; commit {commit(said['git'])}; {code}{how}"
