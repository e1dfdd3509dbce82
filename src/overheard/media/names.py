"""What names in a user's folder and table may be: signs that none should have, names that look alike, side files."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from posixpath import splitext

SIDE_FILES = ("Thumbs.db", "ehthumbs.db", "desktop.ini", "Icon\r")
"""What Windows and macOS leave in a folder; upper and lower case alike."""
SIDE_ENDINGS = (
    *(".jgw", ".jpgw", ".jpegw", ".pgw", ".pngw", ".tfw", ".tifw", ".tiffw", ".wld"),  # world files
    *(".aux.xml", ".ovr", ".prj", ".xmp"),  # what GDAL, a GIS and Adobe's programs know of a picture
    *(".asd", ".pk", ".pkf", ".sfk", ".sfl", ".reapeaks"),  # what sound editors have drawn of a sound
)
SIDE_FOLDERS = ("@eaDir", "#recycle", "$RECYCLE.BIN", "__MACOSX", "System Volume Information", "lost+found")
"""Folders of Synology, Windows, macOS and Linux, with all that lies in them."""

LONGEST = 255
"""Characters of a name in a table, as of a file's name."""

_FILES = frozenset(name.casefold() for name in SIDE_FILES)
_FOLDERS = frozenset(name.casefold() for name in SIDE_FOLDERS)
_JOINERS = "\u200c\u200d"
_INVISIBLE = {"\ufeff": "byte order mark", "\r": "carriage return", "\n": "line feed", "\t": "tab"}


def is_side_file(path: str) -> bool:
    """Whether a file is what another program leaves beside its own, known by its name or a folder above it."""
    *folders, name = path.casefold().split("/")
    return name in _FILES or name.endswith(SIDE_ENDINGS) or any(folder in _FOLDERS for folder in folders)


def stripped(text: str) -> str:
    """Text without the blanks and invisible signs around it, which nobody means."""
    first, end = 0, len(text)
    while first < end and _is_blank(text[first]):
        first += 1
    while end > first and _is_blank(text[end - 1]):
        end -= 1
    return text[first:end]


def _is_blank(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in ("Cf", "Zl", "Zp")


def trouble(name: str) -> str | None:
    """What a name has that nobody sees and every table would carry on; None where it can be used."""
    for sign in name if not (name.isascii() and name.isprintable()) else "":
        kind = unicodedata.category(sign)
        if kind == "Cs":
            return "the name is not UTF-8"
        # joiners belong to the spelling of Persian and Indic words
        if kind in ("Cc", "Zl", "Zp") or (kind == "Cf" and sign not in _JOINERS):
            known = _INVISIBLE.get(sign) or unicodedata.name(sign, "a control sign").lower()
            return f"the name has an invisible sign in it, U+{ord(sign):04X} ({known})"
    if name != stripped(name):
        return "the name has a blank at its start or end"
    return f"the name has more than {LONGEST} signs" if len(name) > LONGEST else None


def path_trouble(path: str) -> tuple[str, str] | None:
    """The first folder or file of a path whose name cannot be used, up to there, and why."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if why := trouble(part) or (trouble(splitext(part)[0]) if last else None):
            return "/".join(parts[: place + 1]), why
    return None


def shown(name: str) -> str:
    """A name as a message may have it: what nobody would see is written out."""
    return name if name.isprintable() else repr(name)


def two_forms(names: Iterable[str]) -> list[str]:
    """Names that are the same letters in other Unicode forms, a line of each: with their forms, in hex of UTF-8."""
    return [
        " and ".join(f"{name} ({_form(name)}, {name.encode().hex(' ')})" for name in alike)
        for alike in _grouped(names, lambda name: unicodedata.normalize("NFC", name))
    ]


def look_alike(names: Iterable[str]) -> list[str]:
    """Names that differ in case, blanks or the width of signs alone, a line of each."""
    plain = {unicodedata.normalize("NFC", name) for name in names}
    return [" and ".join(alike) for alike in _grouped(plain, _looks)]


def _looks(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).lower().split())


def _grouped(names: Iterable[str], key) -> list[list[str]]:
    groups = defaultdict(set)
    for name in names:
        groups[key(name)].add(name)
    return [sorted(alike) for _, alike in sorted(groups.items()) if len(alike) > 1]


def _form(name: str) -> str:
    return next((form for form in ("NFC", "NFD") if unicodedata.is_normalized(form, name)), "mixed")
