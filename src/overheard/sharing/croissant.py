"""The data set of an experiment as Croissant 1.0 (mlcommons). Touches files: reads records, writes one JSON-LD.

Places are relative to where the description is written, so that it can be read there; each table's sha256 is the
record's, and the manifest's stands for every picture and sound.
"""

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from overheard.errors import LineageError
from overheard.jobs import records
from overheard.jobs.records import Record

Node = dict[str, Any]
CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
CONTEXT: Node = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "conformsTo": "dct:conformsTo",
} | {
    word: f"cr:{word}"
    for word in (
        *(
            "citeAs",
            "column",
            "equivalentProperty",
            "extract",
            "field",
            "fileProperty",
            "fileObject",
            "fileSet",
            "format",
        ),
        *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references"),
        *("regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
    )
}
_NUMBERS = ("lat", "lon", "sound_start_s", "sound_duration_s")


class _Media(NamedTuple):
    """How one modality's files are called and stored."""

    word: str
    folder: str
    data_type: str
    formats: Sequence[str]
    suffixes: Sequence[str]


_IMAGE_FORMATS = ("image/jpeg", "image/png", "image/tiff")
_SOUND_FORMATS = ("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg")
_MEDIA = {
    "image": _Media("pictures", "vision/", "sc:ImageObject", _IMAGE_FORMATS, ("jpg", "jpeg", "png", "tif", "tiff")),
    "sound": _Media("sounds", "sound/", "sc:AudioObject", _SOUND_FORMATS, ("wav", "flac", "ogg", "mp3")),
}
_MEANINGS = {
    "id": "identifier of the clip; pictures and sounds are paired by it",
    "class": "scene class",
    "location": "where it was taken; the split is by location within each class",
    "recording": "the sound recording the clip is cut from",
    "lat": "latitude (degrees)",
    "lon": "longitude (degrees)",
    "image": "path of the picture within the folder",
    "sound": "path of the sound within the folder",
    "sound_start_s": "start of the clip within the sound file (s)",
    "sound_duration_s": "duration of the clip (s)",
    "events": "AudioSet event indices, separated by spaces",
    "split": "train, val or test",
    "bands": "which bands of the picture are red, green, blue",
}


def describe(folder: Path, target: Path) -> None:
    """Write the Croissant description of an experiment's data set.

    Args:
        folder: `results/NAME`.
        target: the JSON-LD file to write.

    Raises:
        LineageError: a record or a table is missing or not what it should be.
    """
    found = records.load_records(folder)
    collections = {job: record for job, record in found.items() if record["stage"] == "media"}
    if not collections:
        raise LineageError(f"{folder}: no record of a media job; `overheard run {folder.name} --until media` makes it")
    splits = [record for record in found.values() if record["stage"] == "split"]
    place = _Place(folder, target.parent)
    distribution, record_sets = [], []
    for record in collections.values():
        distribution += _files(record, place)
        record_sets += _record_sets(record, place)
    for record in splits:
        entry = record["writes"]["splits"][0]
        distribution.append(_table("splits.csv", entry, "which split each clip belongs to", place))
        record_sets.append(_rows("splits", "splits.csv", place.columns(entry)))
    about = _about(folder, found)
    text = json.dumps(
        {"@context": CONTEXT} | about | {"distribution": distribution, "recordSet": record_sets}, indent=1
    )
    part = target.with_name(f".part-{target.name}")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(target)


class _Place:
    """Where the experiment's files lie, seen from where the description is written."""

    def __init__(self, folder: Path, seen_from: Path) -> None:
        self.folder, self.seen_from = folder, seen_from

    def url(self, path: str) -> str:
        return Path(os.path.relpath(records.located(path, self.folder), self.seen_from)).as_posix()

    def columns(self, entry: Mapping[str, Any]) -> list[str]:
        """The columns of a table, which must be what its record says."""
        place = records.located(entry["path"], self.folder)
        if not place.is_file():
            raise LineageError(f"{place}: no such file; `overheard run {self.folder.name} --until split` makes it")
        content = place.read_bytes()
        if (digest := sha256(content).hexdigest()) != entry["sha256"]:
            raise LineageError(
                f"{place}: sha256 {digest[:12]}…, its record says {entry['sha256'][:12]}…; "
                f"delete it and `overheard run {self.folder.name}`"
            )
        return next(csv.reader(content.decode().splitlines()))


def _about(folder: Path, found: Mapping[str, Record]) -> Node:
    drawn = {job: record for job, record in found.items() if record["stage"] == "draw"}
    said = [records.read_circumstance(records.located(job, folder)) for job in drawn or found]
    ended = sorted(one["ended"][:10] for one in said if one)
    if drawn:
        settings = {key: value for record in drawn.values() for key, value in record["settings"]["settings"].items()}
        told = ", ".join(f"{key} {value}" for key, value in sorted(settings.items()))
        description = f"SIMULATED: pictures and sounds drawn by the program `overheard` ({told}); no place is real."
    else:
        description = (
            "Pairs of aerial pictures and sounds from a folder that a user gave; the media keep their own licence."
        )
    about: Node = {
        "@type": "sc:Dataset",
        "name": folder.name,
        "description": description,
        "conformsTo": CONFORMS_TO,
        "url": f"results/{folder.name}",
        "version": "1.0.0",
        "isLiveDataset": False,
    }
    if drawn:
        about |= {"license": "https://spdx.org/licenses/MIT", "creator": {"@type": "Organization", "name": "overheard"}}
    return about | ({"datePublished": ended[-1]} if ended else {})


def _collection(record: Record) -> str:
    return record["settings"].get("collection", "pairs")


def _files(record: Record, place: _Place) -> list[Node]:
    """A collection's tables, its folder, and its pictures and sounds as sets of files in there."""
    name, written = _collection(record), record["writes"]
    folder = record["reads"]["folder"][0]
    whole = {
        "@type": "cr:FileObject",
        "@id": f"{name}-folder",
        "name": f"{name}-folder",
        "description": f"folder of the {name}; its sha256 is of the list of its files: path, sha256, bytes",
        "contentUrl": place.url(folder["path"]),
        "contentSize": f"{folder['bytes']} B",
        "encodingFormat": "inode/directory",
        "sha256": folder["sha256"],
    }
    return [
        _table(f"{name}-index.csv", written["index"][0], f"one line a clip of the {name}", place),
        _table(f"{name}-manifest.csv", written["manifest"][0], f"sha256 and size of every file of the {name}", place),
        whole,
        *(_file_set(name, kind) for kind in _kinds(record, place)),
    ]


def _kinds(record: Record, place: _Place) -> list[str]:
    columns = place.columns(record["writes"]["index"][0])
    return [kind for kind in _MEDIA if kind in columns]


def _file_set(name: str, kind: str) -> Node:
    media = _MEDIA[kind]
    # the layouts of docs/architecture.md: only the pairs have their pictures under `vision`
    inside = media.folder if name == "pairs" or kind == "sound" else ""
    deep = "" if name == "sounds" else "*/"
    return {
        "@type": "cr:FileSet",
        "@id": f"{name}-{media.word}",
        "name": f"{name}-{media.word}",
        "description": f"{media.word} of the {name}; each is in {name}-manifest.csv with its sha256",
        "containedIn": {"@id": f"{name}-folder"},
        "encodingFormat": list(media.formats),
        "includes": [f"{inside}{deep}*.{suffix}" for suffix in media.suffixes],
    }


def _table(name: str, entry: Mapping[str, Any], description: str, place: _Place) -> Node:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": description,
        "contentUrl": place.url(entry["path"]),
        "contentSize": f"{entry['bytes']} B",
        "encodingFormat": "text/csv",
        "sha256": entry["sha256"],
    }


