"""The ways by which a held-out clip reaches training, each counted: which clips, and whether the protocol allows it.

A test clip must meet neither training nor validation, a validation clip must not meet training. Every way gives a line
for each of the two, also where it could not be examined. Files are read elsewhere; docs/leaks.md explains the lines.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

EARTH_RADIUS_M = 6_371_008.8  # mean
FOOTPRINT_M = 256.0  # side of an ADVANCE picture, 512 pixels of 0.5 m: nearer ones always show common ground
UNSEEN_BY = {"test": ("train", "val"), "val": ("train",)}
COLUMNS = ("way", "clips_of", "found", "of", "allowed", "clips", "remark")
WAYS = {
    "clip": "the clip itself stands in two splits",
    "other_split": "a job that learns or tests read another index or split than the study's",
    "location": "another clip of its location",
    "recording": "another clip of its recording",
    "coordinate": "another clip at its coordinate",
    "near": "another location nearer than the stated distance",
    "file": "its picture or sound, byte for byte, under another id",
    "picture": "its picture under another id, by perceptual hash",
    "sound": "its recording under another id, by fingerprint",
    "prior": "p(e|s) was made from it",
    "prior_location": "p(e|s) was made from a clip of its location",
    "relevance": "the relevance vectors were made from it",
    "relevance_location": "the relevance vectors were made from a clip of its location",
    "normaliser_picture": "mean and deviation of pictures were made from it",
    "normaliser_picture_location": "mean and deviation of pictures were made from a clip of its location",
    "normaliser_sound": "mean and deviation of sounds were made from it",
    "normaliser_sound_location": "mean and deviation of sounds were made from a clip of its location",
    "pretrain_file": "its picture or sound, byte for byte, in a pre-training set",
    "pretrain_picture": "its picture in the pre-training set, by perceptual hash",
    "pretrain_sound": "its recording in the pre-training set, by fingerprint",
}
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
_SHOWN = 10


@dataclass(frozen=True)
class Line:
    """One way, for the clips of one held-out split."""

    way: str  # a key of WAYS
    clips_of: str  # test or val
    found: int | None  # clips that reach training by this way; None: not known
    of: int | None  # clips examined; None: could not be examined
    clips: tuple[str, ...] = ()  # every one found, and what it meets
    by_class: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # found, of
    remark: str = ""

    @property
    def examined(self) -> bool:
        """Whether there was something to look at."""
        return self.of is not None

    @property
    def leaks(self) -> bool:
        """Whether clips reach training, or something was made from clips that nobody can name."""
        return self.examined and self.found != 0


@dataclass(frozen=True)
class LeakReport:
    """All lines, and the ways that the protocol allows."""

    title: str
    lines: tuple[Line, ...]
    allowed: frozenset[str] = frozenset()

    @property
    def forbidden(self) -> list[Line]:
        """Lines with a leak that the protocol does not allow."""
        return [line for line in self.lines if line.leaks and line.way not in self.allowed]

    @property
    def has_forbidden(self) -> bool:
        """Whether something leaks that must not."""
        return bool(self.forbidden)

    @property
    def not_examined(self) -> list[Line]:
        """Lines of which nothing is known."""
        return [line for line in self.lines if not line.examined]

    def as_table(self, shown: int = _SHOWN) -> list[dict[str, str]]:
        """A row a line, with the columns of COLUMNS; `clips` names the first ones and counts the rest."""
        return [_row(line, line.way in self.allowed, shown) for line in self.lines]

    def as_markdown(self, shown: int = _SHOWN) -> str:
        """A table for each held-out split, under one sentence that says what was found."""
        text = [f"# Leaks: {self.title}", "", self.summary(), ""]
        for word, met in UNSEEN_BY.items():
            rows = [row for row in self.as_table(shown) if row["clips_of"] == word]
            if rows:
                text += [f"## How clips of `{word}` reach {' or '.join(f'`{name}`' for name in met)}", ""]
                text += [*_markdown(rows), ""]
        return "\n".join(text)

    def summary(self) -> str:
        """One sentence: forbidden, allowed, clean, not examined."""
        leaking = sum(line.leaks for line in self.lines)
        clean = len(self.lines) - leaking - len(self.not_examined)
        return (
            f"{len(self.lines)} lines: {len(self.forbidden)} with a leak that the protocol forbids, "
            f"{leaking - len(self.forbidden)} with one that it allows, {clean} clean, "
            f"{len(self.not_examined)} not examined."
        )


def report(title: str, lines: Iterable[Line], allowed: Collection[str] = ()) -> LeakReport:
    """Put lines together.

    Raises:
        ValueError: `allowed` names no way.
    """
    if unknown := sorted(set(allowed) - set(WAYS)):
        raise ValueError(f"no such way: {', '.join(unknown)}; expected some of {', '.join(WAYS)}")
    order = {way: place for place, way in enumerate(WAYS)}
    lines = sorted(lines, key=lambda line: (order[line.way], line.clips_of != "test"))
    return LeakReport(title, tuple(lines), frozenset(allowed))


def _row(line: Line, allowed: bool, shown: int) -> dict[str, str]:
    more = len(line.clips) - shown
    found = "not examined" if not line.examined else "unknown" if line.found is None else str(line.found)
    by_class = ", ".join(f"{name} {found}/{of}" for name, (found, of) in line.by_class.items() if found)
    return {
        "way": WAYS[line.way],
        "clips_of": line.clips_of,
        "found": found,
        "of": "" if line.of is None else str(line.of),
        "allowed": "yes" if allowed else "no",
        "clips": ", ".join(line.clips[:shown]) + (f", and {more} more" if more > 0 else ""),
        "remark": "; ".join(part for part in (line.remark, by_class) if part),
    }


def _markdown(rows: Sequence[Mapping[str, str]]) -> list[str]:
    columns = [name for name in COLUMNS if name != "clips_of"]
    titles = ["allowed by the protocol" if name == "allowed" else name for name in columns]
    cells = [[row[name].replace("|", "\\|") for name in columns] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in [titles, ["---"] * len(columns), *cells]]


def not_examined(way: str, why: str) -> list[Line]:
    """The lines of a way of which nothing can be said, and why."""
    return [Line(way, word, None, None, remark=f"not examined: {why}") for word in UNSEEN_BY]


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


def _meeting(way, held, keys, there, split, scene) -> Line:
    all_of = sorted(clip for clip, word in split.items() if word == held)
    clips = [clip for clip in all_of if keys.get(clip)]
    meets = {}
    for clip in clips:
        if others := sorted({there[key] for key in keys[clip] if key in there}):
            meets[clip] = f"{clip} ~ {others[0]}"
    lacking = len(all_of) - len(clips)
    return _line(way, held, clips, meets, scene, f"{lacking} of {len(all_of)} clips have none" if lacking else "")


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
        all_of = [clip for clip in split if split[clip] == held]
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
        remark = f"nearer than {nearer_than_m:g} m"
        if lacking := len(all_of) - len(clips):
            remark += f"; {lacking} of {len(all_of)} clips have no coordinate"
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
        clips = sorted(clip for clip, word in split.items() if word == held)
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
    """
    for words in _SELECTIONS:
        ids = sorted(clip for clip, word in split.items() if word in words)
        for recipe in recipes if ids else []:
            made = recipe(ids)
            if made is not None and _equal(stored, made):
                named = "all clips give" if len(words) == 3 else f"the clips of {' and '.join(words)} alone give"
                return used_lines(way, ids, split, location, scene, f"equal to what {named}")
    counts = Counter(split.values())
    remark = "not explained by the training clips alone, nor by any other choice of splits; make it again and see"
    return [Line(way, held, None, counts[held], remark=remark) for held in UNSEEN_BY]


