"""A small but complete experiment, as its jobs leave it: files, records, circumstances.

Two methods × two seeds, no training. `study` is a folder `results/mini` in a temporary working folder (the current one
during the test). Scores and tables are made by the program's own functions from predictions that are made here;
pictures, sounds, features and weights are stand-ins.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import protocols
import pytest
import shown
from origins import TWIN

from overheard.io import artifacts
from overheard.jobs import circumstance, records
from overheard.jobs.circumstance import circumstance_path
from overheard.scores import metrics
from overheard.stages import cells, tables

METHODS = ("scene", "scene+event")
SEEDS = (0, 1)
CLASSES = ("forest", "harbour", "lake")
ENVIRONMENT = {"python": "3.11", "numpy": "2.4.6", "torch": "2.13.0"}


class Builder:
    """Writes an experiment's files job by job, with their records."""

    def __init__(self, root: Path, name: str = "mini") -> None:
        self.root, self.name = root, name
        self.folder = root / "results" / name
        self.made_by: dict[str, str] = {}
        self.jobs = 0

    def path(self, name: str) -> str:
        return f"results/{self.name}/{name}"

    def put(self, name: str, content: bytes | str) -> str:
        """Write a file of the experiment; returns its recorded path."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.path(name)

    def job(
        self,
        name: str,
        stage: str,
        settings: Mapping[str, Any],
        reads: Mapping[str, str | Sequence[str]],
        writes: Mapping[str, str | Sequence[str]],
        **said: Any,
    ) -> str:
        """Write the record and circumstance of a job whose files lie there already; returns the record's path."""
        record = self.path(name) + records.SUFFIX
        definitions = {f"overheard.stages.{stage}:{stage}": "0" * 12}
        whole = records.sealed(
            {
                "record": 1,
                "stage": stage,
                "settings": dict(settings),
                "reads": {flag: [self._read(path) for path in _list(paths)] for flag, paths in reads.items()},
                "writes": {flag: [self.entry(path) for path in _list(paths)] for flag, paths in writes.items()},
                "code": {"digest": records.code_digest(definitions), "definitions": definitions},
                "environment": ENVIRONMENT,
            }
        )
        for paths in writes.values():
            self.made_by |= {path: record for path in _list(paths)}
        place = self.root / record
        place.parent.mkdir(parents=True, exist_ok=True)
        records.write_record(place, whole)
        self.circumstance(record, whole, **said)
        return record

    def circumstance(self, record: str, whole: Mapping[str, Any], **other: Any) -> None:
        minute = f"{self.jobs // 60:02}:{self.jobs % 60:02}"
        said = {
            "command": f"overheard {whole['stage']} --record {record}",
            "started": f"2026-11-21T10:{minute}.000+00:00",
            "ended": f"2026-11-21T10:{minute}.500+00:00",
            "seconds": 0.5,
            "cpu_seconds": 2.0,
            "peak_memory_bytes": 300_000_000,
            "energy_joules": None,
            "host": "workbench",
            "machine": "x86_64-avx2",
            "cpu": "Example CPU",
            "cores": 2,
            "threads": 1,
            "device": "cpu",
            "git": {"commit": "1101c5a" + "0" * 33, "dirty": [], "note": None},
            "how": "computed",
            "computed": None,
        }
        self.jobs += 1
        text = records.as_text(circumstance.sealed(said | other, whole["digest"]))
        circumstance_path(self.root / record).write_text(text, encoding="utf-8")

    def entry(self, path: str) -> dict[str, Any]:
        place = self.root / path
        if not place.is_dir():
            content = place.read_bytes()
            return {"path": path, "sha256": sha256(content).hexdigest(), "bytes": len(content)}
        text = listing(place)
        rows = text.splitlines()[1:]
        size = sum(int(row.rpartition(",")[2]) for row in rows)
        return {"path": path, "sha256": _hex(text), "bytes": size, "files": len(rows)}

    def _read(self, path: str) -> dict[str, Any]:
        made_by = next((self.made_by[place] for place in _enclosing(path) if place in self.made_by), None)
        return self.entry(path) | {"record": made_by}


