"""Records of a real run: the published schema, the files they name, and the place that says which job makes a file."""

import json
from pathlib import Path

import jsonschema
import pytest

from overheard.jobs import hashing, records
from overheard.jobs.circumstance import read_circumstance
from overheard.study.layout import record_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "record.schema.json").read_text())
COMPANIONS = (".circumstance.json", ".files.csv", ".record.json")


@pytest.fixture(scope="module")
def study(miniature):
    folder = miniature / "results" / "mini"
    return miniature, records.load_records(folder)


def test_every_record_and_circumstance_is_of_the_published_schema(study):
    folder, found = study
    whole = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    said = whole.evolve(schema=SCHEMA | {"$ref": "#/$defs/circumstance", "type": "object"})
    assert len(found) == 136
    for path, record in found.items():
        whole.validate(record)
        beside = read_circumstance(folder / path)
        jsonschema.Draft202012Validator({**SCHEMA["$defs"]["circumstance"], "$defs": SCHEMA["$defs"]}).validate(beside)
        assert records.digest_of(beside) == beside["digest"]
        assert beside["of"] == record["digest"]
    assert said is not None


def test_every_file_is_written_by_the_job_that_its_path_says(study):
    folder, found = study
    written = {}
    for path, record in found.items():
        for entry in records.entries(record["writes"]):
            assert record_of(entry["path"]) == path
            assert entry["path"] not in written
            written[entry["path"]] = entry
    for file in (folder / "results" / "mini").rglob("*"):
        name = file.relative_to(folder).as_posix()
        drawn = any(place in written for place in (name, *(p.as_posix() for p in Path(name).parents)))
        hidden = any(part.startswith(".") for part in Path(name).parts)
        assert file.is_dir() or hidden or drawn or name.endswith(COMPANIONS), name


def test_hashes_are_those_of_the_files(study):
    folder, found = study
    for record in found.values():
        for entry in records.entries(record["writes"]):
            content = hashing.read(folder / entry["path"])
            assert (content.sha256, content.bytes, content.files) == (
                entry["sha256"],
                entry["bytes"],
                entry.get("files"),
            )


def test_what_is_read_was_written_by_the_record_it_names(study):
    _, found = study
    for record in found.values():
        for entry in records.entries(record["reads"]):
            if entry["record"] is None:
                assert entry["path"].endswith("config/published/advance.csv")
                continue
            made = {made["path"]: made["sha256"] for made in records.entries(found[entry["record"]]["writes"])}
            inside = any(place.as_posix() in made for place in Path(entry["path"]).parents)
            assert made.get(entry["path"], entry["sha256"] if inside else None) == entry["sha256"]
