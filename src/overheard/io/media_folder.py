"""A user's folder by its names and its table, before anything in it is decoded: what it holds, or why not."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from overheard.errors import ConfigError, MediaError, PairingError
from overheard.io.found_files import find
from overheard.io.user_tables import read_user_table
from overheard.media import indexing
from overheard.media.folds import FOLD_FILES, obey_folds
from overheard.media.indexing import Index
from overheard.media.names import is_side_file, shown
from overheard.media.urban_names import index_clips

_SHOWN = 20
_SUBFOLDERS = {"pairs": ("vision", "sound"), "sounds": ("sound",), "scenes": (), "clips": ("video",)}
_TABLES = {"pairs": "metadata.csv", "sounds": "tags.csv", "clips": "meta.csv"}
_LAYOUTS = {
    "pairs": "vision/<class>/<id>.jpg and sound/<class>/<id>.wav",
    "scenes": "<class>/<any>.jpg",
    "sounds": "sound/<id>.wav and tags.csv",
    "clips": "video/<clip>.mp4 and audio/<clip>.wav",
}
_KNOWN = {"metadata.csv", "tags.csv", "mask", "truth", "meta.csv", "audio", "evaluation_setup"}
_OF_TABLES = ("", ".csv", ".tsv", ".tab", ".txt", ".xls", ".xlsx", ".ods", ".json", ".parquet", ".numbers")


def index(folder: Path, collection: str, classes: Sequence[str] | None = None) -> Index:
    """Read the names of a folder and its table.

    Args:
        folder: media in the layout of the collection.
        collection: pairs, scenes, sounds or clips (videos with sound).
        classes: of the pairs or clips, those to keep; None keeps all.

    Raises:
        ConfigError: a class is not there.
        MediaError: it is no such folder, or names and cells that cannot be used, all of them.
        PairingError: files without their other half.
    """
    if classes is not None and not classes:
        raise ConfigError("source.classes: an empty list; name the classes to keep, or write null for all of them")
    names, side_files = _list(folder, collection)
    read = _table(folder, collection, names)
    setup = {word: name for word, name in FOLD_FILES.items() if name in names} if collection == "clips" else {}
    tables = {
        name: read_user_table(folder / name, _separator(folder / name) if collection == "clips" else ",")
        for name in [read, *setup.values()]
        if name
    }
    table = tables.get(read or "")
    if collection == "clips":
        found = index_clips([*_below(names, "video"), *_below(names, "audio")], table)
        obey_folds(found, {word: tables[name] for word, name in setup.items()}, classes)
    elif collection == "scenes":
        found = indexing.index_scenes(names)
    elif collection == "sounds":
        found = indexing.index_sounds(_below(names, "sound"), table or {})
    else:
        found = indexing.index_pairs(_below(names, "vision"), _below(names, "sound"), table, classes)
    found.unread, found.side_files, found.tables = _unread(names, collection), side_files, list(tables)
    _refuse(folder, found)
    of_classes = collection in ("pairs", "clips")
    if missing := sorted(set(classes or []) - {row["class"] for row in found.rows}) if of_classes else []:
        part = _SUBFOLDERS[collection][0]
        folders = sorted({name.split("/")[1] for name in _below(names, part) if name.count("/") == 2})
        raise ConfigError(f"source.classes: {', '.join(missing)} not in {folder}; found {', '.join(folders) or 'none'}")
    if not found.rows:
        raise MediaError(f"{folder}: no clips in it; expected {_LAYOUTS[collection]}")
    if collection == "scenes" and len(kinds := {row["class"] for row in found.rows}) < 2:
        raise MediaError(f"{folder}: scenes of one class ({kinds.pop()}) teach a network nothing; add other classes")
    return found


def _separator(path: Path) -> str:
    """Of a table of clips: tabs where its first line has one, as all tables of TAU's record do."""
    with path.open("rb") as stream:
        return "\t" if b"\t" in stream.readline() else ","


def _list(folder: Path, collection: str) -> tuple[list[str], list[str]]:
    """Paths of the files below a folder, POSIX, sorted; and those of other programs' side files."""
    if not folder.is_dir():
        raise MediaError(f"{folder}: not a folder; give the folder that holds {_LAYOUTS[collection]}")
    for part in _SUBFOLDERS[collection]:
        if not (folder / part).is_dir():
            others = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
            found = f"; found {', '.join(map(shown, others[:_SHOWN]))}" if others else ""
            raise MediaError(f"{folder}: no folder {part}/ in it; expected {_LAYOUTS[collection]}{found}")
    names = [file.name for file in find(folder)[0]]
    side_files = [name for name in names if is_side_file(name)]
    return sorted(set(names) - set(side_files)), side_files


def _table(folder: Path, collection: str, names: list[str]) -> str | None:
    """The table of a folder; one that is meant and has another name is refused, as nobody would read it."""
    if (wanted := _TABLES.get(collection)) is None:
        return None
    tops = {name.split("/")[0] for name in names}
    for top in sorted(tops - {wanted}):
        # beside the table itself, the workbook that it was saved from may lie
        if top.casefold() == wanted or (wanted not in names and _is_meant(top, wanted)):
            raise MediaError(
                f"{folder / top}: not read under this name; save it as {wanted} (CSV: UTF-8, commas), or give it "
                "a name that is not like it"
            )
    if wanted in names:
        return wanted
    if wanted in tops:
        raise MediaError(f"{folder / wanted}: a folder; expected a file")
    if collection == "sounds":
        raise MediaError(f"{folder}: no tags.csv in it; expected {_LAYOUTS[collection]}")
    return None


def _is_meant(top: str, wanted: str) -> bool:
    """Whether a name is one of the table's spelt otherwise: another case, ending or number, a copy."""
    stem, *endings = top.casefold().split(".")
    if not {f".{ending}" for ending in endings} <= {*_OF_TABLES, ".bak"}:
        return False
    words = re.sub("[^a-z]+", " ", stem).split()
    right = wanted.removesuffix(".csv")
    return bool(get_close_matches("".join(words), [right], cutoff=0.8)) or bool({right, right[:4]} & {*words})


def _below(names: Iterable[str], part: str) -> list[str]:
    return [name for name in names if name.startswith(f"{part}/")]


def _unread(names: list[str], collection: str) -> list[str]:
    """What lies at the top of the folder and is no part of its layout."""
    tops = {name.split("/")[0] for name in names if collection != "scenes" or "/" not in name}
    return [shown(name) for name in sorted(tops - {*_SUBFOLDERS[collection], *_KNOWN})]


def _refuse(folder: Path, found: Index) -> None:
    if found.leftovers:
        what = "names that cannot be used, and files" if found.problems else "files"
        wrong = found.problems + found.leftovers
        raise PairingError(
            listed(folder, f"{what} without their other half", wrong, "add the missing files or remove these")
        )
    if found.problems:
        raise MediaError(listed(folder, "names or cells that cannot be used", found.problems, "fix them and run again"))


def listed(folder: Path, what: str, problems: list[str], next_step: str) -> str:
    """A message of many lines: the first of the problems, and how many there are."""
    more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return "\n  ".join([f"{folder}: {len(problems)} {what}; {next_step}:", *problems[:_SHOWN], *more])
