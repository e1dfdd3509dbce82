"""A run as a Workflow Run RO-Crate; the profile's competency questions are answered from the crate alone.

The questions CQ1 to CQ11: https://www.researchobject.org/workflow-run-crate/requirements.
"""

import json
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from urllib.parse import unquote

import pytest

from overheard.errors import ConfigError, LineageError
from overheard.jobs import records
from overheard.jobs.circumstance import circumstance_path
from overheard.sharing.crate import write_crate
from overheard.study.flow import STAGES

RUN = "#run"
TRAIN = "#job/train/scene%2Bevent/image/seed-1/student"


class Crate:
    """A crate's entities by id, and what leads to what."""

    def __init__(self, metadata):
        self.folder = metadata.parent
        self.content = json.loads(metadata.read_text(encoding="utf-8"))
        self.entities = {entity["@id"]: entity for entity in self.content["@graph"]}
        assert len(self.entities) == len(self.content["@graph"]), "one id, two entities"

    def follow(self, start, *way):
        """Entities (or plain values) at the end of a way of properties."""
        found = [self.entities[start] if isinstance(start, str) else start]
        for key in way:
            values = [value for entity in found for value in as_list(entity.get(key, []))]
            found = [self.entities[value["@id"]] if isinstance(value, dict) else value for value in values]
        return found

    def of_type(self, kind):
        return [entity for entity in self.content["@graph"] if kind in as_list(entity["@type"])]


def as_list(value):
    return value if isinstance(value, list) else [value]


def names(entities):
    return {entity["name"] for entity in entities}


# the made study has no dull baselines
UNMADE = ("baselines", "frozen", "shuffle", "statistics", "claims", "counts")
MADE = [stage for stage in STAGES if stage not in UNMADE and not STAGES[stage].shown]


@pytest.fixture
def crate(study, tmp_path):
    (tmp_path / "config/mini.yaml").write_text("study: advance\n", encoding="utf-8")
    return Crate(write_crate(study, tmp_path / "crate", "Ada Example", "https://orcid.org/0000-0000-0000-0001"))


def test_every_reference_leads_to_an_entity_of_the_crate(crate):
    for entity in crate.content["@graph"]:
        for key, values in entity.items():
            for value in as_list(values):
                if isinstance(value, dict) and key not in ("url", "identifier") and entity["@type"] != "CreativeWork":
                    assert value["@id"] in crate.entities, (entity["@id"], key)


def test_every_job_is_an_action_that_used_and_made_what_its_record_says(crate, study):
    found = records.load_records(study)
    for job, record in found.items():
        (action,) = [
            entity
            for entity in crate.of_type("CreateAction")
            if crate.follow(entity, "subjectOf")[:1] == [crate.entities.get(job.replace("+", "%2B"))]
        ]
        for side, key in (("reads", "object"), ("writes", "result")):
            expected = {(entry["path"], entry["sha256"]) for entries in record[side].values() for entry in entries}
            files = [entity for entity in crate.follow(action, key) if entity["@type"] != "PropertyValue"]
            assert {(entity["name"], entity["sha256"]) for entity in files} == expected
        assert names(crate.follow(action, "instrument")) == {f"overheard {record['stage']}"}
    assert len(crate.of_type("CreateAction")) == len(found) + 1


def test_cq1_no_container_image_was_used(crate):
    assert not [action for action in crate.of_type("CreateAction") if "containerImage" in action or "image" in action]


def test_cq2_how_much_memory_and_cpu_was_used(crate):
    usage = {value["name"]: (value["value"], value["unitCode"]) for value in crate.follow(TRAIN, "resourceUsage")}
    unit = "https://qudt.org/vocab/unit"
    assert usage == {
        "seconds": ("0.5", f"{unit}/SEC"),
        "cpu_seconds": ("2.0", f"{unit}/SEC"),
        "peak_memory_bytes": ("300000000", f"{unit}/BYTE"),
    }
    total = sum(
        float(value["value"])
        for action in crate.of_type("CreateAction")
        for value in crate.follow(action, "resourceUsage")
        if value["name"] == "cpu_seconds"
    )
    assert total == 2.0 * (len(crate.of_type("CreateAction")) - 1)