def _equal(stored: Mapping[str, np.ndarray], made: Mapping[str, np.ndarray]) -> bool:
    """Equal but for float32's rounding: one clip more or less in 5,000 moves some value by more than 1e-5 of it."""
    return stored.keys() == made.keys() and all(
        np.shape(made[name]) == np.shape(value) and np.allclose(made[name], value, rtol=1e-6, atol=1e-9)
        for name, value in stored.items()
    )


def alike_lines(
    way: str,
    examined: Collection[str],
    pairs: Mapping[str, Sequence[tuple[str, str, str]]],
    split: Mapping[str, str],
    scene: Mapping[str, str],
    remark: str = "",
) -> list[Line]:
    """Held-out clips whose picture or sound is like another that they must not meet.

    Args:
        way: picture, sound, pretrain_picture or pretrain_sound.
        examined: ids of the clips that could be compared.
        pairs: by held-out split: its clip, the other, how alike they are in words.
        split: by id.
        scene: class by id.
        remark: what was compared, and by which threshold.
    """
    lines = []
    for held in UNSEEN_BY:
        all_of = [clip for clip, word in split.items() if word == held]
        clips = sorted(set(all_of) & set(examined))
        meets: dict[str, str] = {}
        for clip, other, how in pairs.get(held, ()):
            meets[clip] = f"{meets[clip]} and {other} ({how})" if clip in meets else f"{clip} ~ {other} ({how})"
        lacking = len(all_of) - len(clips)
        said = f"{remark}; {lacking} of {len(all_of)} clips have nothing to compare" if lacking else remark
        lines.append(_line(way, held, clips, meets, scene, said))
    return lines


def _line(
    way: str, held: str, clips: Sequence[str], meets: Mapping[str, str], scene: Mapping[str, str], remark: str = ""
) -> Line:
    all_of, found = Counter(scene[clip] for clip in clips), Counter(scene[clip] for clip in meets)
    by_class = {name: (found[name], all_of[name]) for name in sorted(all_of)}
    return Line(way, held, len(meets), len(clips), tuple(meets[clip] for clip in sorted(meets)), by_class, remark)
