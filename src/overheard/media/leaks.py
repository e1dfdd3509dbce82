"""How a held-out clip reaches training: for every way a function that finds the clips, and counts them by class.

A test clip must meet neither training nor validation, a validation clip must not meet training. Files are read
elsewhere; what a line says is in `overheard.media.leak_lines`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

import numpy as np

from overheard.media.leak_lines import UNSEEN_BY, Line, not_examined

EARTH_RADIUS_M = 6_371_008.8  # mean
FOOTPRINT_M = 256.0  # side of an ADVANCE picture, 512 pixels of 0.5 m: nearer ones always show common ground
# what a product can have been made from, the allowed one first
_SELECTIONS = (
    ("train",),
    ("train", "val"),
    ("train", "test"),
    ("train", "val", "test"),
    ("val",),
    ("test",),
    ("val", "test"),
)


def clip_lines(assigned: Sequence[tuple[str, str]], scene: Mapping[str, str]) -> list[Line]:
    """Clips that the split file gives more than one split.

    Args:
        assigned: id and split, a pair a line of the file.
        scene: class by id.
    """
    words: dict[str, set[str]] = defaultdict(set)
    for clip, word in assigned:
        words[clip].add(word)
    lines = []
    for held, met in UNSEEN_BY.items():
        clips = sorted(clip for clip, given in words.items() if held in given)
        meets = {clip: f"{clip} ({', '.join(sorted(words[clip]))})" for clip in clips if words[clip] & set(met)}
        lines.append(_line("clip", held, clips, meets, scene))
    return lines


def shared_lines(
    way: str, keys: Mapping[str, Collection[Hashable]], split: Mapping[str, str], scene: Mapping[str, str]
) -> list[Line]:
    """Held-out clips that have a key in common with a clip they must not meet.

    Args:
        way: a key of WAYS.
        keys: what may be shared, by id: location, recording, checksums; none for a clip of which it is not known.
        split: by id.
        scene: class by id.
    """
    known = sorted(clip for clip in split if keys.get(clip))
    if not known:
        return not_examined(way, "no clip has one")
    lines = []
    for held, met in UNSEEN_BY.items():
        there = {key: clip for clip in reversed(known) if split[clip] in met for key in keys[clip]}
        lines.append(_meeting(way, held, keys, there, split, scene))
    return lines


def outside_lines(
    way: str,
    keys: Mapping[str, Collection[Hashable]],
    there: Mapping[Hashable, str],
    split: Mapping[str, str],
    scene: Mapping[str, str],
) -> list[Line]:
    """Held-out clips that have a key in common with something outside the study, such as a pre-training set.

    Args:
        way: a key of WAYS.
        keys: by id, as for `shared_lines`.
        there: who has a key, outside.
        split: by id.
        scene: class by id.
    """
    return [_meeting(way, held, keys, there, split, scene) for held in UNSEEN_BY]


def _meeting(
    way: str,
    held: str,
    keys: Mapping[str, Collection[Hashable]],
    there: Mapping[Hashable, str],
    split: Mapping[str, str],
    scene: Mapping[str, str],
) -> Line:
    """The line of clips of which someone `there` has a key."""
    all_of = _held(split, held)
    clips = [clip for clip in all_of if keys.get(clip)]
    meets = {}
    for clip in clips:
        if others := sorted({there[key] for key in keys[clip] if key in there}):
            meets[clip] = f"{clip} ~ {others[0]}"
    return _line(way, held, clips, meets, scene, _remark("", all_of, clips, "none"))


def _held(split: Mapping[str, str], held: str) -> list[str]:
    return sorted(clip for clip, word in split.items() if word == held)


def _remark(remark: str, all_of: Sequence[str], clips: Sequence[str], what: str) -> str:
    """A remark, and how many of the clips have nothing to look at."""
    missing = len(all_of) - len(clips)
    return "; ".join(filter(None, [remark, f"{missing} of {len(all_of)} clips have {what}" if missing else ""]))


def near_lines(
    places: Mapping[str, tuple[float, float] | None],
    split: Mapping[str, str],
    scene: Mapping[str, str],
    nearer_than_m: float = FOOTPRINT_M,
) -> list[Line]:
    """Held-out clips nearer than a distance to a clip that they must not meet, on a sphere.

    Args:
        places: latitude and longitude in degrees, by id; None where not known.
        split: by id.
        scene: class by id.
        nearer_than_m: metres along the surface.
    """
    from scipy.spatial import cKDTree

    known = sorted(clip for clip in split if places.get(clip) is not None)
    if not known:
        return not_examined("near", "no clip has a coordinate")
    points = dict(zip(known, _on_sphere(np.array([places[clip] for clip in known])), strict=True))
    chord = 2 * np.sin(min(nearer_than_m / EARTH_RADIUS_M, np.pi) / 2)
    lines = []
    for held, met in UNSEEN_BY.items():
        clips = [clip for clip in known if split[clip] == held]
        others = [clip for clip in known if split[clip] in met]
        meets = {}
        if clips and others:
            tree = cKDTree([points[clip] for clip in others])
            away, nearest = tree.query([points[clip] for clip in clips], distance_upper_bound=chord)
            for clip, distance, row in zip(clips, away, nearest, strict=True):
                if np.isfinite(distance):
                    metres = 2 * EARTH_RADIUS_M * np.arcsin(distance / 2)
                    meets[clip] = f"{clip} ~ {others[row]} ({metres:.0f} m)"
        remark = _remark(f"nearer than {nearer_than_m:g} m", _held(split, held), clips, "no coordinate")
        lines.append(_line("near", held, clips, meets, scene, remark))
    return lines


def _on_sphere(degrees: np.ndarray) -> np.ndarray:
    """(places, 2) latitude and longitude to (places, 3) on the unit sphere."""
    latitude, longitude = np.radians(degrees).T
    ring = np.cos(latitude)
    return np.stack([ring * np.cos(longitude), ring * np.sin(longitude), np.sin(latitude)], axis=1)


def used_lines(
    way: str,
    used: Collection[str],
    split: Mapping[str, str],
    location: Mapping[str, str],
    scene: Mapping[str, str],
    remark: str = "",
) -> list[Line]:
    """Held-out clips among those that a product (prior, relevance vectors, normaliser) was made from.

    Besides, unless just the training clips were used, those of which another clip of the location was used.

    Args:
        way: prior, relevance, normaliser_picture or normaliser_sound.
        used: ids.
        split: by id.
        location: by id.
        scene: class by id.
        remark: how it is known which were used.
    """
    used = set(used)
    places = {location[clip] for clip in used}
    as_training = used == {clip for clip, word in split.items() if word == "train"}
    lines = []
    for held in UNSEEN_BY:
        clips = _held(split, held)
        lines.append(_line(way, held, clips, {clip: clip for clip in clips if clip in used}, scene, remark))
        if not as_training:
            met = {clip: clip for clip in clips if location[clip] in places}
            lines.append(_line(f"{way}_location", held, clips, met, scene, remark))
    return lines


def product_lines(
    way: str,
    stored: Mapping[str, np.ndarray],
    recipes: Sequence[Callable[[list[str]], Mapping[str, np.ndarray] | None]],
    split: Mapping[str, str],
    location: Mapping[str, str],
    scene: Mapping[str, str],
    others: Mapping[str, Collection[str]] = {},
) -> list[Line]:
    """Held-out clips from which a stored product was made, told by making it again from every choice of splits.

    Args:
        way: as for `used_lines`.
        stored: arrays by name.
        recipes: from ids to the same arrays, or None if these clips are not enough; more than one where it is not
            known which of several arrays was read.
        split: by id.
        location: by id.
        scene: class by id.
        others: further choices of ids, by what they are called.
    """
    for named, chosen in (_by_split(split) | others).items():
        ids = sorted(chosen)
        for recipe in recipes if ids else []:
            made = recipe(ids)
            if made is not None and _equal(stored, made):
                return used_lines(way, ids, split, location, scene, f"equal to what {named} give")
    counts = Counter(split.values())
    remark = "not explained by the training clips alone, nor by any other choice of splits; make it again and see"
    return [Line(way, held, None, counts[held], remark=remark) for held in UNSEEN_BY]


def _by_split(split: Mapping[str, str]) -> dict[str, Collection[str]]:
    """Every choice of splits, by what it is called."""
    found = {}
    for words in _SELECTIONS:
        named = "all clips" if len(words) == 3 else f"the clips of {' and '.join(words)} alone"
        found[named] = [clip for clip, word in split.items() if word in words]
    return found


def _equal(stored: Mapping[str, np.ndarray], made: Mapping[str, np.ndarray]) -> bool:
    """Equal but for float32's rounding: one clip more or less in 5,000 moves some value by more than 1e-5 of it."""
    return stored.keys() == made.keys() and all(
        np.shape(made[name]) == np.shape(value) and np.allclose(made[name], value, rtol=1e-6, atol=1e-9)
        for name, value in stored.items()
    )


