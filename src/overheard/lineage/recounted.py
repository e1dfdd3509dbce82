"""What was counted again against what stands there: numbers of JSON and CSV, and where texts differ first."""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import MediaError
from overheard.io import artifacts
from overheard.jobs.comparison import flat
from overheard.scores.comparisons import COLUMNS

_CLOSE = 1e-9
LAST_DIGITS = 2e-4
"""Of four decimals, by which sums over resamples may differ between processors."""
_WORDS = ("comparable", "source", "protocol", "published_mean", "published_std", "asked", "note", "covers")
"""Columns of CSVs that say something of a number, and are none."""


def differing(stored: Any, again: Any, close: float = _CLOSE) -> list[tuple[str, str]]:
    """What differs between two JSON contents, as (stored, counted again), each with its place."""
    sides = [flat({"": content}) for content in (stored, again)]
    found = []
    for key in sorted(sides[0].keys() | sides[1].keys()):
        was, now = (side.get(key) for side in sides)
        near = isinstance(was, float | int) and isinstance(now, float | int) and abs(was - now) <= close
        if was != now and not near:
            found.append((f"{key[1:]} {_short(was)}", f"{key[1:]} {_short(now)}"))
    return found


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"


def numbers(lines: Path) -> set[tuple[str, ...]]:
    """What is compared of a CSV that other code made: no words that may have changed since."""
    return {tuple(text for name, text in line.items() if name not in _WORDS) for line in artifacts.read_table(lines)}


def comparisons(path: Path, words: bool) -> dict[str, Any]:
    """Numbers by pair and metric, and which of them cannot be said; and what they cover, where words count.

    Raises:
        MediaError: a number is none.
    """
    lines = artifacts.read_table(path, COLUMNS)
    numbers = [name for name in COLUMNS[5:] if name != "covers"]
    try:
        found: dict[str, Any] = {
            " ".join(line[name] for name in COLUMNS[:5]): {
                **{name: float(line[name]) if line[name] else None for name in numbers},
                **({"covers": line["covers"]} if words else {}),
            }
            for line in lines
        }
    except ValueError as error:
        raise MediaError(f"{path}: not comparisons of rows ({error}); delete it and run again") from error
    return found | {"lines": len(lines)}


def first_line(stored: bytes, again: bytes) -> tuple[str, str]:
    """The first line in which two texts differ, of each."""
    texts = (text.decode(errors="replace").splitlines() for text in (stored, again))
    for number, (was, now) in enumerate(zip_longest(*texts, fillvalue="(no such line)"), start=1):
        if was != now:
            return f"line {number}: {_short(was)}", _short(now)
    return "other line ends", "Unix line ends"


def wrong_clips(arrays: Mapping[str, np.ndarray], expected: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    """How predictions are not those of a fold's test clips, or of pieces of them, as (stored, expected).

    Args:
        arrays: the predictions.
        expected: the class of each test clip, by id; None where it is not known.
    """
    if expected is None:
        return
    classes, of = [str(name) for name in arrays["classes"]], [str(clip) for clip in arrays.get("clip", arrays["id"])]
    ids = list(dict.fromkeys(of)) if "clip" in arrays else of
    if ids != list(expected):
        yield f"predictions of {len(ids)} clips", f"the {len(expected)} test clips of index and split, in their order"
        return
    labels = [(clip, classes[label]) for clip, label in zip(of, arrays["label"], strict=True)]
    if wrong := [(clip, label) for clip, label in labels if label != expected[clip]]:
        first, label = wrong[0]
        yield f"{len(wrong)} labels are not the index's: {first} is {label}", f"{first} is {expected[first]}"
