"""A small results folder, each leak planted in it; and the published selection, counted by others."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.jobs import records
from overheard.learning.relevance import selected_clips
from overheard.lineage.leak_report import allowed_by_protocol, leak_report
from overheard.media import leak_lines, leaks
from overheard.media.class_order import RELEASED
from overheard.stages.normaliser import normaliser
from overheard.stages.prior import prior
from overheard.stages.relevance import relevance
from overheard.study import config
from overheard.study.checking import check
from overheard.study.experiments import project_root
from overheard.study.layout import record_of
from overheard.study.transfer.experiment import Experiment

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
CLASSES = ("beach", "forest", "lake")
WORDS = ("train", "train", "val", "test")
BOTH = {"index": "media/index.csv", "splits": "media/fold-0/splits.csv"}
INDEX = ["id", "class", "location", "recording", "lat", "lon", "image", "sound"]


def of_fold(fold: int) -> dict[str, str]:
    """What a run of a fold reads."""
    made = {f"{kind}_normaliser": f"features/fold-{fold}/normaliser.{kind}.npz" for kind in ("image", "sound")}
    made |= {name: f"teacher/fold-{fold}/{name}.csv" for name in ("prior", "relevance")}
    return {"index": "media/index.csv", "splits": f"media/fold-{fold}/splits.csv"} | made


def clips() -> list[dict[str, str]]:
    """24: three classes, four locations each, two clips a location."""
    rows = []
    for kind, name in enumerate(CLASSES):
        for place, word in enumerate(WORDS):
            number = f"{kind}{place}"
            for clip in (number, f"{number}_1"):
                files = {"image": f"vision/{name}/{clip}.jpg", "sound": f"sound/{name}/{clip}.wav"}
                where = {"location": number, "recording": f"r{number}", "lat": str(10 + kind), "lon": str(20 + place)}
                rows.append({"id": clip, "class": name, "split": word} | where | files)
    return rows


def pictures(seed: int, count: int) -> np.ndarray:
    clouds = ndimage.gaussian_filter(np.random.default_rng(seed).normal(128, 900, (count, 64, 64, 3)), (0, 2.5, 2.5, 0))
    return np.clip(clouds, 0, 255).astype(np.uint8)


def sounds(seed: int, count: int) -> np.ndarray:
    """Log-mels of noise: the grain of 600 frames, of which a clip has 400."""
    values = np.random.default_rng(seed).normal(-30, 5, (count, 600, 64)).astype(np.float32)
    values[..., 7] = -40  # a band without deviation, which the normaliser leaves unscaled
    return values


class Folder:
    """A results folder as the stages write it."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, clips()
        self.images, self.sounds = pictures(0, 24), sounds(1, 24)
        self.scenes, self.tagged = pictures(2, 8), sounds(3, 8)
        self.logits = np.random.default_rng(4).normal(-3, 2, (24, 527)).astype(np.float32)
        self.windows = [0] * 24
        self.doubled: list[dict[str, str]] = []
        self.sums = {row[kind]: f"{kind}{row['id']}" for row in self.rows for kind in ("image", "sound")}
        self.other_sums = {"Airport/a.jpg": "scene"}

    def clip(self, name: str) -> int:
        return [row["id"] for row in self.rows].index(name)

    def write(self) -> "Folder":
        for part in ("media/scenes", "features/scenes", "features/sounds"):
            (self.path / part).mkdir(parents=True, exist_ok=True)
        self.write_fold(0)
        rows = [{column: row[column] for column in INDEX} for row in self.rows]
        artifacts.write_table(self.path / "media/index.csv", INDEX, rows)
        for part, sums in (("media", self.sums), ("media/scenes", self.other_sums)):
            lines = [{"path": path, "sha256": sha256} for path, sha256 in sums.items()]
            artifacts.write_table(self.path / part / "manifest.csv", ["path", "sha256"], lines)
        windows = zip(self.sounds, self.windows, strict=True)
        self._array("features/images", self.images)
        self._array("features/paper", np.stack([sound[start : start + 400] for sound, start in windows]))
        self._array("features/scenes/images", self.scenes)
        self._array("features/sounds/paper", self.tagged[:, :400])
        self._array("teacher/logits", self.logits)
        features = self.path / "features"
        for name, step in {"images": 1, "scenes/images": 1, "paper": 4}.items():
            pooled = np.load(features / f"{name}.npy")[:, ::step]
            artifacts.write_array(features / f"{name}.pooled.npy", pooled)
        self.make("prior", "relevance", "normaliser")
        self.record("train/scene/image/seed-0/student", "train", **BOTH)
        self.record("teacher/teacher", "teacher", settings={"teacher_normaliser": "own"})
        return self

    def write_fold(self, fold: int) -> None:
        """A fold's split, of the words that the rows have now."""
        for part in ("media", "features", "teacher"):
            (self.path / part / f"fold-{fold}").mkdir(parents=True, exist_ok=True)
        splits = [{"id": row["id"], "split": row["split"]} for row in self.rows] + self.doubled
        artifacts.write_table(self.path / f"media/fold-{fold}/splits.csv", ["id", "split"], splits)

    def write_second_fold(self) -> None:
        """Fold 1 tests what fold 0 validates, and trains on what fold 0 tests; two folds, and a run of each."""
        words = {"val": "test", "test": "train", "train": "train"}
        first = [row["split"] for row in self.rows]
        for row in self.rows:
            row["split"] = "val" if row["location"].endswith("0") else words[row["split"]]
        self.write_fold(1)
        self.make("prior", "relevance", "normaliser", fold=1)
        for row, word in zip(self.rows, first, strict=True):
            row["split"] = word
        for fold in (0, 1):
            settings = {"fold": fold, "settings": {"folds": 2}}
            self.record(f"media/fold-{fold}/split", "split", settings=settings, index="media/index.csv")
            self.record(f"train/scene/image/seed-{fold}/student", "train", **of_fold(fold))

    def record(
        self, job: str, stage: str, made_by: dict | None = None, settings: dict | None = None, **reads: str | list[str]
    ) -> None:
        """A job's record; `made_by` says for a flag another record than that of the job that makes the file."""
        entries = {}
        for flag, names in reads.items():
            entries[flag] = []
            for name in [names] if isinstance(names, str) else names:
                path = f"results/small/{name}"
                content = (self.path / name).read_bytes()
                entry = {"path": path, "sha256": records.sha256(content).hexdigest(), "bytes": len(content)}
                entries[flag].append(entry | {"record": record_of(path)} | (made_by or {}).get(flag, {}))
        content = {"record": 1, "stage": stage, "settings": settings or {"modality": "image"}, "reads": entries}
        content |= {"writes": {}}
        content |= {"code": {"digest": records.code_digest({}), "definitions": {}}, "environment": {}}
        place = self.path / f"{job}.record.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        records.write_record(place, records.sealed(content))

    def _array(self, name: str, values: np.ndarray) -> None:
        artifacts.write_array(self.path / f"{name}.npy", values)
        ids = [row["id"] for row in self.rows] if len(values) == 24 else [f"other{row}" for row in range(len(values))]
        artifacts.write_ids(self.path / f"{name}.ids.csv", ids)

    def make(self, *products: str, words=("train",), fold: int = 0) -> None:
        """Run the stages; clips of `words` pass for training clips."""
        pretended = self.path / "pretended.csv"
        lines = [{"id": row["id"], "split": "train" if row["split"] in words else "val"} for row in self.rows]
        artifacts.write_table(pretended, ["id", "split"], lines)
        media, features, teacher = (self.path / part for part in ("media", "features", "teacher"))
        logits = (teacher / "logits.npy", teacher / "logits.ids.csv", media / "index.csv", pretended)
        if "prior" in products:
            prior(*logits, prior=teacher / f"fold-{fold}/prior.csv")
        if "relevance" in products:
            relevance(*logits, relevance=teacher / f"fold-{fold}/relevance.csv")
        if "normaliser" in products:
            arrays = [features / f"{name}{end}" for name in ("images", "paper") for end in (".pooled.npy", ".ids.csv")]
            made = {
                f"{kind}_normaliser": self.path / of_fold(fold)[f"{kind}_normaliser"] for kind in ("image", "sound")
            }
            normaliser(*arrays, splits=pretended, front_end="paper", **made)


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "results/small")


