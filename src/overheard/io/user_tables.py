"""A table that a user wrote, read strictly: what pandas would repair, skip or rename without a word is refused."""

import csv
import io
import re
from pathlib import Path

from overheard.errors import MediaError
from overheard.media.metadata import Table
from overheard.media.names import shown, stripped

LARGEST_MB = 100
MOST_LINES = 1_000_000

_SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
_LINE_END = re.compile("\r\n|\r|\n")


def read_user_table(path: Path, separator: str = ",") -> Table:
    """Read a CSV: UTF-8, commas (TAU's record: tabs), a first line of names, a line a row.

    Blanks and invisible signs around a cell are taken away, empty lines passed over; a column without name and cells is
    not there. `NA`, `nan` and numbers stay the text that they are.

    Returns:
        Rows by their line in the file; at least one.

    Raises:
        MediaError: it is none, or damaged; names the line.
    """
    # half a second, which a folder without a table need not wait
    import pandas as pd

    lines = _LINE_END.split(_text(path))
    filled = [line for line, text in enumerate(lines, start=1) if text.strip()]
    if not filled:
        raise MediaError(f"{path}: an empty file; expected a first line with the column id, or remove the file")
    if len(filled) > MOST_LINES:
        raise MediaError(f"{path}: {len(filled)} lines, at most {MOST_LINES}; keep those of the clips that are there")
    _check_form(path, lines, filled, separator)
    if len(filled) == 1:
        raise MediaError(f"{path}: a first line and no other; write a line a clip, or remove the file")
    text = io.StringIO("\n".join(lines[line - 1] for line in filled))
    as_written = {"dtype": str, "keep_default_na": False, "na_filter": False, "skip_blank_lines": False}
    frame = pd.read_csv(text, sep=separator, header=None, **as_written)
    frame = frame.map(stripped).set_axis(filled, axis="index")
    names = frame.loc[filled[0]].tolist()
    rows = frame.iloc[1:].set_axis(names, axis="columns")
    unnamed = [place for place, name in enumerate(names) if not name]
    if wrong := [place + 1 for place in unnamed if rows.iloc[:, place].any()]:
        raise MediaError(f"{path}, line {filled[0]}: column {wrong[0]} has cells and no name; give it one")
    rows = rows.iloc[:, [place for place, name in enumerate(names) if name]]
    if len(double := rows.columns[rows.columns.duplicated()]):
        raise MediaError(f"{path}, line {filled[0]}: column {shown(double[0])} twice; keep one")
    return rows.to_dict("index")


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(LARGEST_MB * 10**6 + 1)
    if len(content) > LARGEST_MB * 10**6:
        raise MediaError(f"{path}: over {LARGEST_MB} MB; keep the lines of the clips that are there")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MediaError(f"{path}: UTF-16 text; save it as UTF-8, in an editor or by `iconv -f UTF-16 -t UTF-8`")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise MediaError(f"{path}: a workbook, not CSV; open it in its program and save it as CSV (UTF-8, commas)")
    if (place := content.find(b"\0")) >= 0:
        raise MediaError(
            f"{path}, line {_line(content, place)}: a zero byte, so it is damaged or UTF-16; save it again"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError(
            f"{path}, line {_line(content, error.start)}: not UTF-8 text (byte {error.start}); save it as UTF-8, in an "
            "editor or by `iconv -f LATIN1 -t UTF-8`"
        ) from error


def _line(content: bytes, place: int) -> int:
    return len(re.split(b"\r\n|\r|\n", content[:place]))


def _check_form(path: Path, lines: list[str], filled: list[int], separator: str) -> None:
    """Each line is whole by itself: its separators, closed quotes, as many fields as the first has."""
    expected = None
    for line in filled:
        try:
            fields = next(csv.reader([lines[line - 1]], delimiter=separator, strict=True))
        except csv.Error as error:
            raise MediaError(f"{path}, line {line}: {_said(error)}") from error
        if expected is None:
            expected = len(fields)
            _check_separator(path, line, fields, separator)
        elif len(fields) != expected:
            of_commas = 'a field with a comma in it stands in quotes, "a, b"'
            way = of_commas if separator == "," else f"{_SIGNS[separator]} stand between the columns"
            raise MediaError(
                f"{path}, line {line}: expected {expected} fields, as its first line has, found {len(fields)}; {way}"
            )


def _check_separator(path: Path, line: int, fields: list[str], separator: str) -> None:
    if fields[0].startswith("sep="):
        raise MediaError(f"{path}, line {line}: {','.join(fields)} is for spreadsheets alone; remove this line")
    if len(fields) == 1:
        expected = _SIGNS[separator]
        for sign, name in _SIGNS.items():
            if sign in fields[0] and sign != separator:
                raise MediaError(
                    f"{path}, line {line}: {name} between the columns; expected {expected}: save it as CSV with "
                    f"{expected} (spreadsheets ask for the field separator, or take it from the system's region)"
                )


def _said(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return 'a quote (") that is not closed on its line; close it, or write "" for a quote within quotes'
    if "expected after" in text:
        return 'text after a closing quote; write "" for a quote within quotes'
    if "field limit" in text:
        return f"a field of more than {csv.field_size_limit()} signs; shorten it"
    return f"not CSV ({text}); save it again"
