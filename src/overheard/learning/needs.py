"""What a training must be given by the row it is of, and nothing else: a plan may not import torch to find out."""

from collections.abc import Collection, Mapping
from typing import Any

from overheard.errors import ConfigError
from overheard.learning import augment, inputs, loop, methods, schedules, selection, start
from overheard.learning.models.student import ORDER
from overheard.media import class_order


def checked(
    row: methods.Method, method: str, modality: str, settings: Mapping[str, Any], reads: Collection[str]
) -> methods.Method:
    """The row, if it is given all that it uses and no more; else it is refused before anything is read.

    Args:
        row: of the study.
        method: its id.
        modality: its column.
        settings: by key; None for what is not given.
        reads: flags of the files that are given.

    Raises:
        ConfigError: something is missing, is given for nothing, or is no word of its switch.
    """
    for key, words in _WORDS.items():
        if (word := settings[key]) is not None and word not in words:
            raise ConfigError(f"train: {key}: found {word!r}, expected one of {', '.join(words)}")
    trained = methods.MODALITIES[modality]
    encoders = {f"{name}_encoder" for name in trained} if row.pretrained else set()
    wanted = {*row.uses, *encoders, *(["logit_ids", "teacher_events"] if "logits" in row.uses else [])}
    wanted |= {*_LEARNING, *(flag for name in trained for flag in _MEDIA[name])} if row.learns else set()
    wanted |= {"event_head_start"} if row.event_head and not row.head else set()
    wanted |= set(_AUGMENTATION) if row.learns and "image" in trained and not settings["frozen_blocks_image"] else set()
    wanted |= {"missing_modality", "absent_shape"} if len(trained) < len(ORDER) else set()
    # the pre-trained network of a modality left out may be there or not
    allowed = wanted | ({"image_encoder", "sound_encoder"} if row.pretrained else set())
    given = {name for name in _OF_SOME_ROWS if name in reads or settings.get(name) is not None}
    problems = {"needs {}; found none": wanted - given, "does not use {}; leave it out": given - allowed}
    for problem, names in problems.items():
        if names:
            known = [said for name, said in _OF_SOME_ROWS.items() if name in names]
            shown = ", ".join([*known, *sorted(f"{name} in settings" for name in names - set(_OF_SOME_ROWS))])
            raise ConfigError(
                f"train: {method} on {modality} {problem.format(shown)}; a run gives what the study file names under "
                f"`reads` and `uses` of {method}, after pretrain and teacher"
            )
    for name in ORDER:
        if (frozen := settings[f"frozen_blocks_{name}"]) and not (row.pretrained and name in trained):
            why = f"where {name} is left out" if row.pretrained else "for a method with a random start"
            raise ConfigError(
                f"frozen_blocks_{name}: found {frozen}, expected 0 {why}: frozen blocks are pre-trained ones of the "
                f"network that is trained; give it the whole network's features and frozen_blocks_{name} 0"
            )
    return row


_WORDS: Mapping[str, Collection[str]] = {
    "schedule": schedules.BY_NAME,
    "selection": selection.BY_NAME,
    "repeats": selection.REPEATS,
    "bn_statistics": ("exact", "running"),
    "class_order": class_order.ORDERS,
    "picture_scale": inputs.SCALES,
    "clip_order": loop.ORDERS,
    "augmentation_order": augment.ORDERS,
    "augmented_splits": ("train", "all"),
    "event_head_start": start.EVENT_HEADS,
    "missing_modality": start.MISSING,
}
"""What the settings that are words may say; those of losses: `methods.CHOICES`."""
_MEDIA = {name: (f"{name}s", f"{name}_ids", f"{name}_normaliser") for name in ORDER}
_AUGMENTATION = ("flip", "brightness", "colour", "augmentation_order", "augmented_splits", "picture_scale")
_LEARNING = (
    *("batch_size", "learning_rate", "weight_decay", "schedule", "selection", "bn_statistics"),
    *("device", "bf16", "channels_last", "clip_order"),
)
_SWITCHES = ("alpha", "beta", "temperature", *methods.CHOICES, "event_head_start", "missing_modality", "absent_shape")
_OF_SOME_ROWS = {
    **{name: f"--{name.replace('_', '-')}" for flags in _MEDIA.values() for name in flags},
    **{name: f"--{name.replace('_', '-')}" for name in ("image_encoder", "sound_encoder")},
    **{name: f"--{name.replace('_', '-')}" for name in ("logits", "logit_ids", "teacher_events", "prior", "relevance")},
    **{name: f"{name} in --settings" for name in (*_LEARNING, *_SWITCHES, *_AUGMENTATION)},
}
"""What some rows use and others do not, as a command line has it."""