def _record_sets(record: Record, place: _Place) -> list[Node]:
    name, written = _collection(record), record["writes"]
    index = _rows(name, f"{name}-index.csv", place.columns(written["index"][0]))
    manifest = _rows(f"{name}-manifest", f"{name}-manifest.csv", place.columns(written["manifest"][0]), key="path")
    return [index, manifest, *(_contents(name, _MEDIA[kind]) for kind in _kinds(record, place))]


def _contents(name: str, media: _Media) -> Node:
    """The pictures or sounds themselves, by their names."""
    place = f"{name}-{media.word}"
    fields = (("file", "sc:Text", "filename"), ("content", media.data_type, "content"))
    return {
        "@type": "cr:RecordSet",
        "@id": f"{place}-contents",
        "name": f"{place}-contents",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{place}-contents/{field}",
                "name": field,
                "dataType": kind,
                "source": {"fileSet": {"@id": place}, "extract": {"fileProperty": what}},
            }
            for field, kind, what in fields
        ],
    }


def _rows(name: str, table: str, columns: Iterable[str], key: str = "id") -> Node:
    """A table's lines as a record set, one field a column."""
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/{key}"},
        "field": [_field(name, table, column) for column in columns],
    }


def _field(name: str, table: str, column: str) -> Node:
    kind = "sc:Float" if column in _NUMBERS else "sc:Integer" if column == "bytes" else "sc:Text"
    return {
        "@type": "cr:Field",
        "@id": f"{name}/{column}",
        "name": column,
        "description": _MEANINGS.get(column, column),
        "dataType": kind,
        "source": {"fileObject": {"@id": table}, "extract": {"column": column}},
    }
