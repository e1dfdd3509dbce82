"""Touches files: loads from a results folder, or from a published index, what the leak report needs, and asks each way.

The ways themselves are in `overheard.media.leaks`, the fingerprints in `overheard.media.fingerprints`.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from functools import cache
from pathlib import Path

from overheard.io import artifacts
from overheard.jobs import hashing
from overheard.jobs.records import Record, located, read_record, record_paths, recorded
from overheard.lineage.leak_arrays import normaliser_lines, picture_lines, sound_lines, teacher_lines
from overheard.lineage.leak_study import Study, absent, load_study, read_split, unknown_set
from overheard.media import leak_lines, leaks
from overheard.media.leak_lines import LeakReport, Line
from overheard.study import config
from overheard.study.experiments import project_root
from overheard.study.layout import PARTS, record_of, results, written

_READ: dict[str, tuple[str, ...]] = {"normaliser": ("splits",)} | dict.fromkeys(
    ("prior", "relevance", "train", "evaluate"), ("index", "splits")
)
"""Which of the study's own tables a job that learns or tests has to read, by stage."""
_SHOWN = 5


def leak_report(folder: Path, allowed: Collection[str] = (), records: Mapping[str, Record] | None = None) -> LeakReport:
    """Every way by which a test or validation clip of a finished experiment reaches training.

    Args:
        folder: results/NAME, or reference/NAME.
        allowed: ways that the protocol allows; keys of `leak_lines.WAYS`.
        records: the experiment's records by recorded path; by default those in the folder.

    Raises:
        MediaError: the index or the split is not there.
        PairingError: they do not name the same clips.
        LineageError: a record is not whole.
    """
    study = load_study(folder)
    if records is None:
        records = {recorded(path, folder): read_record(path) for path in record_paths(folder)}
    lines = _other_split_lines(study, records) + _split_lines(study) + _file_lines(study)
    lines += picture_lines(study) + sound_lines(study)
    lines += teacher_lines(study) + normaliser_lines(study)
    return leak_lines.report(folder.as_posix(), lines, allowed)


def allowed_by_protocol(name: str) -> list[str]:
    """Ways that the protocol of `config/NAME.yaml` allows; none where there is no such file."""
    path = Path("config") / f"{name}.yaml"
    if not path.is_file():
        return []
    return config.load_protocol(project_root(), config.load_experiment(path)).allowed_leaks


def index_report(index: Path, split: str, used: Mapping[str, str], allowed: Collection[str] = ()) -> LeakReport:
    """The same of a published index alone, which says by columns of its own what was used for what.

    Args:
        index: a table with id, class, location and the columns below; recording, lat, lon where it has them.
        split: the column with train, val, test.
        used: by way (prior, relevance, normaliser_picture, normaliser_sound) the column that is 1 for a clip used.
        allowed: as for `leak_report`.
    """
    rows = artifacts.read_table(index, ["id", "class", "location", split, *used.values()])
    rows = [{"recording": "", "lat": "", "lon": ""} | row for row in rows]
    study = Study(index.parent, rows, read_split(index, split))
    lines = _split_lines(study)
    for way, column in used.items():
        clips = [row["id"] for row in rows if row[column] == "1"]
        remark = f"column {column}: {len(clips)} clips"
        lines += leaks.used_lines(way, clips, study.split, study.column("location"), study.column("class"), remark)
    for way in leak_lines.WAYS:
        if way not in {line.way for line in lines} and not way.endswith("_location"):
            lines += leak_lines.not_examined(way, f"{index.name} says nothing about it")
    return leak_lines.report(f"{index.as_posix()}, {split}", lines, allowed)


def _other_split_lines(study: Study, records: Mapping[str, Record]) -> list[Line]:
    """Did every job that learns or tests read the study's own index and split?"""
    asked = [job for job, record in records.items() if record["stage"] in (*_READ, "pretrain")]
    if not asked:
        return leak_lines.not_examined("other_split", "no record of a job that learns is here")

    @cache
    def today(path: str) -> str | None:
        place = located(path, study.folder)
        return hashing.read(place).sha256 if place.is_file() else None

    wrong = [f"{job} {fault}" for job in asked for fault in _faults(study.folder.name, records[job], today)]
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    remark, words = "; ".join(wrong[:_SHOWN]) + more or f"{len(asked)} jobs", list(study.split.values())
    found = None if wrong else 0
    return [Line("other_split", held, found, words.count(held), remark=remark) for held in leak_lines.UNSEEN_BY]


def _faults(name: str, record: Record, today: Callable[[str], str | None]) -> Iterator[str]:
    """What a job read in place of the files of the study that it must have read."""
    part, flags = "", _READ.get(record["stage"])
    if flags is None:  # pretrain, whose weights may be given
        part = PARTS["sounds" if record["settings"].get("modality") == "sound" else "scenes"]
        flags = () if record["reads"].get("given") and not record["reads"].get("index") else ("index",)
    paths = {**written(name, "media", {"part": part}), **written(name, "split", {})}
    for flag in flags:
        (path,) = paths[flag]
        entries, short = record["reads"].get(flag, []), path.removeprefix(f"{results(name)}/")
        if len(entries) != 1:
            yield f"read {len(entries)} files as {flag}, not {short}"
        elif entries[0]["path"] != path:
            yield f"read {entries[0]['path']}, not {short}"
        elif entries[0].get("record") != record_of(path):
            yield f"read {short} without the record of the job that made it"
        elif today(path) not in (None, entries[0]["sha256"]):
            yield f"read another {short} than lies here now"


def _split_lines(study: Study) -> list[Line]:
    split, scene, places = study.split, study.column("class"), study.places()
    coordinates = {clip: {place} if place else set() for clip, place in places.items()}
    return [
        *leaks.clip_lines(study.assigned, scene),
        *leaks.shared_lines("location", study.keys("location"), split, scene),
        *leaks.shared_lines("recording", study.keys("recording"), split, scene),
        *leaks.shared_lines("coordinate", coordinates, split, scene),
        *leaks.near_lines(places, split, scene),
    ]


def _file_lines(study: Study) -> list[Line]:
    """Equal bytes, from the manifests."""
    split, scene, media = study.split, study.column("class"), study.folder / "media"
    own = _checksums(media / "manifest.csv")
    if own is None:
        return absent(study, media / "manifest.csv", "file", "pretrain_file")
    keys = {row["id"]: {own[row[kind]] for kind in ("image", "sound") if row[kind] in own} for row in study.rows}
    lines = leaks.shared_lines("file", keys, split, scene)
    found = ((part, _checksums(media / part / "manifest.csv")) for part in ("scenes", "sounds"))
    others = {part: sums for part, sums in found if sums is not None}
    if not others:
        return lines + leak_lines.not_examined("pretrain_file", unknown_set("pictures and sounds"))
    there: dict[Hashable, str] = {
        sha256: f"{part}/{path}" for part, sums in others.items() for path, sha256 in sums.items()
    }
    return lines + leaks.outside_lines("pretrain_file", keys, there, split, scene)


def _checksums(manifest: Path) -> dict[str, str] | None:
    if not manifest.is_file():
        return None
    return {row["path"]: row["sha256"] for row in artifacts.read_table(manifest, ["path", "sha256"])}
