"""From file names to the rows of an index of clips with pictures that move: names of TAU Urban Audio-Visual Scenes.

    video/<clip>.mp4 or video/<scene>/<clip>.mp4; sounds in audio/ alike, or in the videos; optional meta.csv

A clip of the record is called `<scene>-<city>-<location>-<segment>`; an early release has `-a` behind it, which is no
part of the name here. Its location is `<city>-<location>`, as in the record's meta.csv (column identifier). A clip with
any other name has its scene from its folder, and counts as a location of its own unless meta.csv gives one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from posixpath import splitext
from typing import NamedTuple

from overheard.media import metadata as tables
from overheard.media import names
from overheard.media.indexing import (
    SOUNDS,
    Index,
    Row,
    check_alike,
    check_locations,
    one_of,
    well_named,
)
from overheard.media.metadata import Given, Table

VIDEOS = (".mp4", ".mov", ".avi", ".mkv")
COLUMNS = ("id", "class", "location", "recording", "lat", "lon", "city", "segment", "sound", "video", "split")
"""Of the index. `sound` is empty where the sound is the video's own track; `city`, `segment` where no name has them."""
FILENAMES = ("filename_audio", "filename_video")
TABLE = (*FILENAMES, "scene_label", "identifier", "source_label")
"""What the record's tables have; source_label, the recorder, decides nothing."""

_NAME = re.compile(r"([^-]+)-([^-]+)-([0-9]+)-([0-9]+)(-a)?")
_IDENTIFIER = re.compile(r"([^-]+)-[0-9]+")


class Parts(NamedTuple):
    """What the name of a clip of the record says."""

    scene: str
    city: str
    location: str
    segment: str


def parts(path: str) -> Parts | None:
    """Scene, city, location and segment of a file of the record, with or without `-a`; None of any other name."""
    match = _NAME.fullmatch(_stem(path))
    return Parts(*match.groups()[:4]) if match else None


def clip_id(path: str) -> str:
    """What a clip is called in every table: its file's name without folders, ending and the record's `-a`."""
    return "-".join(named) if (named := parts(path)) else _stem(path)


def _stem(path: str) -> str:
    return splitext(path.rsplit("/", 1)[-1])[0]


def index_clips(paths: Iterable[str], meta: Table | None = None) -> Index:
    """Join videos and sounds by name.

    Args:
        paths: below the folder: those of `video/` and `audio/`.
        meta: rows of meta.csv by line, or None; it goes before names and folders.

    Returns:
        Rows with `COLUMNS`, of every scene; split is empty. `folds.obey_folds` fills it and leaves scenes out.
    """
    found = Index()
    usable = well_named(paths, found)
    videos = _by_id(usable, VIDEOS, "video", found)
    sounds = _by_id(usable, SOUNDS, "audio", found)
    given = _read_meta(meta, videos)
    found.take(given)
    for name, files in sorted(sounds.items()):
        if name not in videos:
            found.leftovers.append(f"{files[0]}: no video/{name}.* with it")
    for name, files in sorted(videos.items()):
        row = _clip(name, files, sounds.get(name, []), given.rows.get(name, {}), found)
        if row:
            found.rows.append(row)
    ids = videos.keys() | sounds.keys() | given.rows.keys()
    named = {word: {row[key] for row in found.rows} for word, key in (("classes", "class"), ("locations", "location"))}
    check_alike(found, named | {"ids": ids})
    check_locations(found, "meta.csv")
    _say_unnamed(found, given.rows)
    _say_without_sound(found)
    return found


def _by_id(paths: Iterable[str], extensions: Sequence[str], part: str, found: Index) -> dict[str, list[str]]:
    by_id: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        extension = splitext(path)[1]
        if not path.startswith(f"{part}/"):
            continue
        if path.count("/") > 2:
            found.problems.append(f"{path}: expected {part}/<clip> or {part}/<scene>/<clip>; move it")
        elif extension.lower() not in extensions:
            what = f"extension {extension}" if extension else "no extension"
            found.problems.append(f"{path}: {what}, expected {one_of(extensions)}; convert or remove it")
        else:
            by_id[clip_id(path)].append(path)
    return dict(by_id)


