"""Leaks that arrays show: clips that look or sound alike, and what products were made from. Touches files: arrays.

The ways themselves are in `overheard.media.leaks`, the fingerprints in `overheard.media.fingerprints`.
"""

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from overheard.errors import MediaError
from overheard.io import artifacts
from overheard.learning import relevance
from overheard.lineage.leak_study import Study, absent, unknown_set
from overheard.media import fingerprints, leak_lines, leaks
from overheard.media import moments as scaling
from overheard.media.class_order import ORDERS
from overheard.media.leak_lines import Line

_IMAGES = "images.pooled"  # the only form that every study stores
_SOUNDS = ("paper", "tagger_mn04")  # front ends in which sounds can be compared
_TAGGER = "tagger_mn04"
_Prints = tuple[Sequence[str], Any]
"""Ids of clips, and their fingerprints."""
Ask = Callable[[Study], list[Line]]
"""The lines of a fold, from what is computed once for all folds."""
_ALIKE: dict[str, tuple[str, Callable[[Any, Any], fingerprints.Pairs], str]] = {
    "picture": ("scenes", fingerprints.alike_pictures, "{} bits"),
    "sound": ("sounds", fingerprints.alike_sounds, "{:.2f}"),
}
"""The collection for pre-training, pairs among two sets of fingerprints, and how a pair's likeness is written."""


def _clips(folder: Path, name: str, form: str) -> tuple[list[str], np.ndarray] | None:
    """Ids and array of some clips; None where they are not there.

    Raises:
        MediaError: damaged, or not an array of this form.
        PairingError: the array has not one row for each id.
    """
    array, ids = folder / f"{name}.npy", folder / f"{name.removesuffix('.pooled')}.ids.csv"
    if not (array.is_file() and ids.is_file()):
        return None
    names, values = artifacts.read_clips(array, ids)
    dtype, least = _FORMS[form]
    fits = values.ndim == 1 + len(least) and all(map(operator.ge, values.shape, (1, *least)))
    if not fits or values.dtype != dtype or values.shape[-1] % least[-1]:
        raise MediaError(f"{array}: {values.dtype} {values.shape}, which are no {form}; delete it and run again")
    return names, values


_FORMS = {
    "pictures": (np.uint8, (1, 1, 3)),
    "bands": (np.float32, (1, 1)),
    "sounds": (np.float32, (400, 64)),
    "logits": (np.float32, (1,)),
}
"""Kind of numbers, and the least that a clip has on each axis, on the last a multiple of it."""


def picture_lines(folder: Path) -> Ask:
    """Held-out clips whose picture is like another's."""
    remark = f"at most {fingerprints.PICTURE_BITS} of 256 bits of pHash differ, in any of eight turns"
    return _likeness_lines(folder, "picture", _IMAGES, fingerprints.picture_hashes, fingerprints.blank, remark)


def sound_lines(folder: Path) -> Ask:
    """Held-out clips whose sound is like another's."""
    front_end = next((name for name in _SOUNDS if (folder / f"features/{name}.npy").is_file()), None)
    if front_end is None:
        why = f"{' or '.join(f'features/{name}.npy' for name in _SOUNDS)}: neither is there"
        return lambda _: [line for way in ("sound", "pretrain_sound") for line in leak_lines.not_examined(way, why)]
    decibel = fingerprints.tagger_decibel if front_end == _TAGGER else np.asarray
    remark = f"likeness at least {fingerprints.SOUND_LIKENESS} over at least {fingerprints.SHARED_S:g} s"
    prints, silent = lambda values: fingerprints.sound_prints(values, decibel), operator.attrgetter("silent")
    return _likeness_lines(folder, "sound", front_end, prints, silent, remark)


def _likeness_lines(
    folder: Path,
    word: str,
    front_end: str,
    prints: Callable[[np.ndarray], Any],
    empty: Callable[[Any], np.ndarray],
    remark: str,
) -> Ask:
    """Held-out clips that are like a clip of the study that they must not meet, or like one of a pre-training set.

    Args:
        folder: of the study.
        word: picture or sound: the way by which its clips meet; `pretrain_` and the word is that of the other set.
        front_end: the arrays' name.
        prints: fingerprints of an array of clips.
        empty: of fingerprints: which say nothing.
        remark: what counts as alike.
    """
    features, form, there, part = folder / "features", f"{word}s", f"pretrain_{word}", _ALIKE[word][0]
    own = _clips(features, front_end, form)
    if own is None:
        return lambda _: absent(folder, features / f"{front_end}.npy", word, there)
    ids, here = own[0], prints(own[1])
    examined = [clip for clip, nothing in zip(ids, empty(here), strict=True) if not nothing]
    own_pairs = _pairs(word, (ids, here), (ids, here))
    other = _clips(features / part, front_end, form)
    theirs = other and ([f"{part}/{name}" for name in other[0]], prints(other[1]))
    their_pairs = _pairs(word, (ids, here), theirs) if theirs else []

    def lines(study: Study) -> list[Line]:
        split, scene = study.split, study.column("class")
        found = leaks.alike_lines(word, examined, own_pairs, split, scene, remark)
        if theirs is None:
            return found + leak_lines.not_examined(there, unknown_set(form))
        said = f"{remark}; {len(theirs[0])} {form}"
        return found + leaks.alike_lines(there, examined, their_pairs, split, scene, said)

    return lines


