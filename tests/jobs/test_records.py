"""Records: equal work gives equal records, and any changed byte of one is noticed."""

import json
from pathlib import Path

import pytest

from overheard.errors import LineageError
from overheard.jobs import records
from overheard.study.layout import record_of

DEFINITIONS = {"overheard.x:y": "0" * 12}
# by `printf '{"overheard.x:y":"000000000000"}' | sha256sum`
CODE = "e649ff2d0607a3e5c6d155d11897a02307af0907333e869d63621bd7906257ec"
DRAFT = {
    "record": 1,
    "stage": "prior",
    "settings": {"beta": 0.5, "name": "Höfe"},
    "reads": {"logits": [{"path": "results/a/teacher/logits.npy", "sha256": "a" * 64, "bytes": 3, "record": None}]},
    "writes": {"prior": [{"path": "results/a/teacher/fold-0/prior.csv", "sha256": "b" * 64, "bytes": 4}]},
    "code": {"digest": CODE, "definitions": DEFINITIONS},
    "environment": {"python": "3.11"},
}


def changed(*path, to):
    """The draft with one value replaced."""
    copy = json.loads(json.dumps(DRAFT))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return copy


def test_identity_is_what_decides_and_no_path():
    identity = records.identity_of(DRAFT)
    assert records.identity_of(changed("reads", "logits", 0, "path", to="results/b/teacher/logits.npy")) == identity
    assert records.identity_of(changed("writes", "prior", 0, "sha256", to="d" * 64)) == identity
    assert records.identity_of(changed("code", "definitions", to={})) == identity
    others = [
        changed("stage", to="relevance"),
        changed("settings", "beta", to=0.25),
        changed("reads", "logits", 0, "sha256", to="d" * 64),
        changed("code", "digest", to="d" * 64),
        changed("environment", "python", to="3.12"),
        changed("writes", "prior", to=DRAFT["writes"]["prior"] * 2),
    ]
    assert len({identity, *map(records.identity_of, others)}) == len(others) + 1


def test_identity_is_sha256_of_canonical_json_as_published():
    # computed by `jq -cS . | tr -d '\n' | sha256sum` on the decided part
    import hashlib

    text = (
        '{"code":"' + CODE + '","environment":{"python":"3.11"},"reads":{"logits":["' + "a" * 64 + '"]},"record":1,'
        '"settings":{"beta":0.5,"name":"Höfe"},"stage":"prior","writes":{"prior":1}}'
    )
    assert records.identity_of(DRAFT) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"b": [], "a": {}, "c": [[], [{}], {"x": []}]},
        {"text": 'a "quoted", {line}\n and [ another: ', "Höfe": None, "n": [1, 2.5, 1e-7, True, False, -0.0]},
        {"deep": {"b": {"c": {"e": 1, "d": [{"g": 1, "f": [[1]]}]}}, "a": 1}},
        DRAFT,
    ],
)
def test_a_record_is_written_as_the_json_library_writes(content):
    assert records.as_text(content) == json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_every_flipped_bit_of_a_record_is_refused(tmp_path):
    path = tmp_path / "prior.record.json"
    records.write_record(path, records.sealed(DRAFT))
    content = path.read_bytes()
    assert records.read_record(path) == records.sealed(DRAFT)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        with pytest.raises(LineageError, match="prior.record.json"):
            records.read_record(path)


@pytest.mark.parametrize(
    "definitions",
    [
        {},
        {"overheard.x:y": "1" * 12},
        {"overheard.x:z": "0" * 12},
        DEFINITIONS | {"overheard.stages.prior:prior": "0" * 12},
    ],
)
def test_invented_definitions_are_refused(tmp_path, definitions):
    """Neither identity nor the code's digest has them in it: sealed again, such a record is whole otherwise."""
    path = tmp_path / "prior.record.json"
    records.write_record(path, records.sealed(changed("code", "definitions", to=definitions)))
    with pytest.raises(LineageError, match="prior.record.json: its code.definitions are not those of its code.digest"):
        records.read_record(path)


@pytest.mark.parametrize("code", [None, {}, {"digest": CODE}, {"digest": CODE, "definitions": None}, CODE])
def test_a_record_without_its_definitions_is_refused(tmp_path, code):
    path = tmp_path / "prior.record.json"
    whole = records.sealed(DRAFT) | {"code": code}
    path.write_text(records.as_text(whole | {"digest": records.digest_of(whole)}))
    with pytest.raises(LineageError, match="prior.record.json.*delete it and run again"):
        records.read_record(path)


def test_a_record_written_anew_by_another_program_is_refused(tmp_path):
    """Its content is the same, but the file is not: whoever compares bytes would find it changed."""
    path = tmp_path / "prior.record.json"
    path.write_text(json.dumps(records.sealed(DRAFT), indent=2, sort_keys=True) + "\n")
    with pytest.raises(LineageError, match="was changed after it was written"):
        records.read_record(path)


def test_a_cut_or_missing_record_names_the_next_command(tmp_path):
    path = tmp_path / "prior.record.json"
    with pytest.raises(LineageError, match="run the step"):
        records.read_record(path)
    for text in ("", "[]", "{}", '{"record": 1}'):
        path.write_text(text)
        with pytest.raises(LineageError, match="run again"):
            records.read_record(path)


def test_a_folder_without_records_is_named(tmp_path):
    with pytest.raises(LineageError, match="overheard run"):
        records.load_records(tmp_path / "nowhere")


@pytest.mark.parametrize("folder", ["results/a", "reference/a", "/elsewhere/results/a"])
def test_recorded_paths_are_found_where_the_results_lie(folder):
    found = records.located("results/a/teacher/fold-0/prior.csv", Path(folder))
    assert found == Path(folder, "teacher/fold-0/prior.csv")
    assert records.recorded(found, Path(folder)) == "results/a/teacher/fold-0/prior.csv"
    assert records.located("/data/pairs", Path(folder)) == Path("/data/pairs")


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("results/a/draw/pairs", "results/a/draw/pairs.record.json"),
        ("results/a/draw/pairs/truth/events.csv", "results/a/draw/pairs.record.json"),
        ("results/a/media/scenes/index.csv", "results/a/media/scenes/media.record.json"),
        ("results/a/media/fold-0/splits.csv", "results/a/media/fold-0/split.record.json"),
        ("results/a/features/tagger_mn04.npy", "results/a/features/tagger_mn04.record.json"),
        ("results/a/features/sounds/paper.pooled.npy", "results/a/features/sounds/paper.record.json"),
        (
            "results/a/train/scene+event/image+sound/seed-3/student.pt",
            "results/a/train/scene+event/image+sound/seed-3/student.record.json",
        ),
        ("results/a/evaluate/scene/image/seed-3/events.npz", "results/a/evaluate/scene/image/evaluate.record.json"),
        ("results/a/tables/table2.cells.csv", "results/a/tables/table2.record.json"),
        ("results/a/tables/cells.csv", "results/a/tables/cells.record.json"),
        ("results/a/figures/figure6.pdf", "results/a/figures/figure6.record.json"),
        ("results/a/figures/figure6.record.json", "results/a/figures/figure6.record.json"),
        ("results/a/notes.txt", None),
        ("/data/pairs/x.wav", None),
    ],
)
def test_which_job_makes_a_file(path, record):
    assert record_of(path) == record