def listing(folder: Path) -> str:
    """A folder's list of files, by whose digest a record names it."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["path", "sha256", "bytes"])
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name in sorted(found):
        content = found[name].read_bytes()
        writer.writerow([name, sha256(content).hexdigest(), len(content)])
    return lines.getvalue()


def build(root: Path, name: str = "mini") -> Builder:
    """The whole experiment under `root`."""
    made = Builder(root, name)
    (root / "config").mkdir(parents=True, exist_ok=True)
    columns = "table,row,column,metric,mean,std,n,source"
    (root / "config/published.csv").write_text(f"{columns}\n", encoding="utf-8")
    for collection in ("pairs", "scenes", "sounds"):
        _collection(made, collection)
    _split(made)
    _features(made)
    _teacher(made)
    for method in METHODS:
        _train(made, method)
        _evaluate(made, method)
    _tables(made)
    return made


def _clips() -> list[tuple[str, str]]:
    return [(f"{place:05}", name) for place, name in enumerate(name for name in CLASSES for _ in range(4))]


def _collection(made: Builder, collection: str) -> None:
    part = "" if collection == "pairs" else f"{collection}/"
    folder = f"draw/{collection}"
    for clip, name in _clips():
        for side, suffix in (("vision", "jpg"), ("sound", "wav")):
            made.put(f"{folder}/{side}/{name}/{clip}.{suffix}", f"{collection} {side} of {clip}")
    if collection == "pairs":
        made.put(f"{folder}/truth/events.csv", "id,events\n")
    world = {"world": 0, "scale": 0.1, "coupling": 0.5, "events": "released", "scenes": 30, "sounds": 900}
    made.job(
        f"draw/{collection}", "draw", {"collection": collection, "settings": world}, {}, {"media": made.path(folder)}
    )
    (made.folder / f"{folder}.files.csv").write_text(listing(made.folder / folder), encoding="utf-8")
    rows = [
        f"{clip},{name},{clip},r{clip},29.5,98.1,vision/{name}/{clip}.jpg,sound/{name}/{clip}.wav,0.0,10.0,,"
        for clip, name in _clips()
    ]
    head = "id,class,location,recording,lat,lon,image,sound,sound_start_s,sound_duration_s,split,bands"
    writes = {
        "index": made.put(f"media/{part}index.csv", "\n".join([head, *rows]) + "\n"),
        "manifest": made.put(f"media/{part}manifest.csv", listing(made.folder / folder)),
        "statistics": made.put(f"media/{part}statistics.csv", "class,pairs,locations,recordings\n"),
        "report": made.put(f"media/{part}report.md", f"# Media: {collection}\n"),
    }
    settings = {"collection": collection, "settings": {"classes": None, "bands": None, "channels": None, "seed": 0}}
    made.job(f"media/{part}media", "media", settings, {"folder": made.path(folder)}, writes)


def _split(made: Builder) -> None:
    words = ("train", "train", "val", "test")
    rows = [f"{clip},{words[place % 4]},0" for place, (clip, _) in enumerate(_clips())]
    splits = made.put("media/fold-0/splits.csv", "\n".join(["id,split,fold", *rows]) + "\n")
    settings = {"fold": 0, "settings": {"fractions": [0.7, 0.1, 0.2], "seed": 0, "folds": 1}}
    made.job("media/fold-0/split", "split", settings, {"index": made.path("media/index.csv")}, {"splits": splits})


def _features(made: Builder) -> None:
    for part, front_end in (("", "images"), ("", "paper"), ("scenes/", "images"), ("sounds/", "paper")):
        stem = f"features/{part}{front_end}"
        collection = part.rstrip("/") or "pairs"
        writes = {
            "array": made.put(f"{stem}.npy", f"array of {stem}"),
            "pooled": made.put(f"{stem}.pooled.npy", f"pooled array of {stem}"),
            "ids": made.put(f"{stem}.ids.csv", "\n".join(["id", *(clip for clip, _ in _clips())]) + "\n"),
        }
        reads = {"folder": made.path(f"draw/{collection}"), "index": made.path(f"media/{part}index.csv")}
        made.job(stem, "features", {"front_end": front_end}, reads, writes)
    reads = {**_arrays(made), "splits": made.path("media/fold-0/splits.csv")}
    kinds = ("image", "sound")
    writes = {f"{kind}_normaliser": made.put(f"features/fold-0/normaliser.{kind}.npz", kind) for kind in kinds}
    made.job("features/fold-0/normaliser", "normaliser", {"front_end": "paper"}, reads, writes)


def _arrays(made: Builder) -> dict[str, str]:
    return {
        "images": made.path("features/images.pooled.npy"),
        "image_ids": made.path("features/images.ids.csv"),
        "sounds": made.path("features/paper.pooled.npy"),
        "sound_ids": made.path("features/paper.ids.csv"),
    }


def _teacher(made: Builder) -> None:
    for modality, stem, part in (
        ("image", "features/scenes/images", "scenes/"),
        ("sound", "features/sounds/paper", "sounds/"),
    ):
        reads = {
            "features": made.path(f"{stem}.pooled.npy"),
            "ids": made.path(f"{stem}.ids.csv"),
            "index": made.path(f"media/{part}index.csv"),
        }
        writes = {
            "weights": made.put(f"pretrain/{modality}.pt", f"weights of {modality}"),
            "history": made.put(f"pretrain/{modality}.history.csv", "epoch,loss\n"),
        }
        settings = {"modality": modality, "network": "small", "seed": 0, "settings": {"epochs": 30, "batch_size": 32}}
        made.job(f"pretrain/{modality}", "pretrain", settings, reads, writes)
    reads = {
        "sounds": made.path("features/paper.pooled.npy"),
        "ids": made.path("features/paper.ids.csv"),
        "weights": made.path("pretrain/sound.pt"),
        "truth": made.path("draw/pairs/truth/events.csv"),
    }
    logits = {
        "logits": made.put("teacher/logits.npy", "logits"),
        "logit_ids": made.put("teacher/logits.ids.csv", "id\n"),
        "events": made.put("teacher/events.csv", "index,event,trained\n"),
        "report": made.put("teacher/report.json", "{}\n"),
    }
    made.job("teacher/teacher", "teacher", {"device": "cpu"}, reads, logits)
    reads = {
        "logits": logits["logits"],
        "logit_ids": logits["logit_ids"],
        "index": made.path("media/index.csv"),
        "splits": made.path("media/fold-0/splits.csv"),
    }
    for word in ("prior", "relevance"):
        settings = protocols.switched(word)
        made.job(
            f"teacher/fold-0/{word}", word, settings, reads, {word: made.put(f"teacher/fold-0/{word}.csv", f"{word}\n")}
        )


def _shared_reads(made: Builder) -> dict[str, str]:
    return {
        "images": made.path("features/images.pooled.npy"),
        "image_ids": made.path("features/images.ids.csv"),
        "index": made.path("media/index.csv"),
        "splits": made.path("media/fold-0/splits.csv"),
        "image_normaliser": made.path("features/fold-0/normaliser.image.npz"),
    }


def _train(made: Builder, method: str) -> None:
    reads = _shared_reads(made) | {
        f"{modality}_encoder": made.path(f"pretrain/{modality}.pt") for modality in ("image", "sound")
    }
    if method == "scene+event":
        reads |= {
            "logits": made.path("teacher/logits.npy"),
            "logit_ids": made.path("teacher/logits.ids.csv"),
            "teacher_events": made.path("teacher/events.csv"),
            "prior": made.path("teacher/fold-0/prior.csv"),
            "relevance": made.path("teacher/fold-0/relevance.csv"),
        }
    for seed in SEEDS:
        run = f"train/{method}/image/seed-{seed}"
        writes = {
            "student": made.put(f"{run}/student.pt", f"student of {run}"),
            "history": made.put(f"{run}/history.csv", "epoch,train_loss,val_f_score\n"),
        }
        own = {"learning_rate": 0.002, "epochs": 30, "alpha": 0.1, "device": "cpu"}
        settings = {"method": method, "modality": "image", "seed": seed, "settings": own}
        made.job(f"{run}/student", "train", settings, reads, writes)


def _evaluate(made: Builder, method: str) -> None:
    writes: dict[str, list[str]] = {"predictions": [], "events": [], "scores": []}
    for seed in SEEDS:
        run = f"evaluate/{method}/image/seed-{seed}"
        made.put(f"{run}/events.npz", f"events of {run}")
        _predict(made.folder / run, method, seed)
        for flag, name in (("predictions", "predictions.npz"), ("events", "events.npz"), ("scores", "scores.json")):
            writes[flag].append(made.path(f"{run}/{name}"))
    reads: dict[str, Any] = {"students": [made.path(f"train/{method}/image/seed-{seed}/student.pt") for seed in SEEDS]}
    shared = _shared_reads(made)
    reads |= shared | {flag: [shared[flag]] * len(SEEDS) for flag in ("splits", "image_normaliser")}
    settings = {"settings": {"batch_size": 64, "device": "cpu"}}
    made.job(f"evaluate/{method}/image/evaluate", "evaluate", settings, reads, writes)


def _predict(folder: Path, method: str, seed: int) -> None:
    """Predictions of twelve test clips, and the scores that follow from them."""
    rng = np.random.default_rng([METHODS.index(method), seed])
    label = np.repeat(np.arange(3), 4)
    logits = (rng.normal(size=(12, 3)) + 1.5 * np.eye(3)[label]).astype(np.float32)
    counts = metrics.confusion(label, logits.argmax(axis=1), 3)
    ids = np.array([f"{place:05}" for place in range(12)])
    artifacts.write_arrays(
        folder / "predictions.npz", id=ids, label=label, scene_logits=logits, classes=np.array(CLASSES)
    )
    said = {"method": method, "modality": "image", "seed": seed, "fold": 0, "classes": CLASSES, "n": 12}
    said["best_epoch"] = 3
    said["events"] = 63 if method == "scene+event" else None
    said |= {"confusion": counts.tolist(), "per_class": metrics.class_table(counts, CLASSES)}
    artifacts.write_json(folder / "scores.json", said | metrics.scores(counts))


def _tables(made: Builder) -> None:
    spec = {
        "published": "Table 2",
        "title": "Unimodal scene recognition",
        "caption": "Of one modality.",
        "blocks": [{"rows": list(METHODS), "columns": ["image"]}],
        "metrics": ["precision", "recall", "f_score"],
    }
    settings = {
        "experiment": made.name,
        "source": TWIN._asdict(),
        "protocol": "corrected",
        "spec": spec,
        "metrics": shown.of(*spec["metrics"]),
        "labels": {"scene": "L_s", "scene+event": "L_s + L_E"},
        "columns": {"image": "Image"},
        "seeds": list(SEEDS),
        "partial": False,
        "left_out": {},
        "remarks": [],
    }
    scores = [made.path(f"evaluate/{method}/image/seed-{seed}/scores.json") for method in METHODS for seed in SEEDS]
    names = {"cells": "cells.csv", "csv": "csv", "markdown": "md", "latex": "tex"}
    places = {flag: made.path(f"tables/table2.{suffix}") for flag, suffix in names.items()}
    (made.folder / "tables").mkdir()
    root = made.root
    tables.tables(
        published=root / "config/published.csv",
        table="table2",
        settings=tables.Settings(**settings),
        scores=[root / path for path in scores],
        **{flag: root / path for flag, path in places.items()},
    )
    reads = {"published": "config/published.csv", "scores": scores}
    made.job("tables/table2", "tables", {"table": "table2", "settings": settings}, reads, places)
    writes = {"cells": made.path("tables/cells.csv"), "metrics": made.path("tables/metrics.json")}
    cells.cells([root / places["cells"]], **{flag: root / path for flag, path in writes.items()})
    made.job("tables/cells", "cells", {}, {"tables": [places["cells"]]}, writes)
    writes = {"png": made.put("figures/figure3.png", "png"), "pdf": made.put("figures/figure3.pdf", "pdf")}
    reads = {"statistics": made.path("media/statistics.csv")}
    made.job("figures/figure3", "figures", {"figure": "figure3", "settings": {"source": TWIN._asdict()}}, reads, writes)


def _list(paths: str | Sequence[str]) -> Sequence[str]:
    return [paths] if isinstance(paths, str) else paths


def _enclosing(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _hex(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def build_study() -> Callable[..., Builder]:
    """`build(root, name)`: writes the experiment under a folder of the test's choosing."""
    return build


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """The experiment `mini`, in a temporary working folder the current one; jobs can be added."""
    monkeypatch.chdir(tmp_path)
    return build(tmp_path)


@pytest.fixture
def study(made: Builder) -> Path:
    """`results/mini`, relative to the current folder."""
    return Path("results") / made.name