def _clip(name: str, videos: list[str], sounds: list[str], given: Mapping[str, str], found: Index) -> Row | None:
    """The row of one clip; None where its files contradict each other."""
    for files in (videos, sounds):
        if len(files) > 1:
            found.problems.append(f"{', '.join(files)}: {len(files)} files of one name, {name}; rename or remove one")
            return None
    if (scene := _scene(name, [*videos, *sounds], given.get("scene_label"), found)) is None:
        return None
    named = parts(videos[0])
    own = f"{named.city}-{named.location}" if named else ""
    place = given.get("identifier") or own
    if own and place != own:
        found.warnings.append(f"{name}: location {place} by meta.csv, though its name says {own}")
    city = _IDENTIFIER.fullmatch(place)
    return {
        "id": name,
        "class": scene,
        "location": place or name,
        # pieces of a place are cut from sessions that no name tells apart
        "recording": place or name,
        "lat": "",
        "lon": "",
        "city": city[1] if city else "",
        "segment": named.segment if named else "",
        "sound": sounds[0] if sounds else "",
        "video": videos[0],
        "split": "",
    }


def _scene(name: str, files: Sequence[str], given: str | None, found: Index) -> str | None:
    """Of a clip: by meta.csv, else by its folders and its name, which must not contradict each other."""
    named = parts(files[0])
    said = {path: path.split("/")[1] for path in files if path.count("/") == 2} | ({name: named.scene} if named else {})
    scenes = sorted(set(said.values()))
    if given:
        if others := [scene for scene in scenes if scene != given]:
            found.warnings.append(f"{name}: scene {given} by meta.csv, though names and folders say {others[0]}")
        return given
    if len(scenes) > 1:
        found.problems.append(
            f"{', '.join(files)}: scenes {' and '.join(scenes)} by folder and name; rename or move the files, or give "
            "scene_label in meta.csv"
        )
    elif not scenes:
        found.problems.append(
            f"{files[0]}: no scene; expected the name <scene>-<city>-<location>-<segment>, a folder video/<scene>/, or "
            "a scene_label in meta.csv"
        )
    return scenes[0] if len(scenes) == 1 else None


def named_rows(table: Table, file: str, found: Given) -> Iterable[tuple[int, str, Mapping[str, str]]]:
    """Line, id and row of a table that names its clips by their files, as all tables of the record do.

    Args:
        table: rows by line, with filename_audio, filename_video or both.
        file: the table's name.
        found: takes what is wrong: columns, two files of different clips on a line, a clip a second time.
    """
    columns = tables.check_columns(table, TABLE, file, found, ())
    if not columns & {*FILENAMES}:
        listed = ", ".join(map(names.shown, next(iter(table.values()), {})))
        found.problems.append(f"{file}: no column {' or '.join(FILENAMES)}; found {listed or 'no line'}")
        return
    keyed = {}
    for line, row in table.items():
        files = [row[key] for key in FILENAMES if row.get(key)]
        ids = sorted({clip_id(path) for path in files})
        if len(ids) > 1:
            found.problems.append(f"{file}, line {line}: {' and '.join(files)} are two clips; correct the line")
        else:
            keyed[line] = {**row, "id": "".join(ids), "file": files[-1] if files else ""}
    yield from tables.lines_of(keyed, file, found)


def _read_meta(table: Table | None, ids: Mapping[str, object]) -> Given:
    """meta.csv; every line is of one of the clips, no two of one."""
    found = Given()
    if table is None:
        return found
    absent = []
    for line, name, row in named_rows(table, "meta.csv", found):
        if name not in ids:
            absent.append(row["file"])
        for key in ("scene_label", "identifier"):
            if why := names.trouble(row.get(key, "")):
                found.problems.append(f"meta.csv, line {line}: {key} {names.shown(row[key])[:80]}: {why}; correct it")
        found.rows[name] = dict(row)
    if absent:
        found.problems.append(
            f"meta.csv: {len(absent)} of {len(table)} lines name clips that are not there ({tables.some(absent)}); add "
            "the missing videos, or remove the lines"
        )
    if unsaid := sorted(ids.keys() - found.rows.keys()):
        found.warnings.append(
            f"{len(unsaid)} of {len(ids)} clips have no line in meta.csv ({tables.some(unsaid)}): scene and location "
            "are what their names and folders say"
        )
    return found


def _say_unnamed(found: Index, given: Mapping[str, Row]) -> None:
    unnamed = [
        row["id"] for row in found.rows if not parts(row["video"]) and not given.get(row["id"], {}).get("identifier")
    ]
    if unnamed:
        found.warnings.append(
            f"{len(unnamed)} names are not <scene>-<city>-<location>-<segment> and have no identifier in meta.csv "
            f"({tables.some(unnamed)}): each counts as its own location, so neighbouring clips may fall into training "
            "and test"
        )


def _say_without_sound(found: Index) -> None:
    silent = [row["id"] for row in found.rows if not row["sound"]]
    if silent and len(silent) < len(found.rows):
        found.warnings.append(
            f"{len(silent)} of {len(found.rows)} clips have no file in audio/ ({tables.some(silent)}): their sound is "
            "the video's own track"
        )