def leaking(path: Path, **options) -> dict[tuple[str, str], tuple[str, ...] | None]:
    """What is found, by way and split; None where the clips are not known."""
    report = leak_report(path, **options)
    assert report.has_forbidden == bool(report.forbidden)
    return {(line.way, line.clips_of): None if line.found is None else line.clips for line in report.forbidden}


def test_a_clean_folder_is_clean_and_every_way_is_examined(folder):
    report = leak_report(folder.write().path)
    assert not report.has_forbidden
    assert not report.not_examined
    assert len(report.lines) == 34
    assert {line.of for line in report.lines} == {6}


def set_split(folder):
    folder.rows[folder.clip("00_1")]["split"] = "test"


def set_recording(folder):
    folder.rows[folder.clip("13")]["recording"] = "r10"


def set_coordinate(folder):
    folder.rows[folder.clip("13")] |= {"lat": "10", "lon": "20"}


def set_near(folder):
    folder.rows[folder.clip("13")] |= {"lat": "10.001", "lon": "20"}


def double_clip(folder):
    folder.doubled = [{"id": "13", "split": "train"}]


def set_file(folder):
    folder.sums["sound/forest/12.wav"] = folder.sums["sound/beach/01.wav"]


def copy_picture(folder):
    # mirrored, half the size and back, another brightness, another id
    small = folder.images[folder.clip("13")][::2, ::-2]
    folder.images[folder.clip("00")] = (np.kron(small, np.ones((2, 2, 1))) * 0.9).astype(np.uint8)


