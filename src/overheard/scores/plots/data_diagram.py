"""Figure 2: where the pairs are from, which classes they have, how they are divided, and what networks get of them."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.scores.plots.boxes import Box, arrow, bus, canvas, draw_box, height_of, said, stacked
from overheard.scores.plots.given import Files, Settings, caption_of, lines_of, origin_of
from overheard.scores.plots.style import COLOURS, PALE, figure

_SOURCE, _PAIRS, _CLASSES = (0.0, 1.34), (1.56, 1.36), (3.14, 1.62)
_SPLITS, _FRONT_ENDS = (5.0, 1.06), (6.3, 1.08)
"""Left side and width of each column, in inches."""
_WIDTH_IN, _PICTURE_IN = 7.38, 0.62
_LISTED, _SHOWN, _NAME = 14, 3, 20
"""Classes that are listed by name, pairs that are shown, and signs of a name, at most."""


def draw(settings: Settings, files: Files) -> Figure:
    """Figure 2.

    Args:
        settings: of the figure, with `configuration` of the data.
        files: `statistics`, a line a class; `pairs`, arrays of a pair of each class.

    Raises:
        ConfigError: the study file asks for no `configuration: data`, or there are no statistics.
    """
    told, counts = settings.configuration or {}, lines_of(files, "statistics")
    if "front_ends" not in told or not counts:
        raise ConfigError("data_diagram: expected `configuration: data` of the figure, and media.statistics")
    pairs = next((file.content for file in files.get("pairs", ())), None)
    columns = {
        _SOURCE: _sources(told),
        _CLASSES: [_classes(counts)],
        _SPLITS: _splits(told["split"], [file.content for file in files.get("splits", ())]),
        _FRONT_ENDS: [_front_end(*each) for each in told["front_ends"].items()],
    }
    colours = {_SOURCE: [PALE], _FRONT_ENDS: [COLOURS[modality] for modality in told["front_ends"]]}
    shown = min(_SHOWN, len(pairs["class"])) if pairs else 0
    height = max([height_of(texts, width) for (_, width), texts in columns.items()] + [(_PICTURE_IN + 0.24) * shown])
    sentences = [origin_of(settings), *caption_of(settings)]
    if shown:
        sentences.append(f"Shown: the first pair by id of {shown} of the {len(counts)} classes.")
    made = figure(settings.spec["title"], sentences, settings.origin, body_in=height + 0.2)
    ax = canvas(made, _WIDTH_IN, height)
    boxes = {place: stacked(*place, height, texts) for place, texts in columns.items()}
    for place, column in boxes.items():
        for its, colour in zip_longest(column, colours.get(place, ())):
            draw_box(ax, its._replace(colour=colour or "white"))
    if pairs:
        _pairs(ax, pairs, shown, height)
    _join(ax, boxes, bool(shown))
    return made


def _sources(told: Mapping[str, Any]) -> list[list[str]]:
    """The source of the pairs, and the collections that networks are pre-trained on."""
    source = dict(told["source"])
    return [
        [f"source: {source.pop('kind')}", *said(source)],
        *([part, "to pre-train a network on"] for part in told["pretrained"]),
    ]


def _classes(counts: Sequence[Mapping[str, str]]) -> list[str]:
    """Totals, and the classes with most pairs."""
    total = {name: sum(int(line[name]) for line in counts) for name in ("pairs", "locations")}
    order = sorted(counts, key=lambda line: (-int(line["pairs"]), line["class"]))
    more = [f"and {len(order) - _LISTED} more classes"] if len(order) > _LISTED else []
    lines = [f"{_short(line['class'])}: {line['pairs']} ({line['locations']})" for line in order[:_LISTED]]
    return [f"{total['pairs']} pairs", f"{len(counts)} classes, {total['locations']} locations", *lines, *more]


def _short(name: str) -> str:
    return name if len(name) <= _NAME else name[: _NAME - 1] + "…"


def _splits(split: Mapping[str, Any], folds: Sequence[Sequence[Mapping[str, str]]]) -> list[list[str]]:
    """How many pairs are in train, val and test, over the folds that are used; and how locations come to them."""
    own = any(not line["fold"] for lines in folds for line in lines)
    found = []
    for name, share in zip(("train", "val", "test"), split["fractions"], strict=True):
        counts = sorted({sum(line["split"] == name for line in lines) for lines in folds})
        pairs = [f"{' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} pairs"] if counts else []
        found.append([name, *([] if own else [f"{share:.0%} of locations"]), *pairs])
    drawn = {name: value for name, value in split.items() if name != "fractions"}
    return [*found, ["how", "as the data's own column split says"] if own else ["how", *said(drawn)]]


def _front_end(modality: str, its: Mapping[str, Any]) -> list[str]:
    rate = [f"from {its['rate_hz'] / 1000:g} kHz"] if "rate_hz" in its else []
    return [modality, *said({"front end": its["front_end"]}), *rate, "×".join(map(str, its["shape"]))]


def _pairs(ax: Axes, pairs: Mapping[str, np.ndarray], shown: int, height: float) -> None:
    """Pictures, each beside its sound, one pair below the other."""
    for row, middle in enumerate(height * (1 - (np.arange(shown) + 0.5) / shown)):
        low = middle - _PICTURE_IN / 2 - 0.06
        left, right = _PAIRS[0] + 0.04, _PAIRS[0] + _PAIRS[1] - 0.04 - _PICTURE_IN
        picture, sound = (
            ax.inset_axes((x, low, _PICTURE_IN, _PICTURE_IN), transform=ax.transData) for x in (left, right)
        )
        picture.imshow(pairs["image"][row])
        sound.imshow(pairs["sound"][row].astype(np.float32).T, origin="lower", aspect="auto", cmap="cividis")
        for each in (picture, sound):
            each.set(xticks=[], yticks=[])
            each.spines[:].set_visible(False)
        name = _short(str(pairs["class"][row]))
        ax.text(
            _PAIRS[0] + _PAIRS[1] / 2,
            low + _PICTURE_IN + 0.08,
            name,
            size=6.8,
            ha="center",
            va="center",
            parse_math=False,
        )


def _join(ax: Axes, boxes: Mapping[tuple[float, float], Sequence[Box]], shown: bool) -> None:
    """From the source to the pairs, from the classes to the splits, from the splits to what networks get."""
    source, (classes,), splits, ends = boxes.values()
    arrow(ax, source[0].right, (_PAIRS[0] if shown else _CLASSES[0], source[0].y))
    if shown:
        arrow(ax, (_PAIRS[0] + _PAIRS[1], classes.y), classes.left)
    bus(ax, classes.right, _SPLITS[0] - 0.12, [its.left for its in splits[:-1]])
    for its in splits[:-1]:
        bus(ax, its.right, _FRONT_ENDS[0] - 0.12, [each.left for each in ends])
