"""A run as a Workflow Run RO-Crate (Provenance Run profile). Touches files: reads records, writes a folder.

Files up to a megabyte that a person can read are copied; students, features and media are described by path, sha256 and
size. Nothing in a crate but the times of the jobs depends on when it is written.
"""

import importlib.metadata
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from overheard.errors import ConfigError, LineageError
from overheard.io import whole
from overheard.jobs import on_disk, records
from overheard.jobs.records import Record
from overheard.lineage.graph import Graph, files
from overheard.sharing.crate_entities import WORKFLOW, Entity, Facts, encoding, entities, ref, refs
from overheard.study.experiments import project_root
from overheard.study.layout import STAGES

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
_READABLE = (".csv", ".json", ".md", ".tex", ".png", ".pdf")
_LARGEST = 1_000_000  # bytes of a file that is copied
_ENVIRONMENT = {
    "environment.yml": (
        "Conda environment",
        "https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html",
    ),
    "requirements.lock": (
        "pip requirements, with hashes",
        "https://pip.pypa.io/en/stable/reference/requirements-file-format/",
    ),
}


def write_crate(folder: Path, target: Path, agent: str | None = None, agent_id: str | None = None) -> Path:
    """Write the crate of an experiment's results into a new folder.

    Args:
        folder: `results/NAME` or `reference/NAME`.
        target: the folder to write; must not exist.
        agent: who ran it; records do not tell. None leaves it out.
        agent_id: that person's address, e.g. an ORCID.

    Returns:
        The crate's `ro-crate-metadata.json`.

    Raises:
        ConfigError: the target exists.
        LineageError: a record or a file to copy is not what it should be.
    """
    if target.exists():
        raise ConfigError(f"{target}: is there already; delete it or name another folder")
    found = records.load_records(folder)
    _check(found, folder)
    root = project_root()
    copies = _copies(found, folder)
    project = _project_files(root, folder.name, found)
    person = {"@id": agent_id or "#agent", "@type": "Person", "name": agent} if agent else None
    said, put_back = _circumstances(found, folder)
    config = f"config/{folder.name}.yaml" if f"config/{folder.name}.yaml" in project else None
    facts = Facts(folder.name, said, put_back, frozenset({**project, **copies}), config, STAGES, person)
    crate = _crate(root, facts, {**project, **copies}, entities(found, facts))
    with whole.writing(target) as part:
        crate.write(part)
    return target / "ro-crate-metadata.json"


def _check(found: Mapping[str, Record], folder: Path) -> None:
    graph = Graph(found)
    for job, path, reason in graph.misfits():
        raise LineageError(f"{path}: read by {job}, but {reason}; `overheard audit {folder.name}` says more")
    for group in graph.cycles():
        raise LineageError(f"{', '.join(group)}: each rests on the other; `overheard audit {folder.name}` says more")


def _copies(found: Mapping[str, Record], folder: Path) -> dict[str, Path]:
    """Where each file lies that goes into the crate, by recorded path.

    Raises:
        LineageError: one is not what its record says.
    """
    places = {}
    for job, record in found.items():
        for path in (job, str(records.circumstance_path(Path(job)))):
            if (place := records.located(path, folder)).is_file():
                places[path] = place
        for _, entry in files(record, "writes"):
            place, path = records.located(entry["path"], folder), entry["path"]
            listing = records.listing_path(place)
            if "files" in entry and listing.is_file() and listing.stat().st_size <= _LARGEST:
                places[f"{path}{records.LISTING}"] = listing
            elif path.endswith(_READABLE) and entry["bytes"] <= _LARGEST and place.is_file():
                on_disk.require(entry, place, job)
                places[path] = place
    return places


def _circumstances(found: Mapping[str, Record], folder: Path) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    """When and where each job was computed, and which were put back."""
    said, put_back = {}, set()
    for job in found:
        told = records.read_circumstance(records.located(job, folder))
        if told and told["how"] == "put back":
            put_back.add(job)
            told = told["computed"]
        if told:
            said[job] = told
    return said, frozenset(put_back)


def _project_files(root: Path, name: str, found: Mapping[str, Record]) -> dict[str, Path]:
    """The workflow, the configuration and the environment, by their paths in the crate; none that changed since."""
    wanted = [WORKFLOW, f"config/{name}.yaml", *_ENVIRONMENT, "CITATION.cff", "LICENSE"]
    there = {path: root / path for path in wanted}
    own = Path("config") / f"{name}.yaml"
    if own.is_file():
        there[own.as_posix()] = own
    for pattern in (
        "workflow/rules/*.smk",
        "config/studies/*.yaml",
        "config/protocols/*.yaml",
        "config/published/*.csv",
    ):
        there |= {path.relative_to(root).as_posix(): path for path in sorted(root.glob(pattern))}
    return {path: place for path, place in there.items() if place.is_file() and _as_read(path, place, found)}