def test_cq3_which_configuration_the_run_and_a_step_had(crate):
    used = [entity for entity in crate.follow(RUN, "object") if entity.get("encodingFormat") == "application/yaml"]
    assert names(used) == {"config/mini.yaml"}
    assert (crate.folder / "config/mini.yaml").read_text() == "study: advance\n"
    values = {
        value["name"]: value["value"] for value in crate.follow(TRAIN, "object") if value["@type"] == "PropertyValue"
    }
    assert values == {
        "train.method": "scene+event",
        "train.modality": "image",
        "train.seed": "1",
        "train.learning_rate": "0.002",
        "train.epochs": "30",
        "train.alpha": "0.1",
        "train.device": "cpu",
    }


def test_cq4_which_environment_it_ran_in(crate):
    files = crate.follow("./", "mainEntity", "buildInstructions")
    assert names(files) == {"environment.yml", "requirements.lock"}
    assert all((crate.folder / entity["@id"]).is_file() for entity in files)


def duration(action):
    return (datetime.fromisoformat(action["endTime"]) - datetime.fromisoformat(action["startTime"])).total_seconds()


def test_cq5_and_cq6_how_long_a_step_and_the_whole_took(crate):
    assert duration(crate.entities[TRAIN]) == 0.5
    jobs = len(crate.of_type("CreateAction")) - 1
    assert duration(crate.entities[RUN]) == jobs - 1 + 0.5, "a job a second, in the order they were made"


def test_cq7_all_of_it_was_successful(crate):
    for kind in ("CreateAction", "ControlAction", "OrganizeAction"):
        assert {action["actionStatus"] for action in crate.of_type(kind)} == {"http://schema.org/CompletedActionStatus"}


def test_cq8_what_went_into_the_whole_and_what_came_out(crate):
    assert names(crate.follow(RUN, "object")) == {"config/mini.yaml", "config/published.csv"}
    results = names(crate.follow(RUN, "result"))
    assert {
        "results/mini/tables/table2.md",
        "results/mini/tables/cells.csv",
        "results/mini/figures/figure3.png",
    } < results
    assert all(name.startswith(("results/mini/tables/", "results/mini/figures/")) for name in results)


def test_cq9_which_version_each_step_ran(crate):
    for stage in MADE:
        (tool,) = crate.follow(f"#step/{stage}", "workExample")
        assert tool["softwareVersion"] == "1101c5a" + "0" * 33


def test_cq10_what_a_tool_needs(crate):
    needed = {
        (entity["name"], entity["softwareVersion"]) for entity in crate.follow("#tool/train", "softwareRequirements")
    }
    assert needed == {("python", "3.11"), ("numpy", "2.4.6"), ("torch", "2.13.0")}


def test_cq11_how_parameters_were_handed_on(crate):
    pairs = {
        (source["name"], target["name"])
        for connection in crate.of_type("ParameterConnection")
        for source in crate.follow(connection, "sourceParameter")
        for target in crate.follow(connection, "targetParameter")
    }
    assert ("workflow.config", "train.alpha") in pairs
    assert ("relevance.relevance", "train.relevance") in pairs
    assert ("draw.media", "teacher.truth") in pairs, "a file inside the folder that was drawn"
    assert ("workflow.tables.published", "tables.published") in pairs
    assert ("tables.markdown", "workflow.tables.markdown") in pairs


def test_which_step_consumed_which_intermediate_file(crate):
    prior = crate.entities["results/mini/teacher/fold-0/prior.csv"]
    made = [action["@id"] for action in crate.of_type("CreateAction") if prior in crate.follow(action, "result")]
    used = [action["@id"] for action in crate.of_type("CreateAction") if prior in crate.follow(action, "object")]
    assert made == ["#job/teacher/fold-0/prior"]
    assert used == [TRAIN.replace("seed-1", "seed-0"), TRAIN]


