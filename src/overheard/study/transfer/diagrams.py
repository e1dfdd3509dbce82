"""What a diagram says of an experiment, from its configuration: plain values, nothing is drawn. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from overheard.io.artifacts import event_names
from overheard.media.front_ends import FRONT_ENDS, IMAGES
from overheard.study.loaded import Loaded
from overheard.study.study_file import Method
from overheard.study.transfer import job_settings
from overheard.study.transfer.job_files import its

Rows = Sequence[tuple[str, str]]

_HEADS = {"N_a": "sound", "N_v+a": "joint"}
"""What an event head hears, by the paper's symbol in a row's label."""


def of_method(loaded: Loaded, rows: Rows) -> dict[str, Any]:
    """Networks, and of each method what it minimises: what it reads, on which event head, with which values.

    Returns:
        networks by modality: name, shape of what it reads, how it starts, and how many of its blocks are frozen;
        events, how many; prior and relevance, settings of these stages; methods: label, reads, head (sound, joint, or
        none), uses by name.
    """
    left_out, both = loaded.design.left_out(loaded), its(loaded)
    made = dict(row for row in rows if row not in left_out and not loaded.study.methods[row[0]].baseline)
    return {
        "networks": {modality: _network(loaded, modality) for modality in ("image", "sound")},
        "events": len(event_names()),
        **{
            name: {key: value for key, value in of_stage.items() if key != "class_order"}
            for name, of_stage in (
                ("prior", job_settings.prior_settings(*both)),
                ("relevance", job_settings.switched(*both, "relevance")),
            )
        },
        "methods": [_method(loaded, loaded.study.methods[name], modality) for name, modality in made.items()],
    }


def _network(loaded: Loaded, modality: str) -> dict[str, Any]:
    experiment, _ = its(loaded)
    network = getattr(experiment.networks, modality)
    given, trained = job_settings.is_given(network), modality in job_settings.pretrained(experiment, loaded.study)
    return {
        "name": network.name,
        "shape": list(job_settings.absent_shape(experiment, modality)),
        "start": "given weights" if given else "pre-trained" if trained else "random start",
        "frozen_blocks": network.frozen_blocks,
    }


def _method(loaded: Loaded, method: Method, modality: str) -> dict[str, Any]:
    values = job_settings.switched(*its(loaded), "train", method, modality)
    return {
        "label": method.label,
        "reads": [*method.reads],
        "head": event_head(method),
        "uses": {name: values[name] for name in method.uses if name in values} | method.settings,
    }


def event_head(method: Method) -> str | None:
    """What a method's event head hears: as a loss of the study's own says, else the symbol in its label."""
    if method.event_head:
        return method.event_head
    found: str | None = next(
        (_HEADS[symbol] for symbol in re.findall(r"N_[\w+]+", method.label) if symbol in _HEADS), None
    )
    return found


def of_data(loaded: Loaded, rows: Rows) -> dict[str, Any]:
    """Where the pairs are from, how they are divided, and what the networks are given of them."""
    experiment, protocol = its(loaded)
    source = experiment.source.model_dump(exclude_none=True)
    sound = job_settings.front_end(experiment, "sound")
    return {
        "source": {name: value for name, value in source.items() if name in _SOURCE},
        "pretrained": [part for part in job_settings.parts(experiment, loaded.study) if part != "pairs"],
        "split": experiment.split.model_dump(include={"fractions", "folds"})
        | job_settings.switched(experiment, protocol, "split"),
        "front_ends": {
            "image": {"front_end": IMAGES, "shape": list(job_settings.absent_shape(experiment, "image"))},
            "sound": {
                "front_end": sound,
                "shape": list(job_settings.absent_shape(experiment, "sound")),
                "rate_hz": FRONT_ENDS[sound].rate,
            },
        },
    }


_SOURCE = ("kind", "world", "scale", "coupling", "events", "bands", "channels")
"""Of a source, what a diagram says of it."""

CONFIGURATIONS: Mapping[str, Callable[[Loaded, Rows], dict[str, Any]]] = {"data": of_data, "method": of_method}
"""By the word under `configuration` of a figure."""
