"""A run as a Workflow Run RO-Crate (Provenance Run profile). Touches files: reads records, writes a folder.

Files up to a megabyte that a person can read are copied; students, features and media are described by path, sha256 and
size. Nothing in a crate but the times of the jobs depends on when it is written.
"""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from overheard.errors import ConfigError, LineageError
from overheard.io import whole
from overheard.jobs import hashing, on_disk, records
from overheard.jobs.circumstance import circumstance_path, read_circumstance
from overheard.jobs.records import Record
from overheard.lineage.graph import Graph, files
from overheard.sharing.crate_entities import WORKFLOW, Draft, Entity, content_of, entity, ref, refs
from overheard.study.experiments import project_root

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_READABLE = (".csv", ".json", ".md", ".tex", ".png", ".pdf")
_LARGEST = 1_000_000  # bytes of a file that is copied
_PROJECT = (
    *("workflow/rules/*.smk", "config/studies/*.yaml", "config/claims/*.yaml"),
    *("config/protocols/*.yaml", "config/published/*.csv"),
)
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
        agent: who ran it, which no record says. None leaves it out.
        agent_id: that person's address, e.g. an ORCID.

    Returns:
        The crate's `ro-crate-metadata.json`.

    Raises:
        ConfigError: the target exists.
        LineageError: a record or a file to copy is not what it should be.
    """
    if target.exists():
        raise ConfigError(f"{target}: already exists; delete it or name another folder")
    found = records.load_records(folder)
    _check(found, folder)
    root = project_root()
    copies = _copies(found, folder)
    project = _project_files(root, folder.name, found)
    person = entity(agent_id or "#agent", "Person", name=agent) if agent else None
    config = f"config/{folder.name}.yaml" if f"config/{folder.name}.yaml" in project else None
    places = {**project, **copies}
    told = {job: read_circumstance(records.located(job, folder)) for job in found}
    # of a job that was put back, when and where it was computed
    said = {job: {**(one["computed"] or one), "how": one["how"]} for job, one in told.items() if one}
    draft = Draft(folder.name, found, said, places, config, person)
    with whole.writing(target) as part:
        _crate(root, draft, places).write(part)
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
        for path in (job, str(circumstance_path(Path(job)))):
            if (place := records.located(path, folder)).is_file():
                places[path] = place
        for _, entry in files(record, "writes"):
            place, path = records.located(entry["path"], folder), entry["path"]
            listing = records.listing_path(place)
            if "files" in entry and listing.is_file() and listing.stat().st_size <= _LARGEST:
                places[f"{path}{records.LISTING}"] = listing
            elif path.endswith(_READABLE) and entry["bytes"] <= _LARGEST and place.is_file():
                on_disk.whole(entry, place, job)
                places[path] = place
    return places


def _project_files(root: Path, name: str, found: Mapping[str, Record]) -> dict[str, Path]:
    """The workflow, the configuration and the environment, by their paths in the crate; none that changed since."""
    own = f"config/{name}.yaml"
    there = {path: root / path for path in (WORKFLOW, own, *_ENVIRONMENT, "CITATION.cff", "LICENSE")}
    if Path(own).is_file():
        there[own] = Path(own)
    for pattern in _PROJECT:
        there |= {path.relative_to(root).as_posix(): path for path in sorted(root.glob(pattern))}
    read = {(entry["path"], entry["sha256"]) for record in found.values() for _, entry in files(record, "reads")}
    changed = {path for path, digest in read if path in there and hashing.difference(there[path], digest)}
    return {path: place for path, place in there.items() if place.is_file() and path not in changed}


def _crate(root: Path, draft: Draft, places: Mapping[str, Path]) -> Any:
    """The crate as the library has it, ready to be written."""
    from rocrate.rocrate import ROCrate

    found = draft.draw_up()
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(CONTEXT)
    crate.metadata.extra_terms["buildInstructions"] = "https://codemeta.github.io/terms/buildInstructions"
    _add_workflow(crate, places, found.pop(WORKFLOW))
    for path, place in places.items():
        if path != WORKFLOW:
            said = _of_project(path, place) | found.pop(quote(path), {})
            if path == draft.config:
                said["exampleOfWork"] = ref("#parameter/workflow/config")
            crate.add_file(place, path, properties=said)
    for described in found.values():
        crate.add_jsonld(dict(described))
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8")) if "CITATION.cff" in places else {}
    _describe(crate, draft, citation)
    return crate


def _of_project(path: str, place: Path) -> Entity:
    """What is said of a copied file that no job wrote or read."""
    said = content_of(path, vars(hashing.read(place)))
    if path in _ENVIRONMENT:
        said |= {"description": _ENVIRONMENT[path][0], "conformsTo": ref(_ENVIRONMENT[path][1])}
    return said


def _add_workflow(crate: Any, places: Mapping[str, Path], parts: Entity) -> None:
    """The Snakefile, whose tools are the stages, and what it conforms to."""
    snakemake, place = version("snakemake"), places[WORKFLOW]
    properties = {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "conformsTo": ref(BIOSCHEMAS),
        "version": version("overheard"),
        "buildInstructions": refs(path for path in _ENVIRONMENT if path in places),
    }
    properties |= _of_project(WORKFLOW, place) | parts
    crate.add_workflow(place, WORKFLOW, main=True, lang="snakemake", lang_version=snakemake, properties=properties)
    note = "the version that was installed when this crate was written"
    about = {"softwareVersion": snakemake, "url": "https://snakemake.readthedocs.io", "description": note}
    crate.add_jsonld(entity("#snakemake", "SoftwareApplication", name="Snakemake", **about))
    for name, address in _ENVIRONMENT.values():
        crate.add_jsonld(entity(address, "CreativeWork", name=f"format: {name}"))
    crate.add_jsonld(entity(BIOSCHEMAS, "CreativeWork", name="Bioschemas ComputationalWorkflow profile"))


def _describe(crate: Any, draft: Draft, citation: Mapping[str, Any]) -> None:
    """The crate itself: name, licence, authors, profiles, and its runs."""
    root = crate.root_dataset
    root["name"] = f"overheard run {draft.experiment}"
    root["description"] = (
        f"Where every number of results/{draft.experiment} comes from: all jobs with inputs, outputs, settings, code, "
        "versions. Files over a megabyte, weights, arrays and media are described by sha256 and size, not contained."
    )
    root["datePublished"] = max((said["ended"] for said in draft.said.values()), default="1970-01-01T00:00:00+00:00")
    for address, name in PROFILES.items():
        profile = entity(address, "CreativeWork", name=name, version=address.rpartition("/")[2])
        crate.add_or_update_jsonld(profile)
    root["conformsTo"] = refs(PROFILES)
    licence = citation.get("license", "MIT")
    whose = "of the workflow and of what it made; media that a user gave keep their own"
    terms = entity(f"https://spdx.org/licenses/{licence}", "CreativeWork", name=licence, description=whose)
    root["license"] = ref(crate.add_jsonld(terms).id)
    root["author"] = refs(_authors(crate, citation))
    root["mentions"] = refs(one.id for one in crate.contextual_entities if str(one.type).endswith("Action"))


def _authors(crate: Any, citation: Mapping[str, Any]) -> list[str]:
    names = []
    for number, author in enumerate(citation.get("authors", [])):
        name = author.get("name") or f"{author.get('given-names', '')} {author.get('family-names', '')}".strip()
        kind = "Organization" if "name" in author else "Person"
        names.append(author.get("orcid") or f"#author-{number}")
        crate.add_jsonld(entity(names[-1], kind, name=name))
    return names