def test_steps_stand_in_an_order_in_which_they_can_be_done(crate):
    position = {
        tool["@id"]: int(step["position"])
        for step in crate.of_type("HowToStep")
        for tool in crate.follow(step, "workExample")
    }
    makers = {
        result["@id"]: action["instrument"]["@id"]
        for action in crate.of_type("CreateAction")
        if action["@id"] != RUN
        for result in crate.follow(action, "result")
    }
    for action in crate.of_type("CreateAction"):
        for used in crate.follow(action, "object"):
            if used["@id"] in makers and action["@id"] != RUN:
                assert position[makers[used["@id"]]] < position[action["instrument"]["@id"]]


def test_snakemake_ran_every_step_and_ada_ran_snakemake(crate):
    (organize,) = crate.of_type("OrganizeAction")
    assert names(crate.follow(organize, "instrument")) == {"Snakemake"}
    assert {step["name"] for step in crate.follow(organize, "object", "instrument")} == set(MADE)
    jobs = {action["@id"] for action in crate.follow(organize, "object", "object")}
    assert jobs | {RUN} == {action["@id"] for action in crate.of_type("CreateAction")}
    assert names(crate.follow(organize, "result", "agent")) == {"Ada Example"}


def test_readable_files_are_contained_and_heavy_ones_described(crate, study):
    contained = [entity for entity in crate.follow("./", "hasPart") if entity["@id"] in crate.entities]
    for entity in contained:
        content = (crate.folder / unquote(entity["@id"])).read_bytes()
        assert (entity["sha256"], int(entity["contentSize"])) == (sha256(content).hexdigest(), len(content))
    assert "results/mini/tables/table2.md" in {entity["@id"] for entity in contained}
    assert "results/mini/teacher/fold-0/prior.record.json" in {entity["@id"] for entity in contained}
    student = crate.entities["#results/mini/train/scene/image/seed-0/student.pt"]
    assert student["sha256"] == sha256((study / "train/scene/image/seed-0/student.pt").read_bytes()).hexdigest()
    files = {path.suffix for path in crate.folder.rglob("*")}
    assert not files & {".pt", ".npy", ".npz", ".wav", ".jpg"}


