"""Touches files: loads from a results folder, or from a published index, what the leak report needs, and asks each way.

The ways themselves are in `overheard.media.leaks`, the fingerprints in `overheard.media.fingerprints`.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overheard.errors import MediaError, PairingError
from overheard.io import artifacts
from overheard.jobs import hashing
from overheard.jobs.records import read_record, record_paths, recorded
from overheard.learning import relevance
from overheard.lineage import split_readers
from overheard.lineage.graph import Record
from overheard.media import fingerprints, leak_lines, leaks
from overheard.media import moments as scaling
from overheard.media.leak_lines import LeakReport, Line
from overheard.study import config
from overheard.study.experiments import project_root

Step = Callable[[int, int, str], None]
Split = Mapping[str, str]
_IMAGES = "images"
_SOUNDS = ("paper", "tagger_mn04")  # front ends in which sounds can be compared
_TAGGER = "tagger_mn04"
_PARTS = {"pretrain_picture": "scenes", "pretrain_sound": "sounds"}


@dataclass(frozen=True)
class _Study:
    """What the ways ask for: the index and the split, by id."""

    folder: Path
    rows: list[dict[str, str]]
    assigned: list[tuple[str, str]]  # lines of the split file

    @property
    def split(self) -> dict[str, str]:
        # a clip with two splits counts as the one that must be kept apart most
        order = ("train", "val", "test")
        return dict(sorted(self.assigned, key=lambda line: order.index(line[1])))

    def column(self, name: str) -> dict[str, str]:
        """A column of the index by id."""
        return {row["id"]: row[name] for row in self.rows}

    def keys(self, name: str) -> dict[str, set[Hashable]]:
        """A column as something that may be shared; empty where the index says nothing."""
        return {clip: {value} if value else set() for clip, value in self.column(name).items()}

    def places(self) -> dict[str, tuple[float, float] | None]:
        """Latitude and longitude by id."""
        return {row["id"]: _coordinate(row) for row in self.rows}


def leak_report(
    folder: Path,
    allowed: Collection[str] = (),
    nearer_than_m: float = leaks.FOOTPRINT_M,
    step: Step = lambda done, total, text: None,
    records: Mapping[str, Record] | None = None,
) -> LeakReport:
    """Every way by which a test or validation clip of a finished experiment reaches training.

    Args:
        folder: results/NAME, or reference/NAME.
        allowed: ways that the protocol allows; keys of `leak_lines.WAYS`.
        nearer_than_m: locations of different splits nearer than this are reported; metres.
        step: told what is being done: done, total, words.
        records: the experiment's records by recorded path; by default those in the folder.

    Raises:
        MediaError: the index or the split is not there.
        PairingError: they do not name the same clips.
        LineageError: a record is not whole.
    """
    study = _study(folder)
    if records is None:
        records = {recorded(path, folder): read_record(path) for path in record_paths(folder)}
    today = {name: hashing.read(folder / name).sha256 for name in split_readers.FILES if (folder / name).is_file()}
    lines = split_readers.lines(folder.name, records, today, study.split)
    lines += _split_lines(study, nearer_than_m) + _file_lines(study)
    lines += _picture_lines(study, step) + _sound_lines(study, step)
    lines += _teacher_lines(study) + _normaliser_lines(study)
    return leak_lines.report(folder.as_posix(), lines, allowed)


def allowed_by_protocol(name: str) -> list[str]:
    """Ways that the protocol of `config/NAME.yaml` allows; none where there is no such file."""
    path = Path("config") / f"{name}.yaml"
    if not path.is_file():
        return []
    return config.load_protocol(project_root(), config.load_experiment(path)).allowed_leaks


def index_report(
    index: Path, split: str, used: Mapping[str, str], allowed: Collection[str] = (), nearer_than_m=leaks.FOOTPRINT_M
) -> LeakReport:
    """The same of a published index alone, which says by columns of its own what was used for what.

    Args:
        index: a table with id, class, location and the columns below; recording, lat, lon where it has them.
        split: the column with train, val, test.
        used: by way (prior, relevance, normaliser_picture, normaliser_sound) the column that is 1 for a clip used.
        allowed: as for `leak_report`.
        nearer_than_m: as for `leak_report`.
    """
    rows = artifacts.read_table(index, ["id", "class", "location", split, *used.values()])
    rows = [{"recording": "", "lat": "", "lon": ""} | row for row in rows]
    study = _Study(index.parent, rows, _checked(index, [(row["id"], row[split]) for row in rows]))
    lines = _split_lines(study, nearer_than_m)
    for way, column in used.items():
        clips = [row["id"] for row in rows if row[column] == "1"]
        remark = f"column {column}: {len(clips)} clips"
        lines += leaks.used_lines(way, clips, study.split, study.column("location"), study.column("class"), remark)
    for way in leak_lines.WAYS:
        if way not in {line.way for line in lines} and not way.endswith("_location"):
            lines += leaks.not_examined(way, f"{index.name} says nothing about it")
    return leak_lines.report(f"{index.as_posix()}, {split}", lines, allowed)


def _study(folder: Path) -> _Study:
    index, splits = folder / "media/index.csv", folder / "media/splits.csv"
    for path in (index, splits):
        if not path.is_file():
            raise MediaError(f"{path} is not there; a leak report needs at least index and split: run the experiment")
    rows = artifacts.read_table(index, ["id", "class", "location", "recording", "lat", "lon", "image", "sound"])
    assigned = [(row["id"], row["split"]) for row in artifacts.read_table(splits, ["id", "split"])]
    if leftovers := sorted({row["id"] for row in rows} ^ {clip for clip, _ in assigned}):
        shown = ", ".join(leftovers[:10])
        raise PairingError(f"{index} and {splits}: {len(leftovers)} clips in one of them alone: {shown}; split again")
    return _Study(folder, rows, _checked(splits, assigned))


def _checked(path: Path, assigned: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if wrong := [f"{clip} ({word or 'empty'})" for clip, word in assigned if word not in ("train", "val", "test")]:
        raise MediaError(f"{path}: {len(wrong)} clips have no usable split: {', '.join(wrong[:10])}; split again")
    return assigned


def _coordinate(row: Mapping[str, str]) -> tuple[float, float] | None:
    if not (row["lat"].strip() and row["lon"].strip()):
        return None
    try:
        return float(row["lat"]), float(row["lon"])
    except ValueError as error:
        raise MediaError(f"clip {row['id']}: lat {row['lat']}, lon {row['lon']}: not degrees; index again") from error


def _split_lines(study: _Study, nearer_than_m: float) -> list[Line]:
    split, scene, places = study.split, study.column("class"), study.places()
    coordinates = {clip: {place} if place else set() for clip, place in places.items()}
    return [
        *leaks.clip_lines(study.assigned, scene),
        *leaks.shared_lines("location", study.keys("location"), split, scene),
        *leaks.shared_lines("recording", study.keys("recording"), split, scene),
        *leaks.shared_lines("coordinate", coordinates, split, scene),
        *leaks.near_lines(places, split, scene, nearer_than_m),
    ]


def _file_lines(study: _Study) -> list[Line]:
    """Equal bytes, from the manifests."""
    split, scene, media = study.split, study.column("class"), study.folder / "media"
    own = _checksums(media / "manifest.csv")
    if own is None:
        return [
            line for way in ("file", "pretrain_file") for line in _absent(way, study.folder, media / "manifest.csv")
        ]
    keys = {row["id"]: {own[row[kind]] for kind in ("image", "sound") if row[kind] in own} for row in study.rows}
    lines = leaks.shared_lines("file", keys, split, scene)
    there: dict[Hashable, str] = {}
    found = []
    for part in _PARTS.values():
        if (other := _checksums(media / part / "manifest.csv")) is not None:
            found.append(part)
            there |= {sha256: f"{part}/{path}" for path, sha256 in other.items()}
    if not found:
        return lines + leaks.not_examined("pretrain_file", _unknown_set("pictures and sounds"))
    return lines + leaks.outside_lines("pretrain_file", keys, there, split, scene)


def _checksums(manifest: Path) -> dict[str, str] | None:
    if not manifest.is_file():
        return None
    return {row["path"]: row["sha256"] for row in artifacts.read_table(manifest, ["path", "sha256"])}


def _absent(way: str, folder: Path, path: Path) -> list[Line]:
    return leaks.not_examined(way, f"{path.relative_to(folder).as_posix()} is not there")


def _unknown_set(what: str) -> str:
    return f"the {what} of the pre-training set are not in this folder (its weights were given, or it was cleaned)"


def _picture_lines(study: _Study, step: Step) -> list[Line]:
    features = study.folder / "features"
    own = _clips(features, _IMAGES)
    if own is None:
        return [
            line
            for way in ("picture", "pretrain_picture")
            for line in _absent(way, study.folder, features / "images.npy")
        ]

    def hashes(values: np.ndarray, what: str) -> np.ndarray:
        return fingerprints.picture_hashes(values, lambda done: step(done, len(values), f"hashing {what}"))

    ids, prints = own[0], hashes(own[1], "pictures")
    usable = ~fingerprints.blank(prints)
    remark = f"at most {fingerprints.PICTURE_BITS} of 256 bits of pHash differ, in any of eight turns"

    def alike(rows: np.ndarray, others: np.ndarray) -> fingerprints.Pairs:
        return fingerprints.alike_pictures(prints[rows], others)

    lines = _own_pairs("picture", study, ids, prints, usable, alike, "{} bits", remark)
    other = _clips(features / "scenes", _IMAGES)
    if other is None:
        return lines + leaks.not_examined("pretrain_picture", _unknown_set("pictures"))
    theirs = hashes(other[1], "pre-training pictures")
    remark = f"{remark}; {len(theirs)} pictures"
    return lines + _other_pairs("pretrain_picture", study, ids, usable, other[0], theirs, alike, "{} bits", remark)


def _sound_lines(study: _Study, step: Step) -> list[Line]:
    features = study.folder / "features"
    front_end = next((name for name in _SOUNDS if (features / f"{name}.npy").is_file()), None)
    if front_end is None:
        names = " or ".join(f"features/{name}.npy" for name in _SOUNDS)
        return [
            line
            for way in ("sound", "pretrain_sound")
            for line in leaks.not_examined(way, f"{names}: neither is there")
        ]
    ids, values = artifacts.read_clips(features / f"{front_end}.npy", features / f"{front_end}.ids.csv")
    decibel = fingerprints.tagger_decibel if front_end == _TAGGER else np.asarray
    prints = fingerprints.sound_prints(values, decibel)
    usable = ~prints.silent
    remark = f"likeness at least {fingerprints.SOUND_LIKENESS} over at least {fingerprints.SHARED_S:g} s"

    def alike(rows: np.ndarray, others: fingerprints.SoundPrints) -> fingerprints.Pairs:
        say = lambda done, total: step(done, total, "comparing sounds")  # noqa: E731
        return fingerprints.alike_sounds(prints[rows], others, step=say)

    lines = _own_pairs("sound", study, ids, prints, usable, alike, "{:.2f}", remark)
    other = _clips(features / "sounds", front_end)
    if other is None:
        return lines + leaks.not_examined("pretrain_sound", _unknown_set("sounds"))
    theirs = fingerprints.sound_prints(other[1], decibel)
    remark = f"{remark}; {len(theirs)} sounds"
    return lines + _other_pairs("pretrain_sound", study, ids, usable, other[0], theirs, alike, "{:.2f}", remark)


def _clips(folder: Path, name: str) -> tuple[list[str], np.ndarray] | None:
    array, ids = folder / f"{name}.npy", folder / f"{name}.ids.csv"
    return artifacts.read_clips(array, ids) if array.is_file() and ids.is_file() else None


def _rows_of(split: Split, ids: list[str], words: Collection[str]) -> np.ndarray:
    return np.array([row for row, clip in enumerate(ids) if split.get(clip) in words], dtype=np.int64)


def _own_pairs(way, study, ids, prints, usable, alike, unit, remark) -> list[Line]:
    """Held-out clips against those of the study that they must not meet."""
    split, pairs = study.split, {}
    for held, met in leaks.UNSEEN_BY.items():
        rows, others = _rows_of(split, ids, (held,)), _rows_of(split, ids, met)
        if len(rows) and len(others):
            found = alike(rows, prints[others])
            pairs[held] = _named(found, ids, rows, [ids[row] for row in others], unit)
    return _alike_lines(way, study, ids, usable, pairs, remark)


def _other_pairs(way, study, ids, usable, names, theirs, alike, unit, remark) -> list[Line]:
    """Held-out clips against a pre-training set."""
    pairs, part = {}, _PARTS[way]
    for held in leaks.UNSEEN_BY:
        if len(rows := _rows_of(study.split, ids, (held,))):
            pairs[held] = _named(alike(rows, theirs), ids, rows, [f"{part}/{name}" for name in names], unit)
    return _alike_lines(way, study, ids, usable, pairs, remark)


def _named(found: fingerprints.Pairs, ids: list[str], rows: np.ndarray, names: list[str], unit: str):
    parts = zip(found.first, found.second, found.value, strict=True)
    return [(ids[rows[first]], names[second], unit.format(value)) for first, second, value in parts]


def _alike_lines(way, study, ids, usable, pairs, remark) -> list[Line]:
    examined = [clip for clip, useful in zip(ids, usable, strict=True) if useful]
    return leaks.alike_lines(way, examined, pairs, study.split, study.column("class"), remark)


def _teacher_lines(study: _Study) -> list[Line]:
    """What p(e|s) and the relevance vectors were made from, by making them again."""
    teacher, lines = study.folder / "teacher", []
    scene = study.column("class")
    classes = sorted(set(scene.values()))
    makers = {"prior": relevance.scene_event_prior, "relevance": relevance.scene_event_relevance}
    heard = _clips(teacher, "logits")
    for way, maker in makers.items():
        stored = teacher / f"{way}.csv"
        if not stored.is_file() or heard is None:
            lines += _absent(way, study.folder, teacher / "logits.npy" if stored.is_file() else stored)
            continue

        def again(clips: list[str], maker=maker) -> dict[str, np.ndarray] | None:
            if {scene[clip] for clip in clips} != set(classes):
                return None
            label = np.array([classes.index(scene[clip]) for clip in clips])
            rows = artifacts.positions(clips, heard[0], str(teacher / "logits.npy"))
            return {"matrix": maker(relevance.probabilities(heard[1][rows]), label, len(classes))}

        matrix = {"matrix": artifacts.read_event_matrix(stored, classes)}
        lines += leaks.product_lines(way, matrix, [again], study.split, study.column("location"), scene)
    return lines


def _normaliser_lines(study: _Study) -> list[Line]:
    """What the normaliser was made from, by making it again."""
    features = study.folder / "features"
    stored = features / "normaliser.npz"
    ways = {
        "normaliser_picture": ("image", scaling.picture_moments, (_IMAGES,)),
        "normaliser_sound": ("sound", scaling.band_moments, _SOUNDS),
    }
    if not stored.is_file():
        return [line for way in ways for line in _absent(way, study.folder, stored)]
    arrays, lines = artifacts.read_arrays(stored), []
    for way, (kind, moments, names) in ways.items():
        values = {name: array for name, array in arrays.items() if name.startswith(kind)}
        sources = [
            (features / f"{name}{form}.npy", features / f"{name}.ids.csv")
            for name in names
            for form in (".pooled", "")
            if (features / f"{name}{form}.npy").is_file()
        ]
        if not sources:
            lines += _absent(way, study.folder, features / f"{names[0]}.npy")
            continue
        recipes = [_moments_again(kind, moments, *source) for source in sources]
        lines += leaks.product_lines(way, values, recipes, study.split, study.column("location"), study.column("class"))
    return lines


def _moments_again(kind: str, moments: Callable, array: Path, ids: Path) -> Callable:
    names, values = artifacts.read_clips(array, ids)

    def again(clips: list[str]) -> dict[str, np.ndarray]:
        if array.stem == _TAGGER:  # scales itself: mean 0, deviation 1, whatever the clips
            bands = values.shape[-1]
            return {f"{kind}_mean": np.zeros(bands), f"{kind}_std": np.ones(bands)}
        mean, deviation = moments(values, np.sort(artifacts.positions(clips, names, str(array))))
        deviation = deviation.astype(np.float32)
        return {f"{kind}_mean": mean, f"{kind}_std": np.where(deviation == 0, np.float32(1), deviation)}

    return again
