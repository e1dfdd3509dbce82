"""docs/notation.md: every name, file and switch that it gives is there, every equation and symbol has its line."""

import importlib
import re
from pathlib import Path

import pytest

from overheard.scores.tabular import SYMBOL
from overheard.study.layout import maker
from overheard.study.transfer.protocol import Protocol
from overheard.study.yaml_file import read_yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "notation.md"
LINES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| symbol |", "| equation |"))
]
"""Symbol or equation, what it is, code, file and switch."""


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def named(code):
    """What stands behind `learning/losses.py:scene_loss`."""
    path, _, name = code.partition(":")
    assert (ROOT / "src" / "overheard" / path).is_file(), path
    return getattr(importlib.import_module("overheard." + path.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("code", sorted({code for line in LINES for code in quoted(line[2])}))
def test_every_name_is_there(code):
    assert named(code) is not None


def test_every_line_has_code_and_every_file_and_switch_is_there():
    assert len(LINES) == 25
    for symbol, _, code, other in LINES:
        assert quoted(code), symbol
        for word in quoted(other):
            known = maker(word.replace("-K/", "-0/")) if "/" in word else word in Protocol.model_fields
            assert known, f"{symbol}: {word}"


def test_equations_are_those_of_the_paper_and_their_functions_say_their_number():
    """Of every equation some function, named here, gives its number in its docstring."""
    numbers = [line[0] for line in LINES if line[0].startswith("(")]
    assert numbers == [f"({number})" for number in range(1, 10)]
    for number, _, code, _ in LINES:
        if number.startswith("("):
            docs = " ".join(named(each).__doc__ for each in quoted(code))
            assert re.search(rf"equations? (\(\d\),? (and )?)*{re.escape(number)}", docs), number


def test_every_symbol_of_the_study_has_a_line():
    study = read_yaml(ROOT / "config" / "studies" / "advance.yaml")
    wanted = {match.group() for its in study["methods"].values() for match in SYMBOL.finditer(its["label"])}
    found = {match.group() for line in LINES for cell in line[:2] for match in SYMBOL.finditer(cell)}
    assert {"L_s", "N_v+a"} <= wanted
    assert wanted - found == set()