def test_the_same_run_gives_the_same_crate(crate, study, tmp_path):
    again = write_crate(study, tmp_path / "again", "Ada Example", "https://orcid.org/0000-0000-0000-0001").parent
    files = sorted(path.relative_to(crate.folder) for path in crate.folder.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert all((crate.folder / path).read_bytes() == (again / path).read_bytes() for path in files)


def test_a_job_that_was_put_back_has_the_times_of_its_computation(made, study, tmp_path):
    path = study / "teacher/fold-0/prior.record.json"
    once = json.loads(circumstance_path(path).read_text()) | {"started": "2026-10-01T08:00:00.000+00:00"}
    made.circumstance(
        made.path("teacher/fold-0/prior.record.json"), records.read_record(path), how="put back", computed=once
    )
    action = Crate(write_crate(study, tmp_path / "crate")).entities["#job/teacher/fold-0/prior"]
    assert action["startTime"] == "2026-10-01T08:00:00.000+00:00"
    assert "put back from the store" in action["description"]
    assert "agent" not in action


def test_a_crate_is_not_written_over(crate, study):
    with pytest.raises(ConfigError, match="already exists"):
        write_crate(study, crate.folder)


def test_nothing_false_is_packed(study, tmp_path):
    (study / "tables/table2.md").write_text("| better |\n", encoding="utf-8")
    with pytest.raises(LineageError, match="table2.md: sha256"):
        write_crate(study, tmp_path / "crate")
    assert not list(tmp_path.glob("*crate*"))


def test_records_that_contradict_each_other_are_refused(study, tmp_path):
    path = study / "teacher/fold-0/prior.record.json"
    record = records.read_record(path)
    record["reads"]["logits"][0]["sha256"] = "f" * 64
    records.write_record(path, records.sealed(record))
    with pytest.raises(LineageError, match="teacher/logits.npy: read by .*prior.record.json, but"):
        write_crate(study, tmp_path / "crate")


_FILL_CACHE = """
import io, sys
from pathlib import Path
import requests_cache
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

files = {
    "https://w3id.org/ro/crate/1.1/context": "ro-crate-1.1-context.jsonld",
    "https://w3id.org/ro/terms/workflow-run/context": "workflow-run-context.jsonld",
}

class Local(HTTPAdapter):
    def send(self, request, **_):
        body = (Path(sys.argv[1]) / files[request.url]).read_bytes()
        raw = HTTPResponse(io.BytesIO(body), {"Content-Type": "application/ld+json"}, 200, preload_content=False)
        return self.build_response(request, raw)

session = requests_cache.CachedSession(sys.argv[2], backend="sqlite", expire_after=-1)
session.mount("https://", Local())
for address in files:
    session.get(address).raise_for_status()
"""

_ASK = """
import json, sys
from pathlib import Path
import rdflib

contexts, crate = Path(sys.argv[1]), Path(sys.argv[2])
content = json.loads((crate / "ro-crate-metadata.json").read_text())
local = ("ro-crate-1.1-context.jsonld", "workflow-run-context.jsonld")
terms = [json.loads((contexts / name).read_text())["@context"] for name in local]
content["@context"] = [*terms, *content["@context"][2:]]
graph = rdflib.Graph().parse(data=json.dumps(content), format="json-ld", publicID="https://example.org/crate/")
rows = graph.query('''
PREFIX s: <http://schema.org/>
PREFIX w: <https://w3id.org/ro/terms/workflow-run#>
SELECT ?name ?value WHERE {
  ?o a s:OrganizeAction ; s:object/s:object ?job .
  ?job s:name ?name ; w:resourceUsage ?u .
  ?u s:name "cpu_seconds" ; s:value ?value .
}''')
print(json.dumps({str(row.name): str(row.value) for row in rows}))
"""


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """An environment of its own with the validator of the profile's authors."""
    folder = tmp_path_factory.mktemp("validator")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "roc-validator==0.13.0"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"roc-validator cannot be installed here: {done.stderr.splitlines()[-1]}")
    return folder / "bin"


def verdict(validator, crate, shared):
    contexts, cache = shared / "data/ro-crate", crate.parent / "cache"
    if not contexts.is_dir():
        pytest.skip("the RO-Crate contexts are not beside this checkout")
    subprocess.run([validator / "python", "-c", _FILL_CACHE, contexts, cache], check=True)
    report = crate.parent / "report.json"
    command = [validator / "rocrate-validator", "validate", "--offline", "--cache-path", cache, "--no-paging"]
    command += ["-p", "provenance-run-crate", "-l", "REQUIRED", "-f", "json", "-o", report, crate]
    subprocess.run(command, capture_output=True, check=False)
    found = json.loads(report.read_text())
    return found["passed"], [issue["message"] for issue in found["issues"]]


@pytest.mark.long
def test_the_profiles_own_validator_accepts_it_offline(crate, validator, shared):
    assert verdict(validator, crate.folder, shared) == (True, [])


@pytest.mark.long
def test_and_refuses_one_whose_steps_have_no_tool(crate, validator, shared):
    for entity in crate.of_type("HowToStep"):
        del entity["workExample"]
    (crate.folder / "ro-crate-metadata.json").write_text(json.dumps(crate.content), encoding="utf-8")
    passed, messages = verdict(validator, crate.folder, shared)
    assert not passed
    assert "A HowToStep must refer to its corresponding tool via workExample" in messages


@pytest.mark.long
def test_sparql_finds_what_each_job_cost(crate, validator, shared):
    command = [validator / "python", "-c", _ASK, shared / "data/ro-crate", crate.folder]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    jobs = names(crate.of_type("CreateAction")) - {"overheard run mini"}
    assert answer == dict.fromkeys(jobs, "2.0")
