"""A small made-up record in the project's formats, and how to train and evaluate students on it."""

from pathlib import Path
from typing import get_type_hints

import numpy as np
import protocols
import pytest
import torch

from overheard.io import artifacts
from overheard.io.signature import role
from overheard.learning.methods import METHODS
from overheard.learning.models import encoders
from overheard.stages.evaluate import Settings as EvaluationSettings
from overheard.stages.evaluate import evaluate
from overheard.stages.train import Settings, train

CLASSES = ["beach", "forest", "lake"]
SPLITS = ["train"] * 12 + ["val"] * 6 + ["test"] * 9
EVENTS = 527


def _settings(method, modality, **changes):
    """Settings of a row: those of all rows, those that it uses, and changes."""
    plain = protocols.train_settings(method, modality)
    if "epochs" in plain:
        plain |= {"epochs": 3, "batch_size": 8, "learning_rate": 1e-3, "patience": 10, "bn_statistics": "exact"}
    if "absent_shape" in plain:
        plain["absent_shape"] = {"image": [1, 24, 64], "sound": [3, 32, 32]}[modality]
    return Settings(**(plain | changes))


def _read_by(method, modality, record):
    """Of a record, what a row reads."""
    row = METHODS[method]
    left_out = {"image", "sound"} - set(modality.split("+"))
    record = {name: path for name, path in record.items() if name not in {f for n in left_out for f in _media(n)}}
    unread = {"logits", "prior", "relevance"} - set(row.uses)
    unread |= {"logit_ids", "teacher_events"} if "logits" in unread else set()
    unread |= set() if row.pretrained else {"image_encoder", "sound_encoder"}
    unread |= set() if row.learns else {flag for name in ("image", "sound") for flag in _media(name)}
    return {name: path for name, path in record.items() if name not in unread}


def _media(name):
    return f"{name}s", f"{name}_ids", f"{name}_normaliser"


def _write_record(folder: Path, clips: int = len(SPLITS), splits=SPLITS, size=32, frames=24) -> dict[str, Path]:
    """Features, splits, encoders and teacher in the project's formats, of random numbers that hint at the class."""
    rng = np.random.default_rng(7)
    ids = [f"{clip:05d}" for clip in range(clips)]
    label = rng.integers(0, len(CLASSES), clips)
    paths = {name: folder / f"{name}.csv" for name in ("image_ids", "sound_ids", "logit_ids", "index", "splits")}
    paths |= {name: folder / f"{name}.npy" for name in ("images", "sounds", "logits")}
    paths |= {f"{name}_normaliser": folder / f"{name}.npz" for name in ("image", "sound")}
    paths |= {"prior": folder / "prior.csv", "relevance": folder / "d.csv"}

    # every file in another order of clips: a join by position would mix them up
    for array, name in (("images", "image_ids"), ("sounds", "sound_ids"), ("logits", "logit_ids")):
        order = rng.permutation(clips)
        hint = label[order]
        values = {
            "images": lambda n, hint=hint: rng.integers(0, 150, (n, size, size, 3)) + 40 * hint[:, None, None, None],
            "sounds": lambda n, hint=hint: rng.normal(-20, 8, (n, frames, 64)) + 3 * hint[:, None, None],
            "logits": lambda n, hint=hint: rng.normal(-4, 2, (n, EVENTS)) + hint[:, None],
        }[array](clips)
        artifacts.write_array(paths[array], values.astype(np.uint8 if array == "images" else np.float32))
        artifacts.write_ids(paths[name], [ids[clip] for clip in order])
    rows = [{"id": clip, "class": CLASSES[k]} for clip, k in zip(ids, label, strict=True)]
    artifacts.write_table(paths["index"], ["id", "class"], rows)
    rows = [{"id": clip, "split": split, "fold": 0} for clip, split in zip(ids, splits, strict=True)]
    artifacts.write_table(paths["splits"], ["id", "split", "fold"], rows)
    for name, width, mean, std in (("image", 3, 0.4, 0.2), ("sound", 64, -20.0, 8.0)):
        values = {"mean": np.full(width, mean, np.float32), "std": np.full(width, std, np.float32)}
        artifacts.write_arrays(paths[f"{name}_normaliser"], **values)
    artifacts.write_event_matrix(paths["prior"], CLASSES, rng.uniform(0, 0.3, (len(CLASSES), EVENTS)))
    artifacts.write_event_matrix(paths["relevance"], CLASSES, rng.uniform(0, 1, (len(CLASSES), EVENTS)))
    trained = [{"index": k, "event": name, "trained": int(k % 4 > 0)} for k, name in enumerate(artifacts.event_names())]
    paths["teacher_events"] = folder / "events.csv"
    artifacts.write_table(paths["teacher_events"], ["index", "event", "trained"], trained)
    return paths | {f"{name}_encoder": _write_encoder(folder, name) for name in ("image", "sound")}


