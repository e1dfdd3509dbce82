"""The data set as Croissant; mlcommons' own validator and loader read it in the long tier."""

import json
import subprocess
import sys
from hashlib import sha256

import pytest

from overheard.errors import LineageError
from overheard.sharing.croissant import describe


@pytest.fixture
def described(study):
    describe(study, study / "croissant.json")
    return json.loads((study / "croissant.json").read_text(encoding="utf-8"))


def by_id(nodes):
    return {node["@id"]: node for node in nodes}


def test_every_table_is_there_with_its_sha256(described, study):
    files = by_id(node for node in described["distribution"] if node["@type"] == "cr:FileObject")
    assert set(files) == {"splits-fold-0.csv"} | {
        f"{name}-{table}" for name in ("pairs", "scenes", "sounds") for table in ("index.csv", "manifest.csv", "folder")
    }
    for node in files.values():
        if node["encodingFormat"] == "text/csv":
            assert node["sha256"] == sha256((study / node["contentUrl"]).read_bytes()).hexdigest()
        else:
            assert (study / node["contentUrl"]).is_dir()


def test_sets_of_files_match_the_pictures_and_sounds_and_no_masks(described, study):
    sets = by_id(node for node in described["distribution"] if node["@type"] == "cr:FileSet")
    folder = study / "draw/pairs"
    found = {path for pattern in sets["pairs-pictures"]["includes"] for path in folder.glob(pattern)}
    assert found == set(folder.glob("vision/*/*.jpg"))
    found = {path for pattern in sets["pairs-sounds"]["includes"] for path in folder.glob(pattern)}
    assert found == set(folder.glob("sound/*/*.wav"))
    assert sets["scenes-pictures"]["includes"][0] == "*/*.jpg"
    assert sets["sounds-sounds"]["includes"][0] == "sound/*.wav"


def test_records_have_the_columns_of_the_tables(described):
    sets = by_id(described["recordSet"])
    assert [field["name"] for field in sets["splits-fold-0"]["field"]] == ["id", "split", "fold"]
    kinds = {field["name"]: field["dataType"] for field in sets["pairs"]["field"]}
    assert (kinds["id"], kinds["lat"], kinds["class"]) == ("sc:Text", "sc:Float", "sc:Text")
    assert sets["pairs"]["key"] == {"@id": "pairs/id"}
    assert sets["pairs-manifest"]["key"] == {"@id": "pairs-manifest/path"}


def test_it_says_that_the_twin_is_simulated(described):
    assert described["description"].startswith("SIMULATED: pictures and sounds drawn by the program")
    assert "coupling 0.5" in described["description"]
    assert described["datePublished"] == "2026-11-21"


def test_places_are_seen_from_where_it_is_written(study, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    describe(study, tmp_path / "elsewhere/data.json")
    described = json.loads((tmp_path / "elsewhere/data.json").read_text())
    places = {node["@id"]: node["contentUrl"] for node in described["distribution"] if "contentUrl" in node}
    assert places["splits-fold-0.csv"] == "../results/mini/media/fold-0/splits.csv"


def test_a_table_that_was_changed_is_refused(study):
    with (study / "media/fold-0/splits.csv").open("a", encoding="utf-8") as stream:
        stream.write("99999,test\n")
    with pytest.raises(LineageError, match="splits.csv: sha256 .* its record says"):
        describe(study, study / "croissant.json")
    assert not (study / "croissant.json").exists()


@pytest.fixture(scope="module")
def mlcroissant(tmp_path_factory):
    """An environment of its own with the format's reference program."""
    folder = tmp_path_factory.mktemp("mlcroissant")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "mlcroissant==1.1.1"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mlcroissant cannot be installed here: {done.stderr.splitlines()[-1]}")
    return folder / "bin/mlcroissant"


@pytest.mark.long
def test_the_reference_program_accepts_it(described, study, mlcroissant):
    done = subprocess.run(
        [mlcroissant, "validate", "--jsonld", study / "croissant.json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    described["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "nowhere.csv"
    (study / "croissant.json").write_text(json.dumps(described), encoding="utf-8")
    done = subprocess.run(
        [mlcroissant, "validate", "--jsonld", study / "croissant.json"], capture_output=True, text=True
    )
    assert done.returncode != 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("records", "expected"),
    [("splits-fold-0", "'splits-fold-0/split': b'train'"), ("pairs", "'pairs/image': b'vision/forest/00000.jpg'")],
)
def test_the_reference_program_loads_its_records(described, study, mlcroissant, records, expected):
    command = [mlcroissant, "load", "--jsonld", study / "croissant.json", "--record_set", records, "--num_records", "1"]
    assert expected in subprocess.run(command, capture_output=True, text=True, check=True).stdout
