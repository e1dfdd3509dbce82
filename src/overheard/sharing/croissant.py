"""The data set of an experiment as Croissant 1.0 (mlcommons). Touches files: reads records, writes one JSON-LD.

Places are relative to where the description is written, so that it can be read there; each table's sha256 is the
record's, and the manifest's stands for every picture and sound.
"""

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from overheard.errors import LineageError
from overheard.io import whole
from overheard.jobs import on_disk, records
from overheard.jobs.circumstance import read_circumstance
from overheard.jobs.records import Record

Node = dict[str, Any]
CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes isLiveDataset "
    "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source "
    "subField transform"
)
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
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
_TYPES = {**dict.fromkeys(("lat", "lon", "sound_start_s", "sound_duration_s"), "sc:Float"), "bytes": "sc:Integer"}
"""Of a table's columns that are no text."""


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
    "fold": "the fold; each location is tested in one; empty where the split is the user's own",
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
    collections = [record for record in found.values() if record["stage"] == "media"]
    if not collections:
        raise LineageError(f"{folder}: no record of a media job; `overheard run {folder.name} --until media` makes it")
    place = _Place(folder, target.parent)
    distribution, record_sets = [], []
    for record in collections:
        files, rows = _collection(record, place)
        distribution += files
        record_sets += rows
    for record in (record for record in found.values() if record["stage"] == "split"):
        entry = record["writes"]["splits"][0]
        name = f"splits-{Path(entry['path']).parent.name}"
        distribution.append(_object(f"{name}.csv", entry, "which split each clip belongs to, in one fold", place))
        record_sets.append(_rows(name, place.columns(entry)))
    content = {"@context": CONTEXT, **_about(folder, found), "distribution": distribution, "recordSet": record_sets}
    whole.write_text(target, json.dumps(content, indent=1) + "\n")


class _Place:
    """Where the experiment's files lie, seen from where the description is written."""

    def __init__(self, folder: Path, seen_from: Path) -> None:
        self.folder, self.seen_from = folder, seen_from

    def url(self, path: str) -> str:
        return Path(os.path.relpath(records.located(path, self.folder), self.seen_from)).as_posix()

    def columns(self, entry: Mapping[str, Any]) -> list[str]:
        """The columns of a table, which must be what its record says."""
        place = records.located(entry["path"], self.folder)
        return next(csv.reader(on_disk.whole(entry, place).decode().splitlines()))


def _about(folder: Path, found: Mapping[str, Record]) -> Node:
    drawn = {job: record for job, record in found.items() if record["stage"] == "draw"}
    said = [read_circumstance(records.located(job, folder)) for job in drawn or found]
    ended = sorted(one["ended"][:10] for one in said if one)
    about: Node = {
        "@type": "sc:Dataset",
        "name": folder.name,
        "description": "Pairs of aerial pictures and sounds from a user's folder; the media keep their own licence.",
        "conformsTo": CONFORMS_TO,
        "url": f"results/{folder.name}",
        "version": "1.0.0",
        "isLiveDataset": False,
    }
    if drawn:
        settings = {key: value for record in drawn.values() for key, value in record["settings"]["settings"].items()}
        told = ", ".join(f"{key} {value}" for key, value in sorted(settings.items()))
        about |= {
            "description": f"SIMULATED: pictures and sounds drawn by the program `overheard` ({told}); "
            "no place is real.",
            "license": "https://spdx.org/licenses/MIT",
            "creator": {"@type": "Organization", "name": "overheard"},
        }
    return about | ({"datePublished": ended[-1]} if ended else {})


def _node(kind: str, name: str, **properties: Any) -> Node:
    return {"@type": f"cr:{kind}", "@id": name, "name": name, **properties}


def _collection(record: Record, place: _Place) -> tuple[list[Node], list[Node]]:
    """A collection's tables, its folder, and its pictures and sounds as sets of files in there; their records."""
    name = record["settings"].get("collection", "pairs")
    folder = record["reads"]["folder"][0]
    index, manifest = (record["writes"][flag][0] for flag in ("index", "manifest"))
    columns = place.columns(index)
    media = [one for kind, one in _MEDIA.items() if kind in columns]
    listed = f"folder of the {name}; its sha256 is of the list of its files: path, sha256, bytes"
    files = [
        _object(f"{name}-index.csv", index, f"one line a clip of the {name}", place),
        _object(f"{name}-manifest.csv", manifest, f"sha256 and size of every file of the {name}", place),
        _object(f"{name}-folder", folder, listed, place, "inode/directory"),
        *(_file_set(name, one) for one in media),
    ]
    rows = [
        _rows(name, columns, table=f"{name}-index.csv"),
        _rows(f"{name}-manifest", place.columns(manifest), key="path"),
        *(_contents(f"{name}-{one.word}", one.data_type) for one in media),
    ]
    return files, rows


def _object(name: str, entry: Mapping[str, Any], description: str, place: _Place, encoding: str = "text/csv") -> Node:
    """A file or folder, as its record has it."""
    about = {"description": description, "encodingFormat": encoding, "sha256": entry["sha256"]}
    return _node("FileObject", name, contentUrl=place.url(entry["path"]), contentSize=f"{entry['bytes']} B", **about)


def _file_set(name: str, media: _Media) -> Node:
    # the layouts of docs/architecture.md: only the pairs have their pictures under `vision`
    inside = media.folder if name == "pairs" or media is _MEDIA["sound"] else ""
    deep = "" if name == "sounds" else "*/"
    where = {"containedIn": {"@id": f"{name}-folder"}, "encodingFormat": list(media.formats)}
    includes = [f"{inside}{deep}*.{suffix}" for suffix in media.suffixes]
    listed = f"{media.word} of the {name}; each is in {name}-manifest.csv with its sha256"
    return _node("FileSet", f"{name}-{media.word}", description=listed, **where, includes=includes)


def _contents(files: str, data_type: str) -> Node:
    """The pictures or sounds of a set of files: their names and themselves."""
    name = f"{files}-contents"
    fields = [
        _field(name, field, kind, fileSet={"@id": files}, extract={"fileProperty": what})
        for field, kind, what in (("file", "sc:Text", "filename"), ("content", data_type, "content"))
    ]
    return _node("RecordSet", name, field=fields)


def _rows(name: str, columns: Iterable[str], table: str | None = None, key: str = "id") -> Node:
    """A table's lines as a record set, one field a column; the table is `NAME.csv` unless another is named."""
    source = {"@id": table or f"{name}.csv"}
    typed = ((column, _TYPES.get(column, "sc:Text")) for column in columns)
    fields = [_field(name, column, kind, fileObject=source, extract={"column": column}) for column, kind in typed]
    return _node("RecordSet", name, key={"@id": f"{name}/{key}"}, field=fields)


def _field(record_set: str, name: str, data_type: str, **source: Any) -> Node:
    told = {"name": name, "description": _MEANINGS.get(name, name)}
    return _node("Field", f"{record_set}/{name}", dataType=data_type, source=source) | told