def _write_encoder(folder: Path, modality: str) -> Path:
    generator = torch.Generator().manual_seed(3)
    encoder = encoders.build("small", modality, generator)
    labels = list(artifacts.event_names()) if modality == "sound" else [f"scene {k}" for k in range(30)]
    weight = torch.randn(len(labels), encoder.width, generator=generator)
    content = {"network": "small", "modality": modality, "encoder": encoder.state_dict(), "labels": labels}
    content["trained"] = list(range(len(labels)))
    content["classifier"] = {"weight": weight, "bias": torch.randn(len(labels), generator=generator)}
    if modality == "sound":
        content |= {"sound_mean": torch.zeros(64), "sound_std": torch.ones(64)}
    artifacts.write_weights(folder / f"{modality}.pt", content)
    return folder / f"{modality}.pt"


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    return _write_record(tmp_path_factory.mktemp("record"))


@pytest.fixture(autouse=True)
def torch_as_before():
    """Training settles torch for its own process; here other tests share it."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.set_flush_denormal(False)
    torch.use_deterministic_algorithms(False)


_FILES = {name for name, kind in get_type_hints(train, include_extras=True).items() if role(kind) == "reads"}


def _train(record, folder, method="scene+kl_av", modality="image+sound", seed=0, **changes):
    """Train, given of the record what the method reads; the paths of what is written."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"student": folder / "student.pt", "history": folder / "history.csv"}
    given = _read_by(method, modality, record) | {key: value for key, value in changes.items() if key in _FILES}
    changes = {key: value for key, value in changes.items() if key not in _FILES}
    checkpoints = folder.parent / "checkpoints"
    train(
        method=method,
        modality=modality,
        seed=seed,
        settings=_settings(method, modality, **changes),
        checkpoints=checkpoints,
        **given,
        **paths,
    )
    return paths


def _evaluate(record, students, folder, row=None, **settings):
    """Evaluate students; each as what it says it is, or all together as `row`."""
    folder.mkdir(parents=True, exist_ok=True)
    writes = {
        "predictions": [folder / f"predictions-{k}.npz" for k in range(len(students))],
        "events": [folder / f"events-{k}.npz" for k in range(len(students))],
        "scores": [folder / f"scores-{k}.json" for k in range(len(students))],
    }
    words = {"picture_scale": "training_moments"} | settings
    given = {"index": record["index"], "settings": EvaluationSettings(8, "cpu", False, True, **words)}
    of_fold = ("splits", "image_normaliser", "sound_normaliser")
    folds = {name: _per_student(record[name], students) for name in of_fold}
    given |= {name: record[name] for kind in ("image", "sound") for name in _media(kind)[:2]}
    if row is not None:
        evaluate(method=row[0], modality=row[1], students=students, **given, **folds, **writes)
        return writes
    for k, student in enumerate(students):
        said = artifacts.read_weights(student)
        row = {"method": said.get("method", "scene"), "modality": said.get("modality", "image")}
        own = {name: [paths[k]] for name, paths in (writes | folds).items()}
        evaluate(**row, students=[student], **given, **own)
    return writes


def _per_student(paths, students):
    return paths if isinstance(paths, list) else [paths] * len(students)


@pytest.fixture(scope="session")
def train_one():
    """`train` on a record, with plain settings and changes to them; the paths of what it writes."""
    return _train


@pytest.fixture(scope="session")
def evaluate_one():
    """`evaluate` on a record; the paths of what it writes, by flag, a list each."""
    return _evaluate


@pytest.fixture(scope="session")
def students(record, tmp_path_factory):
    """Every cell of the study, trained for three epochs: paths by (method, modality)."""
    folder = tmp_path_factory.mktemp("students")
    cells = [(method, modality) for method in METHODS for modality in ("image", "sound", "image+sound")]
    cells = [cell for cell in cells if cell not in (("scene+sq_sound", "image"), ("scene+kl_sound", "image"))]
    return {cell: _train(record, folder / "+".join(cell), *cell) for cell in cells}
