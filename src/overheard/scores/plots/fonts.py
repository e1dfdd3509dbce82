"""Fonts for names that DejaVu Sans, in which all figures are set, cannot write: what this machine has is taken."""

import unicodedata
from collections.abc import Iterable
from functools import cache

from matplotlib.font_manager import findfont, fontManager, get_font

BASE = "DejaVu Sans"
_NO_LETTERS = ("Last Resort", "STIX", "cm")
"""Beginnings of names of fonts that stand for any character by a box, or have mathematics alone."""
_EAST_ASIA = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC")


def missing(texts: Iterable[str]) -> set[str]:
    """The characters of some texts that the base font lacks."""
    wanted = {sign for text in texts for sign in text if not sign.isspace()}
    return {sign for sign in wanted if ord(sign) not in _signs(findfont(BASE))}


def families(signs: set[str]) -> tuple[list[str], set[str]]:
    """Families of this machine that have these characters, the one with the most first; and those that none has."""
    left, found = set(signs), list[str]()
    if not left:
        return found, left
    known = {font.name for font in fontManager.ttflist if not font.name.startswith((*_NO_LETTERS, "DejaVu"))}
    has = {name: {sign for sign in left if ord(sign) in _signs(_file(name))} for name in sorted(known)}
    while left and (best := max(has, key=lambda name: len(has[name] & left), default=None)) and has[best] & left:
        found.append(best)
        left -= has[best]
    return found, left


def to_install(signs: set[str]) -> str:
    """Which font to install for some characters."""
    scripts = sorted({unicodedata.name(sign, "SYMBOL").split()[0].split("-")[0] for sign in signs})
    if any(script.startswith(_EAST_ASIA) for script in scripts):
        return "Noto Sans CJK (Debian, Ubuntu: fonts-noto-cjk)"
    return f"a Noto font of {', '.join(script.capitalize() for script in scripts)} (Debian, Ubuntu: fonts-noto-core)"


def _file(family: str) -> str:
    # the file that is drawn with, of all weights of the family
    return findfont(family)


@cache
def _signs(path: str) -> frozenset[int]:
    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):  # a damaged file, or one of pictures
        return frozenset()