def _pairs(word: str, ours: _Prints, theirs: _Prints) -> list[tuple[str, str, str]]:
    """Clips and those that are like them, with the likeness in words."""
    _, alike, unit = _ALIKE[word]
    found = alike(ours[1], theirs[1])
    rows = zip(found.first, found.second, found.value, strict=True)
    return [(ours[0][first], theirs[0][second], unit.format(value)) for first, second, value in rows]


_DIRECTIONS = (
    ("gram_eigenvector", "positive_sum"),
    *(("first_component", sign) for sign in relevance.SIGNS),
)
"""Of relevance vectors, every form that a protocol may choose."""


def _drawn_by_clip(study: Study, scene: dict[str, str]) -> dict[str, list[str]]:
    """The clips that a protocol may select by clip, in every form, by what that is called."""
    found = {}
    for word, order in ORDERS.items():
        for names, listing in {"sorted names": None, "names as listed": study.listing}.items():
            if listing is not None or names == "sorted names":
                said = f"70 % of each class's clips, drawn by clip ({word} classes, {names}),"
                found[said] = relevance.seventy_percent(scene, study.split, order(set(scene.values())), listing)
    return found


def teacher_lines(study: Study) -> list[Line]:
    """What p(e|s) and the relevance vectors were made from, by making them again."""
    teacher, lines, scene = study.folder / "teacher", [], study.column("class")
    orders = [order(set(scene.values())) for order in ORDERS.values()]
    heard = _clips(teacher, "logits", "logits")
    if heard is not None and not np.isfinite(heard[1]).all():
        raise MediaError(f"{teacher}/logits.npy: not finite; delete it and run again")
    if heard is not None and (shuffled := study.made("shuffle")).is_file():
        heard = [row["id"] for row in artifacts.read_table(shuffled, ["id"])], heard[1]
    by_clip = _drawn_by_clip(study, scene)
    makers_of: dict[str, list[Callable[..., np.ndarray]]] = {
        "prior": [relevance.scene_event_prior],
        "relevance": [partial(relevance.scene_event_relevance, vector=one, sign=sign) for one, sign in _DIRECTIONS],
    }
    for way, makers in makers_of.items():
        stored = study.made(way)
        if not stored.is_file() or heard is None:
            lines += absent(study.folder, teacher / "logits.npy" if stored.is_file() else stored, way)
            continue

        def again(
            maker: Callable[..., np.ndarray], classes: list[str], clips: list[str]
        ) -> dict[str, np.ndarray] | None:
            if {scene[clip] for clip in clips} != set(classes):
                return None
            label = np.array([classes.index(scene[clip]) for clip in clips])
            rows = artifacts.positions(clips, heard[0], str(teacher / "logits.npy"))
            return {"matrix": maker(relevance.probabilities(heard[1][rows]), label, len(classes))}

        written = [row["class"] for row in artifacts.read_table(stored, ["class"])]
        classes = written if written in orders else orders[0]
        matrix = {"matrix": artifacts.read_event_matrix(stored, classes)}
        recipes = [partial(again, maker, classes) for maker in makers]
        lines += leaks.product_lines(way, matrix, recipes, study.split, study.column("location"), scene, by_clip)
    return lines


def normaliser_lines(study: Study) -> list[Line]:
    """What the normalisers were made from, by making them again."""
    features, lines = study.folder / "features", []
    ways = {
        "normaliser_picture": ("image", "pictures", ("images",)),
        "normaliser_sound": ("sound", "bands", _SOUNDS),
    }
    for way, (kind, form, names) in ways.items():
        stored = study.made("normaliser", f"{kind}_normaliser")
        if not stored.is_file():
            lines += absent(study.folder, stored, way)
            continue
        values = artifacts.read_arrays(stored)
        if wrong := [name for name, array in values.items() if array.dtype.kind != "f"]:
            raise MediaError(f"{stored}: {wrong[0]} holds no numbers; delete it and run again")
        named = [f"{name}{end}" for name in names for end in (".pooled", "")]
        if kind == "sound" and study.given is not None:
            remark = f"from {study.given}: nobody can say which clips it was made from"
            counts = Counter(study.split.values())
            lines += [Line(way, held, None, counts[held], remark=remark) for held in leak_lines.UNSEEN_BY]
            continue
        recipes = [_moments_again(features, name, form) for name in named if (features / f"{name}.npy").is_file()]
        if not recipes:
            lines += absent(study.folder, features / f"{names[0]}.npy", way)
            continue
        lines += leaks.product_lines(way, values, recipes, study.split, study.column("location"), study.column("class"))
    return lines


def _moments_again(features: Path, name: str, form: str) -> Callable[[list[str]], dict[str, np.ndarray]]:
    found = _clips(features, name, form)
    if found is None:
        raise MediaError(f"{features}/{name}.npy: the ids of its clips are not there; run the step that makes it")
    names, values = found
    moments = scaling.picture_moments if form == "pictures" else scaling.band_moments

    def again(clips: list[str]) -> dict[str, np.ndarray]:
        if name == _TAGGER:  # scales itself: mean 0, deviation 1, whatever the clips
            bands = values.shape[-1]
            return {"mean": np.zeros(bands), "std": np.ones(bands)}
        rows = sorted(artifacts.positions(clips, names, f"{features}/{name}.npy").tolist())
        mean, deviation = moments(values, rows)
        deviation = deviation.astype(np.float32)
        return {"mean": mean, "std": np.where(deviation == 0, np.float32(1), deviation)}

    return again
