"""From file names to the rows of an index: three layouts of folders, joined by name, never by order.

    pairs    vision/<class>/<id>.<ext>, sound/<class>/<id>.<ext>, optional metadata.csv (overrides what the names say)
    scenes   <class>/<any>.<ext>; the id is the path without its extension
    sounds   sound/<id>.<ext> and tags.csv (id, events)

Everything here takes lists of relative paths (POSIX) and rows of tables, and opens nothing. Trouble with names is
collected, so that a user sees all of it at once.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import splitext

from overheard.media import metadata as tables
from overheard.media import names
from overheard.media.metadata import Given, Table

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
EVENTS = 527

_LOCATION = re.compile(r"(\d{5})(_\d+)?")

_NAMED = {"classes": "class", "locations": "location", "recordings": "recording"}

Row = dict[str, str]


@dataclass
class Index:
    """What the names of a folder say: rows sorted by id, what a person should know, what is wrong."""

    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # a file, a key or a name, what was found, what to do
    leftovers: list[str] = field(default_factory=list)  # one half of a pair without the other
    unread: list[str] = field(default_factory=list)  # files that nothing here reads
    columns: list[str] = field(default_factory=list)  # of a table, that nothing here reads
    side_files: list[str] = field(default_factory=list)  # of other programs, passed over
    tables: list[str] = field(default_factory=list)  # files that were read for this

    def take(self, given: Given) -> None:
        """Add what was found in the folder's table."""
        self.problems += given.problems
        self.warnings += given.warnings
        self.columns += given.unread


def location_of(name: str) -> str | None:
    """The location in an id of the form NNNNN or NNNNN_k (ADVANCE), else None."""
    match = _LOCATION.fullmatch(name)
    return match[1] if match else None


def index_pairs(
    pictures: Iterable[str],
    sounds: Iterable[str],
    metadata: Table | None = None,
    classes: Sequence[str] | None = None,
) -> Index:
    """Join pictures and sounds by name.

    Args:
        pictures: paths below the folder, `vision/<class>/<file>`.
        sounds: paths below the folder, `sound/<class>/<file>`.
        metadata: rows of metadata.csv by line, or None.
        classes: the classes to keep; None keeps all.

    Returns:
        Rows with id, class, location, recording, lat, lon, image, sound, split.
    """
    found = Index()
    images = _by_id(pictures, PICTURES, "vision/<class>/<id>", found)
    clips = _by_id(sounds, SOUNDS, "sound/<class>/<id>", found)
    ids = images.keys() | clips.keys()
    given = tables.read_metadata(metadata, ids)
    found.take(given)
    for name in sorted(ids):
        halves = [*images.get(name, []), *clips.get(name, [])]
        if _one_of_each(name, halves, images, clips, found):
            row = _pair(name, images[name][0], clips[name][0], given.rows.get(name, {}), found)
            if classes is None or row["class"] in classes:
                found.rows.append(row)
    folders = {path.split("/")[1] for paths in (*images.values(), *clips.values()) for path in paths}
    check_alike(found, {"classes": folders, "ids": ids | given.rows.keys()})
    check_alike(found, {word: {row[key] for row in found.rows} for word, key in _NAMED.items()})
    check_locations(found)
    _say_unnamed(found, given.rows)
    return found


def _one_of_each(name: str, halves: list[str], images: Mapping, clips: Mapping, found: Index) -> bool:
    folders = sorted({path.split("/")[1] for path in halves})
    if len(folders) > 1:
        text = ", ".join(halves)
        found.problems.append(
            f"id {name} stands in {len(folders)} classes ({text}); an id belongs to one class: rename one"
        )
        return False
    for kind, halves_of_kind in (("pictures", images.get(name, [])), ("sounds", clips.get(name, []))):
        if len(halves_of_kind) > 1:
            found.problems.append(f"{', '.join(halves_of_kind)}: two {kind} of one id; keep one of them")
            return False
    if name not in clips:
        found.leftovers.append(f"{images[name][0]}: no sound/{folders[0]}/{name}.* with it")
    elif name not in images:
        found.leftovers.append(f"{clips[name][0]}: no vision/{folders[0]}/{name}.* with it")
    return name in images and name in clips


def _pair(name: str, image: str, sound: str, given: Mapping[str, str], found: Index) -> Row:
    location = given.get("location") or location_of(name) or name
    folder = image.split("/")[1]
    row = {
        "id": name,
        "class": given.get("class") or folder,
        "location": location,
        # the copies of a location are other cuts of one recording, as in ADVANCE
        "recording": given.get("recording") or location,
        "lat": given.get("lat", ""),
        "lon": given.get("lon", ""),
        "image": image,
        "sound": sound,
        "split": given.get("split", ""),
    }
    if row["class"] != folder:
        found.warnings.append(f"{name}: class {row['class']} by metadata.csv, though it lies in the folder {folder}")
    return row


def _by_id(paths: Iterable[str], extensions: Sequence[str], layout: str, found: Index) -> dict[str, list[str]]:
    by_id: dict[str, list[str]] = defaultdict(list)
    for path in well_named(paths, found):
        stem, extension = splitext(path)
        if path.count("/") != layout.count("/"):
            found.problems.append(f"{path}: expected {layout}{one_of(extensions)}; move it")
        elif extension.lower() not in extensions:
            what = f"extension {extension}" if extension else "no extension"
            found.problems.append(f"{path}: {what}, expected {one_of(extensions)}; convert or remove it")
        else:
            by_id[stem.rsplit("/", 1)[1]].append(path)
    return dict(by_id)


