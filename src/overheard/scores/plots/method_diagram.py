"""Figure 5: networks, event heads, teacher, and what each method minimises, as the configuration has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overheard.errors import ConfigError
from overheard.scores.plots.boxes import Box, arrow, at, box, bus, canvas, draw_box, height_of, stacked
from overheard.scores.plots.boxes import said as values
from overheard.scores.plots.given import Files, NotDrawnError, Settings, caption_of, lines_of, origin_of
from overheard.scores.plots.style import COLOURS, PALE, figure

_INPUT, _NETWORK, _JOINT = (0.0, 0.78), (0.94, 1.04), (2.16, 0.5)
_HEAD, _LOSS, _TEACHER = (2.86, 0.9), (4.06, 1.92), (6.28, 1.0)
"""Left side and width of each column, in inches."""
_WIDTH_IN = 7.38
_HEADS = ("sound", "joint", None)
"""From top to bottom: methods with an event head on N_a, on N_v+a, and those on the scene scores alone."""


def draw(settings: Settings, files: Files) -> Figure:
    """Figure 5.

    Args:
        settings: of the figure, with `configuration` of the method.
        files: `statistics`, a line a class; `pairs`, of which the first is shown, where there are any.

    Raises:
        ConfigError: the study file asks for no `configuration: method`.
        NotDrawnError: every method is left out.
    """
    said = settings.configuration or {}
    if "methods" not in said:
        raise ConfigError("method_diagram: expected `configuration: method` of the figure in the study file")
    methods = sorted(said["methods"], key=lambda method: _HEADS.index(method["head"]))
    if not methods:
        raise NotDrawnError("every method of it is left out in this experiment; the tables say why")
    texts = [[method["label"], *values(method["uses"])] for method in methods]
    counted = _counted(said, methods)
    height = max(height_of(texts, _LOSS[1]), height_of([*counted.values()], _TEACHER[1]), 3.0)
    sentences = [
        origin_of(settings), f"Protocol {settings.protocol}.", *caption_of(settings),
        "Dashed boxes are not trained, and no gradient goes back along dashed arrows.",
    ]  # fmt: skip
    made = figure(settings.spec["title"], sentences, settings.origin, body_in=height + 0.2)
    ax = canvas(made, _WIDTH_IN, height)
    losses = stacked(*_LOSS, height, texts)
    heads = _student(ax, said, len(lines_of(files, "statistics")), methods, losses, height)
    for its in losses:
        draw_box(ax, its)
    taught = list(zip(losses, methods, strict=True))
    for head, its in heads.items():
        own = [at(loss, "left", 0.25 if head else 0) for loss, method in taught if method["head"] == head]
        # methods with an event head have the scene loss beside it where they weigh the two
        both = [at(loss, "left", -0.25) for loss, method in taught if not head and _weighs(method)]
        bus(ax, its.right, _LOSS[0] - (0.12 if head else 0.2), [*own, *both])
    _teacher(ax, counted, taught, height)
    return made


def _weighs(method: Mapping[str, Any]) -> bool:
    return bool(method["head"]) and "alpha" in method["uses"]


def _student(
    ax: Axes,
    said: Mapping[str, Any],
    scenes: int,
    methods: Sequence[Mapping[str, Any]],
    losses: Sequence[Box],
    height: float,
) -> dict[str | None, Box]:
    """What is trained, from left to right; the heads by what they hear."""
    middles = {
        head: float(np.mean([its.y for its, method in zip(losses, methods, strict=True) if method["head"] == head]))
        for head in dict.fromkeys(method["head"] for method in methods)
    }
    middles.setdefault(None, 0.5)
    symbols = {"sound": "f_e on N_a", "joint": "f_e on N_v+a", None: "f_s on N_v+a"}
    heads = {
        head: box(
            _HEAD[0],
            y,
            _HEAD[1],
            [symbols[head], f"{said['events'] if head else scenes} {'events' if head else 'scenes'}"],
        )
        for head, y in middles.items()
    }
    rows = {"sound": 0.72 * height, "image": 0.22 * height}
    joint = box(_JOINT[0], height * 0.45, _JOINT[1], ["N_v+a", "both side by side"])
    for modality, y in rows.items():
        network = said["networks"][modality]
        symbol = {"sound": "N_a", "image": "N_v"}[modality]
        shape = "×".join(map(str, network["shape"]))
        media = box(
            _INPUT[0], y, _INPUT[1], [{"sound": "sound a", "image": "image v"}[modality], shape], COLOURS[modality]
        )
        frozen = [f"lower {network['frozen_blocks']} blocks frozen"] if network["frozen_blocks"] else []
        its = box(
            _NETWORK[0], y, _NETWORK[1], [f"{symbol}: {network['name']}", network["start"], *frozen], COLOURS[modality]
        )
        for each in (media, its):
            draw_box(ax, each)
        arrow(ax, media.right, its.left)
        arrow(ax, its.right, joint.left)
        if modality == "sound" and "sound" in heads:
            arrow(ax, its.right, heads["sound"].left)
    for each in (joint, *heads.values()):
        draw_box(ax, each._replace(colour=COLOURS["image+sound"] if each is joint else "white"))
    for head, each in heads.items():
        if head != "sound":
            arrow(ax, joint.right, each.left)
    return heads


def _counted(said: Mapping[str, Any], methods: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What is said of the teacher's events and of what is counted from them, of those that some method reads."""
    network = said["networks"]["sound"]
    texts = {
        "logits": ["f_e on N_a0", f"{network['name']}, {network['start']}", f"{said['events']} events"],
        "prior": ["p(e|s_k)", *values(said["prior"])],
        "relevance": ["d_k", *values(said["relevance"])],
    }
    return {name: text for name, text in texts.items() if any(name in method["reads"] for method in methods)}


def _teacher(
    ax: Axes, counted: Mapping[str, list[str]], taught: Sequence[tuple[Box, Mapping[str, Any]]], height: float
) -> None:
    """What is not trained, on the right."""
    boxes = stacked(*_TEACHER, height, [*counted.values()], PALE, dashed=True)
    found = dict(zip(counted, boxes, strict=True))
    for place, (name, its) in enumerate(found.items()):
        draw_box(ax, its)
        ends = [at(loss, "right", 0.3 - 0.3 * place) for loss, method in taught if name in method["reads"]]
        bus(ax, its.left, _TEACHER[0] - 0.06 * (len(found) - place), ends, dashed=True)
    if "logits" in found:
        bus(ax, found["logits"].right, _WIDTH_IN, [its.right for its in boxes[1:]], dashed=True)