def alike_lines(
    way: str,
    examined: Collection[str],
    pairs: Sequence[tuple[str, str, str]],
    split: Mapping[str, str],
    scene: Mapping[str, str],
    remark: str = "",
) -> list[Line]:
    """Held-out clips whose picture or sound is like another that they must not meet.

    Args:
        way: picture, sound, pretrain_picture or pretrain_sound.
        examined: ids of the clips that could be compared.
        pairs: a clip, another or something outside the study, how alike they are in words; both orders of two clips.
        split: by id.
        scene: class by id.
        remark: what was compared, and by which threshold.
    """
    lines = []
    for held, met in UNSEEN_BY.items():
        all_of = _held(split, held)
        clips = sorted(set(all_of) & set(examined))
        meets: dict[str, str] = {}
        for clip, other, how in pairs:
            if split.get(clip) != held or (other in split and split[other] not in met):
                continue
            meets[clip] = f"{meets[clip]} and {other} ({how})" if clip in meets else f"{clip} ~ {other} ({how})"
        lines.append(_line(way, held, clips, meets, scene, _remark(remark, all_of, clips, "nothing to compare")))
    return lines


def _line(
    way: str, held: str, clips: Sequence[str], meets: Mapping[str, str], scene: Mapping[str, str], remark: str = ""
) -> Line:
    all_of, found = Counter(scene[clip] for clip in clips), Counter(scene[clip] for clip in meets)
    by_class = {name: (found[name], all_of[name]) for name in sorted(all_of)}
    return Line(way, held, len(meets), len(clips), tuple(meets[clip] for clip in sorted(meets)), by_class, remark)