def one_of(extensions: Sequence[str]) -> str:
    """File endings as a message lists what is expected."""
    return f"{', '.join(extensions[:-1])} or {extensions[-1]}"


def well_named(paths: Iterable[str], found: Index) -> list[str]:
    """Paths all of whose names can be used, sorted; of the others each folder or file is refused once."""
    wrong, right = {}, []
    for path in sorted(paths):
        if (trouble := names.path_trouble(path)) is None:
            right.append(path)
        else:
            where, why = trouble
            wrong[where] = f"{names.shown(where)}: {why}; rename it"
    found.problems += wrong.values()
    return right


def check_alike(found: Index, named: Mapping[str, Iterable[str]]) -> None:
    """Refuse names that a reader takes for one; ids may differ in case, as those of video platforms do."""
    for what, its in named.items():
        its = set(its)
        wrong = [f"{what} {alike}: the same letters in two Unicode forms; rename one" for alike in names.two_forms(its)]
        if what == "classes":
            wrong += [
                f"classes {alike}: they differ in case, blanks or width alone; rename one"
                for alike in names.look_alike(its)
            ]
        found.problems += [text for text in wrong if text not in found.problems]


def check_locations(found: Index, table: str = "metadata.csv") -> None:
    """Refuse a location in two classes; `table` is where a user gives others."""
    classes: dict[str, dict[str, str]] = defaultdict(dict)
    for row in found.rows:
        classes[row["location"]].setdefault(row["class"], row["id"])
    for location, ids in sorted(classes.items()):
        if len(ids) > 1:
            where = ", ".join(f"{name} ({example})" for name, example in sorted(ids.items()))
            found.problems.append(
                f"location {location} stands in {len(ids)} classes: {where}; "
                f"a location belongs to one class: rename it, or give other locations in {table}"
            )


def _say_unnamed(found: Index, given: Mapping[str, Row]) -> None:
    unnamed = [
        row["id"] for row in found.rows if not location_of(row["id"]) and not given.get(row["id"], {}).get("location")
    ]
    if unnamed:
        shown = ", ".join(unnamed[:5]) + (", …" if len(unnamed) > 5 else "")
        found.warnings.append(
            f"{len(unnamed)} names are not NNNNN or NNNNN_k and have no location in metadata.csv ({shown}): each "
            "counts as its own location, so neighbouring clips may fall into training and test"
        )


def index_scenes(paths: Iterable[str]) -> Index:
    """Pictures by class, for pre-training: rows with id, class, image.

    Args:
        paths: below the folder, `<class>/<file>`; files at the top are for people and are left alone.
    """
    found = Index()
    seen: dict[str, str] = {}
    for path in well_named((path for path in paths if "/" in path), found):
        folder, (stem, extension) = path.split("/")[0], splitext(path)
        if path.count("/") != 1 or extension.lower() not in PICTURES:
            found.problems.append(f"{path}: expected <class>/<any>{one_of(PICTURES)}; move, convert or remove it")
        elif stem in seen:
            found.problems.append(f"{seen[stem]}, {path}: two pictures of one name; keep one of them")
        else:
            found.rows.append({"id": stem, "class": folder, "image": path})
        seen.setdefault(stem, path)
    found.rows.sort(key=lambda row: row["id"])
    check_alike(found, {"classes": {row["class"] for row in found.rows}})
    return found


def index_sounds(paths: Iterable[str], tags: Table) -> Index:
    """Tagged sounds, for pre-training: rows with id, sound, events (AudioSet indices separated by spaces).

    Args:
        paths: below the folder, `sound/<file>`.
        tags: rows of tags.csv by line: id, events.
    """
    found, given = Index(), Given()
    clips = _by_id(paths, SOUNDS, "sound/<id>", found)
    columns = tables.check_columns(tags, tables.TAGS, "tags.csv", given, tables.TAGS)
    events: dict[str, str] = {}
    if not columns:
        found.take(given)
        return found
    for line, name, row in tables.lines_of(tags, "tags.csv", given):
        where = f"tags.csv, line {line}: id {name}"
        words = row["events"].split()
        if wrong := [word for word in words if not (word.isascii() and word.isdigit() and int(word) < EVENTS)]:
            found.problems.append(f"{where}: event {wrong[0]!r}; expected AudioSet indices, 0 to {EVENTS - 1}")
        events[name] = " ".join(words)
        if name not in clips:
            found.leftovers.append(f"{where}: no sound/{name}.* with it")
    found.take(given)
    check_alike(found, {"ids": clips.keys() | events.keys()})
    for name, files in sorted(clips.items()):
        if len(files) > 1:
            found.problems.append(f"{', '.join(files)}: two sounds of one id; keep one of them")
        if name not in events:
            found.leftovers.append(f"{files[0]}: no line with id {name} in tags.csv")
        else:
            found.rows.append({"id": name, "sound": files[0], "events": events[name]})
    return found


def statistics(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str | int]]:
    """Per class: pairs (or pictures), locations, recordings; the counts that the rows cannot tell are empty."""
    by_class = defaultdict(list)
    for row in rows:
        by_class[row["class"]].append(row)
    table = []
    for name, members in sorted(by_class.items()):
        count = {
            key: len({row[key] for row in members}) if key in members[0] else "" for key in ("location", "recording")
        }
        line = {"class": name, "pairs": len(members), "locations": count["location"], "recordings": count["recording"]}
        table.append(line)
    return table
