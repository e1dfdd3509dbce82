"""Touches files: loads from a results folder what the leak report needs, and asks each way of each fold.

The ways themselves are in `overheard.media.leaks`, the fingerprints in `overheard.media.fingerprints`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from overheard.io import artifacts
from overheard.jobs import hashing
from overheard.jobs.records import Record, located, read_record, record_paths, recorded, students_of
from overheard.lineage.leak_arrays import normaliser_lines, picture_lines, sound_lines, teacher_lines
from overheard.lineage.leak_embeddings import embedding_ways
from overheard.lineage.leak_study import Study, absent, load_studies, unknown_set
from overheard.media import leak_lines, leaks
from overheard.media.leak_lines import LeakReport, Line
from overheard.study.experiments import read
from overheard.study.flow import PARTS, STAGES
from overheard.study.layout import fold_of, record_of, results, values_of_job, written

_LEARNING = ("pretrain", "normaliser", "prior", "relevance", "train", "evaluate")
"""Stages whose jobs learn or test: each has to read the study's own files."""
_OF_FOLD = {flag: stage for stage in ("split", "normaliser", "prior", "relevance") for flag in STAGES[stage].writes}
"""What of these files is of one fold: flag and the stage that makes it. All read the splits, some the others too."""
_MEDIA = ("image", "video", "sound")
"""Columns of an index that name files, of which it has some."""
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
    if records is None:
        records = {recorded(path, folder): read_record(path) for path in record_paths(folder)}
    read = {
        flag: [entry["path"] for record in records.values() for entry in record["reads"].get(flag, ())]
        for flag in ("splits", "listing")
    }
    normalisers = [record for record in records.values() if record["stage"] == "normaliser"]
    read["given"] = [entry["path"] for record in normalisers for entry in record["reads"].get("given", ())]
    studies = load_studies(folder, read)
    arrays = embedding_ways(folder) or [picture_lines(folder), sound_lines(folder), teacher_lines, normaliser_lines]
    asked = [_split_lines, _file_lines, *arrays]
    lines = {study.fold: [line for ask in asked for line in ask(study)] for study in studies}
    # a user's own split is the same in every fold
    one = all(study.assigned == studies[0].assigned for study in studies)
    counted = studies[:1] if one else studies
    every = _other_split_lines(counted, records) + _heard_lines(counted, records) + leak_lines.over_folds(lines, one)
    return leak_lines.report(folder.as_posix(), every, allowed)


def allowed_by_protocol(name: str) -> list[str]:
    """Ways that the protocol of `config/NAME.yaml` allows; none where there is no such file."""
    path = Path("config") / f"{name}.yaml"
    if not path.is_file():
        return []
    return read(name).protocol.allowed_leaks


def _other_split_lines(studies: Sequence[Study], records: Mapping[str, Record]) -> list[Line]:
    """Did every job that learns or tests read the study's own index, and of its fold split and what is made from it?"""
    asked = [job for job, record in records.items() if record["stage"] in _LEARNING]
    if not asked:
        return leak_lines.not_examined("other_split", "no record of a job that learns is here")
    folder = studies[0].folder

    @cache
    def today(path: str) -> str | None:
        place = located(path, folder)
        return hashing.read(place).sha256 if place.is_file() else None

    wrong = [f"{job} {fault}" for job in asked for fault in _faults(folder.name, job, records, today)]
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    remark, words = "; ".join(wrong[:_SHOWN]) + more or f"{len(asked)} jobs", Counter[str]()
    for study in studies:
        words.update(study.split.values())
    found = None if wrong else 0
    return [Line("other_split", held, found, words[held], remark=remark) for held in leak_lines.UNSEEN_BY]


def _heard_lines(studies: Sequence[Study], records: Mapping[str, Record]) -> list[Line]:
    """Did the teacher hear by its own mean and deviation, or by that of all sounds of the study?"""
    way, teachers = "teacher_normaliser", [record for record in records.values() if record["stage"] == "teacher"]
    if not teachers:
        return leak_lines.not_examined(way, "no record of a teacher is here")
    of_study = any(record["settings"].get("teacher_normaliser") == "study" for record in teachers)
    of = {
        held: sum(word == held for study in studies for word in study.split.values()) for held in leak_lines.UNSEEN_BY
    }
    return [Line(way, held, number if of_study else 0, number) for held, number in of.items()]


def _faults(name: str, job: str, records: Mapping[str, Record], today: Callable[[str], str | None]) -> Iterator[str]:
    """What a job read in place of the files of the study that it must have read."""
    for flag, paths in _expected(name, job, records).items():
        entries = records[job]["reads"].get(flag, [])
        if len(entries) != len(paths):
            yield f"read {len(entries)} files as {flag}, not {len(paths)}"
            continue
        for entry, path in zip(entries, paths, strict=True):
            short = path.removeprefix(f"{results(name)}/")
            if entry["path"] != path:
                yield f"read {entry['path']}, not {short}"
            elif entry.get("record") != record_of(path):
                yield f"read {short} without the record of the job that made it"
            elif today(path) not in (None, entry["sha256"]):
                yield f"read another {short} than lies here now"


def _expected(name: str, job: str, records: Mapping[str, Record]) -> dict[str, list[str]]:
    """The files of the study that a job must have read, by flag."""
    stage, reads = records[job]["stage"], records[job]["reads"]
    if stage == "pretrain":  # whose weights may be given, or learned from places without scenes
        part = PARTS["sounds" if records[job]["settings"].get("modality") == "sound" else "scenes"]
        given = (reads.get("given") or reads.get("places")) and not reads.get("index")
        return {} if given else {"index": written(name, "media", {"part": part})["index"]}
    folds, flags = _folds(job, records), [flag for flag in _OF_FOLD if flag == "splits" or flag in reads]
    found = {flag: [path for fold in folds for path in written(name, _OF_FOLD[flag], fold)[flag]] for flag in flags}
    return found | ({} if stage == "normaliser" else {"index": written(name, "media", {"part": ""})["index"]})


def _folds(job: str, records: Mapping[str, Record]) -> list[dict[str, int]]:
    """The fold of a job, or of each of its runs; there are as many as the splits that it read were drawn with."""
    stage, reads = records[job]["stage"], records[job]["reads"]
    students = next(iter(students_of(records[job]).values()), [])
    runs = [entry["record"] or "" for entry in students] if stage == "evaluate" else [job]
    named = [values_of_job(run, "train" if stage == "evaluate" else stage) or {} for run in runs]
    makers = [records.get(entry["record"] or "") for entry in reads.get("splits", ())]
    drawn = (maker for maker in (*makers, *records.values()) if maker and maker["stage"] == "split")
    count = next((maker["settings"]["settings"]["folds"] for maker in drawn), 1)
    folds = [values.get("fold") or fold_of(int(values["seed"]), count) for values in named if values]
    return [{"fold": int(fold)} for fold in folds]


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
        return absent(study.folder, media / "manifest.csv", "file", "pretrain_file")
    keys = {row["id"]: {own[row[kind]] for kind in _MEDIA if row.get(kind) in own} for row in study.rows}
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
