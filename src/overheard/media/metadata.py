"""What a user's tables say of clips: which of their columns are read, and what is wrong with a cell."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from posixpath import splitext

from overheard.media import names
from overheard.media.split_draws import SPLITS

METADATA = ("id", "class", "location", "recording", "lat", "lon", "split")
TAGS = ("id", "events")

Table = Mapping[int, Mapping[str, str]]
"""Rows of a table by their line in the file; the cells have no blanks around them."""

_MEANT = {"latitude": "lat", "longitude": "lon", "long": "lon", "lng": "lon"}
_ALIKE = 0.8  # of difflib: `lcoation`, `spilt` and `recordings` are, `region` and `remark` are not
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_SHOWN = 5


@dataclass
class Given:
    """What a table says: rows by id, what is wrong, what a person should know, which columns are not read."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_metadata(table: Table | None, ids: Collection[str]) -> Given:
    """metadata.csv, as `check_columns` and `_cell_problem` have it; every line is of one of the ids, no two of one."""
    found = Given()
    columns = check_columns(table, METADATA, "metadata.csv", found)
    if not columns:
        return found
    others = columns - {"id"}
    if not others:
        listed = ", ".join(_columns(table))
        found.problems.append(f"metadata.csv: columns {listed}; expected id and some of {', '.join(METADATA[1:])}")
    if ("lat" in columns) != ("lon" in columns):
        found.problems.append("metadata.csv: one of the columns lat and lon without the other; give both or none")
    without_zeros = {name.lstrip("0"): name for name in ids}
    for line, name, row in lines_of(table, "metadata.csv", found):
        where = f"metadata.csv, line {line}: id {name}"
        if name not in ids:
            bare = splitext(name.rsplit("/", 1)[-1])[0]
            meant = bare if bare in ids else without_zeros.get(bare.lstrip("0"))
            what = f"write {meant}" if meant else "correct or remove the line"
            found.problems.append(f"{where} has no file of this name; {what}")
        found.problems += [f"{where}: {wrong}" for key in METADATA if key in others and (wrong := _cell(key, row))]
        found.rows[name] = {key: row[key] for key in METADATA if key in others}
    _say_missing(found, others, ids)
    for alike in names.look_alike(row["location"] for row in found.rows.values() if row.get("location")):
        found.warnings.append(f"metadata.csv: locations {alike} differ in case, blanks or width alone and count as two")
    return found


def _say_missing(found: Given, columns: Collection[str], ids: Collection[str]) -> None:
    """Clips that a table does not name, or whose cell is empty where others' is not."""
    if absent := sorted(set(ids) - found.rows.keys()):
        found.warnings.append(
            f"{len(absent)} of {len(ids)} clips have no line in metadata.csv ({some(absent)}): their class is their "
            "folder, their location what their name says"
        )
    for key in ("class", "location"):
        empty = sorted(name for name, row in found.rows.items() if key in columns and not row[key])
        if empty:
            meant = "folder" if key == "class" else "name"
            found.warnings.append(
                f"{len(empty)} clips have no {key} in metadata.csv ({some(empty)}): it is taken from their {meant}"
            )


def some(listed: Sequence[str]) -> str:
    """The first few of a list."""
    return ", ".join(map(names.shown, listed[:_SHOWN])) + (", …" if len(listed) > _SHOWN else "")


def _columns(table: Table | None) -> list[str]:
    return list(next(iter(table.values()))) if table else []


def check_columns(
    table: Table | None, wanted: Sequence[str], file: str, found: Given, required: Sequence[str] = ("id",)
) -> set[str]:
    """The columns of a table that are read; the others are named, refused where another spelling is meant.

    A name is read as it is written: `Location`, `lattitude` and `spilt` are refused, as a column that is passed over
    may be what keeps a place out of two splits. Blanks around a name do not count.
    """
    columns = _columns(table)
    for column in columns:
        if column not in wanted:
            meant = _meant(column, wanted)
            if meant and (meant not in columns or column.casefold() == meant):
                found.problems.append(f"{file}: column {names.shown(column)}; write {meant}, or give it another name")
            else:
                found.unread.append(column)
    if columns and (absent := [name for name in required if name not in columns]):
        listed = ", ".join(map(names.shown, columns))
        found.problems.insert(0, f"{file}: no column {', '.join(absent)}; found {listed}")
        return set()
    return {column for column in columns if column in wanted}


def _meant(column: str, wanted: Sequence[str]) -> str | None:
    """The column that is meant by one of another spelling."""
    plain = "".join(sign for sign in column.casefold() if sign.isalnum())
    known = {word: word for word in wanted} | {word: its for word, its in _MEANT.items() if its in wanted}
    close = get_close_matches(plain, known, n=1, cutoff=_ALIKE)
    return known[close[0]] if close else None


def lines_of(table: Table | None, file: str, found: Given) -> Iterable[tuple[int, str, Mapping[str, str]]]:
    """Line, id and row of every row with an id of its own; the others are refused."""
    seen: dict[str, int] = {}
    for line, row in (table or {}).items():
        name = row["id"]
        if not name:
            found.problems.append(f"{file}, line {line}: no id; give it, or remove the line")
        elif why := names.trouble(name):
            found.problems.append(f"{file}, line {line}: id {names.shown(name)[:80]}: {why}")
        elif name in seen:
            found.problems.append(f"{file}, line {line}: id {name} a second time (line {seen[name]}); keep one line")
        else:
            seen[name] = line
            yield line, name, row


def _cell(key: str, row: Mapping[str, str]) -> str | None:
    """What is wrong with a cell; None where it can be used."""
    text = row[key]
    if key in ("lat", "lon"):
        return _coordinate(key, text, row.get("lon" if key == "lat" else "lat", text))
    if key == "split" and text and text not in SPLITS:
        meant = f"write {text.casefold()}" if text.casefold() in SPLITS else f"expected {', '.join(SPLITS)}"
        return f"split {names.shown(text)[:80]}; {meant}"
    return f"{key} {names.shown(text)[:80]}: {why}; correct it" if (why := names.trouble(text)) else None


def _coordinate(key: str, text: str, other: str) -> str | None:
    limit = {"lat": 90, "lon": 180}[key]
    if not text:
        return f"{key} is empty and the other is not; give both in degrees, or neither" if other else None
    if not _NUMBER.fullmatch(text):
        if _NUMBER.fullmatch(text.replace(",", ".")):
            return f"{key} {text!r} has a decimal comma; write {text.replace(',', '.')}"
        return f"{key} {text[:80]!r} is not a number; give degrees, e.g. 48.137"
    if not -limit <= float(text) <= limit:
        return f"{key} {text[:80]} is outside -{limit} to {limit} degrees; correct it"
    return None