def _as_read(path: str, place: Path, found: Mapping[str, Record]) -> bool:
    read = {
        entry["sha256"] for record in found.values() for _, entry in files(record, "reads") if entry["path"] == path
    }
    return read <= {sha256(place.read_bytes()).hexdigest()}


def _crate(root: Path, facts: Facts, places: Mapping[str, Path], found: dict[str, Entity]) -> Any:
    """The crate as the library has it, ready to be written."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(CONTEXT)
    crate.metadata.extra_terms["buildInstructions"] = "https://codemeta.github.io/terms/buildInstructions"
    _workflow(crate, places, found.pop(WORKFLOW), facts)
    for path, place in places.items():
        if path != WORKFLOW:
            said = _of_project(path, place) | found.pop(_id(path), {})
            if path == facts.config:
                said["exampleOfWork"] = ref("#parameter/workflow/config")
            crate.add_file(place, path, properties=said)
    for name, entity in found.items():
        crate.add(ContextEntity(crate, name, properties={key: value for key, value in entity.items() if key != "@id"}))
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8")) if "CITATION.cff" in places else {}
    _root(crate, facts, citation)
    return crate


def _id(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _of_project(path: str, place: Path) -> Entity:
    """What is said of a copied file that no job wrote or read."""
    content = place.read_bytes()
    said: Entity = {"name": path, "sha256": sha256(content).hexdigest(), "contentSize": str(len(content))}
    said["encodingFormat"] = encoding(path)
    if path == WORKFLOW or path.endswith((".smk", ".lock", ".cff", "LICENSE")):
        said["encodingFormat"] = "text/plain"
    if path in _ENVIRONMENT:
        said |= {"description": _ENVIRONMENT[path][0], "conformsTo": ref(_ENVIRONMENT[path][1])}
    if path.endswith(".smk"):
        said["description"] = "rules of the workflow"
    return said


def _workflow(crate: Any, places: Mapping[str, Path], parts: Entity, facts: Facts) -> None:
    """The Snakefile, whose tools are the stages."""
    workflow = crate.add_workflow(
        places[WORKFLOW],
        WORKFLOW,
        main=True,
        lang="snakemake",
        lang_version=importlib.metadata.version("snakemake"),
        properties=_of_project(WORKFLOW, places[WORKFLOW])
        | {"@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]},
    )
    workflow["conformsTo"] = ref("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE")
    workflow["version"] = version("overheard")
    workflow["buildInstructions"] = refs(path for path in _ENVIRONMENT if path in places)
    for key, value in parts.items():
        workflow[key] = value
    crate.add_jsonld(
        {
            "@id": "#snakemake",
            "@type": "SoftwareApplication",
            "name": "Snakemake",
            "softwareVersion": importlib.metadata.version("snakemake"),
            "url": "https://snakemake.readthedocs.io",
            "description": "the version that was installed when this crate was written",
        }
    )
    for name, address in _ENVIRONMENT.values():
        crate.add_jsonld({"@id": address, "@type": "CreativeWork", "name": f"format: {name}"})
    crate.add_jsonld(
        {
            "@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE",
            "@type": "CreativeWork",
            "name": "Bioschemas ComputationalWorkflow profile",
        }
    )


def _root(crate: Any, facts: Facts, citation: Mapping[str, Any]) -> None:
    """The crate itself: name, licence, authors, profiles, and its runs."""
    root = crate.root_dataset
    root["name"] = f"overheard run {facts.experiment}"
    root["description"] = (
        f"Where every number of results/{facts.experiment} comes from: all jobs with inputs, outputs, settings, code, "
        "versions. Files over a megabyte, weights, arrays and media are described by sha256 and size, not contained."
    )
    ended = [said["ended"] for said in facts.said.values()]
    root["datePublished"] = max(ended) if ended else "1970-01-01T00:00:00+00:00"
    for address, name in PROFILES.items():
        kind = {"@id": address, "@type": "CreativeWork", "name": name, "version": address.rpartition("/")[2]}
        crate.add_or_update_jsonld(kind)
    root["conformsTo"] = refs(PROFILES)
    licence = citation.get("license", "MIT")
    root["license"] = ref(f"https://spdx.org/licenses/{licence}")
    crate.add_jsonld(
        {
            "@id": f"https://spdx.org/licenses/{licence}",
            "@type": "CreativeWork",
            "name": licence,
            "description": "of the workflow and of what it made; media that a user gave keep their own",
        }
    )
    root["author"] = refs(_authors(crate, citation))
    actions = [entity.id for entity in crate.contextual_entities if str(entity.type).endswith("Action")]
    root["mentions"] = refs(actions)


def _authors(crate: Any, citation: Mapping[str, Any]) -> list[str]:
    names = []
    for number, author in enumerate(citation.get("authors", [])):
        name = author.get("name") or f"{author.get('given-names', '')} {author.get('family-names', '')}".strip()
        kind = "Organization" if "name" in author else "Person"
        names.append(author.get("orcid") or f"#author-{number}")
        crate.add_jsonld({"@id": names[-1], "@type": kind, "name": name})
    return names