def copy_sound(folder):
    # the same recording, quieter by 9 dB, 3 s later
    folder.sounds[folder.clip("00")] = folder.sounds[folder.clip("12")] - 9
    folder.windows[folder.clip("00")] = 120


def copy_scene(folder):
    folder.scenes[5] = np.rot90(folder.images[folder.clip("23_1")])


def copy_tagged(folder):
    folder.tagged[2, :400] = folder.sounds[folder.clip("02"), 150:550]


def copy_scene_file(folder):
    folder.other_sums["Airport/b.jpg"] = folder.sums["vision/lake/23.jpg"]


PLANTED = {
    set_recording: {("recording", "test"): ("13 ~ 10",)},
    set_coordinate: {("coordinate", "test"): ("13 ~ 00",), ("near", "test"): ("13 ~ 00 (0 m)",)},
    set_near: {("near", "test"): ("13 ~ 00 (111 m)",)},
    double_clip: {("clip", "test"): ("13 (test, train)",)},
    set_file: {("file", "val"): ("12 ~ 01",)},
    copy_scene_file: {("pretrain_file", "test"): ("23 ~ scenes/Airport/b.jpg",)},
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_leak_is_found_exactly(folder, plant):
    plant(folder)
    assert leaking(folder.write().path) == PLANTED[plant]


def test_a_location_in_two_splits_is_found_by_all_that_it_shares(folder):
    set_split(folder)
    assert leaking(folder.write().path) == {
        ("location", "test"): ("00_1 ~ 00",),
        ("recording", "test"): ("00_1 ~ 00",),
        ("coordinate", "test"): ("00_1 ~ 00",),
        ("near", "test"): ("00_1 ~ 00 (0 m)",),
    }


@pytest.mark.parametrize(
    ("plant", "line", "start"),
    [
        (copy_picture, ("picture", "test"), "13 ~ 00 ("),
        (copy_sound, ("sound", "val"), "12 ~ 00 ("),
        (copy_scene, ("pretrain_picture", "test"), "23_1 ~ scenes/other5 ("),
        (copy_tagged, ("pretrain_sound", "val"), "02 ~ sounds/other2 ("),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_copy_under_another_name_is_found(folder, plant, line, start):
    plant(folder)
    found = leaking(folder.write().path)
    assert list(found) == [line]
    assert len(found[line]) == 1
    assert found[line][0].startswith(start)


@pytest.mark.parametrize(
    ("job", "reads", "said"),
    [
        (
            "train/scene/sound/seed-0/student",
            {"splits": "leaky.csv"},
            "read results/small/leaky.csv, not media/fold-0/splits.csv",
        ),
        ("teacher/fold-0/prior", {"index": "leaky.csv"}, "read results/small/leaky.csv, not media/index.csv"),
        (
            "teacher/fold-0/relevance",
            {"splits": "pretended.csv"},
            "read results/small/pretended.csv, not media/fold-0/splits.csv",
        ),
        (
            "features/fold-0/normaliser",
            {"splits": "leaky.csv"},
            "read results/small/leaky.csv, not media/fold-0/splits.csv",
        ),
        (
            "evaluate/scene/image/evaluate",
            {"splits": "leaky.csv"},
            "read results/small/leaky.csv, not media/fold-0/splits.csv",
        ),
        ("pretrain/image", {}, "read results/small/media/index.csv, not media/scenes/index.csv"),
    ],
)
def test_a_job_that_read_another_split_is_found_whatever_the_split_file_says(folder, job, reads, said):
    folder.write()
    (folder.path / "leaky.csv").write_text("id,split\n" + "".join(f"{row['id']},train\n" for row in folder.rows))
    stage = job.split("/")[-1] if "fold" in job else job.split("/")[0]
    students = {"students": ["train/scene/image/seed-0/student.pt"]} if stage == "evaluate" else {}
    (folder.path / "train/scene/image/seed-0/student.pt").write_text("a student")
    folder.record(job, stage, **(BOTH | reads | students))
    assert leaking(folder.path) == {("other_split", "test"): None, ("other_split", "val"): None}
    line = leak_report(folder.path).forbidden[0]
    assert line.remark == f"results/small/{job}.record.json {said}"
    assert line.of == 6


def test_the_right_path_with_other_content_or_of_no_job_is_found(folder):
    folder.write()
    folder.record("train/scene/sound/seed-0/student", "train", **BOTH, made_by={"splits": {"record": None}})
    assert ("other_split", "test") in leaking(folder.path)
    folder.record("train/scene/sound/seed-0/student", "train", **BOTH, made_by={"splits": {"sha256": "0" * 64}})
    assert ("other_split", "test") in leaking(folder.path)
    folder.record("train/scene/sound/seed-0/student", "train", index="media/index.csv")
    assert ("other_split", "test") in leaking(folder.path)
    folder.record("train/scene/sound/seed-0/student", "train", **BOTH)
    assert leaking(folder.path) == {}
    for path in folder.path.rglob("*.record.json"):
        path.unlink()
    assert {line.way for line in leak_report(folder.path).not_examined} == {"other_split", "teacher_normaliser"}


def test_a_coordinate_that_is_none_is_refused_by_name(folder):
    folder.rows[folder.clip("13")]["lat"] = "north"
    with pytest.raises(MediaError, match="clip 13: lat north"):
        leak_report(folder.write().path)


@pytest.mark.parametrize(
    ("product", "ways"),
    [
        ("prior", ["prior"]),
        ("relevance", ["relevance"]),
        ("normaliser", ["normaliser_picture", "normaliser_sound"]),
    ],
)
def test_what_a_product_was_made_from_is_told(folder, product, ways):
    path = folder.write().path
    tests = tuple(row["id"] for row in folder.rows if row["split"] == "test")
    folder.make(product, words=("train", "test"))
    assert leaking(path) == {(form, "test"): tests for way in ways for form in (way, f"{way}_location")}
    assert leaking(path, allowed=[*ways, *(f"{way}_location" for way in ways)]) == {}
    folder.make(product, words=("train", "val", "test"))
    assert {held for _, held in leaking(path)} == {"test", "val"}
    folder.make(product)
    assert leaking(path) == {}
    # one clip more than the training clips: nobody can say which, but it is no longer explained
    row = folder.rows[folder.clip("23")]
    row["split"] = "train"
    folder.make(product)
    row["split"] = "test"
    assert leaking(path) == {(way, held): None for way in ways for held in ("test", "val")}


@pytest.mark.parametrize("how", ["seventy_percent", "all"])
def test_what_a_protocol_takes_from_test_clips_is_told_in_every_form(folder, how):
    """The selection by clip, and each direction and sign of a relevance vector, are recognised."""
    path = folder.write().path
    reads = {"logits": path / "teacher/logits.npy", "logit_ids": path / "teacher/logits.ids.csv"}
    reads |= {name: path / BOTH[name] for name in BOTH}
    forms = [("gram_eigenvector", "positive_sum")]
    forms += [("first_component", sign) for sign in ("positive_sum", "largest_loading", "largest_score")]
    scene = {row["id"]: row["class"] for row in folder.rows}
    split = {row["id"]: row["split"] for row in folder.rows}
    chosen = selected_clips(scene, split, how)[0]
    expected = tuple(row["id"] for row in folder.rows if row["split"] == "test" and row["id"] in chosen)
    assert expected
    prior(**reads, prior=path / of_fold(0)["prior"], prior_clips=how)
    for vector, sign in forms:
        words = {"prior_clips": how, "relevance_vector": vector, "relevance_sign": sign}
        relevance(**reads, relevance=path / of_fold(0)["relevance"], **words)
        found = leaking(path)
        assert (found["prior", "test"], found["relevance", "test"]) == (expected, expected)
        allowed = config.load_protocol(project_root(), as_released()).allowed_leaks
        assert leaking(path, allowed=allowed) == {}


def test_a_teacher_that_hears_by_all_sounds_is_told(folder):
    path = folder.write().path
    folder.record("teacher/teacher", "teacher", settings={"teacher_normaliser": "study"})
    assert leaking(path) == {("teacher_normaliser", held): () for held in ("test", "val")}
    assert leaking(path, allowed=config.load_protocol(project_root(), as_released()).allowed_leaks) == {}
    (path / "teacher/teacher.record.json").unlink()
    assert {line.way for line in leak_report(path).not_examined} == {"teacher_normaliser"}


def test_of_a_normaliser_from_a_file_nobody_can_say_whose_it_is(folder, monkeypatch):
    path = folder.write().path
    monkeypatch.chdir(path.parents[1])
    (path / "given.csv").write_text("band,mean_db,std_db\n")
    folder.record("features/fold-0/normaliser", "normaliser", given="given.csv", splits=BOTH["splits"])
    assert leaking(path) == {("normaliser_sound", held): None for held in ("test", "val")}
    (line, _) = leak_report(path).forbidden
    assert line.remark == "from results/small/given.csv: nobody can say which clips it was made from"
    assert leaking(path, allowed=config.load_protocol(project_root(), as_released()).allowed_leaks) == {}


def test_of_advance_the_leak_is_found_clip_by_clip(tmp_path, monkeypatch):
    """The released split and prior on ADVANCE's own names: 448 of 1,063 test clips are in the prior."""
    vector, root = np.load(VECTORS / "advance_split.npz"), project_root()
    path, clips = tmp_path / "results/small", vector["id"].tolist()
    for part in ("media/fold-0", "teacher/fold-0"):
        (path / part).mkdir(parents=True)
    rows = [
        dict.fromkeys(INDEX, "") | {"id": clip, "class": RELEASED[label], "location": clip[:5]}
        for clip, label in zip(clips, vector["label"], strict=True)
    ]
    artifacts.write_table(path / "media/index.csv", INDEX, rows)
    words = [("train", "val", "test")[code] for code in vector["split_released"]]
    splits = [{"id": clip, "split": word} for clip, word in zip(clips, words, strict=True)]
    artifacts.write_table(path / "media/fold-0/splits.csv", ["id", "split"], splits)
    logits = np.random.default_rng(4).normal(-3, 2, (len(clips), 5)).astype(np.float32)
    artifacts.write_array(path / "teacher/logits.npy", logits)
    artifacts.write_ids(path / "teacher/logits.ids.csv", clips)
    monkeypatch.setattr(artifacts, "event_names", lambda: tuple("abcde"))
    reads = {"logits": path / "teacher/logits.npy", "logit_ids": path / "teacher/logits.ids.csv"}
    reads |= {name: path / BOTH[name] for name in BOTH}
    listing = {"listing": root / "config/published/advance_listing.csv", "class_order": "released"}
    prior(**reads, prior=path / of_fold(0)["prior"], prior_clips="seventy_percent", **listing)
    record = {"record": 1, "stage": "prior", "settings": {}, "writes": {}, "environment": {}}
    entry = {"path": str(listing["listing"]), "sha256": "", "bytes": 0, "record": None}
    record |= {"reads": {"listing": [entry]}, "code": {"digest": "", "definitions": {}}}
    report = leak_report(path, records={"results/small/x.record.json": record})
    found = {(line.way, line.clips_of): (line.found, line.of) for line in report.lines if line.way.startswith("prior")}
    assert found["prior", "test"] == (448, 1063)
    assert found["prior_location", "test"] == (634, 1063)
    assert found["prior", "val"] == (189, 475)
    unlisted = leak_report(path, records={})
    assert next(line for line in unlisted.lines if (line.way, line.clips_of) == ("prior", "test")).found is None


def as_released():
    return check(Experiment, {"source": {"kind": "twin"}, "protocol": "released"}, "x")


def test_a_class_without_validation_clips_does_not_stop_the_question(folder):
    for name in ("22", "22_1"):
        folder.rows[folder.clip(name)]["split"] = "train"
    path = folder.write().path
    folder.make("prior", words=("test",))
    assert {held: len(found) for (way, held), found in leaking(path).items() if way == "prior"} == {"test": 6}


def test_a_normaliser_of_unpooled_arrays_is_recognised(folder):
    path = folder.write().path
    for name in ("images", "paper"):
        (path / "features" / f"{name}.npy").replace(path / "features" / f"{name}.pooled.npy")
    folder.make("normaliser")
    for name in ("images", "paper"):
        full, pooled = path / "features" / f"{name}.npy", path / "features" / f"{name}.pooled.npy"
        full.write_bytes(pooled.read_bytes())
        artifacts.write_array(pooled, np.load(full)[:, ::4])
    assert leaking(path) == {}


@pytest.mark.parametrize(
    ("lost", "ways"),
    [
        ("teacher/fold-0/prior.csv", {"prior"}),
        ("teacher/logits.npy", {"prior", "relevance"}),
        ("features/fold-0/normaliser.image.npz", {"normaliser_picture"}),
        ("features/fold-0/normaliser.sound.npz", {"normaliser_sound"}),
        ("features/images.pooled.npy", {"picture", "pretrain_picture"}),
        ("features/paper.npy", {"sound", "pretrain_sound"}),
        ("features/scenes/images.pooled.npy", {"pretrain_picture"}),
        ("features/sounds/paper.npy", {"pretrain_sound"}),
        ("media/manifest.csv", {"file", "pretrain_file"}),
        ("media/scenes/manifest.csv", {"pretrain_file"}),
    ],
)
def test_what_is_not_there_is_said(folder, lost, ways):
    path = folder.write().path
    (path / lost).unlink()
    report = leak_report(path)
    assert {line.way for line in report.not_examined} == ways
    assert all(line.remark.startswith("not examined: ") for line in report.not_examined)
    assert len(report.lines) == 34
    assert not report.has_forbidden


def test_a_study_without_coordinates_and_recordings_says_so(folder):
    for row in folder.rows:
        row |= {"lat": "", "lon": "", "recording": ""}
    report = leak_report(folder.write().path)
    assert {line.way for line in report.not_examined} == {"coordinate", "near", "recording"}


def test_an_index_and_a_split_of_other_clips_are_refused(folder):
    path = folder.write().path
    with (path / "media/fold-0/splits.csv").open("a") as stream:
        stream.write("99,train\n")
    with pytest.raises(PairingError, match="1 clips in one of them alone: 99"):
        leak_report(path)
    (path / "media/fold-0/splits.csv").write_text("id,split\n" + "".join(f"{row['id']},\n" for row in folder.rows))
    with pytest.raises(MediaError, match=r"24 clips have no usable split: 00 \(empty\)"):
        leak_report(path)
    (path / "media/index.csv").unlink()
    with pytest.raises(MediaError, match="index.csv is not there"):
        leak_report(path)


# --- folds


def test_a_location_that_another_fold_trains_on_is_no_leak(folder):
    path = folder.write().path
    folder.write_second_fold()
    report = leak_report(path)
    assert not report.has_forbidden, report.as_markdown()
    assert not report.not_examined
    assert len(report.lines) == 34
    # each fold tests three locations of two clips
    assert {(line.clips_of, line.of) for line in report.lines} == {("test", 12), ("val", 12)}


def test_a_leak_within_one_fold_is_found_and_named_with_it(folder):
    """One recording of two locations: fold 0 validates on 12 and tests 13, fold 1 tests 12 and trains on 13."""
    folder.rows[folder.clip("13")]["recording"] = "r12"
    path = folder.write().path
    folder.write_second_fold()
    found = leaking(path)
    assert found == {("recording", "test"): ("fold 0: 13 ~ 12", "fold 1: 12 ~ 13", "fold 1: 12_1 ~ 13")}
    line = leak_report(path).forbidden[0]
    assert (line.found, line.of, line.by_class["forest"]) == (3, 12, (3, 4))


def test_a_product_of_one_fold_that_has_its_test_clips_is_found(folder):
    path = folder.write().path
    folder.write_second_fold()
    folder.make("prior", words=("train", "test"), fold=0)
    folder.record("train/scene/image/seed-0/student", "train", **of_fold(0))
    tests = tuple(f"fold 0: {row['id']}" for row in folder.rows if row["split"] == "test")
    assert leaking(path) == {("prior", "test"): tests, ("prior_location", "test"): tests}


@pytest.mark.parametrize("flag", ["splits", "image_normaliser", "prior", "relevance"])
def test_a_run_that_read_a_file_of_another_fold_is_found(folder, flag):
    path = folder.write().path
    folder.write_second_fold()
    folder.record("train/scene/image/seed-3/student", "train", **of_fold(1))
    assert leaking(path) == {}
    folder.record("train/scene/image/seed-3/student", "train", **(of_fold(1) | {flag: of_fold(0)[flag]}))
    assert leaking(path) == {("other_split", "test"): None, ("other_split", "val"): None}
    line = leak_report(path).forbidden[0]
    said = f"results/small/{of_fold(0)[flag]}, not {of_fold(1)[flag]}"
    assert line.remark == f"results/small/train/scene/image/seed-3/student.record.json read {said}"
    assert line.of == 12


def test_an_evaluation_reads_of_each_student_the_split_of_its_fold(folder):
    path = folder.write().path
    folder.write_second_fold()
    students = [f"train/scene/image/seed-{seed}/student.pt" for seed in (0, 1)]
    for student in students:
        (path / student).write_text("a student")
    for order, clean in (((0, 1), True), ((1, 0), False), ((0, 0), False), ((0,), False)):
        reads = {flag: [of_fold(fold)[flag] for fold in order] for flag in ("splits", "image_normaliser")}
        folder.record("evaluate/scene/image/evaluate", "evaluate", index="media/index.csv", students=students, **reads)
        assert (leaking(path) == {}) == clean, order


def test_a_split_that_a_job_read_and_that_is_lost_is_asked_for(folder):
    path = folder.write().path
    folder.write_second_fold()
    (path / "media/fold-1/splits.csv").unlink()
    with pytest.raises(MediaError, match=r"media/fold-1/splits\.csv is not there"):
        leak_report(path)


def test_a_users_split_is_one_and_is_counted_once(folder):
    set_recording(folder)
    path = folder.write().path
    folder.write_fold(1)
    folder.make("prior", "relevance", "normaliser", fold=1)
    folder.make("prior", words=("train", "val"), fold=1)
    report = leak_report(path)
    assert {line.of for line in report.lines if line.way not in ("prior", "prior_location")} == {6}
    found = leaking(path)
    assert found["recording", "test"] == ("13 ~ 10",)
    assert len(found["prior", "val"]) == 6


# --- the published selection: tests/vectors/released_selection.npz says where it is from


@pytest.fixture(scope="module")
def released(tmp_path_factory) -> Path:
    """The index as a table: of the published one's columns those that are needed."""
    stored = dict(np.load(VECTORS / "released_selection.npz", allow_pickle=False))
    ids = [name.decode() for name in stored["ids"]]
    columns = {"id": ids, "class": stored["classes"][stored["label"]].tolist(), "location": [clip[:5] for clip in ids]}
    for name in ("released", "sorted"):
        columns[f"split_{name}"] = stored["words"][stored[f"split_{name}"]].tolist()
        columns[f"in_prior_{name}"] = stored[f"in_prior_{name}"].tolist()
    path = tmp_path_factory.mktemp("released") / "index.csv"
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    artifacts.write_table(path, list(columns), rows)
    return path


def selection(index: Path, name: str, ways=("prior", "relevance"), allowed=()):
    """The report of an index alone, which says by columns of its own what was used for what."""
    rows = artifacts.read_table(index)
    split, place, scene = ({row["id"]: row[key] for row in rows} for key in (f"split_{name}", "location", "class"))
    used = [row["id"] for row in rows if row[f"in_prior_{name}"] == "1"]
    lines = leaks.shared_lines("location", {clip: {where} for clip, where in place.items()}, split, scene)
    lines += [line for way in ways for line in leaks.used_lines(way, used, split, place, scene)]
    report = leak_lines.report(index.name, lines, allowed)
    return report, {(line.way, line.clips_of): line for line in report.lines}


# counted beside the published index, not by this program: test clips in the prior's selection, of the test clips
PER_CLASS = {
    "harbour": (83, 105), "farmland": (65, 90), "grassland": (22, 30), "airport": (33, 45), "sports land": (30, 41),
    "bridge": (43, 60), "orchard": (32, 48), "train station": (34, 55), "lake": (49, 75), "sparse shrub land": (57, 85),
    "forest": (0, 173), "beach": (0, 44), "residential": (0, 212),
}  # fmt: skip


def test_the_published_selection_in_its_stored_order(released):
    report, lines = selection(released, "released")
    for way in ("prior", "relevance"):
        assert (lines[way, "test"].found, lines[way, "test"].of) == (448, 1063)
        assert lines[way, "test"].by_class == PER_CLASS
        assert (lines[way, "val"].found, lines[way, "val"].of) == (189, 475)
        # all test clips of the ten classes with several clips a location
        assert lines[f"{way}_location", "test"].found == 634
    assert (lines["location", "test"].found, lines["location", "val"].found) == (0, 0)
    assert {line.way for line in report.forbidden} == {"prior", "prior_location", "relevance", "relevance_location"}
    allowed = ["prior", "prior_location", "relevance", "relevance_location"]
    assert not selection(released, "released", ["prior"], allowed)[0].has_forbidden


def test_the_published_selection_with_sorted_names(released):
    _, lines = selection(released, "sorted")
    assert (lines["prior", "test"].found, lines["prior", "test"].of) == (444, 1057)
    assert (lines["prior", "val"].found, lines["prior", "val"].of) == (179, 482)


def test_the_small_copy_is_the_published_index(released, shared):
    with (shared / "data/advance_reference/index.csv").open(encoding="utf-8") as stream:
        published = list(csv.DictReader(stream))
    with released.open(encoding="utf-8") as stream:
        copy = list(csv.DictReader(stream))
    assert copy == [{column: row[column] for column in copy[0]} for row in published]


def test_what_is_allowed_stands_in_the_protocols_file(tmp_path, monkeypatch):
    project = Path(__file__).resolve().parents[2]
    for name in ("workflow", "config/protocols"):
        (tmp_path / name).mkdir(parents=True)
    for kind in ("studies", "claims"):
        shutil.copytree(project / "config" / kind, tmp_path / "config" / kind)
    (tmp_path / "workflow" / "Snakefile").touch()
    strict = (project / "config" / "protocols" / "corrected.yaml").read_text()
    lenient = strict.replace("allowed_leaks: []", "allowed_leaks: [prior, relevance]")
    assert lenient != strict
    (tmp_path / "config" / "protocols" / "lenient.yaml").write_text(lenient)
    (tmp_path / "config" / "mini.yaml").write_text("protocol: lenient\nsource: {kind: twin}\n")
    monkeypatch.chdir(tmp_path)
    assert allowed_by_protocol("mini") == ["prior", "relevance"]
    assert allowed_by_protocol("results-alone") == []
